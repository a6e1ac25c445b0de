package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// simulation is what a call asks the engine: the same engine that the gate asks.
type simulation struct {
	who       policy.Principal
	policies  policy.Policies
	context   policy.Context
	actions   []string
	resources []string
	owner     string // account of resources whose ARNs have none; empty for the caller's
}

// ask is what both simulate calls have in common.
type ask struct {
	actions, resources []string
	documents, bounds  []string
	onResource, caller *string
	owner              *string
	entries            []types.ContextEntry
}

func simulateCustomPolicy(tx *store.Tx, in *iam.SimulateCustomPolicyInput) (*iam.SimulateCustomPolicyOutput, error) {
	if err := refuse(in, "ResourceHandlingOption", "OrderedOrganizationPolicyInputList"); err != nil {
		return nil, err
	}
	if len(in.PolicyInputList) == 0 {
		return nil, missing("policyInputList")
	}
	s, err := newSimulation(tx, ask{in.ActionNames, in.ResourceArns, in.PolicyInputList, in.PermissionsBoundaryPolicyInputList, in.ResourcePolicy, in.CallerArn, in.ResourceOwner, in.ContextEntries}, "")
	if err != nil {
		return nil, err
	}
	p, err := s.run(in.Marker, in.MaxItems)
	return &iam.SimulateCustomPolicyOutput{EvaluationResults: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

// simulatePrincipalPolicy asks with the policies of a user, group or role, and more that are given.
func simulatePrincipalPolicy(tx *store.Tx, in *iam.SimulatePrincipalPolicyInput) (*iam.SimulatePrincipalPolicyOutput, error) {
	if err := refuse(in, "ResourceHandlingOption", "PolicyExclusionList"); err != nil {
		return nil, err
	}
	arn, err := required(in.PolicySourceArn, "policySourceArn")
	if err != nil {
		return nil, err
	}
	s, err := newSimulation(tx, ask{in.ActionNames, in.ResourceArns, in.PolicyInputList, in.PermissionsBoundaryPolicyInputList, in.ResourcePolicy, in.CallerArn, in.ResourceOwner, in.ContextEntries}, arn)
	if err != nil {
		return nil, err
	}
	p, err := s.run(in.Marker, in.MaxItems)
	return &iam.SimulatePrincipalPolicyOutput{EvaluationResults: p.rows, IsTruncated: p.truncated, Marker: p.marker}, err
}

func newSimulation(tx *store.Tx, q ask, source string) (*simulation, error) {
	if len(q.actions) == 0 {
		return nil, missing("actionNames")
	}
	s := &simulation{actions: q.actions, resources: q.resources}
	if len(s.resources) == 0 {
		s.resources = []string{"*"}
	}
	var err error
	if s.owner, err = owner(q.owner); err != nil {
		return nil, err
	}
	if err := s.from(tx, q, source); err != nil {
		return nil, err
	}
	if len(q.bounds) > 0 {
		bounds, err := inputs(policy.Boundary, "PermissionsBoundaryPolicyInputList", q.bounds)
		if err != nil {
			return nil, err
		}
		s.policies.Boundary = policy.NewIndex(bounds...)
	}
	if err := s.principal(tx, q, source); err != nil {
		return nil, err
	}
	if err := s.entries(q.entries); err != nil {
		return nil, err
	}
	return s, s.actionsForm()
}

// owner is the account of a ResourceOwner: its id, or the ARN of somebody in it.
func owner(p *string) (string, error) {
	if p == nil {
		return "", nil
	}
	id := *p
	if a, ok := model.ParseARN(id); ok {
		id = a.Account
	}
	if len(id) != 12 || strings.Trim(id, "0123456789") != "" {
		return "", badInput("Invalid ResourceOwner: %s does not clearly define an account.", *p)
	}
	return id, nil
}

// entries sets the context that is given. A value must be of the type that is said.
func (s *simulation) entries(all []types.ContextEntry) error {
	for _, e := range all {
		key, err := required(e.ContextKeyName, "contextEntries.1.member.contextKeyName")
		if err != nil {
			return err
		}
		if err := enum(e.ContextKeyType, "contextEntries.1.member.contextKeyType", e.ContextKeyType.Values()); err != nil {
			return err
		}
		kind, isList := strings.CutSuffix(string(e.ContextKeyType), "List")
		if len(e.ContextKeyValues) > 1 && !isList && kind != "" {
			return badInput("The context key %s of the type %s has more than one value.", key, kind)
		}
		for _, v := range e.ContextKeyValues {
			if !policy.Is(kind, v) {
				return badInput("The value %s of the context key %s is not of the type %s.", v, key, kind)
			}
		}
		s.context.Set(key, e.ContextKeyValues...)
	}
	return nil
}

func (s *simulation) actionsForm() error {
	for _, a := range s.actions {
		if service, op, ok := strings.Cut(a, ":"); !ok || service == "" || op == "" {
			return badInput("Invalid Entity ARN or action name: %s", a)
		}
	}
	return nil
}

// from collects the identity policies: the source's and those that are given.
func (s *simulation) from(tx *store.Tx, q ask, source string) error {
	given, err := inputs(policy.Identity, "PolicyInputList", q.documents)
	if err != nil {
		return err
	}
	if source == "" {
		s.policies.Identity = policy.NewIndex(given...)
		return nil
	}
	documents, bound, ok := identity.Documents(tx, source)
	if !ok {
		return noSuch("Entity %s cannot be found.", source)
	}
	s.policies.Identity, s.policies.Boundary = policy.NewIndex(append(documents, given...)...), bound
	return nil
}

// inputs are documents of a request, named by the member and their place, as AWS names them.
func inputs(kind policy.Kind, member string, documents []string) (all []policy.Named, err error) {
	for i, text := range documents {
		d, err := policy.Parse(kind, text)
		var m *policy.Malformed
		if errors.As(err, &m) {
			return nil, badInput("Invalid policy in %s.%d: %s", member, i+1, m.Message)
		}
		all = append(all, policy.Named{Name: fmt.Sprintf("%s.%d", member, i+1), Doc: d})
	}
	return all, nil
}

// principal finds out for whom is asked, and the policy of the resource.
func (s *simulation) principal(tx *store.Tx, q ask, source string) error {
	arn := str(q.caller)
	if arn == "" && !strings.Contains(source, ":group/") {
		arn = source
	}
	if arn == "" && str(q.onResource) != "" {
		return badInput("CallerArn must be given with ResourcePolicy.")
	}
	a, ok := model.ParseARN(arn)
	if arn != "" && (!ok || a.Service != "iam" && a.Service != "sts") {
		return badInput("Invalid Entity Arn: %s does not clearly define entity type and name.", arn)
	}
	s.who = policy.Principal{Account: a.Account, ARN: arn}
	if strings.HasPrefix(a.Resource, "role/") {
		s.who.Role = arn
	}
	s.context = s.who.Keys(policy.Caller{Now: tx.Now()})
	for _, key := range []string{"aws:securetransport", "aws:viaawsservice", "aws:principalisawsservice"} {
		delete(s.context, key) // of the request, of which nothing is known
	}
	for k, v := range identity.TagsOf(tx, arn) {
		s.context.Set("aws:PrincipalTag/"+k, v)
	}
	if str(q.onResource) == "" {
		return nil
	}
	on, err := inputs(policy.Resource, "ResourcePolicy", []string{*q.onResource})
	if err != nil {
		return err
	}
	s.policies.Resource = policy.NewIndex(on...)
	return nil
}

// run answers a page of the results: of each action on each resource.
func (s *simulation) run(marker *string, max *int32) (list[types.EvaluationResult], error) {
	type at struct {
		place            int
		action, resource string
	}
	var all []at
	for _, a := range s.actions {
		for _, r := range s.resources {
			all = append(all, at{len(all), a, r})
		}
	}
	p, err := paged(all, marker, max, func(a at) string { return fmt.Sprintf("%09d", a.place) })
	out := list[types.EvaluationResult]{rows: []types.EvaluationResult{}, truncated: p.truncated, marker: p.marker}
	for _, a := range p.rows {
		out.rows = append(out.rows, s.result(a.action, a.resource))
	}
	return out, err
}

// result is what comes of one action on one resource. Of what is denied only the denials are shown. A
// resource that is named has the same again for itself.
//
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
func (s *simulation) result(action, resource string) types.EvaluationResult {
	r := policy.Request{Principal: s.who, Action: action, Resource: resource, Owner: s.owner, Context: s.context}
	d := s.policies.Evaluate(r)
	out := types.EvaluationResult{EvalActionName: &action, EvalResourceName: &resource, EvalDecision: decided(d),
		MatchedStatements: []types.Statement{}, MissingContextValues: s.unknown()}
	for _, x := range []*policy.Index{s.policies.Identity, s.policies.Resource} {
		for _, m := range x.Matched(r) {
			if m.Deny == d.Explicit {
				out.MatchedStatements = append(out.MatchedStatements, statement(m))
			}
		}
	}
	if s.policies.Boundary != nil {
		inside := slices.ContainsFunc(s.policies.Boundary.Matched(r), func(m policy.Match) bool { return !m.Deny })
		out.PermissionsBoundaryDecisionDetail = &types.PermissionsBoundaryDecisionDetail{AllowedByPermissionsBoundary: inside}
	}
	if resource != "*" {
		out.EvalDecisionDetails = s.details(r)
		out.ResourceSpecificResults = []types.ResourceSpecificResult{{EvalResourceName: &resource, EvalResourceDecision: out.EvalDecision,
			MatchedStatements: out.MatchedStatements, MissingContextValues: out.MissingContextValues, PermissionsBoundaryDecisionDetail: out.PermissionsBoundaryDecisionDetail}}
		if len(out.EvalDecisionDetails) > 0 {
			out.ResourceSpecificResults[0].EvalDecisionDetails = out.EvalDecisionDetails
		}
	}
	return out
}

// details is what each side says of a call over accounts, which must both allow; empty within one.
func (s *simulation) details(r policy.Request) map[string]types.PolicyEvaluationDecisionType {
	out := map[string]types.PolicyEvaluationDecisionType{}
	if !r.Abroad() {
		return out
	}
	for side, x := range map[string]*policy.Index{"IAM Policy": s.policies.Identity, "Resource Policy": s.policies.Resource} {
		out[side] = types.PolicyEvaluationDecisionTypeImplicitDeny
		if m := x.Matched(r); len(m) > 0 { // denials come first
			out[side] = decided(policy.Decision{Allowed: !m[0].Deny, Explicit: m[0].Deny})
		}
	}
	return out
}

func decided(d policy.Decision) types.PolicyEvaluationDecisionType {
	switch {
	case d.Allowed:
		return types.PolicyEvaluationDecisionTypeAllowed
	case d.Explicit:
		return types.PolicyEvaluationDecisionTypeExplicitDeny
	}
	return types.PolicyEvaluationDecisionTypeImplicitDeny
}

func statement(m policy.Match) types.Statement {
	return types.Statement{SourcePolicyId: &m.Policy, SourcePolicyType: "IAM Policy",
		StartPosition: &types.Position{Line: int32(m.From.Line), Column: int32(m.From.Column)},
		EndPosition:   &types.Position{Line: int32(m.To.Line), Column: int32(m.To.Column)}}
}

// unknown are the context keys that policies read and nobody gave.
func (s *simulation) unknown() []string {
	out := []string{}
	for _, x := range []*policy.Index{s.policies.Identity, s.policies.Boundary, s.policies.Resource} {
		for _, k := range x.ContextKeys() {
			if _, ok := s.context[k]; !ok && !slices.Contains(out, k) {
				out = append(out, k)
			}
		}
	}
	return out
}

func getContextKeysForCustomPolicy(_ *store.Tx, in *iam.GetContextKeysForCustomPolicyInput) (*iam.GetContextKeysForCustomPolicyOutput, error) {
	if len(in.PolicyInputList) == 0 {
		return nil, missing("policyInputList")
	}
	all, err := inputs(policy.Identity, "PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	return &iam.GetContextKeysForCustomPolicyOutput{ContextKeyNames: policy.NewIndex(all...).ContextKeys()}, nil
}

func getContextKeysForPrincipalPolicy(tx *store.Tx, in *iam.GetContextKeysForPrincipalPolicyInput) (*iam.GetContextKeysForPrincipalPolicyOutput, error) {
	arn, err := required(in.PolicySourceArn, "policySourceArn")
	if err != nil {
		return nil, err
	}
	documents, _, ok := identity.Documents(tx, arn)
	if !ok {
		return nil, noSuch("Entity %s cannot be found.", arn)
	}
	given, err := inputs(policy.Identity, "PolicyInputList", in.PolicyInputList)
	if err != nil {
		return nil, err
	}
	return &iam.GetContextKeysForPrincipalPolicyOutput{ContextKeyNames: policy.NewIndex(append(documents, given...)...).ContextKeys()}, nil
}
