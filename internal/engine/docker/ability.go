package docker

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
)

// trialTimeout is how long the engine may take to show what its kernel can.
const trialTimeout = time.Minute

// labelTrial is on the container that shows it.
const labelTrial = "io.drydock.trial"

// ability says why the engine's machine cannot have VPCs; empty when it can. That it can is
// remembered, for an engine, its kernel and our binary.
func (r *Runtime) ability(ctx context.Context, in system.Info) string {
	ctx, cancel := context.WithTimeout(ctx, trialTimeout)
	defer cancel()
	ref, err := r.EnsureProbe(ctx)
	if err != nil {
		return err.Error()
	}
	key := strings.Join([]string{in.ID, in.KernelVersion, in.ServerVersion, ref}, " ")
	at := filepath.Join(r.dir, "engine-can")
	if had, err := os.ReadFile(at); r.dir != "" && err == nil && string(had) == key {
		return ""
	}
	if err := r.trial(ctx); err != nil {
		return err.Error()
	}
	if r.dir != "" && os.MkdirAll(r.dir, 0o700) == nil {
		_ = os.WriteFile(at, []byte(key), 0o600) // or it is tried again
	}
	return ""
}

// trial makes a namespace with an interface, rules and doors, counts flows in it, and puts another one
// behind it: all that boxes do.
func (r *Runtime) trial(ctx context.Context) error {
	name := "drydock-" + r.owner + "-trial"
	if err := r.dropTrial(ctx, name); err != nil { // an earlier daemon's
		return err
	}
	in, err := r.cli.NetworkInspect(ctx, network.NetworkBridge, network.InspectOptions{})
	if err != nil {
		return err
	}
	b := box{Name: name, Role: netbox.RolePause, Network: network.NetworkBridge, Labels: map[string]string{labelTrial: "true"},
		Config: netbox.Config{Credentials: true, VPC: trialVPC, NICs: []engine.NIC{trialNIC}, Bridge: bridgeBeside(trialVPC)}}
	for _, c := range in.IPAM.Config {
		if p, err := netip.ParsePrefix(c.Subnet); err == nil && p.Addr().Is4() {
			b.Config.Underlay = p
		}
	}
	c, err := r.newBox(ctx, b)
	if err == nil {
		err = c.watch(ctx, time.Second)
	}
	if err == nil {
		_, err = r.newBox(ctx, box{Name: name + behindTrial, Role: netbox.RolePause, Network: "none", Behind: name,
			Labels: b.Labels, Config: netbox.Config{Via: b.Config.Bridge.Addr()}})
	}
	left, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return errors.Join(err, r.dropTrial(left, name))
}

// behindTrial ends the name of the namespace that is behind the other.
const behindTrial = "-behind"

func (r *Runtime) dropTrial(ctx context.Context, name string) error {
	return errors.Join(r.dropBox(ctx, name+behindTrial), r.dropBox(ctx, name))
}

// An interface that nobody reaches.
//
// Source: https://www.rfc-editor.org/rfc/rfc5737
var (
	trialVPC = netip.MustParsePrefix("192.0.2.0/24")
	trialNIC = engine.NIC{ID: "eni-0", IP: netip.MustParseAddr("192.0.2.77"), MAC: "0a:00:00:00:00:4d",
		Firewall: engine.Firewall{Out: []engine.Pass{{Protocol: 6, From: 80, To: 443, Peers: []netip.Prefix{trialVPC}}}}}
)
