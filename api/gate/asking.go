package gate

import (
	"reflect"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// rule is what an operation asks permission for: its own action on every resource that it touches.
type rule struct {
	free   bool                      // no permission is needed
	on     func(a *asking) []string  // ARNs; nil where the action has no resources
	keys   []func(a *asking)         // condition keys besides the global ones and tags
	more   func(a *asking) []string  // further actions on the same resources
	tagged string                    // the action that tags given at creation need too
	tags   func(a *asking) []string  // on what, where that is not what on says
	passes func(a *asking) []passing // roles that are handed on
	trust  func(a *asking) *model.Role
	also   func(a *asking) []need // other actions on other resources
}

// need is one permission.
type need struct {
	action, resource string
	keys             policy.Context
	trust            *model.Role
	denial           *refusal // how its lack is told; nil as any other
}

// passing is a role that is handed to a service, to be used with what.
type passing struct {
	role, to string
	with     []string
}

// keys are the condition keys of iam:PassRole.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#available-keys-for-iam
func (p passing) keys() policy.Context {
	c := policy.Context{}
	c.Set("iam:PassedToService", p.to)
	c.Set("iam:AssociatedResourceArn", p.with...)
	return c
}

// asking is one call as its rule looks at it.
type asking struct {
	tx      *store.Tx
	service string
	call    wire.Call
	sc      model.Scope
	in      reflect.Value
	keys    policy.Context
	vault   *vault.Vault // opens the parameters that a call names images by
	denial  refusal      // how a denial is told
}

func (g *gate) newAsking(tx *store.Tx, service string, c wire.Call, in any) *asking {
	return &asking{tx: tx, service: service, call: c, sc: c.Scope, in: reflect.ValueOf(in), keys: policy.Context{}, vault: g.Vault, denial: denied}
}

// needs are the permissions that the call must have, in the order in which they are asked for.
func (a *asking) needs(r rule) (all []need) {
	tags := a.requestTags()
	for _, set := range r.keys {
		set(a)
	}
	var resources []string
	if r.on != nil {
		resources = r.on(a)
	}
	if len(resources) == 0 { // the operation itself says what is missing, to who may call it
		resources = []string{"*"}
	}
	for _, action := range a.actions(r) {
		for _, arn := range resources {
			all = append(all, a.on(r, action, arn))
		}
	}
	if r.tagged != "" && tags {
		if r.tags != nil {
			resources = r.tags(a)
		}
		created := a.keys.With(policy.Context{a.prefix() + "createaction": {a.call.Operation}})
		for _, arn := range resources {
			all = append(all, need{action: r.tagged, resource: arn, keys: created})
		}
	}
	if r.also != nil {
		all = append(all, r.also(a)...)
	}
	if r.passes != nil {
		for _, p := range r.passes(a) {
			all = append(all, need{action: "iam:PassRole", resource: p.role, keys: p.keys()})
		}
	}
	return all
}

// actions are what is done to the resources.
func (a *asking) actions(r rule) []string {
	actions := []string{a.prefix() + a.call.Operation}
	if r.more != nil {
		actions = append(actions, r.more(a)...)
	}
	return actions
}

// on is the permission to act on one resource, whose tags and policy count.
func (a *asking) on(r rule, action, arn string) need {
	n := need{action: action, resource: arn, keys: a.keys.With(a.resourceTags(arn))}
	if r.trust != nil {
		n.trust = r.trust(a)
	}
	return n
}

// prefix is how the actions of the service begin.
func (a *asking) prefix() string { return a.service + ":" }

// requestTags sets the keys of the tags in the request, and reports whether there are any.
func (a *asking) requestTags() bool {
	var names []string
	for _, member := range [...]string{"Tags", "TagSpecifications.Tags"} {
		for _, t := range a.values(member) {
			if t.Kind() != reflect.Struct {
				continue
			}
			k, v := text(t.FieldByName("Key")), text(t.FieldByName("Value"))
			names = append(names, k)
			a.keys.Set("aws:RequestTag/"+k, v)
		}
	}
	if m := a.field("Tags"); m.IsValid() && m.Kind() == reflect.Map {
		for it := m.MapRange(); it.Next(); {
			names = append(names, it.Key().String())
			a.keys.Set("aws:RequestTag/"+it.Key().String(), text(it.Value()))
		}
	}
	found := len(names) > 0
	names = append(names, a.texts("TagKeys")...)
	a.keys.Set("aws:TagKeys", names...)
	return found
}

// text reads one member; empty when it is not given.
func (a *asking) text(member string) string {
	if all := a.texts(member); len(all) > 0 {
		return all[0]
	}
	return ""
}

// texts reads a member that is a text or a list of them, or that stands in a list: "Overrides.Name".
func (a *asking) texts(member string) (all []string) {
	for _, v := range a.values(member) {
		if s := text(v); s != "" {
			all = append(all, s)
		}
	}
	return all
}

func (a *asking) field(name string) reflect.Value {
	v := deref(a.in)
	if !v.IsValid() || v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	return deref(v.FieldByName(name))
}

// values follows a dotted path through structs and lists. What a type does not have is not there.
func (a *asking) values(path string) []reflect.Value {
	at := []reflect.Value{a.in}
	for name := range strings.SplitSeq(path, ".") {
		var next []reflect.Value
		for _, v := range at {
			if v = deref(v); v.IsValid() && v.Kind() == reflect.Struct {
				next = spread(next, v.FieldByName(name))
			}
		}
		at = next
	}
	return at
}

// spread adds v, or its elements.
func spread(to []reflect.Value, v reflect.Value) []reflect.Value {
	v = deref(v)
	switch {
	case !v.IsValid():
		return to
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			to = spread(to, v.Index(i))
		}
		return to
	}
	return append(to, v)
}

func deref(v reflect.Value) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	return v
}

// text is a string, or nothing.
func text(v reflect.Value) string {
	if v = deref(v); v.IsValid() && v.Kind() == reflect.String {
		return v.String()
	}
	return ""
}
