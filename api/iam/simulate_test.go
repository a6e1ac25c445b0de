package iam

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// TestASimulationOverAccounts: what is another account's must be allowed there too, whether the ARN or
// ResourceOwner says whose it is.
func TestASimulationOverAccounts(t *testing.T) {
	w := start(t)
	bob, read := "arn:aws:iam::111122223333:user/bob", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}`
	toBob := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + bob + `"},"Action":"s3:GetObject","Resource":"*"}}`
	none := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:*","Resource":"*"}}`
	for _, c := range []struct {
		rule, own, resource, on, owner string
		want                           types.PolicyEvaluationDecisionType
		details                        string // where the resource is another account's: the caller's side, the resource's
	}{
		{"at home one's own policies are enough", read, "arn:aws:s3:::b/k", "", "", "allowed", ""},
		{"so are those of the resource", none, "arn:aws:s3:::b/k", toBob, "", "allowed", ""},
		{"abroad they are not", none, "arn:aws:s3:::b/k", toBob, "444455556666", "implicitDeny", "implicitDeny allowed"},
		{"nor are one's own", read, "arn:aws:s3:::b/k", "", "arn:aws:iam::444455556666:root", "implicitDeny", "allowed implicitDeny"},
		{"both are", read, "arn:aws:s3:::b/k", toBob, "arn:aws:iam::444455556666:root", "allowed", "allowed allowed"},
		{"an account in the ARN goes before", read, "arn:aws:s3:us-east-1:111122223333:accesspoint/a", "", "444455556666", "allowed", ""},
		{"one's own account is at home", read, "arn:aws:s3:::b/k", "", "111122223333", "allowed", ""},
	} {
		in := &iam.SimulateCustomPolicyInput{PolicyInputList: []string{c.own}, ActionNames: []string{"s3:GetObject"}, ResourceArns: []string{c.resource}, CallerArn: &bob}
		if c.on != "" {
			in.ResourcePolicy = &c.on
		}
		if c.owner != "" {
			in.ResourceOwner = &c.owner
		}
		out, err := w.SimulateCustomPolicy(t.Context(), in)
		w.must("simulate", err)
		r := out.EvaluationResults[0]
		if r.EvalDecision != c.want {
			t.Errorf("%s: %s", c.rule, r.EvalDecision)
		}
		if got := strings.TrimSpace(string(r.EvalDecisionDetails["IAM Policy"] + " " + r.EvalDecisionDetails["Resource Policy"])); got != c.details {
			t.Errorf("%s: the sides say %q", c.rule, got)
		}
		if s := r.ResourceSpecificResults; len(s) != 1 || *s[0].EvalResourceName != c.resource || s[0].EvalResourceDecision != c.want || len(s[0].MatchedStatements) != len(r.MatchedStatements) {
			t.Errorf("%s: for the resource alone: %+v", c.rule, s)
		}
	}
	refuseAll(t, []refusal{{"an owner that is no account", "InvalidInput", "Invalid ResourceOwner: me does not clearly define an account.", func() error {
		_, err := w.SimulateCustomPolicy(t.Context(), &iam.SimulateCustomPolicyInput{PolicyInputList: []string{read}, ActionNames: []string{"s3:GetObject"}, ResourceOwner: new("me")})
		return err
	}}})
}

// TestQuotasOfPolicies: as much as IAM takes is taken, and no more.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestQuotasOfPolicies(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.user("bob")
	w.role("app")
	w.group("ops")
	sized := func(n int) *string { return new(long(n - len(long(0)))) }
	var policies []string
	for i := range 11 {
		policies = append(policies, w.policy(fmt.Sprint("p", i), allowAll))
	}
	for _, h := range []struct {
		kind, name string
		inline     int
		put        func(name string, doc *string) error
		attach     func(arn *string) error
	}{
		{"user", "bob", 2048, func(name string, doc *string) error {
			_, err := w.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: new("bob"), PolicyName: &name, PolicyDocument: doc})
			return err
		}, func(arn *string) error {
			_, err := w.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: new("bob"), PolicyArn: arn})
			return err
		}},
		{"group", "ops", 5120, func(name string, doc *string) error {
			_, err := w.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: new("ops"), PolicyName: &name, PolicyDocument: doc})
			return err
		}, func(arn *string) error {
			_, err := w.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: new("ops"), PolicyArn: arn})
			return err
		}},
		{"role", "app", 10240, func(name string, doc *string) error {
			_, err := w.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: new("app"), PolicyName: &name, PolicyDocument: doc})
			return err
		}, func(arn *string) error {
			_, err := w.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: new("app"), PolicyArn: arn})
			return err
		}},
	} {
		w.must(h.kind+": inline", h.put("a", sized(h.inline-1000)))
		w.must(h.kind+": all of it, white space not counted", h.put("b", new(strings.Replace(*sized(1000), ",", ", \n", 1))))
		w.must(h.kind+": a policy in place of itself", h.put("b", sized(1000)))
		for _, arn := range policies[:10] {
			w.must(h.kind+": attach", h.attach(&arn))
		}
		w.must(h.kind+": attached already", h.attach(&policies[0]))
		refuseAll(t, []refusal{
			{h.kind + ": more in all", "LimitExceeded", fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s %s", h.inline, h.kind, h.name), func() error { return h.put("b", sized(1001)) }},
			{h.kind + ": an eleventh", "LimitExceeded", "Cannot exceed quota for PoliciesPer" + strings.ToUpper(h.kind[:1]) + h.kind[1:] + ": 10", func() error { return h.attach(&policies[10]) }},
		})
	}
	create := func(n int) error {
		_, err := w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: new("long"), PolicyDocument: sized(n)})
		return err
	}
	refuseAll(t, []refusal{{"a managed policy", "LimitExceeded", "Cannot exceed quota for PolicySize: 6144", func() error { return create(6145) }}})
	w.must("the longest managed policy", create(6144))
}
