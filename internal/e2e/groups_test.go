package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// inGroup runs a task of the family own in a security group.
func (d *daemon) inGroup(group string) types.Task {
	d.t.Helper()
	config := inSubnets(d.subnets())
	config.AwsvpcConfiguration.SecurityGroups = []string{group}
	return d.until(d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: config, LaunchType: types.LaunchTypeFargate}), is("RUNNING"))
}

// reach asks a task to ask an address, and returns what that answered; an error after a moment.
func (d *daemon) reach(task types.Task, address string) (string, error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), 1500*time.Millisecond)
	defer cancel()
	at := "http://" + detail(task, "privateIPv4Address") + "/fetch?url=" + url.QueryEscape("http://"+address+"/healthz")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, b)
	}
	return string(b), err
}

// TestSecurityGroupsDecideWhoReachesWhom has two tasks in two groups: rules open and close the way from
// one to the other at once, and what is under way goes on.
func TestSecurityGroupsDecideWhoReachesWhom(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	d.own("own", "v1")
	server, client := d.secured("server"), d.secured("client")
	d.aws("ec2", "authorize-security-group-ingress", "--group-id", client, "--protocol", "tcp", "--port", "80", "--cidr", "0.0.0.0/0")
	to, from := d.inGroup(server), d.inGroup(client)
	d.asks(from, 80, "/healthz")
	ip := detail(to, "privateIPv4Address")
	silent := func(rule, address string) {
		t.Helper()
		if got, err := d.reach(from, address); err == nil || !strings.Contains(err.Error(), "deadline") {
			t.Errorf("%s: got %s, %v, want no answer at all", rule, got, err)
		}
	}
	answers := func(rule, address string) {
		t.Helper()
		if got, err := d.reach(from, address); err != nil || !strings.Contains(got, "ok") {
			t.Errorf("%s: got %s, %v", rule, got, err)
		}
	}
	silent("a new group lets nothing in", ip)
	d.aws("ec2", "authorize-security-group-ingress", "--group-id", server, "--protocol", "tcp", "--port", "80", "--source-group", client)
	await(t, 2*time.Second, func() error { _, err := d.reach(from, ip); return err })
	silent("the other port stays shut", ip+":81")
	if out, err := d.tryAWS("ec2", "delete-security-group", "--group-id", client); err == nil || !strings.Contains(out, "DependencyViolation") {
		t.Errorf("deleting a group in use: %s %v", out, err)
	}
	d.aws("ec2", "revoke-security-group-ingress", "--group-id", server, "--protocol", "tcp", "--port", "80", "--source-group", client)
	silent("a new connection after the rule is gone", "[::ffff:"+ip+"]")
	answers("the one that was let in goes on", ip)
	got := d.aws("ec2", "describe-network-interfaces", "--filters", "Name=group-id,Values="+server, "--query", "NetworkInterfaces[].[PrivateIpAddress,Status]", "--output", "text")
	if strings.Join(strings.Fields(got), " ") != ip+" in-use" {
		t.Errorf("interfaces in the group: %s, want %s", got, ip)
	}
	d.stopAll(*to.TaskArn, *from.TaskArn)
	for _, g := range []string{server, client} {
		await(t, 20*time.Second, func() error {
			_, err := d.tryAWS("ec2", "delete-security-group", "--group-id", g)
			return err
		})
	}
}
