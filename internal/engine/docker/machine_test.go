package docker_test

import (
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/engine/runtimetest"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/docker/docker/api/types/container"
)

// private is a network that no other run of these tests uses.
var private = engine.VPC{Scope: runtimetest.Scope, ID: "vpc-0123456789abcdef0",
	CIDR: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(200 + os.Getpid()/200%50), byte(os.Getpid() % 200), 0}), 24)}

// open4 lets everything through.
var open4 = engine.Firewall{In: everything, Out: everything}

var everything = []engine.Pass{{Protocol: -1, Peers: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}}

// machine is the n-th instance of the network.
func machine(n int) engine.Host { return machineIn(private, n) }

func machineIn(v engine.VPC, n int) engine.Host {
	return engine.Host{VPC: v, ID: fmt.Sprintf("i-%017d", n), Name: fmt.Sprint("machine-", n), NIC: nicIn(v, 10+n)}
}

// nicIn is an interface with the n-th address of a network.
func nicIn(v engine.VPC, n int) engine.NIC {
	ip := v.CIDR.Masked().Addr().As4()
	ip[3] = byte(n)
	return engine.NIC{ID: "eni-" + ids.Hex(17), IP: netip.AddrFrom4(ip), MAC: fmt.Sprintf("0a:58:00:00:00:%02x", n), Firewall: open4}
}

// raise makes the machines stand.
func raise(t testing.TB, r *docker.Runtime, hs ...engine.Host) {
	t.Helper()
	for _, h := range hs {
		if err := r.RaiseHost(t.Context(), h); err != nil {
			t.Fatal(err)
		}
	}
}

var given atomic.Int32 // ports and addresses

// port is a host port that no other container of these tests has.
func port() int { return 49153 + int(given.Add(1)) }

// address is the number of an address that no other task of these tests has, nor had lately.
func address() int { return 50 + int(given.Add(1))%200 }

// A daemon that is killed may have started a machine's container, and told it nothing yet.
func TestAMachineThatWasNotToldAnythingIsMadeWhatItIsToBe(t *testing.T) {
	g := vpcs(t)
	a := at(vpc("a"), 5, open80("0.0.0.0/0"))
	g.raise(a)
	g.r.Close()
	if err := g.cli.ContainerRestart(t.Context(), g.machine(a), container.StopOptions{Timeout: new(0)}); err != nil {
		t.Fatal(err)
	}
	g.r = g.open()
	g.raise(a)
	g.serve(a)
	if got := g.ask(a, noAddr, "/healthz"); got == "" {
		t.Error("it does not answer")
	}
}
