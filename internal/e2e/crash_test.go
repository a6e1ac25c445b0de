package e2e

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
)

// TestKillInTheMiddleOfARollingUpdate kills the daemon while a rolling update runs under load. The
// load balancer is part of the daemon, so requests fail while it is away; none may fail after.
func TestKillInTheMiddleOfARollingUpdate(t *testing.T) {
	w := startWeb(start(t, needEngine(t)), 4)
	stop := w.load()
	w.roll("web", 8080, "v2")
	await(t, 30*time.Second, func() error { // some new copies run, some old ones still do
		if n := len(w.containers(false)); n <= 4 {
			return errStill("not rolling")
		}
		return nil
	})
	w.kill()
	stop()
	w.serve()

	stop = w.load()
	await(t, 10*time.Second, func() error { _, err := w.get("/"); return err })
	w.stable(4)
	_, failed := stop()
	settled := false
	for _, f := range failed {
		if settled = settled || !strings.Contains(f, "connection refused"); settled {
			t.Errorf("failed after the restart: %s", f)
		}
	}
	for _, task := range w.tasks() {
		if !strings.HasSuffix(*task.TaskDefinitionArn, "/web:2") {
			t.Errorf("task %s still runs %s", *task.TaskArn, *task.TaskDefinitionArn)
		}
	}
	w.noNewCopyWasBounced()
}

// noNewCopyWasBounced wants no task of the new revision to have ended: all that run from before the
// kill were adopted.
func (w *web) noNewCopyWasBounced() {
	w.t.Helper()
	list := must(w.ecs.ListTasks(w.t.Context(), &ecs.ListTasksInput{Cluster: aws.String(cluster), DesiredStatus: "STOPPED"}))
	stopped := must(w.ecs.DescribeTasks(w.t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: list.TaskArns}))
	if len(stopped.Tasks) != 4 {
		w.t.Errorf("%d tasks stopped, want the 4 of the old revision", len(stopped.Tasks))
	}
	for _, task := range stopped.Tasks {
		if !strings.HasSuffix(*task.TaskDefinitionArn, "/web:1") {
			w.t.Errorf("task %s of the new revision stopped: %s", *task.TaskArn, *task.StoppedReason)
		}
	}
}

// TestWhatHappensWhileAway ends a container while the daemon is away, and leaves one that no row knows.
func TestWhatHappensWhileAway(t *testing.T) {
	w := startWeb(start(t, needEngine(t)), 2)
	tasks := w.tasks()
	w.kill()
	ctx := context.Background()
	if err := w.engine.ContainerKill(ctx, *tasks[0].Containers[0].RuntimeId, "KILL"); err != nil {
		t.Fatal(err)
	}
	w.leftover(*tasks[1].Containers[0].RuntimeId)
	w.serve()
	w.gone(*tasks[0].TaskArn)
	await(t, 20*time.Second, func() error {
		for _, c := range w.containers(true) {
			if strings.Contains(c.Names[0], "leftover") {
				return errStill("there: " + c.Names[0])
			}
		}
		return nil
	})
	out := must(w.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{*tasks[0].TaskArn, *tasks[1].TaskArn}}))
	if c := out.Tasks[0].Containers[0]; c.ExitCode == nil || *c.ExitCode != 137 {
		t.Errorf("the container that was killed meanwhile has exit code %v, want 137", c.ExitCode)
	}
	if got := out.Tasks[1]; *got.LastStatus != "RUNNING" || !got.StartedAt.Equal(*tasks[1].StartedAt) {
		t.Errorf("the other task was bounced: %s, started %v, was %v", *got.LastStatus, got.StartedAt, tasks[1].StartedAt)
	}
	w.stable(2)
}

// leftover makes a container with the labels of another one, but for a task that no row knows.
func (w *web) leftover(like string) {
	w.t.Helper()
	ctx := context.Background()
	in := must(w.engine.ContainerInspect(ctx, like))
	labels := maps.Clone(in.Config.Labels)
	labels["io.drydock.task"] = strings.Repeat("0", 32)
	made := must(w.engine.ContainerCreate(ctx, &container.Config{Image: in.Config.Image, Labels: labels}, nil, nil, nil, "drydock-leftover-"+in.Config.Labels["io.drydock.owner"]))
	if err := w.engine.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
		w.t.Fatal(err)
	}
}

// TestNoAnsweredWriteIsLost kills the daemon while sixteen clients write, and wants every task
// definition whose registration was answered to be there afterwards.
func TestNoAnsweredWriteIsLost(t *testing.T) {
	d := start(t, nil, "--engine", "sim")
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered := []string{}
	for range 16 {
		wg.Go(func() {
			for {
				out, err := d.ecs.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{Family: aws.String("f"),
					ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("c"), Image: aws.String("i"), Memory: aws.Int32(8)}}},
					func(o *ecs.Options) { o.Retryer = aws.NopRetryer{} })
				if err != nil {
					return // the daemon is gone
				}
				mu.Lock()
				answered = append(answered, *out.TaskDefinition.TaskDefinitionArn)
				enough := len(answered) == 500
				mu.Unlock()
				if enough {
					d.kill()
				}
			}
		})
	}
	wg.Wait()
	d.serve()
	for _, arn := range answered {
		if _, err := d.ecs.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &arn}); err != nil {
			t.Fatalf("one of %d that were answered: %v", len(answered), err)
		}
	}
}

// TestEngineGoesAway stops and starts a container engine of its own under a running daemon.
func TestEngineGoesAway(t *testing.T) {
	needEngine(t)
	e := startEngine(t)
	d := start(t, e.client(t), "--docker-host", e.host)
	w := startWeb(d, 2)
	e.stop(t)
	await(t, 15*time.Second, func() error {
		if d.engineOK() {
			return errStill("healthy")
		}
		return nil
	})
	await(t, 5*time.Second, func() error {
		out, err := d.ecs.DescribeContainerInstances(t.Context(), &ecs.DescribeContainerInstancesInput{Cluster: aws.String(cluster), ContainerInstances: d.instances()})
		if err == nil && out.ContainerInstances[0].AgentConnected {
			err = errors.New("the container instance says agentConnected while its engine is away")
		}
		return err
	})
	pause(t.Context(), 10*time.Second) // as long as the story says
	e.run(t)
	await(t, 30*time.Second, func() error {
		if !d.engineOK() {
			return errStill("unhealthy")
		}
		return nil
	})
	w.stable(2)
	if n := len(w.containers(false)); n != 2 {
		t.Errorf("%d containers run, the API says 2", n)
	}
	if events := d.drydock("events"); !strings.Contains(events, "does not answer") {
		t.Errorf("the events do not tell that the engine went away:\n%s", events)
	}
}

// TestADaemonEndsWhileItsEngineHangs holds up an engine of its own, which then takes calls and answers none, while
// tasks are started and stopped.
func TestADaemonEndsWhileItsEngineHangs(t *testing.T) {
	needEngine(t)
	e := startEngine(t)
	d := start(t, e.client(t), "--docker-host", e.host)
	d.awaitInstance()
	d.register("one", 80, "v1")
	run := []string{"ecs", "run-task", "--task-definition", "one", "--query", "tasks[0].taskArn", "--output", "text"}
	arn := d.aws(run...)
	d.aws("ecs", "wait", "tasks-running", "--tasks", arn)
	must(0, e.cmd.Process.Signal(syscall.SIGSTOP))
	defer func() { _ = e.cmd.Process.Signal(syscall.SIGCONT) }()
	d.aws(run...)
	d.aws("ecs", "stop-task", "--task", arn)
	pause(t.Context(), time.Second) // both are under way
	began := time.Now()
	d.stop()
	t.Logf("it ended after %v", time.Since(began))
	must(0, e.cmd.Process.Signal(syscall.SIGCONT))
	d.serve()
	d.aws("ecs", "wait", "tasks-stopped", "--tasks", arn)
}

func (d *daemon) instances() []string {
	d.t.Helper()
	return must(d.ecs.ListContainerInstances(d.t.Context(), &ecs.ListContainerInstancesInput{Cluster: aws.String(cluster)})).ContainerInstanceArns
}

func (d *daemon) engineOK() bool {
	var h struct {
		Engine struct {
			OK bool `json:"ok"`
		} `json:"engine"`
	}
	d.page("/_drydock/health", &h)
	return h.Engine.OK
}

// dockerd is a container engine of the test's own, beside the machine's, on a bridge of its own.
type dockerd struct {
	dir, host, bridge string
	cmd               *exec.Cmd
}

func startEngine(t *testing.T) *dockerd {
	t.Helper()
	dir, err := os.MkdirTemp("", "dd") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	e := &dockerd{dir: dir, host: "unix://" + dir + "/d.sock", bridge: "dd" + filepath.Base(dir)[2:min(12, len(filepath.Base(dir)))]}
	sh(t, "ip", "link", "add", "name", e.bridge, "type", "bridge")
	sh(t, "ip", "addr", "add", "10.213.77.1/24", "dev", e.bridge)
	sh(t, "ip", "link", "set", e.bridge, "up")
	t.Cleanup(func() {
		e.stop(t)
		sh(t, "ip", "link", "del", e.bridge)
		_ = os.RemoveAll(dir)
	})
	e.run(t)
	return e
}

func sh(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

func (e *dockerd) client(t *testing.T) *client.Client {
	t.Helper()
	return must(client.NewClientWithOpts(client.WithHost(e.host), client.WithAPIVersionNegotiation()))
}

func (e *dockerd) run(t *testing.T) {
	t.Helper()
	e.cmd = exec.Command("dockerd", "--host", e.host, "--data-root", e.dir+"/data", "--exec-root", e.dir+"/exec",
		"--pidfile", e.dir+"/pid", "--bridge", e.bridge)
	log, err := os.OpenFile(e.dir+"/log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	e.cmd.Stdout, e.cmd.Stderr = log, log
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := e.client(t)
	await(t, 60*time.Second, func() error { _, err := c.Ping(t.Context()); return err })
}

func (e *dockerd) stop(t *testing.T) {
	t.Helper()
	if e.cmd == nil {
		return
	}
	_ = e.cmd.Process.Signal(os.Interrupt)
	_ = e.cmd.Wait()
	e.cmd = nil
	e.leave()
}

// leave takes away what an engine leaves that is told to stop while it starts a container: that one's shim, and its
// file system mounted, so that the next run cannot remove it.
func (e *dockerd) leave() {
	for _, path := range must(filepath.Glob("/proc/[0-9]*/cmdline")) {
		line, _ := os.ReadFile(path) // it may be gone
		if !strings.Contains(string(line), "containerd-shim") || !strings.Contains(string(line), e.dir+"/exec/") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	mounts := string(must(os.ReadFile("/proc/self/mounts")))
	for line := range strings.Lines(mounts) {
		if f := strings.Fields(line); len(f) > 1 && strings.HasPrefix(f[1], e.dir+"/") {
			_ = syscall.Unmount(f[1], syscall.MNT_DETACH)
		}
	}
}
