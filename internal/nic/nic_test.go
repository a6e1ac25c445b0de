package nic

import (
	"errors"
	"net/netip"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

var here = model.Scope{Account: "1", Region: "r"}

// in runs fn in a region with one small subnet.
func in(t *testing.T, fn func(*store.Tx)) {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	err = s.Update(here, func(tx *store.Tx) error {
		for _, sc := range []model.Scope{here, {Account: "2", Region: "r"}} {
			store.Regions.Put(tx.In(sc), model.Region{})
			store.Subnets.Put(tx.In(sc), model.Subnet{ID: "subnet-1", VPC: "vpc-1", CIDR: "10.0.0.16/28", Zone: "a"})
			store.SecurityGroups.Put(tx.In(sc), model.SecurityGroup{ID: "sg-1", VPC: "vpc-1", Name: "default"})
		}
		fn(tx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func make1(t *testing.T, tx *store.Tx, n model.NetworkInterface) model.NetworkInterface {
	t.Helper()
	n.Subnet = "subnet-1"
	n, err := New(tx, n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestANewInterfaceHasWhatItNeeds(t *testing.T) {
	in(t, func(tx *store.Tx) {
		n := make1(t, tx, model.NetworkInterface{Instance: "i-1"})
		if n.VPC != "vpc-1" || n.Zone != "a" || n.IP != "10.0.0.20" || len(n.Groups) != 1 || n.Groups[0] != "sg-1" || n.Created.IsZero() {
			t.Errorf("got %+v", n)
		}
		if !regexp.MustCompile(`^eni-[0-9a-f]{17}$`).MatchString(n.ID) || !regexp.MustCompile(`^0a(:[0-9a-f]{2}){5}$`).MatchString(n.MAC) {
			t.Errorf("got %s, %s", n.ID, n.MAC)
		}
		if row, ok := Primary(tx, "i-1"); !ok || row.ID != n.ID {
			t.Errorf("got %+v", row)
		}
	})
}

func TestTheAddressesOfASubnetGoRound(t *testing.T) {
	in(t, func(tx *store.Tx) {
		s, _ := store.Subnets.Get(tx, "subnet-1")
		if n := Free(tx, s); n != 11 { // 16, less four and the last one
			t.Errorf("%d are free", n)
		}
		for range 10 {
			make1(t, tx, model.NetworkInterface{Task: "t"})
		}
		first := make1(t, tx, model.NetworkInterface{Task: "u", IP: "10.0.0.30"})
		if _, err := New(tx, model.NetworkInterface{Subnet: "subnet-1"}); !errors.Is(err, ErrFull) || Free(tx, s) != 0 {
			t.Errorf("got %v", err)
		}
		Release(tx, "u")
		if n := make1(t, tx, model.NetworkInterface{}); n.IP != first.IP {
			t.Errorf("got %s", n.IP)
		}
	})
}

func TestAnAddressCanBeAskedFor(t *testing.T) {
	in(t, func(tx *store.Tx) {
		for _, c := range []struct {
			ip   string
			want error
		}{{"10.0.0.20", nil}, {"10.0.0.20", ErrInUse}, {"10.0.0.19", ErrOutside}, {"10.0.0.31", ErrOutside}, {"10.0.0.30", nil}, {"10.0.1.20", ErrOutside}, {"::1", ErrOutside}, {"x", ErrOutside}} {
			if _, err := New(tx, model.NetworkInterface{Subnet: "subnet-1", IP: c.ip}); !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.ip, err, c.want)
			}
		}
		if _, err := New(tx, model.NetworkInterface{Subnet: "subnet-2"}); !errors.Is(err, ErrNoSubnet) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPublicAddressesAreTheMachines(t *testing.T) {
	pool := netip.MustParsePrefix("127.66.0.0/29") // .1 to .6
	in(t, func(tx *store.Tx) {
		other := tx.In(model.Scope{Account: "2", Region: "r"})
		for at, want := range []string{"127.66.0.1", "127.66.0.2", "127.66.0.3", "127.66.0.4", "127.66.0.5", "127.66.0.6", ""} {
			a, ok := Public(tx, pool)
			if a != want || ok != (want != "") {
				t.Errorf("got %s, want %s", a, want)
			}
			scope := tx
			if at == 1 {
				scope = other
			}
			if ok {
				make1(t, scope, model.NetworkInterface{Task: a, Public: a})
			}
		}
		Release(other, "127.66.0.2")
		Release(tx, "127.66.0.5")
		for _, want := range []string{"127.66.0.2", "127.66.0.5"} {
			if a, _ := Public(tx, pool); a != want {
				t.Errorf("got %s, want %s", a, want)
			}
		}
	})
	if _, ok := Public(nil, netip.Prefix{}); ok {
		t.Error("an address of no pool")
	}
}
