package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

func TestServeRefusesToStart(t *testing.T) {
	engine := needEngine(t)
	d := start(t, engine)
	for _, c := range []struct {
		rule string
		args []string
		want string
	}{
		{"the port is taken", []string{"--listen", d.addr, "--data-dir", t.TempDir()}, d.addr},
		{"the data directory is in use", []string{"--listen", "127.0.0.1:0", "--data-dir", d.dir}, "in use by another daemon"},
		{"no engine answers", []string{"--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--docker-host", "unix:///nowhere.sock"}, "engine"},
		{"an account that is none", []string{"--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--account", "12"}, "12 digits"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), binary, append([]string{"serve"}, c.args...)...).CombinedOutput()
			if err == nil || !strings.Contains(string(out), c.want) {
				t.Errorf("err %v, said %q; want an error with %q", err, out, c.want)
			}
		})
	}
}

// TestTwoDaemonsOnOneEngine run, scale and reset without touching each other's containers.
func TestTwoDaemonsOnOneEngine(t *testing.T) {
	engine := needEngine(t)
	a, b := start(t, engine), start(t, engine)
	for _, d := range []*daemon{a, b} {
		d.aws("ecs", "register-task-definition", "--family", "f", "--container-definitions",
			`[{"name":"web","image":"drydock/probe","memory":64,"portMappings":[{"containerPort":80,"hostPort":18081}]}]`)
		d.awaitInstance()
		d.aws("ecs", "create-service", "--service-name", "s", "--task-definition", "f", "--desired-count", "1")
		d.count("s", 1)
	}
	resp, err := http.Post("http://"+a.addr+"/_localstack/state/reset", "", nil)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("reset: %v %v", resp, err)
	}
	resp.Body.Close()
	if n := len(a.containers(true)); n != 0 {
		t.Errorf("the daemon that was reset left %d containers", n)
	}
	if n := len(b.containers(false)); n != 1 {
		t.Errorf("the other daemon has %d containers, want 1", n)
	}
	if out := must(a.ecs.ListTaskDefinitions(t.Context(), &ecs.ListTaskDefinitionsInput{})); len(out.TaskDefinitionArns) != 0 {
		t.Errorf("after the reset there are task definitions: %v", out.TaskDefinitionArns)
	}
	a.awaitInstance() // as at the first start
	b.count("s", 1)
}

// TestStopTasksFlag stops what runs with the daemon; without it containers run on and are adopted.
func TestStopTasksFlag(t *testing.T) {
	d := start(t, needEngine(t))
	d.register("one", 80, "v1")
	d.awaitInstance()
	arn := d.aws("ecs", "run-task", "--task-definition", "one", "--query", "tasks[0].taskArn", "--output", "text")
	d.aws("ecs", "wait", "tasks-running", "--tasks", arn)
	d.stop()
	if n := len(d.containers(false)); n != 1 {
		t.Fatalf("%d containers run after the daemon stopped, want 1", n)
	}
	d.args = append(d.args, "--stop-tasks")
	d.serve()
	task := must(d.ecs.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Tasks: []string{arn}})).Tasks[0]
	if *task.LastStatus != "RUNNING" {
		t.Errorf("the adopted task is %s", *task.LastStatus)
	}
	d.stop()
	if n := len(d.containers(false)); n != 0 {
		t.Errorf("%d containers run after the daemon stopped with --stop-tasks", n)
	}
	d.serve()
}

// TestBrowsersCannotDriveTheAPI tries what a page on the Web could make a browser send.
func TestBrowsersCannotDriveTheAPI(t *testing.T) {
	d := start(t, nil, "--engine", "sim")
	for _, c := range []struct {
		rule, host string
		header     map[string]string
	}{
		{"DNS rebinding", "evil.example:4566", nil},
		{"a drive-by post", d.addr, map[string]string{"Origin": "https://evil.example"}},
		{"a sandboxed frame", d.addr, map[string]string{"Origin": "null"}},
		{"an image", d.addr, map[string]string{"Sec-Fetch-Site": "cross-site"}},
	} {
		for _, path := range []string{"/", "/_drydock/reset", "/_drydock/ps"} {
			req, _ := http.NewRequestWithContext(t.Context(), "POST", "http://"+d.addr+path, strings.NewReader("Action=CreateCluster"))
			req.Host = c.host
			req.Header.Set("Content-Type", "text/plain")
			for k, v := range c.header {
				req.Header.Set(k, v)
			}
			resp := must(http.DefaultClient.Do(req))
			resp.Body.Close()
			if resp.StatusCode != http.StatusForbidden {
				t.Errorf("%s of %s: %s, want 403", c.rule, path, resp.Status)
			}
		}
	}
	if out := must(d.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{})); len(out.ClusterArns) != 1 {
		t.Errorf("clusters: %v, want default alone", out.ClusterArns)
	}
}

// TestAccountsAndRegionsAreApart makes the same names in two accounts.
func TestAccountsAndRegionsAreApart(t *testing.T) {
	d := start(t, nil, "--engine", "sim")
	mine := must(d.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("c")}))
	d.clients("123456789012")
	if out := must(d.ecs.ListClusters(t.Context(), &ecs.ListClustersInput{})); len(out.ClusterArns) != 0 {
		t.Errorf("another account sees %v", out.ClusterArns)
	}
	theirs := must(d.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("c")}))
	if a, b := *mine.Cluster.ClusterArn, *theirs.Cluster.ClusterArn; a != "arn:aws:ecs:us-east-1:000000000000:cluster/c" ||
		b != "arn:aws:ecs:us-east-1:123456789012:cluster/c" {
		t.Errorf("ARNs %s and %s", a, b)
	}
	if out := d.aws("ecs", "list-clusters", "--region", "cn-north-1", "--query", "clusterArns"); out != "[]" {
		t.Errorf("another region sees %s", out)
	}
	if out := d.aws("ec2", "describe-subnets", "--region", "us-gov-west-1", "--query", "Subnets[].SubnetArn", "--output", "text"); strings.Count(out, "arn:aws-us-gov:ec2:us-gov-west-1:") != 3 {
		t.Errorf("subnets of a fresh region: %s", out)
	}
}
