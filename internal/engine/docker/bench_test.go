package docker_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/ids"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
)

func median(ds []time.Duration) time.Duration {
	if len(ds) == 0 {
		return 0
	}
	slices.Sort(ds)
	return ds[len(ds)/2]
}

// bare is what any program would call for the same container.
func bare(ctx context.Context, cli *client.Client, ref, host string) (id string, err error) {
	made, err := cli.ContainerCreate(ctx, &container.Config{Image: ref, ExposedPorts: nat.PortSet{"80/tcp": {}}},
		&container.HostConfig{NetworkMode: "bridge", PortBindings: nat.PortMap{"80/tcp": {{HostIP: host, HostPort: "0"}}}}, &network.NetworkingConfig{}, nil, "")
	if err != nil {
		return "", err
	}
	if err := cli.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
		return made.ID, err
	}
	_, err = cli.ContainerInspect(ctx, made.ID)
	return made.ID, err
}

// big is a container whose task has limits that do not slow it down.
func big() engine.Spec {
	s := of(ids.Hex(32), "web")
	s.CPUs = 4096
	return s
}

// stocked waits until a network namespace is ready that nobody has, so that making one does not slow down
// what is measured next.
func stocked(b *testing.B, cli *client.Client, where filters.KeyValuePair) {
	b.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ; ; <-tick.C {
		cs, err := cli.ContainerList(b.Context(), container.ListOptions{Filters: filters.NewArgs(filters.Arg("name", "-spare-"), where)})
		if err != nil {
			b.Fatal(err)
		}
		if len(cs) > 0 && time.Since(time.Unix(cs[0].Created, 0)) > time.Second {
			return
		}
	}
}

// BenchmarkStart measures Start of a container in bridge mode, with a network namespace in stock, against the
// bare calls for one that publishes a port, in turns, and reports the ratio of medians.
func BenchmarkStart(b *testing.B) {
	cli, owner := raw(b), "test-"+ids.Hex(8)
	r := openAs(b, "", owner)
	ref, err := r.EnsureProbe(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := r.Check(b.Context()); err != nil {
		b.Fatal(err)
	}
	behind := filters.Arg("label", "io.drydock.instance="+machine(0).ID)
	var ours, sized, theirs []time.Duration
	ourTurn := func(s engine.Spec, took *[]time.Duration) {
		stocked(b, cli, behind)
		began := time.Now()
		st, err := r.Start(b.Context(), s)
		*took = append(*took, time.Since(began))
		if err == nil {
			err = r.Remove(b.Context(), st.RuntimeID)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	theirTurn := func() {
		stocked(b, cli, behind)
		began := time.Now()
		id, err := bare(b.Context(), cli, ref, "127.0.0.1")
		theirs = append(theirs, time.Since(began))
		if id != "" {
			_ = cli.ContainerRemove(context.WithoutCancel(b.Context()), id, container.RemoveOptions{Force: true})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for n := 0; b.Loop(); n++ {
		if n%2 == 0 {
			ourTurn(spec(0), &ours)
			theirTurn()
			ourTurn(big(), &sized)
		} else {
			ourTurn(big(), &sized)
			theirTurn()
			ourTurn(spec(0), &ours)
		}
	}
	mine, base := median(ours), median(theirs)
	b.ReportMetric(float64(mine.Microseconds())/1000, "ms/start")
	b.ReportMetric(float64(median(sized).Microseconds())/1000, "ms/sized") // of a task with limits of its own
	b.ReportMetric(float64(base.Microseconds())/1000, "ms/bare")
	b.ReportMetric(float64(mine)/float64(base), "ratio")
}

// both runs two functions at the same time.
func both(b *testing.B, one, two func() error) {
	b.Helper()
	errs := make(chan error, 2)
	go func() { errs <- one() }()
	go func() { errs <- two() }()
	for range 2 {
		if err := <-errs; err != nil {
			b.Fatal(err)
		}
	}
}

// cold makes the calls for a task in awsvpc mode with two containers as if nothing was there: a pause on the
// network, and the two that join it.
func cold(b *testing.B, cli *client.Client, ref, network string) (took time.Duration) {
	b.Helper()
	var ids []string
	var mu sync.Mutex
	run := func(mode container.NetworkMode, env ...string) error {
		made, err := cli.ContainerCreate(b.Context(), &container.Config{Image: ref, Env: env}, &container.HostConfig{NetworkMode: mode}, nil, nil, "")
		if err != nil {
			return err
		}
		mu.Lock()
		ids = append(ids, made.ID)
		mu.Unlock()
		return cli.ContainerStart(b.Context(), made.ID, container.StartOptions{})
	}
	began := time.Now()
	if err := run(container.NetworkMode(network), "PORT=79"); err != nil {
		b.Fatal(err)
	}
	join := container.NetworkMode("container:" + ids[0])
	both(b, func() error { return run(join, "PORT=80") }, func() error { return run(join, "PORT=81") })
	took = time.Since(began)
	for _, id := range ids {
		_ = cli.ContainerRemove(context.WithoutCancel(b.Context()), id, container.RemoveOptions{Force: true})
	}
	return took
}

// BenchmarkTask measures the start of a task in awsvpc mode with two containers, with a network namespace in
// stock, against the calls made cold.
func BenchmarkTask(b *testing.B) {
	cli, owner := raw(b), "test-"+ids.Hex(8)
	r := openAs(b, "", owner)
	ref, err := r.EnsureProbe(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if err := r.Remove(b.Context(), start(b, r, inTask()).RuntimeID); err != nil { // the first opens the stock
		b.Fatal(err)
	}
	vpc := "drydock-" + owner + "-" + private.Scope.Account + "-" + private.Scope.Region + "-" + private.ID
	var ours, theirs []time.Duration
	for b.Loop() {
		stocked(b, cli, filters.Arg("network", vpc))
		one := inTask()
		began := time.Now()
		var started [2]engine.Started
		both(b, func() (err error) { started[0], err = r.Start(b.Context(), one); return err },
			func() (err error) { started[1], err = r.Start(b.Context(), sibling(one)); return err })
		ours = append(ours, time.Since(began))
		for _, st := range started {
			if err := r.Remove(b.Context(), st.RuntimeID); err != nil {
				b.Fatal(err)
			}
		}
		stocked(b, cli, filters.Arg("network", vpc))
		theirs = append(theirs, cold(b, cli, ref, vpc))
	}
	b.ReportMetric(float64(median(ours).Microseconds())/1000, "ms/task")
	b.ReportMetric(float64(median(theirs).Microseconds())/1000, "ms/cold")
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
}

// BenchmarkDie measures from the engine's die event, and from the kill, to the event told.
func BenchmarkDie(b *testing.B) {
	cli, r := raw(b), open(b, "")
	type told struct {
		engine.Event
		after time.Duration // since the engine's own time of it
		at    time.Time
	}
	events := make(chan told, 64)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() {
		done <- r.Watch(ctx, func(ev engine.Event) { events <- told{ev, time.Since(ev.At), time.Now()} })
	}()
	defer func() { cancel(); <-done }()
	var after, killed []time.Duration
	for b.Loop() {
		st := start(b, r, spec(0))
		began := time.Now()
		if err := cli.ContainerKill(b.Context(), st.RuntimeID, "KILL"); err != nil {
			b.Fatal(err)
		}
		for ev := range events {
			if ev.RuntimeID == st.RuntimeID && ev.State == engine.Exited {
				after, killed = append(after, ev.after), append(killed, ev.at.Sub(began))
				break
			}
		}
		if err := r.Remove(b.Context(), st.RuntimeID); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(median(after).Microseconds())/1000, "ms/told")
	b.ReportMetric(float64(median(killed).Microseconds())/1000, "ms/from-kill")
}

// BenchmarkEight starts eight at once, which is as many as the engine gains from.
func BenchmarkEight(b *testing.B) {
	cli, r := raw(b), open(b, "")
	ref, err := r.EnsureProbe(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	all := func(one func(n int) error) time.Duration {
		errs := make(chan error)
		began := time.Now()
		for n := range starts {
			go func() { errs <- one(n) }()
		}
		for range starts {
			if err := <-errs; err != nil {
				b.Error(err)
			}
		}
		return time.Since(began)
	}
	var ours, theirs []time.Duration
	for b.Loop() {
		ours = append(ours, all(func(n int) error {
			s := spec(0)
			s.Container = "c" + strconv.Itoa(n)
			_, err := r.Start(b.Context(), s)
			return err
		}))
		if err := r.RemoveAll(b.Context()); err != nil {
			b.Fatal(err)
		}
		made := make([]string, starts)
		theirs = append(theirs, all(func(n int) (err error) {
			made[n], err = bare(b.Context(), cli, ref, "127.0.0.1")
			return err
		}))
		for _, id := range made {
			_ = cli.ContainerRemove(context.WithoutCancel(b.Context()), id, container.RemoveOptions{Force: true})
		}
	}
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
	b.ReportMetric(starts/median(ours).Seconds(), "starts/s")
}

const starts = 8

// BenchmarkHostPort measures what gets through a host port of an instance, and, in turns, through the own
// address of a container that the engine put on its own bridge: over one connection, of which waking who
// waits for the next packet is a part, and over four, which keep the processors busy.
func BenchmarkHostPort(b *testing.B) {
	cli, r := raw(b), open(b, "")
	ref, err := r.EnsureProbe(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	st := start(b, r, spec(0))
	defer r.Remove(context.WithoutCancel(b.Context()), st.RuntimeID)
	id, err := bare(b.Context(), cli, ref, "127.0.0.1")
	defer cli.ContainerRemove(context.WithoutCancel(b.Context()), id, container.RemoveOptions{Force: true})
	if err != nil {
		b.Fatal(err)
	}
	in, err := cli.ContainerInspect(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	port, own := st.Bindings[0].Dial, net.JoinHostPort(in.NetworkSettings.Networks["bridge"].IPAddress, "80")
	get(b, port, "/healthz")
	get(b, own, "/healthz")
	for _, conns := range []int{1, 4} {
		b.Run(strconv.Itoa(conns), func(b *testing.B) {
			var ours, theirs []time.Duration
			for b.Loop() {
				ours = append(ours, pull(b, port, conns))
				theirs = append(theirs, pull(b, own, conns))
			}
			speed := func(took time.Duration) float64 { return float64(pulled<<20) / took.Seconds() / 1e9 }
			b.ReportMetric(speed(median(ours)), "GB/s-host-port")
			b.ReportMetric(speed(median(theirs)), "GB/s-own-address")
			b.ReportMetric(float64(median(theirs))/float64(median(ours)), "ratio")
		})
	}
}

// pulled is how many mebibytes pull reads.
const pulled = 1024

// pull reads from a container over as many connections, and returns how long that took.
func pull(b *testing.B, at string, conns int) time.Duration {
	b.Helper()
	errs := make([]error, conns)
	began := time.Now()
	var wg sync.WaitGroup
	for n := range conns {
		wg.Go(func() { errs[n] = pullOne(at, pulled/conns) })
	}
	wg.Wait()
	took := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	return took
}

func pullOne(at string, mib int) error {
	t := &http.Transport{ReadBufferSize: 1 << 20}
	defer t.CloseIdleConnections()
	res, err := (&http.Client{Transport: t}).Get("http://" + at + "/zeros?mib=" + strconv.Itoa(mib))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, res.Body, make([]byte, 1<<20))
	if err == nil && n != int64(mib)<<20 {
		err = fmt.Errorf("%d bytes", n)
	}
	return err
}

// BenchmarkDial measures a connection to a listener in a gateway: over its socket, which passes the
// connection itself, and over a stream of the engine.
func BenchmarkDial(b *testing.B) {
	for _, way := range []struct{ name, dir string }{{"socket", b.TempDir()}, {"stream", ""}} {
		b.Run(way.name, func(b *testing.B) {
			r, err := docker.New(docker.Config{Owner: "bench-" + ids.Hex(8), Probe: program, Dir: way.dir, Pool: netip.MustParsePrefix("198.19.0.0/16")})
			if err != nil {
				b.Fatal(err)
			}
			defer r.Close()
			defer r.RemoveAll(context.Background())
			v := vpc("bench")
			lb := engine.NIC{ID: "eni-lb", IP: netip.MustParseAddr("10.231.9.1"), MAC: "0a:00:00:00:09:01", Firewall: open80("0.0.0.0/0")}
			if err := r.SetGateway(b.Context(), v, []engine.NIC{lb}); err != nil {
				b.Fatal(err)
			}
			l, err := r.Listen(b.Context(), v, netip.AddrPortFrom(lb.IP, 80))
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			go func() {
				for c, err := l.Accept(); err == nil; c, err = l.Accept() {
					c.Close()
				}
			}()
			for b.Loop() {
				c, err := r.Dial(b.Context(), v, "tcp", netip.Addr{}, netip.AddrPortFrom(lb.IP, 80))
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}
