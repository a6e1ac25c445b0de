package control

import (
	"errors"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/smithy-go"
)

// The agent of an instance calls ECS in the role of the instance's profile. It is asked for what is to be done
// whenever a row changed that may decide: the instance's own, its cluster's, that of its profile, of the role in it
// or of a policy of the role. A condition on the time is looked at with the next such change.

// identities are the tables of IAM that decide what an agent may do.
var identities = []string{store.Roles.Name(), store.InstanceProfiles.Name(), store.ManagedPolicies.Name()}

// trace marks the instances of whose agents a change in IAM makes something else. Who writes does not wait until all
// have been asked.
func (c *Control) trace(changes *store.Changes) error {
	if !slices.ContainsFunc(changes.Scopes(), isGlobal) {
		return nil
	}
	return c.store.View(model.Scope{}, func(tx *store.Tx) error {
		for _, sc := range changes.Scopes() {
			profiles := keys{}
			for _, table := range identities {
				for key := range changes.Keys(sc, table) {
					profilesWith(tx.In(sc), table, key, profiles)
				}
			}
			for _, at := range tx.Scopes() {
				if len(profiles) > 0 && at.Global() == sc {
					c.markAgents(tx.In(at), profiles, changes)
				}
			}
		}
		return nil
	})
}

func isGlobal(sc model.Scope) bool { return sc == sc.Global() }

// profilesWith adds the instance profiles that a row of IAM concerns.
func profilesWith(tx *store.Tx, table, key string, to keys) {
	switch table {
	case store.InstanceProfiles.Name():
		to[key] = struct{}{}
	case store.Roles.Name():
		for p := range store.InstanceProfilesByRole.Each(tx, key) {
			to[p.Key()] = struct{}{}
		}
	default:
		p, _ := store.ManagedPolicies.Get(tx, key) // one that is gone was nobody's
		arn := p.ARN(tx.Scope())
		for _, by := range []store.Index[model.Role]{store.RolesByPolicy, store.RolesByBoundary} {
			for r := range by.Each(tx, arn) {
				profilesWith(tx, store.Roles.Name(), r.Key(), to)
			}
		}
	}
}

func (c *Control) markAgents(tx *store.Tx, profiles keys, changes *store.Changes) {
	p := &pass{Control: c, tx: tx, now: tx.Now()}
	for key := range profiles {
		for in := range store.InstancesByProfile.Each(tx, key) {
			if !p.stands(in) {
				changes.Mark(store.Change{Scope: tx.Scope(), Table: store.Instances.Name(), Key: in.ID})
			}
		}
	}
}

// stands reports whether it is written already what ECS makes of the agent of an instance. One that is not registered
// may be now, and one whose capacity goes may drain.
func (p *pass) stands(in model.Instance) bool {
	if in.State != "running" {
		return true
	}
	registered := false
	for ci := range store.ContainerInstancesByEC2.Each(p.tx, in.ID) {
		registered = true
		if p.refusal(in, ci) != ci.Refused {
			return false
		}
	}
	return registered && in.Gone.IsZero()
}

// agentOf is who the agent of an instance calls ECS as. That it does is seen at the role.
func (p *pass) agentOf(in model.Instance) (identity.Acting, error) {
	act, err := p.book.Agent(p.tx, in, p.Strict)
	if err == nil {
		p.Uses.Saw(p.tx.Scope(), act.Use("ecs", p.tx.Scope().Region))
	}
	return act, err
}

// mayRegister is nil if the agent of an instance may register it with a cluster as ci, else why not, as the agent
// on AWS has it.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
func (p *pass) mayRegister(in model.Instance, cluster model.Cluster, ci model.ContainerInstance) error {
	act, err := p.agentOf(in)
	if err != nil {
		return err
	}
	var asked []policy.Request
	if copiesTags(model.ReadAgentConfig(in.UserData)) {
		asked = append(asked, policy.Request{Action: "ec2:DescribeTags", Resource: "*"})
	}
	given, sc := identity.Tagging(ci.Tags), p.tx.Scope()
	asked = append(asked, policy.Request{Action: "ecs:RegisterContainerInstance", Resource: sc.ARN("ecs", "cluster/"+cluster.Name),
		Context: identity.Tagged("ecs", cluster.Tags).With(given)})
	if len(ci.Tags) > 0 {
		given.Set("ecs:CreateAction", "RegisterContainerInstance")
		asked = append(asked, policy.Request{Action: "ecs:TagResource", Resource: sc.ARN("ecs", "container-instance/"+cluster.Name+"/*"), Context: given})
	}
	return ask(act, asked...)
}

// mayServe is nil if the agent of a registered instance may ask ECS what to run, and tell it what became of that;
// else why not.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
func (p *pass) mayServe(in model.Instance, ci model.ContainerInstance) error {
	act, err := p.agentOf(in)
	if err != nil || act.Root() {
		return err
	}
	cluster := p.tx.Scope().ARN("ecs", "cluster/"+ci.Cluster)
	row, _ := store.Clusters.Get(p.tx, ci.Cluster)
	within := identity.Tagged("ecs", row.Tags)
	return ask(act,
		policy.Request{Action: "ecs:DiscoverPollEndpoint", Resource: "*"},
		p.onItself("ecs:Poll", ci),
		policy.Request{Action: "ecs:SubmitTaskStateChange", Resource: cluster, Context: within},
		policy.Request{Action: "ecs:SubmitContainerStateChange", Resource: cluster, Context: within})
}

// mayDrain is nil if the agent of an instance may have it drain, else why not.
func (p *pass) mayDrain(in model.Instance, ci model.ContainerInstance) error {
	act, err := p.agentOf(in)
	if err != nil {
		return err
	}
	return ask(act, p.onItself("ecs:UpdateContainerInstancesState", ci))
}

// onItself is what an agent does with its container instance.
func (p *pass) onItself(action string, ci model.ContainerInstance) policy.Request {
	sc, keys := p.tx.Scope(), identity.Tagged("ecs", ci.Tags)
	keys.Set("ecs:cluster", sc.ARN("ecs", "cluster/"+ci.Cluster))
	return policy.Request{Action: action, Resource: sc.ARN("ecs", "container-instance/"+ci.Cluster+"/"+ci.ID), Context: keys}
}

// refusal is why ECS refuses the agent of an instance that is registered as ci; empty if it does not, or if it is
// not to serve any more.
func (p *pass) refusal(in model.Instance, ci model.ContainerInstance) string {
	if ci.Status == "INACTIVE" || in.State != "running" {
		return ""
	}
	if err := p.mayServe(in, ci); err != nil {
		return err.Error()
	}
	return ""
}

// ask is nil if all may be done, else the first denial in the words of the SDK in the agent.
func ask(act identity.Acting, all ...policy.Request) error {
	for _, q := range all {
		err := act.Ask(q, nil)
		if e, ok := errors.AsType[*smithy.GenericAPIError](err); ok {
			return errors.New(e.Code + ": " + e.Message)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// tellRefusal tells that the agent of an instance was cut off, or may come back.
func (p *pass) tellRefusal(ci model.ContainerInstance) {
	if ci.Refused == "" {
		p.tell("instance", ci.Cluster, ci.EC2, "(instance "+ci.EC2+") ECS does not refuse the agent of (container-instance "+ci.ID+") any more.")
		return
	}
	p.tell("instance", ci.Cluster, ci.EC2, "(instance "+ci.EC2+") ECS refuses the agent of (container-instance "+ci.ID+"), which is disconnected: "+strings.TrimSuffix(ci.Refused, ".")+".")
}

// refuse notes that an instance could not register with a cluster, and tells it once.
func (p *pass) refuse(in *model.Instance, cluster string, why error) {
	before := in.Refused
	if in.Refused = why.Error(); in.Refused != before {
		p.tell("instance", cluster, in.ID, "(instance "+in.ID+") has not registered with cluster "+cluster+": Unable to register as a container instance with ECS: "+strings.TrimSuffix(in.Refused, ".")+".")
	}
}
