package ecs

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// repeatable are calls whose second time answers the same and changes nothing.
var repeatable = []any{
	&ecs.CreateClusterInput{ClusterName: new("new"), Tags: oneTag},
	&ecs.CreateClusterInput{ClusterName: new("demo"), Tags: oneTag}, // the one that is there, as it is
	&ecs.UpdateClusterInput{Cluster: new("demo"), Settings: []types.ClusterSetting{{Name: "containerInsights", Value: new("disabled")}}},
	&ecs.UpdateClusterSettingsInput{Cluster: new("demo"), Settings: []types.ClusterSetting{{Name: "containerInsights", Value: new("disabled")}}},
	&ecs.DeleteClusterInput{Cluster: new("gone")},

	&ecs.PutClusterCapacityProvidersInput{Cluster: new("demo"), CapacityProviders: []string{"one", "FARGATE"},
		DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{item("FARGATE", 1, 2)}},
	&ecs.UpdateCapacityProviderInput{Name: new("one"), AutoScalingGroupProvider: &types.AutoScalingGroupProviderUpdate{ManagedScaling: &types.ManagedScaling{TargetCapacity: new(int32(90))}}},
	&ecs.DeleteCapacityProviderInput{CapacityProvider: new("one")}, // the cluster lent has it, so it stays

	&ecs.DeregisterTaskDefinitionInput{TaskDefinition: new("web:1")},
	&ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"retired:1"}},

	&ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), Count: new(int32(3)), ClientToken: new("again"), Tags: oneTag},
	&ecs.StopTaskInput{Cluster: new("demo"), Task: new(standalone), Reason: new("enough")},

	&creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("web"), DesiredCount: new(int32(2)), ClientToken: new("again"), Tags: oneTag},
	&creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("web"), SchedulingStrategy: types.SchedulingStrategyDaemon},
	&ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("web"), DesiredCount: new(int32(4)), TaskDefinition: new("web:1")},
	&ecs.DeleteServiceInput{Cluster: new("demo"), Service: new("web"), Force: new(true)},

	ext(func(in *newSet) { in.ClientToken, in.Scale, in.Tags = new("again"), percent(10), oneTag }),
	&ecs.UpdateTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(3)), Scale: percent(50)},
	&ecs.UpdateServicePrimaryTaskSetInput{Cluster: new("demo"), Service: new("ext"), PrimaryTaskSet: new(set(3))},
	&ecs.DeleteTaskSetInput{Cluster: new("demo"), Service: new("ext"), TaskSet: new(set(3)), Force: new(true)},

	&ecs.UpdateContainerInstancesStateInput{Cluster: new("demo"), ContainerInstances: []string{instanceOf(1), instanceOf(2)}, Status: draining},
	&ecs.DeregisterContainerInstanceInput{Cluster: new("demo"), ContainerInstance: new(instanceOf(1)), Force: new(true)},
	&ecs.PutAttributesInput{Cluster: new("demo"), Attributes: custom(10)},
	&ecs.DeleteAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("a0"), TargetId: new(instanceOf(2))}}},

	&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "cluster/demo"), Tags: oneTag},
	&ecs.UntagResourceInput{ResourceArn: new(arnPrefix + "service/demo/web"), TagKeys: []string{"k1", "k2", "unknown"}},
	&ecs.UpdateTaskProtectionInput{Cluster: new("demo"), Tasks: []string{serviceTask}},
	&ecs.StopServiceDeploymentInput{ServiceDeploymentArn: new(arnPrefix + "service-deployment/" + stoppable)},

	&ecs.PutAccountSettingInput{Name: types.SettingNameContainerInsights, Value: new("disabled")},
	&ecs.PutAccountSettingDefaultInput{Name: types.SettingNameContainerInsights, Value: new("disabled")},
	&ecs.DeleteAccountSettingInput{Name: types.SettingNameContainerInsights},
}

// anew are the operations of which every call makes something new, or is refused.
var anew = map[string]string{
	"RegisterTaskDefinition": "each call makes a revision",
	"StartTask":              "each call starts tasks; it has no client token",
	"CreateCapacityProvider": "the name is taken",
}

// TestEveryWritingOperationIsRepeated keeps repeatable complete.
func TestEveryWritingOperationIsRepeated(t *testing.T) {
	twice := map[string]bool{}
	for _, in := range repeatable {
		twice[operationOf(in)] = true
	}
	for op := range operations(handlers{}) {
		reads := strings.HasPrefix(op, "List") || strings.HasPrefix(op, "Describe") || strings.HasPrefix(op, "Get")
		if !reads && twice[op] == (anew[op] != "") {
			t.Errorf("%s: add a call whose second time changes nothing to repeatable, or why there is none to anew", op)
		}
	}
}

// TestRepeatedCalls makes each repeatable call twice.
func TestRepeatedCalls(t *testing.T) {
	for _, in := range repeatable {
		t.Run(operationOf(in), func(t *testing.T) {
			w := stage(t)
			first := w.answer(in)
			before := w.store.Commits()
			second := w.answer(in)
			if !reflect.DeepEqual(first, second) {
				t.Errorf("first  %s\nsecond %s", first, second)
			}
			if w.store.Commits() != before {
				t.Error("the second call changed something")
			}
		})
	}
}

// answer makes a call that must succeed and returns what AWS's client made of the answer, as JSON.
func (w *world) answer(in any) string {
	w.Helper()
	out, err := w.call(in)
	if err != nil {
		w.Fatalf("%s: %v", operationOf(in), err)
	}
	reflect.ValueOf(out).Elem().FieldByName("ResultMetadata").SetZero()
	if run, ok := out.(*ecs.RunTaskOutput); ok { // in no order that means anything
		slices.SortFunc(run.Tasks, func(a, b types.Task) int { return strings.Compare(*a.TaskArn, *b.TaskArn) })
	}
	raw, err := json.Marshal(out)
	if err != nil {
		w.Fatal(err)
	}
	return string(raw)
}

// TestCallsThatNeverRepeat shows those that make something new each time.
func TestCallsThatNeverRepeat(t *testing.T) {
	w := stage(t)
	for n := range 3 {
		out := must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
		w.equal(out.TaskDefinition.Revision, 2+n)
	}
	must(w.client.CreateCapacityProvider(t.Context(), &ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: group("asg")}))(t)
	_, err := w.client.CreateCapacityProvider(t.Context(), &ecs.CreateCapacityProviderInput{Name: new("two"), AutoScalingGroupProvider: group("asg")})
	w.fails(err, "ClientException", "The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.")
	on := &ecs.StartTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), ContainerInstances: []string{instanceOf(1)}}
	if a, b := w.answer(on), w.answer(on); a == b {
		t.Error("StartTask started no other task")
	}
	var arns []string
	for range 3 {
		arns = append(arns, *w.run(&ecs.RunTaskInput{}).Tasks[0].TaskArn)
	}
	slices.Sort(arns)
	w.equal(len(slices.Compact(arns)), 3)

	first := *must(w.client.DescribeServices(t.Context(), &ecs.DescribeServicesInput{Cluster: new("demo"), Services: []string{"web"}}))(t).Services[0].Deployments[0].Id
	again := must(w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: new("demo"), Service: new("web"), ForceNewDeployment: true}))(t)
	if *again.Service.Deployments[0].Id == first {
		t.Error("a forced deployment is the one that was there")
	}
}

// TestConcurrentCallsWithOneTokenActOnce sends the same RunTask and CreateService from many clients at
// the same time.
func TestConcurrentCallsWithOneTokenActOnce(t *testing.T) {
	w := stage(t)
	var mu sync.Mutex
	answers := map[string]bool{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			run, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), Count: new(int32(2)), ClientToken: new("all")})
			if err != nil {
				t.Error(err)
				return
			}
			made, err := w.client.CreateService(t.Context(), &creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("web"),
				DesiredCount: new(int32(1)), ClientToken: new("all")})
			if err != nil {
				t.Error(err)
				return
			}
			ids := names(run.Tasks, func(t types.Task) string { return *t.TaskArn })
			mu.Lock()
			defer mu.Unlock()
			answers[line(ids, *made.Service.Deployments[0].Id)] = true
		})
	}
	wg.Wait()
	w.equal(len(answers), 1)
	w.update(func(tx *store.Tx) {
		n := 0
		for task := range store.Tasks.All(tx) {
			if task.Birth.Token == "all" && task.Want == model.Running {
				n++
			}
		}
		w.equal(n, 2)
	})
}

// TestTokensOfOtherRequests shows what a token does that was used for something else.
func TestTokensOfOtherRequests(t *testing.T) {
	w := stage(t)
	in := &ecs.RunTaskInput{Cluster: new("demo"), TaskDefinition: new("web"), ClientToken: new("mine")}
	task := *must(w.client.RunTask(t.Context(), in))(t).Tasks[0].TaskArn
	in.Count = new(int32(2))
	_, err := w.client.RunTask(t.Context(), in)
	w.fails(err, "ConflictException", "The request with this client token conflicts with an earlier one that had other parameters.")
	var conflict *types.ConflictException
	if !errors.As(err, &conflict) || !slices.Equal(conflict.ResourceIds, []string{task}) {
		t.Errorf("the conflict is with %v, want %s", conflict.ResourceIds, task)
	}
	in.ClientToken = new("min") // the beginning of a token is another token
	w.equal(len(must(w.client.RunTask(t.Context(), in))(t).Tasks), 2)
	must(w.client.StopTask(t.Context(), &ecs.StopTaskInput{Cluster: new("demo"), Task: &task}))(t)
	in.ClientToken, in.Count = new("mine"), nil
	w.equal(*must(w.client.RunTask(t.Context(), in))(t).Tasks[0].DesiredStatus, "STOPPED") // as it is by now

	made := &creation{Cluster: new("demo"), ServiceName: new("new"), TaskDefinition: new("web"), DesiredCount: new(int32(2)), ClientToken: new("mine")}
	must(w.client.CreateService(t.Context(), made))(t)
	made.ClientToken = new("other")
	_, err = w.client.CreateService(t.Context(), made)
	w.fails(err, "InvalidParameterException", "Creation of service was not idempotent.")
}
