package gate

import (
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

const (
	toTasks = "ecs-tasks.amazonaws.com"
	toECS   = "ecs.amazonaws.com"
)

// ecsRules are those of Amazon ECS. ecs:cluster is a key of the resources that stand in a cluster, not
// of the cluster itself.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
var ecsRules = table(map[string]rule{
	"CreateCluster":               {on: arns("cluster/", "ClusterName", "default"), keys: keyed(providers), tagged: tagECS},
	"PutClusterCapacityProviders": {on: cluster("Cluster"), keys: keyed(providers)},
	"DescribeClusters":            {on: cluster("Clusters")},
	"CreateCapacityProvider":      {on: arns("capacity-provider/", "Name", ""), tagged: tagECS},
	"UpdateCapacityProvider":      {on: arns("capacity-provider/", "Name", "")},
	"DeleteCapacityProvider":      {on: arns("capacity-provider/", "CapacityProvider", "")},
	"DescribeCapacityProviders":   {on: arns("capacity-provider/", "CapacityProviders", "*")},

	"RegisterTaskDefinition": {on: newRevision, keys: keyed(registered), tagged: tagECS, passes: ofDefinition},
	"DeleteTaskDefinitions":  {on: definition("TaskDefinitions")},
	"RunTask":                {on: definition("TaskDefinition"), keys: keyed(inCluster, providers, network), tagged: tagECS, tags: newTasks, passes: toRun},
	"StartTask":              {on: definition("TaskDefinition"), keys: keyed(inCluster, network, onInstances), tagged: tagECS, tags: newTasks, passes: toRun},

	"CreateService": {on: service("ServiceName"), keys: keyed(inCluster, providers, network, itsDefinition), tagged: tagECS, passes: toServe},
	"UpdateService": {on: service("Service"), keys: keyed(inCluster, providers, network, itsDefinition), passes: toServe},
	"ListServices":  {keys: keyed(inCluster)},

	"CreateTaskSet":    {on: taskSets("*"), keys: keyed(inCluster, inService, providers, itsDefinition), tagged: tagECS, passes: toRun},
	"UpdateTaskSet":    {on: taskSets("TaskSet"), keys: keyed(inCluster, inService)},
	"DeleteTaskSet":    {on: taskSets("TaskSet"), keys: keyed(inCluster, inService)},
	"DescribeTaskSets": {on: taskSets("TaskSets"), keys: keyed(inCluster, inService)},

	"ListTasks":                  {on: within("container-instance", "ContainerInstance"), keys: keyed(inCluster)},
	"StopTask":                   {on: within("task", "Task"), keys: keyed(inCluster)},
	"ListServiceDeployments":     {on: service("Service"), keys: keyed(inCluster)},
	"DescribeServiceDeployments": {on: ofService("ServiceDeploymentArns")},
	"DescribeServiceRevisions":   {on: ofService("ServiceRevisionArns")},
	"StopServiceDeployment":      {on: ofService("ServiceDeploymentArn")},
	"PutAttributes":              {on: within("container-instance", "Attributes.TargetId"), keys: keyed(inCluster)},
	"DeleteAttributes":           {on: within("container-instance", "Attributes.TargetId"), keys: keyed(inCluster)},
	"TagResource":                {on: given("ResourceArn")},
	"UntagResource":              {on: given("ResourceArn")},
	"ListTagsForResource":        {on: given("ResourceArn")},
},
	all(rule{on: cluster("Cluster")}, "UpdateCluster UpdateClusterSettings DeleteCluster DeregisterContainerInstance ListAttributes ListContainerInstances"),
	all(rule{on: service("Service"), keys: keyed(inCluster)}, "DeleteService UpdateServicePrimaryTaskSet"),
	all(rule{on: service("Services"), keys: keyed(inCluster)}, "DescribeServices"),
	all(rule{on: within("task", "Tasks"), keys: keyed(inCluster)}, "DescribeTasks GetTaskProtection UpdateTaskProtection"),
	all(rule{on: within("container-instance", "ContainerInstances"), keys: keyed(inCluster)}, "DescribeContainerInstances UpdateContainerInstancesState"),
	all(rule{keys: keyed(setting)}, "PutAccountSetting PutAccountSettingDefault DeleteAccountSetting"),
	all(plain, "DeregisterTaskDefinition DescribeTaskDefinition ListAccountSettings ListClusters ListTaskDefinitions ListTaskDefinitionFamilies"),
)

// tagECS is asked for besides the operation when something is made with tags.
const tagECS = "ecs:TagResource"

func keyed(keys ...func(*asking)) []func(*asking) { return keys }

func cluster(member string) func(*asking) []string { return arns("cluster/", member, "default") }

// clusterName is the name of the cluster that the call is about.
func (a *asking) clusterName() string {
	name := a.text("Cluster")
	if p, ok := model.ParseARN(name); ok {
		name = strings.TrimPrefix(p.Resource, "cluster/")
	}
	if name == "" {
		return "default"
	}
	return name
}

// within is the ARNs of resources of a kind that stand in the cluster, in the long format. Where the
// call names none it is about all of them.
func within(kind, member string) func(*asking) []string {
	return func(a *asking) []string {
		prefix := kind + "/" + a.clusterName() + "/"
		all := arns(prefix, member, "*")(a)
		for i, arn := range all {
			p, _ := model.ParseARN(arn)
			if short, ok := strings.CutPrefix(p.Resource, kind+"/"); ok && !strings.Contains(short, "/") {
				p.Resource = prefix + short
				all[i] = p.String()
			}
		}
		return all
	}
}

func service(member string) func(*asking) []string { return within("service", member) }

// taskSets is the ARNs of task sets of the service; member may be * for one that is yet to be made.
func taskSets(member string) func(*asking) []string {
	return func(a *asking) []string {
		return arns("task-set/"+a.clusterName()+"/"+a.serviceName()+"/", member, "*")(a)
	}
}

func (a *asking) serviceName() string {
	name := a.text("Service")
	return name[strings.LastIndexByte(name, '/')+1:]
}

// ofService is ARNs of deployments and revisions, and of the services that they are of.
func ofService(member string) func(*asking) []string {
	return func(a *asking) (all []string) {
		for _, arn := range a.texts(member) {
			p, ok := model.ParseARN(arn)
			parts := strings.Split(p.Resource, "/")
			if !ok || len(parts) != 4 {
				return []string{arn}
			}
			p.Resource = "service/" + parts[1] + "/" + parts[2]
			all = append(all, p.String(), arn)
		}
		return all
	}
}

// newTasks is the tasks that are yet to be made, and newRevision the revision.
func newTasks(a *asking) []string { return []string{a.sc.ARN("ecs", "task/"+a.clusterName()+"/*")} }

func newRevision(a *asking) []string {
	return []string{a.sc.ARN("ecs", "task-definition/"+a.text("Family")+":*")}
}

// definition is the ARNs of task definitions; a family alone is its newest revision.
func definition(member string) func(*asking) []string {
	return func(a *asking) (all []string) {
		for _, v := range a.texts(member) {
			all = append(all, a.arn("task-definition/", a.revision(v)))
		}
		return all
	}
}

func (a *asking) revision(ref string) string {
	if strings.Contains(ref, ":") {
		return ref
	}
	last := "*"
	f, _ := store.Families.Get(a.tx, ref)
	for n := f.Last; n > 0; n-- {
		if d, ok := store.TaskDefs.Get(a.tx, ref+":"+strconv.Itoa(n)); ok && d.Status == "ACTIVE" {
			last = strconv.Itoa(n)
			break
		}
	}
	return ref + ":" + last
}

// The condition keys of ECS.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_service-with-iam.html
func inCluster(a *asking) { a.keys.Set("ecs:cluster", a.sc.ARN("ecs", "cluster/"+a.clusterName())) }

func inService(a *asking) {
	a.keys.Set("ecs:service", a.sc.ARN("ecs", "service/"+a.clusterName()+"/"+a.serviceName()))
}

func itsDefinition(a *asking) { a.keys.Set("ecs:task-definition", definition("TaskDefinition")(a)...) }

func onInstances(a *asking) {
	a.keys.Set("ecs:container-instances", within("container-instance", "ContainerInstances")(a)...)
}

func providers(a *asking) {
	var all []string
	for _, member := range [...]string{"CapacityProviderStrategy.CapacityProvider", "DefaultCapacityProviderStrategy.CapacityProvider", "CapacityProviders"} {
		all = append(all, arns("capacity-provider/", member, "")(a)...)
	}
	a.keys.Set("ecs:capacity-provider", all...)
}

func network(a *asking) {
	a.keys.Set("ecs:subnet", a.texts("NetworkConfiguration.AwsvpcConfiguration.Subnets")...)
	if ip := a.text("NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp"); ip != "" {
		a.keys.Set("ecs:auto-assign-public-ip", strconv.FormatBool(ip == "ENABLED"))
	}
	a.keys.Set("ecs:propagate-tags", a.texts("PropagateTags")...)
}

func setting(a *asking) { a.keys.Set("ecs:account-setting", a.texts("Name")...) }

func registered(a *asking) {
	a.keys.Set("ecs:compute-compatibility", a.texts("RequiresCompatibilities")...)
	a.keys.Set("ecs:task-cpu", a.texts("Cpu")...)
	a.keys.Set("ecs:task-memory", a.texts("Memory")...)
	privileged := "disabled"
	for _, c := range a.values("ContainerDefinitions.Privileged") {
		if c.Bool() {
			privileged = "enabled"
		}
	}
	a.keys.Set("ecs:privileged", privileged)
}

// ofDefinition is the roles of a task definition that is registered.
func ofDefinition(a *asking) []passing {
	return a.pass(toTasks, newRevision(a), a.texts("TaskRoleArn"), a.texts("ExecutionRoleArn"))
}

// toRun is the roles that tasks are to run with: those of the request go before those of the definition.
func toRun(a *asking) (all []passing) {
	task, execution := a.texts("Overrides.TaskRoleArn"), a.texts("Overrides.ExecutionRoleArn")
	if d, ok := a.definition(); ok {
		if task == nil && d.Doc.TaskRoleArn != nil {
			task = []string{*d.Doc.TaskRoleArn}
		}
		if execution == nil && d.Doc.ExecutionRoleArn != nil {
			execution = []string{*d.Doc.ExecutionRoleArn}
		}
	}
	return a.pass(toTasks, definition("TaskDefinition")(a), task, execution)
}

// definition is the task definition that is to be run.
func (a *asking) definition() (model.TaskDef, bool) {
	ref := a.text("TaskDefinition")
	if p, ok := model.ParseARN(ref); ok {
		ref = strings.TrimPrefix(p.Resource, "task-definition/")
	}
	return store.TaskDefs.Get(a.tx, a.revision(ref))
}

// toServe is toRun and the role with which the service registers targets.
func toServe(a *asking) []passing {
	return append(toRun(a), a.pass(toECS, service("ServiceName")(a), a.texts("Role"))...)
}

// pass hands roles to a service, to be used with resources.
func (a *asking) pass(to string, with []string, roles ...[]string) (all []passing) {
	for _, some := range roles {
		for _, role := range some {
			all = append(all, passing{a.role(role), to, with})
		}
	}
	return all
}

// role is the ARN of a role that may be given by its name.
func (a *asking) role(ref string) string {
	if strings.HasPrefix(ref, "arn:") {
		return ref
	}
	if r, ok := store.Roles.Get(a.tx.In(a.sc.Global()), model.Role{Name: ref}.Key()); ok {
		return r.ARN(a.sc)
	}
	return a.sc.IAM("role/" + ref)
}
