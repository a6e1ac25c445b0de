package collect

import (
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const own = "arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:p/app/"

// allow is a policy that allows actions on a resource.
func allow(actions, resource string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"` + resource + `"}]}`
}

// machine puts task t1 on an instance with a profile whose role has a policy.
func (w *world) machine(profile, document string) {
	w.update(func(tx *store.Tx) {
		r := model.Role{Name: "m", Path: "/", ID: "AROAM", Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}
		r.Inline = []model.Inline{{Name: "own", Document: document}}
		store.Roles.Put(tx.In(scope.Global()), r)
		store.InstanceProfiles.Put(tx.In(scope.Global()), model.InstanceProfile{Name: "m", Path: "/", Role: "m"})
		store.Instances.Put(tx, model.Instance{ID: "i-1", State: "running", Launch: model.Launch{Profile: profile}})
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "ci", EC2: "i-1"})
		t, _ := store.Tasks.Get(tx, "t1")
		t.Instance = "ci"
		store.Tasks.Put(tx, t)
	})
}

func TestAStreamIsMadeInTheRoleOfTheInstance(t *testing.T) {
	const cannot = "CannotStartContainerError: Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log "
	const called = ", https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/m/i-1 is not authorized to perform: logs:"
	stream, group := `"logs:CreateLogStream"`, `"logs:CreateLogStream","logs:CreateLogGroup"`
	for _, c := range []struct {
		rule, profile, policy string
		strict                bool
		options               []string
		execution             string
		want                  string
	}{
		{rule: "no profile is the root", options: []string{"awslogs-group", "g"}},
		{rule: "which strict has not", strict: true, options: []string{"awslogs-group", "g"},
			want: cannot + "stream: operation error CloudWatch Logs: CreateLogStream, get credentials: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata, http response error StatusCode: 404, request to EC2 IMDS failed"},
		{rule: "a role that may", profile: "m", policy: allow(stream, own+"*"), options: []string{"awslogs-group", "g"}},
		{rule: "a role that may not", profile: "m", policy: allow(stream, own+"x"), options: []string{"awslogs-group", "g"},
			want: cannot + "stream: operation error CloudWatch Logs: CreateLogStream" + called + "CreateLogStream on resource: " + own + "t1 because no identity-based policy allows the logs:CreateLogStream action"},
		{rule: "not where the group is", profile: "m", policy: allow(stream, own+"*"), options: []string{"awslogs-group", "g", "awslogs-region", "eu-west-1"},
			want: cannot + "stream: operation error CloudWatch Logs: CreateLogStream" + called + "CreateLogStream on resource: arn:aws:logs:eu-west-1:000000000000:log-group:g:log-stream:p/app/t1 because no identity-based policy allows the logs:CreateLogStream action"},
		{rule: "a group is made", profile: "m", policy: allow(group, "*"), options: []string{"awslogs-group", "new", "awslogs-create-group", "true"}},
		{rule: "a group may not be made", profile: "m", policy: allow(stream, "*"), options: []string{"awslogs-group", "new", "awslogs-create-group", "true"},
			want: cannot + "group: operation error CloudWatch Logs: CreateLogGroup" + called + "CreateLogGroup on resource: arn:aws:logs:us-east-1:000000000000:log-group:new:log-stream: because no identity-based policy allows the logs:CreateLogGroup action"},
		{rule: "a group is meant with all that is in it", profile: "m", policy: allow(group, "arn:aws:logs:us-east-1:000000000000:log-group:new:*"), options: []string{"awslogs-group", "new", "awslogs-create-group", "true"}},
		{rule: "which is not asked where it is there", profile: "m", policy: allow(stream, "*"), options: []string{"awslogs-group", "g", "awslogs-create-group", "true"}},
		{rule: "an execution role goes before it", profile: "m", execution: "arn:aws:iam::000000000000:role/e", options: []string{"awslogs-group", "g"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := start(t)
				w.stop()
				w.strict = c.strict
				w.run()
				w.machine(c.profile, c.policy)
				options := map[string]string{"awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}
				for i := 0; i < len(c.options); i += 2 {
					options[c.options[i]] = c.options[i+1]
				}
				w.update(func(tx *store.Tx) {
					d, _ := store.TaskDefs.Get(tx, "f:1")
					if c.execution != "" {
						d.Doc.ExecutionRoleArn = &c.execution
					}
					store.TaskDefs.Put(tx, d)
				})
				err := w.c.Ready(t.Context(), engine.Spec{Scope: scope, Task: "t1", Container: "app", Again: "restarted", Doc: types.ContainerDefinition{Name: aws.String("app"),
					LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: options}}})
				got := ""
				if err != nil {
					got = regexp.MustCompile(`RequestID: [0-9a-f-]{36}`).ReplaceAllString(err.Error(), "RequestID: ID")
				}
				if got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		})
	}
}

// TestLinesAreWrittenInTheRoleOfTheInstance: what it may not write is lost, as on AWS, and its container runs on.
func TestLinesAreWrittenInTheRoleOfTheInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := start(t)
		w.stop()
		w.machine("m", allow(`"logs:PutLogEvents"`, own+"t1"))
		w.uses = lastuse.New(w.s)
		w.run()
		w.log.write("a")
		w.want("p/app/t1", "a")
		w.machine("m", allow(`"logs:PutLogEvents"`, own+"t2"))
		w.log.write("b", "c")
		time.Sleep(time.Second)
		w.want("p/app/t1", "a")
		w.machine("m", allow(`"logs:*"`, "*"))
		w.log.write("d")
		w.want("p/app/t1", "a|d")
		w.update(func(tx *store.Tx) {
			if u, ok := w.uses.Last(tx, "AROAM"); !ok || u.Service != "logs" {
				t.Errorf("got %+v", u)
			}
		})
	})
}
