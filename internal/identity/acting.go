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
	use       model.Use
}

// Act returns the service, such as vpc-flow-logs.amazonaws.com, in the role with the ARN; false when
// there is no such role, or it does not trust the service. session names what it does there.
func Act(tx *store.Tx, arn, service, session string) (Acting, bool) {
	role, ok := Assume(tx, arn, service)
	if !ok {
		return Acting{}, false
	}
	who, _ := new(Book).Of(tx, arn)
	as := Assumed(tx.Scope(), role, session)
	a := Acting{policies: who.Policies, principal: policy.Principal{Account: tx.Scope().Account, Role: as.Role, ARN: as.ARN, ID: as.ID}}
	a.use = model.Use{ID: role.ID, Role: role.Name, At: tx.Now()}
	a.context = a.principal.Keys(policy.Caller{Now: tx.Now(), Region: tx.Scope().Region, TLS: true, Tags: who.Tags})
	return a, true
}

// ActForLogs returns CloudWatch Logs in the role with the ARN. Roles trust it by the name that it has
// everywhere, or by the one that it has in a region.
func ActForLogs(tx *store.Tx, arn string) (Acting, bool) {
	const session = "CloudWatchLogs"
	if a, ok := Act(tx, arn, ForLogs, session); ok {
		return a, true
	}
	return Act(tx, arn, "logs."+tx.Scope().Region+".amazonaws.com", session)
}

// Use is that a service is called in the role now.
func (a Acting) Use(service, region string) model.Use {
	a.use.Service, a.use.Region = service, region
	return a.use
}

// May reports whether the role allows it an action.
func (a Acting) May(action, resource string) bool {
	return a.policies.Evaluate(policy.Request{Principal: a.principal, Action: action, Resource: resource, Context: a.context}).Allowed
}
