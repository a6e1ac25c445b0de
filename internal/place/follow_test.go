package place

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var errTakenBack = errors.New("taken back")

// TestAKeptRoomIsTheRowsRoom makes random writes, some of them in transactions that fail, and
// compares what the kept room answers with what one answers that is made anew.
func TestAKeptRoomIsTheRowsRoom(t *testing.T) {
	for seed := range uint64(6) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		s := temp(t, 20)
		for step := range 60 {
			fails := rnd.IntN(4) == 0
			err := s.Update(here, func(tx *store.Tx) error {
				for range rnd.IntN(4) {
					scribble(tx, rnd)
				}
				for range 1 + rnd.IntN(3) {
					equalAnswers(t, tx, rnd)
				}
				if fails {
					return errTakenBack
				}
				return nil
			})
			if err != nil && !errors.Is(err, errTakenBack) {
				t.Fatal(err)
			}
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
	}
}

// scribble writes something that changes what is left.
func scribble(tx *store.Tx, rnd *rand.Rand) {
	id := fmt.Sprintf("%032d", rnd.IntN(22))
	switch rnd.IntN(12) {
	case 0:
		store.ContainerInstances.Delete(tx, id)
	case 1:
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: id, Cluster: "demo", Zone: "a", Status: "ACTIVE", Connected: true, CPU: 1024, Memory: 1024,
			Attributes: []model.Attribute{{Name: "stack"}}})
	case 2, 3:
		if ci, ok := store.ContainerInstances.Get(tx, id); ok {
			ci.Connected, ci.Status = rnd.IntN(2) == 0, []string{"ACTIVE", "DRAINING"}[rnd.IntN(2)]
			store.ContainerInstances.Put(tx, ci)
		}
	case 4, 5, 6:
		store.Tasks.Delete(tx, fmt.Sprint("t", rnd.IntN(40)))
	default:
		row := task(fmt.Sprint("t", rnd.IntN(40)))
		row.Birth.Group = fmt.Sprint("g", rnd.IntN(2))
		row.Needs = model.Needs{CPU: rnd.IntN(200), Memory: rnd.IntN(200)}
		row.Instance, row.Is = id, []model.Status{model.Pending, model.Running, model.Stopped}[rnd.IntN(3)]
		row.Want = []model.Status{model.Running, model.Stopped}[rnd.IntN(2)]
		row.Containers = []model.Container{{Bindings: []model.Binding{{ContainerPort: 80, HostPort: 80 + rnd.IntN(3), Protocol: "tcp"}}}}
		store.Tasks.Put(tx, row)
	}
}

// equalAnswers places a task in both rooms, and writes it down or not.
func equalAnswers(t *testing.T, tx *store.Tx, rnd *rand.Rand) {
	row := task(fmt.Sprint("n", rnd.Uint64()))
	ask := scheduler.Ask{Group: fmt.Sprint("g", rnd.IntN(2)), Needs: model.Needs{CPU: rnd.IntN(300), Memory: rnd.IntN(300)}}
	if rnd.IntN(3) == 0 {
		ask.Needs.Ports = []model.HostPort{{Port: 80 + rnd.IntN(3), Protocol: "tcp"}}
	}
	constraints := []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance},
		{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("attribute:stack exists")},
		{Type: types.PlacementConstraintTypeMemberOf, Expression: aws.String("task:group == g1 or runningTasksCount < 1")}}
	if n := rnd.IntN(6); n < 3 {
		ask.Constraints = constraints[n : n+1]
	}
	want, refused := fresh(tx, "demo").Place(ask)
	got, refusal := Room(tx, "demo").Place(ask)
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(refusal, refused) {
		t.Errorf("%+v:\n got %+v %+v\nwant %+v %+v", ask, got, refusal, want, refused)
	}
	if refusal == nil && rnd.IntN(3) > 0 {
		row.Birth.Group, row.Needs, row.Instance, row.Is = ask.Group, ask.Needs, got.ID, model.Pending
		store.Tasks.Put(tx, row)
	}
}

// BenchmarkKeptRoomAndPlace is what one RunTask call pays for its place.
func BenchmarkKeptRoomAndPlace(b *testing.B) {
	for _, n := range []int{1, 50, 1000, 10000} {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) {
			s := temp(b, n)
			row := task("0123456789abcdef0123456789abcdef")
			row.Needs.Memory = 100
			err := s.Update(here, func(tx *store.Tx) error {
				for b.Loop() {
					row.Is = model.Provisioning
					if refusal := Task(tx, Room(tx, "demo"), &row, scheduler.Ask{}, nil, netip.Prefix{}); refusal != nil {
						b.Fatal(refusal)
					}
					store.Tasks.Put(tx, row)
				}
				return errTakenBack
			})
			if !errors.Is(err, errTakenBack) {
				b.Fatal(err)
			}
		})
	}
}
