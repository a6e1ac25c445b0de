// Package identity finds out which policies apply to who makes a call: the rows of IAM in, policy
// sets out. It decides nothing, and writes nothing.
package identity

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Who is a principal with what IAM says of it.
type Who struct {
	Policies policy.Policies   // Identity and Boundary are set
	Tags     map[string]string // of the user or role: aws:PrincipalTag
}

// lookup returns the identity policies, boundary and tags of the user or role with the ARN. It reports
// whether there is such an entity; a root has no policies and is always there.
func lookup(tx *store.Tx, arn string) (Who, bool) {
	a, ok := model.ParseARN(arn)
	if !ok || a.Service != "iam" {
		return Who{}, false
	}
	tx = tx.In(model.Scope{Account: a.Account, Region: tx.Scope().Region}.Global())
	kind, path, _ := strings.Cut(a.Resource, "/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch kind {
	case "root":
		return Who{}, true
	case "user":
		u, ok := store.Users.Get(tx, model.User{Name: name}.Key())
		if !ok || u.ARN(tx.Scope()) != arn {
			return Who{}, false
		}
		return newWho(tx, append(grants(tx, u.Grants), ofGroups(tx, u.Groups)...), u.Boundary, u.Tags), true
	case "role":
		r, ok := store.Roles.Get(tx, model.Role{Name: name}.Key())
		if !ok || r.ARN(tx.Scope()) != arn {
			return Who{}, false
		}
		return newWho(tx, grants(tx, r.Grants), r.Boundary, r.Tags), true
	}
	return Who{}, false
}

func newWho(tx *store.Tx, documents []policy.Named, boundary string, tags model.Tags) Who {
	w := Who{Tags: make(map[string]string, len(tags))}
	for _, t := range tags {
		w.Tags[t.Key] = t.Value
	}
	w.Policies.Identity = policy.NewIndex(documents...)
	if boundary == "" {
		return w
	}
	var bound []policy.Named
	if d, ok := managed(tx, boundary, policy.Boundary); ok {
		bound = append(bound, d)
	}
	w.Policies.Boundary = policy.NewIndex(bound...) // one that is gone allows nothing
	return w
}

func ofGroups(tx *store.Tx, names []string) (all []policy.Named) {
	for _, n := range names {
		if g, ok := store.UserGroups.Get(tx, model.Group{Name: n}.Key()); ok {
			all = append(all, grants(tx, g.Grants)...)
		}
	}
	return all
}

// grants are the documents of g. Those that do not parse were not let in.
func grants(tx *store.Tx, g model.Grants) (all []policy.Named) {
	for _, in := range g.Inline {
		if d, err := policy.Parse(policy.Identity, in.Document); err == nil {
			all = append(all, policy.Named{Name: in.Name, Doc: d})
		}
	}
	for _, arn := range g.Attached {
		if d, ok := managed(tx, arn, policy.Identity); ok {
			all = append(all, d)
		}
	}
	return all
}

// Policy returns the managed policy with the ARN, of AWS or of the account.
func Policy(tx *store.Tx, arn string) (model.ManagedPolicy, bool) {
	a, ok := model.ParseARN(arn)
	if !ok || a.Service != "iam" || a.Region != "" {
		return model.ManagedPolicy{}, false
	}
	if a.Account == "aws" {
		return awsPolicy(a)
	}
	sc := model.Scope{Account: a.Account, Region: tx.Scope().Region}.Global()
	name := a.Resource[strings.LastIndexByte(a.Resource, '/')+1:]
	p, ok := store.ManagedPolicies.Get(tx.In(sc), model.ManagedPolicy{Name: name}.Key())
	if !ok || p.ARN(sc) != arn {
		return model.ManagedPolicy{}, false
	}
	return p, true
}

// managed returns the default version of the managed policy with the ARN, to be used as kind.
func managed(tx *store.Tx, arn string, kind policy.Kind) (policy.Named, bool) {
	p, ok := Policy(tx, arn)
	if !ok {
		return policy.Named{}, false
	}
	v, ok := p.Version(p.Default)
	if !ok {
		return policy.Named{}, false
	}
	d, err := policy.Parse(kind, v.Document)
	return policy.Named{Name: p.Name, ARN: arn, Doc: d}, err == nil
}

// Session returns the session policies of a role session: documents that were passed and managed
// policies by ARN. It is nil where none was passed: then the role alone says what the session may.
func Session(tx *store.Tx, document string, arns []string) (*policy.Index, error) {
	if document == "" && len(arns) == 0 {
		return nil, nil
	}
	var all []policy.Named
	if document != "" {
		d, err := policy.Parse(policy.Session, document)
		if err != nil {
			return nil, err
		}
		all = append(all, policy.Named{Name: "session policy", Doc: d})
	}
	for _, arn := range arns {
		if d, ok := managed(tx, arn, policy.Session); ok {
			all = append(all, d)
		}
	}
	return policy.NewIndex(all...), nil
}

// Trust returns who may assume the role.
func Trust(r model.Role, arn string) (*policy.Index, error) {
	d, err := policy.Parse(policy.Trust, r.Trust)
	if err != nil {
		return nil, err
	}
	return policy.NewIndex(policy.Named{Name: r.Name, ARN: arn, Doc: d}), nil
}

// OnResource returns the policy of a resource with the ARN; nil where there is none.
func OnResource(arn, document string) (*policy.Index, error) {
	if document == "" {
		return nil, nil
	}
	d, err := policy.Parse(policy.Resource, document)
	if err != nil {
		return nil, err
	}
	return policy.NewIndex(policy.Named{Name: "resource policy", ARN: arn, Doc: d}), nil
}
