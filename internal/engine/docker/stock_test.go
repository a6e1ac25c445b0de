package docker_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/ids"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// spares are the ids of the owner's network namespaces that are made in advance and run.
func spares(t *testing.T, cli *client.Client, owner string) (ids []string) {
	t.Helper()
	cs, err := cli.ContainerList(t.Context(), container.ListOptions{Filters: filters.NewArgs(filters.Arg("name", "drydock-"+owner+"-spare-"))})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		ids = append(ids, c.ID)
	}
	return ids
}

// spareOf waits until there is one.
func spareOf(t *testing.T, cli *client.Client, owner string) string {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		if ids := spares(t, cli, owner); len(ids) > 0 {
			return ids[0]
		}
		if time.Now().After(deadline) {
			t.Fatal("no network namespace is made in advance")
		}
	}
}

// fromStock starts a container that joins what was in stock.
func fromStock(t *testing.T, cli *client.Client, r *docker.Runtime, owner string) (engine.Spec, engine.Started) {
	t.Helper()
	for range 6 { // one that is just being made is there before it is in stock
		stock, s := spareOf(t, cli, owner), spec(0)
		if st := start(t, r, s); pauseOf(t, cli, s.Task) == stock {
			return s, st
		}
	}
	t.Fatal("none of six joined what was in stock")
	return engine.Spec{}, engine.Started{}
}

func TestAContainerTakesANamespaceFromStock(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	asked := make(chan engine.Place, 16)
	r, err := docker.New(docker.Config{Owner: owner, Probe: program, Doors: docker.Doors{HTTP: func(w http.ResponseWriter, _ *http.Request, from engine.Place) {
		asked <- from
		_, _ = w.Write([]byte("hello"))
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer func() { _ = r.RemoveAll(context.Background()) }()
	host := machine(0)
	raise(t, r, host)
	s, st := fromStock(t, cli, r, owner)
	if got := get(t, st.Bindings[0].Dial, "/fetch?url="+url.QueryEscape("http://169.254.170.2/v4/id")); !strings.Contains(got, "hello") {
		t.Errorf("the daemon's answer inside: %s", got)
	}
	want := engine.Place{Scope: host.VPC.Scope, VPC: host.VPC.ID, Instance: host.ID, Task: s.Task, Container: s.Container, NIC: host.NIC.ID}
	if from := <-asked; from != want {
		t.Errorf("asked from %+v, want %+v", from, want)
	}
	if err := r.RemoveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	mine := filters.NewArgs(filters.Arg("label", "io.drydock.owner="+owner))
	if cs, err := cli.ContainerList(t.Context(), container.ListOptions{All: true, Filters: mine}); err != nil || len(cs) > 0 {
		t.Errorf("containers are left: %v, %v", cs, err)
	}
	if ns, err := cli.NetworkList(t.Context(), network.ListOptions{Filters: mine}); err != nil || len(ns) > 0 {
		t.Errorf("networks are left: %v, %v", ns, err)
	}
}

func TestTheStockOfADeadDaemonGoes(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	st, own := start(t, r, spec(0)), start(t, r, inTask())
	old := spareOf(t, cli, owner)
	watching(t, openAs(t, "", owner))
	for deadline := time.Now().Add(30 * time.Second); ; {
		if _, err := cli.ContainerInspect(t.Context(), old); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it is still there")
		}
	}
	for _, st := range []engine.Started{st, own} { // whose namespaces came from there
		if got := get(t, st.Bindings[0].Dial, "/healthz"); got != "ok\n" {
			t.Errorf("a container of before: %q", got)
		}
	}
}

// A daemon that is killed may have taken a namespace from stock, with host ports that lead there, and not made
// the container yet.
func TestANamespaceThatWasTakenForNothingGoesBeforeAnythingIsStarted(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	s, st := fromStock(t, cli, r, owner)
	pause := pauseOf(t, cli, s.Task)
	if err := cli.ContainerRemove(t.Context(), st.RuntimeID, container.RemoveOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	r.Close()
	next := openAs(t, "", owner)
	watching(t, next)
	if _, err := cli.ContainerInspect(t.Context(), pause); !cerrdefs.IsNotFound(err) {
		t.Errorf("it is still there once all was told: %v", err)
	}
	start(t, next, spec(s.Ports[0].HostPort))
}

// The next container with its address would be reached at the host ports of one whose namespace ended.
func TestHostPortsGoWithANamespaceThatEndsWhileNobodyWatches(t *testing.T) {
	cli, owner := raw(t), "test-"+ids.Hex(8)
	r := openAs(t, "", owner)
	s := spec(0)
	start(t, r, s)
	r.Close()
	kill(t, cli, pauseOf(t, cli, s.Task))
	next := openAs(t, "", owner)
	watching(t, next)
	start(t, next, spec(s.Ports[0].HostPort))
}
