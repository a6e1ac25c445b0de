package control

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// instances boots instances, lets them join their clusters, and takes them away.
func (p *pass) instances() error {
	for _, id := range p.touchedInstances() {
		in, ok := store.Instances.Get(p.tx, id)
		if !ok {
			continue
		}
		if in.State == "pending" && in.Up && in.Fault == "" {
			in.State = "running"
		}
		p.notice(&in)
		switch in.State {
		case "running":
			p.join(&in)
		case "shutting-down":
			in.Refused = ""
			p.leave(&in)
		}
		store.Instances.Put(p.tx, in)
		if in.State == "terminated" {
			p.touch(store.Instances.Name(), id)
		}
	}
	return nil
}

// touchedInstances returns the ids of the instances that a change may concern.
func (p *pass) touchedInstances() []string {
	touched := keys{}
	if _, changed := p.changed[store.CapacityProviders.Name()]; p.full || changed { // an instance may belong to another one
		for in := range store.Instances.All(p.tx) {
			touched[in.ID] = struct{}{}
		}
		return sorted(touched)
	}
	for id := range p.changed[store.Instances.Name()] {
		touched[id] = struct{}{}
	}
	for name := range p.changed[store.Clusters.Name()] { // one may join now
		for in := range store.InstancesByCluster.Each(p.tx, name) {
			touched[in.ID] = struct{}{}
		}
	}
	containers, _ := rows(p, store.ContainerInstances)
	for _, ci := range containers {
		touched[ci.EC2] = struct{}{}
	}
	for t := range each(p, store.Tasks) {
		if ci := store.ContainerInstances.Peek(p.tx, t.Instance); ci != nil && !t.Live() && ci.Status != "ACTIVE" {
			touched[ci.EC2] = struct{}{} // may have been the last task that a termination waits for
		}
	}
	return sorted(touched)
}

// notice takes the capacity away whose time is up, or whose machine is lost.
func (p *pass) notice(in *model.Instance) {
	switch {
	case in.Fault != "" && (in.State == "pending" || in.State == "running"):
		in.State, in.StateReason = "shutting-down", in.Fault
	case in.Gone.IsZero() || in.State != "running":
	case p.now.Before(in.Gone):
		if drainsOnNotice(*in) {
			p.drainInstance(*in)
		}
		p.again(store.Instances.Name(), in.ID, in.Gone)
	default:
		in.State, in.StateReason = "shutting-down", "Server.SpotInstanceTermination: Spot instance termination"
	}
}

// join registers an instance with the cluster that its user data names, once that cluster exists and its agent may.
// An instance that was deregistered does not come back by itself, as with the real agent.
func (p *pass) join(in *model.Instance) {
	if store.ContainerInstancesByEC2.Any(p.tx, in.ID) {
		p.update(*in)
		return
	}
	cluster, ok := store.Clusters.Get(p.tx, in.ClusterName())
	if !ok || cluster.Status != "ACTIVE" {
		in.Refused = ""
		return
	}
	ci := p.member(*in, cluster)
	told := configure(&ci, *in)
	if why := p.mayRegister(*in, cluster, ci); why != nil {
		p.refuse(in, cluster.Name, why)
		return
	}
	in.Refused = ""
	ci.Refused = p.refusal(*in, ci)
	ci.Connected = ci.Connected && ci.Refused == ""
	p.putContainerInstance(ci)
	p.tell("instance", cluster.Name, in.ID, fmt.Sprintf("(instance %s) has registered with cluster %s as (container-instance %s).", in.ID, cluster.Name, ci.ID))
	for _, sentence := range told {
		p.tell("instance", cluster.Name, in.ID, fmt.Sprintf("(instance %s) %s", in.ID, sentence))
	}
	if ci.Refused != "" {
		p.tellRefusal(ci)
	}
}

// member is an instance as its agent registers it, but for its configuration.
func (p *pass) member(in model.Instance, cluster model.Cluster) model.ContainerInstance {
	return model.ContainerInstance{ID: ids.Hex(32), Cluster: cluster.Name, EC2: in.ID, Zone: in.Zone, Host: in.Host,
		Status: "ACTIVE", Connected: p.Connected == nil || p.Connected(), Agent: p.Agent, Registered: p.now,
		CPU: in.Type.VCPU * 1024, Memory: registeredMemory(in.Type.Memory), ENIs: registeredENIs(in), Provider: p.provider(cluster, in), Ports: slices.Clone(agentPorts),
		Attributes: attributes(in), Version: 1}
}

// update writes down that another version of the agent runs on an instance now, which capacity provider it
// belongs to, and whether ECS refuses its agent.
func (p *pass) update(in model.Instance) {
	for ci := range store.ContainerInstancesByEC2.Each(p.tx, in.ID) {
		was := ci
		ci.Refused = p.refusal(in, ci)
		if cluster, _ := store.Clusters.Get(p.tx, ci.Cluster); ci.Status != "INACTIVE" {
			ci.Agent, ci.Provider = p.Agent, p.provider(cluster, in)
		}
		if ci.Refused != was.Refused && ci.Status != "INACTIVE" { // one that was deregistered is not heard either
			p.tellRefusal(ci)
		}
		if ci.Refused != was.Refused || ci.Agent != was.Agent || ci.Provider != was.Provider {
			ci.Version++
			p.putContainerInstance(ci)
		}
	}
}

// provider returns the capacity provider of a cluster whose Auto Scaling group the instance is in;
// empty for none.
func (p *pass) provider(cluster model.Cluster, in model.Instance) string {
	group := in.Group()
	if group == "" {
		return ""
	}
	for _, name := range cluster.Providers {
		if c, ok := store.CapacityProviders.Get(p.tx, name); ok && c.GroupName() == group {
			return name
		}
	}
	return ""
}

// registeredENIs returns how many network interfaces of an instance tasks may take: all but its own.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking-awsvpc.html
func registeredENIs(in model.Instance) int { return max(0, in.Type.ENIs-1) }

// leave stops what runs on an instance and ends it when nothing does any more.
func (p *pass) leave(in *model.Instance) {
	live := false
	for ci := range store.ContainerInstancesByEC2.Each(p.tx, in.ID) {
		ended := p.evict(in.ID, ci)
		live = live || !ended
	}
	if live {
		return
	}
	in.State, in.Ended = "terminated", p.now
	nic.Release(p.tx, in.ID)
	if in.StateReason == "" {
		in.StateReason = "Client.UserInitiatedShutdown: User initiated shutdown"
	}
	p.tell("instance", in.ClusterName(), in.ID, fmt.Sprintf("(instance %s) has terminated.", in.ID))
}

// evict asks every task on ci to stop and reports whether all have; then ci is INACTIVE.
func (p *pass) evict(ec2 string, ci model.ContainerInstance) bool {
	ended := true
	for t := range store.TasksByInstance.Each(p.tx, ci.ID) {
		ended = false
		if t.Want != model.Stopped {
			t.End(types.TaskStopCodeTerminationNotice, "Host EC2 (instance "+ec2+") terminated.", p.now)
			p.putTask(t)
		}
	}
	was := ci
	ci.Refused = ""
	switch {
	case ended:
		ci.Status, ci.Connected = "INACTIVE", false
	case ci.Status == "ACTIVE":
		ci.Status = "DRAINING"
	}
	if ci.Status != was.Status || ci.Connected != was.Connected || ci.Refused != was.Refused {
		ci.Version++
		p.putContainerInstance(ci)
	}
	return ended
}

// agentPorts are the host ports that the real agent reserves: ssh, Docker's API and its own.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
var agentPorts = []model.HostPort{{Port: 22, Protocol: "tcp"}, {Port: 2375, Protocol: "tcp"}, {Port: 2376, Protocol: "tcp"},
	{Port: 51678, Protocol: "tcp"}, {Port: 51679, Protocol: "tcp"}}

// registeredMemory returns the MiB that an instance of so many registers: what firmware and kernel
// keep is missing. Fitted to a t3a.medium, whose agent registers 3,896 of 4,096 MiB: a 64th for the
// kernel's page tables, and a constant.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/memory-management.html
func registeredMemory(mib int) int { return max(mib-mib/64-136, mib/2) }

// attributes are those that the agent on an instance registers: what the machine is, and what the
// agent can do here. Capabilities that do not act here are not claimed, so a task that needs one is
// refused with ATTRIBUTE.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html,
// https://github.com/aws/amazon-ecs-agent (agent/app/agent_capability.go)
func attributes(in model.Instance) []model.Attribute {
	arch := "x86_64"
	if strings.HasPrefix(in.Type.Arch, "arm") || in.Type.Arch == "aarch64" {
		arch = "arm64"
	}
	return append([]model.Attribute{
		{Name: "ecs.ami-id", Value: in.Image},
		{Name: "ecs.availability-zone", Value: in.Zone},
		{Name: "ecs.cpu-architecture", Value: arch},
		{Name: "ecs.instance-type", Value: in.Type.Name},
		{Name: "ecs.os-family", Value: "LINUX"},
		{Name: "ecs.os-type", Value: "linux"},
		{Name: "ecs.subnet-id", Value: in.Subnet},
		{Name: "ecs.vpc-id", Value: in.VPC},
	}, able...)
}

// able are the capabilities as attributes, made once: there are many instances.
var able = func() (as []model.Attribute) {
	for v := 17; v <= 41; v++ {
		as = append(as, model.Attribute{Name: fmt.Sprintf("com.amazonaws.ecs.capability.docker-remote-api.1.%d", v)})
	}
	for _, name := range capabilities {
		as = append(as, model.Attribute{Name: name})
	}
	return as
}()

// capabilities are the agent's, as far as they act here.
var capabilities = []string{
	"com.amazonaws.ecs.capability.logging-driver.awslogs",
	"com.amazonaws.ecs.capability.logging-driver.fluentd",
	"com.amazonaws.ecs.capability.logging-driver.gelf",
	"com.amazonaws.ecs.capability.logging-driver.journald",
	"com.amazonaws.ecs.capability.logging-driver.json-file",
	"com.amazonaws.ecs.capability.logging-driver.none",
	"com.amazonaws.ecs.capability.logging-driver.splunk",
	"com.amazonaws.ecs.capability.logging-driver.syslog",
	"com.amazonaws.ecs.capability.privileged-container",
	"com.amazonaws.ecs.capability.task-iam-role",
	"com.amazonaws.ecs.capability.task-iam-role-network-host",
	"ecs.capability.container-health-check",
	"ecs.capability.container-ordering",
	"ecs.capability.container-port-range",
	"ecs.capability.container-restart-policy",
	"ecs.capability.docker-plugin.local",
	"ecs.capability.execution-role-awslogs",
	"ecs.capability.full-sync",
	"ecs.capability.pid-ipc-namespace-sharing",
	"ecs.capability.private-registry-authentication.secretsmanager",
	"ecs.capability.secrets.asm.bootstrap.log-driver",
	"ecs.capability.secrets.asm.environment-variables",
	"ecs.capability.secrets.ssm.bootstrap.log-driver",
	"ecs.capability.secrets.ssm.environment-variables",
	"ecs.capability.task-cpu-mem-limit",
	"ecs.capability.task-eni",
}
