package iam

import (
	"net/url"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func TestRoles(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	out, err := w.CreateRole(ctx, &iam.CreateRoleInput{RoleName: new("app"), Path: new("/svc/"), AssumeRolePolicyDocument: new(tasks), Description: new("an app"),
		MaxSessionDuration: new(int32(7200)), Tags: []types.Tag{{Key: new("team"), Value: new("web")}}})
	w.must("create", err)
	if doc, _ := url.PathUnescape(*out.Role.AssumeRolePolicyDocument); doc != tasks || *out.Role.AssumeRolePolicyDocument == tasks || *out.Role.MaxSessionDuration != 7200 {
		t.Errorf("got %+v", out.Role)
	}
	_, err = w.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: new("app"), Description: new("the app")})
	w.must("update", err)
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::111122223333:role/svc/app"}}}`
	_, err = w.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: new("app"), PolicyDocument: &trust})
	w.must("trust", err)
	got, err := w.GetRole(ctx, &iam.GetRoleInput{RoleName: new("app")})
	w.must("get", err)
	if doc, _ := url.PathUnescape(*got.Role.AssumeRolePolicyDocument); doc != trust || *got.Role.Description != "the app" || *got.Role.MaxSessionDuration != 7200 {
		t.Errorf("got %+v", got.Role)
	}
	w.profileOf("app")
	refuseAll(t, []refusal{
		{"a role in an instance profile", "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", func() error {
			_, err := w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("app")})
			return err
		}},
		{"a profile with a role", "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", func() error {
			_, err := w.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: new("ip")})
			return err
		}},
		{"a second role in a profile", "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", func() error {
			_, err := w.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: new("ip"), RoleName: new("app")})
			return err
		}},
	})
	_, err = w.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: new("ip"), RoleName: new("app")})
	w.must("remove role", err)
	_, err = w.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: new("ip")})
	w.must("delete profile", err)
	_, err = w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("app")})
	w.must("delete", err)
}

// profileOf makes an instance profile ip with a role, and waits for it as clients do.
func (w *world) profileOf(role string) {
	w.Helper()
	ctx := w.Context()
	_, err := w.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: new("ip")})
	w.must("create profile", err)
	w.must("wait", iam.NewInstanceProfileExistsWaiter(w).Wait(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: new("ip")}, time.Second))
	w.must("wait", iam.NewRoleExistsWaiter(w).Wait(ctx, &iam.GetRoleInput{RoleName: &role}, time.Second))
	_, err = w.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: new("ip"), RoleName: &role})
	w.must("add role", err)
	got, err := w.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: new("ip")})
	w.must("get profile", err)
	if p := got.InstanceProfile; len(p.Roles) != 1 || *p.Roles[0].RoleName != role || *p.Arn != "arn:aws:iam::111122223333:instance-profile/ip" {
		w.Errorf("got %+v", p)
	}
	of, err := w.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: &role})
	w.must("list", err)
	if len(of.InstanceProfiles) != 1 {
		w.Errorf("got %+v", of.InstanceProfiles)
	}
}

func TestServiceLinkedRole(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	out, err := w.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("ecs.amazonaws.com")})
	w.must("create", err)
	if *out.Role.Arn != "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS" {
		t.Errorf("got %s", *out.Role.Arn)
	}
	const only = "Cannot perform the operation on the protected role 'AWSServiceRoleForECS' - this role is only modifiable by AWS"
	refuseAll(t, []refusal{
		{"again", "InvalidInput", "Service role name AWSServiceRoleForECS has been taken in this account, please try a different suffix.", func() error {
			_, err := w.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("ecs.amazonaws.com")})
			return err
		}},
		{"another service's", "InvalidInput", "Drydock does not support service-linked roles of spot.amazonaws.com: only of ecs.amazonaws.com.", func() error {
			_, err := w.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: new("spot.amazonaws.com")})
			return err
		}},
		{"attaching to it", "UnmodifiableEntity", only, func() error {
			_, err := w.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: new("AWSServiceRoleForECS"), PolicyArn: new("arn:aws:iam::aws:policy/AdministratorAccess")})
			return err
		}},
		{"deleting it as a role", "UnmodifiableEntity", only, func() error {
			_, err := w.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: new("AWSServiceRoleForECS")})
			return err
		}},
	})
	region := model.Scope{Account: w.scope.Account, Region: "eu-central-1"}
	change := func(fn func(*store.Tx)) {
		w.must("update", w.store.Update(region, func(tx *store.Tx) error { fn(tx); return nil }))
	}
	change(func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.Clusters.Put(tx, model.Cluster{Name: "web", Status: "ACTIVE"})
	})
	status := func() *iam.GetServiceLinkedRoleDeletionStatusOutput {
		t.Helper()
		out, err := w.DeleteServiceLinkedRole(ctx, &iam.DeleteServiceLinkedRoleInput{RoleName: new("AWSServiceRoleForECS")})
		w.must("delete", err)
		st, err := w.GetServiceLinkedRoleDeletionStatus(ctx, &iam.GetServiceLinkedRoleDeletionStatusInput{DeletionTaskId: out.DeletionTaskId})
		w.must("status", err)
		return st
	}
	if st := status(); st.Status != types.DeletionTaskStatusTypeFailed || st.Reason.RoleUsageList[0].Resources[0] != "arn:aws:ecs:eu-central-1:111122223333:cluster/web" {
		t.Errorf("got %+v", st)
	}
	change(func(tx *store.Tx) { store.Clusters.Put(tx, model.Cluster{Name: "web", Status: "INACTIVE"}) })
	if st := status(); st.Status != types.DeletionTaskStatusTypeSucceeded {
		t.Errorf("got %+v", st)
	}
}
