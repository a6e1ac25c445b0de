// Package identity finds out which policies apply to who makes a call: the rows of IAM in, policy
// sets out. It decides nothing, and writes nothing.
package identity

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Who is a principal with what IAM says of it.
type Who struct {
	Policies policy.Policies   // Identity and Boundary are set
	Tags     map[string]string // of the user or role: aws:PrincipalTag
}

// lookup returns the identity policies, boundary and tags of the user or role with the ARN. It reports
// whether there is such an entity; a root has no policies and is always there.
func lookup(tx *store.Tx, arn string) (Who, bool) {
	e, ok := find(tx, arn)
	if !ok || e.group {
		return Who{}, false
	}
	if e.root {
		return Who{}, true
	}
	w := Who{Tags: make(map[string]string, len(e.tags))}
	for _, t := range e.tags {
		w.Tags[t.Key] = t.Value
	}
	w.Policies.Identity, w.Policies.Boundary = policy.NewIndex(e.documents...), e.bound
	return w, true
}

// entity is a user, group, role or root, as far as its policies go.
type entity struct {
	root, group bool
	documents   []policy.Named
	bound       *policy.Index
	tags        model.Tags
}

func find(tx *store.Tx, arn string) (entity, bool) {
	a, ok := model.ParseARN(arn)
	if !ok || a.Service != "iam" {
		return entity{}, false
	}
	tx = tx.In(model.Scope{Account: a.Account, Region: tx.Scope().Region}.Global())
	kind, path, _ := strings.Cut(a.Resource, "/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	switch kind {
	case "root":
		return entity{root: true}, true
	case "user":
		u, ok := store.Users.Get(tx, model.User{Name: name}.Key())
		if !ok || u.ARN(tx.Scope()) != arn {
			return entity{}, false
		}
		return entity{documents: append(grants(tx, u.Grants), ofGroups(tx, u.Groups)...), bound: bounded(tx, u.Boundary), tags: u.Tags}, true
	case "role":
		r, ok := store.Roles.Get(tx, model.Role{Name: name}.Key())
		if !ok || r.ARN(tx.Scope()) != arn {
			return entity{}, false
		}
		return entity{documents: grants(tx, r.Grants), bound: bounded(tx, r.Boundary), tags: r.Tags}, true
	case "group":
		g, ok := store.UserGroups.Get(tx, model.Group{Name: name}.Key())
		return entity{group: true, documents: grants(tx, g.Grants)}, ok && g.ARN(tx.Scope()) == arn
	}
	return entity{}, false
}

// Documents returns the identity policies of the user, group or role with the ARN, and its boundary,
// nil for none.
func Documents(tx *store.Tx, arn string) ([]policy.Named, *policy.Index, bool) {
	e, ok := find(tx, arn)
	return e.documents, e.bound, ok && !e.root
}

// TagsOf are the tags of the user or role with the ARN.
func TagsOf(tx *store.Tx, arn string) map[string]string {
	w, _ := lookup(tx, arn)
	return w.Tags
}

// bounded is the permissions boundary with the ARN; nil for none. One that is gone allows nothing.
func bounded(tx *store.Tx, arn string) *policy.Index {
	if arn == "" {
		return nil
	}
	if d, ok := managed(tx, arn, policy.Boundary); ok {
		return policy.NewIndex(d)
	}
	return policy.NewIndex()
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
		if d, err := parse(policy.Identity, in.Document); err == nil {
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
	d, err := parse(kind, v.Document)
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
		d, err := parse(policy.Session, document)
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
	d, err := parse(policy.Trust, r.Trust)
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
	d, err := parse(policy.Resource, document)
	if err != nil {
		return nil, err
	}
	return policy.NewIndex(policy.Named{Name: "resource policy", ARN: arn, Doc: d}), nil
}

// Admits decides whether a resource of another account, which has the ARN and the policy, lets the root of
// tx's account do something. The gate asks roots for nothing, and everybody else the same.
func Admits(tx *store.Tx, action, arn, document string) (policy.Decision, error) {
	on, err := OnResource(arn, document)
	if err != nil {
		return policy.Decision{}, err
	}
	p := policy.Principal{Account: tx.Scope().Account, ARN: tx.Caller().ARN, Role: tx.Caller().Role, ID: tx.Caller().ID}
	if !p.Root() {
		return policy.Decision{Allowed: true}, nil
	}
	all := policy.Policies{Resource: on}
	keys := p.Keys(policy.Caller{Now: tx.Now(), Region: tx.Scope().Region})
	return all.Evaluate(policy.Request{Principal: p, Action: action, Resource: arn, Context: keys}), nil
}

// sealedAt is where the secret of an access key is sealed for.
func sealedAt(sc model.Scope, id string) vault.Place {
	return vault.Place{Scope: sc.Global(), Table: store.AccessKeys.Name(), Key: id}
}

// Seal returns the secret of the access key with the id as its row keeps it.
func Seal(v *vault.Vault, sc model.Scope, id, secret string) []byte {
	return v.Seal(sealedAt(sc, id), []byte(secret))
}

// Secret returns the secret of an access key of sc's account, to verify a signature with.
func Secret(v *vault.Vault, sc model.Scope, k model.AccessKey) (string, error) {
	secret, err := v.Open(sealedAt(sc, k.ID), k.Secret)
	return string(secret), err
}

// Exists reports whether there is a user or role with the ARN.
func Exists(tx *store.Tx, arn string) bool {
	_, ok := lookup(tx, arn)
	return ok
}
