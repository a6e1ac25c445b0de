package daemon

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"github.com/drydock-ecs/drydock/internal/store"
)

const (
	// atRest is after how long without a task that changed memory that is not in use goes back to the machine.
	atRest = 10 * time.Second
	// large is from how many bytes in use on the collector runs less often: each of its cycles walks all
	// of them, and what is there is rows that stay.
	large = 64 << 20
	// The percents by which memory in use may grow until the next cycle. An operator's GOGC goes before.
	ordinarily, whenLarge = 100, 200
)

// memory keeps the process small while there is little, or little to do, and the collector cheap while
// there is much of both.
func (d *daemon) memory(ctx context.Context) error {
	feed := d.store.Subscribe(store.Tasks.Name())
	defer d.store.Unsubscribe(feed)
	rest := time.NewTimer(atRest)
	defer rest.Stop()
	for percent := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-feed.C:
			feed.Take()
			rest.Reset(atRest)
		case <-rest.C:
			debug.FreeOSMemory()
		}
		if now := pace(); now != percent && os.Getenv("GOGC") == "" {
			percent = now
			debug.SetGCPercent(percent)
		}
	}
}

// pace returns the percent for what was in use after the last cycle.
func pace() int {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	if metrics.Read(live); live[0].Value.Uint64() >= large {
		return whenLarge
	}
	return ordinarily
}
