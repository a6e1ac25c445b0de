package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/docker/docker/api/types/network"
)

// refusedFor wants each refusal to be for one reason, and n of them.
func (d *daemon) refusedFor(reason string, n int, all []types.Failure) {
	d.t.Helper()
	for _, f := range all {
		if aws.ToString(f.Reason) != reason {
			d.t.Errorf("refused: %s, want %s", show(f), reason)
		}
	}
	if len(all) != n {
		d.t.Errorf("%d refusals, want %d of %s: %s", len(all), n, reason, show(all))
	}
}

// TestWhatAnInstanceHasOnlySoManyOf runs one task in host mode on one port on each of two instances, and as
// many tasks with a network interface of their own as their type has interfaces; the next of each is refused.
func TestWhatAnInstanceHasOnlySoManyOf(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "2")
	await(t, 20*time.Second, func() error {
		if n := len(d.instances()); n != 2 {
			return fmt.Errorf("%d instances", n)
		}
		return nil
	})
	c := probed("web")
	c.Environment = []types.KeyValuePair{{Name: aws.String("PORT"), Value: aws.String("8081")}}
	c.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(8081)}}
	host := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("host"), NetworkMode: types.NetworkModeHost, ContainerDefinitions: []types.ContainerDefinition{c}})
	out := must(d.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: &host, Count: aws.Int32(3)}))
	d.refusedFor("RESOURCE:PORTS", 2, out.Failures) // of each instance for the third
	at := map[string]bool{}
	for _, task := range out.Tasks {
		ip := d.hostOf(d.until(*task.TaskArn, is("RUNNING")))
		at[ip] = true
		await(t, 20*time.Second, func() error {
			if got := d.within(2*time.Second, "http://"+ip+":8081/env?name=DRYDOCK_TASK_ARN"); strings.TrimSpace(got) != *task.TaskArn {
				return fmt.Errorf("%s answers for %s: %s", ip, *task.TaskArn, got)
			}
			return nil
		})
	}
	if len(at) != 2 {
		t.Errorf("tasks on %v, want one on each instance", at)
	}

	d.own("own", "v1")
	out = must(d.ecs.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: aws.String("own"), Count: aws.Int32(5), NetworkConfiguration: inSubnets(d.subnets())}))
	d.refusedFor("RESOURCE:ENI", 2, out.Failures)
	if len(out.Tasks) != 4 { // a t3.medium has three interfaces, of which one is its own
		t.Fatalf("%d tasks, want two on each instance", len(out.Tasks))
	}
	for _, task := range out.Tasks {
		d.asks(d.until(*task.TaskArn, is("RUNNING")), 80, "/healthz")
	}
	subnet := detail(d.describe(*out.Tasks[0].TaskArn), "subnetId")
	if said, err := d.tryAWS("ec2", "delete-subnet", "--subnet-id", subnet); err == nil || !strings.Contains(said, "DependencyViolation") {
		t.Errorf("deleting a subnet in use: %s %v", said, err)
	}
	d.halt(*out.Tasks[0].TaskArn)
	d.until(d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: inSubnets(d.subnets())}), is("RUNNING"))
}

// TestAVPCBesideANetworkWithItsAddresses starts where another network of the engine has addresses of the
// default VPC: inside, everything has its private address all the same; this machine has public ones.
func TestAVPCBesideANetworkWithItsAddresses(t *testing.T) {
	cli := needEngine(t)
	const name = "drydock-test-clash"
	_, err := cli.NetworkCreate(t.Context(), name, network.CreateOptions{IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "172.31.16.0/20"}}}})
	if err != nil && !strings.Contains(err.Error(), "overlaps with") { // then there is such a network
		t.Fatal(err)
	}
	if err == nil {
		t.Cleanup(func() { // after the daemon's own end
			if err := cli.NetworkRemove(context.Background(), name); err != nil {
				t.Error(err)
			}
		})
	}
	d := start(t, cli)
	d.awaitInstance()
	d.open()
	d.own("own", "v1")
	config := inSubnets(d.subnets())
	config.AwsvpcConfiguration.AssignPublicIp = types.AssignPublicIpEnabled
	own := func() types.Task {
		return d.until(d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: config, LaunchType: types.LaunchTypeFargate}), is("RUNNING"))
	}
	one, two := own(), own()
	public := d.ec2("NetworkInterfaces[0].Association.PublicIp", "describe-network-interfaces", "--network-interface-ids", detail(one, "networkInterfaceId"))
	d.answers(public)
	for _, task := range []types.Task{one, two} {
		ip := detail(task, "privateIPv4Address")
		if !strings.HasPrefix(ip, "172.31.") {
			t.Errorf("a task has the address %s", ip)
		}
		await(t, 20*time.Second, func() error {
			if got := d.within(3*time.Second, "http://"+public+"/fetch?url=http://"+ip+"/healthz"); !strings.Contains(got, "ok") {
				return errors.New(got)
			}
			return nil
		})
	}
}
