package ecs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// updateWeb updates the service web.
func (w *world) updateWeb(in ecs.UpdateServiceInput) *types.Service {
	w.Helper()
	in.Cluster, in.Service = aws.String("demo"), aws.String("web")
	return must(w.client.UpdateService(w.Context(), &in))(w).Service
}

func (w *world) listDeployments(in ecs.ListServiceDeploymentsInput) *ecs.ListServiceDeploymentsOutput {
	w.Helper()
	in.Cluster, in.Service = aws.String("demo"), aws.String("web")
	return must(w.client.ListServiceDeployments(w.Context(), &in))(w)
}

func (w *world) describeDeployment(arn string) types.ServiceDeployment {
	w.Helper()
	out := must(w.client.DescribeServiceDeployments(w.Context(), &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{arn}}))(w)
	if len(out.ServiceDeployments) != 1 {
		w.Fatalf("%s: %v", arn, failures(out.Failures))
	}
	return out.ServiceDeployments[0]
}

func TestServiceDeploymentTellsWhatIsDeployed(t *testing.T) {
	w := seed(t)
	arn := w.addGroup("web", "instance", true)
	in := web(arn)
	in.DeploymentConfiguration = breaker("COUNT", 7)
	s := must(w.client.CreateService(t.Context(), in))(t).Service
	revision := arnPrefix + "service-revision/demo/web/" + strings.TrimPrefix(*s.Deployments[0].Id, "ecs-svc/")
	w.equal(line(len(s.CurrentServiceRevisions), *s.CurrentServiceRevisions[0].Arn, s.CurrentServiceRevisions[0].RequestedTaskCount), "1 "+revision+" 0") // before it begins

	list := w.listDeployments(ecs.ListServiceDeploymentsInput{}).ServiceDeployments
	w.equal(line(len(list), *list[0].ServiceDeploymentArn == *s.CurrentServiceDeployment, list[0].Status, *list[0].TargetServiceRevisionArn, *list[0].ServiceArn, recent(list[0].CreatedAt)),
		"1 true PENDING "+revision+" "+*s.ServiceArn+" true")
	d := w.describeDeployment(*s.CurrentServiceDeployment)
	w.equal(line(d.Status, *d.TargetServiceRevision.Arn, d.TargetServiceRevision.RequestedTaskCount, len(d.SourceServiceRevisions), d.StartedAt == nil, d.FinishedAt == nil, *d.ClusterArn),
		"PENDING "+revision+" 0 0 true true "+*s.ClusterArn)
	w.equal(line(d.DeploymentCircuitBreaker.Status, d.DeploymentCircuitBreaker.Threshold, d.DeploymentCircuitBreaker.FailureCount, *d.DeploymentConfiguration.MaximumPercent), "MONITORING 7 0 200")

	r := must(w.client.DescribeServiceRevisions(t.Context(), &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{revision, revision + "0"}}))(t)
	w.equal(failures(r.Failures), []string{revision + "0 MISSING"})
	got := r.ServiceRevisions[0]
	w.equal(line(*got.TaskDefinition, got.LaunchType, *got.ContainerImages[0].ContainerName, *got.ContainerImages[0].Image, *got.LoadBalancers[0].TargetGroupArn == arn,
		*got.ResolvedConfiguration.LoadBalancers[0].TargetGroupArn == arn, recent(got.CreatedAt)), arnPrefix+"task-definition/web:1 EC2 app nginx:1 true true true")
}

func TestNewerServiceDeploymentStopsTheFormer(t *testing.T) {
	w := seed(t)
	first := *must(w.client.CreateService(t.Context(), web("")))(t).Service.CurrentServiceDeployment
	scaled := w.updateWeb(ecs.UpdateServiceInput{DesiredCount: aws.Int32(2)})
	w.equal(*scaled.CurrentServiceDeployment, first)
	second := w.updateWeb(ecs.UpdateServiceInput{ForceNewDeployment: true})
	d := w.describeDeployment(first)
	w.equal(line(d.Status, *d.StatusReason, recent(d.StoppedAt), recent(d.FinishedAt), d.DeploymentCircuitBreaker.Status),
		"STOPPED Service deployment stopped because a newer one was started. true true DISABLED")
	d = w.describeDeployment(*second.CurrentServiceDeployment)
	w.equal(line(len(d.SourceServiceRevisions), *d.SourceServiceRevisions[0].Arn == *second.CurrentServiceRevisions[1].Arn), "1 true")

	list := w.listDeployments(ecs.ListServiceDeploymentsInput{MaxResults: aws.Int32(1)})
	w.equal(*list.ServiceDeployments[0].ServiceDeploymentArn, *second.CurrentServiceDeployment)
	list = w.listDeployments(ecs.ListServiceDeploymentsInput{MaxResults: aws.Int32(1), NextToken: list.NextToken})
	w.equal(line(*list.ServiceDeployments[0].ServiceDeploymentArn, list.NextToken == nil), first+" true")
	for want, in := range map[string]ecs.ListServiceDeploymentsInput{
		first: {Status: []types.ServiceDeploymentStatus{types.ServiceDeploymentStatusStopped}},
		"":    {CreatedAt: &types.CreatedAt{Before: aws.Time(time.Now().Add(-time.Hour))}},
	} {
		got := names(w.listDeployments(in).ServiceDeployments, func(b types.ServiceDeploymentBrief) string { return *b.ServiceDeploymentArn })
		w.equal(strings.Join(got, " "), want)
	}
	must(w.client.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String("demo"), Service: aws.String("web"), Force: aws.Bool(true)}))(t)
	w.equal(*w.describeDeployment(*second.CurrentServiceDeployment).StatusReason, "Service deployment stopped because the service was deleted.")
}

func TestOnlyTheNewestServiceDeploymentsAreKept(t *testing.T) {
	w := seed(t)
	first := must(w.client.CreateService(t.Context(), web("")))(t).Service
	w.update(func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "demo/web")
		for range deploymentsKept {
			s.Deployments = s.Deployments[:1] // as when the tasks of former ones are gone
			s.Deployments[0].ID = fmt.Sprintf("ecs-svc/%d", tx.Now().UnixNano())
			openDeployment(tx, &s)
		}
		store.Services.Put(tx, s)
		if all := deployments(tx, "demo/web"); len(all) != deploymentsKept {
			t.Errorf("%d are kept", len(all))
		}
	})
	r := must(w.client.DescribeServiceRevisions(t.Context(), &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*first.CurrentServiceRevisions[0].Arn}}))(t)
	w.equal(len(r.Failures), 1)
}

func TestServiceDeploymentIsRolledBackOnRequest(t *testing.T) {
	w := seed(t)
	s := must(w.client.CreateService(t.Context(), web("")))(t).Service
	stop := func(arn string, kind types.StopServiceDeploymentStopType) error {
		_, err := w.client.StopServiceDeployment(t.Context(), &ecs.StopServiceDeploymentInput{ServiceDeploymentArn: &arn, StopType: kind})
		return err
	}
	arn := *s.CurrentServiceDeployment
	w.fails(stop(arn, ""), "ConflictException", "The service deployment cannot be rolled back: no service revision of the service was deployed successfully before.")
	w.fails(stop(arn, "ABORT"), "InvalidParameterException", "Drydock does not support the stopType ABORT: use ROLLBACK.")
	w.fails(stop(arn+"x", ""), "ServiceDeploymentNotFoundException", "Service deployment not found.")
	w.fails(stop("web", ""), "InvalidParameterException", "Invalid identifier: web")
	w.fails(stop(*s.ServiceArn, ""), "InvalidParameterException", "Invalid identifier: "+*s.ServiceArn)

	w.update(func(tx *store.Tx) { // as the services stage does when it completed
		row, _ := store.Services.Get(tx, "demo/web")
		row.Good, row.Current = row.Primary(), ""
		d, _ := store.ServiceDeployments.Get(tx, "demo/web/"+arn[len(arn)-21:])
		d.Move(types.ServiceDeploymentStatusSuccessful, "", tx.Now())
		store.ServiceDeployments.Put(tx, d)
		store.Services.Put(tx, row)
	})
	w.fails(stop(arn, ""), "ConflictException", "The service deployment is in the SUCCESSFUL state and cannot be stopped.")
	next := *w.updateWeb(ecs.UpdateServiceInput{ForceNewDeployment: true}).CurrentServiceDeployment
	for range 2 {
		if err := stop(next, "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
		d := w.describeDeployment(next)
		w.equal(line(d.Status, recent(d.StoppedAt), d.FinishedAt == nil), "ROLLBACK_REQUESTED true true")
	}
}

func TestDaemonServiceHasNoCountOfItsOwn(t *testing.T) {
	w := seed(t)
	in := web("")
	in.SchedulingStrategy, in.DesiredCount = types.SchedulingStrategyDaemon, nil
	s := must(w.client.CreateService(t.Context(), in))(t).Service
	w.equal(line(s.SchedulingStrategy, s.DesiredCount, *s.DeploymentConfiguration.MinimumHealthyPercent, *s.DeploymentConfiguration.MaximumPercent), "DAEMON 0 0 100")
	_, err := w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("demo"), Service: aws.String("web"), DesiredCount: aws.Int32(1)})
	w.fails(err, "InvalidParameterException", "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again")
	w.update(func(tx *store.Tx) { // as the services stage does
		row, _ := store.Services.Get(tx, "demo/web")
		row.Desired = 3
		store.Services.Put(tx, row)
	})
	w.equal(must(w.client.CreateService(t.Context(), in))(t).Service.DesiredCount, 3)
	w.equal(*must(w.client.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String("demo"), Service: aws.String("web")}))(t).Service.Status, draining)
}

func TestTaskProtection(t *testing.T) {
	w := seed(t)
	in := web("")
	in.DesiredCount = aws.Int32(1)
	must(w.client.CreateService(t.Context(), in))(t)
	alone := must(w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web")}))(t).Tasks[0]
	ids := []string{instanceOf(71), instanceOf(72)}
	w.update(func(tx *store.Tx) {
		def, _ := store.TaskDefs.Get(tx, "web:1")
		for _, id := range ids {
			store.Tasks.Put(tx, def.NewTask(id, model.Birth{Cluster: "demo", Service: "web"}, func() string { return "u" }, tx.Now()))
		}
	})
	protect := func(in ecs.UpdateTaskProtectionInput) *ecs.UpdateTaskProtectionOutput {
		t.Helper()
		in.Cluster = aws.String("demo")
		return must(w.client.UpdateTaskProtection(t.Context(), &in))(t)
	}
	lasts := func(p types.ProtectedTask) time.Duration { return time.Until(*p.ExpirationDate).Round(time.Minute) }

	out := protect(ecs.UpdateTaskProtectionInput{Tasks: []string{ids[0], *alone.TaskArn, instanceOf(9)}, ProtectionEnabled: true})
	w.equal(line(len(out.ProtectedTasks), *out.ProtectedTasks[0].TaskArn, out.ProtectedTasks[0].ProtectionEnabled, lasts(out.ProtectedTasks[0])), "1 "+arnPrefix+"task/demo/"+ids[0]+" true 2h0m0s")
	w.equal(failures(out.Failures), []string{*alone.TaskArn + " TASK_NOT_VALID", arnPrefix + "task/demo/" + instanceOf(9) + " MISSING"})
	out = protect(ecs.UpdateTaskProtectionInput{Tasks: ids, ProtectionEnabled: true, ExpiresInMinutes: aws.Int32(2880)})
	w.equal(line(len(out.ProtectedTasks), lasts(out.ProtectedTasks[0])), "1 48h0m0s")
	w.equal(failures(out.Failures), []string{arnPrefix + "task/demo/" + ids[1] + " DEPLOYMENT_BLOCKED"})
	out = protect(ecs.UpdateTaskProtectionInput{Tasks: ids[:1]})
	w.equal(line(out.ProtectedTasks[0].ProtectionEnabled, out.ProtectedTasks[0].ExpirationDate == nil), "false true")

	w.update(func(tx *store.Tx) {
		task, _ := store.Tasks.Get(tx, ids[0])
		task.Protected = tx.Now().Add(-time.Second)
		store.Tasks.Put(tx, task)
	})
	got := must(w.client.GetTaskProtection(t.Context(), &ecs.GetTaskProtectionInput{Cluster: aws.String("demo"), Tasks: ids}))(t)
	w.equal(line(len(got.ProtectedTasks), got.ProtectedTasks[0].ProtectionEnabled), "2 false")
	for message, in := range map[string]ecs.UpdateTaskProtectionInput{
		"Cluster can not be blank.":                                      {Cluster: aws.String(""), Tasks: ids},
		"Tasks cannot be empty.":                                         {Cluster: aws.String("demo"), Tasks: []string{}},
		"Tasks can have at most 10 items.":                               {Cluster: aws.String("demo"), Tasks: make([]string, 11)},
		"expiresInMinutes must be between 1 and 2880.":                   {Cluster: aws.String("demo"), Tasks: ids, ProtectionEnabled: true, ExpiresInMinutes: aws.Int32(2881)},
		"expiresInMinutes is only valid when protectionEnabled is true.": {Cluster: aws.String("demo"), Tasks: ids, ExpiresInMinutes: aws.Int32(5)},
	} {
		_, err := w.client.UpdateTaskProtection(t.Context(), &in)
		w.fails(err, "InvalidParameterException", message)
	}
}
