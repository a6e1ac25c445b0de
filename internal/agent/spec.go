package agent

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/netmodes"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	mib        = 1 << 20
	minShares  = 2                // the least that a cgroup takes, and what the ECS agent gives for none
	maxShares  = 262144           // the most
	stopGrace  = 30 * time.Second // the ECS agent's ECS_CONTAINER_STOP_TIMEOUT
	labelSpace = "com.amazonaws.ecs."
)

// spec reads what a container is to be made of. The error is one that stops the task.
func (a *Agent) spec(tx *store.Tx, j job) (engine.Spec, error) {
	in := tx.In(j.task.scope)
	t, _ := store.Tasks.Get(in, j.task.id)
	def, ok := store.TaskDefs.Get(in, t.Birth.Def)
	if !ok {
		return engine.Spec{}, &engine.Error{Name: engine.CannotCreate, Message: "there is no task definition " + t.Birth.Def}
	}
	s, err := buildSpec(t, def, j.name, siteOf(in, t))
	if err == nil {
		err = a.choose(in, j, &s)
	}
	if err != nil {
		return s, err
	}
	s.Doc.LogConfiguration = delivered(in, s.Doc.LogConfiguration)
	a.doors(&s, t, def)
	if secrets.Wants(def, t.Birth.Overrides) {
		w := a.work[j.task]
		if w.secrets == nil {
			w.secrets = secrets.Reader{Store: a.s, Vault: a.c.Vault, Uses: a.c.Uses}.Task(j.task.scope, def, t)
		}
		all := w.secrets
		s.Secrets = func() (engine.Secrets, error) { return all.For(j.name) }
	}
	return s, nil
}

// buildSpec returns what the named container of t is made of, overrides applied.
func buildSpec(t model.Task, def model.TaskDef, name string, at site) (engine.Spec, error) {
	c, _ := def.Container(name)
	o := override(t.Birth.Overrides, name)
	plan, err := netmodes.For(def.Mode(), c.PortMappings)
	if err != nil {
		return engine.Spec{}, &engine.Error{Name: engine.CannotCreate, Message: err.Error()}
	}
	if plan.Network == netmodes.OwnNetwork && at.nic == nil {
		return engine.Spec{}, &engine.Error{Name: engine.CannotCreate, Message: "the task has no network interface"}
	}
	s := engine.Spec{Scope: at.scope, Task: t.ID, Container: name, Image: str(c.Image), Doc: c, Host: t.Host, Instance: at.ec2, Network: plan.Network,
		VPC: at.vpc, NIC: at.nic, NoMetadata: at.noMetadata,
		CPUs: int64(parse(taskCPU(def, t.Birth.Overrides))), PID: string(def.Doc.PidMode), IPC: string(def.Doc.IpcMode),
		Command: c.Command, Env: environment(at.scope, t, c, o, at.ec2), Labels: labels(at.scope, t, def, c), StopGrace: graceOf(c),
		CPUShares: shares(def, t.Birth.Overrides, name), Links: links(c.Links), Binds: binds(def, c),
		TaskMemory: mib * int64(parse(taskMemory(def, t.Birth.Overrides))),
		Memory:     mib * int64(first(o.Memory, c.Memory)),
		Reserve:    mib * int64(first(o.MemoryReservation, c.MemoryReservation))}
	if o.Command != nil {
		s.Command = o.Command
	}
	if t.OnFargate() {
		s.Files = openFiles(c.Ulimits)
	}
	for _, p := range plan.Ports {
		s.Ports = append(s.Ports, engine.PortSpec{ContainerPort: p.ContainerPort, Last: p.Last, HostPort: p.HostPort, Protocol: p.Protocol})
	}
	return s, nil
}

// openFiles is how many files a container on Fargate may have open; 0 where its ulimits say it.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Ulimit.html
func openFiles(given []types.Ulimit) int64 {
	if slices.ContainsFunc(given, func(u types.Ulimit) bool { return u.Name == types.UlimitNameNofile }) {
		return 0
	}
	return 65535
}

// environment returns the variables of a container: ours, then the definition's, then the overrides'.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-environment-variables.html
func environment(sc model.Scope, t model.Task, c types.ContainerDefinition, o types.ContainerOverride, ec2 string) map[string]string {
	env := map[string]string{"DRYDOCK_TASK_ARN": taskARN(sc, t), "DRYDOCK_CONTAINER_NAME": str(c.Name)}
	if t.OnFargate() {
		env["AWS_EXECUTION_ENV"] = "AWS_ECS_FARGATE"
	} else {
		env["AWS_EXECUTION_ENV"], env["DRYDOCK_INSTANCE_ID"] = "AWS_ECS_EC2", ec2
	}
	for _, kvs := range [][]types.KeyValuePair{c.Environment, o.Environment} {
		for _, kv := range kvs {
			env[str(kv.Name)] = str(kv.Value)
		}
	}
	return env
}

// labels returns the labels of a container: the definition's, and those that the ECS agent sets.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-labels.html
func labels(sc model.Scope, t model.Task, def model.TaskDef, c types.ContainerDefinition) map[string]string {
	ls := map[string]string{}
	maps.Copy(ls, c.DockerLabels)
	ls[labelSpace+"cluster"] = t.Birth.Cluster
	ls[labelSpace+"container-name"] = str(c.Name)
	ls[labelSpace+"task-arn"] = taskARN(sc, t)
	ls[labelSpace+"task-definition-family"] = def.Family
	ls[labelSpace+"task-definition-version"] = strconv.Itoa(def.Revision)
	return ls
}

func taskARN(sc model.Scope, t model.Task) string {
	return sc.ARN("ecs", "task/"+t.Birth.Cluster+"/"+t.ID)
}

// shares returns the CPU shares of a container: its own cpu, else an equal part of what the task's
// cpu leaves for those without.
func shares(def model.TaskDef, o *types.TaskOverride, name string) int64 {
	left, without, own := int64(0), int64(0), int64(0)
	for _, c := range def.Doc.ContainerDefinitions {
		cpu := c.Cpu
		if v := override(o, str(c.Name)).Cpu; v != nil {
			cpu = *v
		}
		if str(c.Name) == name {
			own = int64(cpu)
		}
		left -= int64(cpu)
		if cpu == 0 {
			without++
		}
	}
	if own == 0 && without > 0 {
		own = (int64(parse(taskCPU(def, o))) + left) / without
	}
	return min(max(own, minShares), maxShares)
}

// taskCPU returns the CPU units of the whole task: a limit, where those of a container are a share.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html#task_size
func taskCPU(def model.TaskDef, o *types.TaskOverride) *string {
	if o != nil && o.Cpu != nil {
		return o.Cpu
	}
	return def.Doc.Cpu
}

// taskMemory returns the memory of the whole task in MiB, the most that its containers can use
// together.
func taskMemory(def model.TaskDef, o *types.TaskOverride) *string {
	if o != nil && o.Memory != nil {
		return o.Memory
	}
	return def.Doc.Memory
}

// links returns links as "containername:alias".
func links(given []string) (ls []string) {
	for _, l := range given {
		if !strings.Contains(l, ":") {
			l += ":" + l
		}
		ls = append(ls, l)
	}
	return ls
}

// binds returns the mount points of a container. A volume of the definition that names no path of
// the host lives with the task.
func binds(def model.TaskDef, c types.ContainerDefinition) (bs []engine.Bind) {
	for _, m := range c.MountPoints {
		b := engine.Bind{Volume: str(m.SourceVolume), Target: str(m.ContainerPath), ReadOnly: m.ReadOnly != nil && *m.ReadOnly}
		for _, v := range def.Doc.Volumes {
			switch {
			case str(v.Name) != b.Volume:
			case v.Host != nil && str(v.Host.SourcePath) != "":
				b.Source, b.Volume = str(v.Host.SourcePath), ""
			default:
				b.Docker = v.DockerVolumeConfiguration
			}
		}
		bs = append(bs, b)
	}
	return bs
}

// graceOf returns how long a container has between its stop signal and SIGKILL. It is the
// process's own time, so it is not scaled.
func graceOf(c types.ContainerDefinition) time.Duration {
	if c.StopTimeout == nil {
		return stopGrace
	}
	return time.Duration(*c.StopTimeout) * time.Second
}

// grace returns the grace for a stop that is about to begin: none is needed by what ended.
func (a *Agent) grace(tx *store.Tx, j job, f *fact) time.Duration {
	if f.phase != running {
		return 0
	}
	in := tx.In(j.task.scope)
	t, _ := store.Tasks.Get(in, j.task.id)
	def, _ := store.TaskDefs.Get(in, t.Birth.Def)
	c, _ := def.Container(j.name)
	return graceOf(c)
}

func override(o *types.TaskOverride, name string) types.ContainerOverride {
	if o != nil {
		for _, c := range o.ContainerOverrides {
			if str(c.Name) == name {
				return c
			}
		}
	}
	return types.ContainerOverride{}
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// parse returns the number in p, 0 when there is none.
func parse(p *string) int32 {
	n, _ := strconv.Atoi(strings.TrimSpace(str(p)))
	return int32(n)
}

// first returns the first number that is given and not 0.
func first(ps ...*int32) int32 {
	for _, p := range ps {
		if p != nil && *p != 0 {
			return *p
		}
	}
	return 0
}
