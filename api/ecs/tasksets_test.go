package ecs

import (
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var externalController = &types.DeploymentController{Type: types.DeploymentControllerTypeExternal}

// seedExternal opens a world with the service ext of four tasks and no task set.
func seedExternal(t testing.TB) *world {
	w := seed(t)
	must(w.client.CreateService(t.Context(), &creation{Cluster: new("demo"), ServiceName: new("ext"), DeploymentController: externalController, DesiredCount: new(int32(4))}))(t)
	return w
}

// createSet makes a task set of web:1 at a scale.
func (w *world) createSet(scale float64, edit func(in *newSet)) *types.TaskSet {
	w.Helper()
	in := &newSet{Cluster: new("demo"), Service: new("ext"), TaskDefinition: new("web"), Scale: percent(scale)}
	if edit != nil {
		edit(in)
	}
	return must(w.client.CreateTaskSet(w.Context(), in))(w).TaskSet
}

func (w *world) describeSet(id *string) types.TaskSet {
	w.Helper()
	return must(w.client.DescribeTaskSets(w.Context(), &ecs.DescribeTaskSetsInput{Cluster: new("demo"), Service: new("ext"), TaskSets: []string{*id}}))(w).TaskSets[0]
}

func (w *world) describeExternal(include ...types.ServiceField) types.Service {
	w.Helper()
	return must(w.client.DescribeServices(w.Context(), &ecs.DescribeServicesInput{Cluster: new("demo"), Services: []string{"ext"}, Include: include}))(w).Services[0]
}

func TestExternalServiceHasTaskSetsInsteadOfDeployments(t *testing.T) {
	w := seed(t)
	in := &creation{Cluster: new("demo"), ServiceName: new("ext"), DeploymentController: externalController}
	s := must(w.client.CreateService(t.Context(), in))(t).Service
	w.equal(line(*s.Status, s.DeploymentController.Type, s.SchedulingStrategy, s.DesiredCount, s.TaskDefinition == nil, len(s.LoadBalancers), len(s.Deployments), s.TaskSets,
		*s.HealthCheckGracePeriodSeconds, *s.DeploymentConfiguration.MaximumPercent, s.CurrentServiceDeployment == nil), "ACTIVE EXTERNAL REPLICA 0 true 0 0 [] 0 200 true")
	before := w.store.Commits()
	must(w.client.CreateService(t.Context(), in))(t)
	w.equal(w.store.Commits(), before)
	w.equal(len(must(w.client.ListServiceDeployments(t.Context(), &ecs.ListServiceDeploymentsInput{Cluster: new("demo"), Service: new("ext")}))(t).ServiceDeployments), 0)
	set := w.createSet(50, nil)
	must(w.client.CreateService(t.Context(), in))(t) // its task sets are no part of what was asked for
	s = new(w.describeExternal())
	w.equal(line(len(s.Deployments), *s.TaskSets[0].Id == *set.Id, s.TaskDefinition == nil), "0 true true")
}

func TestExternalServiceTakesNothingOfATaskSet(t *testing.T) {
	w := seed(t)
	for message, edit := range map[string]func(in *creation){
		"TaskDefinition must be blank.":        func(in *creation) { in.TaskDefinition = new("web") },
		"LaunchType must be blank.":            func(in *creation) { in.LaunchType = types.LaunchTypeEc2 },
		"LoadBalancers must be empty or null.": func(in *creation) { in.LoadBalancers = []types.LoadBalancer{{}} },
		"NetworkConfiguration must be null.":   func(in *creation) { in.NetworkConfiguration = &types.NetworkConfiguration{} },
		"The daemon scheduling strategy is not supported with the EXTERNAL deployment controller.": func(in *creation) {
			in.SchedulingStrategy, in.DesiredCount = types.SchedulingStrategyDaemon, nil
		},
		"Availability Zone rebalancing is only supported with the ECS deployment controller.": func(in *creation) {
			in.AvailabilityZoneRebalancing = types.AvailabilityZoneRebalancingEnabled
		},
		"The deployment circuit breaker is only supported with the ECS deployment controller.": func(in *creation) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true}}
		},
		"Drydock does not support the deployment strategy BLUE_GREEN: use ROLLING.": func(in *creation) {
			in.DeploymentConfiguration = &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyBlueGreen}
		},
		"Drydock does not support the deployment controller CODE_DEPLOY: use ECS or EXTERNAL.": func(in *creation) {
			in.DeploymentController, in.TaskDefinition = &types.DeploymentController{Type: types.DeploymentControllerTypeCodeDeploy}, new("web")
		},
		"Desired count can not be negative.":          func(in *creation) { in.DesiredCount = new(int32(-1)) },
		"Tag keys that begin with aws: are reserved.": func(in *creation) { in.Tags = []types.Tag{{Key: new("aws:x")}} },
	} {
		in := &creation{Cluster: new("demo"), ServiceName: new("ext"), DeploymentController: externalController, DesiredCount: new(int32(1))}
		edit(in)
		_, err := w.client.CreateService(t.Context(), in)
		w.fails(err, "InvalidParameterException", message)
	}
}

func TestUpdateOfAnExternalService(t *testing.T) {
	w := seedExternal(t)
	s := must(w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("ext"), DesiredCount: new(int32(6)), HealthCheckGracePeriodSeconds: new(int32(30)),
		EnableECSManagedTags: new(true), PropagateTags: types.PropagateTagsService, DeploymentController: externalController,
		PlacementStrategy: []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}}))(t).Service
	w.equal(line(s.DesiredCount, *s.HealthCheckGracePeriodSeconds, s.EnableECSManagedTags, s.PropagateTags, len(s.PlacementStrategy), len(s.Deployments)), "6 30 true SERVICE 1 0")
	for message, in := range map[string]ecs.UpdateServiceInput{
		"Unable to update task definition on services with an EXTERNAL deployment controller. Create a new task set instead.":    {TaskDefinition: new("web")},
		"Unable to update load balancers on services with an EXTERNAL deployment controller. Create a new task set instead.":     {LoadBalancers: []types.LoadBalancer{}},
		"Unable to update network parameters on services with an EXTERNAL deployment controller. Create a new task set instead.": {NetworkConfiguration: &types.NetworkConfiguration{}},
		"Unable to update deployment configuration on services with an EXTERNAL deployment controller.":                          {DeploymentConfiguration: &types.DeploymentConfiguration{}},
		"Unable to update Availability Zone rebalancing on services with an EXTERNAL deployment controller.":                     {AvailabilityZoneRebalancing: types.AvailabilityZoneRebalancingDisabled},
		"Unable to force a new deployment on services with an EXTERNAL deployment controller. Create a new task set instead.":    {ForceNewDeployment: true},
		"Drydock does not support changing the deployment controller of a service: create another service.": {
			DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeEcs}},
	} {
		if in.LoadBalancers != nil {
			in.LoadBalancers = []types.LoadBalancer{{}}
		}
		in.Cluster, in.Service = new("demo"), new("ext")
		_, err := w.client.UpdateService(t.Context(), &in)
		w.fails(err, "InvalidParameterException", message)
	}
	must(w.client.CreateService(t.Context(), web("")))(t)
	_, err := w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("web"), DeploymentController: externalController})
	w.fails(err, "InvalidParameterException", "Drydock does not support changing the deployment controller of a service: create another service.")
}

func TestTaskSetIsShownAsItWasMade(t *testing.T) {
	w := seedExternal(t)
	arn := w.addGroup("blue", "instance", true)
	s := w.createSet(30, func(in *newSet) {
		in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &arn, ContainerName: new("app"), ContainerPort: new(int32(80))}}
		in.ExternalId, in.Tags, in.LaunchType = new("build-7"), oneTag, types.LaunchTypeEc2
	})
	w.equal(*s.TaskSetArn, arnPrefix+"task-set/demo/ext/"+*s.Id)
	w.equal(line(strings.HasPrefix(*s.Id, "ecs-svc/"), *s.Status, *s.ExternalId, s.LaunchType, s.ComputedDesiredCount, s.RunningCount, s.PendingCount, s.Scale.Unit, s.Scale.Value,
		s.StabilityStatus, s.StartedBy == nil), "true ACTIVE build-7 EC2 2 0 0 PERCENT 30 STABILIZING true")
	w.equal(line(*s.ServiceArn, *s.ClusterArn, *s.TaskDefinition), line(arnPrefix+"service/demo/ext", arnPrefix+"cluster/demo", arnPrefix+"task-definition/web:1"))
	w.equal(line(*s.LoadBalancers[0].TargetGroupArn == arn, *s.LoadBalancers[0].ContainerName, *s.Tags[0].Key, recent(s.CreatedAt), recent(s.UpdatedAt), recent(s.StabilityStatusAt)), "true app a true true true")

	bare := w.createSet(0, func(in *newSet) { in.Scale = nil })
	w.equal(line(bare.Scale.Value, bare.ComputedDesiredCount, len(bare.LoadBalancers), bare.ExternalId == nil), "0 0 0 true")

	missing := "ecs-svc/1"
	out := must(w.client.DescribeTaskSets(t.Context(), &ecs.DescribeTaskSetsInput{Cluster: new(arnPrefix + "cluster/demo"), Service: new(arnPrefix + "service/demo/ext"),
		TaskSets: []string{*s.TaskSetArn, *bare.Id, missing}, Include: []types.TaskSetField{types.TaskSetFieldTags}}))(t)
	w.equal(line(*out.TaskSets[0].Id == *s.Id, len(out.TaskSets[0].Tags), *out.TaskSets[1].Id == *bare.Id, len(out.TaskSets)), "true 1 true 2")
	w.equal(failures(out.Failures), "["+arnPrefix+"task-set/demo/ext/ecs-svc/1 MISSING]")
	w.equal(len(w.describeSet(s.Id).Tags), 0)
	w.equal(line(len(w.describeExternal().TaskSets[0].Tags), len(w.describeExternal(types.ServiceFieldTags).TaskSets[0].Tags)), "0 1")
}

func TestCreateTaskSetWithATokenIsIdempotent(t *testing.T) {
	w := seedExternal(t)
	token := func(in *newSet) { in.ClientToken = new("once") }
	first, before := w.createSet(50, token), w.store.Commits()
	w.equal(line(*w.createSet(50, token).Id == *first.Id, w.store.Commits() == before, *w.createSet(50, nil).Id == *first.Id), "true true false")
	_, err := w.client.CreateTaskSet(t.Context(), &newSet{Cluster: new("demo"), Service: new("ext"), TaskDefinition: new("web"), Scale: percent(60), ClientToken: new("once")})
	w.fails(err, "InvalidParameterException", "Creation of task set was not idempotent.")
	must(w.client.CreateService(t.Context(), &creation{Cluster: new("demo"), ServiceName: new("ext2"), DeploymentController: externalController, DesiredCount: new(int32(1))}))(t)
	w.equal(*w.createSet(50, func(in *newSet) { token(in); in.Service = new("ext2") }).Id == *first.Id, false) // of another service
}

func TestPrimaryTaskSet(t *testing.T) {
	w := seedExternal(t)
	arn := w.addGroup("blue", "instance", true)
	blue := w.createSet(100, func(in *newSet) {
		in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &arn, ContainerName: new("app"), ContainerPort: new(int32(80))}}
	})
	green := w.createSet(100, nil)
	prefer := func(id *string) *types.TaskSet {
		return must(w.client.UpdateServicePrimaryTaskSet(t.Context(), &ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext"), PrimaryTaskSet: id}))(t).TaskSet
	}
	w.equal(*prefer(blue.TaskSetArn).Status, "PRIMARY")
	s := w.describeExternal()
	w.equal(line(*s.TaskDefinition, *s.LoadBalancers[0].TargetGroupArn == arn), arnPrefix+"task-definition/web:1 true")
	before := w.store.Commits()
	prefer(blue.Id)
	w.equal(w.store.Commits(), before)
	w.equal(*prefer(green.Id).Status, "PRIMARY")
	w.equal(line(*w.describeSet(blue.Id).Status, len(w.describeExternal().LoadBalancers)), "ACTIVE 0")
}

func TestScaleOfATaskSet(t *testing.T) {
	w := seedExternal(t)
	set := w.createSet(100, nil)
	scaled := func(v float64) *types.TaskSet {
		return must(w.client.UpdateTaskSet(t.Context(), &ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: set.Id, Scale: percent(v)}))(t).TaskSet
	}
	w.equal(line(scaled(12.5).ComputedDesiredCount, scaled(25.1).ComputedDesiredCount, scaled(0).ComputedDesiredCount), "1 2 0")
	before := w.store.Commits()
	scaled(0)
	w.equal(w.store.Commits(), before)
	scaled(100)
	w.equal(w.describeSet(set.Id).ComputedDesiredCount, 4)
}

// TestStabilityIsThatOfNow has the services stage say that the set is steady, and two of its four tasks run.
func TestStabilityIsThatOfNow(t *testing.T) {
	w := seedExternal(t)
	set := w.createSet(50, nil)
	w.update(func(tx *store.Tx) {
		s, _ := store.Services.Get(tx, "demo/ext")
		s.Deployments = slices.Clone(s.Deployments)
		was := *s.Deployments[0].TaskSet
		was.Steady = true
		s.Deployments[0].TaskSet = &was
		store.Services.Put(tx, s)
		def, _ := store.TaskDefs.Get(tx, "web:1")
		for _, id := range []string{standalone, serviceTask} {
			task := def.NewTask(id, model.Birth{Cluster: "demo", Service: "ext", Deployment: *set.Id, StartedBy: *set.Id, LaunchType: "EC2"}, func() string { return id }, tx.Now())
			task.Instance = instanceOf(1)
			if err := task.Advance(model.Running, tx.Now()); err != nil {
				t.Error(err)
			}
			store.Tasks.Put(tx, task)
		}
	})
	w.equal(line(w.describeSet(set.Id).StabilityStatus, w.describeSet(set.Id).RunningCount), "STEADY_STATE 2")
	must(w.client.UpdateTaskSet(t.Context(), &ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: set.Id, Scale: percent(100)}))(t)
	w.equal(line(w.describeSet(set.Id).StabilityStatus, w.describeSet(set.Id).ComputedDesiredCount), "STABILIZING 4")
	w.equal(len(must(w.client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: new("demo"), StartedBy: set.Id}))(t).TaskArns), 2)
}

func TestDeleteOfTaskSetsAndTheirService(t *testing.T) {
	w := seedExternal(t)
	a, b, c := w.createSet(100, nil), w.createSet(0, nil), w.createSet(100, nil)
	must(w.client.UpdateServicePrimaryTaskSet(t.Context(), &ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext"), PrimaryTaskSet: a.Id}))(t)
	remove := func(id *string, force bool) (*ecs.DeleteTaskSetOutput, error) {
		return w.client.DeleteTaskSet(t.Context(), &ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: id, Force: &force})
	}
	w.equal(*must(remove(b.Id, false))(t).TaskSet.Status, "DRAINING")
	w.equal(line(*must(remove(b.Id, false))(t).TaskSet.Status, *must(remove(c.Id, true))(t).TaskSet.Status, must(remove(c.Id, true))(t).TaskSet.ComputedDesiredCount), "DRAINING DRAINING 0")
	w.equal(*must(remove(a.TaskSetArn, true))(t).TaskSet.Status, "DRAINING")

	deletion := &ecs.DeleteServiceInput{Cluster: new("demo"), Service: new("ext")}
	_, err := w.client.DeleteService(t.Context(), deletion)
	w.fails(err, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
	must(w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("ext"), DesiredCount: new(int32(0))}))(t)
	_, err = w.client.DeleteService(t.Context(), deletion)
	w.fails(err, "InvalidParameterException", "The service cannot be stopped while deployments are active.")
	deletion.Force = new(true)
	s := must(w.client.DeleteService(t.Context(), deletion))(t).Service
	w.equal(line(*s.Status, s.DesiredCount, *s.TaskSets[0].Status, *s.TaskSets[1].Status, *s.TaskSets[2].Status), "DRAINING 0 DRAINING DRAINING DRAINING")
}

func TestTagsOfATaskSet(t *testing.T) {
	w := seedExternal(t)
	set := w.createSet(100, func(in *newSet) { in.Tags = oneTag })
	must(w.client.TagResource(t.Context(), &ecs.TagResourceInput{ResourceArn: set.TaskSetArn, Tags: []types.Tag{{Key: new("c"), Value: new("d")}}}))(t)
	must(w.client.UntagResource(t.Context(), &ecs.UntagResourceInput{ResourceArn: set.TaskSetArn, TagKeys: []string{"a"}}))(t)
	tags := must(w.client.ListTagsForResource(t.Context(), &ecs.ListTagsForResourceInput{ResourceArn: set.TaskSetArn}))(t).Tags
	w.equal(line(len(tags), aws.ToString(tags[0].Key), aws.ToString(tags[0].Value)), "1 c d")
	_, err := w.client.ListTagsForResource(t.Context(), &ecs.ListTagsForResourceInput{ResourceArn: new(arnPrefix + "task-set/nope/ext/" + *set.Id)})
	w.fails(err, "ClusterNotFoundException", noCluster)
}

func TestTaskSetOnFargate(t *testing.T) {
	w := fargate(t)
	must(w.client.CreateService(t.Context(), &creation{Cluster: new("demo"), ServiceName: new("ext"), DeploymentController: externalController, DesiredCount: new(int32(4))}))(t)
	w.createSet(0, nil) // on instances
	s := w.createSet(100, func(in *newSet) {
		in.TaskDefinition, in.LaunchType, in.PlatformVersion, in.NetworkConfiguration = new("api"), types.LaunchTypeFargate, new("1.4.0"), w.awsvpc("a", "b")
	})
	w.equal(line(s.LaunchType, *s.PlatformVersion, *s.PlatformFamily, len(s.NetworkConfiguration.AwsvpcConfiguration.Subnets)), "FARGATE 1.4.0 Linux 2")
	w.equal(w.describeExternal().LaunchType, types.LaunchTypeEc2)
	must(w.client.UpdateServicePrimaryTaskSet(t.Context(), &ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext"), PrimaryTaskSet: s.Id}))(t)
	service := w.describeExternal()
	w.equal(line(service.LaunchType, *service.PlatformVersion, len(service.NetworkConfiguration.AwsvpcConfiguration.Subnets)), "FARGATE 1.4.0 2")
	in := &newSet{Cluster: new("demo"), Service: new("ext"), TaskDefinition: new("api"), LaunchType: types.LaunchTypeFargate, PlatformVersion: new("9"), NetworkConfiguration: w.awsvpc("a")}
	_, err := w.client.CreateTaskSet(t.Context(), in)
	w.fails(err, "PlatformUnknownException", "The specified platform version does not exist.")
	in.PlatformVersion, in.NetworkConfiguration = nil, nil
	_, err = w.client.CreateTaskSet(t.Context(), in)
	w.fails(err, "InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	_, err = w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("ext"),
		PlacementStrategy: []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}})
	w.fails(err, "InvalidParameterException", "Placement strategies are not supported with FARGATE launch type.")
}

// TestTasksOfAllTaskSetsCanBeProtected has a service of one, whose two task sets run one task each.
func TestTasksOfAllTaskSetsCanBeProtected(t *testing.T) {
	w := seed(t)
	must(w.client.CreateService(t.Context(), &creation{Cluster: new("demo"), ServiceName: new("ext"), DeploymentController: externalController, DesiredCount: new(int32(1))}))(t)
	for i, id := range []string{standalone, serviceTask, instanceOf(999)} {
		set := ""
		if i < 2 {
			set = *w.createSet(100, nil).Id
		}
		w.update(func(tx *store.Tx) {
			def, _ := store.TaskDefs.Get(tx, "web:1")
			store.Tasks.Put(tx, def.NewTask(id, model.Birth{Cluster: "demo", Service: "ext", Deployment: set, LaunchType: "EC2"}, func() string { return id }, tx.Now()))
		})
	}
	protect := func(id string) []string {
		return failures(must(w.client.UpdateTaskProtection(t.Context(), &ecs.UpdateTaskProtectionInput{Cluster: new("demo"), Tasks: []string{id}, ProtectionEnabled: true}))(t).Failures)
	}
	w.equal(line(len(protect(standalone)), len(protect(serviceTask)), protect(instanceOf(999))), "0 0 ["+arnPrefix+"task/demo/"+instanceOf(999)+" DEPLOYMENT_BLOCKED]")
}
