package e2e

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestATaskProtectsItselfFromScaleIn from inside, at ECS_AGENT_URI: what its role may not is refused in
// AWS's words, and the task that is protected is the one that scale-in leaves.
func TestATaskProtectsItselfFromScaleIn(t *testing.T) {
	d := start(t, needEngine(t))
	d.awaitInstance()
	role := d.taskRole("worker")
	def := d.define(&ecs.RegisterTaskDefinitionInput{Family: aws.String("worker"), TaskRoleArn: &role, ContainerDefinitions: []types.ContainerDefinition{probed("web")}})
	must(d.ecs.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String(cluster), ServiceName: aws.String(service), TaskDefinition: &def, DesiredCount: aws.Int32(2)}))
	d.described(service, settled(2))
	task := d.tasks()[1]
	at := d.ask(task, "web", "/env?name=ECS_AGENT_URI") + "/task-protection/v1/state"
	put := "/fetch?method=PUT&body=" + url.QueryEscape(`{"ProtectionEnabled":true,"ExpiresInMinutes":5}`) + "&url=" + url.QueryEscape(at)
	d.says(d.ask(task, "web", put), "is not authorized to perform: ecs:UpdateTaskProtection on resource: "+*task.TaskArn)
	d.aws("iam", "put-role-policy", "--role-name", "worker", "--policy-name", "protect", "--policy-document",
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecs:GetTaskProtection","ecs:UpdateTaskProtection"],"Resource":"*"}]}`)
	d.says(d.ask(task, "web", put), `\"ProtectionEnabled\":true,\"TaskArn\":\"`+*task.TaskArn)
	if status, body := d.fetches(task, at); status != 200 || !strings.Contains(body, `"ProtectionEnabled":true`) {
		t.Errorf("got %d %s", status, body)
	}
	got := must(d.ecs.GetTaskProtection(t.Context(), &ecs.GetTaskProtectionInput{Cluster: aws.String(cluster), Tasks: []string{*task.TaskArn}})).ProtectedTasks
	if len(got) != 1 || !got[0].ProtectionEnabled {
		t.Errorf("ECS says %+v", got)
	}
	must(d.ecs.UpdateService(t.Context(), &ecs.UpdateServiceInput{Service: aws.String(service), DesiredCount: aws.Int32(1)}))
	d.described(service, settled(1))
	if left := d.tasks(); len(left) != 1 || *left[0].TaskArn != *task.TaskArn {
		t.Errorf("%s is protected, and what is left is %v", *task.TaskArn, left)
	}
}
