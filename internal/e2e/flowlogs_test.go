package e2e

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// group makes a security group that lets nobody in.
func (d *daemon) group(name string) string {
	return d.aws("ec2", "create-security-group", "--group-name", name, "--description", name, "--query", "GroupId", "--output", "text")
}

// flowLog writes what passes the default VPC down to a log group and a directory, every second.
func (d *daemon) flowLog(dir string) {
	d.t.Helper()
	vpc := d.aws("ec2", "describe-vpcs", "--query", "Vpcs[0].VpcId", "--output", "text")
	d.aws("iam", "create-role", "--role-name", "flows", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"},"Action":"sts:AssumeRole"}}`)
	d.aws("iam", "put-role-policy", "--role-name", "flows", "--policy-name", "write", "--policy-document",
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"logs:*","Resource":"*"}}`)
	all := []string{"ec2", "create-flow-logs", "--resource-type", "VPC", "--resource-ids", vpc, "--traffic-type", "ALL", "--max-aggregation-interval", "60",
		"--log-format", "${action} ${flow-direction} ${srcaddr} ${dstaddr} ${dstport} ${packets} ${bytes} ${tcp-flags} ${ecs-task-id} ${log-status}"}
	d.aws(append(all, "--log-group-name", "flows", "--deliver-logs-permission-arn", "arn:aws:iam::000000000000:role/flows")...)
	d.aws(append(all, "--log-destination-type", "s3", "--log-destination", "dir://"+dir)...)
}

// records are the lines of all streams of the flow log.
func (d *daemon) records() (lines []string, err error) {
	out, err := d.logsClient().FilterLogEvents(d.t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("flows")})
	if err != nil {
		return nil, err
	}
	for _, e := range out.Events {
		lines = append(lines, *e.Message)
	}
	return lines, nil
}

// recorded waits for a record that has each part, in this order.
func (d *daemon) recorded(parts ...string) {
	d.t.Helper()
	await(d.t, 20*time.Second, func() error {
		lines, err := d.records()
		for _, l := range lines {
			rest, all := l, true
			for _, p := range parts {
				_, after, found := strings.Cut(rest, p)
				rest, all = after, all && found
			}
			if all {
				return nil
			}
		}
		return fmt.Errorf("no record with %q: %v\n%s", parts, err, strings.Join(lines, "\n"))
	})
}

// TestTheFlowLogTellsWhatPassedAndWhatDidNot is the story of docs/flow-logs.md: two tasks, two groups,
// and port 80 that is opened from one to the other.
func TestTheFlowLogTellsWhatPassedAndWhatDidNot(t *testing.T) {
	dir := t.TempDir()
	d := start(t, needEngine(t), "--default-instances", "0", "--time-scale", "60", "--export-dir", dir)
	d.own("own", "v1")
	web, asking := d.group("web"), d.group("asking")
	d.aws("ec2", "authorize-security-group-ingress", "--group-id", asking, "--protocol", "tcp", "--port", "80", "--cidr", "0.0.0.0/0")
	d.flowLog(dir)
	subnets := d.subnets()
	tasks := map[string]types.Task{}
	for _, g := range []string{web, asking} {
		n := inSubnets(subnets[:1])
		n.AwsvpcConfiguration.SecurityGroups, n.AwsvpcConfiguration.AssignPublicIp = []string{g}, types.AssignPublicIpEnabled
		arn := d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("own"), NetworkConfiguration: n, LaunchType: types.LaunchTypeFargate})
		tasks[g] = d.until(arn, is("RUNNING"))
	}
	server, client := detail(tasks[web], "privateIPv4Address"), detail(tasks[asking], "privateIPv4Address")
	id := (*tasks[web].TaskArn)[strings.LastIndexByte(*tasks[web].TaskArn, '/')+1:]

	door := d.aws("ec2", "describe-network-interfaces", "--network-interface-ids", detail(tasks[asking], "networkInterfaceId"),
		"--query", "NetworkInterfaces[0].Association.PublicIp", "--output", "text")
	ask := func() string { return d.within(2*time.Second, "http://"+door+"/fetch?url=http://"+server+"/healthz") }
	await(t, 20*time.Second, func() error { // until the client listens
		if got := d.within(2*time.Second, "http://"+door+"/healthz"); !strings.Contains(got, "ok") {
			return errStill(got)
		}
		return nil
	})
	if got := ask(); strings.Contains(got, "ok") {
		t.Errorf("a group that lets nobody in let it in: %s", got)
	}
	d.recorded("REJECT ingress "+client+" "+server+" 80 ", id+" OK")
	d.recorded("ACCEPT egress " + client + " " + server + " 80 ")

	d.aws("ec2", "authorize-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "80", "--source-group", asking)
	await(t, 5*time.Second, func() error {
		if got := ask(); !strings.Contains(got, "ok") {
			return errStill(got)
		}
		return nil
	})
	d.recorded("ACCEPT ingress "+client+" "+server+" 80 ", id+" OK")
	d.recorded("ACCEPT egress "+server+" "+client+" ", id+" OK")
	d.filed(dir, "REJECT ingress "+client+" "+server+" 80 ")
	if got := d.aws("ec2", "describe-flow-logs", "--query", "FlowLogs[].DeliverLogsStatus", "--output", "text"); strings.Join(strings.Fields(got), " ") != "SUCCESS SUCCESS" {
		t.Errorf("deliveries: %s", got)
	}
	if got := d.drydock("flows", "--seconds", "1"); strings.Contains(got, "SKIPPED") {
		t.Errorf("flows: %s", got)
	}
}

// within is what answers in time, or why not.
func (d *daemon) within(most time.Duration, url string) string {
	c := http.Client{Timeout: most}
	resp, err := c.Get(url)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

// filed waits for a record in a file of the directory.
func (d *daemon) filed(dir, want string) {
	d.t.Helper()
	await(d.t, 10*time.Second, func() error {
		files, err := filepath.Glob(filepath.Join(dir, "AWSLogs/000000000000/vpcflowlogs/us-east-1/*/*/*/*.log.gz"))
		for _, f := range files {
			if strings.Contains(gunzip(d.t, f), want) {
				return nil
			}
		}
		return fmt.Errorf("%d files without %q: %v", len(files), want, err)
	})
}

func gunzip(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
