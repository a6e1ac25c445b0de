// Package box is the process that owns a network namespace: in a container, with CAP_NET_ADMIN, it
// makes links, addresses, routes, nftables rules and forwards as it is told, counts flows, and hands
// requests to link-local addresses to the daemon. It knows nothing but what comes on its input.
//
// It touches only what is its own: the tables named here, and the addresses and routes of the links
// that its Config names. Docker's table for 127.0.0.11 is in the same namespace.
package box

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// Main is "drydock netbox": with a role the box of its namespace until it is told to stop, with
// "relay" the bytes of standard input and output as streams of Calls. It returns the exit code.
func Main(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a daemon that goes away takes its end of the output along
	roles := []string{netbox.RolePause, netbox.RoleInstance, netbox.RoleGateway}
	var err error
	switch {
	case len(args) == 1 && slices.Contains(roles, args[0]):
		err = own(ctx, args[0], in, out)
	case len(args) == 1 && args[0] == "relay":
		err = relay(ctx, in, out)
	default:
		fmt.Fprintln(errs, "usage: drydock netbox pause|instance|gateway|relay")
		return 2
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(errs, "netbox:", err)
		return 1
	}
	return 0
}

// own holds the namespace until ctx ends, also when nobody speaks to it any more.
func own(ctx context.Context, role string, in io.Reader, out io.Writer) error {
	k, err := newKernel()
	if err != nil {
		return err
	}
	go reap(ctx)
	b := newBox(k, out)
	if role == netbox.RoleGateway {
		if err := b.openGate(ctx); err != nil {
			return err
		}
	}
	go b.obey(ctx, in)
	b.tell(ctx)
	return nil
}
