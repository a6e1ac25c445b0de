package vpc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// counted is a network that only counts what it is told of interfaces.
type counted struct {
	fake
	calls, bytes atomic.Int64
	last         chan string // the interface of each call
}

func (c *counted) SetNIC(ctx context.Context, _ engine.VPC, n engine.NIC) error {
	raw, err := json.Marshal(n)
	c.calls.Add(1)
	c.bytes.Add(int64(len(raw)))
	select {
	case c.last <- n.ID:
	case <-ctx.Done():
	}
	return err
}

// BenchmarkJoiningAGroupThatRefersToItself is a task that starts in a group of n others, each of which
// lets in the members of the group: all of them are told of the new one.
func BenchmarkJoiningAGroupThatRefersToItself(b *testing.B) {
	for _, n := range []int{50, 200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { joining(b, n) })
	}
}

func joining(b *testing.B, n int) {
	s, err := store.Open(filepath.Join(b.TempDir(), "db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	do := func(fn func(tx *store.Tx)) {
		if err := s.Update(here, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
			b.Fatal(err)
		}
	}
	join := func(tx *store.Tx, i int) {
		id, ip := fmt.Sprintf("%04d", i), fmt.Sprintf("10.0.%d.%d", (i+4)/256, (i+4)%256)
		store.Tasks.Put(tx, model.Task{ID: id, Is: model.Running, ENI: &model.ENI{ID: "eni-" + id}})
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-" + id, VPC: "vpc-1", Subnet: "s", IP: ip, Task: id, Groups: []string{"sg-a"}})
	}
	do(func(tx *store.Tx) {
		store.Regions.Put(tx, model.Region{})
		store.VPCs.Put(tx, model.VPC{ID: "vpc-1", CIDR: "10.0.0.0/16"})
		store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-a", VPC: "vpc-1"})
		store.SecurityGroupRules.Put(tx, model.SecurityGroupRule{ID: "sgr-1", Group: "sg-a", Protocol: "-1", From: -1, To: -1, Peer: "sg-a"})
		for i := range n {
			join(tx, i)
		}
	})
	net := &counted{last: make(chan string)}
	c := New(s, Config{Network: net, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	told := func(n int) {
		for range n {
			<-net.last
		}
	}
	c.Hear(engine.Event{Kind: engine.Synced})
	told(n)
	net.calls.Store(0)
	net.bytes.Store(0)
	for b.Loop() {
		do(func(tx *store.Tx) { join(tx, n) })
		told(n + 1)
		do(func(tx *store.Tx) {
			store.Tasks.Delete(tx, fmt.Sprintf("%04d", n))
			store.NetworkInterfaces.Delete(tx, fmt.Sprintf("eni-%04d", n))
		})
		told(n)
	}
	b.ReportMetric(float64(net.calls.Load())/float64(2*b.N), "calls/op")
	b.ReportMetric(float64(net.bytes.Load())/float64(2*b.N), "told-B/op")
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}
