package ecs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// documented are the error types that the page of each operation names, without "Exception".
//
// Source: the section "Errors" of https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
// and so on; the service model of the SDKs has the same lists.
var documented = map[string]string{
	"CreateCapacityProvider":        "AccessDenied Client ClusterNotFound InvalidParameter LimitExceeded Server UnsupportedFeature UpdateInProgress",
	"CreateCluster":                 "AccessDenied Client InvalidParameter NamespaceNotFound Server",
	"CreateService":                 "AccessDenied Client ClusterNotFound InvalidParameter NamespaceNotFound PlatformTaskDefinitionIncompatibility PlatformUnknown Server UnsupportedFeature",
	"CreateTaskSet":                 "AccessDenied Client ClusterNotFound InvalidParameter LimitExceeded NamespaceNotFound PlatformTaskDefinitionIncompatibility PlatformUnknown Server ServiceNotActive ServiceNotFound UnsupportedFeature",
	"DeleteAccountSetting":          "AccessDenied Client InvalidParameter Server",
	"DeleteAttributes":              "AccessDenied Client ClusterNotFound InvalidParameter Server TargetNotFound",
	"DeleteCapacityProvider":        "AccessDenied Client ClusterNotFound InvalidParameter Server UnsupportedFeature UpdateInProgress",
	"DeleteCluster":                 "AccessDenied Client ClusterContainsCapacityProvider ClusterContainsContainerInstances ClusterContainsServices ClusterContainsTasks ClusterNotFound InvalidParameter Server UpdateInProgress",
	"DeleteService":                 "AccessDenied Client ClusterNotFound InvalidParameter Server ServiceNotFound",
	"DeleteTaskDefinitions":         "AccessDenied Client InvalidParameter Server",
	"DeleteTaskSet":                 "AccessDenied Client ClusterNotFound InvalidParameter LimitExceeded Server ServiceNotActive ServiceNotFound TaskSetNotFound UnsupportedFeature",
	"DeregisterContainerInstance":   "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"DeregisterTaskDefinition":      "AccessDenied Client InvalidParameter Server",
	"DescribeCapacityProviders":     "AccessDenied Client ClusterNotFound InvalidParameter Server UnsupportedFeature",
	"DescribeClusters":              "AccessDenied Client InvalidParameter Server",
	"DescribeContainerInstances":    "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"DescribeServiceDeployments":    "AccessDenied Client ClusterNotFound InvalidParameter Server ServiceNotFound UnsupportedFeature",
	"DescribeServiceRevisions":      "AccessDenied Client ClusterNotFound InvalidParameter Server ServiceNotFound UnsupportedFeature",
	"DescribeServices":              "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"DescribeTaskDefinition":        "AccessDenied Client InvalidParameter Server",
	"DescribeTaskSets":              "AccessDenied Client ClusterNotFound InvalidParameter Server ServiceNotActive ServiceNotFound UnsupportedFeature",
	"DescribeTasks":                 "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"GetTaskProtection":             "AccessDenied Client ClusterNotFound InvalidParameter ResourceNotFound Server UnsupportedFeature",
	"ListAccountSettings":           "AccessDenied Client InvalidParameter Server",
	"ListAttributes":                "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"ListClusters":                  "AccessDenied Client InvalidParameter Server",
	"ListContainerInstances":        "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"ListServiceDeployments":        "AccessDenied Client ClusterNotFound InvalidParameter Server ServiceNotFound UnsupportedFeature",
	"ListServices":                  "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"ListTagsForResource":           "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"ListTaskDefinitionFamilies":    "AccessDenied Client InvalidParameter Server",
	"ListTaskDefinitions":           "AccessDenied Client InvalidParameter Server",
	"ListTasks":                     "AccessDenied Client ClusterNotFound InvalidParameter Server ServiceNotFound",
	"PutAccountSetting":             "AccessDenied Client InvalidParameter Server",
	"PutAccountSettingDefault":      "AccessDenied Client InvalidParameter Server",
	"PutAttributes":                 "AccessDenied AttributeLimitExceeded Client ClusterNotFound InvalidParameter Server TargetNotFound",
	"PutClusterCapacityProviders":   "AccessDenied Client ClusterNotFound InvalidParameter ResourceInUse Server UpdateInProgress",
	"RegisterTaskDefinition":        "AccessDenied Client InvalidParameter LimitExceeded Server",
	"RunTask":                       "AccessDenied Blocked Client ClusterNotFound Conflict InvalidParameter PlatformTaskDefinitionIncompatibility PlatformUnknown Server UnsupportedFeature",
	"StartTask":                     "AccessDenied Client ClusterNotFound InvalidParameter NamespaceNotFound Server UnsupportedFeature",
	"StopServiceDeployment":         "AccessDenied Client Conflict InvalidParameter Server ServiceDeploymentNotFound UnsupportedFeature",
	"StopTask":                      "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"TagResource":                   "AccessDenied Client ClusterNotFound InvalidParameter LimitExceeded ResourceNotFound Server",
	"UntagResource":                 "AccessDenied Client ClusterNotFound InvalidParameter ResourceNotFound Server",
	"UpdateCapacityProvider":        "AccessDenied Client ClusterNotFound InvalidParameter Server UnsupportedFeature",
	"UpdateCluster":                 "AccessDenied Client ClusterNotFound InvalidParameter NamespaceNotFound Server",
	"UpdateClusterSettings":         "AccessDenied Client ClusterNotFound InvalidParameter Server UpdateInProgress",
	"UpdateContainerInstancesState": "AccessDenied Client ClusterNotFound InvalidParameter Server",
	"UpdateService":                 "AccessDenied Client ClusterNotFound InvalidParameter NamespaceNotFound PlatformTaskDefinitionIncompatibility PlatformUnknown Server ServiceNotActive ServiceNotFound UnsupportedFeature",
	"UpdateServicePrimaryTaskSet":   "AccessDenied Client ClusterNotFound InvalidParameter Server ServiceNotActive ServiceNotFound TaskSetNotFound UnsupportedFeature",
	"UpdateTaskProtection":          "AccessDenied Client ClusterNotFound InvalidParameter ResourceNotFound Server UnsupportedFeature",
	"UpdateTaskSet":                 "AccessDenied Client ClusterNotFound InvalidParameter LimitExceeded Server ServiceNotActive ServiceNotFound TaskSetNotFound UnsupportedFeature",
}

// never says of error types, and of those of one operation, why no request ends in them here. A pair
// that a request of refusals ends in needs no reason.
var never = map[string]string{
	"AccessDenied":       "the gate answers it before the operation is asked; its own tests walk every operation",
	"Blocked":            "accounts are not blocked",
	"Server":             "it is the answer to a failure of the program itself",
	"Client":             "ECS answers it to what IAM forbids and where a definition is at fault; a wrong identifier of this operation is an InvalidParameterException",
	"UnsupportedFeature": "what acts, acts in every region; what is not supported is refused by name",
	"NamespaceNotFound":  "Service Connect is refused by name",
	"UpdateInProgress":   "a change of a cluster or a provider is done when its call is answered",

	"CreateCapacityProvider ClusterNotFound":        "only providers of ECS Managed Instances belong to a cluster; they are refused by name",
	"UpdateCapacityProvider ClusterNotFound":        "only providers of ECS Managed Instances belong to a cluster; they are refused by name",
	"DeleteCapacityProvider ClusterNotFound":        "only providers of ECS Managed Instances belong to a cluster; they are refused by name",
	"CreateCapacityProvider LimitExceeded":          "an account has no limit of capacity providers, only a cluster has",
	"DeleteCluster ClusterContainsCapacityProvider": "providers of ECS Managed Instances, which alone belong to a cluster, are refused by name",
	"CreateTaskSet LimitExceeded":                   "ECS answers a sixth task set with InvalidParameterException",
	"DeleteTaskSet LimitExceeded":                   "nothing that it does is limited",
	"UpdateTaskSet LimitExceeded":                   "the count of a task set is limited by that of its service",
	"GetTaskProtection ResourceNotFound":            "tasks that are not there are failures of the reason MISSING",
	"UpdateTaskProtection ResourceNotFound":         "tasks that are not there are failures of the reason MISSING",
}

// refusal is a request to the stage and the error that it ends in. code is without "Exception".
type refusal struct {
	in            any
	code, message string
}

// refusals are those of all operations; the files of the nouns have them.
var refusals = slices.Concat(providerRefusals, clusterRefusals, instanceRefusals, serviceRefusals, serviceHistoryRefusals, settingRefusals, tagRefusals, taskDefRefusals, taskRefusals, taskSetRefusals)

// operationOf returns the operation that an input is for.
func operationOf(in any) string {
	return strings.TrimSuffix(reflect.TypeOf(in).Elem().Name(), "Input")
}

// TestEveryDocumentedErrorIsAnswered wants of each acting operation and each error type that its page
// names a request that ends in it, or why none can.
func TestEveryDocumentedErrorIsAnswered(t *testing.T) {
	answered := map[string]bool{}
	for _, r := range refusals {
		answered[operationOf(r.in)+" "+r.code] = true
	}
	needed := map[string]bool{}
	for op := range operations(handlers{}) {
		codes := strings.Fields(documented[op])
		if len(codes) == 0 {
			t.Errorf("%s: write down the error types that its page documents", op)
		}
		for _, code := range codes {
			pair := op + " " + code
			needed[code], needed[pair] = true, true
			if !answered[pair] && never[code] == "" && never[pair] == "" {
				t.Errorf("%s: add a request that ends in it to the refusals, or why none can to never", pair)
			}
			if answered[pair] && never[pair] != "" {
				t.Errorf("%s: it is said that no request ends in it, but one does", pair)
			}
		}
	}
	for of := range never {
		if !needed[of] {
			t.Errorf("never says something of %s, which nothing documents", of)
		}
	}
}

// TestRefusals makes every refused request through AWS's client: it ends in the SDK's own type of an
// error that the operation's page names, and changes nothing.
func TestRefusals(t *testing.T) {
	w := stage(t)
	for _, r := range refusals {
		op := operationOf(r.in)
		if !slices.Contains(strings.Fields(documented[op]), r.code) {
			t.Errorf("%s does not document %s", op, r.code)
		}
		before := w.store.Commits()
		_, err := w.call(r.in)
		w.refused(op, err, r)
		if w.store.Commits() != before {
			t.Errorf("%s: the refused call %+v changed something", op, r.in)
		}
	}
}

// refused checks the error of one call.
func (w *world) refused(op string, err error, want refusal) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		w.Errorf("%s: got %v, want %sException: %s", op, err, want.code, want.message)
		return
	}
	if typ := reflect.TypeOf(api).Elem(); typ.Name() != want.code+"Exception" || typ.PkgPath() != reflect.TypeFor[types.ClientException]().PkgPath() {
		w.Errorf("%s: got %s (%s), want the type %sException", op, typ, api.ErrorMessage(), want.code)
	}
	if api.ErrorCode() != want.code+"Exception" || api.ErrorMessage() != want.message {
		w.Errorf("%s: got  %s: %s\nwant %sException: %s", op, api.ErrorCode(), api.ErrorMessage(), want.code, want.message)
	}
	var http *awshttp.ResponseError
	if !errors.As(err, &http) || http.HTTPStatusCode() != 400 || http.ServiceRequestID() == "" {
		w.Errorf("%s: %v: want status 400 and a request id", op, err)
	}
}

// unchecked makes the client send also what lacks required members.
func unchecked(o *ecs.Options) {
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
		_, _ = s.Initialize.Remove("OperationInputValidation") // where nothing is required there is none
		return nil
	})
}

// call sends an input with the client's method for it.
func (w *world) call(in any, opts ...func(*ecs.Options)) (any, error) {
	args := []reflect.Value{reflect.ValueOf(context.Context(w.Context())), reflect.ValueOf(in)}
	for _, o := range opts {
		args = append(args, reflect.ValueOf(o))
	}
	out := reflect.ValueOf(w.client).MethodByName(operationOf(in)).Call(args)
	err, _ := out[1].Interface().(error)
	return out[0].Interface(), err
}

// What the stage has besides seed's cluster demo with the instance 1 and the definition web:1.
const (
	standalone  = "000000000000000000000000000000a1" // a task, started with the client token once
	serviceTask = "000000000000000000000000000000a2" // a task of the service web
	digits      = "ecs-svc/1000000000000000001"      // the deployment of the service web
	current     = "demo/web/aaaaaaaaaaaaaaaaaaaaa"   // its service deployment, the first
	finished    = "demo/web/bbbbbbbbbbbbbbbbbbbbb"   // one that is over
	stoppable   = "demo/again/ccccccccccccccccccccc" // one of the service again, which deployed before
)

const subnet = "subnet-0000000000000000a"

var inSubnet = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{subnet}, SecurityGroups: []string{}, AssignPublicIp: "DISABLED"}}

// stage opens a world in which every refusal can be had.
func stage(t testing.TB) *world {
	path := filepath.Join(t.TempDir(), "stage.db")
	if err := os.WriteFile(path, stageFile(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return openWorld(t, path)
}

var (
	setUp    sync.Once
	setStage []byte
)

// stageFile returns the store's file of the stage, which is set up once.
func stageFile(t testing.TB) []byte {
	setUp.Do(func() {
		w := newStage(t)
		var err error
		if setStage, err = os.ReadFile(w.path); err != nil {
			t.Fatal(err)
		}
	})
	return setStage
}

func newStage(t testing.TB) *world {
	w := seed(t)
	w.addInstance(2)
	w.update(func(tx *store.Tx) {
		for _, name := range []string{"only-services", "only-tasks"} {
			store.Clusters.Put(tx, model.Cluster{Name: name, Status: active, Created: tx.Now()})
		}
		store.Clusters.Put(tx, model.Cluster{Name: "gone", Status: inactive, Created: tx.Now()})
		crowded, _ := store.ContainerInstances.Get(tx, instanceOf(2))
		for i := range maxAttributes {
			crowded.Attributes = append(crowded.Attributes, model.Attribute{Name: fmt.Sprint("a", i), Value: "v"})
		}
		store.ContainerInstances.Put(tx, crowded)
		setDefs(tx)
		setServices(tx)
		setTasks(tx)
		setTaskSets(tx)
		setProviders(tx)
	})
	return w
}

// setDefs adds the definition retired:1, INACTIVE, the family spent, which has no revision left, and
// for Fargate api:1 and api-new:1, which needs a platform version of today, with a subnet.
func setDefs(tx *store.Tx) {
	d, _ := store.TaskDefs.Get(tx, "web:1")
	d.Family, d.Status, d.Deregistered = "retired", inactive, tx.Now()
	store.TaskDefs.Put(tx, d)
	store.Families.Put(tx, model.Family{Name: "retired", Last: 1})
	store.Families.Put(tx, model.Family{Name: "spent", Last: 1_000_000})
	for name, pid := range map[string]types.PidMode{"api": "", "api-new": types.PidModeTask} {
		store.TaskDefs.Put(tx, model.TaskDef{Family: name, Revision: 1, Status: active, Doc: types.TaskDefinition{NetworkMode: types.NetworkModeAwsvpc, PidMode: pid,
			Compatibilities: []types.Compatibility{types.CompatibilityEc2, types.CompatibilityFargate}, Cpu: new("256"), Memory: new("512"),
			ContainerDefinitions: webDef("").ContainerDefinitions}})
		store.Families.Put(tx, model.Family{Name: name, Last: 1})
	}
	vpc := slices.Collect(store.VPCs.All(tx))[0].ID
	store.Subnets.Put(tx, model.Subnet{ID: subnet, VPC: vpc, CIDR: "172.31.240.0/24", Zone: "us-east-1a", Next: 4})
}

// setServices adds web, which has as many tags as may be, api on Fargate, leaving (DRAINING) and left (INACTIVE).
func setServices(tx *store.Tx) {
	web := model.Service{Name: "web", Cluster: "demo", Status: active, Desired: 1, Created: tx.Now(), Creator: tx.Caller().Entity(), Current: current,
		Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200, Scheduling: "REPLICA", PropagateTags: "NONE", Rebalancing: "DISABLED"},
		Deployments: []model.Deployment{{ID: digits, Status: "PRIMARY", Def: "web:1", Capacity: model.Capacity{LaunchType: "EC2"}, Created: tx.Now(), Updated: tx.Now(),
			State: "IN_PROGRESS", Reason: "ECS deployment " + digits + " in progress."}}}
	for i := range model.MaxTags {
		web.Tags = append(web.Tags, model.Tag{Key: fmt.Sprint("k", i), Value: "v"})
	}
	store.Services.Put(tx, web)
	for name, status := range map[string]string{"leaving": draining, "left": inactive} {
		s := web
		s.Name, s.Status, s.Desired, s.Current, s.Tags = name, status, 0, "", nil
		store.Services.Put(tx, s)
	}
	api := web
	api.Name, api.Current, api.Tags = "api", "", nil
	api.Deployments = slices.Clone(web.Deployments)
	api.Deployments[0].Def, api.Deployments[0].Capacity = "api-new:1", model.Capacity{LaunchType: "FARGATE", Network: inSubnet.AwsvpcConfiguration}
	store.Services.Put(tx, api)
	other := web
	other.Cluster, other.Current = "only-services", ""
	store.Services.Put(tx, other)
	again := web
	again.Name, again.Current, again.Good, again.Tags = "again", stoppable, model.Deployment{ID: "ecs-svc/1000000000000000002", Def: "web:1"}, nil
	store.Services.Put(tx, again)
	for key, status := range map[string]types.ServiceDeploymentStatus{current: types.ServiceDeploymentStatusInProgress, finished: types.ServiceDeploymentStatusSuccessful,
		stoppable: types.ServiceDeploymentStatusInProgress} {
		parts := strings.Split(key, "/")
		d := model.ServiceDeployment{ID: parts[2], Cluster: parts[0], Service: parts[1], Deployment: digits, MinPercent: 100, MaxPercent: 200, Created: tx.Now(), Started: tx.Now()}
		d.Move(status, "", tx.Now())
		store.ServiceDeployments.Put(tx, d)
	}
	store.ServiceRevisions.Put(tx, model.ServiceRevision{ID: model.RevisionID(digits), Cluster: "demo", Service: "web", Def: "web:1", Created: tx.Now()})
}

// setTasks adds a standalone task and one of the service web, both RUNNING on instance 1, and one in
// a cluster without anything else.
func setTasks(tx *store.Tx) {
	d, _ := store.TaskDefs.Get(tx, "web:1")
	for id, b := range map[string]model.Birth{
		standalone:      {Cluster: "demo", Group: "family:web", Token: "once", Request: "of another call"},
		serviceTask:     {Cluster: "demo", Group: "service:web", Service: "web", Deployment: digits, StartedBy: digits},
		instanceOf(999): {Cluster: "only-tasks", Group: "family:web"},
	} {
		b.LaunchType = "EC2"
		task := d.NewTask(id, b, func() string { return "00000000-0000-4000-8000-" + id[20:] }, tx.Now())
		task.Times.Connected = tx.Now()
		if b.Cluster == "demo" {
			task.Instance, task.Host = instanceOf(1), "127.66.0.1"
		}
		if err := task.Advance(model.Running, tx.Now()); err != nil {
			panic(err)
		}
		for i := range task.Containers {
			task.Containers[i].Is = model.Running
		}
		store.Tasks.Put(tx, task)
	}
}

// TestOperationsThatDoNotActAreRefusedByName calls each with nothing set.
func TestOperationsThatDoNotActAreRefusedByName(t *testing.T) {
	w := newWorld(t)
	client := reflect.ValueOf(w.client)
	for _, op := range known {
		m := client.MethodByName(op)
		in := reflect.New(m.Type().In(1).Elem())
		_, err := w.call(in.Interface(), unchecked)
		var api smithy.APIError
		if !errors.As(err, &api) || !strings.Contains(api.ErrorMessage(), op) {
			t.Errorf("%s: %v", op, err)
		}
	}
}
