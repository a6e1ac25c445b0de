package docker

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

func TestFlowsAreCountedWhereTheyAreWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan []engine.Flow, 1)
		c, f := lineTo(t, Doors{Flows: func(_ engine.Place, fs []engine.Flow) { told <- fs }})
		var orders []int
		go f.run(func(o netbox.Order) string {
			if o.Op != netbox.OpWatch {
				return ""
			}
			orders = append(orders, o.Every)
			if len(orders) == 3 {
				return "no such thing"
			}
			return ""
		})
		with := func(ids ...string) netbox.Config {
			var cfg netbox.Config
			for _, id := range ids {
				cfg.NICs = append(cfg.NICs, engine.NIC{ID: id})
			}
			return cfg
		}
		want := func(why string, every ...int) {
			t.Helper()
			synctest.Wait()
			if !slices.Equal(orders, every) {
				t.Errorf("%s: told %v, want %v", why, orders, every)
			}
		}
		c.r.WatchFlows(map[string]bool{"eni-1": true})
		want("an interface that is not here")
		if err := c.set(t.Context(), with("eni-1")); err != nil {
			t.Fatal(err)
		}
		want("it comes, and is counted before set returns", 1000)
		if err := c.set(t.Context(), with("eni-1", "eni-2")); err != nil {
			t.Fatal(err)
		}
		c.r.WatchFlows(map[string]bool{"eni-2": true})
		want("counting goes on", 1000)
		c.r.WatchFlows(nil)
		want("nobody looks", 1000, 0)
		c.r.WatchFlows(map[string]bool{"eni-1": true})
		if fs := <-told; len(fs) != 2 || !fs[0].Skipped {
			t.Errorf("what is not counted is told as %v", fs)
		}
		want("a box that cannot is told again", 1000, 0, 1000)
		if err := c.set(t.Context(), with("eni-1")); err != nil {
			t.Fatal(err)
		}
		want("as soon as it changes", 1000, 0, 1000, 1000)
	})
}
