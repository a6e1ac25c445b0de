package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/console"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
)

// binary is the daemon under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "drydock-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "drydock")
	build := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", binary, "github.com/drydock-ecs/drydock/cmd/drydock")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// needEngine returns a client of the engine that the tests use. Without one a test is skipped,
// but where DRYDOCK_TEST_ENGINE=required says that there must be one (make test): there it fails.
func needEngine(t testing.TB) *client.Client {
	t.Helper()
	c, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err == nil {
		_, err = c.Ping(t.Context())
	}
	if err == nil {
		return c
	}
	if os.Getenv("DRYDOCK_TEST_ENGINE") == "required" {
		t.Fatalf("no container engine answers: %v", err)
	}
	t.Skipf("no container engine answers: %v", err)
	return nil
}

// daemon is one running `drydock serve` with its clients.
type daemon struct {
	t       testing.TB
	addr    string
	dir     string
	args    []string
	env     []string
	cmd     *exec.Cmd
	ended   chan struct{}
	log     *lockedLog
	ecs     *ecs.Client
	elb     *elb.Client
	engine  *client.Client
	account string
	opened  sync.Once
}

// start runs a daemon on a port and data directory of its own. When the test ends, everything it
// ran is gone, or the test fails.
func start(t testing.TB, engine *client.Client, args ...string) *daemon {
	t.Helper()
	d := &daemon{t: t, addr: fmt.Sprintf("127.0.0.1:%d", freePort(t)), dir: t.TempDir(), args: args, engine: engine,
		account: "000000000000", log: &lockedLog{}}
	d.clients(d.account)
	d.serve()
	t.Cleanup(d.close)
	return d
}

// clients makes SDK clients for one account.
func (d *daemon) clients(account string) {
	key := func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: account, SecretAccessKey: "test"}, nil
	}
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String("http://" + d.addr), Credentials: aws.CredentialsProviderFunc(key)}
	d.ecs, d.elb = ecs.NewFromConfig(cfg), elb.NewFromConfig(cfg)
}

// serve starts the process and returns once it says that it is ready.
func (d *daemon) serve() {
	d.t.Helper()
	d.cmd = exec.Command(binary, append([]string{"serve", "--listen", d.addr, "--data-dir", d.dir}, d.args...)...)
	d.cmd.Env = append(os.Environ(), d.env...)
	out, err := d.cmd.StderrPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	d.cmd.Stdout = d.log
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	ready := make(chan struct{})
	d.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		defer close(ended)
		told := false
		for sc := bufio.NewScanner(out); sc.Scan(); {
			fmt.Fprintln(d.log, sc.Text())
			if !told && strings.Contains(sc.Text(), "msg=ready") {
				told = true
				close(ready)
			}
		}
		_ = cmd.Wait()
	}(d.cmd, d.ended)
	select {
	case <-ready:
	case <-d.ended:
		d.t.Fatalf("the daemon ended:\n%s", d.log)
	case <-time.After(30 * time.Second):
		d.t.Fatalf("the daemon is not ready:\n%s", d.log)
	}
}

// kill ends the process as a power cut would.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill()
	<-d.ended
}

// stop ends the process as Ctrl-C does, and wants it to end cleanly.
func (d *daemon) stop() {
	d.t.Helper()
	_ = d.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-d.ended:
	case <-time.After(30 * time.Second):
		d.kill()
		d.t.Errorf("the daemon did not stop:\n%s", d.log)
	}
	if code := d.cmd.ProcessState.ExitCode(); code != 0 {
		d.t.Errorf("the daemon exited with %d:\n%s", code, d.log)
	}
}

func (d *daemon) close() {
	if d.t.Failed() {
		d.t.Logf("daemon log:\n%s", d.log)
	}
	select {
	case <-d.ended:
		return
	default:
	}
	if d.engine != nil { // what begins anew after a reset would have instances
		d.stop()
		d.args = append(d.args, "--default-instances", "0")
		d.serve()
	}
	resp, err := http.Post("http://"+d.addr+"/_drydock/reset", "", nil)
	if err != nil {
		d.t.Errorf("reset: %v", err)
	} else {
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			d.t.Errorf("reset: %s: %s", resp.Status, body)
		}
	}
	d.stop()
	if d.engine != nil {
		d.nothingLeft()
		for _, pattern := range []string{"drydock-", "*/drydock-"} {
			if left, _ := filepath.Glob("/sys/fs/cgroup/" + pattern + d.owner()); len(left) > 0 {
				d.t.Errorf("left behind: %v", left)
			}
		}
	}
}

// containers lists the containers of this daemon's tasks.
func (d *daemon) containers(all bool) []container.Summary {
	d.t.Helper()
	return slices.DeleteFunc(d.everything(all), func(c container.Summary) bool { return c.Labels[labelBox] != "" })
}

// labelBox marks a container that holds a network, and says what for: pause, instance or gateway.
const labelBox = "io.drydock.box"

// everything lists all containers of this daemon, by the owner file in its data directory, since the
// process may be gone.
func (d *daemon) everything(all bool) []container.Summary {
	d.t.Helper()
	list, err := d.engine.ContainerList(context.Background(), container.ListOptions{All: all, Filters: d.ours()})
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func (d *daemon) ours() filters.Args {
	return filters.NewArgs(filters.Arg("label", "io.drydock.owner="+d.owner()))
}

// nothingLeft wants the engine to have no container, network or volume of this daemon.
func (d *daemon) nothingLeft() {
	d.t.Helper()
	ctx := context.Background()
	if left := d.everything(true); len(left) > 0 {
		d.t.Errorf("left behind: %d containers", len(left))
	}
	nets, err := d.engine.NetworkList(ctx, network.ListOptions{Filters: d.ours()})
	if err != nil || len(nets) > 0 {
		d.t.Errorf("left behind: %d networks; %v", len(nets), err)
	}
	vols, err := d.engine.VolumeList(ctx, volume.ListOptions{Filters: d.ours()})
	if err != nil || len(vols.Volumes) > 0 {
		d.t.Errorf("left behind: %d volumes; %v", len(vols.Volumes), err)
	}
}

// open lets this machine in, once: the default security group of the default VPC lets only its own
// members reach each other, as on AWS.
func (d *daemon) open() {
	d.t.Helper()
	d.opened.Do(func() {
		d.aws("ec2", "authorize-security-group-ingress", "--group-name", "default", "--ip-permissions", "IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]")
	})
}

// hostOf returns the private address of the instance that a task runs on, and lets this machine in.
func (d *daemon) hostOf(t types.Task) string {
	d.t.Helper()
	d.open()
	var page console.Instances
	d.page("/_drydock/instances", &page)
	for _, i := range page.Instances {
		if i.Member != nil && strings.HasSuffix(*t.ContainerInstanceArn, "/"+i.Member.ID) {
			return i.PrivateIP
		}
	}
	d.t.Fatalf("no instance has task %s", *t.TaskArn)
	return ""
}

// owner is the name that is on all that this daemon makes on the engine.
func (d *daemon) owner() string {
	d.t.Helper()
	id, err := os.ReadFile(filepath.Join(d.dir, "owner"))
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimSpace(string(id))
}

// page reads one of the daemon's own JSON pages.
func (d *daemon) page(path string, v any) {
	d.t.Helper()
	resp, err := http.Get("http://" + d.addr + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		d.t.Fatalf("%s: %v", path, err)
	}
}

// aws runs the AWS command line client and returns what it printed.
func (d *daemon) aws(args ...string) string {
	d.t.Helper()
	out, err := d.tryAWS(args...)
	if err != nil {
		d.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(out)
}

func (d *daemon) tryAWS(args ...string) (string, error) {
	// By the flag, which a client of any age has.
	cmd := exec.CommandContext(d.t.Context(), "aws", append([]string{"--endpoint-url", "http://" + d.addr}, args...)...)
	cmd.Env = d.awsEnv()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *daemon) awsEnv() []string {
	return append(os.Environ(), "AWS_ENDPOINT_URL=http://"+d.addr, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=")
}

// drydock runs the command line against this daemon.
func (d *daemon) drydock(args ...string) string {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), "DRYDOCK_ENDPOINT=http://"+d.addr)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("drydock %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// freePort returns a port that nothing listens on.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// lockedLog collects what a process prints.
type lockedLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var _ io.Writer = (*lockedLog)(nil)
