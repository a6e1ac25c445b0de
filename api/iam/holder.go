package iam

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// holder is a user, group or role as far as its policies go.
type holder struct {
	kind, name string
	grants     model.Grants
	most       int    // characters of all inline policies together
	quota      string // of attached policies
	put        func(model.Grants)
}

// find returns the holder that a request names. change says that it is to be changed.
type find func(tx *store.Tx, name *string, change bool) (holder, error)

// The sizes are AWS's quotas: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func ofUser(tx *store.Tx, name *string, _ bool) (holder, error) {
	u, err := user(tx, name)
	return holder{"user", u.Name, u.Grants, 2048, "PoliciesPerUser", func(g model.Grants) { u.Grants = g; store.Users.Put(tx, u) }}, err
}

func ofGroup(tx *store.Tx, name *string, _ bool) (holder, error) {
	g, err := group(tx, name)
	return holder{"group", g.Name, g.Grants, 5120, "PoliciesPerGroup", func(n model.Grants) { g.Grants = n; store.UserGroups.Put(tx, g) }}, err
}

func ofRole(tx *store.Tx, name *string, change bool) (holder, error) {
	get := role
	if change {
		get = ownRole
	}
	r, err := get(tx, name)
	return holder{"role", r.Name, r.Grants, 10240, "PoliciesPerRole", func(g model.Grants) { r.Grants = g; store.Roles.Put(tx, r) }}, err
}

// maxAttached is how many managed policies a user, group or role may have.
const maxAttached = 10

// attach gives the holder a managed policy. It changes nothing where it has it.
func (f find) attach(tx *store.Tx, name, arn *string) error {
	h, err := f(tx, name, true)
	if err != nil {
		return err
	}
	want, err := policyARN(arn)
	if err != nil {
		return err
	}
	p, _, err := managed(tx, arn)
	switch {
	case err != nil:
		return noSuch("Policy %s does not exist or is not attachable.", want)
	case strings.HasPrefix(p.Path, linkedPath):
		return &types.PolicyNotAttachableException{Message: say("Cannot attach a Service Role Policy to a Customer Role.")}
	case slices.Contains(h.grants.Attached, want):
		return nil
	case len(h.grants.Attached) >= maxAttached:
		return quota(h.quota, maxAttached)
	}
	h.grants.Attached = append(slices.Clone(h.grants.Attached), want)
	h.put(h.grants)
	return nil
}

func (f find) detach(tx *store.Tx, name, arn *string) error {
	h, err := f(tx, name, true)
	if err != nil {
		return err
	}
	want, err := policyARN(arn)
	if err != nil {
		return err
	}
	if !slices.Contains(h.grants.Attached, want) {
		return noSuch("Policy %s was not found.", want)
	}
	h.grants.Attached = slices.DeleteFunc(slices.Clone(h.grants.Attached), func(a string) bool { return a == want })
	h.put(h.grants)
	return nil
}

// attached answers a page of the holder's managed policies.
func (f find) attached(tx *store.Tx, name, prefix, marker *string, max *int32) (l list[types.AttachedPolicy], err error) {
	h, err := f(tx, name, false)
	if err != nil {
		return l, err
	}
	below, err := pathPrefix(prefix)
	if err != nil {
		return l, err
	}
	var all []types.AttachedPolicy
	for _, arn := range h.grants.Attached {
		if p, ok := identity.Policy(tx, arn); ok && strings.HasPrefix(p.Path, below) {
			all = append(all, types.AttachedPolicy{PolicyArn: &arn, PolicyName: &p.Name})
		}
	}
	key := func(a types.AttachedPolicy) string { return *a.PolicyName + "\x00" + *a.PolicyArn }
	slices.SortFunc(all, func(a, b types.AttachedPolicy) int { return strings.Compare(key(a), key(b)) })
	return paged(all, marker, max, key)
}

// inline finds one of the holder's inline policies.
func (h holder) inline(name *string) (int, string, error) {
	n, err := required(name, "policyName")
	if err != nil {
		return -1, "", err
	}
	i := slices.IndexFunc(h.grants.Inline, func(in model.Inline) bool { return in.Name == n })
	if i < 0 {
		return -1, n, noSuch("The %s policy with name %s cannot be found.", h.kind, n)
	}
	return i, n, nil
}

// write puts an inline policy, in place of one with its name.
func (f find) write(tx *store.Tx, holderName, policyName, doc *string) error {
	h, err := f(tx, holderName, true)
	if err != nil {
		return err
	}
	n, err := name(policyName, "policyName", 128)
	if err != nil {
		return err
	}
	text, err := document(policy.Identity, doc, "policyDocument")
	if err != nil {
		return err
	}
	all := slices.DeleteFunc(slices.Clone(h.grants.Inline), func(in model.Inline) bool { return in.Name == n })
	all = append(all, model.Inline{Name: n, Document: text})
	size := 0
	for _, in := range all {
		size += policy.Size(in.Document)
	}
	if size > h.most {
		return &types.LimitExceededException{Message: say("Maximum policy size of %d bytes exceeded for %s %s", h.most, h.kind, h.name)}
	}
	slices.SortFunc(all, func(a, b model.Inline) int { return strings.Compare(a.Name, b.Name) })
	h.grants.Inline = all
	h.put(h.grants)
	return nil
}

// read returns the holder's name, the policy's and its document, encoded.
func (f find) read(tx *store.Tx, name, policyName *string) (who, what, doc *string, err error) {
	h, err := f(tx, name, false)
	if err != nil {
		return nil, nil, nil, err
	}
	i, n, err := h.inline(policyName)
	if err != nil {
		return nil, nil, nil, err
	}
	return &h.name, &n, encoded(h.grants.Inline[i].Document), nil
}

func (f find) remove(tx *store.Tx, name, policyName *string) error {
	h, err := f(tx, name, true)
	if err != nil {
		return err
	}
	i, _, err := h.inline(policyName)
	if err != nil {
		return err
	}
	h.grants.Inline = slices.Delete(slices.Clone(h.grants.Inline), i, i+1)
	h.put(h.grants)
	return nil
}

// names answers a page of the names of the holder's inline policies.
func (f find) names(tx *store.Tx, name, marker *string, max *int32) (l list[string], err error) {
	h, err := f(tx, name, false)
	if err != nil {
		return l, err
	}
	var all []string
	for _, in := range h.grants.Inline {
		all = append(all, in.Name)
	}
	return paged(all, marker, max, func(s string) string { return s })
}
