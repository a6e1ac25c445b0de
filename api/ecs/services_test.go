package ecs

import (
	"fmt"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func web(arn string) *ecs.CreateServiceInput {
	in := &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(4)}
	if arn != "" {
		in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &arn, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}}
		in.HealthCheckGracePeriodSeconds = aws.Int32(30)
	}
	return in
}

func TestCreatedServiceIsThereWithItsDeployment(t *testing.T) {
	w := seed(t)
	arn := w.addGroup("web", "instance", true)
	in := web(arn)
	in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
	in.PlacementStrategy = []types.PlacementStrategy{{Type: types.PlacementStrategyTypeSpread, Field: aws.String("host")}}
	s := must(w.client.CreateService(t.Context(), in))(t).Service
	w.equal(line(*s.ServiceArn, *s.Status, s.DesiredCount, s.RunningCount, s.PendingCount, s.LaunchType, s.SchedulingStrategy, *s.HealthCheckGracePeriodSeconds),
		arnPrefix+"service/demo/web ACTIVE 4 0 0 EC2 REPLICA 30")
	w.equal(line(*s.DeploymentConfiguration.MinimumHealthyPercent, *s.DeploymentConfiguration.MaximumPercent, s.DeploymentController.Type, *s.PlacementStrategy[0].Field, *s.Tags[0].Key),
		"100 200 ECS instanceId k")
	w.equal(line(*s.LoadBalancers[0].TargetGroupArn, *s.LoadBalancers[0].ContainerName, *s.LoadBalancers[0].ContainerPort), arn+" app 80")
	d := s.Deployments[0]
	w.equal(line(*d.Status, d.RolloutState, *d.RolloutStateReason, d.DesiredCount, *d.TaskDefinition),
		"PRIMARY IN_PROGRESS ECS deployment "+*d.Id+" in progress. 0 "+arnPrefix+"task-definition/web:1")
	w.equal(len(s.Events), 0)

	again := must(w.client.CreateService(t.Context(), in))(t).Service
	w.equal(*again.Deployments[0].Id, *d.Id)
	in.DesiredCount = aws.Int32(5)
	_, err := w.client.CreateService(t.Context(), in)
	w.fails(err, "InvalidParameterException", "Creation of service was not idempotent.")
}

type creation = ecs.CreateServiceInput

// What addGroup calls the groups lonely and ip.
var lonelyARN, ipARN = scope.TargetGroupARN("lonely/0123456789abcdef"), scope.TargetGroupARN("ip/0123456789abcdef")

// serviceRules breaks the service web in one way each.
var serviceRules = []struct {
	code, message string
	edit          func(in *creation)
}{
	{"ClusterNotFoundException", "Cluster not found.", func(in *creation) { in.Cluster = aws.String("nope") }},
	{"ClientException", "TaskDefinition not found.", func(in *creation) { in.TaskDefinition = aws.String("nope") }},
	{"InvalidParameterException", "Service name can not be blank.", func(in *creation) { in.ServiceName = aws.String("") }},
	{"InvalidParameterException", "Desired count must be specified for the REPLICA scheduling strategy.", func(in *creation) { in.DesiredCount = nil }},
	{"InvalidParameterException", "Desired count can not be negative.", func(in *creation) { in.DesiredCount = aws.Int32(-1) }},
	{"InvalidParameterException", "The specified target group does not exist.", func(in *creation) { in.LoadBalancers[0].TargetGroupArn = aws.String(scope.TargetGroupARN("x/1")) }},
	{"InvalidParameterException", "Unable to parse target group arn web.", func(in *creation) { in.LoadBalancers[0].TargetGroupArn = aws.String("web") }},
	{"InvalidParameterException", "The target group with targetGroupArn " + lonelyARN + " does not have an associated load balancer.", func(in *creation) { in.LoadBalancers[0].TargetGroupArn = &lonelyARN }},
	{"InvalidParameterException", "The provided target group " + ipARN + " has target type ip, which is incompatible with the bridge network mode specified in the task definition.",
		func(in *creation) { in.LoadBalancers[0].TargetGroupArn = &ipARN }},
	{"InvalidParameterException", "The container db does not exist in the task definition.", func(in *creation) { in.LoadBalancers[0].ContainerName = aws.String("db") }},
	{"InvalidParameterException", "The container app did not have a container port 81 defined.", func(in *creation) { in.LoadBalancers[0].ContainerPort = aws.Int32(81) }},
	{"InvalidParameterException", "Load balancers can have at most 5 items.", func(in *creation) { in.LoadBalancers = make([]types.LoadBalancer, 6) }},
	{"InvalidParameterException", "Drydock does not support the parameter loadBalancers[0].loadBalancerName.", func(in *creation) { in.LoadBalancers[0].LoadBalancerName = aws.String("classic") }},
	{"InvalidParameterException", "Health check grace period is only valid for services configured to use load balancers", func(in *creation) { in.LoadBalancers = nil }},
	{"InvalidParameterException", "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
		func(in *creation) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100)}
		}},
	{"InvalidParameterException", "Drydock does not support the parameter deploymentConfiguration.alarms.", func(in *creation) {
		in.DeploymentConfiguration = &types.DeploymentConfiguration{Alarms: &types.DeploymentAlarms{AlarmNames: []string{"a"}, Enable: true}}
	}},
	{"InvalidParameterException", "Invalid threshold type: HALF", func(in *creation) { in.DeploymentConfiguration = breaker("HALF", 50) }},
	{"InvalidParameterException", "The value of the deployment circuit breaker's thresholdConfiguration must be at least 1.", func(in *creation) { in.DeploymentConfiguration = breaker("COUNT", 0) }},
	{"InvalidParameterException", "The value of the deployment circuit breaker's thresholdConfiguration can be at most 100 for the type BOUNDED_PERCENT.",
		func(in *creation) { in.DeploymentConfiguration = breaker("BOUNDED_PERCENT", 101) }},
	{"InvalidParameterException", "The daemon scheduling strategy does not support a desired count for services. Remove the desired count value and try again",
		func(in *creation) { in.SchedulingStrategy = types.SchedulingStrategyDaemon }},
	{"InvalidParameterException", "The daemon scheduling strategy does not support placement strategies. Remove the placement strategy and try again", func(in *creation) {
		in.SchedulingStrategy, in.DesiredCount = types.SchedulingStrategyDaemon, nil
		in.PlacementStrategy = []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}
	}},
	{"InvalidParameterException", "Drydock does not support a maximumPercent other than 100 with the DAEMON scheduling strategy: an instance runs one task of a daemon at a time.", func(in *creation) {
		in.SchedulingStrategy, in.DesiredCount = types.SchedulingStrategyDaemon, nil
		in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(200)}
	}},
	{"InvalidParameterException", "Invalid scheduling strategy: SOME", func(in *creation) { in.SchedulingStrategy = "SOME" }},
	{"InvalidParameterException", "Drydock does not support the deployment strategy BLUE_GREEN: use ROLLING.",
		func(in *creation) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyBlueGreen}
		}},
	{"InvalidParameterException", "Drydock does not support the deployment controller CODE_DEPLOY: use ECS or EXTERNAL.",
		func(in *creation) {
			in.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeCodeDeploy}
		}},
	{"InvalidParameterException", "Task definition does not support launch_type FARGATE.", func(in *creation) { in.LaunchType = types.LaunchTypeFargate }},
	{"InvalidParameterException", "Drydock does not support the parameter serviceRegistries.", func(in *creation) { in.ServiceRegistries = []types.ServiceRegistry{{RegistryArn: aws.String("x")}} }},
	{"InvalidParameterException", "Drydock does not support the parameter serviceConnectConfiguration.", func(in *creation) { in.ServiceConnectConfiguration = &types.ServiceConnectConfiguration{Enabled: true} }},
}

func breaker(kind string, value int32) *types.DeploymentConfiguration {
	return &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true,
		ThresholdConfiguration: &types.ThresholdConfiguration{Type: types.ThresholdType(kind), Value: value}}}
}

func TestServiceRules(t *testing.T) {
	w := seed(t)
	good := w.addGroup("web", "instance", true)
	w.addGroup("lonely", "instance", false)
	w.addGroup("ip", "ip", true)
	for _, c := range serviceRules {
		in := web(good)
		c.edit(in)
		_, err := w.client.CreateService(t.Context(), in)
		w.fails(err, c.code, c.message)
	}
	ok := web(good) // what only says no is no
	ok.DeploymentConfiguration = &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{}, Alarms: &types.DeploymentAlarms{AlarmNames: []string{}}}
	ok.ServiceRegistries, ok.ServiceConnectConfiguration = []types.ServiceRegistry{}, &types.ServiceConnectConfiguration{}
	must(w.client.CreateService(t.Context(), ok))(t)
}

func TestUpdateMakesANewPrimaryDeploymentOnlyWhenTasksChange(t *testing.T) {
	w := seed(t)
	arn := w.addGroup("web", "instance", true)
	first := must(w.client.CreateService(t.Context(), web(arn)))(t).Service.Deployments[0]
	must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
	update := func(in ecs.UpdateServiceInput) *types.Service {
		t.Helper()
		in.Cluster, in.Service = aws.String("demo"), aws.String("web")
		return must(w.client.UpdateService(t.Context(), &in))(t).Service
	}
	s := update(ecs.UpdateServiceInput{DesiredCount: aws.Int32(8), PropagateTags: types.PropagateTagsService, EnableECSManagedTags: aws.Bool(true),
		DeploymentConfiguration: &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(50)}, HealthCheckGracePeriodSeconds: aws.Int32(5)})
	w.equal(line(len(s.Deployments), s.DesiredCount, s.PropagateTags, s.EnableECSManagedTags, *s.DeploymentConfiguration.MinimumHealthyPercent, *s.HealthCheckGracePeriodSeconds),
		"1 8 SERVICE true 50 5")
	s = update(ecs.UpdateServiceInput{TaskDefinition: aws.String("web:1")})
	w.equal(*s.Deployments[0].Id, *first.Id)
	s = update(ecs.UpdateServiceInput{TaskDefinition: aws.String("web")})
	w.equal(line(*s.Deployments[0].Status, *s.Deployments[0].TaskDefinition, *s.Deployments[1].Status, *s.Deployments[1].Id == *first.Id, s.Deployments[1].DesiredCount),
		"PRIMARY "+arnPrefix+"task-definition/web:2 ACTIVE true 0")
	s = update(ecs.UpdateServiceInput{ForceNewDeployment: true})
	w.equal(line(len(s.Deployments), *s.Deployments[0].TaskDefinition), "3 "+arnPrefix+"task-definition/web:2")
	s = update(ecs.UpdateServiceInput{LoadBalancers: []types.LoadBalancer{}})
	w.equal(line(len(s.Deployments), len(s.LoadBalancers)), "4 0")

	for _, c := range []struct {
		code, message string
		in            ecs.UpdateServiceInput
	}{
		{"ServiceNotFoundException", "Service not found.", ecs.UpdateServiceInput{Service: aws.String("nope")}},
		{"InvalidParameterException", "Invalid identifier: Identifier is for cluster other. Your cluster is demo", ecs.UpdateServiceInput{Service: aws.String(arnPrefix + "service/other/web")}},
		{"ClientException", "TaskDefinition not found.", ecs.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: aws.String("web:9")}},
	} {
		c.in.Cluster = aws.String("demo")
		_, err := w.client.UpdateService(t.Context(), &c.in)
		w.fails(err, c.code, c.message)
	}
}

func TestDeletedServiceDrains(t *testing.T) {
	w := seed(t)
	must(w.client.CreateService(t.Context(), web("")))(t)
	del := func(force bool) (*ecs.DeleteServiceOutput, error) {
		return w.client.DeleteService(t.Context(), &ecs.DeleteServiceInput{Cluster: aws.String("demo"), Service: aws.String("web"), Force: &force})
	}
	_, err := del(false)
	w.fails(err, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
	s := must(del(true))(t).Service
	w.equal(line(*s.Status, s.DesiredCount, s.Deployments[0].DesiredCount), "DRAINING 0 0")
	_, err = w.client.CreateService(t.Context(), web(""))
	w.fails(err, "InvalidParameterException", "Unable to Start a service that is still Draining.")
	_, err = w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("demo"), Service: aws.String("web"), DesiredCount: aws.Int32(1)})
	w.fails(err, "ServiceNotActiveException", "Service was not ACTIVE.")

	w.update(func(tx *store.Tx) { // as the services stage does at the end
		s, _ := store.Services.Get(tx, "demo/web")
		s.Status, s.Deployments = inactive, nil
		store.Services.Put(tx, s)
	})
	got := must(w.client.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("demo"), Services: []string{"web"}}))(t)
	w.equal(*got.Services[0].Status, inactive)
	w.equal(len(must(w.client.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("demo")}))(t).ServiceArns), 0)
	_, err = del(true)
	w.fails(err, "ServiceNotFoundException", "Service not found.")
	w.equal(*must(w.client.CreateService(t.Context(), web("")))(t).Service.Status, active)
}

func TestDescribeServicesCountsTasksAndTellsTheNewestEventFirst(t *testing.T) {
	w := seed(t)
	d := *must(w.client.CreateService(t.Context(), web("")))(t).Service.Deployments[0].Id
	w.update(func(tx *store.Tx) {
		def, _ := store.TaskDefs.Get(tx, "web:1")
		for i := range 4 {
			task := def.NewTask(instanceOf(70+i), model.Birth{Cluster: "demo", Service: "web", Deployment: d, LaunchType: "EC2"}, func() string { return "u" }, tx.Now())
			if i < 3 {
				_ = task.Advance(model.Running, tx.Now())
			}
			store.Tasks.Put(tx, task)
		}
		for i := range 102 {
			store.Events.Put(tx, model.Event{ID: fmt.Sprint(i), Kind: "service", Cluster: "demo", Subject: "web", At: tx.Now().Add(time.Duration(i) * time.Second), Message: fmt.Sprint("event ", i)})
		}
		store.Events.Put(tx, model.Event{ID: "old", Kind: "service", Cluster: "demo", Subject: "web", At: tx.Now().Add(-time.Hour), Message: "of an earlier service"})
	})
	out := must(w.client.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("demo"), Services: []string{"web", arnPrefix + "service/demo/nope"},
		Include: []types.ServiceField{types.ServiceFieldTags}}))(t)
	w.equal(failures(out.Failures), []string{arnPrefix + "service/demo/nope MISSING"})
	s := out.Services[0]
	w.equal(line(s.RunningCount, s.PendingCount, s.Deployments[0].RunningCount, s.Deployments[0].PendingCount), "3 1 3 1")
	w.equal(line(len(s.Events), *s.Events[0].Message, *s.Events[99].Message), "100 event 101 event 2")
	for n, message := range map[int]string{0: "Services cannot be empty.", 11: "Services can have at most 10 items."} {
		_, err := w.client.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: aws.String("demo"), Services: make([]string, n)})
		w.fails(err, "InvalidParameterException", message)
	}
}

func TestServicesAreListedTenAtATime(t *testing.T) {
	w := seed(t)
	for i := range 12 {
		in := web("")
		in.ServiceName = aws.String(fmt.Sprintf("s%02d", i))
		must(w.client.CreateService(t.Context(), in))(t)
	}
	first := must(w.client.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("demo")}))(t)
	w.equal(len(first.ServiceArns), 10)
	rest := must(w.client.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("demo"), NextToken: first.NextToken}))(t)
	for kind, n := range map[types.ResourceManagementType]int{types.ResourceManagementTypeCustomer: 10, types.ResourceManagementTypeEcs: 0} {
		w.equal(len(must(w.client.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("demo"), ResourceManagementType: kind}))(t).ServiceArns), n)
	}
	w.equal(rest.ServiceArns, []string{arnPrefix + "service/demo/s10", arnPrefix + "service/demo/s11"})
}
