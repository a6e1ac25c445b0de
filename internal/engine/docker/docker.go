// Package docker runs containers on a Docker engine (20.10 or newer, API 1.41): it starts, stops,
// watches and removes them, reads their logs, and touches none that does not carry its owner's label.
// It decides nothing: which container runs where, and when it stops, is the agent's business.
//
// What of a container definition acts on the engine is listed at [Runtime.Start]; a definition
// that asks for more is to be refused before it comes here.
package docker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/tempo"

	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
)

// oldestAPI is that of Docker Engine 20.10.
const oldestAPI = "1.41"

// starts bounds how many containers are created and started at the same time. The engine gains
// nothing beyond: a new network namespace keeps the kernel busy for most of a start.
const starts = 8

// Config says which engine, and as whom.
type Config struct {
	// Host is where the engine answers, such as unix:///var/run/docker.sock; empty means
	// DOCKER_HOST, and without that the platform's default. DOCKER_TLS_VERIFY and
	// DOCKER_CERT_PATH act as they do for the docker command.
	Host string
	// Owner tells the containers of this daemon from those of others on the same engine.
	Owner string
	// Probe makes the built-in image; nil when there is none.
	Probe func() (engine.Image, error)
	// Scale divides the intervals of container health checks.
	Scale tempo.Scale
	// Doors answer what comes from inside network namespaces.
	Doors Doors
	// Pool is where subnets of the engine come from that are not a VPC's own; DefaultPool when it is zero.
	Pool netip.Prefix
	// Dir is a directory of this machine that gateways share a socket in; empty for none.
	Dir string
	// Log is told what fails without stopping a task; nil for slog.Default.
	Log *slog.Logger
}

// Doors answer what comes from inside the namespaces of tasks and instances; nil ones answer nothing.
// They may be called at the same time, and may take their time.
type Doors struct {
	// HTTP answers a request to 169.254.170.2, netbox.APIs or 169.254.169.254: r.URL.Host is the address,
	// r.Host the name that it was called by. Who flushes what it writes tells it in parts.
	HTTP func(w http.ResponseWriter, r *http.Request, from engine.Place)
	// DNS answers a query in wire format, over UDP or TCP; nil for no answer.
	DNS func(ctx context.Context, from engine.Place, tcp bool, query []byte) []byte
	// Flows takes what the interfaces of a namespace let through and refused.
	Flows func(from engine.Place, flows []engine.Flow)
}

// Runtime runs containers on one engine. All its methods may be called at the same time.
type Runtime struct {
	cli   *client.Client
	owner string
	probe func() (engine.Image, error)
	scale tempo.Scale
	log   *slog.Logger

	slots     chan struct{} // one token for each start under way
	importing chan struct{} // held while the built-in image is imported
	builtIn   atomic.Pointer[string]
	digests   sync.Map       // image name and id → repository digest
	images    sync.Map       // instance and name of an image that it pulled with a login → image id
	notes     sync.WaitGroup // metadata being sent, channels being kept
	doors     Doors
	channels  channels
	told      chan engine.Event // of machines that ended
	networks  networks
	pool      netip.Prefix
	dir       string
	gates     gates
	life      context.Context // of the channels
	end       context.CancelFunc
	pools     pools
	ephemeral atomic.Pointer[[2]int] // ports of instances, as the kernel has them
	claims    sync.Map               // place of each pause that is somebody's, by container id
	spaces    sync.Map               // *space by name
	turns     turns                  // of those that make or remove a pause container
	fewFiles  atomic.Bool            // the engine may not give as many open files as were asked for
	grouping  sync.Once
	groups    *groups // the cgroups of tasks; nil where they are out of reach
}

var ownerName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$`)

// New returns a runtime. It does not ask the engine anything: see Check.
func New(c Config) (*Runtime, error) {
	if !ownerName.MatchString(c.Owner) {
		return nil, fmt.Errorf("owner %q: want letters, digits, _ . -, beginning with a letter or digit, at most 63", c.Owner)
	}
	opts := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	host := os.Getenv(client.EnvOverrideHost)
	if c.Host != "" {
		host = c.Host
		opts = append(opts, client.WithHost(host))
	}
	if u, err := url.Parse(host); err == nil && u.Scheme == "ssh" {
		return nil, fmt.Errorf("docker host %s: ssh is not supported; forward the engine's socket and name that: ssh -L /tmp/docker.sock:/var/run/docker.sock …", host)
	}
	cli, err := client.NewClientWithOpts(opts...)
	if err != nil {
		return nil, fmt.Errorf("docker host %q: %w", host, err)
	}
	r := &Runtime{cli: cli, owner: c.Owner, probe: c.Probe, scale: c.Scale, log: c.Log,
		slots: make(chan struct{}, starts), importing: make(chan struct{}, 1), doors: c.Doors, told: make(chan engine.Event), dir: c.Dir}
	if r.pool = c.Pool; !r.pool.IsValid() {
		r.pool = DefaultPool
	}
	r.life, r.end = context.WithCancel(context.Background())
	if r.log == nil {
		r.log = slog.Default()
	}
	return r, nil
}

// Close waits for what is under way besides the calls of others, and ends idle connections.
func (r *Runtime) Close() error {
	r.end()
	r.notes.Wait()
	r.groups.sweep()
	return r.cli.Close()
}

// Check asks the engine what it is. An error says what to do about it.
func (r *Runtime) Check(ctx context.Context) (engine.Info, error) {
	short, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	in, err := r.cli.Info(short)
	if err != nil {
		return engine.Info{}, r.unanswered(err)
	}
	if in.OSType != "linux" {
		return engine.Info{}, fmt.Errorf("the Docker engine at %s runs %s containers; Drydock needs one that runs linux containers", r.cli.DaemonHost(), in.OSType)
	}
	if versions.LessThan(r.cli.ClientVersion(), oldestAPI) {
		return engine.Info{}, fmt.Errorf("the Docker engine at %s is version %s; Drydock needs 20.10 or newer", r.cli.DaemonHost(), in.ServerVersion)
	}
	near := r.near(in)
	groups, why := r.newGroups(in)
	r.grouping.Do(func() { r.groups = groups })
	notes := caveats(in, near)
	if why != "" {
		notes = append(notes, "cpu and memory of a task limit each of its containers instead of all together ("+why+")")
	}
	flat := r.ability(ctx, in)
	if flat != "" {
		notes = append(notes, "there can be no instances and no network interfaces ("+flat+")")
	}
	return engine.Info{Name: in.Name, Host: r.cli.DaemonHost(), Version: in.ServerVersion, API: r.cli.ClientVersion(),
		OS: in.OperatingSystem, Arch: goArch(in.Architecture), CPUs: in.NCPU, Memory: in.MemTotal,
		Local: near, Flat: flat, Caveats: notes}, nil
}

// unanswered explains an error of an engine that did not answer.
func (r *Runtime) unanswered(err error) error {
	host, hint := r.cli.DaemonHost(), "start it (sudo systemctl start docker), or name another with --docker-host or DOCKER_HOST"
	switch {
	case errors.Is(err, os.ErrPermission) || strings.Contains(err.Error(), "permission denied"):
		hint = "add yourself to its group (sudo usermod -aG docker $USER, then log in again), or run as root"
	case errors.Is(err, context.DeadlineExceeded):
		hint = "it accepts connections but says nothing: look at its log (journalctl -u docker)"
	case strings.HasPrefix(err.Error(), "Cannot connect to the Docker daemon"): // says no more than we do
		return fmt.Errorf("the Docker engine at %s does not answer; %s", host, hint)
	}
	return fmt.Errorf("the Docker engine at %s does not answer: %w; %s", host, err, hint)
}

// caveats lists what the machine's kernel, or its distance, leaves without effect.
func caveats(in system.Info, near bool) (cs []string) {
	for _, c := range []struct {
		there bool
		says  string
	}{
		{in.MemoryLimit, "memory limits of containers have no effect (no memory cgroup)"},
		{in.SwapLimit, "swap limits of containers have no effect (no swap accounting)"},
		{in.CPUShares, "cpu of containers has no effect (no cpu cgroup)"},
		{in.IPv4Forwarding, "containers cannot reach other networks (net.ipv4.ip_forward is off)"},
		{near, "addresses in VPCs cannot be reached from here (the engine's networks are not this machine's)"},
	} {
		if !c.there {
			cs = append(cs, c.says)
		}
	}
	return cs
}

// goArch names a machine's architecture as Go does.
func goArch(machine string) string {
	switch machine {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "armv7l", "armv6l":
		return "arm"
	case "i686", "i386":
		return "386"
	}
	return machine
}
