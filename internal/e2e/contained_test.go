package e2e

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/docker/go-connections/nat"
)

// TestADaemonInAContainer runs the daemon in a container that has the engine's socket, and nothing else of
// the machine: a service of two behind a load balancer, whose gateway it reaches through the engine.
func TestADaemonInAContainer(t *testing.T) {
	cli := needEngine(t)
	outside := start(t, cli)
	outside.awaitInstance() // the image is there
	outside.close()
	d := startInContainer(t, cli)
	d.drydock("instance", "add", "--cluster", cluster, "--type", "t3.medium", "--count", "1")
	w := startWeb(d, 2)
	name := d.aws("elbv2", "describe-load-balancers", "--names", "web", "--query", "LoadBalancers[0].DNSName", "--output", "text")
	for range 8 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+d.addr+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = name
		resp, err := w.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("by the name %s on the API's port: %s", name, resp.Status)
		}
	}
	for _, h := range w.targets() {
		if h.TargetHealth.State != elbtypes.TargetHealthStateEnumHealthy {
			t.Errorf("target %s:%d is %s: %s", *h.Target.Id, *h.Target.Port, h.TargetHealth.State, h.TargetHealth.Reason)
		}
	}
}

// startInContainer starts a daemon in a container of the built-in image. When the test ends it has removed what
// it made, and the test removes it.
func startInContainer(t *testing.T, cli *client.Client) *daemon {
	t.Helper()
	socket, ok := strings.CutPrefix(cli.DaemonHost(), "unix://")
	if !ok {
		t.Skipf("the engine's socket is not a file of this machine: %s", cli.DaemonHost())
	}
	d := &daemon{t: t, addr: fmt.Sprintf("127.0.0.1:%d", freePort(t)), dir: t.TempDir(), engine: cli, account: "000000000000", log: &lockedLog{}}
	d.clients(d.account)
	_, port, _ := strings.Cut(d.addr, ":")
	made, err := cli.ContainerCreate(t.Context(), &container.Config{Image: "drydock/probe:latest", Entrypoint: []string{"/drydock"},
		Cmd: []string{"serve", "--listen", "0.0.0.0:4566", "--data-dir", "/data", "--default-instances", "0"}, ExposedPorts: nat.PortSet{"4566/tcp": {}}},
		&container.HostConfig{Binds: []string{socket + ":/var/run/docker.sock", d.dir + ":/data"},
			PortBindings: nat.PortMap{"4566/tcp": {{HostIP: "127.0.0.1", HostPort: port}}}}, nil, nil, "contained-"+port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		resp, err := http.Post("http://"+d.addr+"/_drydock/reset", "", nil)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("reset: %v", err)
		}
		if err := cli.ContainerRemove(context.Background(), made.ID, container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			t.Error(err)
		}
		d.nothingLeft()
	})
	if err := cli.ContainerStart(t.Context(), made.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, 30*time.Second, func() error {
		resp, err := http.Get("http://" + d.addr + "/_drydock/health")
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
	return d
}
