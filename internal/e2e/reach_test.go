package e2e

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestWhatATaskReaches has a task in bridge mode ask a load balancer by its name, a host port of the other
// instance, and one of its own, which tell who asked; and this machine sends it datagrams.
func TestWhatATaskReaches(t *testing.T) {
	w := startWeb(start(t, needEngine(t), "--default-instances", "2"), 2)
	c := probed("client")
	c.Environment = []types.KeyValuePair{{Name: aws.String("UDP_PORT"), Value: aws.String("5300")}}
	c.PortMappings = append(c.PortMappings, types.PortMapping{ContainerPort: aws.Int32(5300), HostPort: aws.Int32(5300), Protocol: types.TransportProtocolUdp})
	def := w.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("client"), ContainerDefinitions: []types.ContainerDefinition{c}})
	task := w.until(w.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("RUNNING"))
	name := w.aws("elbv2", "describe-load-balancers", "--names", "web", "--query", "LoadBalancers[0].DNSName", "--output", "text")
	asks := map[string]string{fmt.Sprintf("http://%s:%d/", name, w.port): ""}
	for _, other := range w.tasks() {
		if !strings.HasSuffix(*other.Group, ":web") {
			continue
		}
		at, from := w.hostOf(other), w.hostOf(task)
		if at == from {
			from = "172.17.0.1" // the instance's own on its bridge
		}
		asks[fmt.Sprintf("http://%s:%d/", at, *other.Containers[0].NetworkBindings[0].HostPort)] = from
	}
	if len(asks) != 3 {
		t.Fatalf("the service has other tasks than two: %v", asks)
	}
	for what, from := range asks {
		got := w.ask(task, "client", "/fetch?url="+url.QueryEscape(what))
		if !strings.Contains(got, `"status": 200`) || !strings.Contains(got, `\"remote\": \"`+from) {
			t.Errorf("%s from inside, as %s: %s", what, from, got)
		}
	}
	conn, err := net.Dial("udp", w.hostOf(task)+":5300")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	await(t, 10*time.Second, func() error {
		_, _ = conn.Write([]byte("over UDP"))
		buf := make([]byte, 64)
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		n, err := conn.Read(buf)
		if err == nil && string(buf[:n]) != "over UDP" {
			err = fmt.Errorf("%q", buf[:n])
		}
		return err
	})
}
