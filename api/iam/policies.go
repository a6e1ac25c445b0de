package iam

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// maxPolicy is the quota of a managed policy's size; maxVersions of how many versions it has.
const (
	maxPolicy   = 6144
	maxVersions = 5
)

// policyARN checks that a request names a managed policy by something like an ARN.
func policyARN(p *string) (string, error) {
	arn, err := required(p, "policyArn")
	if err != nil {
		return "", err
	}
	if len(arn) < 20 {
		return "", constraint(arn, "policyArn", "have length greater than or equal to 20")
	}
	if a, ok := model.ParseARN(arn); !ok || a.Service != "iam" {
		return "", invalid("Invalid ARN:  Could not be parsed!")
	}
	return arn, nil
}

// managed returns the managed policy that a request names, of AWS or the account.
func managed(tx *store.Tx, p *string) (model.ManagedPolicy, string, error) {
	arn, err := policyARN(p)
	if err != nil {
		return model.ManagedPolicy{}, "", err
	}
	m, ok := identity.Policy(tx, arn)
	if a, _ := model.ParseARN(arn); !ok || a.Account != "aws" && a.Account != tx.Scope().Account {
		return m, arn, noSuch("Policy %s was not found.", arn)
	}
	return m, arn, nil
}

// customer is managed for changes, which the policies of AWS do not take.
func customer(tx *store.Tx, p *string) (model.ManagedPolicy, string, error) {
	m, arn, err := managed(tx, p)
	if a, _ := model.ParseARN(arn); err == nil && a.Account == "aws" {
		return m, arn, &types.NoSuchEntityException{Message: say("Policy %s is an AWS managed policy and cannot be changed.", arn)}
	}
	return m, arn, err
}

func createPolicy(tx *store.Tx, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	n, err := name(in.PolicyName, "policyName", 128)
	if err != nil {
		return nil, err
	}
	p := model.ManagedPolicy{Name: n, ID: ids.Unique("ANPA"), Created: tx.Now(), Updated: tx.Now(), Default: "v1", Last: 1}
	if p.Path, err = path(in.Path); err != nil {
		return nil, err
	}
	if p.Description, err = description(in.Description); err != nil {
		return nil, err
	}
	doc, err := policyDocument(in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	if _, ok := store.ManagedPolicies.Get(tx, p.Key()); ok {
		return nil, exists("A policy called %s already exists. Duplicate names are not allowed.", n)
	}
	if p.Tags, err = withTags(nil, in.Tags); err != nil {
		return nil, err
	}
	p.Versions = []model.PolicyVersion{{ID: "v1", Document: doc, Created: tx.Now()}}
	store.ManagedPolicies.Put(tx, p)
	out := showPolicy(tx, p, p.ARN(tx.Scope()))
	out.Tags = showTags(p.Tags)
	return &iam.CreatePolicyOutput{Policy: &out}, nil
}

func policyDocument(p *string) (string, error) {
	doc, err := document(policy.Identity, p, "policyDocument")
	if err == nil && policy.Size(doc) > maxPolicy {
		return "", quota("PolicySize", maxPolicy)
	}
	return doc, err
}

// showPolicy is a policy as lists have it: without description and tags.
func showPolicy(tx *store.Tx, p model.ManagedPolicy, arn string) types.Policy {
	attached, bounds := uses(tx, arn)
	return types.Policy{Arn: &arn, AttachmentCount: &attached, CreateDate: seconds(p.Created), DefaultVersionId: &p.Default,
		IsAttachable: !strings.HasPrefix(p.Path, linkedPath), Path: &p.Path, PermissionsBoundaryUsageCount: &bounds, PolicyId: &p.ID, PolicyName: &p.Name, UpdateDate: seconds(p.Updated)}
}

// uses counts to whom a policy is attached, and whom it bounds.
func uses(tx *store.Tx, arn string) (attached, bounds int32) {
	for range store.UsersByPolicy.Each(tx, arn) {
		attached++
	}
	for range store.GroupsByPolicy.Each(tx, arn) {
		attached++
	}
	for range store.RolesByPolicy.Each(tx, arn) {
		attached++
	}
	for range store.UsersByBoundary.Each(tx, arn) {
		bounds++
	}
	for range store.RolesByBoundary.Each(tx, arn) {
		bounds++
	}
	return attached, bounds
}

func getPolicy(tx *store.Tx, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	p, arn, err := managed(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	out := showPolicy(tx, p, arn)
	out.Description, out.Tags = given(p.Description), showTags(p.Tags)
	return &iam.GetPolicyOutput{Policy: &out}, nil
}

func deletePolicy(tx *store.Tx, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	p, arn, err := customer(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if attached, bounds := uses(tx, arn); attached+bounds > 0 {
		return nil, conflict("Cannot delete a policy attached to entities.")
	}
	if len(p.Versions) > 1 {
		return nil, conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
	}
	store.ManagedPolicies.Delete(tx, p.Key())
	return &iam.DeletePolicyOutput{}, nil
}

// listed is a policy and its ARN.
type listed struct {
	model.ManagedPolicy
	arn string
}

func listPolicies(tx *store.Tx, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	if err := enum(in.Scope, "scope", types.PolicyScopeType("").Values()); err != nil {
		return nil, err
	}
	if err := enum(in.PolicyUsageFilter, "policyUsageFilter", types.PolicyUsageType("").Values()); err != nil {
		return nil, err
	}
	prefix, err := pathPrefix(in.PathPrefix)
	if err != nil {
		return nil, err
	}
	var all []listed
	for _, p := range inScope(tx, in.Scope) {
		if strings.HasPrefix(p.Path, prefix) && used(tx, p.arn, in.OnlyAttached, in.PolicyUsageFilter) {
			all = append(all, p)
		}
	}
	p, err := paged(all, in.Marker, in.MaxItems, func(p listed) string { return p.arn })
	if err != nil {
		return nil, err
	}
	return &iam.ListPoliciesOutput{IsTruncated: p.truncated, Marker: p.marker,
		Policies: each(tx, p.rows, func(tx *store.Tx, p listed) types.Policy { return showPolicy(tx, p.ManagedPolicy, p.arn) })}, nil
}

// inScope are the policies of the account, of AWS or both, in the order of their ARNs.
func inScope(tx *store.Tx, scope types.PolicyScopeType) (all []listed) {
	if scope != types.PolicyScopeTypeAws {
		for p := range store.ManagedPolicies.All(tx) {
			all = append(all, listed{p, p.ARN(tx.Scope())})
		}
	}
	if scope != types.PolicyScopeTypeLocal {
		for _, p := range identity.AWSManaged(tx.Scope().Partition()) {
			all = append(all, listed{p, identity.AWSManagedARN(tx.Scope().Partition(), p)})
		}
	}
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.arn, b.arn) })
	return all
}

// used reports whether a policy is used as a list asks for.
func used(tx *store.Tx, arn string, attachedOnly bool, usage types.PolicyUsageType) bool {
	if !attachedOnly && usage == "" {
		return true
	}
	attached, bounds := uses(tx, arn)
	switch usage {
	case types.PolicyUsageTypePermissionsPolicy:
		return attached > 0
	case types.PolicyUsageTypePermissionsBoundary:
		return bounds > 0
	}
	return attached > 0
}

func createPolicyVersion(tx *store.Tx, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	p, _, err := customer(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	doc, err := policyDocument(in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	if len(p.Versions) >= maxVersions {
		return nil, &types.LimitExceededException{Message: say("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)}
	}
	p.Last++
	v := model.PolicyVersion{ID: fmt.Sprint("v", p.Last), Document: doc, Created: tx.Now()}
	p.Versions, p.Updated = append(slices.Clone(p.Versions), v), tx.Now()
	if in.SetAsDefault {
		p.Default = v.ID
	}
	store.ManagedPolicies.Put(tx, p)
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &types.PolicyVersion{VersionId: &v.ID, IsDefaultVersion: in.SetAsDefault, CreateDate: seconds(v.Created)}}, nil
}

// version returns the version of p that a request names.
func version(p model.ManagedPolicy, arn string, id *string) (model.PolicyVersion, error) {
	want, err := required(id, "versionId")
	if err != nil {
		return model.PolicyVersion{}, err
	}
	v, ok := p.Version(want)
	if !ok {
		return v, noSuch("Policy %s version %s does not exist or is not attachable.", arn, want)
	}
	return v, nil
}

func getPolicyVersion(tx *store.Tx, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, arn, err := managed(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := version(p, arn, in.VersionId)
	if err != nil {
		return nil, err
	}
	return &iam.GetPolicyVersionOutput{PolicyVersion: &types.PolicyVersion{VersionId: &v.ID, Document: encoded(v.Document),
		IsDefaultVersion: v.ID == p.Default, CreateDate: seconds(v.Created)}}, nil
}

func deletePolicyVersion(tx *store.Tx, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	p, arn, err := customer(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := version(p, arn, in.VersionId)
	if err != nil {
		return nil, err
	}
	if v.ID == p.Default {
		return nil, conflict("Cannot delete the default version of a policy.")
	}
	p.Versions = slices.DeleteFunc(slices.Clone(p.Versions), func(o model.PolicyVersion) bool { return o.ID == v.ID })
	store.ManagedPolicies.Put(tx, p)
	return &iam.DeletePolicyVersionOutput{}, nil
}

// listPolicyVersions answers the newest first, as AWS does.
func listPolicyVersions(tx *store.Tx, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	m, _, err := managed(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	all := slices.Clone(m.Versions)
	slices.Reverse(all)
	at := func(v model.PolicyVersion) string { // descending
		return fmt.Sprint(100 + slices.IndexFunc(all, func(o model.PolicyVersion) bool { return o.ID == v.ID }))
	}
	p, err := paged(all, in.Marker, in.MaxItems, at)
	if err != nil {
		return nil, err
	}
	return &iam.ListPolicyVersionsOutput{IsTruncated: p.truncated, Marker: p.marker, Versions: each(tx, p.rows, func(_ *store.Tx, v model.PolicyVersion) types.PolicyVersion {
		return types.PolicyVersion{VersionId: &v.ID, IsDefaultVersion: v.ID == m.Default, CreateDate: seconds(v.Created)}
	})}, nil
}

func setDefaultPolicyVersion(tx *store.Tx, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	p, arn, err := customer(tx, in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := version(p, arn, in.VersionId)
	if err != nil {
		return nil, err
	}
	p.Default = v.ID
	store.ManagedPolicies.Put(tx, p)
	return &iam.SetDefaultPolicyVersionOutput{}, nil
}
