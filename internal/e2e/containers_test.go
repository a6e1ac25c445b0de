package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// probed is a container of the built-in image with a dynamic port, which is asked from inside.
func probed(name string) types.ContainerDefinition {
	return types.ContainerDefinition{Name: &name, Image: aws.String("drydock/probe"), MemoryReservation: aws.Int32(16),
		PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}}}
}

// define registers a family and returns the revision's ARN.
func (d *daemon) define(in *ecs.RegisterTaskDefinitionInput) string {
	d.t.Helper()
	return *must(d.ecs.RegisterTaskDefinition(d.t.Context(), in)).TaskDefinition.TaskDefinitionArn
}

// run runs one task and returns its ARN.
func (d *daemon) run(in *ecs.RunTaskInput) string {
	d.t.Helper()
	in.Cluster = aws.String(cluster)
	arn := ""
	await(d.t, 20*time.Second, func() error { // a new instance is not connected yet
		out := must(d.ecs.RunTask(d.t.Context(), in))
		if len(out.Tasks) != 1 {
			return fmt.Errorf("not placed: %s", show(out.Failures))
		}
		arn = *out.Tasks[0].TaskArn
		return nil
	})
	return arn
}

func (d *daemon) describe(arn string) types.Task {
	d.t.Helper()
	out := must(d.ecs.DescribeTasks(d.t.Context(), &ecs.DescribeTasksInput{Cluster: aws.String(cluster), Tasks: []string{arn}}))
	if len(out.Tasks) != 1 {
		d.t.Fatalf("%s: %+v", arn, out.Failures)
	}
	return out.Tasks[0]
}

// until returns the task once cond holds of it.
func (d *daemon) until(arn string, cond func(types.Task) bool) (t types.Task) {
	d.t.Helper()
	await(d.t, 90*time.Second, func() error {
		if t = d.describe(arn); cond(t) {
			return nil
		}
		return fmt.Errorf("task is %s, %s: %s", *t.LastStatus, aws.ToString(t.StoppedReason), contained(t))
	})
	return t
}

func contained(t types.Task) (s string) {
	for _, c := range t.Containers {
		s += fmt.Sprintf("%s %s %s; ", *c.Name, *c.LastStatus, aws.ToString(c.Reason))
	}
	return s
}

func is(status string) func(types.Task) bool {
	return func(t types.Task) bool { return *t.LastStatus == status }
}

func (d *daemon) halt(arn string) types.Task {
	d.t.Helper()
	must(d.ecs.StopTask(d.t.Context(), &ecs.StopTaskInput{Cluster: aws.String(cluster), Task: &arn}))
	return d.until(arn, is("STOPPED"))
}

func box(t types.Task, name string) types.Container {
	i := slices.IndexFunc(t.Containers, func(c types.Container) bool { return *c.Name == name })
	return t.Containers[i]
}

// ask asks a container on its first TCP port, once it listens: RUNNING does not say so.
func (d *daemon) ask(t types.Task, name, path string) string {
	d.t.Helper()
	await(d.t, 30*time.Second, func() error { _, err := d.fetch(t, name, "/healthz"); return err })
	body, err := d.fetch(t, name, path)
	if err != nil {
		d.t.Fatal(err)
	}
	return body
}

func (d *daemon) fetch(t types.Task, name, path string) (string, error) {
	bs := box(t, name).NetworkBindings
	b := bs[slices.IndexFunc(bs, func(b types.NetworkBinding) bool { return b.Protocol == types.TransportProtocolTcp })]
	port := aws.ToInt32(b.HostPort)
	if b.HostPortRange != nil {
		first, _, _ := strings.Cut(*b.HostPortRange, "-")
		n, _ := strconv.Atoi(first)
		port = int32(n)
	}
	res, err := http.Get("http://" + net.JoinHostPort(d.hostOf(t), strconv.Itoa(int(port))) + path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return strings.TrimSpace(string(body)), err
}

func (d *daemon) file(t types.Task, name, path string) string {
	d.t.Helper()
	return d.ask(t, name, "/file?path="+url.QueryEscape(path))
}

// TestContainerSettingsReachTheContainer registers one definition with what a definition can say and
// looks inside the containers that it makes.
func TestContainerSettingsReachTheContainer(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	web, side := probed("web"), probed("side")
	web.Command, web.EntryPoint = []string{"wrong"}, []string{"/drydock", "probe"}
	web.Environment = []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("definition")}, {Name: aws.String("B"), Value: aws.String("definition")}}
	web.User, web.WorkingDirectory, web.Hostname = aws.String("1000:1000"), aws.String("/tmp"), aws.String("inside")
	web.Cpu, web.Memory = 128, aws.Int32(64)
	web.Ulimits = []types.Ulimit{{Name: types.UlimitNameMsgqueue, SoftLimit: 1000, HardLimit: 2000}}
	web.SystemControls = []types.SystemControl{{Namespace: aws.String("net.core.somaxconn"), Value: aws.String("77")}}
	web.DockerLabels = map[string]string{"team": "web"}
	web.ExtraHosts = []types.HostEntry{{Hostname: aws.String("db.test"), IpAddress: aws.String("192.0.2.7")}}
	web.Links = []string{"side:neighbour"}
	web.MountPoints = []types.MountPoint{{SourceVolume: aws.String("scratch"), ContainerPath: aws.String("/data"), ReadOnly: aws.Bool(true)}}
	web.PortMappings = []types.PortMapping{{ContainerPortRange: aws.String("80-82")}, {ContainerPort: aws.Int32(53), Protocol: types.TransportProtocolUdp}}
	side.Essential = aws.Bool(false)
	side.MountPoints = []types.MountPoint{{SourceVolume: aws.String("scratch"), ContainerPath: aws.String("/data")}}
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("settings"), Cpu: aws.String("512"), Memory: aws.String("256"),
		PidMode: types.PidModeTask, IpcMode: types.IpcModeTask, ContainerDefinitions: []types.ContainerDefinition{web, side},
		Volumes: []types.Volume{{Name: aws.String("scratch"), DockerVolumeConfiguration: &types.DockerVolumeConfiguration{Scope: types.ScopeTask}}}})
	arn := d.run(&ecs.RunTaskInput{TaskDefinition: &def, Overrides: &types.TaskOverride{Cpu: aws.String("1024"), Memory: aws.String("512"), ContainerOverrides: []types.ContainerOverride{
		{Name: aws.String("web"), Command: []string{}, Cpu: aws.Int32(200), Memory: aws.Int32(96), MemoryReservation: aws.Int32(24), Environment: []types.KeyValuePair{{Name: aws.String("B"), Value: aws.String("override")}}}}}})
	task := d.until(arn, is("RUNNING"))

	var p struct {
		PID, UID  int
		Args      []string
		Directory string
		Hostname  string
	}
	d.unmarshal(d.ask(task, "web", "/self"), &p)
	if got := fmt.Sprintf("%d %v %s %s %v", p.UID, p.Args, p.Directory, p.Hostname, p.PID > 1); got != "1000 [/drydock probe] /tmp inside true" {
		t.Errorf("the process: %s", got)
	}
	b := box(task, "web").NetworkBindings
	if len(b) != 2 || aws.ToString(b[1].ContainerPortRange) != "80-82" && aws.ToString(b[0].ContainerPortRange) != "80-82" {
		t.Errorf("bindings: %s", show(b))
	}
	d.ask(task, "side", "/write?path=/data/note&text=hello")
	d.ask(task, "side", "/write?path=/dev/shm/note&text=shared")
	for path, want := range map[string]string{
		"/env?name=A":                             "definition",
		"/env?name=B":                             "override",
		"/file?path=/data/note":                   "hello",
		"/write?path=/data/note&text=x":           "open /data/note: read-only file system",
		"/file?path=/dev/shm/note":                "shared",
		"/file?path=/proc/sys/net/core/somaxconn": "77",
		"/file?path=/proc/1/cmdline":              "/drydock\x00probe\x00pause\x00",
	} {
		if got := d.ask(task, "web", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := d.file(task, "web", "/proc/self/limits"); !strings.Contains(strings.Join(strings.Fields(got), " "), "Max msgqueue size 1000 2000 bytes") {
		t.Errorf("limits: %s", got)
	}
	if got := d.file(task, "web", "/etc/hosts"); !strings.Contains(got, "db.test") || !strings.Contains(got, "neighbour") {
		t.Errorf("hosts: %s", got)
	}
	if got := d.ask(task, "web", "/fetch?url=http://neighbour/healthz"); !strings.Contains(got, `"status": 200`) {
		t.Errorf("the linked container: %s", got)
	}
	d.limits(task)
	for _, c := range d.containers(false) {
		if c.Labels["com.amazonaws.ecs.container-name"] == "web" && (c.Labels["team"] != "web" || c.Labels["com.amazonaws.ecs.task-arn"] != arn ||
			c.Labels["com.amazonaws.ecs.task-definition-family"] != "settings" || c.Labels["com.amazonaws.ecs.cluster"] == "") {
			t.Errorf("labels %v", c.Labels)
		}
	}
	stopped := d.halt(arn)
	for _, c := range stopped.Containers {
		if aws.ToInt32(c.ExitCode) != 0 || c.ExitCode == nil {
			t.Errorf("%s ended with %v", *c.Name, c.ExitCode)
		}
	}
	if left := d.containers(false); len(left) != 0 {
		t.Errorf("%d containers of a stopped task run on: %v", len(left), left[0].Names)
	}
}

// limits looks at the cgroup of the container web, in either version of the kernel's interface.
func (d *daemon) limits(task types.Task) {
	d.t.Helper()
	for _, c := range []struct{ what, one, two, want string }{
		{"cpu shares, overridden", "cpu/cpu.shares", "", "200"},
		{"memory, overridden", "memory/memory.limit_in_bytes", "memory.max", "100663296"},
		{"memoryReservation, overridden", "memory/memory.soft_limit_in_bytes", "memory.low", "25165824"},
	} {
		got := d.file(task, "web", "/sys/fs/cgroup/"+c.one)
		if strings.Contains(got, "no such file") && c.two != "" {
			got = d.file(task, "web", "/sys/fs/cgroup/"+c.two)
		}
		if strings.Contains(got, "no such file") && c.two == "" {
			continue
		}
		if !slices.Contains(strings.Split(c.want, "|"), got) {
			d.t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	d.taskLimits(task, "side")
}

// taskLimits looks at the limits of the whole task: of the cgroup that its containers are in, or of
// a container without memory of its own where the daemon makes no such cgroup.
func (d *daemon) taskLimits(task types.Task, name string) {
	d.t.Helper()
	id := (*task.TaskArn)[strings.LastIndex(*task.TaskArn, "/")+1:]
	for _, c := range []struct{ what, hierarchy, files, want string }{
		{"the task's cpu, overridden", "cpu", "cpu.cfs_quota_us cpu.max", "100000|100000 100000"},
		{"the task's memory, overridden", "memory", "memory.limit_in_bytes memory.max", "536870912"},
	} {
		one, two, _ := strings.Cut(c.files, " ")
		got := d.file(task, name, "/sys/fs/cgroup/"+c.hierarchy+"/"+one)
		if strings.Contains(got, "no such file") {
			got = d.file(task, name, "/sys/fs/cgroup/"+two)
		}
		for _, pattern := range []string{c.hierarchy + "/drydock-*/" + id + "/" + one, "drydock-*/" + id + "/" + two} {
			if paths, _ := filepath.Glob("/sys/fs/cgroup/" + pattern); len(paths) == 1 {
				raw, _ := os.ReadFile(paths[0])
				got = strings.TrimSpace(string(raw))
			}
		}
		if !slices.Contains(strings.Split(c.want, "|"), got) {
			d.t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func show(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// TestDependsOnIsWaitedFor starts a chain of all four conditions and shows the order.
func TestDependsOnIsWaitedFor(t *testing.T) {
	d := start(t, needEngine(t), "--time-scale", "10")
	d.awaitInstance()
	after := func(c types.ContainerDefinition, on string, when types.ContainerCondition) types.ContainerDefinition {
		c.DependsOn = append(c.DependsOn, types.ContainerDependency{ContainerName: &on, Condition: when})
		return c
	}
	short := func(name, command string) types.ContainerDefinition {
		c := probed(name)
		c.PortMappings, c.Essential, c.Command = nil, aws.Bool(false), []string{"check", command}
		return c
	}
	db := probed("db")
	db.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/drydock", "probe", "check", "http://127.0.0.1/file?path=/tmp/ready"},
		Interval: aws.Int32(5), Timeout: aws.Int32(4), Retries: aws.Int32(10)}
	fails := short("fails", "http://127.0.0.1:1/") // nothing listens: exit code 1
	works := short("works", "http://db/healthz")
	works.Links = []string{"db"}
	works = after(works, "fails", types.ContainerConditionComplete)
	web := after(after(probed("web"), "works", types.ContainerConditionSuccess), "db", types.ContainerConditionHealthy)
	log := after(probed("log"), "db", types.ContainerConditionStart)
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("chain"), ContainerDefinitions: []types.ContainerDefinition{web, works, fails, log, db}})
	arn := d.run(&ecs.RunTaskInput{TaskDefinition: &def})
	task := d.until(arn, func(t types.Task) bool {
		return *box(t, "works").LastStatus == "STOPPED" && *box(t, "log").LastStatus == "RUNNING" && len(box(t, "db").NetworkBindings) > 0
	})
	if *task.LastStatus != "ACTIVATING" || *box(task, "web").LastStatus != "PENDING" || task.HealthStatus != types.HealthStatusUnknown {
		t.Errorf("before db is healthy: task %s, %s, %s", *task.LastStatus, task.HealthStatus, contained(task))
	}
	if got := fmt.Sprint(aws.ToInt32(box(task, "fails").ExitCode), aws.ToInt32(box(task, "works").ExitCode)); got != "1 0" {
		t.Errorf("exit codes %s", got)
	}
	d.ask(task, "db", "/write?path=/tmp/ready&text=yes")
	task = d.until(arn, is("RUNNING"))
	if c := box(task, "db"); c.HealthStatus != types.HealthStatusHealthy || task.HealthStatus != types.HealthStatusHealthy {
		t.Errorf("health: container %s, task %s", c.HealthStatus, task.HealthStatus)
	}
	d.halt(arn)
}

// TestRestartPolicyStartsAContainerAgain shows a restart in place: the task runs on, and the
// container keeps its id, its files and its host port.
func TestRestartPolicyStartsAContainerAgain(t *testing.T) {
	d := start(t, needEngine(t), "--time-scale", "30")
	d.awaitInstance()
	web := probed("web")
	web.RestartPolicy = &types.ContainerRestartPolicy{Enabled: aws.Bool(true), IgnoredExitCodes: []int32{9}, RestartAttemptPeriod: aws.Int32(60)} // two seconds here
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("again"), ContainerDefinitions: []types.ContainerDefinition{web}})
	arn := d.run(&ecs.RunTaskInput{TaskDefinition: &def})
	first := d.until(arn, is("RUNNING"))
	d.ask(first, "web", "/write?path=/note&text=kept")
	pause(t.Context(), 2500*time.Millisecond) // its period, on the engine's clock
	d.ask(first, "web", "/exit?code=7")
	b, host := box(first, "web").NetworkBindings[0], d.hostOf(first)
	await(t, 30*time.Second, func() error {
		res, err := http.Get(fmt.Sprintf("http://%s:%d/file?path=/note", host, *b.HostPort))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if body, err := io.ReadAll(res.Body); err != nil || string(body) != "kept" {
			return fmt.Errorf("%q, %v", body, err)
		}
		return nil
	})
	again := d.describe(arn)
	if *again.LastStatus != "RUNNING" || *box(again, "web").LastStatus != "RUNNING" || *box(again, "web").RuntimeId != *box(first, "web").RuntimeId ||
		*box(again, "web").NetworkBindings[0].HostPort != *b.HostPort {
		t.Errorf("after its end: %s, before %s", show(again.Containers), show(first.Containers))
	}
	pause(t.Context(), 2500*time.Millisecond)
	d.ask(again, "web", "/exit?code=9")
	last := d.until(arn, is("STOPPED"))
	if aws.ToInt32(box(last, "web").ExitCode) != 9 || last.StopCode != types.TaskStopCodeEssentialContainerExited {
		t.Errorf("an ignored exit code: %s %s", last.StopCode, show(last.Containers))
	}
}
