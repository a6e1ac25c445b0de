package docker

import (
	"context"
	"fmt"
	"maps"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

// box is a container that owns a network namespace and runs "drydock netbox": what is common to the
// pauses of tasks, the machines of instances, and gateways.
type box struct {
	Name    string            // of the container
	Role    string            // netbox.RolePause, …
	Place   engine.Place      // who is inside; empty members are not known yet, as in a pool
	Labels  map[string]string // besides those of the owner, the role and the place
	Network string            // engine's network that its link is on; "none" for none
	Behind  string            // name of the machine on whose bridge it gets an address; Network is "none" then
	// Shape changes what else the container has: hostname, DNS, mounts, limits; nil for nothing.
	Shape func(*container.Config, *container.HostConfig)
	// Config is what the namespace is to be before newBox returns.
	Config netbox.Config
}

// newBox makes and starts the container, waits until its process listens, and makes the namespace as
// b.Config says. After an error nothing is left. An error for which nameTaken is true came of the
// name: who asked may know the container that has it (see channelOf). The caller has one of r.slots. Nothing is
// begun any more when nobody waits for it.
func (r *Runtime) newBox(ctx context.Context, b box) (*channel, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := finish(ctx)
	defer cancel()
	var c *channel
	machine, err := r.machineOf(ctx, b)
	if err != nil {
		return nil, err
	}
	id, err := r.createBox(ctx, b, machine)
	if err == nil {
		c, err = r.startBox(ctx, id, b, machine)
	}
	if err == nil {
		return c, nil
	}
	if cerrdefs.IsNotFound(err) { // someone removed what we remember
		r.networks.forget(b.Network)
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
		defer func() { <-r.slots; r.topUp() }() // which gave up meanwhile
		return make()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// machineOf returns the machine that b is behind; nil for none.
func (r *Runtime) machineOf(ctx context.Context, b box) (*channel, error) {
	if b.Behind == "" {
		return nil, nil
	}
	c, there, err := r.channelOf(ctx, b.Behind)
	if err == nil && !there {
		err = errEnded(b.Behind)
	}
	return c, err
}

// createBox makes the container, from an image that is imported when it is missing. The processes of a
// machine's are its containers' too: so the machine's box can name their namespaces, and they end with it.
func (r *Runtime) createBox(ctx context.Context, b box, machine *channel) (id string, err error) {
	ref, err := r.EnsureProbe(ctx)
	if err != nil {
		return "", err
	}
	made, err := r.createBoxOf(ctx, b, machine, ref)
	if err != nil && noImage(err) {
		if err := r.reimport(ctx, ref); err != nil {
			return "", err
		}
		made, err = r.createBoxOf(ctx, b, machine, ref)
	}
	return made.ID, err
}

func (r *Runtime) createBoxOf(ctx context.Context, b box, machine *channel, ref string) (container.CreateResponse, error) {
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
	if machine != nil {
		host.PidMode = container.PidMode("container:" + machine.id)
	}
	if b.Shape != nil {
		b.Shape(cfg, host)
	}
	return r.cli.ContainerCreate(ctx, cfg, host, nil, nil, b.Name)
}

// startBox starts the container of a box that does not run, waits until its process listens, and makes the
// namespace as b.Config says. Whoever finds the channel meanwhile changes nothing before that.
func (r *Runtime) startBox(ctx context.Context, id string, b box, machine *channel) (*channel, error) {
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
	if machine != nil {
		if b.Config.Address, err = machine.link(ctx, c); err != nil {
			return c, err
		}
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
