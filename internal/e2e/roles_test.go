package e2e

import (
	"encoding/json"
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

// taskRole makes a role for tasks that reads one secret, and the secret.
func (d *daemon) taskRole(name string) (arn string) {
	d.t.Helper()
	secret := d.aws("secretsmanager", "create-secret", "--name", name, "--secret-string", "of "+name, "--query", "ARN", "--output", "text")
	return d.execution(name, "secretsmanager:GetSecretValue", secret)
}

// calls is what the SDK in a container is answered.
func (d *daemon) calls(t types.Task, call string) string {
	d.t.Helper()
	return d.ask(t, "web", "/aws?"+call)
}

// fetches is what a container is answered at a URL: status and body.
func (d *daemon) fetches(t types.Task, from string) (int, string) {
	d.t.Helper()
	var got struct {
		Status int
		Body   string
	}
	d.unmarshal(d.ask(t, "web", "/fetch?url="+url.QueryEscape(from)), &got)
	return got.Status, got.Body
}

// TestEachTaskReadsItsOwnSecret is the story of docs/metadata.md, from inside containers, with the SDK as
// it is: in every mode that has a network.
func TestEachTaskReadsItsOwnSecret(t *testing.T) {
	d := start(t, needEngine(t), "--auth", "local")
	d.awaitInstance()
	tasks := map[string]types.Task{}
	for _, name := range []string{"orders", "billing"} {
		def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String(name), TaskRoleArn: aws.String(d.taskRole(name)),
			ContainerDefinitions: []types.ContainerDefinition{probed("web")}})
		tasks[name] = d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("RUNNING"))
	}
	for name, other := range map[string]string{"orders": "billing", "billing": "orders"} {
		task := tasks[name]
		id := (*task.TaskArn)[strings.LastIndexByte(*task.TaskArn, '/')+1:]
		caller := "arn:aws:sts::000000000000:assumed-role/" + name + "/" + id
		d.says(d.calls(task, "call=sts:GetCallerIdentity"), caller)
		d.says(d.calls(task, "call=secretsmanager:GetSecretValue&id="+name), `"of `+name+`"`)
		d.says(d.calls(task, "call=secretsmanager:GetSecretValue&id="+other), "AccessDeniedException: User: "+caller+" is not authorized to perform: secretsmanager:GetSecretValue")
		path := d.ask(tasks[other], "web", "/env?name=AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
		if status, body := d.fetches(task, "http://169.254.170.2"+path); status != 400 || !strings.Contains(body, "InvalidIdInRequest") {
			t.Errorf("%s asks for the credentials of %s: %d %s", name, other, status, body)
		}
		if text := d.aws("ecs", "describe-tasks", "--cluster", cluster, "--tasks", *task.TaskArn); strings.Contains(text, path) || strings.Contains(text, "/v2/credentials") {
			t.Error("the path of the credentials stands in the description of the task")
		}
		d.metadata(task, name)
	}
	plain := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("plain"), ContainerDefinitions: []types.ContainerDefinition{probed("web")}})
	task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &plain}), is("RUNNING"))
	d.says(d.calls(task, "call=sts:GetCallerIdentity"), "arn:aws:sts::000000000000:assumed-role/ecsInstanceRole/i-") // one without a role has its instance's
	d.says(d.calls(task, "call=secretsmanager:GetSecretValue&id=orders"), "AccessDeniedException")
	d.kill()
	d.serve()
	d.says(d.calls(tasks["orders"], "call=secretsmanager:GetSecretValue&id=orders"), `"of orders"`)
}

func (d *daemon) says(got, want string) {
	d.t.Helper()
	if !strings.Contains(got, want) {
		d.t.Errorf("got %q, want %q", got, want)
	}
}

// metadata checks what a task is told about itself.
func (d *daemon) metadata(task types.Task, family string) {
	d.t.Helper()
	at := d.ask(task, "web", "/env?name=ECS_CONTAINER_METADATA_URI_V4")
	_, body := d.fetches(task, at+"/task")
	var got struct {
		TaskARN, Family, KnownStatus string
		Containers                   []struct {
			DockerId string
			Networks []struct{ IPv4Addresses []string }
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.TaskARN != *task.TaskArn || got.Family != family || got.KnownStatus != "RUNNING" ||
		len(got.Containers) != 1 || got.Containers[0].DockerId != *box(task, "web").RuntimeId || got.Containers[0].Networks[0].IPv4Addresses[0] == "" {
		d.t.Errorf("the metadata of %s: %v %s", family, err, body)
	}
	d.says(d.ask(task, "web", "/"), *box(task, "web").RuntimeId) // which the container asked for as it began
	var used struct {
		Memory struct{ Usage int64 } `json:"memory_stats"`
	}
	if _, body := d.fetches(task, at+"/stats"); json.Unmarshal([]byte(body), &used) != nil || used.Memory.Usage == 0 {
		d.t.Errorf("the stats of %s: %s", family, body)
	}
}

// TestAnInstanceKnowsItself asks the metadata of the instance from a task in bridge mode, and what its role
// may.
func TestAnInstanceKnowsItself(t *testing.T) {
	d := start(t, needEngine(t), "--default-instances", "0")
	d.taskRole("app")
	id, arn := d.machine()
	d.aws("iam", "attach-role-policy", "--role-name", "machine", "--policy-arn", forAgents)
	d.awaitInstance()
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("plain"), ContainerDefinitions: []types.ContainerDefinition{probed("web")}})
	task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("RUNNING"))
	if _, body := d.fetches(task, "http://169.254.169.254/latest/meta-data/instance-id"); body != id {
		t.Errorf("got %q, want %s", body, id)
	}
	d.says(d.calls(task, "call=sts:GetCallerIdentity"), strings.Replace(strings.Replace(arn, ":iam:", ":sts:", 1), "role/machine", "assumed-role/machine/"+id, 1))
	d.says(d.calls(task, "call=secretsmanager:GetSecretValue&id=app"), "AccessDeniedException")
	d.aws("ec2", "modify-instance-metadata-options", "--instance-id", id, "--http-tokens", "required")
	if status, _ := d.fetches(task, "http://169.254.169.254/latest/meta-data/instance-id"); status != 401 {
		t.Errorf("without a token: %d", status)
	}
}

// TestDoorsOpenInEveryMode asks for the role from tasks with an interface of their own, on an instance and
// on Fargate, and from one in host mode; and reaches one by the private name of another.
func TestDoorsOpenInEveryMode(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	role := d.taskRole("app")
	web := types.ContainerDefinition{Name: aws.String("web"), Image: aws.String("drydock/probe"), MemoryReservation: aws.Int32(16)}
	own := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("own"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("512"), TaskRoleArn: &role,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityEc2, types.CompatibilityFargate}, ContainerDefinitions: []types.ContainerDefinition{web}})
	host := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("host"), NetworkMode: types.NetworkModeHost, TaskRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{web}})
	config := inSubnets(d.subnets())
	one := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &own, NetworkConfiguration: config}), is("RUNNING"))
	two := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &own, NetworkConfiguration: config, LaunchType: types.LaunchTypeFargate}), is("RUNNING"))
	three := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &host}), is("RUNNING"))
	at := map[string]string{*one.TaskArn: detail(one, "privateIPv4Address"), *two.TaskArn: detail(two, "privateIPv4Address"), *three.TaskArn: d.hostOf(three)}
	for arn, ip := range at {
		got := d.at(ip, "/aws?call=sts:GetCallerIdentity")
		d.says(got, "assumed-role/app/"+arn[strings.LastIndexByte(arn, '/')+1:])
	}
	private := "http://ip-" + strings.ReplaceAll(at[*two.TaskArn], ".", "-") + ".ec2.internal/healthz"
	for _, ip := range at {
		d.says(d.at(ip, "/fetch?url="+url.QueryEscape(private)), `"status": 200`)
	}
	d.says(d.at(at[*three.TaskArn], "/fetch?url="+url.QueryEscape("http://169.254.169.254/latest/meta-data/local-ipv4")), at[*three.TaskArn])
	if got := d.at(at[*two.TaskArn], "/fetch?url="+url.QueryEscape("http://169.254.169.254/latest/meta-data/local-ipv4")); strings.Contains(got, "172.31.") {
		t.Errorf("a task on Fargate is told of an instance: %s", got)
	}
}

// at asks port 80 of an address, once it listens.
func (d *daemon) at(ip, path string) (body string) {
	d.t.Helper()
	d.open()
	await(d.t, 20*time.Second, func() error {
		resp, err := http.Get("http://" + ip + path)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		body = string(b)
		return err
	})
	return body
}

// TestContainersGetNothingOfTheDeveloper: neither the credentials that the daemon was started with nor, where it is told so, the
// way to its APIs.
func TestContainersGetNothingOfTheDeveloper(t *testing.T) {
	own := map[string]string{"AWS_ACCESS_KEY_ID": "AKIADEVELOPEREXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-of-the-developer", "AWS_SESSION_TOKEN": "token-of-the-developer"}
	for name, value := range own {
		t.Setenv(name, value)
	}
	d := start(t, needEngine(t), "--no-endpoint-injection", "--log-level", "debug")
	d.awaitInstance()
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("web"), ContainerDefinitions: []types.ContainerDefinition{probed("web")}})
	task := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: &def}), is("RUNNING"))
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"} {
		if got := d.ask(task, "web", "/env?name="+name); got != name+" is not set" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	const call = "/?Action=GetCallerIdentity&Version=2011-06-15"
	if status, body := d.fetches(task, "http://169.254.170.2:4566"+call); status != 404 || strings.Contains(body, "GetCallerIdentityResult") {
		t.Errorf("a call from inside: %d %s", status, body)
	}
	if status, body := d.fetches(task, d.ask(task, "web", "/env?name=ECS_CONTAINER_METADATA_URI_V4")); status != 200 {
		t.Errorf("the metadata: %d %s", status, body)
	}
	seen := map[string]string{"the log": d.log.String()}
	for _, c := range d.everything(true) {
		in := must(d.engine.ContainerInspect(t.Context(), c.ID))
		seen[in.Name] = fmt.Sprintf("%+v %+v %v", *in.HostConfig, *in.Config, in.Args)
	}
	for where, text := range seen {
		for name, value := range own {
			if strings.Contains(text, value) {
				t.Errorf("%s is told by %s", name, where)
			}
		}
	}
}
