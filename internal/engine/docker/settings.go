package docker

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/logdriver"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/docker/docker/api/types/container"
)

// minShares is what the kernel takes at least, and what the agent asks for when cpu is not given.
const minShares = 2

const mib = 1 << 20

// settings turns s into what the engine takes. What joins another namespace has its hostname and its names
// from there, and the engine refuses those of its own.
func (r *Runtime) settings(s engine.Spec, p plug) (*container.Config, *container.HostConfig, error) {
	d := s.Doc
	logs, err := logging(d.LogConfiguration)
	if err != nil {
		return nil, nil, err
	}
	c := &container.Config{
		Image: s.Image, Cmd: s.Command, Entrypoint: d.EntryPoint, Env: environment(withLinks(s.Env, p.links, r.name(s.Task, s.Container))), Labels: r.labels(s, p),
		Hostname: str(d.Hostname), User: str(d.User), WorkingDir: str(d.WorkingDirectory),
		Tty: is(d.PseudoTerminal), OpenStdin: is(d.Interactive), NetworkDisabled: is(d.DisableNetworking),
		Healthcheck: r.healthCheck(d.HealthCheck),
	}
	if s.StopGrace > 0 { // for those who stop it past us
		c.StopTimeout = new(seconds(s.StopGrace))
	}
	h := &container.HostConfig{
		NetworkMode: container.NetworkMode(s.Network), LogConfig: logs,
		Privileged: is(d.Privileged), ReadonlyRootfs: is(d.ReadonlyRootFilesystem),
		DNS: d.DnsServers, DNSSearch: d.DnsSearchDomains, ExtraHosts: extraHosts(d.ExtraHosts),
		SecurityOpt: d.DockerSecurityOptions, Sysctls: sysctls(d.SystemControls),
		Links: s.Links, VolumesFrom: r.volumesFrom(s),
		Resources: container.Resources{CPUShares: max(s.CPUShares, minShares), Memory: s.Memory,
			MemoryReservation: s.Reserve, Ulimits: ulimits(d.Ulimits, s.Files)},
	}
	if p.id != "" {
		h.NetworkMode = container.NetworkMode("container:" + p.id)
	}
	if behind(s) {
		c.Hostname, h.DNS, h.DNSSearch, h.ExtraHosts, h.Links = "", nil, nil, nil, nil
	}
	r.size(s, h)
	r.mounts(s, h)
	r.share(s, h)
	linux(d.LinuxParameters, h)
	return c, h, nil
}

// size puts a container under the limits of its task. Where its cgroup is out of reach, each
// container of the task has the limits for itself.
func (r *Runtime) size(s engine.Spec, h *container.HostConfig) {
	switch {
	case !sized(s):
	case r.groups != nil:
		h.CgroupParent = r.groups.parent(s.Task)
	default:
		h.NanoCPUs = s.CPUs * 1e9 / 1024
		if h.Memory == 0 {
			h.Memory = s.TaskMemory
		}
	}
}

// logging bounds what a container's log takes on disk, which json-file by itself does not. Other
// drivers go to the engine as they are: it says what it does not have. Of awslogs the engine only keeps
// the output, from where it is collected: its own driver would write to AWS.
func logging(l *types.LogConfiguration) (container.LogConfig, error) {
	options := map[string]string{"max-size": "10m", "max-file": "3"}
	switch {
	case l == nil:
		return container.LogConfig{Type: "json-file", Config: options}, nil
	case l.LogDriver == types.LogDriverJsonFile:
		maps.Copy(options, l.Options)
		return container.LogConfig{Type: "json-file", Config: options}, nil
	case l.LogDriver == types.LogDriverAwslogs:
		maps.Copy(options, logdriver.Engine(l.Options))
		return container.LogConfig{Type: "json-file", Config: options}, nil
	case l.LogDriver == types.LogDriverAwsfirelens:
		return container.LogConfig{}, fmt.Errorf("log driver %s is not supported; use one of the engine's, such as json-file", l.LogDriver)
	}
	return container.LogConfig{Type: string(l.LogDriver), Config: l.Options}, nil
}

// environment is sorted, so that the same definition makes the same container.
func environment(env map[string]string) []string {
	vs := make([]string, 0, len(env))
	for _, k := range slices.Sorted(maps.Keys(env)) {
		vs = append(vs, k+"="+env[k])
	}
	return vs
}

// healthCheck fills in what ECS, not Docker, takes by default.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func (r *Runtime) healthCheck(h *types.HealthCheck) *container.HealthConfig {
	if h == nil {
		return nil
	}
	sec := func(p *int32, unset time.Duration) time.Duration {
		if p == nil {
			return unset
		}
		return time.Duration(*p) * time.Second
	}
	retries := 3
	if h.Retries != nil {
		retries = int(*h.Retries)
	}
	return &container.HealthConfig{Test: h.Command, Retries: retries, Timeout: sec(h.Timeout, 5*time.Second),
		Interval:    max(r.scale.Of(sec(h.Interval, 30*time.Second)), time.Millisecond),
		StartPeriod: r.scale.Of(sec(h.StartPeriod, 0))}
}

func extraHosts(hs []types.HostEntry) (es []string) {
	for _, h := range hs {
		es = append(es, str(h.Hostname)+":"+str(h.IpAddress))
	}
	return es
}

func sysctls(cs []types.SystemControl) map[string]string {
	if len(cs) == 0 {
		return nil
	}
	m := map[string]string{}
	for _, c := range cs {
		m[str(c.Namespace)] = str(c.Value)
	}
	return m
}

// ulimits are the definition's, and one of open files where there is one.
func ulimits(us []types.Ulimit, files int64) (all []*container.Ulimit) {
	for _, u := range us {
		all = append(all, &container.Ulimit{Name: string(u.Name), Soft: int64(u.SoftLimit), Hard: int64(u.HardLimit)})
	}
	if files > 0 {
		all = append(all, &container.Ulimit{Name: string(types.UlimitNameNofile), Soft: files, Hard: files})
	}
	return all
}

func (r *Runtime) volumesFrom(s engine.Spec) (vs []string) {
	for _, v := range s.Doc.VolumesFrom {
		from := r.name(s.Task, str(v.SourceContainer))
		if is(v.ReadOnly) {
			from += ":ro"
		}
		vs = append(vs, from)
	}
	return vs
}

// linux applies linuxParameters. maxSwap is what may be swapped, the engine's limit that and the
// memory together; without maxSwap, swappiness is ignored, as ECS has it.
func linux(p *types.LinuxParameters, h *container.HostConfig) {
	if p == nil {
		return
	}
	h.Init = p.InitProcessEnabled
	if p.Capabilities != nil {
		h.CapAdd, h.CapDrop = p.Capabilities.Add, p.Capabilities.Drop
	}
	if p.SharedMemorySize != nil {
		h.ShmSize = int64(*p.SharedMemorySize) * mib
	}
	if p.MaxSwap != nil {
		h.MemorySwap = h.Memory + int64(*p.MaxSwap)*mib
		if p.Swappiness != nil {
			h.MemorySwappiness = new(int64(*p.Swappiness))
		}
	}
	for _, t := range p.Tmpfs {
		if h.Tmpfs == nil {
			h.Tmpfs = map[string]string{}
		}
		h.Tmpfs[str(t.ContainerPath)] = strings.Join(append([]string{fmt.Sprintf("size=%dm", t.Size)}, t.MountOptions...), ",")
	}
	for _, d := range p.Devices {
		h.Devices = append(h.Devices, device(d))
	}
}

// device is the same path inside unless said otherwise, with all permissions unless some are named.
func device(d types.Device) container.DeviceMapping {
	m := container.DeviceMapping{PathOnHost: str(d.HostPath), PathInContainer: str(d.ContainerPath)}
	if m.PathInContainer == "" {
		m.PathInContainer = path.Clean(m.PathOnHost)
	}
	for _, p := range d.Permissions {
		m.CgroupPermissions += string(p)[:1] // read, write, mknod
	}
	if m.CgroupPermissions == "" {
		m.CgroupPermissions = "rwm"
	}
	return m
}

// seconds rounds up: a grace period is never shortened.
func seconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func is(p *bool) bool { return p != nil && *p }
