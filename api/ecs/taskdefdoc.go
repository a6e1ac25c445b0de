package ecs

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/secrets"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// newDoc is the document of a checked task definition with ECS's defaults filled in.
func newDoc(in *ecs.RegisterTaskDefinitionInput) types.TaskDefinition {
	d := types.TaskDefinition{
		Compatibilities:         compatibilities(in),
		ContainerDefinitions:    make([]types.ContainerDefinition, len(in.ContainerDefinitions)),
		NetworkMode:             in.NetworkMode,
		PlacementConstraints:    full(in.PlacementConstraints),
		PidMode:                 in.PidMode,
		IpcMode:                 in.IpcMode,
		RequiresCompatibilities: in.RequiresCompatibilities,
		RuntimePlatform:         in.RuntimePlatform,
		Volumes:                 withScopes(in.Volumes),
	}
	if n, _ := taskCPU(aws.ToString(in.Cpu)); n > 0 {
		d.Cpu = aws.String(strconv.Itoa(n))
	}
	if n, _ := taskMemory(aws.ToString(in.Memory)); n > 0 {
		d.Memory = aws.String(strconv.Itoa(n))
	}
	if aws.ToString(in.ExecutionRoleArn) != "" {
		d.ExecutionRoleArn = in.ExecutionRoleArn
	}
	if aws.ToString(in.TaskRoleArn) != "" {
		d.TaskRoleArn = in.TaskRoleArn
	}
	for i, c := range in.ContainerDefinitions {
		d.ContainerDefinitions[i] = withDefaults(in.NetworkMode, c)
	}
	d.RequiresAttributes = requiredAttributes(d)
	return d
}

// withDefaults returns c as ECS describes it after registration.
func withDefaults(mode types.NetworkMode, c types.ContainerDefinition) types.ContainerDefinition {
	if c.Essential == nil {
		c.Essential = aws.Bool(true)
	}
	c.Environment, c.MountPoints = full(c.Environment), full(c.MountPoints)
	c.VolumesFrom, c.SystemControls = full(c.VolumesFrom), full(c.SystemControls)
	c.PortMappings = slices.Clone(full(c.PortMappings))
	for i := range c.PortMappings {
		m := &c.PortMappings[i]
		m.Protocol = or(m.Protocol, types.TransportProtocolTcp)
		switch {
		case m.ContainerPortRange != nil:
		case mode == types.NetworkModeAwsvpc || mode == types.NetworkModeHost:
			m.HostPort = m.ContainerPort // it is no other than the process's own
		default:
			m.HostPort = orInt(m.HostPort, 0)
		}
	}
	if c.HealthCheck != nil {
		h := *c.HealthCheck
		h.Interval, h.Timeout, h.Retries = orInt(h.Interval, 30), orInt(h.Timeout, 5), orInt(h.Retries, 3)
		c.HealthCheck = &h
	}
	return c
}

// withScopes returns volumes whose Docker volumes say how long they live.
func withScopes(in []types.Volume) []types.Volume {
	out := slices.Clone(full(in))
	for i := range out {
		if d := out[i].DockerVolumeConfiguration; d != nil && d.Scope == "" {
			d := *d
			d.Scope = types.ScopeTask
			out[i].DockerVolumeConfiguration = &d
		}
	}
	return out
}

// full returns an empty list for none: ECS answers these lists also when they are empty.
func full[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func orInt(p *int32, v int32) *int32 {
	if p == nil {
		return &v
	}
	return p
}

const capability = "com.amazonaws.ecs.capability."

// requiredAttributes returns what an instance's agent must be capable of, as ECS derives it from
// the members that a task definition uses.
//
// Source: the "requires version … of the Docker Remote API" notes of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func requiredAttributes(d types.TaskDefinition) []types.Attribute {
	var names []string
	need := func(when bool, name string) {
		if when && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	// What a real description of such a definition shows: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
	need(d.NetworkMode == types.NetworkModeAwsvpc, "ecs.capability.task-eni")
	need(d.NetworkMode == types.NetworkModeAwsvpc, capability+"docker-remote-api.1.18")
	need(d.TaskRoleArn != nil, capability+"task-iam-role")
	need(d.TaskRoleArn != nil && d.NetworkMode == types.NetworkModeHost, capability+"task-iam-role-network-host")
	need(d.PidMode != "" || d.IpcMode != "", "ecs.capability.pid-ipc-namespace-sharing")
	for _, v := range d.Volumes {
		if v.DockerVolumeConfiguration != nil {
			need(true, "ecs.capability.docker-plugin."+or(aws.ToString(v.DockerVolumeConfiguration.Driver), "local"))
		}
	}
	for _, c := range d.ContainerDefinitions {
		l := c.LinuxParameters
		need(c.RestartPolicy != nil && aws.ToBool(c.RestartPolicy.Enabled), "ecs.capability.container-restart-policy")
		need(slices.ContainsFunc(c.PortMappings, func(m types.PortMapping) bool { return m.ContainerPortRange != nil }), "ecs.capability.container-port-range")
		need(c.LogConfiguration != nil, capability+"docker-remote-api.1.18")
		if c.LogConfiguration != nil {
			need(true, capability+"logging-driver."+string(c.LogConfiguration.LogDriver))
			need(c.LogConfiguration.LogDriver == types.LogDriverAwslogs, capability+"docker-remote-api.1.19")
		}
		needSecrets(need, c)
		need(c.RepositoryCredentials != nil, "ecs.capability.private-registry-authentication.secretsmanager")
		need(d.ExecutionRoleArn != nil && c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs, "ecs.capability.execution-role-awslogs")
		need(len(c.Ulimits) > 0 || len(c.DockerLabels) > 0, capability+"docker-remote-api.1.18")
		need(c.MemoryReservation != nil, capability+"docker-remote-api.1.21")
		need(l != nil && (l.SharedMemorySize != nil || len(l.Tmpfs) > 0), capability+"docker-remote-api.1.22")
		need(l != nil && aws.ToBool(l.InitProcessEnabled), capability+"docker-remote-api.1.25")
		need(aws.ToBool(c.Privileged), capability+"privileged-container")
		need(c.HealthCheck != nil, "ecs.capability.container-health-check")
		need(c.HealthCheck != nil, capability+"docker-remote-api.1.24")
		need(len(c.DependsOn) > 0 || c.StopTimeout != nil || c.StartTimeout != nil, "ecs.capability.container-ordering")
		for _, o := range c.DockerSecurityOptions {
			need(strings.HasPrefix(o, "label"), capability+"selinux")
			need(strings.HasPrefix(o, "apparmor"), capability+"apparmor")
		}
	}
	slices.Sort(names)
	out := make([]types.Attribute, len(names))
	for i, n := range names {
		out[i] = types.Attribute{Name: aws.String(n)}
	}
	return out
}

// needSecrets tells the agent's capabilities that the secrets of a container ask for.
func needSecrets(need func(bool, string), c types.ContainerDefinition) {
	tell := func(list []types.Secret, use string) {
		for _, s := range list {
			r, _ := secrets.ParseReference(aws.ToString(s.ValueFrom))
			need(r.Secret != "", "ecs.capability.secrets.asm."+use)
			need(r.Parameter != "", "ecs.capability.secrets.ssm."+use)
		}
	}
	tell(c.Secrets, "environment-variables")
	if c.LogConfiguration != nil {
		tell(c.LogConfiguration.SecretOptions, "bootstrap.log-driver")
	}
}

func jsonSizeOf(v any) int { return jsonSize(reflect.ValueOf(v)) }

// jsonSize returns how many bytes v takes as compact JSON without the members that are not set.
func jsonSize(v reflect.Value) int {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return len("null")
		}
		return jsonSize(v.Elem())
	case reflect.String:
		return v.Len() + 2
	case reflect.Slice:
		n := 2
		for i := range v.Len() {
			n += jsonSize(v.Index(i)) + 1
		}
		return n
	case reflect.Map:
		n := 2
		for it := v.MapRange(); it.Next(); {
			n += jsonSize(it.Key()) + jsonSize(it.Value()) + 2
		}
		return n
	case reflect.Struct:
		return structSize(v)
	case reflect.Int32, reflect.Int64, reflect.Int:
		return len(strconv.FormatInt(v.Int(), 10))
	}
	return len("false")
}

func structSize(v reflect.Value) int {
	n := 2
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && isSet(v.Field(i)) {
			n += len(f.Name) + len(`"":,`) + jsonSize(v.Field(i))
		}
	}
	return n
}
