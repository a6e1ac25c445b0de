package scheduler

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// BenchmarkPlace prints decisions a second, as the daemon makes them, and the 99th percentile of one. Tasks of ten groups come
// in turn; once there is one for every four instances, each that comes makes an old one stop. The
// room follows both after each decision, which counts in decisions a second of processor time.
func BenchmarkPlace(b *testing.B) {
	zone, host := strategy("spread", "attribute:ecs.availability-zone"), strategy("spread", "instanceId")
	kind, rack := strategy("spread", "attribute:ecs.instance-type"), strategy("spread", "attribute:rack")
	some := []types.PlacementConstraint{memberOf("attribute:ecs.instance-type =~ 'type-[0-4]' and attribute:rack exists")}
	for _, bb := range []struct {
		name string
		ask  Ask
	}{
		{"default", Ask{}},
		{"binpack", Ask{Strategy: []types.PlacementStrategy{strategy("binpack", "memory")}}},
		{"random", Ask{Strategy: []types.PlacementStrategy{strategy("random", "")}}},
		{"chain-of-5", Ask{Constraints: some, Strategy: []types.PlacementStrategy{zone, kind, host, strategy("binpack", "cpu"), strategy("random", "")}}},
		{"racks", Ask{Constraints: some, Strategy: []types.PlacementStrategy{rack, strategy("binpack", "memory")}}},
		{"distinct", Ask{Constraints: append(slices.Clip(some), distinctInstance), Strategy: []types.PlacementStrategy{zone, strategy("binpack", "cpu")}}},
		{"ports", Ask{Needs: model.Needs{Ports: []model.HostPort{tcp(80)}}}},
		{"affinity", Ask{Constraints: []types.PlacementConstraint{memberOf("not(task:group == nothing) and runningTasksCount < 9")}}},
	} {
		for _, n := range []int{1000, 5000, 10000} {
			b.Run(fmt.Sprintf("%s/instances=%d", bb.name, n), func(b *testing.B) { benchPlace(b, bb.ask, n) })
		}
	}
}

func benchPlace(b *testing.B, a Ask, n int) {
	cs := &books{instances: map[string]Candidate{}, tasks: map[string][]Ask{}}
	for i := range n {
		c := instance(fmt.Sprintf("%032d", i), string(rune('a'+i%3)), 4096, 8192, 22, 2375)
		c.Attributes = []model.Attribute{{Name: "ecs.instance-type", Value: fmt.Sprintf("type-%d", i%10)}, {Name: "rack", Value: fmt.Sprint(i % 100)}}
		cs.instances[c.ID] = c
	}
	r, placed := cs.room(), make([]placement, 0, b.N)
	a.Needs.CPU, a.Needs.Memory = 128, 256
	took, before := make([]time.Duration, 0, b.N), time.Duration(0)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	b.ReportAllocs()
	for i := range 1000 + b.N {
		if i == 1000 {
			b.ResetTimer()
			took, before = took[:0], processorTime(b)
		}
		a.Group, a.Seed = fmt.Sprint("service:", i%10), uint64(i)*0x9e3779b97f4a7c15
		began := threadTime()
		c, refusal, _ := r.Decide(a)
		took = append(took, threadTime()-began)
		if refusal != nil {
			b.Fatal(refusal.Sentence("web"))
		}
		cs.tasks[c.ID] = append(cs.tasks[c.ID], a)
		placed = append(placed, placement{c.ID, a.Group})
		touched := []Touch{{c.ID, a.Group}}
		if i >= n/4 { // one stops
			old := placed[i-n/4]
			at := slices.IndexFunc(cs.tasks[old.id], func(a Ask) bool { return a.Group == old.group })
			cs.tasks[old.id] = slices.Delete(cs.tasks[old.id], at, at+1)
			touched = append(touched, Touch{old.id, old.group})
		}
		if !r.Sync(cs, touched) {
			b.Fatal("cannot follow")
		}
	}
	b.StopTimer()
	used := processorTime(b) - before
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/used.Seconds(), "decisions/s")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
}

// placement is one task that runs.
type placement struct{ id, group string }

// threadTime is the processor time of this thread: a decision that is interrupted takes no longer.
func threadTime() time.Duration {
	const clock = 3 // CLOCK_THREAD_CPUTIME_ID
	var now syscall.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&now)), 0)
	return time.Duration(now.Nano())
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRefuse is a decision that finds no place, with the sentence that says why: in a full cluster
// every instance is asked what it lacks.
func BenchmarkRefuse(b *testing.B) {
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("instances=%d", n), func(b *testing.B) {
			cs := &books{instances: map[string]Candidate{}, tasks: map[string][]Ask{}}
			for i := range n {
				c := instance(fmt.Sprintf("%032d", i), string(rune('a'+i%3)), 64, 8192, 22)
				for range 50 {
					c.Attributes = append(c.Attributes, model.Attribute{Name: fmt.Sprintf("com.amazonaws.ecs.capability.%d", len(c.Attributes))})
				}
				cs.instances[c.ID] = c
			}
			r, a := cs.room(), Ask{Group: "service:web", Needs: model.Needs{CPU: 128, Memory: 256, Attributes: []string{"com.amazonaws.ecs.capability.40", "com.amazonaws.ecs.capability.48"}}}
			b.ReportAllocs()
			for b.Loop() {
				if _, refusal, _ := r.Decide(a); refusal == nil || refusal.Sentence("web") == "" {
					b.Fatal("placed")
				}
			}
		})
	}
}
