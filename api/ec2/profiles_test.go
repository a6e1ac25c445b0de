package ec2

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestProfilesOfInstances(t *testing.T) {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	sc := model.Scope{Account: "000000000000", Region: "us-east-1"}
	const id, gone = "i-00000000000000001", "i-00000000000000002"
	err = s.Update(sc, func(tx *store.Tx) error {
		store.Instances.Put(tx, model.Instance{ID: id, State: "running"})
		store.Instances.Put(tx, model.Instance{ID: gone, State: "terminated"})
		for _, name := range []string{"one", "two"} {
			store.InstanceProfiles.Put(tx.In(sc.Global()), model.InstanceProfile{Name: name, Path: "/", ID: "AIPA" + name})
		}
		fails := func(rule, code string, err error) {
			t.Helper()
			var e *wire.Error
			if !errors.As(err, &e) || e.Code != code {
				t.Errorf("%s: got %v, want %s", rule, err, code)
			}
		}
		give := func(instance string, p *ProfileSpecification) (*ProfileAssociationOutput, error) {
			return associateIamInstanceProfile(tx, &AssociateIamInstanceProfileInput{&instance, p})
		}
		named := func(name string) *ProfileSpecification { return &ProfileSpecification{Name: &name} }
		all := func() []ProfileAssociation {
			out, err := describeIamInstanceProfileAssociations(tx, &DescribeIamInstanceProfileAssociationsInput{})
			if err != nil {
				t.Fatal(err)
			}
			return out.IamInstanceProfileAssociations
		}
		_, err := give(id, named("three"))
		fails("a profile that is not there", "InvalidParameterValue", err)
		_, err = give(id, &ProfileSpecification{Arn: ptr("arn:aws:iam::111122223333:instance-profile/one")})
		fails("one of another account", "InvalidParameterValue", err)
		_, err = give(id, nil)
		fails("none", "MissingParameter", err)
		_, err = give(gone, named("one"))
		fails("an instance that ended", "IncorrectInstanceState", err)
		first, err := give(id, named("one"))
		if err != nil || first.IamInstanceProfileAssociation.IamInstanceProfile != (Profile{sc.IAM("instance-profile/one"), "AIPAone"}) {
			t.Fatalf("got %+v, %v", first, err)
		}
		_, err = give(id, named("two"))
		fails("a second profile", "IncorrectState", err)
		was := first.IamInstanceProfileAssociation.AssociationId
		next, err := replaceIamInstanceProfileAssociation(tx, &ReplaceIamInstanceProfileAssociationInput{&was, named("two")})
		if err != nil || next.IamInstanceProfileAssociation.AssociationId == was {
			t.Fatalf("got %+v, %v", next, err)
		}
		if got := all(); len(got) != 1 || got[0].State != "associated" || got[0].IamInstanceProfile.Id != "AIPAtwo" {
			t.Errorf("got %+v", got)
		}
		_, err = disassociateIamInstanceProfile(tx, &DisassociateIamInstanceProfileInput{&was})
		fails("an association that was replaced", "InvalidAssociationID.NotFound", err)
		if _, err := disassociateIamInstanceProfile(tx, &DisassociateIamInstanceProfileInput{&next.IamInstanceProfileAssociation.AssociationId}); err != nil || len(all()) != 0 {
			t.Errorf("got %v, %v", all(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
