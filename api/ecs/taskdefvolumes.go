package ecs

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// checkVolumes checks the volumes of a task definition and returns their names.
func checkVolumes(vs []types.Volume) (names []string, err error) {
	for _, v := range vs {
		name := aws.ToString(v.Name)
		switch {
		case name == "":
			return nil, refused("Volume name can not be blank.")
		case len(name) > 255 || !validName(name):
			return nil, refused("Volume name contains invalid characters: '%s'", name)
		case slices.Contains(names, name):
			return nil, refused("Duplicate volume name '%s'.", name)
		case v.Host != nil && aws.ToString(v.Host.SourcePath) != "" && !strings.HasPrefix(*v.Host.SourcePath, "/"):
			return nil, refused("Invalid 'sourcePath' setting for volume '%s'. It must be an absolute path.", name)
		case v.Host != nil && v.DockerVolumeConfiguration != nil:
			return nil, refused("Invalid setting for volume '%s'. Only one of 'host' and 'dockerVolumeConfiguration' can be specified.", name)
		}
		if err := checkDockerVolume(name, v.DockerVolumeConfiguration); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// checkDockerVolume checks what the engine is asked for. Only shared volumes can be there before.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#volumes
func checkDockerVolume(name string, d *types.DockerVolumeConfiguration) error {
	switch {
	case d == nil:
	case d.Scope != "" && !slices.Contains(d.Scope.Values(), d.Scope):
		return refused("Invalid 'scope' setting for volume '%s'. It must be task or shared.", name)
	case d.Scope != types.ScopeShared && aws.ToBool(d.Autoprovision):
		return refused("Invalid 'autoprovision' setting for volume '%s'. It can be specified for the scope shared only.", name)
	}
	return nil
}

// checkMounts checks where a container mounts volumes of its own and of others.
func checkMounts(c types.ContainerDefinition, volumes []string) error {
	var paths []string
	for _, m := range c.MountPoints {
		path := aws.ToString(m.ContainerPath)
		switch {
		case !slices.Contains(volumes, aws.ToString(m.SourceVolume)):
			return refused("Unknown volume '%s'.", aws.ToString(m.SourceVolume))
		case !strings.HasPrefix(path, "/"):
			return refused("Invalid 'containerPath' setting for container '%s'.", *c.Name)
		case slices.Contains(paths, path):
			return refused("Duplicate mount point '%s' for container '%s'.", path, *c.Name)
		}
		paths = append(paths, path)
	}
	return nil
}

// The kernel parameters that an IPC namespace has of its own; those of the network begin with net.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SystemControl.html
var ipcControls = []string{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
	"kernel.shmmni", "kernel.shm_rmid_forced"}

func checkControls(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	for i, s := range c.SystemControls {
		name := aws.ToString(s.Namespace)
		ipc := slices.Contains(ipcControls, name) || strings.HasPrefix(name, "fs.mqueue.")
		network := strings.HasPrefix(name, "net.")
		switch {
		case name == "" || aws.ToString(s.Value) == "":
			return refused("System controls of container '%s' must have a namespace and a value.", *c.Name)
		case slices.ContainsFunc(c.SystemControls[:i], func(o types.SystemControl) bool { return aws.ToString(o.Namespace) == name }):
			return refused("Duplicate system control '%s' for container '%s'.", name, *c.Name)
		case !ipc && !network:
			return refused("Invalid system control '%s' for container '%s'. Only parameters of the network and IPC namespaces can be set.", name, *c.Name)
		case ipc && in.IpcMode == types.IpcModeHost:
			return refused("IPC namespace system controls are not supported when ipcMode=host.")
		case network && in.NetworkMode == types.NetworkModeHost:
			return refused("Network namespace system controls are not supported when networkMode=host.")
		case ipc && in.IpcMode == types.IpcModeTask:
			return refused("%s", notSupported("the system control "+name+" with ipcMode=task", "set it with ipcMode none, or without one."))
		}
	}
	return nil
}

// checkShares checks whose processes and shared memory the containers of a task see.
func checkShares(in *ecs.RegisterTaskDefinitionInput) error {
	if in.PidMode != "" && !slices.Contains(in.PidMode.Values(), in.PidMode) {
		return refused("Invalid pidMode: %s", in.PidMode)
	}
	if in.IpcMode != "" && !slices.Contains(in.IpcMode.Values(), in.IpcMode) {
		return refused("Invalid ipcMode: %s", in.IpcMode)
	}
	return nil
}

// checkRestart checks when a container is started again.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerRestartPolicy.html
func checkRestart(_ *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	p := c.RestartPolicy
	switch {
	case p == nil:
	case p.Enabled == nil:
		return refused("The restart policy of container '%s' must say whether it is 'enabled'.", *c.Name)
	case p.RestartAttemptPeriod != nil && (*p.RestartAttemptPeriod < 60 || *p.RestartAttemptPeriod > 1800):
		return refused("The 'restartAttemptPeriod' setting for container '%s' must be between 60 and 1800.", *c.Name)
	case len(p.IgnoredExitCodes) > 50:
		return refused("The restart policy of container '%s' can have at most 50 ignored exit codes.", *c.Name)
	}
	return nil
}

// checkDefConstraints checks the placement constraints of a task definition.
func checkDefConstraints(in *ecs.RegisterTaskDefinitionInput) error {
	for _, c := range in.PlacementConstraints {
		if c.Type != types.TaskDefinitionPlacementConstraintTypeMemberOf {
			return refused("Invalid placement constraint type: %s. A task definition can have memberOf only.", c.Type)
		}
	}
	_, err := constraints(defConstraints(in.PlacementConstraints))
	return err
}

// defConstraints returns the constraints of a task definition as those of a RunTask call.
func defConstraints(in []types.TaskDefinitionPlacementConstraint) (out []types.PlacementConstraint) {
	for _, c := range in {
		out = append(out, types.PlacementConstraint{Type: types.PlacementConstraintType(c.Type), Expression: c.Expression})
	}
	return out
}
