package agent

import (
	"net/netip"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/firewall"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// site is where on the engine a task runs.
type site struct {
	scope      model.Scope
	ec2        string // id of the instance; empty on Fargate
	vpc        engine.VPC
	nic        *engine.NIC // of the task itself, with the rules of its security groups
	noMetadata bool        // the instance metadata is out of its reach
}

// siteOf reads where t runs. Tasks on Fargate have no instance whose metadata there could be, and those on
// an instance have them unless its agent is told otherwise.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html (ECS_AWSVPC_BLOCK_IMDS)
func siteOf(tx *store.Tx, t model.Task) site {
	ci, _ := store.ContainerInstances.Get(tx, t.Instance)
	at := site{scope: tx.Scope(), ec2: ci.EC2, noMetadata: t.OnFargate()}
	in, _ := store.Instances.Get(tx, ci.EC2)
	vpc := in.VPC
	if t.ENI != nil {
		if n, ok := store.NetworkInterfaces.Get(tx, t.ENI.ID); ok {
			nic := firewall.NIC(tx, n)
			at.nic, vpc = &nic, n.VPC
		}
		blocked, _ := strconv.ParseBool(model.ReadAgentConfig(in.UserData)["ECS_AWSVPC_BLOCK_IMDS"])
		at.noMetadata = at.noMetadata || blocked
	}
	if v, ok := store.VPCs.Get(tx, vpc); ok {
		cidr, _ := netip.ParsePrefix(v.CIDR)
		at.vpc = engine.VPC{Scope: at.scope, ID: v.ID, CIDR: cidr}
	}
	return at
}
