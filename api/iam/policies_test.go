package iam

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestManagedPolicies(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	arn := w.policy("p", allowAll)
	for i := range 4 {
		v, err := w.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: new(denyStop), SetAsDefault: i == 0})
		w.must("version", err)
		if want := fmt.Sprint("v", i+2); *v.PolicyVersion.VersionId != want {
			t.Errorf("got %s, want %s", *v.PolicyVersion.VersionId, want)
		}
	}
	got, err := w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	w.must("get", err)
	if *got.Policy.DefaultVersionId != "v2" || *got.Policy.AttachmentCount != 0 || !got.Policy.IsAttachable {
		t.Errorf("got %+v", got.Policy)
	}
	all, err := w.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &arn, MaxItems: new(int32(2))})
	w.must("versions", err)
	if *all.Versions[0].VersionId != "v5" || !all.IsTruncated {
		t.Errorf("got %+v", all.Versions)
	}
	refuseAll(t, []refusal{
		{"a sixth version", "LimitExceeded", "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.", func() error {
			_, err := w.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: new(denyStop)})
			return err
		}},
		{"the default version", "DeleteConflict", "Cannot delete the default version of a policy.", func() error {
			_, err := w.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: new("v2")})
			return err
		}},
		{"a policy with versions", "DeleteConflict", "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.", func() error {
			_, err := w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
			return err
		}},
		{"a name that is taken", "EntityAlreadyExists", "A policy called p already exists. Duplicate names are not allowed.", func() error {
			_, err := w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: new("p"), PolicyDocument: new(allowAll)})
			return err
		}},
		{"a document that breaks the grammar", "MalformedPolicyDocument", "Policy statement must contain actions.", func() error {
			_, err := w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: new("q"), PolicyDocument: new(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}`)})
			return err
		}},
		{"a document that is too long", "LimitExceeded", "Cannot exceed quota for PolicySize: 6144", func() error {
			_, err := w.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: new("q"), PolicyDocument: new(long(6200))})
			return err
		}},
		{"no such policy", "NoSuchEntity", "Policy arn:aws:iam::111122223333:policy/none was not found.", func() error {
			_, err := w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: new("arn:aws:iam::111122223333:policy/none")})
			return err
		}},
		{"no ARN at all", "ValidationError", "Invalid ARN:  Could not be parsed!", func() error {
			_, err := w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: new("this-is-no-arn-at-all")})
			return err
		}},
	})
	_, err = w.SetDefaultPolicyVersion(ctx, &iam.SetDefaultPolicyVersionInput{PolicyArn: &arn, VersionId: new("v1")})
	w.must("set default", err)
	v, err := w.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: new("v1")})
	w.must("get version", err)
	if doc, _ := url.PathUnescape(*v.PolicyVersion.Document); doc != allowAll || !v.PolicyVersion.IsDefaultVersion {
		t.Errorf("got %s", doc)
	}
	for i := range 4 {
		_, err := w.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: new(fmt.Sprint("v", i+2))})
		w.must("delete version", err)
	}
	_, err = w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
	w.must("delete", err)
}

// long is a document of about n characters.
func long(n int) string {
	return strings.Replace(allowAll, "ecs:*", "ecs:"+strings.Repeat("a", n), 1)
}

func TestAttachments(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.user("bob")
	w.role("app")
	w.group("ops")
	arn := w.policy("p", allowAll)
	exec := "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
	_, err := w.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: new("bob"), PolicyArn: &arn})
	w.must("attach", err)
	_, err = w.AttachGroupPolicy(ctx, &iam.AttachGroupPolicyInput{GroupName: new("ops"), PolicyArn: &arn})
	w.must("attach", err)
	for _, a := range []string{arn, exec, exec} {
		_, err = w.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: new("app"), PolicyArn: &a})
		w.must("attach", err)
	}
	_, err = w.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: new("app"), PermissionsBoundary: &arn})
	w.must("bound", err)
	of, err := w.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: new("app")})
	w.must("list", err)
	if len(of.AttachedPolicies) != 2 || *of.AttachedPolicies[0].PolicyName != "AmazonECSTaskExecutionRolePolicy" {
		t.Errorf("got %+v", of.AttachedPolicies)
	}
	to, err := w.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: &arn})
	w.must("entities", err)
	if len(to.PolicyUsers) != 1 || len(to.PolicyRoles) != 1 || len(to.PolicyGroups) != 1 {
		t.Errorf("got %+v", to)
	}
	p, err := w.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: &arn})
	w.must("get", err)
	if *p.Policy.AttachmentCount != 3 || *p.Policy.PermissionsBoundaryUsageCount != 1 {
		t.Errorf("got %+v", p.Policy)
	}
	mine, err := w.ListPolicies(ctx, &iam.ListPoliciesInput{OnlyAttached: true})
	w.must("list", err)
	if len(mine.Policies) != 2 {
		t.Errorf("got %d", len(mine.Policies))
	}
	theirs, err := w.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeAws, PathPrefix: new("/service-role/")})
	w.must("list", err)
	if len(theirs.Policies) != 5 {
		t.Errorf("got %d", len(theirs.Policies))
	}
	refuseAll(t, []refusal{
		{"a policy that is attached", "DeleteConflict", "Cannot delete a policy attached to entities.", func() error {
			_, err := w.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
			return err
		}},
		{"a role with policies", "DeleteConflict", "Cannot delete entity, must detach all policies first.", func() error {
			_, err := w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("app")})
			return err
		}},
		{"a policy that is not there", "NoSuchEntity", "Policy arn:aws:iam::111122223333:policy/none does not exist or is not attachable.", func() error {
			_, err := w.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: new("bob"), PolicyArn: new("arn:aws:iam::111122223333:policy/none")})
			return err
		}},
		{"a policy of a service-linked role", "PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.", func() error {
			_, err := w.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: new("bob"), PolicyArn: new("arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy")})
			return err
		}},
		{"detaching what is not attached", "NoSuchEntity", "Policy " + exec + " was not found.", func() error {
			_, err := w.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: new("bob"), PolicyArn: &exec})
			return err
		}},
	})
	_, err = w.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: new("app"), PolicyArn: &exec})
	w.must("detach", err)
	_, err = w.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: new("app")})
	w.must("unbound", err)
}

func TestInlinePolicies(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.role("app")
	w.user("bob")
	for _, n := range []string{"b", "a", "b"} {
		_, err := w.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: new("app"), PolicyName: &n, PolicyDocument: new(allowAll)})
		w.must("put", err)
	}
	names, err := w.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: new("app")})
	w.must("list", err)
	if fmt.Sprint(names.PolicyNames) != "[a b]" {
		t.Errorf("got %v", names.PolicyNames)
	}
	got, err := w.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: new("app"), PolicyName: new("a")})
	w.must("get", err)
	if doc, _ := url.PathUnescape(*got.PolicyDocument); doc != allowAll || *got.RoleName != "app" {
		t.Errorf("got %+v", got)
	}
	refuseAll(t, []refusal{
		{"no such policy", "NoSuchEntity", "The role policy with name c cannot be found.", func() error {
			_, err := w.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: new("app"), PolicyName: new("c")})
			return err
		}},
		{"too much for a user", "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user bob", func() error {
			_, err := w.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: new("bob"), PolicyName: new("p"), PolicyDocument: new(long(2048))})
			return err
		}},
		{"a role with policies", "DeleteConflict", "Cannot delete entity, must delete policies first.", func() error {
			_, err := w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("app")})
			return err
		}},
	})
	for _, n := range names.PolicyNames {
		_, err := w.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: new("app"), PolicyName: &n})
		w.must("delete", err)
	}
	sum, err := w.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
	w.must("summary", err)
	if sum.SummaryMap["Users"] != 1 || sum.SummaryMap["Roles"] != 1 {
		t.Errorf("got %v", sum.SummaryMap)
	}
}

func TestSimulations(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	w.user("bob")
	_, err := w.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: new("bob"), PolicyName: new("own"), PolicyDocument: new(allowAll)})
	w.must("put", err)
	arn := w.policy("p", denyStop)
	_, err = w.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: new("bob"), PolicyArn: &arn})
	w.must("attach", err)
	picture := func(results []types.EvaluationResult) (s string) {
		for _, r := range results {
			s += fmt.Sprintf("%s %s", *r.EvalActionName, r.EvalDecision)
			for _, m := range r.MatchedStatements {
				s += " " + *m.SourcePolicyId
			}
			s += "; "
		}
		return s
	}
	source := "arn:aws:iam::111122223333:user/bob"
	out, err := w.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &source, ActionNames: []string{"ecs:RunTask", "ecs:StopTask", "ec2:RunInstances"}})
	w.must("simulate", err)
	if got, want := picture(out.EvaluationResults), "ecs:RunTask allowed own; ecs:StopTask explicitDeny p; ec2:RunInstances implicitDeny; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if m := out.EvaluationResults[0].MatchedStatements[0]; m.StartPosition.Column != 38 || m.EndPosition.Line != 1 {
		t.Errorf("got %+v", m.StartPosition)
	}
	custom := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ecs:RunTask","Resource":"*","Condition":{"StringEquals":{"aws:username":"bob","ecs:cluster":"web"}}}}`
	simulate := func(entries ...types.ContextEntry) types.EvaluationResult {
		t.Helper()
		out, err := w.SimulateCustomPolicy(ctx, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{custom}, ActionNames: []string{"ecs:RunTask"}, CallerArn: &source,
			PermissionsBoundaryPolicyInputList: []string{allowAll}, ContextEntries: entries})
		w.must("simulate", err)
		return out.EvaluationResults[0]
	}
	if r := simulate(); r.EvalDecision != types.PolicyEvaluationDecisionTypeImplicitDeny || fmt.Sprint(r.MissingContextValues) != "[ecs:cluster]" || !r.PermissionsBoundaryDecisionDetail.AllowedByPermissionsBoundary {
		t.Errorf("got %+v", r)
	}
	if r := simulate(types.ContextEntry{ContextKeyName: new("ecs:Cluster"), ContextKeyValues: []string{"web"}, ContextKeyType: types.ContextKeyTypeEnumString}); r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed {
		t.Errorf("got %+v", r)
	}
	keys, err := w.GetContextKeysForCustomPolicy(ctx, &iam.GetContextKeysForCustomPolicyInput{PolicyInputList: []string{custom}})
	w.must("keys", err)
	if fmt.Sprint(keys.ContextKeyNames) != "[aws:username ecs:cluster]" {
		t.Errorf("got %v", keys.ContextKeyNames)
	}
	refuseAll(t, []refusal{
		{"nobody", "NoSuchEntity", "Entity arn:aws:iam::111122223333:user/none cannot be found.", func() error {
			_, err := w.SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{PolicySourceArn: new("arn:aws:iam::111122223333:user/none"), ActionNames: []string{"ecs:RunTask"}})
			return err
		}},
		{"a context value of another type", "InvalidInput", "The value ten of the context key s3:max-keys is not of the type numeric.", func() error {
			_, err := w.SimulateCustomPolicy(ctx, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{custom}, ActionNames: []string{"ecs:RunTask"},
				ContextEntries: []types.ContextEntry{{ContextKeyName: new("s3:max-keys"), ContextKeyType: types.ContextKeyTypeEnumNumericList, ContextKeyValues: []string{"1", "ten"}}}})
			return err
		}},
		{"a scenario of EC2", "ValidationError", "Drydock does not support the parameter ResourceHandlingOption.", func() error {
			_, err := w.SimulateCustomPolicy(ctx, &iam.SimulateCustomPolicyInput{PolicyInputList: []string{custom}, ActionNames: []string{"ecs:RunTask"}, ResourceHandlingOption: new("EC2-VPC-InstanceStore")})
			return err
		}},
	})
}
