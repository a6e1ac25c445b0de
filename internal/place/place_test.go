package place

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var here = model.Scope{Account: "1", Region: "r"}

func temp(t testing.TB, instances int) *store.Store {
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	err = s.Update(here, func(tx *store.Tx) error {
		for i := range instances {
			store.ContainerInstances.Put(tx, model.ContainerInstance{ID: fmt.Sprintf("%032d", i), Cluster: "demo", Zone: string(rune('a' + i%3)),
				Host: fmt.Sprintf("127.66.0.%d", i), Status: "ACTIVE", Connected: true, CPU: 1024, Memory: 1024, Ports: []model.HostPort{{Port: 22, Protocol: "tcp"}}})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func task(id string, ports ...int) model.Task {
	t := model.Task{ID: id, Birth: model.Birth{Cluster: "demo", Group: "family:web"}, Needs: model.Needs{CPU: 100, Memory: 600}, Want: model.Running}
	for _, p := range ports {
		t.Needs.Ports = append(t.Needs.Ports, model.HostPort{Port: p, Protocol: "tcp"})
	}
	return t
}

func TestTaskIsPlacedOnWhatRowsLeaveFree(t *testing.T) {
	s := temp(t, 2)
	err := s.Update(here, func(tx *store.Tx) error {
		for i, want := range []string{"127.66.0.0 PENDING", "127.66.0.1 PENDING", "RESOURCE:MEMORY"} {
			row := task(fmt.Sprint("t", i))
			got := ""
			// A fresh room each time: what was placed before is known from the rows.
			if refusal := Task(tx, Room(tx, "demo"), &row, scheduler.Ask{}, nil, netip.Prefix{}); refusal != nil {
				got = refusal.Reasons[0].Code
				if row.Instance != "" || row.Is != model.Provisioning {
					t.Errorf("a refused task was changed: %+v", row)
				}
			} else {
				got = fmt.Sprintf("%s %v", row.Host, row.Is)
				store.Tasks.Put(tx, row)
			}
			if got != want {
				t.Errorf("task %d: got %s, want %s", i, got, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReservedAndBoundPortsAreTaken(t *testing.T) {
	s := temp(t, 1)
	err := s.Update(here, func(tx *store.Tx) error {
		running := task("t0")
		running.Instance, running.Is = fmt.Sprintf("%032d", 0), model.Running
		running.Needs.Memory = 1
		running.Containers = []model.Container{{Bindings: []model.Binding{{ContainerPort: 80, HostPort: 32768, Protocol: "tcp"}}}}
		store.Tasks.Put(tx, running)
		for port, free := range map[int]bool{22: false, 32768: false, 32769: true} {
			row := task("t1", port)
			if refusal := Task(tx, Room(tx, "demo"), &row, scheduler.Ask{}, nil, netip.Prefix{}); (refusal == nil) != free {
				t.Errorf("port %d: %+v", port, refusal)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDistinctInstanceLooksAtWhatIsWanted(t *testing.T) {
	s := temp(t, 1)
	apart := scheduler.Ask{Constraints: []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}}
	err := s.Update(here, func(tx *store.Tx) error {
		first := task("t0")
		first.Needs.Memory = 10
		if refusal := Task(tx, Room(tx, "demo"), &first, apart, nil, netip.Prefix{}); refusal != nil {
			t.Fatal(refusal)
		}
		store.Tasks.Put(tx, first)
		second := task("t1")
		second.Needs.Memory = 10
		if refusal := Task(tx, Room(tx, "demo"), &second, apart, nil, netip.Prefix{}); refusal == nil || refusal.Reasons[0].Code != scheduler.DistinctInstance {
			t.Errorf("got %+v", refusal)
		}
		first.End(types.TaskStopCodeUserInitiated, "", tx.Now())
		store.Tasks.Put(tx, first)
		if refusal := Task(tx, Room(tx, "demo"), &second, apart, nil, netip.Prefix{}); refusal != nil {
			t.Errorf("a task that is to stop keeps others away: %+v", refusal)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkRoomAndPlace is what one RunTask call pays for its place.
func BenchmarkRoomAndPlace(b *testing.B) {
	for _, n := range []int{1, 50, 1000} {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) {
			s := temp(b, n)
			err := s.View(here, func(tx *store.Tx) error {
				for b.Loop() {
					row := task("0123456789abcdef0123456789abcdef")
					if refusal := Task(tx, Room(tx, "demo"), &row, scheduler.Ask{}, nil, netip.Prefix{}); refusal != nil {
						b.Fatal(refusal)
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
