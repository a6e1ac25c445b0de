package e2e

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ec2 runs `aws ec2` and returns one value of the answer.
func (d *daemon) ec2(query string, args ...string) string {
	d.t.Helper()
	return d.aws(append(append([]string{"ec2"}, args...), "--query", query, "--output", "text")...)
}

// open80 asks an address once, over a connection of its own.
func open80(address string) error {
	c := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get("http://" + address + "/healthz")
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}

func (d *daemon) answers(address string) {
	d.t.Helper()
	await(d.t, 20*time.Second, func() error { return open80(address) })
}

func (d *daemon) answersNot(address string) {
	d.t.Helper()
	await(d.t, 10*time.Second, func() error {
		if open80(address) == nil {
			return errors.New(address + " answers")
		}
		return nil
	})
}

// TestAPublicAddressAnswersInAPublicSubnet has a task with a public address in a VPC of its own, whose
// subnet becomes public and private again.
func TestAPublicAddressAnswersInAPublicSubnet(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	d.own("own", "v1")
	vpc := d.ec2("Vpc.VpcId", "create-vpc", "--cidr-block", "10.213.0.0/16")
	subnet := d.ec2("Subnet.SubnetId", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.213.1.0/24")
	table := d.ec2("RouteTables[0].RouteTableId", "describe-route-tables", "--filters", "Name=vpc-id,Values="+vpc)
	group := d.ec2("GroupId", "create-security-group", "--vpc-id", vpc, "--group-name", "web", "--description", "of a test")
	d.aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "80", "--cidr", "0.0.0.0/0")
	task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{subnet}, SecurityGroups: []string{group},
			AssignPublicIp: types.AssignPublicIpEnabled}}}), is("RUNNING"))
	public := d.ec2("NetworkInterfaces[0].Association.PublicIp", "describe-network-interfaces", "--filters", "Name=network-interface-id,Values="+detail(task, "networkInterfaceId"))
	if err := open80(public); err == nil {
		t.Errorf("%s answers in a private subnet", public)
	}
	metadata := strings.TrimSpace(d.asks(task, 80, "/env?name=ECS_CONTAINER_METADATA_URI_V4"))
	if got := d.asks(task, 80, "/fetch?url="+url.QueryEscape(metadata)); !strings.Contains(got, "DockerId") {
		t.Errorf("metadata in a private subnet: %s", got)
	}
	gateway := d.ec2("InternetGateway.InternetGatewayId", "create-internet-gateway")
	d.aws("ec2", "attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc)
	d.aws("ec2", "create-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", gateway)
	d.answers(public)
	d.answersNot(public + ":81")
	d.aws("ec2", "delete-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0")
	d.answersNot(public)
	d.stopAll(*task.TaskArn)
	d.aws("ec2", "detach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc)
	d.aws("ec2", "delete-internet-gateway", "--internet-gateway-id", gateway)
	for _, args := range [][]string{{"delete-security-group", "--group-id", group}, {"delete-subnet", "--subnet-id", subnet}, {"delete-vpc", "--vpc-id", vpc}} {
		await(t, 20*time.Second, func() error {
			_, err := d.tryAWS(append([]string{"ec2"}, args...)...)
			return err
		})
	}
}
