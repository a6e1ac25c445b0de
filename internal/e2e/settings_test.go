package e2e

import (
	"fmt"
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

// locked is a container with what takes something from it or limits it.
func locked() types.ContainerDefinition {
	c := probed("locked")
	c.Memory, c.MemoryReservation = aws.Int32(64), aws.Int32(32)
	c.ReadonlyRootFilesystem, c.PseudoTerminal, c.Interactive = aws.Bool(true), aws.Bool(true), aws.Bool(true)
	c.DnsServers, c.DnsSearchDomains = []string{"192.0.2.1", "192.0.2.2"}, []string{"corp.test", "test"}
	c.DockerSecurityOptions = []string{"no-new-privileges"}
	c.SystemControls = []types.SystemControl{{Namespace: aws.String("kernel.msgmax"), Value: aws.String("9000")}}
	c.LinuxParameters = &types.LinuxParameters{InitProcessEnabled: aws.Bool(true), SharedMemorySize: aws.Int32(8),
		MaxSwap: aws.Int32(16), Swappiness: aws.Int32(7),
		Capabilities: &types.KernelCapabilities{Drop: []string{"ALL"}, Add: []string{"NET_BIND_SERVICE"}},
		Devices:      []types.Device{{HostPath: aws.String("/dev/kmsg"), ContainerPath: aws.String("/dev/nil"), Permissions: []types.DeviceCgroupPermission{"read"}}},
		Tmpfs:        []types.Tmpfs{{ContainerPath: aws.String("/scratch"), Size: 4, MountOptions: []string{"noexec"}}}}
	return c
}

// settingsThatLimit looks at what a container is not given, or only in part.
func (d *daemon) settingsThatLimit(t *testing.T) {
	mute := probed("mute")
	mute.PortMappings, mute.DisableNetworking, mute.Essential, mute.Command = nil, aws.Bool(true), aws.Bool(false), []string{"pause"}
	spy := probed("spy")
	spy.Essential = aws.Bool(false)
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("locked"), ContainerDefinitions: []types.ContainerDefinition{locked()}})
	shared := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("mute"), PidMode: types.PidModeTask,
		ContainerDefinitions: []types.ContainerDefinition{mute, spy, probed("web")}})
	one, two := d.run(&ecs.RunTaskInput{TaskDefinition: &def}), d.run(&ecs.RunTaskInput{TaskDefinition: &shared})
	task := d.until(one, is("RUNNING"))
	for _, c := range []struct{ what, path, line, want string }{
		{"readonlyRootFilesystem", "/write?path=/x&text=x", "", "open /x: read-only file system"},
		{"tmpfs can be written to", "/write?path=/scratch/x&text=x", "", "written"},
		{"tmpfs", "/file?path=/proc/mounts", "tmpfs /scratch", "noexec|size=4096k"},
		{"sharedMemorySize", "/file?path=/proc/mounts", "shm /dev/shm", "size=8192k"},
		{"dnsServers", "/file?path=/etc/resolv.conf", "nameserver 192.0.2.2", ""},
		{"dnsSearchDomains", "/file?path=/etc/resolv.conf", "search", "corp.test test"},
		{"dockerSecurityOptions", "/file?path=/proc/self/status", "NoNewPrivs:", "1"},
		{"capabilities", "/file?path=/proc/self/status", "CapEff:", "0000000000000400"},
		{"systemControls", "/file?path=/proc/sys/kernel/msgmax", "", "9000"},
		{"devices", "/file?path=/dev", "nil", ""},
		{"devices with read only", "/write?path=/dev/nil&text=x", "", "operation not permitted"},
		{"initProcessEnabled", "/file?path=/proc/1/cmdline", "", "init"},
		{"pseudoTerminal", "/self", `"terminal":`, "true"},
	} {
		if got, ok := seen(d.ask(task, "locked", c.path), c.line, c.want); !ok {
			t.Errorf("%s: %q, want %s %s", c.what, got, c.line, c.want)
		}
	}
	if got := d.cgroup(task, "locked", "memory/memory.memsw.limit_in_bytes", "memory.swap.max"); got != "83886080" && got != "16777216" {
		t.Errorf("maxSwap: %q", got)
	}
	if got := d.cgroup(task, "locked", "memory/memory.swappiness", "none"); got != "7" && !strings.Contains(got, "no such file") {
		t.Errorf("swappiness: %q", got)
	}
	task = d.until(two, is("RUNNING"))
	if got := d.networks(task, "spy", "/drydock\x00probe\x00pause\x00"); got != "lo" {
		t.Errorf("disableNetworking leaves %q", got)
	}
	d.halt(one)
	d.halt(two)
}

// seen returns the line of text that begins with name and reports whether it holds all that is
// wanted, words separated by |.
func seen(text, name, want string) (string, bool) {
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, name) {
			return l, !slices.ContainsFunc(strings.Split(want, "|"), func(w string) bool { return !strings.Contains(strings.Join(strings.Fields(l), " "), w) })
		}
	}
	return text, false
}

// cgroup reads a limit of a container's, by its names in both versions of the kernel's interface.
func (d *daemon) cgroup(t types.Task, name, one, two string) string {
	d.t.Helper()
	if got := d.file(t, name, "/sys/fs/cgroup/"+one); !strings.Contains(got, "no such file") {
		return got
	}
	return d.file(t, name, "/sys/fs/cgroup/"+two)
}

// networks returns the network interfaces of the process with that command line, as another
// container that shares its processes sees them. The first process is the task's own.
func (d *daemon) networks(t types.Task, name, command string) string {
	d.t.Helper()
	for _, pid := range strings.Fields(d.file(t, name, "/proc")) {
		if n, err := strconv.Atoi(pid); err != nil || n == 1 || d.file(t, name, "/proc/"+pid+"/cmdline") != command {
			continue
		}
		var names []string
		for _, l := range strings.Split(d.file(t, name, "/proc/"+pid+"/net/dev"), "\n")[2:] {
			dev, _, _ := strings.Cut(strings.TrimSpace(l), ":")
			names = append(names, dev)
		}
		return strings.Join(names, " ")
	}
	return "no such process"
}

// withVolumes is a definition with a volume of each kind, in a container and in one that takes them
// from it.
func withVolumes(dir string) *ecs.RegisterTaskDefinitionInput {
	vol := func(name string, v types.Volume) types.Volume { v.Name = &name; return v }
	at := func(name, path string, ro bool) types.MountPoint {
		return types.MountPoint{SourceVolume: &name, ContainerPath: &path, ReadOnly: &ro}
	}
	source, heir := probed("source"), probed("heir")
	source.MountPoints = []types.MountPoint{at("host", "/host", true), at("own", "/own", false), at("driver", "/driver", false), at("shared", "/shared", false)}
	heir.VolumesFrom = []types.VolumeFrom{{SourceContainer: aws.String("source"), ReadOnly: aws.Bool(true)}}
	return &ecs.RegisterTaskDefinitionInput{Family: aws.String("volumes"), PidMode: types.PidModeHost, IpcMode: types.IpcModeHost,
		ContainerDefinitions: []types.ContainerDefinition{source, heir},
		Volumes: []types.Volume{vol("host", types.Volume{Host: &types.HostVolumeProperties{SourcePath: &dir}}), vol("own", types.Volume{}),
			vol("driver", types.Volume{DockerVolumeConfiguration: &types.DockerVolumeConfiguration{Scope: types.ScopeTask, Driver: aws.String("local"),
				DriverOpts: map[string]string{"type": "tmpfs", "device": "tmpfs", "o": "size=2m"}}}),
			vol("shared", types.Volume{DockerVolumeConfiguration: &types.DockerVolumeConfiguration{Scope: types.ScopeShared, Autoprovision: aws.Bool(true)}})}}
}

// settingsThatShare looks at volumes, and at what a container sees of its machine.
func (d *daemon) settingsThatShare(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "note"), []byte("of the host"), 0o644); err != nil {
		t.Fatal(err)
	}
	def := d.define(withVolumes(dir))
	arn := d.run(&ecs.RunTaskInput{TaskDefinition: &def})
	task := d.until(arn, is("RUNNING"))
	d.ask(task, "source", "/write?path=/own/note&text=for-the-heir")
	d.ask(task, "source", "/write?path=/shared/note&text=for-the-next")
	memory := filepath.Join("/dev/shm", filepath.Base(arn))
	if err := os.WriteFile(memory, []byte("shared with the host"), 0o644); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(memory)
	for _, c := range []struct{ what, path, line, want string }{
		{"a host volume", "/file?path=/host/note", "", "of the host"},
		{"volumesFrom", "/file?path=/own/note", "", "for-the-heir"},
		{"volumesFrom, read only", "/write?path=/own/x&text=x", "", "read-only file system"},
		{"a docker volume with driver options", "/file?path=/proc/mounts", "tmpfs /driver", "size=2048k"},
		{"ipcMode host", "/file?path=" + memory, "", "shared with the host"},
	} {
		if got, ok := seen(d.ask(task, "heir", c.path), c.line, c.want); !ok {
			t.Errorf("%s: %q, want %s %s", c.what, got, c.line, c.want)
		}
	}
	if got, _ := seen(d.ask(task, "heir", "/self"), `"pid":`, ""); got == `"pid": 1,` {
		t.Error("pidMode host: it is the first process")
	}
	d.halt(arn)
	next := d.run(&ecs.RunTaskInput{TaskDefinition: &def})
	task = d.until(next, is("RUNNING"))
	if got := d.file(task, "heir", "/shared/note"); got != "for-the-next" {
		t.Errorf("a shared volume holds %q for the next task", got)
	}
	if got := d.file(task, "heir", "/own/note"); !strings.Contains(got, "no such file") {
		t.Errorf("a task's volume holds %q for the next task", got)
	}
	d.halt(next)
}

// settingsInTime looks at what happens when a container takes too long.
func (d *daemon) settingsInTime(t *testing.T) {
	busy, never, waits := probed("busy"), probed("never"), probed("waits")
	busy.StopTimeout = aws.Int32(2)
	never.StartTimeout = aws.Int32(2)
	never.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/drydock", "probe", "check", "http://127.0.0.1:1/"}}
	waits.DependsOn = []types.ContainerDependency{{ContainerName: aws.String("never"), Condition: types.ContainerConditionHealthy}}
	stops := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("busy"), ContainerDefinitions: []types.ContainerDefinition{busy}})
	starts := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("never"), ContainerDefinitions: []types.ContainerDefinition{never, waits}})
	one, two := d.run(&ecs.RunTaskInput{TaskDefinition: &stops}), d.run(&ecs.RunTaskInput{TaskDefinition: &starts})
	task := d.until(one, is("RUNNING"))
	d.ask(task, "busy", "/healthz")
	left := make(chan struct{})
	go func() { defer close(left); _, _ = d.fetch(task, "busy", "/sleep?ms=60000") }()
	await(t, 10*time.Second, func() error { // it has the request once it is told to stop
		if n := strings.Count(d.file(task, "busy", "/proc/net/tcp6"), " 01 "); n < 2 {
			return fmt.Errorf("%d connections", n)
		}
		return nil
	})
	began := time.Now()
	if c := box(d.halt(one), "busy"); aws.ToInt32(c.ExitCode) != 137 || time.Since(began) < 2*time.Second || time.Since(began) > 30*time.Second {
		t.Errorf("stopTimeout: %v after %v", aws.ToInt32(c.ExitCode), time.Since(began))
	}
	<-left
	if got := aws.ToString(d.until(two, is("STOPPED")).StoppedReason); !strings.Contains(got, "never of container waits did not become HEALTHY within its startTimeout of 2s") {
		t.Errorf("startTimeout: %s", got)
	}
}

// privileged has what the engine itself has; an engine that has not all cannot give it, and says so.
func (d *daemon) privileged(t *testing.T) {
	c := probed("free")
	c.Privileged = aws.Bool(true)
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("free"), ContainerDefinitions: []types.ContainerDefinition{c}})
	arn := d.run(&ecs.RunTaskInput{TaskDefinition: &def})
	task := d.until(arn, func(t types.Task) bool { return is("RUNNING")(t) || is("STOPPED")(t) })
	if is("STOPPED")(task) {
		if got := aws.ToString(task.StoppedReason); !strings.Contains(got, "unable to apply caps") {
			t.Error(got)
		}
		return
	}
	if got, ok := seen(d.file(task, "free", "/proc/self/status"), "CapEff:", "ffffffff"); !ok {
		t.Error(got)
	}
	d.halt(arn)
}

// TestContainerSettingsSeenFromInside goes on where TestContainerSettingsReachTheContainer ends: each
// setting of a container definition is seen from inside a container in one of the two, or in the
// tests of dependsOn, healthCheck and restartPolicy.
func TestContainerSettingsSeenFromInside(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	t.Run("limits", d.settingsThatLimit)
	t.Run("volumes and the machine", d.settingsThatShare)
	t.Run("time", d.settingsInTime)
	t.Run("privileged", d.privileged)
}
