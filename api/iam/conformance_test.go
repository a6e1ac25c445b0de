package iam

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/smithy-go"
)

// strangers are values of members, by name, that fit and name nothing that is there.
var strangers = map[string]string{"UserName": "none", "GroupName": "none", "RoleName": "none", "InstanceProfileName": "none",
	"PolicyArn": "arn:aws:iam::111122223333:policy/none", "PolicySourceArn": "arn:aws:iam::111122223333:user/none",
	"PermissionsBoundary": "arn:aws:iam::111122223333:policy/none", "PolicyName": "p", "VersionId": "v1", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
	"PolicyDocument": allowAll, "Description": "d", "Status": "Active", "DeletionTaskId": "task/none"}

// TestNobodyIsFound calls every operation that names something with names that are not there.
func TestNobodyIsFound(t *testing.T) {
	w := start(t)
	makes := []string{"CreateUser", "CreateGroup", "CreateRole", "CreatePolicy", "CreateInstanceProfile", "CreateServiceLinkedRole"}
	tried := 0
	for name, op := range Service(w.store, Options{Vault: w.vault}).Ops {
		in := op.In()
		if slices.Contains(makes, name) || !estrange(reflect.ValueOf(in).Elem()) {
			continue
		}
		tried++
		_, err := op.Do(context.Background(), wire.Call{Scope: w.scope}, in)
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "NoSuchEntity" {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if tried < 65 {
		t.Errorf("tried %d operations only", tried)
	}
}

// estrange fills an input with strangers, and reports whether it names something.
func estrange(in reflect.Value) (names bool) {
	for i := range in.NumField() {
		f, v := in.Type().Field(i), in.Field(i)
		value, ok := strangers[f.Name]
		switch {
		case ok && v.Kind() == reflect.Pointer:
			v.Set(reflect.ValueOf(&value))
			names = names || strings.HasSuffix(f.Name, "Name") && f.Name != "PolicyName" || strings.HasSuffix(f.Name, "Arn") || strings.HasSuffix(f.Name, "Id")
		case ok:
			v.SetString(value)
		case f.Name == "Tags":
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
			v.Index(0).FieldByName("Key").Set(reflect.ValueOf(new("k")))
			v.Index(0).FieldByName("Value").Set(reflect.ValueOf(new("v")))
		case f.Name == "TagKeys" || f.Name == "ActionNames":
			v.Set(reflect.ValueOf([]string{"ecs:RunTask"}))
		}
	}
	return names
}

// FuzzOperations sends any operation any form: it is answered, and never with a failure of ours.
func FuzzOperations(f *testing.F) {
	f.Add(uint8(0), "UserName=bob&MaxItems=1&Marker=x")
	f.Add(uint8(7), "RoleName=app&AssumeRolePolicyDocument="+url.QueryEscape(tasks))
	f.Add(uint8(20), "PolicyArn=arn:aws:iam::aws:policy/AdministratorAccess&VersionId=v1")
	f.Add(uint8(90), "ActionNames.member.1=a:b&PolicyInputList.member.1="+url.QueryEscape(allowAll)+"&ContextEntries.member.1.ContextKeyName=x")
	s, err := store.Open(filepath.Join(f.TempDir(), "db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	service := Service(s, Options{Vault: vault.New(vault.NewKey())})
	names := slices.Sorted(maps.Keys(service.Ops))
	h := wire.New([]wire.Service{service}, wire.Options{Default: model.Scope{Account: "111122223333", Region: "us-east-1"}})
	f.Fuzz(func(t *testing.T, op uint8, form string) {
		name := names[int(op)%len(names)]
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("Action="+name+"&Version=2010-05-08&"+form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code >= 500 {
			t.Errorf("%s %q: %d %s", name, form, rec.Code, rec.Body)
		}
	})
}
