package ecs

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func modelDef(doc types.TaskDefinition) model.TaskDef {
	return model.TaskDef{Family: "web", Revision: 1, Status: active, Doc: doc}
}

// benchmark sends one request over and over from 16 clients, without a network between, and
// reports the processor time of each beside the time it takes.
func benchmark(b *testing.B, s *store.Store, operation, body string) {
	h := wire.New([]wire.Service{Service(s, Options{})}, wire.Options{Default: scope})
	b.SetParallelism(8)
	b.ReportAllocs()
	before := processorTime(b)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
			r.Header.Set("Content-Type", "application/x-amz-json-1.1")
			a := httptest.NewRecorder()
			h.ServeHTTP(a, r)
			if a.Code != http.StatusOK || strings.Contains(a.Body.String(), `"failures":[{`) {
				b.Error(a.Body.String())
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkRegisterTaskDefinition(b *testing.B) {
	benchmark(b, newStore(b), "RegisterTaskDefinition", `{"family":"web","containerDefinitions":[{"name":"app","image":"nginx:1","cpu":256,"memory":512,
		"essential":true,"portMappings":[{"containerPort":80,"hostPort":0}],"environment":[{"name":"A","value":"1"},{"name":"B","value":"2"}],
		"healthCheck":{"command":["CMD-SHELL","wget -q -O- localhost || exit 1"]}}]}`)
}

// BenchmarkRunTask runs tasks in a cluster of so many instances with so many tasks on them.
func BenchmarkRunTask(b *testing.B) {
	for _, c := range []struct{ tasks, instances int }{{1_000, 10}, {1_000, 100}, {1_000, 1_000}, {100_000, 10}, {100_000, 1_000}} {
		b.Run(fmt.Sprintf("tasks=%d,instances=%d", c.tasks, c.instances), func(b *testing.B) {
			benchmark(b, populated(b, c.tasks, c.instances), "RunTask", `{"cluster":"demo","taskDefinition":"web"}`)
		})
	}
}

func BenchmarkListTasks(b *testing.B) {
	benchmark(b, populated(b, 1_000, 10), "ListTasks", `{"cluster":"demo"}`)
}

func BenchmarkDescribeClusters(b *testing.B) {
	benchmark(b, populated(b, 1_000, 10), "DescribeClusters", `{"clusters":["demo"]}`)
}

// populated returns a store with a cluster of large instances on which so many tasks run.
func populated(b *testing.B, tasks, instances int) *store.Store {
	s := newStore(b)
	err := s.Update(scope, func(tx *store.Tx) error {
		store.Clusters.Put(tx, model.Cluster{Name: "demo", Status: active})
		d := modelDef(newDoc(webDef("web")))
		store.TaskDefs.Put(tx, d)
		store.Families.Put(tx, model.Family{Name: "web", Last: 1})
		for i := range instances {
			store.ContainerInstances.Put(tx, model.ContainerInstance{ID: instanceOf(i), Cluster: "demo", EC2: fmt.Sprint("i-", i), Zone: "us-east-1a",
				Status: active, Connected: true, CPU: 1 << 40, Memory: 1 << 40})
		}
		for i := range tasks {
			t := d.NewTask(instanceOf(1<<20+i), model.Birth{Cluster: "demo", Group: "family:web", LaunchType: "EC2"}, func() string { return "u" }, tx.Now())
			t.Instance = instanceOf(i % instances)
			if err := t.Advance(model.Running, tx.Now()); err != nil {
				return err
			}
			store.Tasks.Put(tx, t)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return s
}
