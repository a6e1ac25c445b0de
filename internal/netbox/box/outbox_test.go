package box

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/netbox"
)

// A daemon that does not read must not fill the box's memory with requests that are over.
func TestARequestThatIsOverIsTakenBack(t *testing.T) {
	b := newBox(nil, io.Discard)
	b.out.say(netbox.Report{ID: 1, Ev: netbox.EvDone}) // has the same id, and is no request
	for _, ev := range []string{netbox.EvHTTP, netbox.EvDNS} {
		if _, err := b.ask(t.Context(), time.Nanosecond, netbox.Report{Ev: ev}); !errors.Is(err, errSilent) {
			t.Errorf("%s: %v", ev, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.ask(ctx, time.Minute, netbox.Report{Ev: netbox.EvDNS}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if r, ok := b.out.next(); !ok || r.Ev != netbox.EvDone {
		t.Errorf("first to be said: %+v", r)
	}
	if r, ok := b.out.next(); ok {
		t.Errorf("left to be said: %+v", r)
	}
}
