package ecs

import (
	"flag"
	"reflect"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/optable"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var update = flag.Bool("update", false, "write docs/operations-ecs.md anew")

// echoed are members that nothing reads, by design: they are labels, on ECS too as long as what
// would read them is refused.
var echoed = map[string]string{
	"PortMapping.AppProtocol": "Service Connect alone reads it",
}

// refusedValues are values that are refused of members that act; they stand in the table as words.
var refusedValues = map[string][]string{
	"CreateService":            {"launchType EXTERNAL and MANAGED_INSTANCES", "deploymentController CODE_DEPLOY"},
	"CreateTaskSet":            {"launchType EXTERNAL and MANAGED_INSTANCES"},
	"CreateCapacityProvider":   {"managedScaling.status, managedTerminationProtection and managedDraining ENABLED"},
	"UpdateCapacityProvider":   {"managedScaling.status, managedTerminationProtection and managedDraining ENABLED"},
	"PutAccountSetting":        {"values that cannot act here; the error says why"},
	"PutAccountSettingDefault": {"values that cannot act here; the error says why"},
	"RegisterTaskDefinition": {"requiresCompatibilities other than EC2 and FARGATE", "log driver awsfirelens",
		"versionConsistency enabled", "IPC systemControls with ipcMode task", "dockerSecurityOptions credentialspec"},
	"RunTask": {"launchType EXTERNAL and MANAGED_INSTANCES"},
}

// reasons say why operations are refused, by what their names have in them; the first that fits.
var reasons = []struct{ part, why string }{
	{"ExpressGateway", "Express Mode services are not emulated"},
	{"Gateway", "gateways are not emulated"},
	{"Daemon", "ECS daemons as a resource of their own are not emulated; services of the DAEMON strategy act"},
	{"ServicesByNamespace", "there is no Service Connect"},
	{"ContinueServiceDeployment", "there are no blue/green deployments with pauses"},
	{"ExecuteCommand", "use docker exec on the container's runtimeId"},
	{"Submit", "the container agent's own call; the agent here is part of the daemon"},
	{"DiscoverPollEndpoint", "the container agent's own call; the agent here is part of the daemon"},
	{"RegisterContainerInstance", "the container agent's own call; use RunInstances or drydock instance add"},
	{"UpdateContainerAgent", "the agent is part of the daemon; update that"},
}

// TestOperationsTable walks every operation of the SDK and every member of its input: what is
// neither read nor echoed by design must be refused by name. It writes what it found as a table.
func TestOperationsTable(t *testing.T) {
	var listed []map[reflect.Type]optable.Members
	for _, list := range []map[reflect.Type]support{taskDefSupport, overrideSupport, serviceSupport, networkSupport, providerSupport} {
		l := map[reflect.Type]optable.Members{}
		for typ, acts := range list {
			l[typ] = optable.Members(acts)
		}
		listed = append(listed, l)
	}
	optable.Table{Service: "ecs", Title: "Amazon ECS", Tail: tableTail, Client: reflect.TypeFor[*ecs.Client](),
		Ops: handler.Ops(newStore(t), operations(handlers{arch: "amd64"})), Known: known, Readers: readers, Echoed: echoed,
		Values: refusedValues, Least: least, Why: reason, Listed: listed, Call: wire.Call{Scope: scope}}.Check(t, *update)
}

// tableTail says where what acts differs from an instance on EC2.
const tableTail = `
## Where it differs from an instance on EC2

- cpu and memory of a task bind its containers together, by a cgroup, where the daemon runs as root on
  the engine's machine and the engine's cgroup driver is cgroupfs. Elsewhere, as with the systemd driver,
  they are limits of each container: a task of one container has exactly its size, of several each may use
  as much as the task. The daemon says so in its log when it starts.
- Images that the engine has are not pulled again (the agent's ECS_IMAGE_PULL_BEHAVIOR prefer-cached), but for those with
  repositoryCredentials (the agent's default), see [Secrets](secrets.md).
- A Docker volume of the scope shared belongs to its instance, under a name of Drydock's own, if it is
  autoprovisioned; else it is the engine's volume of that very name. It stays until it is removed with
  ` + "`docker volume rm`" + `.
- The log driver awslogs writes to the log groups of this daemon, see [Logs](logs.md).
- Log drivers other than awslogs, json-file and none are the engine's: what it cannot do is a
  CannotCreateContainerError or CannotStartContainerError of the task.
- Privileged containers get what the engine itself has.
- restartAttemptPeriod and the intervals of health checks are divided by --time-scale; stopTimeout and
  startTimeout are the processes' own time and are not.
`

func reason(name string) string {
	for _, r := range reasons {
		if strings.Contains(name, r.part) {
			return r.why
		}
	}
	return ""
}

// least are inputs of operations that look at other members before they refuse one.
var least = map[reflect.Type]func() any{
	reflect.TypeFor[ecs.CreateServiceInput]():          func() any { return &ecs.CreateServiceInput{ServiceName: new("web")} },
	reflect.TypeFor[ecs.RegisterTaskDefinitionInput](): func() any { return webDef("web") },
}

// readers are the packages in which members of requests are read, here or out of what was stored.
var readers = []string{"api/ecs", "internal/logdriver", "internal/model", "internal/agent", "internal/engine/docker", "internal/control", "netmodes", "scheduler", "internal/place", "internal/rollout"}

// TestRefusedValues shows that the values which the table says are refused are, by name.
func TestRefusedValues(t *testing.T) {
	for _, c := range []struct {
		says string
		edit func(in *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition)
	}{
		{"the compatibility EXTERNAL", func(in *registration, _ *types.ContainerDefinition) {
			in.RequiresCompatibilities = []types.Compatibility{types.CompatibilityExternal}
		}},
		{"the log driver awsfirelens", func(_ *registration, c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwsfirelens}
		}},
		{"the versionConsistency enabled", func(_ *registration, c *types.ContainerDefinition) {
			c.VersionConsistency = types.VersionConsistencyEnabled
		}},
		{"the system control kernel.msgmax with ipcMode=task", func(in *registration, c *types.ContainerDefinition) {
			in.IpcMode, c.SystemControls = types.IpcModeTask, []types.SystemControl{{Namespace: new("kernel.msgmax"), Value: new("1")}}
		}},
	} {
		in := webDef("web")
		c.edit(in, &in.ContainerDefinitions[0])
		if err := checkTaskDef(in, "amd64"); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.says, err)
		}
	}
}
