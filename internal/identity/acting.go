package identity

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Acting is an AWS service that acts in a role which trusts it.
type Acting struct {
	principal policy.Principal
	policies  policy.Policies
	context   policy.Context
}

// Act returns the service, such as vpc-flow-logs.amazonaws.com, in the role with the ARN; false when
// there is no such role, or it does not trust the service. session names what it does there.
func Act(tx *store.Tx, arn, service, session string) (Acting, bool) {
	name, ok := model.RoleName(arn)
	global := tx.In(tx.Scope().Global())
	role, there := store.Roles.Get(global, model.Role{Name: name}.Key())
	if !ok || !there || role.ARN(global.Scope()) != arn || !trusts(tx, role, arn, service) {
		return Acting{}, false
	}
	who, _ := new(Book).Of(tx, arn)
	sc := tx.Scope()
	a := Acting{policies: who.Policies, principal: policy.Principal{Account: sc.Account, Role: arn, ID: role.ID + ":" + session,
		ARN: "arn:" + sc.Partition() + ":sts::" + sc.Account + ":assumed-role/" + role.Name + "/" + session}}
	a.context = a.principal.Keys(policy.Caller{Now: tx.Now(), Region: sc.Region, TLS: true, Tags: who.Tags})
	return a, true
}

// trusts reports whether a service may assume a role.
func trusts(tx *store.Tx, role model.Role, arn, service string) bool {
	trust, err := Trust(role, arn)
	if err != nil {
		return false
	}
	p := policy.Principal{Account: tx.Scope().Account, Service: service}
	all := policy.Policies{Trust: trust}
	return all.Evaluate(policy.Request{Principal: p, Action: "sts:AssumeRole", Resource: arn,
		Context: p.Keys(policy.Caller{Now: tx.Now(), Region: tx.Scope().Region, TLS: true, Service: true})}).Allowed
}

// May reports whether the role allows it an action.
func (a Acting) May(action, resource string) bool {
	return a.policies.Evaluate(policy.Request{Principal: a.principal, Action: action, Resource: resource, Context: a.context}).Allowed
}
