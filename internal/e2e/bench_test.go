package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/go-connections/nat"
)

func median(ds []time.Duration) time.Duration {
	ds = slices.Sorted(slices.Values(ds))
	return ds[len(ds)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// BenchmarkColdStart starts the daemon on a state of 1,000 tasks and measures from the start of the
// process to the first answered API call.
func BenchmarkColdStart(b *testing.B) {
	dir := b.TempDir()
	seedState(b, filepath.Join(dir, "drydock.db"), 1000)
	body := []byte(`{"cluster":"default"}`)
	var all []time.Duration
	for b.Loop() {
		addr := fmt.Sprintf("127.0.0.1:%d", freePort(b))
		cmd := exec.Command(binary, "serve", "--listen", addr, "--data-dir", dir, "--engine", "sim", "--default-instances", "0")
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		for call(addr, "ListTasks", body) != nil {
			if time.Since(began) > 10*time.Second {
				b.Fatal("no answer")
			}
		}
		all = append(all, time.Since(began))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	b.ReportMetric(ms(median(all)), "ms/first-answer")
}

// seedState writes n running tasks of one service.
func seedState(b *testing.B, path string, n int) {
	s, err := store.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	err = s.Update(model.Scope{Account: "000000000000", Region: "us-east-1"}, func(tx *store.Tx) error {
		store.Regions.Put(tx, model.Region{Opened: tx.Now()})
		store.Clusters.Put(tx, model.Cluster{Name: "default", Status: "ACTIVE", Created: tx.Now()})
		zero := 0
		for i := range n {
			store.Tasks.Put(tx, model.Task{ID: fmt.Sprintf("%032x", i), Birth: model.Birth{Cluster: "default", Def: "web:1", Group: "family:web", LaunchType: "EC2"},
				Want: model.Stopped, Is: model.Stopped, Times: model.TaskTimes{Created: tx.Now(), Started: tx.Now(), Stopped: tx.Now()},
				Containers: []model.Container{{ID: "c", Name: "web", Image: "nginx", Is: model.Stopped, Exit: &zero,
					Bindings: []model.Binding{{ContainerPort: 80, HostPort: 32768 + i, Protocol: "tcp", BindIP: "127.66.0.1"}}}}})
		}
		return nil
	})
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		b.Fatal(err)
	}
}

// call makes one plain API call.
func call(addr, operation string, body []byte) error {
	req, err := http.NewRequest("POST", "http://"+addr+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		return fmt.Errorf("%s: %s", operation, resp.Status)
	}
	return nil
}

// BenchmarkRunTask runs a task with a dynamic port from the API call to RUNNING, in turns with the
// same engine calls issued directly, and reports the ratio of the medians.
func BenchmarkRunTask(b *testing.B) {
	d := start(b, needEngine(b))
	d.register("one", 80, "v1")
	d.awaitInstance()
	changes := d.follow(b)
	image := "drydock/probe:latest"
	run := func() string {
		arn := *must(d.ecs.RunTask(b.Context(), &ecs.RunTaskInput{Cluster: aws.String(cluster), TaskDefinition: aws.String("one")})).Tasks[0].TaskArn
		id := arn[strings.LastIndex(arn, "/")+1:]
		changes.await(id, "RUNNING")
		return arn
	}
	end := func(arn string) {
		must(d.ecs.StopTask(b.Context(), &ecs.StopTaskInput{Cluster: aws.String(cluster), Task: &arn}))
		changes.await(arn[strings.LastIndex(arn, "/")+1:], "STOPPED")
	}
	end(run()) // imports the image
	var ours, theirs []time.Duration
	ourTurn := func() {
		began := time.Now()
		arn := run()
		ours = append(ours, time.Since(began))
		end(arn)
	}
	theirTurn := func() {
		began := time.Now()
		id := bare(b, d, image)
		theirs = append(theirs, time.Since(began))
		if err := d.engine.ContainerRemove(context.Background(), id, container.RemoveOptions{Force: true}); err != nil {
			b.Fatal(err)
		}
	}
	for n := 0; b.Loop(); n++ {
		if n%2 == 0 {
			ourTurn()
			theirTurn()
		} else {
			theirTurn()
			ourTurn()
		}
	}
	b.ReportMetric(ms(median(ours)), "ms/RunTask→RUNNING")
	b.ReportMetric(ms(median(theirs)), "ms/bare")
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
}

// bare makes the engine calls that a task with one dynamic port needs.
func bare(b *testing.B, d *daemon, image string) string {
	ctx := b.Context()
	made := must(d.engine.ContainerCreate(ctx, &container.Config{Image: image, Env: []string{"PORT=80"}, ExposedPorts: nat.PortSet{"80/tcp": {}}},
		&container.HostConfig{NetworkMode: "bridge", PortBindings: nat.PortMap{"80/tcp": {{HostIP: "127.63.0.1", HostPort: "0"}}},
			Resources: container.Resources{CPUShares: 64, MemoryReservation: 32 << 20}}, nil, nil, ""))
	if err := d.engine.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
		b.Fatal(err)
	}
	must(d.engine.ContainerInspect(ctx, made.ID))
	return made.ID
}

// BenchmarkKill kills the process of a container and measures until its task is told to be past
// RUNNING, which the load balancer's routes follow within microseconds: from the exit, and from the
// engine's own die event.
func BenchmarkKill(b *testing.B) {
	w := startWeb(start(b, needEngine(b)), 4)
	changes := w.follow(b)
	msgs, errs := w.engine.Events(b.Context(), events.ListOptions{Filters: filters.NewArgs(filters.Arg("event", "die"))})
	var fromDie, fromKill []time.Duration
	for b.Loop() {
		victim := w.tasks()[0]
		id := *victim.Containers[0].RuntimeId
		pid := must(w.engine.ContainerInspect(b.Context(), id)).State.Pid
		began := time.Now() // to the microsecond also when the process ends
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			b.Fatal(err)
		}
		arn := *victim.TaskArn
		// The row leaves RUNNING in the commit that the load balancer's routes follow.
		left := changes.left(arn[strings.LastIndex(arn, "/")+1:])
		died := time.Time{}
		for died.IsZero() {
			select {
			case m := <-msgs:
				if m.Actor.ID == id {
					died = time.Unix(0, m.TimeNano)
				}
			case err := <-errs:
				b.Fatal(err)
			}
		}
		fromDie, fromKill = append(fromDie, left.Sub(died)), append(fromKill, left.Sub(began))
		w.stable(4)
	}
	b.ReportMetric(ms(median(fromDie)), "ms/die→left")
	b.ReportMetric(ms(median(fromKill)), "ms/exit→left")
}

// BenchmarkIdle settles a service of four behind a load balancer and measures what the daemon does
// in ten seconds of rest.
func BenchmarkIdle(b *testing.B) {
	w := startWeb(start(b, needEngine(b)), 4)
	pause(b.Context(), 3*time.Second) // the health checks of the start
	var cpu time.Duration
	var commits float64
	for b.Loop() {
		c0, n0 := w.cpu(), w.metric("drydock_commits_total")
		pause(b.Context(), 10*time.Second)
		cpu += w.cpu() - c0
		commits += w.metric("drydock_commits_total") - n0
	}
	b.ReportMetric(100*cpu.Seconds()/(10*float64(b.N)), "%core")
	b.ReportMetric(commits/float64(b.N), "commits/10s")
}

// cpu returns the processor time that the daemon has used.
func (d *daemon) cpu() time.Duration {
	d.t.Helper()
	raw := must(os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid)))
	f := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+2:]))
	user, system := must(strconv.Atoi(f[11])), must(strconv.Atoi(f[12]))
	return time.Duration(user+system) * 10 * time.Millisecond
}

// metric reads one metric without labels.
func (d *daemon) metric(name string) float64 {
	d.t.Helper()
	resp := must(http.Get("http://" + d.addr + "/_drydock/metrics"))
	defer resp.Body.Close()
	var b bytes.Buffer
	must(b.ReadFrom(resp.Body))
	for line := range strings.Lines(b.String()) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return must(strconv.ParseFloat(strings.TrimSpace(v), 64))
		}
	}
	d.t.Fatalf("no metric %s", name)
	return 0
}

// changeFeed reads the daemon's stream of events.
type changeFeed struct {
	t     testing.TB
	lines chan change
}

type change struct {
	Task, Status string
	at           time.Time
}

// follow opens the stream of what changes.
func (d *daemon) follow(t testing.TB) *changeFeed {
	t.Helper()
	resp := must(http.Get("http://" + d.addr + "/_drydock/events?follow=1"))
	f := &changeFeed{t, make(chan change, 1024)}
	t.Cleanup(func() { resp.Body.Close() })
	go func() {
		for dec := json.NewDecoder(resp.Body); ; {
			var c change
			if dec.Decode(&c) != nil {
				close(f.lines)
				return
			}
			c.at = time.Now()
			f.lines <- c
		}
	}()
	return f
}

// await returns when a task is told to have a status.
func (f *changeFeed) await(task, status string) time.Time {
	return f.first(func(c change) bool { return c.Task == task && c.Status == status })
}

// left returns when a task is told to be past RUNNING.
func (f *changeFeed) left(task string) time.Time {
	return f.first(func(c change) bool {
		return c.Task == task && slices.Contains([]string{"DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"}, c.Status)
	})
}

func (f *changeFeed) first(is func(change) bool) time.Time {
	f.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case c, ok := <-f.lines:
			if !ok {
				f.t.Fatal("the stream ended")
			}
			if is(c) {
				return c.at
			}
		case <-deadline:
			f.t.Fatal("not told within 30 s")
		}
	}
}
