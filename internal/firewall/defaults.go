package firewall

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/drydock-ecs/drydock/internal/model"
)

// DefaultRules are the rules that a security group is born with: everything may go out, and in the
// default group of a VPC everything may come in from its members. Their ids follow from the group's.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html,
// https://docs.aws.amazon.com/vpc/latest/userguide/creating-security-groups.html
func DefaultRules(g model.SecurityGroup) []model.SecurityGroupRule {
	all := model.SecurityGroupRule{Group: g.ID, Protocol: "-1", From: -1, To: -1}
	out := all
	out.ID, out.Egress, out.CIDR = ruleID(g.ID, "egress"), true, "0.0.0.0/0"
	if g.Name != "default" {
		return []model.SecurityGroupRule{out}
	}
	in := all
	in.ID, in.Peer = ruleID(g.ID, "ingress"), g.ID
	return []model.SecurityGroupRule{in, out}
}

func ruleID(group, direction string) string {
	sum := sha256.Sum256([]byte(group + "/" + direction))
	return "sgr-" + hex.EncodeToString(sum[:])[:17]
}
