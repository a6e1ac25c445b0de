package gate

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
)

// resourceTags are the keys of the tags that a resource has.
func (a *asking) resourceTags(arn string) policy.Context {
	p, ok := model.ParseARN(arn)
	if !ok {
		return nil
	}
	tags := a.tagsOf(p)
	keys := make(policy.Context, 2*len(tags))
	for _, t := range tags {
		keys.Set("aws:ResourceTag/"+t.Key, t.Value)
		keys.Set(a.prefix()+"ResourceTag/"+t.Key, t.Value)
	}
	return keys
}

// tagsOf returns the tags of a resource of the caller's scope; none where there is no such resource.
func (a *asking) tagsOf(p model.ARN) model.Tags {
	sc := p.Scope()
	if p.Service == "iam" {
		sc = model.Scope{Account: p.Account, Region: a.sc.Region}.Global()
	}
	tx := a.tx.In(sc)
	kind, name, _ := strings.Cut(p.Resource, "/")
	switch p.Service {
	case "ecs":
		return ecsTags(tx, kind, name)
	case "ec2":
		return ec2Tags(tx, kind, name)
	case "elasticloadbalancing":
		return elbTags(tx, kind, name)
	case "iam":
		return iamTags(tx, kind, name[strings.LastIndexByte(name, '/')+1:])
	case "logs":
		return logsTags(tx, p.Resource)
	case "secretsmanager":
		name = strings.TrimPrefix(p.Resource, "secret:")
		s, _ := store.Secrets.Get(tx, name[:max(0, strings.LastIndexByte(name, '-'))])
		return s.Tags
	case "ssm":
		found, _ := secrets.FindParameter(tx, p.String())
		return found.Tags
	}
	return nil
}

// ecsTags are those of a resource of ECS, whose name has its cluster before it.
func ecsTags(tx *store.Tx, kind, name string) model.Tags {
	last := name[strings.LastIndexByte(name, '/')+1:]
	switch kind {
	case "cluster":
		c, _ := store.Clusters.Get(tx, name)
		return c.Tags
	case "service":
		s, _ := store.Services.Get(tx, name)
		return s.Tags
	case "task":
		t, _ := store.Tasks.Get(tx, last)
		return t.Tags
	case "task-definition":
		d, _ := store.TaskDefs.Get(tx, name)
		return d.Tags
	case "container-instance":
		c, _ := store.ContainerInstances.Get(tx, last)
		return c.Tags
	case "capacity-provider":
		c, _ := store.CapacityProviders.Get(tx, name)
		return c.Tags
	case "task-set":
		return taskSetTags(tx, name)
	}
	return nil
}

func taskSetTags(tx *store.Tx, name string) model.Tags {
	service, id, _ := strings.Cut(name, "/ecs-svc/")
	s, _ := store.Services.Get(tx, service)
	for _, d := range s.Deployments {
		if d.TaskSet != nil && d.ID == "ecs-svc/"+id {
			return d.TaskSet.Tags
		}
	}
	return nil
}

func ec2Tags(tx *store.Tx, kind, id string) model.Tags {
	switch kind {
	case "instance":
		i, _ := store.Instances.Get(tx, id)
		return i.Tags
	case "vpc":
		v, _ := store.VPCs.Get(tx, id)
		return v.Tags
	case "subnet":
		s, _ := store.Subnets.Get(tx, id)
		return s.Tags
	case "security-group":
		g, _ := store.SecurityGroups.Get(tx, id)
		return g.Tags
	case "security-group-rule":
		r, _ := store.SecurityGroupRules.Get(tx, id)
		return r.Tags
	case "network-interface":
		n, _ := store.NetworkInterfaces.Get(tx, id)
		return n.Tags
	case "internet-gateway":
		g, _ := store.InternetGateways.Get(tx, id)
		return g.Tags
	case "route-table":
		t, _ := store.RouteTables.Get(tx, id)
		return t.Tags
	case "vpc-flow-log":
		l, _ := store.FlowLogs.Get(tx, id)
		return l.Tags
	case "elastic-ip":
		e, _ := store.ElasticIPs.Get(tx, id)
		return e.Tags
	}
	return nil
}

func elbTags(tx *store.Tx, kind, key string) model.Tags {
	switch kind {
	case "loadbalancer":
		l, _ := store.LoadBalancers.Get(tx, key)
		return l.Tags
	case "listener":
		l, _ := store.Listeners.Get(tx, key)
		return l.Tags
	case "targetgroup":
		g, _ := store.TargetGroups.Get(tx, key)
		return g.Tags
	}
	return nil
}

func iamTags(tx *store.Tx, kind, name string) model.Tags {
	switch key := strings.ToLower(name); kind {
	case "user":
		u, _ := store.Users.Get(tx, key)
		return u.Tags
	case "role":
		r, _ := store.Roles.Get(tx, key)
		return r.Tags
	case "policy":
		p, _ := store.ManagedPolicies.Get(tx, key)
		return p.Tags
	case "instance-profile":
		p, _ := store.InstanceProfiles.Get(tx, key)
		return p.Tags
	}
	return nil
}
