package ecs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func showTasks(tx *store.Tx, ts []model.Task, tags bool) []types.Task {
	out := make([]types.Task, len(ts))
	for i, t := range ts {
		out[i] = showTask(tx, t, tags)
	}
	return out
}

// showTask is the only way from a task's row to the wire.
func showTask(tx *store.Tx, t model.Task, tags bool) types.Task {
	b, def := t.Birth, taskDefOf(tx, t)
	out := types.Task{
		TaskArn: aws.String(taskARN(tx, b.Cluster, t.ID)), ClusterArn: aws.String(clusterARN(tx, b.Cluster)),
		TaskDefinitionArn: aws.String(taskDefARN(tx, b.Def)),
		Group:             aws.String(b.Group), LaunchType: types.LaunchType(b.LaunchType), StartedBy: given(b.StartedBy),
		Cpu: aws.String(strconv.Itoa(t.Needs.CPU)), Memory: aws.String(strconv.Itoa(t.Needs.Memory)),
		DesiredStatus: aws.String(t.Want.String()), LastStatus: aws.String(t.Is.String()),
		Version:  t.Version,
		StopCode: types.TaskStopCode(t.Stop.Code), StoppedReason: given(t.Stop.Reason),
		CreatedAt: at(t.Times.Created), ConnectivityAt: at(t.Times.Connected), StartedAt: at(t.Times.Started),
		PullStartedAt: at(t.Times.PullStarted), PullStoppedAt: at(t.Times.PullStopped),
		StoppingAt: at(t.Times.Stopping), ExecutionStoppedAt: at(t.Times.ExecutionStopped), StoppedAt: at(t.Times.Stopped),
		Attachments: showENI(tx, t), Attributes: []types.Attribute{}, Tags: []types.Tag{},
		Containers: []types.Container{}, Overrides: showOverrides(t),
	}
	if ci, ok := store.ContainerInstances.Get(tx, t.Instance); ok {
		out.ContainerInstanceArn, out.AvailabilityZone = aws.String(instanceARN(tx, ci.Cluster, ci.ID)), given(ci.Zone)
		out.Attributes = architecture(ci)
	}
	if t.ENI != nil {
		out.AvailabilityZone = given(t.ENI.Zone)
	}
	if t.OnFargate() {
		out.PlatformVersion, out.PlatformFamily = given(b.Platform), aws.String(linux)
		out.Attributes = ofDefinition(def)
	}
	out.CapacityProviderName = given(b.Provider)
	if t.Is > model.Pending { // before, the agent knows nothing of it
		out.HealthStatus = types.HealthStatus(t.Health())
	}
	if !t.Times.Connected.IsZero() {
		out.Connectivity = types.ConnectivityConnected
	}
	if tags {
		out.Tags = showTags(t.Tags)
	}
	for _, c := range t.Containers {
		out.Containers = append(out.Containers, showContainer(tx, t, def, c))
	}
	return out
}

func taskDefOf(tx *store.Tx, t model.Task) model.TaskDef {
	d, _ := store.TaskDefs.Get(tx, t.Birth.Def)
	return d
}

// architecture is the one attribute that a task shows of its instance.
func architecture(ci model.ContainerInstance) []types.Attribute {
	for _, a := range ci.Attributes {
		if a.Name == "ecs.cpu-architecture" {
			return []types.Attribute{{Name: aws.String(a.Name), Value: aws.String(a.Value)}}
		}
	}
	return []types.Attribute{}
}

// ofDefinition is the same attribute of a task on Fargate, whose definition says what it runs on.
func ofDefinition(def model.TaskDef) []types.Attribute {
	arch := types.CPUArchitectureX8664
	if p := def.Doc.RuntimePlatform; p != nil && p.CpuArchitecture != "" {
		arch = p.CpuArchitecture
	}
	return []types.Attribute{{Name: aws.String("ecs.cpu-architecture"), Value: aws.String(strings.ToLower(string(arch)))}}
}

func showContainer(tx *store.Tx, t model.Task, def model.TaskDef, c model.Container) types.Container {
	out := types.Container{
		ContainerArn: aws.String(containerARN(tx, t.Birth.Cluster, t.ID, c.ID)), TaskArn: aws.String(taskARN(tx, t.Birth.Cluster, t.ID)),
		Name: aws.String(c.Name), Image: aws.String(c.Image), ImageDigest: given(c.Digest), RuntimeId: given(c.RuntimeID),
		LastStatus: aws.String(c.Is.String()), Reason: given(c.Reason),
		NetworkInterfaces: showInterfaces(t),
	}
	if c.Is != model.Pending { // before the agent started it, it has neither
		out.HealthStatus, out.NetworkBindings = types.HealthStatus(or(c.Health, model.HealthUnknown)), []types.NetworkBinding{}
	}
	if c.Exit != nil {
		out.ExitCode = aws.Int32(int32(*c.Exit))
	}
	doc, o := sizes(t, def, c.Name)
	out.Cpu = aws.String(strconv.Itoa(int(*orInt(o.Cpu, doc.Cpu))))
	out.Memory, out.MemoryReservation = number(o.Memory, doc.Memory), number(o.MemoryReservation, doc.MemoryReservation)
	if t.ENI != nil { // its ports are not bound: they answer on its own address
		return out
	}
	for _, b := range c.Bindings {
		out.NetworkBindings = append(out.NetworkBindings, showBinding(b))
	}
	return out
}

// showBinding shows a port, or both ends of a range.
func showBinding(b model.Binding) types.NetworkBinding {
	out := types.NetworkBinding{BindIP: aws.String(b.BindIP), Protocol: types.TransportProtocol(b.Protocol)}
	if b.Last == 0 {
		out.ContainerPort, out.HostPort = aws.Int32(int32(b.ContainerPort)), aws.Int32(int32(b.HostPort))
		return out
	}
	out.ContainerPortRange = aws.String(fmt.Sprintf("%d-%d", b.ContainerPort, b.Last))
	out.HostPortRange = aws.String(fmt.Sprintf("%d-%d", b.HostPort, b.HostPort+b.Count()-1))
	return out
}

// sizes returns where the size of a container is written: its definition and its override.
func sizes(t model.Task, def model.TaskDef, name string) (types.ContainerDefinition, types.ContainerOverride) {
	doc, _ := def.Container(name)
	if t.Birth.Overrides != nil {
		for _, o := range t.Birth.Overrides.ContainerOverrides {
			if aws.ToString(o.Name) == name {
				return doc, o
			}
		}
	}
	return doc, types.ContainerOverride{}
}

func number(override, standard *int32) *string {
	if override == nil {
		override = standard
	}
	if override == nil {
		return nil
	}
	return aws.String(strconv.Itoa(int(*override)))
}

// showOverrides names every container of the task, as ECS does, also those without overrides.
//
// Source: the answers of https://docs.aws.amazon.com/cli/latest/reference/ecs/run-task.html
func showOverrides(t model.Task) *types.TaskOverride {
	//lint:ignore SA1019 ECS still answers it in every task
	out := &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{}, InferenceAcceleratorOverrides: []types.InferenceAcceleratorOverride{}}
	if o := t.Birth.Overrides; o != nil {
		out.Cpu, out.Memory, out.TaskRoleArn, out.ExecutionRoleArn = o.Cpu, o.Memory, o.TaskRoleArn, o.ExecutionRoleArn
	}
	for _, c := range t.Containers {
		_, o := sizes(t, model.TaskDef{}, c.Name)
		o.Name = aws.String(c.Name)
		out.ContainerOverrides = append(out.ContainerOverrides, o)
	}
	return out
}

// given returns s, or nothing for "".
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// at returns a moment, or nothing when it was not reached.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
