package docker

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
)

// listed is a container as the engine lists it, in the network of another.
func listed(id, state, joins string, labels map[string]string) container.Summary {
	c := container.Summary{ID: id, Names: []string{"/" + id}, State: state, Labels: labels}
	c.HostConfig.NetworkMode = joins
	return c
}

func TestWhoseAListedPauseIs(t *testing.T) {
	sc := model.Scope{Account: "123456789012", Region: "us-east-1"}
	pause := func(id string) container.Summary {
		return listed(id, container.StateRunning, "net", map[string]string{labelBox: netbox.RolePause, labelAccount: sc.Account, labelRegion: sc.Region, labelInstance: "i-1"})
	}
	user := func(task, mode, joins string) container.Summary {
		return listed(task, container.StateRunning, joins, map[string]string{labelAccount: sc.Account, labelRegion: sc.Region,
			labelTask: task, labelContainer: "web", labelInstance: "i-1", labelNetwork: mode})
	}
	var r Runtime
	cs := []container.Summary{pause("spare"), pause("own"), pause("shared"), user("a", "bridge", "container:own"),
		user("b", engine.NetworkTask, "container:shared"), user("c", "host", "container:machine"), user("d", "bridge", "container:gone")}
	r.claimed(cs)
	for id, want := range map[string]engine.Place{
		"spare":  {Scope: sc, Instance: "i-1"},
		"own":    {Scope: sc, Instance: "i-1", Task: "a", Container: "web"},
		"shared": {Scope: sc, Instance: "i-1", Task: "b"},
	} {
		if got := r.whose(id, pause(id).Labels); got != want {
			t.Errorf("%s is of %+v, want %+v", id, got, want)
		}
	}
	for _, id := range []string{"machine", "gone"} {
		if _, noted := r.claims.Load(id); noted {
			t.Errorf("%s is claimed", id)
		}
	}
}

func TestHostPortsThatLeadToNobodyGo(t *testing.T) {
	box := func(role, instance, id string) container.Summary {
		return listed(id, container.StateRunning, "net", map[string]string{labelBox: role, labelInstance: instance})
	}
	to := func(last byte) netip.Addr { return netip.AddrFrom4([4]byte{172, 17, 0, last}) }
	for _, c := range []struct {
		rule string
		also []container.Summary
		want string
	}{
		{"where a pause ended, is being removed, or is behind another machine", nil, "[8080]"},
		{"but not while there is one that does not answer", []container.Summary{box(netbox.RolePause, "i-1", "silent")}, "[8080 8081 8082 8083]"},
		{"or that was given up", []container.Summary{box(netbox.RolePause, "i-1", "ended")}, "[8080 8081 8082 8083]"},
		{"and those of other machines do not matter", []container.Summary{box(netbox.RolePause, "i-2", "silent")}, "[8080]"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			r := &Runtime{log: slog.New(slog.DiscardHandler)}
			r.life, r.end = context.WithCancel(t.Context())
			t.Cleanup(r.notes.Wait)
			h, f := r.boxOf(t, "machine", netbox.RoleInstance, engine.Place{Instance: "i-1"})
			go f.run(func(netbox.Order) string { return "" })
			cfg := netbox.Config{}
			for n := range 4 {
				cfg.Forwards = append(cfg.Forwards, netbox.Forward{Protocol: "tcp", Port: 8080 + n, Count: 1, To: netip.AddrPortFrom(to(byte(2+n)), 80)})
			}
			h.stand.Store(&standing{Config: cfg})
			for id, at := range map[string]struct {
				instance string
				last     byte
			}{"stands": {"i-1", 2}, "leaves": {"i-1", 3}, "elsewhere": {"i-2", 4}} {
				p := r.newChannel(id, id, netbox.RolePause, engine.Place{Instance: at.instance}, nil)
				p.stand.Store(&standing{Config: netbox.Config{Address: netip.PrefixFrom(to(at.last), 16)}})
				r.channels.add(p)
			}
			r.channels.leave("leaves")
			ended := r.newChannel("ended", "", netbox.RolePause, engine.Place{Instance: "i-1"}, nil)
			ended.ended.Store(true)
			r.channels.add(ended)
			cs := append(c.also, box(netbox.RoleInstance, "i-1", "machine"))
			r.unlead(t.Context(), cs, r.silent(cs))
			var left []int
			for _, f := range h.config().Forwards {
				left = append(left, f.Port)
			}
			if got := fmt.Sprint(left); got != c.want {
				t.Errorf("%s lead somewhere, want %s", got, c.want)
			}
		})
	}
}

// One that a daemon took from stock, and was killed before it made the container, has the name that its next
// start wants.
func TestAPauseThatWasTakenForNothingGoesBeforeAnythingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		r := hanging(t, map[string]http.HandlerFunc{"DELETE /v1.41/containers/taken": func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			gone.Store(true)
			w.WriteHeader(http.StatusNoContent)
		}})
		c := listed("taken", container.StateRunning, "none", map[string]string{labelBox: netbox.RolePause, labelInstance: "i-1"})
		c.Names = []string{"/drydock-me-0123456789ab-web.pause"}
		r.assign(t.Context(), []container.Summary{c}, map[string]engine.Place{})
		if !gone.Load() {
			t.Error("it is still there")
		}
		r.end()
	})
}
