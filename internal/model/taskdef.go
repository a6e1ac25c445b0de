package model

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Mode returns the network mode: bridge unless the definition says otherwise.
func (d TaskDef) Mode() types.NetworkMode {
	if d.Doc.NetworkMode == "" {
		return types.NetworkModeBridge
	}
	return d.Doc.NetworkMode
}

// Container returns the definition of one container.
func (d TaskDef) Container(name string) (types.ContainerDefinition, bool) {
	for _, c := range d.Doc.ContainerDefinitions {
		if str(c.Name) == name {
			return c, true
		}
	}
	return types.ContainerDefinition{}, false
}

// Needs is what one task of d takes from its instance. The task's own cpu and memory go before
// those of its containers; memoryReservation goes before memory.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
func (d TaskDef) Needs(o *types.TaskOverride) (n Needs) {
	for _, c := range d.Doc.ContainerDefinitions {
		cpu, hard, soft := int(c.Cpu), num(c.Memory), num(c.MemoryReservation)
		if co, ok := override(o, str(c.Name)); ok {
			cpu, hard, soft = or(co.Cpu, cpu), or(co.Memory, hard), or(co.MemoryReservation, soft)
		}
		n.CPU += cpu
		if soft > 0 {
			n.Memory += soft
		} else {
			n.Memory += hard
		}
		n.Ports = append(n.Ports, fixedPorts(d.Mode(), c)...)
	}
	if v, err := strconv.Atoi(first(overrideOf(o).Cpu, d.Doc.Cpu)); err == nil && v > 0 {
		n.CPU = v
	}
	if v, err := strconv.Atoi(first(overrideOf(o).Memory, d.Doc.Memory)); err == nil && v > 0 {
		n.Memory = v
	}
	for _, a := range d.Doc.RequiresAttributes {
		n.Attributes = append(n.Attributes, str(a.Name))
	}
	n.Attributes = append(n.Attributes, d.platform()...)
	if d.Mode() == types.NetworkModeAwsvpc {
		n.ENIs = 1
	}
	return n
}

// platform is what the runtime platform of d asks of the attributes of an instance.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
func (d TaskDef) platform() (as []string) {
	p := d.Doc.RuntimePlatform
	if p == nil {
		return nil
	}
	if p.CpuArchitecture != "" {
		as = append(as, "ecs.cpu-architecture="+strings.ToLower(string(p.CpuArchitecture)))
	}
	if p.OperatingSystemFamily != "" {
		as = append(as, "ecs.os-family="+string(p.OperatingSystemFamily))
	}
	return as
}

// fixedPorts are the host ports that a container needs to be free.
func fixedPorts(mode types.NetworkMode, c types.ContainerDefinition) (ps []HostPort) {
	if mode != types.NetworkModeBridge && mode != types.NetworkModeHost {
		return nil
	}
	for _, m := range c.PortMappings {
		p := num(m.HostPort)
		if mode == types.NetworkModeHost {
			p = num(m.ContainerPort)
		}
		if p != 0 {
			ps = append(ps, HostPort{Port: p, Protocol: protocol(m.Protocol)})
		}
	}
	return ps
}

// NewTask returns a task of d that waits for a place. uuid makes the ids of its containers.
func (d TaskDef) NewTask(id string, b Birth, uuid func() string, now time.Time) Task {
	t := Task{ID: id, Birth: b, Needs: d.Needs(b.Overrides), Want: Running, Is: Provisioning,
		Times: TaskTimes{Created: now}, Version: 1}
	t.Birth.Def = d.Key()
	for _, c := range d.Doc.ContainerDefinitions {
		row := Container{ID: uuid(), Name: str(c.Name), Image: str(c.Image), Essential: c.Essential == nil || *c.Essential, Is: Pending}
		if c.HealthCheck != nil {
			row.Health = HealthUnknown
		}
		t.Containers = append(t.Containers, row)
	}
	return t
}

// TaskRole is the ARN of the role that the containers of a task of d have, overrides applied; empty for
// none.
func (d TaskDef) TaskRole(o *types.TaskOverride) string {
	return cmp.Or(str(overrideOf(o).TaskRoleArn), str(d.Doc.TaskRoleArn))
}

// ExecutionRole is the ARN of the role by whose right a task of d is started, overrides applied; empty
// for none.
func (d TaskDef) ExecutionRole(o *types.TaskOverride) string {
	return cmp.Or(str(overrideOf(o).ExecutionRoleArn), str(d.Doc.ExecutionRoleArn))
}

func overrideOf(o *types.TaskOverride) types.TaskOverride {
	if o == nil {
		return types.TaskOverride{}
	}
	return *o
}

func override(o *types.TaskOverride, name string) (types.ContainerOverride, bool) {
	for _, c := range overrideOf(o).ContainerOverrides {
		if str(c.Name) == name {
			return c, true
		}
	}
	return types.ContainerOverride{}, false
}

func protocol(p types.TransportProtocol) string {
	if p == "" {
		return string(types.TransportProtocolTcp)
	}
	return string(p)
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func num(p *int32) int {
	if p == nil {
		return 0
	}
	return int(*p)
}

func or(p *int32, v int) int {
	if p == nil {
		return v
	}
	return int(*p)
}

func first(ps ...*string) string {
	for _, p := range ps {
		if p != nil {
			return *p
		}
	}
	return ""
}
