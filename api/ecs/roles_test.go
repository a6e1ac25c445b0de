package ecs

import (
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// addRole puts a role that trusts a service.
func (w *world) addRole(path, name, service string) {
	w.update(func(tx *store.Tx) {
		store.Roles.Put(tx.In(tx.Scope().Global()), model.Role{Name: name, Path: path, ID: "AROA" + name,
			Trust: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`})
	})
}

func TestTaskRolesAreRegistered(t *testing.T) {
	w := newWorld(t)
	w.addRole("/apps/", "deep", identity.ForTasks)
	for given, want := range map[string]string{
		"arn:aws:iam::000000000000:role/app": "arn:aws:iam::000000000000:role/app",
		"app":                                "arn:aws:iam::000000000000:role/app",
		"deep":                               "arn:aws:iam::000000000000:role/apps/deep",
	} {
		in := webDef("web")
		in.TaskRoleArn = &given
		out := must(w.client.RegisterTaskDefinition(t.Context(), in))(t)
		w.equal(aws.ToString(out.TaskDefinition.TaskRoleArn), want)
		if !slices.ContainsFunc(out.TaskDefinition.RequiresAttributes, func(a types.Attribute) bool { return *a.Name == "com.amazonaws.ecs.capability.task-iam-role" }) {
			t.Error("the agent need not know of task roles")
		}
	}
	for _, bad := range []string{"arn:aws:iam::000000000000:user/x", "arn:aws:iam::000000000000:role/", "a/b", "role app"} {
		in := webDef("web")
		in.TaskRoleArn = &bad
		_, err := w.client.RegisterTaskDefinition(t.Context(), in)
		w.fails(err, "ClientException", "Role is not valid")
	}
}

func TestRolesAreAssumedWhenATaskIsLaunched(t *testing.T) {
	w := newWorld(t)
	must(w.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("demo")}))(t)
	w.addInstance(1)
	w.update(func(tx *store.Tx) {
		ci, _ := store.ContainerInstances.Get(tx, instanceOf(1))
		ci.Attributes = append(slices.Clone(ci.Attributes), model.Attribute{Name: capability + "task-iam-role"})
		store.ContainerInstances.Put(tx, ci)
	})
	w.addRole("/", "app", identity.ForTasks)
	w.addRole("/", "machine", identity.ForInstances)
	arn := func(name string) *string { return aws.String("arn:aws:iam::000000000000:role/" + name) }
	for _, c := range []struct {
		rule            string
		task, execution *string
		override        *types.TaskOverride
		refused         *string
	}{
		{"one that trusts ECS", arn("app"), arn("app"), nil, nil},
		{"one that is not there", arn("gone"), nil, nil, arn("gone")},
		{"one that trusts another service", arn("machine"), nil, nil, arn("machine")},
		{"an execution role too", nil, arn("machine"), nil, arn("machine")},
		{"an override instead of it", arn("gone"), nil, &types.TaskOverride{TaskRoleArn: arn("app")}, nil},
		{"by its name", nil, nil, &types.TaskOverride{TaskRoleArn: aws.String("app")}, nil},
		{"an override that is not there", arn("app"), nil, &types.TaskOverride{ExecutionRoleArn: arn("gone")}, arn("gone")},
		{"one of another account", aws.String("arn:aws:iam::111122223333:role/app"), nil, nil, aws.String("arn:aws:iam::111122223333:role/app")},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := webDef("web")
			in.ContainerDefinitions[0].PortMappings = nil
			in.TaskRoleArn, in.ExecutionRoleArn = c.task, c.execution
			must(w.client.RegisterTaskDefinition(t.Context(), in))(t)
			out, err := w.client.RunTask(t.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("web"), Overrides: c.override})
			if c.refused != nil {
				w.fails(err, "ClientException", identity.CannotAssume(*c.refused))
				return
			}
			if err != nil || len(out.Tasks) != 1 {
				t.Fatal(err, out)
			}
			if c.override != nil {
				w.equal(aws.ToString(out.Tasks[0].Overrides.TaskRoleArn), *arn("app"))
			}
		})
	}
}
