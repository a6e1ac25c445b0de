package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Values that nothing else has: whatever shows one shows a secret.
const (
	oldPassword = "pw-3f9a1c-old"
	newPassword = "pw-77d2e0-new"
	parameter   = "par-b18c44"
)

// TestSecretsReachOneContainerAndNothingElse plays the story of docs/secrets.md, with the daemon's log
// at its most talkative.
func TestSecretsReachOneContainerAndNothingElse(t *testing.T) {
	d := start(t, needEngine(t), "--log-level", "debug")
	secret := d.aws("secretsmanager", "create-secret", "--name", "prod/db", "--secret-string", `{"user":"app","password":"`+oldPassword+`"}`, "--query", "ARN", "--output", "text")
	d.aws("ssm", "put-parameter", "--name", "/prod/key", "--type", "SecureString", "--value", parameter)
	web := probed("web")
	web.Secrets = []types.Secret{{Name: aws.String("DB_PASSWORD"), ValueFrom: aws.String(secret + ":password::")}, {Name: aws.String("KEY"), ValueFrom: aws.String("/prod/key")},
		{Name: aws.String("USER_NAME"), ValueFrom: aws.String(secret[:len(secret)-7] + ":user::")}}
	role := d.execution("reader", "secretsmanager:GetSecretValue", secret)
	d.allow("reader", "ssm:GetParameters", "*")
	d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("web"), ExecutionRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{web, probed("side")}})
	d.awaitInstance()
	must(d.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(1)}))
	d.count("web", 1)
	first := d.tasks()[0]
	for name, want := range map[string]string{"DB_PASSWORD": oldPassword, "KEY": parameter, "USER_NAME": "app"} {
		if got := d.ask(first, "web", "/env?name="+name); got != want {
			t.Errorf("%s: got %q", name, got)
		}
		if got := d.ask(first, "side", "/env?name="+name); got != name+" is not set" {
			t.Errorf("%s of the other container: got %q", name, got)
		}
	}

	d.aws("secretsmanager", "put-secret-value", "--secret-id", "prod/db", "--secret-string", `{"user":"app","password":"`+newPassword+`"}`)
	if got := d.ask(first, "web", "/env?name=DB_PASSWORD"); got != oldPassword {
		t.Errorf("what runs got %q", got)
	}
	must(d.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String(cluster), Service: aws.String("web"), ForceNewDeployment: true}))
	d.aws("ecs", "wait", "services-stable", "--services", "web")
	second := d.tasks()[slices.IndexFunc(d.tasks(), func(t types.Task) bool { return *t.TaskArn != *first.TaskArn && *t.LastStatus == "RUNNING" })]
	if got := d.ask(second, "web", "/env?name=DB_PASSWORD"); got != newPassword {
		t.Errorf("the new deployment got %q", got)
	}
	d.failsWithoutSecret(role)
	d.tellsNoSecret(*second.TaskArn)
}

// execution makes an execution role that is allowed one action.
func (d *daemon) execution(name, action, resource string) (arn string) {
	d.t.Helper()
	arn = d.aws("iam", "create-role", "--role-name", name, "--query", "Role.Arn", "--output", "text", "--assume-role-policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	d.allow(name, action, resource)
	return arn
}

// allow lets a role do one thing more.
func (d *daemon) allow(role, action, resource string) {
	d.t.Helper()
	d.aws("iam", "put-role-policy", "--role-name", role, "--policy-name", strings.ReplaceAll(action, ":", "-"), "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"`+action+`","Resource":"`+resource+`"}]}`)
}

// failsWithoutSecret runs a task whose secret is not there.
func (d *daemon) failsWithoutSecret(role string) {
	d.t.Helper()
	c := probed("web")
	c.Secrets = []types.Secret{{Name: aws.String("X"), ValueFrom: aws.String("/none")}}
	d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("none"), ExecutionRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{c}})
	ended := d.until(d.run(&ecs.RunTaskInput{TaskDefinition: aws.String("none")}), is("STOPPED"))
	const want = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: " +
		"unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /none"
	if got := aws.ToString(ended.StoppedReason); got != want || ended.StopCode != types.TaskStopCodeTaskFailedToStart {
		d.t.Errorf("got %s %s", ended.StopCode, got)
	}
}

// tellsNoSecret looks for the values in all that people and programs see, and in every file.
func (d *daemon) tellsNoSecret(task string) {
	d.t.Helper()
	seen := map[string]string{"the log": d.log.String()}
	for _, call := range []string{"ecs describe-task-definition --task-definition web", "ecs describe-tasks --tasks " + task, "ecs describe-services --services web",
		"secretsmanager describe-secret --secret-id prod/db", "secretsmanager list-secrets", "secretsmanager list-secret-version-ids --secret-id prod/db",
		"ssm describe-parameters", "ssm get-parameter --name /prod/key"} {
		seen[call] = d.aws(strings.Fields(call)...)
	}
	for _, page := range []string{"/_drydock/", "/_drydock/ps?all=1", "/_drydock/why/web", "/_drydock/events", "/_drydock/instances", "/_drydock/metrics", "/_drydock/health"} {
		res := must(http.Get("http://" + d.addr + page))
		seen[page] = string(must(io.ReadAll(res.Body)))
		res.Body.Close()
	}
	for _, c := range d.containers(true) {
		in := must(d.engine.ContainerInspect(d.t.Context(), c.ID))
		if l := in.Config.Labels["com.amazonaws.ecs.container-name"]; l == "web" {
			in.Config.Env = nil // the one place
		}
		seen["docker inspect "+in.Name] = fmt.Sprintf("%+v %+v %+v", *in.HostConfig, *in.Config, in.Args)
	}
	must(0, filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		seen[path] = string(raw)
		return err
	}))
	for _, value := range []string{oldPassword, newPassword, parameter} {
		for where, text := range seen {
			if strings.Contains(text, value) || strings.Contains(text, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(value)), "=")) {
				d.t.Errorf("%s is told by %s", value, where)
			}
		}
	}
	if !strings.Contains(seen["the log"], "operation=CreateSecret") {
		d.t.Error("the log does not tell calls: it proves nothing")
	}
}

// TestEachTaskReadsByItsOwnRole runs two tasks with two roles: each gets its own secret, and not the
// other's.
func TestEachTaskReadsByItsOwnRole(t *testing.T) {
	d := start(t, needEngine(t))
	secrets, roles := map[string]string{}, map[string]string{}
	for _, who := range []string{"a", "b"} {
		secrets[who] = d.aws("secretsmanager", "create-secret", "--name", who, "--secret-string", "value of "+who, "--query", "ARN", "--output", "text")
		roles[who] = d.execution(who, "secretsmanager:GetSecretValue", secrets[who])
	}
	d.awaitInstance()
	ran := func(who, secret string) string {
		c := probed("web")
		c.Secrets = []types.Secret{{Name: aws.String("S"), ValueFrom: aws.String(secrets[secret])}}
		role := roles[who]
		d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String(who), ExecutionRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{c}})
		return d.run(&ecs.RunTaskInput{TaskDefinition: aws.String(who)})
	}
	for _, who := range []string{"a", "b"} {
		if got := d.ask(d.until(ran(who, who), is("RUNNING")), "web", "/env?name=S"); got != "value of "+who {
			t.Errorf("%s got %q", who, got)
		}
	}
	arn := ran("a", "b")
	ended := d.until(arn, is("STOPPED"))
	want := "api error AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/a/" + arn[len(arn)-32:] +
		" is not authorized to perform: secretsmanager:GetSecretValue on resource: " + secrets["b"] + " because no identity-based policy allows the secretsmanager:GetSecretValue action"
	if got := aws.ToString(ended.StoppedReason); !strings.HasPrefix(got, "ResourceInitializationError: unable to pull secrets or registry auth: ") || !strings.HasSuffix(got, want) {
		t.Errorf("got %s", got)
	}
}
