package probe

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// slice is the time over which a fraction of a core is spread.
const slice = 20 * time.Millisecond

// load is one kind of load; a new one ends what was there.
type load struct {
	cancel atomic.Pointer[context.CancelFunc]
}

// replace ends the load and returns the life of the next.
func (l *load) replace(life context.Context, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(life, d)
	if old := l.cancel.Swap(&cancel); old != nil {
		(*old)()
	}
	return ctx
}

// burn keeps cores busy.
func (s *server) burn(w http.ResponseWriter, r *http.Request) {
	cores, ok := number(w, r, "cpu", 0, 64)
	if !ok {
		return
	}
	seconds, ok := number(w, r, "seconds", 1, 3600)
	if !ok {
		return
	}
	ctx := s.burning.replace(s.life, time.Duration(seconds*float64(time.Second)))
	for left := cores; left > 0; left-- {
		s.spins.Go(func() { spin(ctx, math.Min(left, 1)) })
	}
	fmt.Fprintf(w, "burning %g cores for %g s\n", cores, seconds)
}

// spin uses a share of one core until ctx ends.
func spin(ctx context.Context, share float64) {
	busy := time.Duration(share * float64(slice))
	for ctx.Err() == nil {
		for began := time.Now(); time.Since(began) < busy; {
			for range 1 << 12 { // a while between looks at the clock
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(slice - busy):
		}
	}
}

// alloc holds memory. It is touched before the answer, so that a limit acts now.
func (s *server) alloc(w http.ResponseWriter, r *http.Request) {
	mb, ok := number(w, r, "mb", 0, 65536)
	if !ok {
		return
	}
	seconds, ok := number(w, r, "seconds", 1, 3600)
	if !ok {
		return
	}
	ctx := s.holding.replace(s.life, time.Duration(seconds*float64(time.Second)))
	hold := touch(ctx, int(mb))
	context.AfterFunc(ctx, sync.OnceFunc(func() {
		clear(hold)
		hold = nil
		debug.FreeOSMemory()
	}))
	fmt.Fprintf(w, "holding %d MiB for %g s\n", int(mb), seconds)
}

// touch makes pages of memory real, a MiB at a time, until ctx ends.
func touch(ctx context.Context, mb int) [][]byte {
	var all [][]byte
	for range mb {
		if ctx.Err() != nil {
			break
		}
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
	}
	return all
}
