package docker

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// stocked is a pool with so many spares, that many of which were taken in the last minute.
func stocked(ready, taken int, used time.Time) *pool {
	p := &pool{like: box{Network: "n"}, used: used}
	for range ready {
		p.ready = append(p.ready, spare{channel: &channel{}})
	}
	for range taken {
		p.taken = append(p.taken, used)
	}
	return p
}

func TestWhatThePoolsAreToHave(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		rule   string
		pools  map[string]*pool
		short  bool
		excess int
	}{
		{"there is always one", map[string]*pool{"a": stocked(0, 0, now)}, true, 0},
		{"and no more while nobody takes any", map[string]*pool{"a": stocked(1, 0, now)}, false, 0},
		{"as many as were taken in the last minute", map[string]*pool{"a": stocked(3, 4, now)}, true, 0},
		{"but not more than so many", map[string]*pool{"a": stocked(poolMost, 20, now)}, false, 0},
		{"what was taken before does not count", map[string]*pool{"a": stocked(3, 4, now.Add(-2*poolSpan))}, false, 2},
		{"all together have no more than so many", map[string]*pool{"a": stocked(8, 8, now), "b": stocked(8, 8, now), "c": stocked(8, 8, now), "d": stocked(8, 8, now), "e": stocked(0, 0, now.Add(-time.Second))}, false, 0},
		{"those used least lately go short first", map[string]*pool{"a": stocked(8, 8, now), "b": stocked(8, 8, now), "c": stocked(8, 8, now), "d": stocked(8, 8, now.Add(-time.Second)), "e": stocked(0, 0, now)}, true, 1},
	} {
		t.Run(c.rule, func(t *testing.T) {
			_, short, excess := (&pools{of: c.pools}).next(now)
			if short != c.short || len(excess) != c.excess {
				t.Errorf("short %v, %d in excess", short, len(excess))
			}
		})
	}
}

func TestTheStockIsFilledOnceNothingIsStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, made := hanging(t, nil), 0
		r.probe = func() (engine.Image, error) { made++; return engine.Image{}, errors.New("no image") }
		r.pools.open(box{Network: "n"})
		_, _ = r.slotted(t.Context(), func() (*channel, error) {
			r.topUp()
			synctest.Wait()
			if made > 0 {
				t.Error("it is filled while a machine is started")
			}
			return nil, nil
		})
		synctest.Wait()
		if made == 0 {
			t.Error("it is not filled afterwards")
		}
		r.end()
	})
}
