package e2e

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

// TestTasksMoveToANewZone gives a service under load an instance in a second zone: half of its tasks
// move there, the others stay as they are, and no request fails.
func TestTasksMoveToANewZone(t *testing.T) {
	w := startWeb(start(t, needEngine(t), "--default-instances", "1", "--time-scale", "10"), 4)
	before := w.zones()
	stop := w.load()
	w.drydock("instance", "add", "--cluster", cluster, "--type", "t3.medium")
	w.toldOf(service, "is not AZ balanced with 4 tasks in ", ". AZ Rebalancing in progress.")
	await(t, 60*time.Second, func() error {
		if at := w.zones(); len(at) != 2 || slices.Max(slices.Collect(maps.Values(at))) != 2 {
			return fmt.Errorf("tasks are in %v", at)
		}
		return nil
	})
	w.stable(4)
	w.toldOf(service, "is AZ balanced with 2 tasks in ", " and 2 tasks in ")
	if ok, failed := stop(); ok < 100 || len(failed) > 0 {
		t.Errorf("%d requests answered, %d failed: %v", ok, len(failed), failed[:min(3, len(failed))])
	}
	for zone := range before {
		if n := w.zones()[zone]; n != 2 {
			t.Errorf("%d tasks stayed in %s, want 2", n, zone)
		}
	}
}

// zones counts the tasks that run or start by zone.
func (w *web) zones() map[string]int {
	at := map[string]int{}
	for _, task := range w.tasks() {
		at[*task.AvailabilityZone]++
	}
	return at
}
