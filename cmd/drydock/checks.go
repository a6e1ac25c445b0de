package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"
)

const gib = 1 << 30

// checkEngine asks the container engine directly, as the daemon would.
func (p *patient) checkEngine(ctx context.Context) []finding {
	host := cmp.Or(p.dockerHost, defaultDockerHost)
	f, err := askEngine(ctx, host)
	switch {
	case err == nil:
		p.engine = &f
		return []finding{{"engine", fine, fmt.Sprintf("Docker %s on %s: %d CPUs, %.1f GiB", f.Version, f.System, f.CPUs, float64(f.Memory)/gib), ""}}
	case errors.Is(err, fs.ErrPermission):
		return []finding{{"engine", missing, "this user may not talk to the engine on " + host,
			"sudo usermod -aG docker $USER, then log in again"}}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return []finding{{"engine", missing, "no container engine answers on " + host,
			"as root, scripts/engine.sh start installs and starts one on Debian and Ubuntu; elsewhere install Docker and start it, or name an engine with --docker-host"}}
	}
	return []finding{{"engine", missing, fmt.Sprintf("the engine on %s: %v", host, err), "start it, or name another with --docker-host"}}
}

// checkTaskLimits says what of a container's settings cannot act, as the daemon found it; without one, whether
// one of this user could make the cgroups that carry the limits of whole tasks. That it cannot is no fault
// where tasks have one container.
func (p *patient) checkTaskLimits(context.Context) (list []finding) {
	for _, c := range p.caveats {
		list = append(list, finding{"containers", fine, c, ""})
	}
	if p.engine == nil || len(list) > 0 {
		return list
	}
	why := ""
	switch host := cmp.Or(p.dockerHost, defaultDockerHost); {
	case p.daemon: // which has nothing to say
	case !strings.HasPrefix(host, "unix:"):
		why = "the engine is not asked by a socket of this machine"
	case p.engine.Driver != "cgroupfs":
		why = "the engine's cgroup driver is " + p.engine.Driver + ", not cgroupfs"
	case os.Geteuid() != 0:
		why = "only root can make cgroups"
	}
	if why != "" {
		return []finding{{"task limits", fine, "cpu and memory of a task limit each of its containers: " + why, ""}}
	}
	return []finding{{"task limits", fine, "cpu and memory of a task bind its containers together", ""}}
}

// checkDaemon says whether a daemon answers, else whether one could.
func (p *patient) checkDaemon(ctx context.Context) []finding {
	u, err := p.base()
	if err != nil {
		return []finding{{"daemon", missing, err.Error(), ""}}
	}
	var health struct {
		Version string
		Engine  struct {
			Kind    string
			Caveats []string
		}
		Network struct{ Detail string }
	}
	err = p.get(ctx, "/_drydock/health", nil, &health)
	if err == nil {
		p.daemon, p.caveats = true, health.Engine.Caveats
		var page console.Instances
		if err := errors.Join(p.get(ctx, "/_drydock/instances", nil, &page), p.get(ctx, "/_drydock/lb", nil, &p.lb)); err != nil {
			return []finding{{"daemon", warning, err.Error(), ""}}
		}
		p.instances = page.Instances
		return append([]finding{{"daemon", fine, fmt.Sprintf("Drydock %s answers on %s", health.Version, u.Host), ""}}, networks(health.Engine.Kind, health.Network.Detail)...)
	}
	if bindErr := bindable(u.Host); bindErr != nil {
		return []finding{{"daemon", missing, fmt.Sprintf("%s cannot be used: %v; %v", u.Host, bindErr, err), "free the port, or choose another with `drydock serve --listen` and --endpoint"}}
	}
	return []finding{{"daemon", fine, "none runs; its port is free: " + u.Host, "start one with `drydock serve`"}}
}

// networks says whether the daemon's engine can have VPCs, and why there can be no instances where it cannot.
func networks(kind, why string) []finding {
	switch {
	case kind == "sim":
		return []finding{{"networks", fine, "none: this daemon only pretends to run containers", ""}}
	case why == "":
		return []finding{{"networks", fine, "the engine can have VPCs, and the kernel security groups and flow logs", ""}}
	}
	return []finding{{"networks", missing, "the engine's machine can have no VPCs: " + why, "it needs a kernel with nf_tables, nf_conntrack and NFLOG, and an engine that gives containers NET_ADMIN"}}
}

// bindable reports why a listener could not stand on addr.
func bindable(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		var sys *os.SyscallError
		if errors.As(err, &sys) {
			return sys.Err
		}
		return err
	}
	return l.Close()
}

// checkPromises compares what instances offer to tasks with what the machine has. Offering more is
// allowed: tasks that idle share a machine well.
func (p *patient) checkPromises(context.Context) []finding {
	if p.engine == nil || len(p.instances) == 0 {
		return nil
	}
	cpus, memory, n := 0, int64(0), 0
	for _, i := range p.instances {
		if i.State == "running" || i.State == "pending" {
			cpus, memory, n = cpus+i.VCPU, memory+int64(i.Memory)<<20, n+1
		}
	}
	says := fmt.Sprintf("the instances (%d) promise %d vCPUs and %.1f GiB; the machine has %d and %.1f", n, cpus, float64(memory)/gib, p.engine.CPUs, float64(p.engine.Memory)/gib)
	if cpus > p.engine.CPUs || memory > p.engine.Memory {
		return []finding{{"promises", warning, says, "tasks that use what they reserve will slow each other down: use smaller instance types, or fewer (`drydock instance rm`)"}}
	}
	return []finding{{"promises", fine, says, ""}}
}

// checkAgents says of the instances whose agents ECS refuses what the first one is told.
func (p *patient) checkAgents(context.Context) []finding {
	n, says := 0, ""
	for _, i := range p.instances {
		why := i.Refused
		if i.Member != nil {
			why = cmp.Or(why, i.Member.Refused)
		}
		if why == "" {
			continue
		}
		if n++; n == 1 {
			says = i.ID + ": " + why
		}
	}
	if n == 0 {
		return nil
	}
	if says = "ECS refuses the agent of " + says; n > 1 {
		says += fmt.Sprintf("; %d more refused", n-1)
	}
	return []finding{{"agents", warning, says,
		"attach AmazonEC2ContainerServiceforEC2Role to the role in their instance profile, or give them one (docs/identity.md)"}}
}

// checkPorts tries the ports that listeners usually have.
func (p *patient) checkPorts(context.Context) (list []finding) {
	for _, port := range []int{80, 443} {
		name := fmt.Sprintf("port %d", port)
		err := bindable(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		switch {
		case err == nil:
			list = append(list, finding{name, fine, "a listener can have it", ""})
		case p.listens(port):
			list = append(list, finding{name, fine, "a listener of this daemon has it", ""})
		case errors.Is(err, fs.ErrPermission):
			list = append(list, finding{name, warning, "this user may not use it: listeners get a fallback port, which `drydock lb` shows",
				fmt.Sprintf("sudo sysctl net.ipv4.ip_unprivileged_port_start=%d", port)})
		default:
			list = append(list, finding{name, warning, fmt.Sprintf("taken (%v): listeners get a fallback port, which `drydock lb` shows", err), "stop what uses it, if a listener should have it"})
		}
	}
	return list
}

func (p *patient) listens(port int) bool {
	for _, l := range p.lb.LoadBalancers {
		for _, n := range l.Listeners {
			if n.Bound == port {
				return true
			}
		}
	}
	return false
}

// checkPublicAddresses tries an address of the range that public ones come from.
func (p *patient) checkPublicAddresses(context.Context) []finding {
	if err := bindable("127.66.0.1:0"); err != nil {
		return []finding{{"public addresses", warning, fmt.Sprintf("127.66.0.1 cannot be used: %v; those of instances and tasks do not answer", err), "Linux has all addresses of 127.0.0.0/8; elsewhere add them to the loopback interface"}}
	}
	return []finding{{"public addresses", fine, "those of instances and tasks are addresses of this machine in 127.0.0.0/8", ""}}
}

// enoughPorts is what one instance full of small tasks could take.
const enoughPorts = 4096

// checkPortRange reads where dynamic host ports come from.
func (p *patient) checkPortRange(context.Context) []finding {
	const file = "/proc/sys/net/ipv4/ip_local_port_range"
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil // not this kind of machine
	}
	var low, high int
	if _, err := fmt.Sscan(string(raw), &low, &high); err != nil {
		return []finding{{"host ports", warning, fmt.Sprintf("%s: %v", file, err), ""}}
	}
	says := fmt.Sprintf("dynamic host ports come from %d to %d", low, high)
	if high-low < enoughPorts {
		return []finding{{"host ports", warning, says + ": too few", `sudo sysctl net.ipv4.ip_local_port_range="32768 60999"`}}
	}
	return []finding{{"host ports", fine, says, ""}}
}

// checkDisk looks at where the state and the images live.
func (p *patient) checkDisk(context.Context) (list []finding) {
	places := [][2]string{{"disk of the state", p.dataDir}}
	if p.engine != nil && p.engine.Root != "" {
		places = append(places, [2]string{"disk of images", p.engine.Root})
	}
	for _, pl := range places {
		free, err := freeBytes(pl[1])
		switch {
		case err != nil: // the engine's disk may be another machine's
		case free < gib/4:
			list = append(list, finding{pl[0], missing, fmt.Sprintf("%.1f GiB free at %s", float64(free)/gib, pl[1]), "free some space: `docker system df` shows what images take"})
		case free < 2*gib:
			list = append(list, finding{pl[0], warning, fmt.Sprintf("%.1f GiB free at %s", float64(free)/gib, pl[1]), "free some space before you pull large images"})
		default:
			list = append(list, finding{pl[0], fine, fmt.Sprintf("%.0f GiB free at %s", float64(free)/gib, pl[1]), ""})
		}
	}
	return list
}

// freeBytes is what an ordinary user may still write at path, or at the nearest directory above it
// that exists.
func freeBytes(path string) (uint64, error) {
	for {
		var st syscall.Statfs_t
		err := syscall.Statfs(path, &st)
		if errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
			path = filepath.Dir(path)
			continue
		}
		return st.Bavail * uint64(st.Bsize), err
	}
}

var awsVersion = regexp.MustCompile(`aws-cli/(\d+)\.(\d+)\.\S*`)

// checkAWS finds the AWS CLI and whether it knows AWS_ENDPOINT_URL.
//
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (p *patient) checkAWS(ctx context.Context) []finding {
	const fix = "install it from your distribution (awscli) or https://docs.aws.amazon.com/cli/; every AWS SDK works without it"
	path, err := exec.LookPath("aws")
	if err != nil {
		return []finding{{"aws", warning, "the AWS CLI is not on the PATH", fix}}
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	m := awsVersion.FindStringSubmatch(string(out))
	if err != nil || m == nil {
		return []finding{{"aws", warning, fmt.Sprintf("%s --version: %v %s", path, err, strings.TrimSpace(string(out))), fix}}
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	if major == 1 && minor < 29 || major == 2 && minor < 13 {
		return []finding{{"aws", warning, m[0] + " does not know AWS_ENDPOINT_URL", "give it --endpoint-url http://" + defaultListen + ", or update it"}}
	}
	return []finding{{"aws", fine, m[0] + " at " + path, ""}}
}
