package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestOutboundRulesAct takes from the group of a task what lets it out: its packets vanish, where metadata and
// credentials answer all the same; a rule that names a group lets it out to that group's members alone.
func TestOutboundRulesAct(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	d.own("own", "v1")
	server, client := d.secured("server"), d.secured("client")
	d.lets(server, 80, client)
	d.lets(client, 80, "0.0.0.0/0")
	to, from := d.inGroup(server), d.inGroup(client)
	ip := detail(to, "privateIPv4Address")
	await(t, 20*time.Second, func() error { _, err := d.reach(from, ip); return err })

	all := []string{"--group-id", client, "--protocol", "-1", "--cidr", "0.0.0.0/0"}
	d.aws(append([]string{"ec2", "revoke-security-group-egress"}, all...)...)
	if got, err := d.reach(from, "[::ffff:"+ip+"]"); err == nil || !strings.Contains(err.Error(), "deadline") { // over a connection of its own
		t.Errorf("without a rule: got %s, %v, want no answer at all", got, err)
	}
	metadata := strings.TrimSpace(d.asks(from, 80, "/env?name=ECS_CONTAINER_METADATA_URI_V4"))
	if got := d.asks(from, 80, "/fetch?url="+url.QueryEscape(metadata)); !strings.Contains(got, "DockerId") {
		t.Errorf("metadata without a rule: %s", got)
	}
	d.aws("ec2", "authorize-security-group-egress", "--group-id", client, "--ip-permissions", "IpProtocol=tcp,FromPort=80,ToPort=80,UserIdGroupPairs=[{GroupId="+server+"}]")
	await(t, 2*time.Second, func() error { _, err := d.reach(from, "[::ffff:"+ip+"]"); return err })
	if got, err := d.reach(from, detail(from, "privateIPv4Address")); err != nil { // what it says to itself passes no interface
		t.Errorf("to itself: %s, %v", got, err)
	}
	d.stopAll(*to.TaskArn, *from.TaskArn)
}

// TestTasksAreKeptFromTheMetadataOfTheirInstance has two instances, of which one keeps tasks with an interface of
// their own from its metadata.
func TestTasksAreKeptFromTheMetadataOfTheirInstance(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	d.own("own", "v1")
	d.open()
	const document = "http://169.254.169.254/latest/meta-data/instance-id"
	for _, c := range []struct {
		cluster, config string
		told            bool
	}{{"open", "", true}, {"closed", "\necho ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config", false}} {
		d.aws("ecs", "create-cluster", "--cluster-name", c.cluster)
		id := d.aws("ec2", "run-instances", "--image-id", "ami-0abcdef1234567890", "--instance-type", "t3.small", "--count", "1",
			"--user-data", "#!/bin/bash\necho ECS_CLUSTER="+c.cluster+" >> /etc/ecs/ecs.config"+c.config, "--query", "Instances[0].InstanceId", "--output", "text")
		var task types.Task
		await(t, 30*time.Second, func() error {
			out, err := d.ecs.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: &c.cluster, TaskDefinition: aws.String("own"), NetworkConfiguration: inSubnets(d.subnets())})
			if err != nil || len(out.Tasks) == 0 {
				return errStill("without an instance")
			}
			task = out.Tasks[0]
			return nil
		})
		await(t, 60*time.Second, func() error {
			task = must(d.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: &c.cluster, Tasks: []string{*task.TaskArn}})).Tasks[0]
			if *task.LastStatus != "RUNNING" {
				return errStill(*task.LastStatus)
			}
			return nil
		})
		d.asks(task, 80, "/healthz")
		if got := d.within(5*time.Second, "http://"+detail(task, "privateIPv4Address")+"/fetch?url="+url.QueryEscape(document)); strings.Contains(got, id) != c.told {
			t.Errorf("%s: a task is told %s", c.cluster, got)
		}
	}
}
