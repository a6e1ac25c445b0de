package docker

import (
	"context"
	"errors"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// channel is the way to the process of one box that runs. It outlives the connection: when the
// engine, or this daemon, was away, it is attached again.
type channel struct {
	id string // of the container
}

// channelOf returns the channel of a box's container, by id or name: the one that is known, or a new
// one to a box that an earlier daemon made. there is false when no such container runs.
func (r *Runtime) channelOf(ctx context.Context, id string) (c *channel, there bool, err error) {
	return nil, false, errors.ErrUnsupported
}

// set makes the namespace be as cfg says, and returns when it is.
func (c *channel) set(ctx context.Context, cfg netbox.Config) error {
	return c.change(ctx, func(have *netbox.Config) error { *have = cfg; return nil })
}

// change sets what edit makes of the Config that stands. Changes come one after the other; edit gets
// a copy whose slices it must replace, not edit. When it returns an error nothing is set.
func (c *channel) change(ctx context.Context, edit func(*netbox.Config) error) error {
	return errors.ErrUnsupported
}

// config is how the namespace stands.
func (c *channel) config() netbox.Config { return netbox.Config{} }

// ports are the first and the last of the kernel's ephemeral ports.
func (c *channel) ports() (first, last int) { return 0, 0 }

// claim says who is inside from now on: what the daemon's doors are told.
func (c *channel) claim(p engine.Place) {}
