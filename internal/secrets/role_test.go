package secrets_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	roleARN = "arn:aws:iam::000000000000:role/execution"
	anyARN  = "arn:aws:iam::000000000000:role/any" // of a role that may read everything
	trusted = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	others  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

var task = model.Task{ID: "t"}

// role puts the execution role with a trust policy and one inline policy.
func (w *world) role(trust, policy string) { w.named("execution", trust, policy) }

func (w *world) named(name, trust, policy string) {
	w.do(func(tx *store.Tx) {
		r := model.Role{Name: name, Path: "/", ID: "AROAEXAMPLE", Trust: trust}
		r.Inline = []model.Inline{{Name: "p", Document: policy}}
		store.Roles.Put(tx.In(here.Global()), r)
	})
}

func allow(action, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"}]}`
}

func TestTheExecutionRoleReads(t *testing.T) {
	const user = "User: arn:aws:sts::000000000000:assumed-role/execution/t is not authorized to perform: "
	const pull = "ResourceInitializationError: unable to pull secrets or registry auth: "
	const fetch = pull + "execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret " + asm +
		"db from secrets manager: operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: " + user
	const unable = pull + "ECS was unable to assume the role '" + roleARN + "' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
	for _, c := range []struct {
		rule, from, trust, policy string
		want                      string // the error; empty for none
	}{
		{"its own secret", asm + "db", trusted, allow("secretsmanager:GetSecretValue", asm+"db-??????"), ""},
		{"not another", asm + "db", trusted, allow("secretsmanager:GetSecretValue", asm+"other-??????"),
			fetch + "secretsmanager:GetSecretValue on resource: " + asm + "db-AbCdEf because no identity-based policy allows the secretsmanager:GetSecretValue action"},
		{"its own parameter", "/app/db:1", trusted, allow("ssm:GetParameters", ssm+"/app/*"), ""},
		{"not another parameter", "/app/db:1", trusted, allow("ssm:GetParameters", ssm+"/web/*"),
			pull + "execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): operation error SSM: GetParameters, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: " +
				user + "ssm:GetParameters on resource: " + ssm + "/app/db because no identity-based policy allows the ssm:GetParameters action"},
		{"a role that trusts others", asm + "db", others, allow("*", "*"), unable},
		{"a role that is not there", asm + "db", "", "", unable},
		{"no role", asm + "db", "none", "", pull + "execution resource retrieval failed: unable to find execution role credentials"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			w := newWorld(t)
			d := def(c.from)
			d.Doc.ExecutionRoleArn = new(roleARN)
			switch c.trust {
			case "":
			case "none":
				d.Doc.ExecutionRoleArn = nil
			default:
				w.role(c.trust, c.policy)
			}
			_, err := w.For(here, d, task, "web")
			got := ""
			if err != nil {
				got = regexp.MustCompile(`RequestID: [0-9a-f-]{36}`).ReplaceAllString(err.Error(), "RequestID: ID")
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestTheExecutionRoleWritesLogs(t *testing.T) {
	w := newWorld(t)
	d := model.TaskDef{Doc: types.TaskDefinition{ExecutionRoleArn: new(roleARN), ContainerDefinitions: []types.ContainerDefinition{{Name: new("web"),
		LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}}}}}}
	w.role(trusted, allow("logs:CreateLogStream", "*"))
	_, err := w.For(here, d, task, "web")
	const want = `^ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: operation error CloudWatch Logs: PutLogEvents, .*` +
		`is not authorized to perform: logs:PutLogEvents on resource: arn:aws:logs:us-east-1:000000000000:log-group:app:log-stream:p/web/t because no identity-based policy allows the logs:PutLogEvents action$`
	if err == nil || !regexp.MustCompile(want).MatchString(err.Error()) {
		t.Errorf("got %v", err)
	}
	w.role(trusted, allow("logs:*", "*"))
	if _, err := w.For(here, d, task, "web"); err != nil {
		t.Error(err)
	}
}

// TestTheExecutionRoleMakesGroups: what is asked for then means all that is in the group, as on AWS.
func TestTheExecutionRoleMakesGroups(t *testing.T) {
	w := newWorld(t)
	d := model.TaskDef{Doc: types.TaskDefinition{ExecutionRoleArn: new(roleARN), ContainerDefinitions: []types.ContainerDefinition{{Name: new("web"),
		LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "app", "awslogs-region": "us-east-1",
			"awslogs-stream-prefix": "p", "awslogs-create-group": "true"}}}}}}
	w.role(trusted, allow("logs:*Log*", "arn:aws:logs:*:*:log-group:app"))
	_, err := w.For(here, d, task, "web")
	if err == nil || !strings.Contains(err.Error(), "failed to create Cloudwatch log stream: operation error CloudWatch Logs: CreateLogStream, ") {
		t.Errorf("without a stream: %v", err)
	}
	w.role(trusted, allow("logs:CreateLogStream", "*"))
	_, err = w.For(here, d, task, "web")
	if err == nil || !strings.Contains(err.Error(), "failed to create Cloudwatch log group: operation error CloudWatch Logs: CreateLogGroup, ") ||
		!strings.HasSuffix(err.Error(), "on resource: arn:aws:logs:us-east-1:000000000000:log-group:app:log-stream: because no identity-based policy allows the logs:CreateLogGroup action") {
		t.Errorf("without a group: %v", err)
	}
	w.role(trusted, allow("logs:*", "arn:aws:logs:*:*:log-group:app:*"))
	if _, err := w.For(here, d, task, "web"); err != nil {
		t.Error(err)
	}
}

// TestTheExecutionRoleIsSeenAsUsed: when and where it read last.
func TestTheExecutionRoleIsSeenAsUsed(t *testing.T) {
	w := newWorld(t)
	w.Uses = lastuse.New(w.Store)
	w.role(trusted, allow("secretsmanager:*", "*"))
	d := def(asm + "db")
	d.Doc.ExecutionRoleArn = new(roleARN)
	if _, err := w.For(here, d, task, "web"); err != nil {
		t.Fatal(err)
	}
	w.do(func(tx *store.Tx) {
		if u, ok := w.Uses.Last(tx, "AROAEXAMPLE"); !ok || u.Role != "execution" || u.Service != "secretsmanager" || u.Region != "us-east-1" {
			t.Errorf("got %+v, %v", u, ok)
		}
	})
}
