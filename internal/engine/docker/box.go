package docker

import (
	"context"
	"fmt"
	"maps"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
)

// box is a container that owns a network namespace and runs "drydock netbox": what is common to the
// pauses of tasks, the machines of instances, and gateways.
type box struct {
	Name    string            // of the container
	Role    string            // netbox.RolePause, …
	Place   engine.Place      // who is inside; empty members are not known yet, as in a pool
	Labels  map[string]string // besides those of the owner, the role and the place
	Network string            // engine's network that its link is on; "none" for none
	IP      netip.Addr        // its address there; zero for the engine's choice
	Also    []also            // further networks that it stands in before it starts
	// Shape changes what else the container has: hostname, DNS, mounts, limits; nil for nothing.
	Shape func(*container.Config, *container.HostConfig)
	// Config is what the namespace is to be before newBox returns.
	Config netbox.Config
}

// also is one more network of a box.
type also struct {
	Network string
	IP      netip.Addr
}

// newBox makes and starts the container, waits until its process listens, and makes the namespace as
// b.Config says. After an error nothing is left. An error for which nameTaken is true came of the
// name: who asked may know the container that has it (see channelOf). The caller has one of r.slots.
func (r *Runtime) newBox(ctx context.Context, b box) (*channel, error) {
	ctx, cancel := finish(ctx)
	defer cancel()
	var c *channel
	id, err := r.createBox(ctx, b)
	if err == nil {
		err = r.connect(ctx, id, b.Also)
	}
	if err == nil {
		c, err = r.startBox(ctx, id, b)
	}
	if err == nil {
		return c, nil
	}
	if cerrdefs.IsNotFound(err) { // someone removed what we remember
		r.networks.forget(b.Network)
		for _, m := range b.Also {
			r.networks.forget(m.Network)
		}
	}
	if id == "" {
		return nil, err
	}
	clean, done := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer done()
	if left := r.dropBox(clean, id); left != nil {
		r.log.Warn("a container that failed to start stays behind", "container", b.Name, "err", left)
	}
	return nil, err
}

// slotted runs make as one of the starts that are under way.
func (r *Runtime) slotted(ctx context.Context, make func() (*channel, error)) (*channel, error) {
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
		return make()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// createBox makes the container, from an image that is imported when it is missing.
func (r *Runtime) createBox(ctx context.Context, b box) (id string, err error) {
	ref, err := r.EnsureProbe(ctx)
	if err != nil {
		return "", err
	}
	made, err := r.createBoxOf(ctx, b, ref)
	if err != nil && noImage(err) {
		if err := r.reimport(ctx, ref); err != nil {
			return "", err
		}
		made, err = r.createBoxOf(ctx, b, ref)
	}
	return made.ID, err
}

func (r *Runtime) createBoxOf(ctx context.Context, b box, ref string) (container.CreateResponse, error) {
	cfg := &container.Config{Image: ref, Entrypoint: []string{"/drydock", "netbox", b.Role}, Labels: r.boxLabels(b),
		OpenStdin: true, AttachStdin: true, AttachStdout: true, AttachStderr: true}
	host := &container.HostConfig{NetworkMode: container.NetworkMode(b.Network), CapDrop: []string{"ALL"}, CapAdd: []string{"NET_ADMIN"},
		LogConfig: container.LogConfig{Type: "none"}, Resources: container.Resources{CPUShares: minShares},
		Sysctls: map[string]string{"net.netfilter.nf_conntrack_acct": "1", "net.netfilter.nf_conntrack_timestamp": "1"}}
	switch b.Role {
	case netbox.RoleInstance:
		host.Sysctls["net.ipv4.ip_forward"] = "1"
		host.Sysctls["net.ipv4.conf.all.route_localnet"] = "1" // host ports answer at 127.0.0.1 as well
	case netbox.RoleGateway: // listens at any port, with one capability
		host.Sysctls["net.ipv4.ip_unprivileged_port_start"] = "0"
	}
	if b.Shape != nil {
		b.Shape(cfg, host)
	}
	var nets *network.NetworkingConfig
	if b.IP.IsValid() {
		nets = &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{b.Network: at(b.IP)}}
	}
	return r.cli.ContainerCreate(ctx, cfg, host, nets, nil, b.Name)
}

// at is an endpoint with an address that is not the engine's choice, unless it is zero.
func at(ip netip.Addr) *network.EndpointSettings {
	if !ip.IsValid() {
		return &network.EndpointSettings{}
	}
	return &network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: ip.String()}}
}

// connect puts a created container into further networks. Before version 1.44 of the engine's API a
// container is created with one only.
func (r *Runtime) connect(ctx context.Context, id string, more []also) error {
	for _, m := range more {
		if err := r.cli.NetworkConnect(ctx, m.Network, id, at(m.IP)); err != nil {
			return err
		}
	}
	return nil
}

// startBox starts the container of a box that does not run, waits until its process listens, and makes the
// namespace as b.Config says. Whoever finds the channel meanwhile changes nothing before that.
func (r *Runtime) startBox(ctx context.Context, id string, b box) (*channel, error) {
	l, err := r.attach(ctx, id) // first, so that nothing is missed
	if err != nil {
		return nil, err
	}
	c := r.newChannel(id, b.Name, b.Role, b.Place, l)
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c = r.channels.add(c)
	if err := r.cli.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		l.conn.Close()
		r.channels.drop(c)
		c.die()
		close(l.next)
		return nil, err
	}
	r.notes.Go(c.keep)
	if err := c.greet(ctx); err != nil {
		return c, err
	}
	return c, c.put(ctx, func(have *netbox.Config) error { *have = b.Config; return nil })
}

// dropBox removes the container of a box, by id or name. One that is gone is no error.
func (r *Runtime) dropBox(ctx context.Context, id string) error {
	in, there, err := r.own(ctx, id)
	if err != nil || !there {
		return err
	}
	r.channels.leave(in.ID)
	if c := r.channels.of(in.ID); c != nil {
		c.tellRest(ctx)
	}
	if err := r.force(ctx, in.ID); err != nil && !cerrdefs.IsNotFound(err) && !underWay(err) {
		return fmt.Errorf("remove container %s: %w", id, err)
	}
	return nil
}

// The labels of boxes, besides those that containers of tasks have too.
const (
	labelBox      = "io.drydock.box"      // its role
	labelVPC      = "io.drydock.vpc"      // vpc-…
	labelInstance = "io.drydock.instance" // EC2 instance id
	labelNIC      = "io.drydock.nic"      // eni-…
)

// boxLabels are those of b; what is not known of its place is left out.
func (r *Runtime) boxLabels(b box) map[string]string {
	p := b.Place
	ls := map[string]string{}
	maps.Copy(ls, b.Labels)
	ls[labelOwner], ls[labelBox] = r.owner, b.Role
	for label, v := range map[string]string{labelAccount: p.Scope.Account, labelRegion: p.Scope.Region, labelVPC: p.VPC,
		labelInstance: p.Instance, labelTask: p.Task, labelContainer: p.Container, labelNIC: p.NIC} {
		if v != "" {
			ls[label] = v
		}
	}
	return ls
}

// placeOf reads them.
func placeOf(ls map[string]string) engine.Place {
	return engine.Place{Scope: scopeOf(ls), VPC: ls[labelVPC], Instance: ls[labelInstance], Task: ls[labelTask],
		Container: ls[labelContainer], NIC: ls[labelNIC]}
}

func scopeOf(ls map[string]string) model.Scope {
	return model.Scope{Account: ls[labelAccount], Region: ls[labelRegion]}
}
