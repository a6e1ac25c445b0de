package docker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// pipes is a listener without a network.
type pipes struct {
	come  chan net.Conn
	ended chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.come:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.ended); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "engine"} }

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.come <- theirs:
		return ours, nil
	case <-p.ended:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hanging is a runtime on an engine that takes every call, lists a box that runs, and says nothing else but
// what more does.
func hanging(t *testing.T, more map[string]http.HandlerFunc) *Runtime {
	box := fmt.Sprintf(`{%q:"me",%q:%q,%q:"i-1"}`, labelOwner, labelBox, netbox.RoleInstance, labelInstance)
	ended := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1.41/events", func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /v1.41/containers/json", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `[{"Id":"box","Names":["/box"],"State":"running","Labels":%s}]`, box)
	})
	mux.HandleFunc("GET /v1.41/containers/{id}/json", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"Id":%q,"Name":"/box","State":{"Running":true},"Config":{"Labels":%s}}`, r.PathValue("id"), box)
	})
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) { <-ended })
	for call, answer := range more {
		mux.HandleFunc(call, answer)
	}
	l := pipes{make(chan net.Conn), make(chan struct{})}
	srv := &http.Server{Handler: mux}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	cli, err := client.NewClientWithOpts(client.WithHost("tcp://engine:1"), client.WithVersion("1.41"), client.WithDialContext(l.dial))
	if err != nil {
		t.Fatal(err)
	}
	r := &Runtime{cli: cli, owner: "me", log: slog.New(slog.DiscardHandler), slots: make(chan struct{}, starts),
		probe:     func() (engine.Image, error) { return engine.Image{Repository: builtInRepository, Tag: "1"}, nil },
		importing: make(chan struct{}, 1), told: make(chan engine.Event)}
	r.grouping.Do(func() {})
	r.life, r.end = context.WithCancel(context.Background())
	t.Cleanup(func() {
		close(ended)
		_ = r.Close()
		_ = srv.Close()
		<-served
	})
	return r
}

// What is under way when the daemon is to end takes no longer than a call may that nobody waits for, whatever
// the engine does.
func TestAnEngineThatHangsHoldsNobodyForLong(t *testing.T) {
	spared := func(r *Runtime, lot string) {
		p := &pool{used: time.Now()}
		for n := range 3 {
			p.ready = append(p.ready, spare{r.newChannel(fmt.Sprint("spare", n), "", netbox.RolePause, engine.Place{}, nil)})
		}
		r.pools.of = map[string]*pool{lot: p}
	}
	bridged := engine.Spec{Task: "0123456789abcdef", Container: "web", Image: "web", Instance: "i-1", Network: "bridge"}
	for rule, do := range map[string]func(ctx context.Context, r *Runtime){
		"a look at what there is": func(ctx context.Context, r *Runtime) { _ = r.Watch(ctx, func(engine.Event) {}) },
		"a start":                 func(ctx context.Context, r *Runtime) { _, _ = r.Start(ctx, bridged) },
		"a start that takes a network namespace from stock": func(ctx context.Context, r *Runtime) {
			v := engine.VPC{ID: "vpc-1"}
			name := r.vpcName(v.Scope, v.ID)
			spared(r, name)
			r.networks.vpcs = map[string]segment{name: {Network: name}}
			_, _ = r.Start(ctx, engine.Spec{Task: bridged.Task, Container: "web", Image: "web", Network: engine.NetworkTask, VPC: v, NIC: &engine.NIC{ID: "eni-1"}})
		},
		"a machine that goes, with the network namespaces made in advance for it": func(ctx context.Context, r *Runtime) {
			spared(r, r.hostName("i-1"))
			_ = r.DropHost(ctx, model.Scope{}, "i-1")
		},
		"one that goes while such a namespace is made": func(ctx context.Context, r *Runtime) {
			_, _ = r.turns.take(ctx, makesSpares)
			_ = r.DropHost(ctx, model.Scope{}, "i-1")
		},
		"one made in advance that cannot be taken": func(ctx context.Context, r *Runtime) {
			spared(r, "none")
			_ = r.occupySpare(ctx, box{Name: "taken", Network: "none"})
		},
		"a namespace that is still to be made what it is to be": func(ctx context.Context, r *Runtime) {
			never := r.prepare(ctx, nil, netip.Addr{}, func(context.Context) error { <-r.life.Done(); return nil })
			ctx, cancel := finish(ctx)
			defer cancel()
			_ = never.wait(ctx)
		},
		"a namespace that was taken for nothing": func(ctx context.Context, r *Runtime) {
			r.stray(ctx, listed("left", container.StateRunning, "none", map[string]string{labelBox: netbox.RolePause}))
		},
		"what goes after the end": func(ctx context.Context, r *Runtime) {
			<-ctx.Done()
			r.stray(ctx, listed("spare", container.StateRunning, "none", map[string]string{labelBox: netbox.RolePause, labelTask: "a", labelContainer: "b"}))
			r.later(engine.Spec{Task: bridged.Task, Network: engine.NetworkTask})
			r.sendMetadata(bridged, engine.Started{RuntimeID: "web"})
			_ = r.Close()
		},
	} {
		t.Run(rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := hanging(t, nil)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() { defer close(done); do(ctx, r) }()
				time.Sleep(time.Second)
				cancel()
				began := time.Now()
				select {
				case <-done:
				case <-time.After(time.Hour):
					t.Error("it goes on for ever")
				}
				if took := time.Since(began); took > patience {
					t.Errorf("it takes %v", took)
				}
				cancel()
				r.end()
			})
		})
	}
}

// Host ports that come after whoever cleans up would lead to nobody, and be refused to everybody else.
func TestAStartThatFailsWaitsForItsHostPorts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, led := hanging(t, nil), false
		m := made{plug: plug{forwards: []netbox.Forward{{Protocol: "tcp", Port: 80, Count: 1}}}}
		m.plug.space = r.prepare(t.Context(), nil, netip.Addr{}, func(context.Context) error { return errors.New("the namespace ended") })
		m.plug.led = r.prepare(t.Context(), nil, netip.Addr{}, func(context.Context) error { time.Sleep(time.Second); led = true; return nil })
		if err := r.begin(t.Context(), engine.Spec{}, m); err == nil || err.Error() != "the namespace ended" || !led {
			t.Errorf("it returns %v, and they lead there: %v", err, led)
		}
		<-m.plug.led.done
		r.end()
	})
}
