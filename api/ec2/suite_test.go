package ec2

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/smithy-go"
)

var home = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is the service over a store of its own.
type world struct {
	t     testing.TB
	store *store.Store
	hosts netip.Prefix
	vault *vault.Vault
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Update(home, func(tx *store.Tx) error {
		handler.Open(tx)
		store.InstanceProfiles.Put(tx.In(home.Global()), model.InstanceProfile{Name: "ecsInstanceRole", Path: "/", ID: "AIPAEXAMPLE"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return &world{t, s, netip.MustParsePrefix("127.66.0.0/24"), vault.New(vault.NewKey())}
}

// call runs one operation and returns its answer.
func call[Out, In any](w *world, op string, in *In) (*Out, error) {
	out, err := Service(w.store, Options{Hosts: w.hosts, Vault: w.vault}).Ops[op].Do(context.Background(), wire.Call{Scope: home}, in)
	if err != nil {
		return nil, err
	}
	return out.(*Out), nil
}

// run launches n instances and returns them.
func (w *world) run(n int32, change func(*RunInstancesInput)) []Instance {
	w.t.Helper()
	out, err := call[RunInstancesOutput](w, "RunInstances", asked(n, change))
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Instances
}

// asked is a request for n instances.
func asked(n int32, change func(*RunInstancesInput)) *RunInstancesInput {
	in := &RunInstancesInput{ImageId: ptr("ami-0123456789abcdef0"), InstanceType: ptr("t3.medium"), MinCount: &n, MaxCount: &n}
	if change != nil {
		change(in)
	}
	return in
}

// set changes a row as the control loop would.
func (w *world) set(id string, change func(*model.Instance)) {
	w.t.Helper()
	err := w.store.Update(home, func(tx *store.Tx) error {
		i, ok := store.Instances.Get(tx, id)
		if !ok {
			return errors.New("no instance " + id)
		}
		change(&i)
		store.Instances.Put(tx, i)
		if i.State == "terminated" {
			nic.Release(tx, id)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) row(id string) (i model.Instance) {
	w.t.Helper()
	_ = w.store.View(home, func(tx *store.Tx) error {
		i, _ = store.Instances.Get(tx, id)
		return nil
	})
	return i
}

func (w *world) subnet(zone string) (found model.Subnet) {
	_ = w.store.View(home, func(tx *store.Tx) error {
		for s := range store.Subnets.All(tx) {
			if s.Zone == zone {
				found = s
			}
		}
		return nil
	})
	return found
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func encoded(s string) *string { return ptr(base64.StdEncoding.EncodeToString([]byte(s))) }

func (w *world) putSubnet(s model.Subnet) {
	w.t.Helper()
	err := w.store.Update(home, func(tx *store.Tx) error { store.Subnets.Put(tx, s); return nil })
	if err != nil {
		w.t.Fatal(err)
	}
}
