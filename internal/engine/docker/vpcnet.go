package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// labelCIDR is the VPC's own CIDR, on its network.
const labelCIDR = "io.drydock.cidr"

// segment is the engine's network of a VPC: what boxes in it are made of.
type segment struct {
	Network string // its name on the engine
	// Link has Underlay, VPC, Router and Keep, as the Config of each box in it begins.
	Link netbox.Config
}

// networks are those of this owner that are known to be there.
type networks struct {
	choosing sync.Mutex // held by who picks a subnet

	mu      sync.Mutex
	vpcs    map[string]segment // by name
	pending []netip.Prefix     // subnets of networks that are being made
}

// vpcName is the name of the network of a VPC. Ids of VPCs are one account's and region's own.
func (r *Runtime) vpcName(sc model.Scope, id string) string {
	return "drydock-" + r.owner + "-" + sc.Account + "-" + sc.Region + "-" + id
}

// vpcNet returns the network of a VPC, and makes it where it does not exist.
func (r *Runtime) vpcNet(ctx context.Context, v engine.VPC) (segment, error) {
	name := r.vpcName(v.Scope, v.ID)
	r.networks.mu.Lock()
	s, ok := r.networks.vpcs[name]
	r.networks.mu.Unlock()
	if ok {
		return s, nil
	}
	done, err := r.turns.take(ctx, name)
	if err != nil {
		return segment{}, err
	}
	defer done()
	in, err := r.cli.NetworkInspect(ctx, name, network.InspectOptions{})
	if cerrdefs.IsNotFound(err) {
		in, err = r.makeVPC(ctx, v, name)
	}
	if err != nil {
		return segment{}, named(engine.CannotCreate, err)
	}
	if s, err = r.segmentOf(in, v.CIDR); err != nil {
		return segment{}, err
	}
	r.networks.mu.Lock()
	defer r.networks.mu.Unlock()
	if r.networks.vpcs == nil {
		r.networks.vpcs = map[string]segment{}
	}
	r.networks.vpcs[name] = s
	return s, nil
}

// segmentOf reads a network of ours.
func (r *Runtime) segmentOf(in network.Inspect, cidr netip.Prefix) (segment, error) {
	subnet, gateway, err := r.subnetOf(in)
	return segment{Network: in.Name, Link: netbox.Config{Underlay: subnet, VPC: cidr, Router: gateway, Keep: subnet != cidr.Masked()}}, err
}

// subnetOf reads the subnet of a network of ours, and the engine's address in it.
func (r *Runtime) subnetOf(in network.Inspect) (subnet netip.Prefix, gateway netip.Addr, err error) {
	if in.Labels[labelOwner] != r.owner {
		return subnet, gateway, &engine.Error{Name: engine.CannotCreate, Message: "the name " + in.Name + " is taken by a network of something else"}
	}
	for _, c := range in.IPAM.Config {
		subnet, err = netip.ParsePrefix(c.Subnet)
		if err == nil && subnet.Addr().Is4() {
			gateway, err = netip.ParseAddr(c.Gateway)
			return subnet, gateway, err
		}
	}
	return subnet, gateway, fmt.Errorf("network %s has no IPv4 subnet: %v", in.Name, err)
}

// makeVPC makes the network of a VPC. It has the VPC's CIDR where nothing else on the engine's machine
// has: then the machine reaches the VPC's addresses.
func (r *Runtime) makeVPC(ctx context.Context, v engine.VPC, name string) (network.Inspect, error) {
	labels := map[string]string{labelOwner: r.owner, labelAccount: v.Scope.Account, labelRegion: v.Scope.Region,
		labelVPC: v.ID, labelCIDR: v.CIDR.String()}
	return r.makeNetwork(ctx, name, labels, func(taken []netip.Prefix) (netip.Prefix, bool) {
		cidr := v.CIDR.Masked()
		if cidr.IsValid() && cidr.Bits() <= smallestVPC && !meets(cidr, taken) {
			return cidr, true
		}
		taken = append(taken, cidr) // whose addresses are beside the engine's
		for bits := largestPooled; bits <= smallestVPC; bits++ {
			if p, ok := free(r.pool, bits, true, taken); ok {
				return p, true
			}
		}
		return netip.Prefix{}, false
	})
}

// The sizes of subnets: of a VPC that is its network's, at the smallest, and of one from the pool, at the
// largest.
const (
	smallestVPC   = 24
	largestPooled = 20
)

// makeNetwork makes a bridge network with the subnet that choose picks, knowing what is taken. What it
// picks may have been taken elsewhere without our seeing it: then the engine refuses it, and it picks
// again. The engine goes on with what it was asked for when nobody waits any more, so its end is waited for:
// whoever then removes all that there is sees it.
func (r *Runtime) makeNetwork(ctx context.Context, name string, labels map[string]string, choose func([]netip.Prefix) (netip.Prefix, bool)) (network.Inspect, error) {
	ctx, cancel := finish(ctx)
	defer cancel()
	var refused []netip.Prefix
	for {
		subnet, done, err := r.reserve(ctx, refused, choose)
		if err != nil {
			return network.Inspect{}, err
		}
		_, err = r.cli.NetworkCreate(ctx, name, network.CreateOptions{Driver: "bridge", Labels: labels, IPAM: &network.IPAM{
			Config: []network.IPAMConfig{{Subnet: subnet.String(), IPRange: passing(subnet).String(), Gateway: nth(subnet, 1).String()}}}})
		done()
		switch {
		case err == nil, cerrdefs.IsConflict(err): // another call made it
			return r.cli.NetworkInspect(ctx, name, network.InspectOptions{})
		case !strings.Contains(err.Error(), "overlaps with"):
			return network.Inspect{}, err
		}
		refused = append(refused, subnet)
	}
}

// reserve picks a subnet that nobody else picks before done is called.
func (r *Runtime) reserve(ctx context.Context, refused []netip.Prefix, choose func([]netip.Prefix) (netip.Prefix, bool)) (p netip.Prefix, done func(), err error) {
	r.networks.choosing.Lock()
	defer r.networks.choosing.Unlock()
	taken, err := r.taken(ctx)
	if err != nil {
		return p, nil, err
	}
	r.networks.mu.Lock()
	defer r.networks.mu.Unlock()
	taken = append(append(taken, refused...), r.networks.pending...)
	p, ok := choose(taken)
	if !ok {
		return p, nil, &engine.Error{Name: engine.CannotCreate,
			Message: fmt.Sprintf("no subnet of %v is free for another network; name another range with --network-pool", r.pool)}
	}
	r.networks.pending = append(r.networks.pending, p)
	return p, func() {
		r.networks.mu.Lock()
		defer r.networks.mu.Unlock()
		r.networks.pending = without(r.networks.pending, p)
	}, nil
}

func without(all []netip.Prefix, p netip.Prefix) (rest []netip.Prefix) {
	for _, o := range all {
		if o != p {
			rest = append(rest, o)
		}
	}
	return rest
}

// taken are the subnets of the engine's networks and, where that is this machine, of its routes.
func (r *Runtime) taken(ctx context.Context) (all []netip.Prefix, err error) {
	ns, err := r.cli.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, n := range ns {
		for _, c := range n.IPAM.Config {
			if p, err := netip.ParsePrefix(c.Subnet); err == nil && p.Addr().Is4() {
				all = append(all, p)
			}
		}
	}
	if f, err := os.Open("/proc/net/route"); err == nil {
		defer f.Close()
		all = append(all, readRoutes(f)...)
	}
	return all, nil
}

// DropVPC removes the network of a VPC that nothing is in, besides a gateway without load balancers.
// One that is gone is no error.
func (r *Runtime) DropVPC(ctx context.Context, sc model.Scope, vpc string) error {
	v := engine.VPC{Scope: sc, ID: vpc}
	c, there, err := r.channelOf(ctx, r.gatewayName(v))
	if err != nil {
		return err
	}
	if there && len(c.config().NICs) > 1 {
		return &engine.Error{Name: engine.CannotRemove, Message: "the gateway of VPC " + vpc + " has load balancers"}
	}
	if err := r.dropGateway(ctx, v); err != nil {
		return err
	}
	r.drain(ctx, r.vpcName(sc, vpc))
	return r.dropNetwork(ctx, r.vpcName(sc, vpc))
}

// dropNetwork removes a network of this owner.
func (r *Runtime) dropNetwork(ctx context.Context, name string) error {
	done, err := r.turns.take(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	r.networks.forget(name)
	in, err := r.cli.NetworkInspect(ctx, name, network.InspectOptions{})
	if err == nil && in.Labels[labelOwner] != r.owner {
		return fmt.Errorf("network %s belongs to another owner", name)
	}
	if err == nil {
		err = r.removeLeft(ctx, in.ID)
	}
	if err != nil && !cerrdefs.IsNotFound(err) {
		return named(engine.CannotRemove, err)
	}
	return nil
}

// leftWaits are the pauses between attempts to remove a network: the engine lets go of the end of a
// container that was removed, or that failed to start, a moment after it says so.
var leftWaits = []time.Duration{25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond}

// removeLeft removes a network that everybody has left, or is just leaving. What the engine still counts
// there and has no container any more is cut off.
func (r *Runtime) removeLeft(ctx context.Context, id string) error {
	err := r.cli.NetworkRemove(ctx, id)
	for _, wait := range leftWaits {
		if err == nil || !strings.Contains(err.Error(), "has active endpoints") {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
		r.cutOff(ctx, id)
		err = r.cli.NetworkRemove(ctx, id)
	}
	return err
}

// cutOff takes ends of containers that are gone out of a network.
func (r *Runtime) cutOff(ctx context.Context, id string) {
	in, err := r.cli.NetworkInspect(ctx, id, network.InspectOptions{})
	if err != nil {
		return
	}
	for c := range in.Containers {
		if _, err := r.cli.ContainerInspect(ctx, c); cerrdefs.IsNotFound(err) {
			_ = r.cli.NetworkDisconnect(ctx, id, c, true)
		}
	}
}

// forget drops what is known of networks.
func (s *networks) forget(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range names {
		delete(s.vpcs, n)
	}
}

// removeNetworks removes all of this owner, once no container is in them.
func (r *Runtime) removeNetworks(ctx context.Context) error {
	ns, err := r.cli.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelOwner+"="+r.owner))})
	if err != nil {
		return err
	}
	errs := make([]error, len(ns))
	var wg sync.WaitGroup
	for i, n := range ns {
		wg.Go(func() { errs[i] = r.dropNetwork(ctx, n.Name) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
