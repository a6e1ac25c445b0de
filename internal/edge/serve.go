package edge

import (
	"context"
	"io"
	"time"
)

// How long it takes until a port that could not be had is asked for again.
const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
)

// serve relays what comes to d until ctx ends. A port that somebody else has is waited for.
func (e *Edge) serve(ctx context.Context, d door) {
	for pause, told := firstPause, false; ; pause = min(2*pause, maxPause) {
		closer, run, err := e.take(d)
		if err == nil {
			e.log.Info("public port open", "network", d.network, "address", d.at, "to", d.to)
			end := context.AfterFunc(ctx, func() { _ = closer.Close() })
			run(ctx)
			end()
			_ = closer.Close()
			pause, told = firstPause, false
		} else if !told {
			told = true
			e.log.Warn("public port does not answer: it cannot be had on this machine", "network", d.network, "address", d.at, "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// take takes the port of d, and returns what serves it until it is closed.
func (e *Edge) take(d door) (io.Closer, func(context.Context), error) {
	if d.network == "udp" {
		c, err := e.packet("udp", d.at.String())
		return c, func(ctx context.Context) { e.serveUDP(ctx, d, c) }, err
	}
	l, err := e.listen("tcp", d.at.String())
	return l, func(ctx context.Context) { e.serveTCP(ctx, d, l) }, err
}

// admit counts one more connection or flow, and reports whether it may be; done takes it back.
func (e *Edge) admit() bool {
	if e.relayed.Add(1) <= maxRelayed {
		return true
	}
	e.done()
	return false
}

func (e *Edge) done() { e.relayed.Add(-1) }
