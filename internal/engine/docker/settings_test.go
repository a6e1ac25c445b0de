package docker

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const task = "0123456789abcdef0123456789abcdef"

func TestSettings(t *testing.T) {
	r := &Runtime{owner: "me", scale: 10}
	for _, c := range []struct {
		rule string
		spec engine.Spec
		want string // within the settings as JSON
	}{
		{"cpu that is not given is the kernel's least", engine.Spec{}, `"CpuShares":2,`},
		{"cpu is shares", engine.Spec{CPUShares: 512}, `"CpuShares":512,`},
		{"logs are bounded unless said otherwise", engine.Spec{}, `"LogConfig":{"Type":"json-file","Config":{"max-file":"3","max-size":"10m"}}`},
		{"options of json-file go before ours", engine.Spec{Doc: types.ContainerDefinition{LogConfiguration: &types.LogConfiguration{
			LogDriver: types.LogDriverJsonFile, Options: map[string]string{"max-size": "1k", "labels": "x"}}}},
			`"Config":{"labels":"x","max-file":"3","max-size":"1k"}`},
		{"of awslogs the engine keeps the output and how it is buffered", engine.Spec{Doc: types.ContainerDefinition{LogConfiguration: &types.LogConfiguration{
			LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "g", "mode": "non-blocking", "max-buffer-size": "4m"}}}},
			`"LogConfig":{"Type":"json-file","Config":{"max-buffer-size":"4m","max-file":"3","max-size":"10m","mode":"non-blocking"}}`},
		{"no log is no log", engine.Spec{Doc: types.ContainerDefinition{LogConfiguration: &types.LogConfiguration{LogDriver: "none"}}}, `"LogConfig":{"Type":"none"`},
		{"the engine binds no ports", engine.Spec{Network: "bridge", Host: "h", Ports: []engine.PortSpec{{ContainerPort: 80, HostPort: 8080}}}, `"PortBindings":null`},
		{"a label remembers them", engine.Spec{Network: "bridge", Ports: []engine.PortSpec{{ContainerPort: 80, HostPort: 8080}, {ContainerPort: 53, Last: 55, HostPort: 49153, Protocol: "udp"}}},
			`"io.drydock.ports":"80\u003e8080/tcp 53-55\u003e49153/udp"`},
		{"behind an instance a container has its names from its pause", engine.Spec{Network: "bridge", Doc: types.ContainerDefinition{Hostname: new("web"), DnsServers: []string{"1.1.1.1"}}}, `"Hostname":"",`},
		{"elsewhere the engine may refuse them", engine.Spec{Network: "host", Doc: types.ContainerDefinition{Hostname: new("web")}}, `"Hostname":"web",`},
		{"the environment is sorted", engine.Spec{Env: map[string]string{"B": "2", "A": "1"}}, `"Env":["A=1","B=2"]`},
		{"a health check has ECS's defaults, and the scaled interval", engine.Spec{Doc: types.ContainerDefinition{HealthCheck: &types.HealthCheck{Command: []string{"CMD", "x"}}}},
			`"Healthcheck":{"Test":["CMD","x"],"Interval":3000000000,"Timeout":5000000000,"Retries":3}`},
		{"volumesFrom carries real names", engine.Spec{Task: task, Doc: types.ContainerDefinition{VolumesFrom: []types.VolumeFrom{{SourceContainer: new("data"), ReadOnly: new(true)}}}},
			`"VolumesFrom":["drydock-me-0123456789ab-data:ro"]`},
		{"a path of the host is bound", engine.Spec{Binds: []engine.Bind{{Source: "/srv", Target: "/data", ReadOnly: true}}}, `"Binds":["/srv:/data:ro"]`},
		{"a volume without a path belongs to the task", engine.Spec{Task: task, Binds: []engine.Bind{{Volume: "v", Target: "/data"}}}, `"Source":"drydock-me-0123456789ab-vol-v","Target":"/data"`},
		{"without a cgroup of the task each container has its limits", engine.Spec{CPUs: 512, TaskMemory: 64 * mib}, `"Memory":67108864,"NanoCpus":500000000,`},
		{"but the container's own goes before", engine.Spec{Memory: 32 * mib, TaskMemory: 64 * mib}, `"Memory":33554432,`},
		{"maxSwap comes on top of the memory", engine.Spec{Memory: 64 * mib, Doc: types.ContainerDefinition{LinuxParameters: &types.LinuxParameters{MaxSwap: new(int32(16)), Swappiness: new(int32(7))}}},
			`"MemorySwap":83886080,"MemorySwappiness":7`},
		{"swappiness without maxSwap is ignored", engine.Spec{Doc: types.ContainerDefinition{LinuxParameters: &types.LinuxParameters{Swappiness: new(int32(7))}}}, `"MemorySwappiness":null`},
		{"tmpfs is sized in MiB", engine.Spec{Doc: types.ContainerDefinition{LinuxParameters: &types.LinuxParameters{Tmpfs: []types.Tmpfs{{ContainerPath: new("/t"), Size: 8, MountOptions: []string{"noexec"}}}}}},
			`"Tmpfs":{"/t":"size=8m,noexec"}`},
		{"a device keeps its path and gets all permissions", engine.Spec{Doc: types.ContainerDefinition{LinuxParameters: &types.LinuxParameters{Devices: []types.Device{{HostPath: new("/dev/null")}}}}},
			`{"PathOnHost":"/dev/null","PathInContainer":"/dev/null","CgroupPermissions":"rwm"}`},
		{"permissions of a device are letters", engine.Spec{Doc: types.ContainerDefinition{LinuxParameters: &types.LinuxParameters{Devices: []types.Device{
			{HostPath: new("/dev/a"), ContainerPath: new("/dev/b"), Permissions: []types.DeviceCgroupPermission{"read", "mknod"}}}}}},
			`{"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"rm"}`},
		{"a grace period is never shortened", engine.Spec{StopGrace: 1500 * time.Millisecond}, `"StopTimeout":2`},
		{"our labels win over the definition's", engine.Spec{Task: task, Doc: types.ContainerDefinition{DockerLabels: map[string]string{labelTask: "other", "a": "b"}}},
			`"io.drydock.task":"` + task + `"`},
		{"no definition makes a container hold a network", engine.Spec{Doc: types.ContainerDefinition{DockerLabels: map[string]string{labelBox: "gateway"}}}, `"io.drydock.box":""`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			cfg, host, err := r.settings(c.spec, plug{})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := json.Marshal([]any{cfg, host})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(raw), c.want) {
				t.Errorf("%s is not in %s", c.want, raw)
			}
		})
	}
}

func TestTheCgroupOfATask(t *testing.T) {
	s := engine.Spec{Task: task, CPUs: 256, TaskMemory: 64 * mib}
	for _, c := range []struct {
		rule string
		two  bool
		want map[string]string
	}{
		{"version 1 has a hierarchy for each", false, map[string]string{"cpu/drydock-me/" + task + "/cpu.cfs_quota_us": "25000", "cpu/drydock-me/" + task + "/cpu.shares": "256",
			"memory/drydock-me/" + task + "/memory.limit_in_bytes": "67108864", "memory/drydock-me/memory.use_hierarchy": "1"}},
		{"version 2 has one for all, and hands the controllers down", true, map[string]string{"drydock-me/" + task + "/cpu.max": "25000 100000",
			"drydock-me/" + task + "/memory.max": "67108864", "cgroup.subtree_control": "+cpu +memory", "drydock-me/cgroup.subtree_control": "+cpu +memory"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			g := &groups{dir: t.TempDir(), owner: "drydock-me", two: c.two, busy: map[string]int{}}
			if err := g.enter(s); err != nil {
				t.Fatal(err)
			}
			for name, want := range c.want {
				if got, err := os.ReadFile(filepath.Join(g.dir, name)); err != nil || string(got) != want {
					t.Errorf("%s: %q, %v", name, got, err)
				}
			}
			_, host, err := (&Runtime{owner: "me", groups: g}).settings(s, plug{})
			if err != nil || host.CgroupParent != "/drydock-me/"+task || host.NanoCPUs != 0 || host.Memory != 0 {
				t.Errorf("%+v, %v", host, err)
			}
		})
	}
}

func TestSettingsThatCannotBe(t *testing.T) {
	r := &Runtime{owner: "me"}
	for rule, s := range map[string]engine.Spec{
		"a log driver that is not ours": {Doc: types.ContainerDefinition{LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwsfirelens}}},
	} {
		if _, _, err := r.settings(s, plug{}); err == nil {
			t.Errorf("%s is taken", rule)
		}
	}
}

func TestHealth(t *testing.T) {
	checked := map[string]string{labelHealth: "true"}
	for status, want := range map[string]model.Health{
		"Up 5 seconds (healthy)": model.HealthHealthy, "Up 2 minutes (unhealthy)": model.HealthUnhealthy,
		"Up 1 second (health: starting)": model.HealthUnknown, "healthy": model.HealthHealthy, "unhealthy": model.HealthUnhealthy,
	} {
		if got := health(status, checked); got != want {
			t.Errorf("%s = %s", status, got)
		}
		if got := health(status, nil); got != "" {
			t.Errorf("%s without a check in the definition = %s", status, got)
		}
	}
}

func TestRepoDigest(t *testing.T) {
	const d = "sha256:2bb83ad0ee0b1bcb3d3ac5e1ec5b5fbe2cd7ed2ddd5b5bfcc9b0e4dd0d9b0001"
	known := []string{"other/nginx@sha256:" + strings.Repeat("0", 64), "nginx@" + d}
	for name, want := range map[string]string{"nginx": d, "docker.io/library/nginx:1.25": d, "nginx@" + d: d, "other/none": "", "::": ""} {
		if got := repoDigest(name, known); got != want {
			t.Errorf("%s = %q", name, got)
		}
	}
}

func TestLiner(t *testing.T) {
	const at = "2026-11-22T10:00:00.5Z "
	for _, c := range []struct {
		rule  string
		parts []string
		want  string
	}{
		{"a message is a line", []string{at + "one\n", at + "two\r\n"}, "one|two"},
		{"parts of a long line are put together", []string{at + "one ", at + "and the rest\n"}, "one and the rest"},
		{"an end without a newline is a line", []string{at + "one"}, "one"},
		{"text without a time is text", []string{"no time here\n"}, "no time here"},
		{"an empty line is one", []string{at + "\n", at + "x\n"}, "|x"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var lines []string
			l := &liner{yield: func(l engine.LogLine) bool { lines = append(lines, l.Text); return true }}
			for _, p := range c.parts {
				if n, err := l.Write([]byte(p)); n != len(p) || err != nil {
					t.Fatal(n, err)
				}
			}
			if err := l.end(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(lines, "|"); got != c.want {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for rule, c := range map[string]Config{
		"an owner with a slash": {Owner: "a/b"}, "no owner": {}, "ssh": {Owner: "a", Host: "ssh://box"}, "no URL": {Owner: "a", Host: "box"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%s is taken", rule)
		}
	}
}

func TestMetadataEnvLeavesTheCallersMapAlone(t *testing.T) {
	env := map[string]string{"A": "1"}
	if got := withMetadata(engine.Spec{Env: env}); got.Env[metadataEnv] == "" || !maps.Equal(env, map[string]string{"A": "1"}) {
		t.Errorf("%v, %v", got, env)
	}
}

func FuzzLiner(f *testing.F) {
	f.Add([]byte("2026-11-22T10:00:00.5Z hello\n"))
	f.Add([]byte(" \n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		l := &liner{yield: func(engine.LogLine) bool { return true }}
		if n, err := l.Write(p); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	})
}

// TestOtherLogDriversAreTheEngines with the options that they were given: what they come to, the engine says.
func TestOtherLogDriversAreTheEngines(t *testing.T) {
	options := map[string]string{"tag": "x", "address": "udp://127.0.0.1:514"}
	for _, d := range []types.LogDriver{types.LogDriverJournald, types.LogDriverSyslog, types.LogDriverFluentd, types.LogDriverGelf, types.LogDriverSplunk} {
		got, err := logging(&types.LogConfiguration{LogDriver: d, Options: options})
		if err != nil || got.Type != string(d) || !maps.Equal(got.Config, options) {
			t.Errorf("%s: got %+v, %v", d, got, err)
		}
	}
}
