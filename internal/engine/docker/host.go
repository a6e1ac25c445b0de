package docker

import (
	"context"
	"errors"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// host is the machine of an instance that stands.
type host struct {
	*channel              // its container: tasks in host mode join "container:" + id
	Network  string       // engine's network behind it, which pauses in bridge mode are made in
	Bridge   netip.Prefix // that network's subnet
	Via      netip.Addr   // the instance's address there: Config.Via of those pauses
}

// hostOf returns the machine of an instance. One that does not stand is an *engine.Error.
func (r *Runtime) hostOf(ctx context.Context, sc model.Scope, instance string) (host, error) {
	return host{}, errors.ErrUnsupported
}

// forward takes host ports off and puts others on, in one step. A port that leads elsewhere is refused in
// the engine's words (see portTaken), and then nothing changes; one that is there already is no error.
func (h host) forward(ctx context.Context, remove, add []netbox.Forward) error {
	return errors.ErrUnsupported
}

// labelForwards is on each container that host ports lead to: those, as forwardLabel writes them. A
// machine that is started again gets them back from there.
const labelForwards = "io.drydock.forwards"
