package identity

import (
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/policy"
	"github.com/drydock-ecs/drydock/internal/store"
)

var home = model.Scope{Account: "111122223333", Region: "eu-central-1"}

func open(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func write(t testing.TB, s *store.Store, fn func(*store.Tx)) {
	t.Helper()
	if err := s.Update(home.Global(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func allow(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}

// may asks in the caller's region, as a gate does.
func may(t testing.TB, s *store.Store, b *Book, arn, action string) (is bool) {
	t.Helper()
	err := s.View(home, func(tx *store.Tx) error {
		w, ok := b.Of(tx, arn)
		if !ok {
			t.Fatalf("%s is not known", arn)
		}
		is = w.Policies.Evaluate(policy.Request{Principal: policy.Principal{Account: home.Account, ARN: arn}, Action: action}).Allowed
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return is
}

func TestPoliciesOfAUser(t *testing.T) {
	s, b := open(t), &Book{}
	bob := model.User{Name: "bob", Path: "/team/", Groups: []string{"ops"}, Grants: model.Grants{
		Inline: []model.Inline{{Name: "own", Document: allow("ecs:RunTask")}}, Attached: []string{"arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"}}}
	ops := model.Group{Name: "ops", Path: "/", Grants: model.Grants{Attached: []string{"arn:aws:iam::111122223333:policy/p"}}}
	p := model.ManagedPolicy{Name: "p", Path: "/", Default: "v2", Versions: []model.PolicyVersion{{ID: "v1", Document: allow("ec2:*")}, {ID: "v2", Document: allow("logs:*")}}}
	write(t, s, func(tx *store.Tx) {
		store.Users.Put(tx, bob)
		store.UserGroups.Put(tx, ops)
		store.ManagedPolicies.Put(tx, p)
	})
	arn := bob.ARN(home)
	check := func(action string, want bool) {
		t.Helper()
		if got := may(t, s, b, arn, action); got != want {
			t.Errorf("%s: got %v", action, got)
		}
	}
	check("ecs:RunTask", true)            // inline
	check("ssm:GetParameter", true)       // of AWS
	check("logs:CreateLogGroup", true)    // of the group, the default version
	check("ec2:RunInstances", false)      // of a version that is not the default
	check("secretsmanager:Create", false) // nobody's

	p.Default = "v1"
	write(t, s, func(tx *store.Tx) { store.ManagedPolicies.Put(tx, p) })
	check("ec2:RunInstances", true)
	check("logs:CreateLogGroup", false)

	bob.Boundary = p.ARN(home)
	write(t, s, func(tx *store.Tx) { store.Users.Put(tx, bob) })
	check("ecs:RunTask", false)
	check("ec2:RunInstances", true)

	write(t, s, func(tx *store.Tx) { store.Users.Delete(tx, bob.Key()) })
	if err := s.View(home, func(tx *store.Tx) error {
		if _, ok := b.Of(tx, arn); ok {
			t.Error("a user that was deleted is known")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestARNsMustBeWhole(t *testing.T) {
	s := open(t)
	write(t, s, func(tx *store.Tx) {
		store.Roles.Put(tx, model.Role{Name: "app", Path: "/svc/", Tags: model.Tags{{Key: "team", Value: "web"}}})
	})
	if err := s.View(home, func(tx *store.Tx) error {
		for arn, want := range map[string]bool{"arn:aws:iam::111122223333:role/svc/app": true, "arn:aws:iam::111122223333:role/app": false,
			"arn:aws:iam::111122223333:role/svc/App": false, "arn:aws:iam::999922223333:role/svc/app": false, "arn:aws:iam::111122223333:root": true,
			"arn:aws:ecs::111122223333:role/svc/app": false, "x": false} {
			if _, ok := lookup(tx, arn); ok != want {
				t.Errorf("%s: got %v", arn, ok)
			}
		}
		if w, _ := lookup(tx, "arn:aws:iam::111122223333:role/svc/app"); w.Tags["team"] != "web" || w.Policies.Boundary != nil {
			t.Errorf("got %+v", w)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAWSManagedPoliciesParse(t *testing.T) {
	for _, partition := range []string{"aws", "aws-cn"} {
		for _, p := range AWSManaged(partition) {
			v, ok := p.Version(p.Default)
			if !ok {
				t.Errorf("%s has no default version", p.Name)
			}
			if _, err := policy.Parse(policy.Identity, v.Document); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
			a, _ := model.ParseARN(AWSManagedARN(partition, p))
			if got, ok := awsPolicy(a); !ok || got.Name != p.Name {
				t.Errorf("%s is not found by %v", p.Name, a)
			}
		}
	}
}

func BenchmarkOf(b *testing.B) {
	s, book := open(b), &Book{}
	write(b, s, func(tx *store.Tx) {
		store.Roles.Put(tx, model.Role{Name: "app", Path: "/", Grants: model.Grants{Attached: []string{"arn:aws:iam::aws:policy/AmazonECS_FullAccess"}}})
	})
	for b.Loop() {
		if !may(b, s, book, "arn:aws:iam::111122223333:role/app", "ecs:RunTask") {
			b.Fatal("not allowed")
		}
	}
}
