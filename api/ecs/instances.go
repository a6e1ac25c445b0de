package ecs

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/place"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler/query"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// listContainerInstances lists a cluster's instances, without a status all that are not INACTIVE.
func listContainerInstances(tx *store.Tx, in *ecs.ListContainerInstancesInput) (*ecs.ListContainerInstancesOutput, error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	if in.Status != "" && !slices.Contains(types.ContainerInstanceStatus("").Values(), in.Status) {
		return nil, invalid("Invalid container instance status: %s", in.Status)
	}
	var filter *query.Expr
	if text := aws.ToString(in.Filter); text != "" {
		if filter, err = query.Parse(text); err != nil {
			return nil, invalid("Invalid filter: %s.", err)
		}
	}
	keep := func(ci model.ContainerInstance) bool {
		return (in.Status == "" && ci.Status != inactive || string(in.Status) == ci.Status) &&
			(filter == nil || filter.Holds(place.Instance(tx, &ci)))
	}
	arns, next := take(p, store.ContainerInstancesByCluster.From(tx, c.Name, p.after), keep,
		func(ci model.ContainerInstance) string { return instanceARN(tx, ci.Cluster, ci.ID) })
	return &ecs.ListContainerInstancesOutput{ContainerInstanceArns: arns, NextToken: next}, nil
}

func (h handlers) describeContainerInstances(tx *store.Tx, in *ecs.DescribeContainerInstancesInput) (*ecs.DescribeContainerInstancesOutput, error) {
	if slices.Contains(in.Include, types.ContainerInstanceFieldContainerInstanceHealth) {
		return nil, invalid("%s", notSupported("include=CONTAINER_INSTANCE_HEALTH", "agentConnected says whether the container engine answers and ECS hears the agent."))
	}
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	switch n := len(in.ContainerInstances); {
	case n == 0:
		return nil, invalid("Container instances cannot be empty.")
	case n > maxDescribe:
		return nil, invalid("Container instances can have at most %d items.", maxDescribe)
	}
	out := &ecs.DescribeContainerInstancesOutput{ContainerInstances: []types.ContainerInstance{}, Failures: []types.Failure{}}
	tags := slices.Contains(in.Include, types.ContainerInstanceFieldTags)
	for _, ref := range in.ContainerInstances {
		ci, ok, err := containerInstance(tx, c.Name, ref)
		if err != nil {
			return nil, err
		}
		if !ok {
			out.Failures = append(out.Failures, missing(instanceARN(tx, c.Name, ci.ID)))
			continue
		}
		out.ContainerInstances = append(out.ContainerInstances, h.showInstance(tx, ci, tags))
	}
	return out, nil
}

// containerInstance finds an instance of a cluster; if there is none, only its ID is set.
func containerInstance(tx *store.Tx, cluster, ref string) (model.ContainerInstance, bool, error) {
	id, err := instanceID(tx, cluster, ref)
	if err != nil {
		return model.ContainerInstance{}, false, err
	}
	ci, ok := store.ContainerInstances.Get(tx, id)
	if !ok || ci.Cluster != cluster {
		return model.ContainerInstance{ID: id}, false, nil
	}
	return ci, true, nil
}

// deregisterContainerInstance takes an instance out of its cluster; the EC2 instance goes on. With force,
// its tasks may still run: the services stage replaces those of services elsewhere, the others run until
// they end or the instance is terminated. On AWS nobody watches them any more; here they are still told of.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeregisterContainerInstance.html
func (h handlers) deregisterContainerInstance(tx *store.Tx, in *ecs.DeregisterContainerInstanceInput) (*ecs.DeregisterContainerInstanceOutput, error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.ContainerInstance) == "" {
		return nil, invalid("Container instance can not be blank.")
	}
	ci, ok, err := containerInstance(tx, c.Name, *in.ContainerInstance)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, invalid("The referenced container instance was not found.")
	case !aws.ToBool(in.Force) && store.TasksByInstance.Any(tx, ci.ID):
		return nil, invalid("Found running tasks on the instance.")
	}
	if ci.Status != inactive {
		ci.Status, ci.Version = inactive, ci.Version+1
		store.ContainerInstances.Put(tx, ci)
	}
	return &ecs.DeregisterContainerInstanceOutput{ContainerInstance: new(h.showInstance(tx, ci, true))}, nil
}

// updateContainerInstancesState makes instances ACTIVE or DRAINING; the services stage then replaces
// the tasks of services on those that drain.
func (h handlers) updateContainerInstancesState(tx *store.Tx, in *ecs.UpdateContainerInstancesStateInput) (*ecs.UpdateContainerInstancesStateOutput, error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	switch n := len(in.ContainerInstances); {
	case n == 0:
		return nil, invalid("instanceIds cannot be empty.")
	case n > 10:
		return nil, invalid("instanceIds can have at most 10 items")
	case in.Status != types.ContainerInstanceStatusActive && in.Status != types.ContainerInstanceStatusDraining:
		return nil, invalid("Container instances status should be one of [ACTIVE,DRAINING]")
	}
	out := &ecs.UpdateContainerInstancesStateOutput{ContainerInstances: []types.ContainerInstance{}, Failures: []types.Failure{}}
	for _, ref := range in.ContainerInstances {
		ci, ok, err := containerInstance(tx, c.Name, ref)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			out.Failures = append(out.Failures, missing(instanceARN(tx, c.Name, ci.ID)))
			continue
		case ci.Status == inactive:
			out.Failures = append(out.Failures, failure(instanceARN(tx, c.Name, ci.ID), inactive))
			continue
		case ci.Status != string(in.Status):
			ci.Status, ci.Version = string(in.Status), ci.Version+1
			store.ContainerInstances.Put(tx, ci)
		}
		out.ContainerInstances = append(out.ContainerInstances, h.showInstance(tx, ci, false))
	}
	return out, nil
}

// showInstance is the only way from a container instance's row to the wire.
func (h handlers) showInstance(tx *store.Tx, ci model.ContainerInstance, tags bool) types.ContainerInstance {
	used := store.Usage.Get(tx, ci.ID)
	out := types.ContainerInstance{
		ContainerInstanceArn: aws.String(instanceARN(tx, ci.Cluster, ci.ID)), Ec2InstanceId: aws.String(ci.EC2),
		Status: aws.String(ci.Status), StatusReason: given(ci.StatusReason), AgentConnected: ci.Connected,
		RegisteredAt: aws.Time(ci.Registered), Version: ci.Version,
		RunningTasksCount: int32(used.Running), PendingTasksCount: int32(used.Pending),
		RegisteredResources: resources(ci.CPU, ci.Memory, ci.Ports),
		RemainingResources:  resources(ci.CPU-used.CPU, ci.Memory-used.Memory, slices.Concat(ci.Ports, store.Ports(tx, ci.ID))),
		Attributes:          showAttributes(ci.Attributes), Attachments: []types.Attachment{}, Tags: []types.Tag{},
		CapacityProviderName: given(ci.Provider),
		VersionInfo:          &types.VersionInfo{AgentVersion: given(cmp.Or(ci.Agent, h.agent))},
	}
	if h.docker != "" {
		out.VersionInfo.DockerVersion = aws.String("DockerVersion: " + h.docker)
	}
	if tags {
		out.Tags = showTags(ci.Tags)
	}
	return out
}

// resources are what an instance has, or has left. PORTS lists the taken ports in both.
func resources(cpu, memory int, taken []model.HostPort) []types.Resource {
	return []types.Resource{
		{Name: aws.String("CPU"), Type: aws.String("INTEGER"), IntegerValue: int32(cpu)},
		{Name: aws.String("MEMORY"), Type: aws.String("INTEGER"), IntegerValue: int32(memory)},
		{Name: aws.String("PORTS"), Type: aws.String("STRINGSET"), StringSetValue: portSet(taken, "tcp")},
		{Name: aws.String("PORTS_UDP"), Type: aws.String("STRINGSET"), StringSetValue: portSet(taken, "udp")},
	}
}

func portSet(ports []model.HostPort, protocol string) []string {
	out := []string{}
	for _, p := range ports {
		if s := strconv.Itoa(p.Port); p.Protocol == protocol && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func showAttributes(as []model.Attribute) []types.Attribute {
	out := make([]types.Attribute, len(as))
	for i, a := range as {
		out[i] = types.Attribute{Name: aws.String(a.Name), Value: given(a.Value)}
	}
	return out
}
