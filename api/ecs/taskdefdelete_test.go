package ecs

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestDeleteTaskDefinitions(t *testing.T) {
	w := seed(t)
	must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
	must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t)
	w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("web:2")})
	for _, d := range []string{"web:1", "web:2"} {
		must(w.client.DeregisterTaskDefinition(t.Context(), &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String(d)}))(t)
	}
	del := func(ids ...string) *ecs.DeleteTaskDefinitionsOutput {
		t.Helper()
		return must(w.client.DeleteTaskDefinitions(t.Context(), &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: ids}))(t)
	}
	out := del("web:1", arnPrefix+"task-definition/web:2", "web:3", "web:9")
	w.equal(line(len(out.TaskDefinitions), out.TaskDefinitions[0].Status, recent(out.TaskDefinitions[0].DeleteRequestedAt)), "2 DELETE_IN_PROGRESS true")
	w.equal(failures(out.Failures), []string{
		"web:3 The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
		"web:9 The specified task definition does not exist. Specify a valid account, family, revision and try again."})
	list := must(w.client.ListTaskDefinitions(t.Context(), &ecs.ListTaskDefinitionsInput{Status: types.TaskDefinitionStatusDeleteInProgress, Sort: types.SortOrderDesc}))(t)
	w.equal(list.TaskDefinitionArns, []string{arnPrefix + "task-definition/web:2", arnPrefix + "task-definition/web:1"})
	_, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web:1")})
	w.fails(err, "InvalidParameterException", "TaskDefinition is inactive")
	first := del("web:1").TaskDefinitions[0].DeleteRequestedAt
	w.equal(first.Equal(*out.TaskDefinitions[0].DeleteRequestedAt), true)

	w.update(func(tx *store.Tx) {
		for _, key := range []string{"web:1", "web:2"} {
			d, _ := store.TaskDefs.Get(tx, key)
			d.Deleting = d.Deleting.Add(-deleting)
			store.TaskDefs.Put(tx, d)
		}
	})
	out = del("web:1", "web:2")
	w.equal(line(len(out.Failures), len(out.TaskDefinitions)), "1 1") // web:2 is in use by a task
	w.equal(*out.TaskDefinitions[0].TaskDefinitionArn, arnPrefix+"task-definition/web:2")
	d := must(w.client.RegisterTaskDefinition(t.Context(), webDef("web")))(t).TaskDefinition
	w.equal(d.Revision, 4)

	_, err = w.client.DeleteTaskDefinitions(t.Context(), &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{}})
	w.fails(err, "InvalidParameterException", "Task definitions cannot be empty.")
	_, err = w.client.DeleteTaskDefinitions(t.Context(), &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"web"}})
	w.fails(err, "InvalidParameterException", "Missing revision. TaskDefinition must be family:revision or an ARN with a revision.")
}

func TestADefinitionNamesWhatItNeeds(t *testing.T) {
	in := webDef("web")
	c := &in.ContainerDefinitions[0]
	in.PidMode = types.PidModeTask
	in.Volumes = []types.Volume{{Name: aws.String("v"), DockerVolumeConfiguration: &types.DockerVolumeConfiguration{}}}
	c.PortMappings = []types.PortMapping{{ContainerPortRange: aws.String("80-90")}}
	c.RestartPolicy = &types.ContainerRestartPolicy{Enabled: aws.Bool(true)}
	c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverGelf}
	if err := checkTaskDef(in, "amd64"); err != nil {
		t.Fatal(err)
	}
	d := newDoc(in)
	w := &world{TB: t}
	w.equal(names(d.RequiresAttributes, func(a types.Attribute) string { return *a.Name }), []string{
		capability + "docker-remote-api.1.18", capability + "logging-driver.gelf", "ecs.capability.container-port-range",
		"ecs.capability.container-restart-policy", "ecs.capability.docker-plugin.local", "ecs.capability.pid-ipc-namespace-sharing"})
	w.equal(d.Volumes[0].DockerVolumeConfiguration.Scope, types.ScopeTask)
	w.equal(d.ContainerDefinitions[0].PortMappings[0].HostPort == nil, true)
}
