package identity

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/smithy-go"
)

// Acting is an AWS service, or the software of an instance, that acts in a role which trusts it.
type Acting struct {
	root      bool // it acts as the account's root user instead
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
	return new(Book).acting(tx, role, session), true
}

// acting is a session in a role.
func (b *Book) acting(tx *store.Tx, role model.Role, session string) Acting {
	as := Assumed(tx.Scope(), role, session)
	who, _ := b.Of(tx, as.Role)
	a := Acting{policies: who.Policies, principal: policy.Principal{Account: tx.Scope().Account, Role: as.Role, ARN: as.ARN, ID: as.ID}}
	a.use = model.Use{ID: role.ID, Role: role.Name, At: tx.Now()}
	a.context = a.principal.Keys(policy.Caller{Now: tx.Now(), Region: tx.Scope().Region, TLS: true, Tags: who.Tags})
	return a
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

// Root reports whether a may do everything.
func (a Acting) Root() bool { return a.root }

// Account is the one that the role is in.
func (a Acting) Account() string { return a.principal.Account }

// Use is that a service is called in the role now.
func (a Acting) Use(service, region string) model.Use {
	a.use.Service, a.use.Region = service, region
	return a.use
}

// May reports whether the role allows it an action.
func (a Acting) May(action, resource string) bool {
	return a.policies.Evaluate(policy.Request{Principal: a.principal, Action: action, Resource: resource, Context: a.context}).Allowed
}

// Ask is nil if the role may do what is asked for, else the denial as AWS words it. on is the policy of the
// resource, nil for none. The call is made where the resource is.
func (a Acting) Ask(q policy.Request, on *policy.Index) error {
	if a.root {
		return nil
	}
	all := a.policies
	all.Resource = on
	q.Principal, q.Context = a.principal, a.context.With(q.Context)
	if arn, ok := model.ParseARN(q.Resource); ok {
		q.Context.Set("aws:RequestedRegion", arn.Region)
	}
	d := all.Evaluate(q)
	if d.Allowed {
		return nil
	}
	return &smithy.GenericAPIError{Code: "AccessDeniedException", Message: d.Message()}
}

// Tagged are the condition keys of a resource of a service that has tags.
func Tagged(service string, tags model.Tags) policy.Context {
	keys := make(policy.Context, 2*len(tags)+2)
	for _, t := range tags {
		keys.Set("aws:ResourceTag/"+t.Key, t.Value)
		keys.Set(service+":ResourceTag/"+t.Key, t.Value)
	}
	return keys
}

// Tagging are the condition keys of a request that gives tags.
func Tagging(tags model.Tags) policy.Context {
	keys := make(policy.Context, len(tags)+2)
	names := make([]string, 0, len(tags))
	for _, t := range tags {
		names = append(names, t.Key)
		keys.Set("aws:RequestTag/"+t.Key, t.Value)
	}
	keys.Set("aws:TagKeys", names...)
	return keys
}
