package ecs

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// primary is the status of the deployment, or the task set, that serves production traffic.
const primary = "PRIMARY"

// externalService finds the service of a call about task sets. The cluster must be named.
//
// Source of the wording: https://github.com/hashicorp/terraform-provider-aws/issues/30347
func externalService(tx *store.Tx, cluster, ref *string) (model.Service, error) {
	if aws.ToString(cluster) == "" {
		return model.Service{}, invalid("Cluster can not be blank.")
	}
	s, err := service(tx, cluster, ref)
	if err == nil && !s.External() {
		err = invalid("Amazon ECS only supports task set management on services configured to use external deployment controllers.")
	}
	return s, err
}

// liveExternal is externalService for calls that change something: the service must be ACTIVE.
func liveExternal(tx *store.Tx, cluster, ref *string) (model.Service, error) {
	s, err := externalService(tx, cluster, ref)
	if err == nil && s.Status != active {
		err = serviceNotActive()
	}
	return s, err
}

// liveTaskSet finds a task set that is to be changed: where it stands among those of its service, which
// may be edited.
func liveTaskSet(tx *store.Tx, cluster, service, ref *string) (s model.Service, at int, err error) {
	if s, err = liveExternal(tx, cluster, service); err != nil {
		return s, 0, err
	}
	id, err := taskSetID(tx, s, aws.ToString(ref))
	if err != nil {
		return s, 0, err
	}
	at = slices.IndexFunc(s.Deployments, func(d model.Deployment) bool { return d.ID == id })
	if at < 0 {
		return s, 0, &types.TaskSetNotFoundException{Message: aws.String("The specified task set was not found.")}
	}
	s.Deployments = slices.Clone(s.Deployments)
	return s, at, nil
}

// taskSetID returns the id of the task set of s that an id or an ARN means, whether there is one or not.
//
// Source of the wording: https://github.com/boto/boto3/issues/3895
func taskSetID(tx *store.Tx, s model.Service, ref string) (string, error) {
	id := ref
	if strings.HasPrefix(ref, "arn:") {
		of, err := parseARN(tx.Scope(), ref)
		if err != nil {
			return "", err
		}
		if of.Kind == "task-set" && of.Cluster == s.Cluster {
			id, _ = strings.CutPrefix(of.Name, s.Name+"/")
		}
	}
	if n, ok := strings.CutPrefix(id, "ecs-svc/"); !ok || n == "" || strings.Trim(n, "0123456789") != "" {
		return "", invalid("Task Set Identifier is invalid")
	}
	return id, nil
}

func taskSetARN(tx *store.Tx, s model.Service, id string) string {
	return tx.Scope().ARN("ecs", "task-set/"+s.Cluster+"/"+s.Name+"/"+id)
}

// taskSetParts reads what follows the kind in the ARN of a task set: cluster/service/ecs-svc/digits.
func taskSetParts(ref, rest string) (ident, error) {
	p := strings.Split(rest, "/")
	if len(p) != 4 || p[2] != "ecs-svc" {
		return ident{}, invalid("Invalid identifier: %s", ref)
	}
	return ident{"task-set", p[0], p[1] + "/" + p[2] + "/" + p[3]}, checkParts(ref, p...)
}

func tagTaskSet(tx *store.Tx, id ident) (tagged, error) {
	name, set, _ := strings.Cut(id.Name, "/")
	s, ok := store.Services.Get(tx, id.Cluster+"/"+name)
	at := slices.IndexFunc(s.Deployments, func(d model.Deployment) bool { return d.ID == set && d.TaskSet != nil })
	if !ok || at < 0 {
		return tagged{}, resourceNotFound()
	}
	return tagged{s.Deployments[at].TaskSet.Tags, func(tags model.Tags) {
		t := *s.Deployments[at].TaskSet
		t.Tags = tags
		s.Deployments = slices.Clone(s.Deployments)
		s.Deployments[at].TaskSet = &t
		store.Services.Put(tx, s)
	}}, nil
}

// showTaskSet is the only way from a task set to the wire. Its stability is that of the services
// stage's last look, unless a change since then says otherwise.
func showTaskSet(tx *store.Tx, s model.Service, d model.Deployment, tags bool) types.TaskSet {
	n, t := store.Counts.Get(tx, s.Key()+"/"+d.ID), d.TaskSet
	out := types.TaskSet{
		Id: aws.String(d.ID), TaskSetArn: aws.String(taskSetARN(tx, s, d.ID)), ServiceArn: aws.String(serviceARN(tx, s.Cluster, s.Name)),
		ClusterArn: aws.String(clusterARN(tx, s.Cluster)), Status: aws.String(d.Status), ExternalId: given(t.External),
		TaskDefinition: aws.String(taskDefARN(tx, d.Def)),
		LaunchType:     showLaunchType(d.Capacity), CapacityProviderStrategy: showStrategy(d.Capacity), NetworkConfiguration: showNetwork(d.Capacity),
		ComputedDesiredCount: int32(computed(s, d)), RunningCount: int32(n.Running), PendingCount: int32(n.Pending),
		CreatedAt: at(d.Created), UpdatedAt: at(d.Updated),
		LoadBalancers: showLBs(tx, d.LBs), ServiceRegistries: []types.ServiceRegistry{},
		Scale:           &types.Scale{Unit: types.ScaleUnitPercent, Value: t.Scale},
		StabilityStatus: types.StabilityStatusStabilizing, StabilityStatusAt: at(t.SteadyAt),
	}
	if t.Steady && d.Status != draining && n.Running == computed(s, d) && n.Pending == 0 {
		out.StabilityStatus = types.StabilityStatusSteadyState
	}
	out.PlatformVersion, out.PlatformFamily = showPlatform(d.Capacity)
	if tags {
		out.Tags = showTags(t.Tags)
	}
	return out
}
