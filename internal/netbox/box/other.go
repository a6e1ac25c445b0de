//go:build !linux

package box

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

var errNotHere = errors.New("network namespaces are Linux's own: this runs in containers")

type kernel struct{}

func newKernel() (*kernel, error)              { return nil, errNotHere }
func (*kernel) set(netbox.Config) error        { return errNotHere }
func (*kernel) link(int) (netip.Prefix, error) { return netip.Prefix{}, errNotHere }
func (*kernel) scene() scene                   { return scene{} }
func count(context.Context, func() scene, time.Duration, func([]engine.Flow)) (func(), error) {
	return nil, errNotHere
}
func portRange() [2]int                                 { return [2]int{} }
func (*box) openGate(context.Context) error             { return errNotHere }
func relay(context.Context, io.Reader, io.Writer) error { return errNotHere }
