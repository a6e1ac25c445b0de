package docker_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// process is what a container of the built-in image says of itself.
type process struct {
	PID, UID, GID       int
	Args, Env           []string
	Directory, Hostname string
	Terminal            bool
}

func inside(t *testing.T, st engine.Started) (p process) {
	t.Helper()
	if err := json.Unmarshal([]byte(get(t, st.Bindings[0].Dial, "/self")), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// file reads a file as the container sees it.
func file(t *testing.T, st engine.Started, path string) string {
	t.Helper()
	return get(t, st.Bindings[0].Dial, "/file?path="+path)
}

// cgroup reads a limit of the container's, by its names in both versions of the kernel's interface.
func cgroup(t *testing.T, st engine.Started, one, two string) string {
	t.Helper()
	if got := file(t, st, "/sys/fs/cgroup/"+one); !strings.Contains(got, "no such file") {
		return strings.TrimSpace(got)
	}
	return strings.TrimSpace(file(t, st, "/sys/fs/cgroup/"+two))
}

// line returns the line of text that begins with name.
func line(text, name string) string {
	for l := range strings.Lines(text) {
		if strings.HasPrefix(l, name) {
			return strings.Join(strings.Fields(strings.TrimPrefix(l, name)), " ")
		}
	}
	return "no " + name
}

// linux returns the linuxParameters of s, to be added to.
func linux(s *engine.Spec) *types.LinuxParameters {
	if s.Doc.LinuxParameters == nil {
		s.Doc.LinuxParameters = &types.LinuxParameters{}
	}
	return s.Doc.LinuxParameters
}

func TestSettingsSeenFromInside(t *testing.T) {
	raw(t)
	r := open(t, "")
	specs, made := map[string]engine.Spec{}, map[string]engine.Started{}
	cases := []struct {
		rule string
		in   string // the container: settings that go together are those of one
		set  func(s *engine.Spec)
		see  func(t *testing.T, st engine.Started) string
		want string
	}{
		{"entryPoint and command", "user", func(s *engine.Spec) {
			s.Doc.EntryPoint, s.Command = []string{"/drydock"}, []string{"probe"}
		}, func(t *testing.T, st engine.Started) string { return fmt.Sprint(inside(t, st).Args) }, "[/drydock probe]"},
		{"environment", "user", func(s *engine.Spec) { s.Env = map[string]string{"COLOUR": "blue"} },
			func(t *testing.T, st engine.Started) string {
				return fmt.Sprint(slices.Contains(inside(t, st).Env, "COLOUR=blue"))
			}, "true"},
		{"workingDirectory", "user", func(s *engine.Spec) { s.Doc.WorkingDirectory = new("/tmp") },
			func(t *testing.T, st engine.Started) string { return inside(t, st).Directory }, "/tmp"},
		{"user and group", "user", func(s *engine.Spec) { s.Doc.User = new("1000:2000") },
			func(t *testing.T, st engine.Started) string {
				p := inside(t, st)
				return fmt.Sprint(p.UID, p.GID)
			}, "1000 2000"},
		{"user by name", "nobody", func(s *engine.Spec) { s.Doc.User = new("nobody") },
			func(t *testing.T, st engine.Started) string { return fmt.Sprint(inside(t, st).UID) }, "65534"},
		{"hostname", "user", func(s *engine.Spec) { s.Doc.Hostname = new("here") },
			func(t *testing.T, st engine.Started) string { return inside(t, st).Hostname }, "here"},
		{"dnsServers", "user", func(s *engine.Spec) { s.Doc.DnsServers = []string{"192.0.2.1", "192.0.2.2"} },
			func(t *testing.T, st engine.Started) string {
				return fmt.Sprint(strings.Count(file(t, st, "/etc/resolv.conf"), "nameserver 192.0.2."))
			}, "2"},
		{"dnsSearchDomains", "user", func(s *engine.Spec) { s.Doc.DnsSearchDomains = []string{"corp.test", "test"} },
			func(t *testing.T, st engine.Started) string { return line(file(t, st, "/etc/resolv.conf"), "search") }, "corp.test test"},
		{"extraHosts", "user", func(s *engine.Spec) {
			s.Doc.ExtraHosts = []types.HostEntry{{Hostname: new("db.test"), IpAddress: new("192.0.2.7")}}
		}, func(t *testing.T, st engine.Started) string { return line(file(t, st, "/etc/hosts"), "192.0.2.7") }, "db.test"},
		{"readonlyRootFilesystem", "root", func(s *engine.Spec) { s.Doc.ReadonlyRootFilesystem = new(true) },
			func(t *testing.T, st engine.Started) string {
				return strings.TrimSpace(get(t, st.Bindings[0].Dial, "/write?path=/x&text=x"))
			}, "open /x: read-only file system"},
		{"pseudoTerminal", "root", func(s *engine.Spec) { s.Doc.PseudoTerminal, s.Doc.Interactive = new(true), new(true) },
			func(t *testing.T, st engine.Started) string { return fmt.Sprint(inside(t, st).Terminal) }, "true"},
		{"no pseudoTerminal", "user", func(*engine.Spec) {},
			func(t *testing.T, st engine.Started) string { return fmt.Sprint(inside(t, st).Terminal) }, "false"},
		{"dockerSecurityOptions", "user", func(s *engine.Spec) { s.Doc.DockerSecurityOptions = []string{"no-new-privileges"} },
			func(t *testing.T, st engine.Started) string {
				return line(file(t, st, "/proc/self/status"), "NoNewPrivs:")
			}, "1"},
		{"ulimits", "user", func(s *engine.Spec) {
			s.Doc.Ulimits = []types.Ulimit{{Name: types.UlimitNameMsgqueue, SoftLimit: 1024, HardLimit: 2048}, {Name: types.UlimitNameCore, SoftLimit: -1, HardLimit: -1}}
		}, func(t *testing.T, st engine.Started) string {
			l := file(t, st, "/proc/1/limits")
			return line(l, "Max msgqueue size") + ", " + line(l, "Max core file size")
		}, "1024 2048 bytes, unlimited unlimited bytes"},
		{"systemControls", "user", func(s *engine.Spec) {
			s.Doc.SystemControls = []types.SystemControl{{Namespace: new("net.core.somaxconn"), Value: new("77")}, {Namespace: new("kernel.msgmax"), Value: new("9000")}}
		}, func(t *testing.T, st engine.Started) string {
			return strings.Join(strings.Fields(file(t, st, "/proc/sys/net/core/somaxconn")+file(t, st, "/proc/sys/kernel/msgmax")), " ")
		}, "77 9000"},
		{"capabilities", "root", func(s *engine.Spec) {
			linux(s).Capabilities = &types.KernelCapabilities{Drop: []string{"ALL"}, Add: []string{"NET_BIND_SERVICE"}}
		}, func(t *testing.T, st engine.Started) string { return line(file(t, st, "/proc/self/status"), "CapEff:") }, "0000000000000400"},
		{"devices", "user", func(s *engine.Spec) {
			linux(s).Devices = []types.Device{{HostPath: new("/dev/zero"), ContainerPath: new("/dev/nil"), Permissions: []types.DeviceCgroupPermission{"read"}}}
		}, func(t *testing.T, st engine.Started) string {
			return fmt.Sprint(slices.Contains(strings.Fields(file(t, st, "/dev")), "nil"))
		}, "true"},
		{"tmpfs", "user", func(s *engine.Spec) {
			linux(s).Tmpfs = []types.Tmpfs{{ContainerPath: new("/scratch"), Size: 4, MountOptions: []string{"noexec"}}}
		}, func(t *testing.T, st engine.Started) string {
			m := line(file(t, st, "/proc/mounts"), "tmpfs /scratch")
			return fmt.Sprint(strings.Contains(m, "noexec"), strings.Contains(m, "size=4096k"))
		}, "true true"},
		{"sharedMemorySize", "user", func(s *engine.Spec) { linux(s).SharedMemorySize = new(int32(8)) },
			func(t *testing.T, st engine.Started) string {
				return fmt.Sprint(strings.Contains(line(file(t, st, "/proc/mounts"), "shm /dev/shm"), "size=8192k"))
			}, "true"},
		{"initProcessEnabled", "nobody", func(s *engine.Spec) { linux(s).InitProcessEnabled = new(true) },
			func(t *testing.T, st engine.Started) string {
				return fmt.Sprint(strings.Contains(file(t, st, "/proc/1/cmdline"), "init"), inside(t, st).PID != 1)
			}, "true true"},
		{"cpu is a share", "user", func(s *engine.Spec) { s.CPUShares = 512 },
			func(t *testing.T, st engine.Started) string { return cgroup(t, st, "cpu/cpu.shares", "cpu.weight") }, "512|20"},
		{"memory is a limit", "user", func(s *engine.Spec) { s.Memory = 64 << 20 },
			func(t *testing.T, st engine.Started) string {
				return cgroup(t, st, "memory/memory.limit_in_bytes", "memory.max")
			}, "67108864"},
		{"memoryReservation is a soft limit", "user", func(s *engine.Spec) { s.Reserve = 32 << 20 },
			func(t *testing.T, st engine.Started) string {
				return cgroup(t, st, "memory/memory.soft_limit_in_bytes", "memory.low")
			}, "33554432"},
		{"maxSwap comes on top of the memory", "root", func(s *engine.Spec) {
			s.Memory, linux(s).MaxSwap = 64<<20, new(int32(16))
		}, func(t *testing.T, st engine.Started) string {
			return cgroup(t, st, "memory/memory.memsw.limit_in_bytes", "memory.swap.max")
		}, "83886080|16777216"},
		{"ipcMode none", "root", func(s *engine.Spec) { s.IPC = engine.ShareNone },
			func(t *testing.T, st engine.Started) string { return line(file(t, st, "/proc/mounts"), "shm /dev/shm") }, "no shm /dev/shm"},
		{"pidMode host", "host", func(s *engine.Spec) { s.PID = engine.ShareHost },
			func(t *testing.T, st engine.Started) string { return fmt.Sprint(inside(t, st).PID > 1) }, "true"},
	}
	for _, c := range cases {
		s, ok := specs[c.in]
		if !ok {
			s = spec(0)
		}
		c.set(&s)
		specs[c.in] = s
	}
	for in, s := range specs {
		made[in] = start(t, r, s)
	}
	for _, c := range cases {
		t.Run(c.rule, func(t *testing.T) {
			if got := c.see(t, made[c.in]); !slices.Contains(strings.Split(c.want, "|"), got) {
				t.Errorf("inside: %q, want %q", got, c.want)
			}
		})
	}
}

// An engine that has not all capabilities itself cannot give them, and says so.
func TestPrivileged(t *testing.T) {
	raw(t)
	r := open(t, "")
	s := spec(0)
	s.Doc.Privileged = new(true)
	st, err := r.Start(t.Context(), s)
	var e *engine.Error
	switch {
	case errors.As(err, &e):
		if e.Name != engine.CannotStart || !strings.Contains(e.Message, "unable to apply caps: operation not permitted") {
			t.Error(err)
		}
	case err != nil:
		t.Error(err)
	default:
		if got := line(file(t, st, "/proc/self/status"), "CapEff:"); got < "0000003fffffffff" {
			t.Errorf("capabilities %s", got)
		}
	}
}
