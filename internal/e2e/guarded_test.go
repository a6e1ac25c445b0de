package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// secured makes a security group in the default VPC, and returns its id.
func (d *daemon) secured(name string) string {
	d.t.Helper()
	return d.aws("ec2", "create-security-group", "--group-name", name, "--description", name, "--query", "GroupId", "--output", "text")
}

// lets lets somebody in to a port of what has a group: a CIDR or a group.
func (d *daemon) lets(group string, port int, who string) {
	d.t.Helper()
	d.aws(d.rule("authorize", group, port, who)...)
}

// bars takes that back.
func (d *daemon) bars(group string, port int, who string) {
	d.t.Helper()
	d.aws(d.rule("revoke", group, port, who)...)
}

func (d *daemon) rule(verb, group string, port int, who string) []string {
	by := "--cidr"
	if strings.HasPrefix(who, "sg-") {
		by = "--source-group"
	}
	return []string{"ec2", verb + "-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", strconv.Itoa(port), by, who}
}

// reply is what a container says of a request that it got.
type reply struct {
	Remote  string
	Headers http.Header
}

// once asks url, and gives up after a while.
func once(url string, most time.Duration) (s reply, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return s, err
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	if err == nil {
		err = json.Unmarshal(body, &s)
	}
	return s, err
}

// TestALoadBalancerIsGuardedByItsGroups puts a load balancer and its target into groups of their own: the target
// lets in the load balancer alone, the load balancer first nobody.
func TestALoadBalancerIsGuardedByItsGroups(t *testing.T) {
	d := start(t, needEngine(t))
	ctx := t.Context()
	front, back := d.secured("front"), d.secured("back")
	d.lets(back, 80, front)
	w := balance(d, elbtypes.TargetTypeEnumIp)
	must(d.elb.SetSecurityGroups(ctx, &elb.SetSecurityGroupsInput{LoadBalancerArn: &w.lb, SecurityGroups: []string{front}}))
	d.own("own", "v1")
	config := inSubnets(d.subnets())
	config.AwsvpcConfiguration.SecurityGroups = []string{back}
	arn := d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: config, LaunchType: "FARGATE"})
	other := d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: inSubnets(d.subnets()), LaunchType: "FARGATE"})
	task, client := d.until(arn, is("RUNNING")), d.until(other, is("RUNNING"))
	address := detail(task, "privateIPv4Address")
	must(d.elb.RegisterTargets(ctx, &elb.RegisterTargetsInput{TargetGroupArn: &w.group, Targets: []elbtypes.TargetDescription{{Id: &address}}}))
	w.health("healthy", "")

	door := fmt.Sprintf("http://127.0.0.1:%d/", w.port)
	if _, err := once(door, time.Second); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a load balancer that lets nobody in answers this machine: %v", err)
	}
	if out := d.drydock("lb"); !strings.Contains(out, "--group-id "+front+" --protocol tcp --port "+strconv.Itoa(w.port)) {
		t.Errorf("drydock lb does not say how to open it:\n%s", out)
	}
	own := d.aws("ec2", "describe-network-interfaces", "--filters", "Name=group-id,Values="+front, "--query", "NetworkInterfaces[0].PrivateIpAddress", "--output", "text")
	inside := fmt.Sprintf("/fetch?url=http://%s:%d/", own, w.port)
	d.lets(front, w.port, "127.0.0.1/32")
	got, err := once(door, 5*time.Second)
	if err != nil || got.Headers.Get("X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("after it was opened to this machine: %+v, %v", got, err)
	}
	if from, _, _ := net.SplitHostPort(got.Remote); !strings.HasPrefix(from, "172.31.") {
		t.Errorf("the target is reached from %s, want the load balancer's address", got.Remote)
	}
	d.lets(front, w.port, detail(client, "privateIPv4Address")+"/32")
	if got := d.asks(client, 80, inside); !strings.Contains(got, detail(client, "privateIPv4Address")) {
		t.Errorf("from a task: %s", got)
	}

	d.bars(back, 80, front)
	w.health("unhealthy", "Target.Timeout")
	d.lets(back, 80, front)
	w.health("healthy", "")
	d.stopAll(arn, other)
}

// health waits until the only target is in a state, for a reason.
func (w *web) health(state, reason string) {
	w.t.Helper()
	await(w.t, time.Minute, func() error {
		all := w.targets()
		if len(all) == 1 && string(all[0].TargetHealth.State) == state && string(all[0].TargetHealth.Reason) == reason {
			return nil
		}
		return fmt.Errorf("want %s %s, have %s", state, reason, show(all))
	})
}

// TestPublicAddressesAnswer reaches a host port at its instance's public address, as far as the security
// group and the route table let it.
func TestPublicAddressesAnswer(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	d.register("web", 80, "v1")
	arn := d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("web")})
	task := d.until(arn, is("RUNNING"))
	public := d.aws("ec2", "describe-instances", "--query", "Reservations[0].Instances[0].PublicIpAddress", "--output", "text")
	url := "http://" + net.JoinHostPort(public, strconv.Itoa(int(*task.Containers[0].NetworkBindings[0].HostPort))) + "/"
	group := d.aws("ec2", "describe-security-groups", "--group-names", "default", "--query", "SecurityGroups[0].GroupId", "--output", "text")
	await(t, 10*time.Second, func() error {
		_, err := once(url, 500*time.Millisecond)
		if !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("without a rule: %w", err)
		}
		return nil
	})
	port := int(*task.Containers[0].NetworkBindings[0].HostPort)
	d.lets(group, port, "0.0.0.0/0")
	if _, err := once(url, 5*time.Second); err != nil {
		t.Errorf("with a rule: %v", err)
	}
	d.bars(group, port, "0.0.0.0/0")
	if _, err := once(url, 500*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the rule was taken back: %v", err)
	}
	d.stopAll(arn)
}
