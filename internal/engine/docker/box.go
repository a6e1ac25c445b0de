package docker

import (
	"context"
	"errors"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

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
// name: who asked may know the container that has it (see channelOf).
func (r *Runtime) newBox(ctx context.Context, b box) (*channel, error) {
	return nil, errors.ErrUnsupported
}

// dropBox removes the container of a box, by id or name, and its channel. One that is gone is no error.
func (r *Runtime) dropBox(ctx context.Context, id string) error {
	return errors.ErrUnsupported
}

// segment is the engine's network of a VPC: what boxes in it are made of.
type segment struct {
	Network string // its name on the engine
	// Link has Underlay, VPC, Router and Keep, as the Config of each box in it begins.
	Link netbox.Config
}

// vpcNet returns the network of a VPC, and makes it where it does not exist.
func (r *Runtime) vpcNet(ctx context.Context, v engine.VPC) (segment, error) {
	return segment{}, errors.ErrUnsupported
}
