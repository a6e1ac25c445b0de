package agent

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestSpec(t *testing.T) {
	kv := func(k, v string) types.KeyValuePair { return types.KeyValuePair{Name: &k, Value: &v} }
	web := types.ContainerDefinition{Name: ptr("web"), Image: ptr("nginx:1"), Cpu: 256, Memory: ptr(int32(128)), MemoryReservation: ptr(int32(64)),
		Command: []string{"nginx"}, Environment: []types.KeyValuePair{kv("A", "def"), kv("B", "def"), kv("AWS_EXECUTION_ENV", "mine")},
		Links: []string{"db", "cache:c"}, StopTimeout: ptr(int32(5)), DockerLabels: map[string]string{"mine": "1", "com.amazonaws.ecs.cluster": "forged"},
		PortMappings: []types.PortMapping{{ContainerPort: ptr(int32(80)), HostPort: ptr(int32(8080)), Protocol: "tcp"}, {ContainerPort: ptr(int32(81))}},
		MountPoints: []types.MountPoint{{SourceVolume: ptr("conf"), ContainerPath: ptr("/etc/x"), ReadOnly: ptr(true)},
			{SourceVolume: ptr("scratch"), ContainerPath: ptr("/tmp/x")}}}
	d := model.TaskDef{Family: "shop", Revision: 3, Doc: types.TaskDefinition{ContainerDefinitions: []types.ContainerDefinition{web},
		Volumes: []types.Volume{{Name: ptr("conf"), Host: &types.HostVolumeProperties{SourcePath: ptr("/srv/conf")}}, {Name: ptr("scratch")}}}}
	task := model.Task{ID: "t1", Host: "10.0.0.9", Birth: model.Birth{Cluster: "demo", Def: "shop:3", Overrides: &types.TaskOverride{
		ContainerOverrides: []types.ContainerOverride{{Name: ptr("web"), Command: []string{"sleep", "1"}, Memory: ptr(int32(256)),
			Environment: []types.KeyValuePair{kv("B", "over")}}}}}}

	vpc := engine.VPC{Scope: sc, ID: "vpc-1"}
	got, err := buildSpec(task, d, "web", site{scope: sc, ec2: "i-0abc", vpc: vpc})
	if err != nil {
		t.Fatal(err)
	}
	arn := "arn:aws:ecs:us-east-1:000000000000:task/demo/t1"
	want := engine.Spec{Scope: sc, Task: "t1", Container: "web", Image: "nginx:1", Doc: web, Command: []string{"sleep", "1"},
		Env: map[string]string{"A": "def", "B": "over", "AWS_EXECUTION_ENV": "mine", "DRYDOCK_TASK_ARN": arn,
			"DRYDOCK_INSTANCE_ID": "i-0abc", "DRYDOCK_CONTAINER_NAME": "web"},
		Labels: map[string]string{"mine": "1", "com.amazonaws.ecs.cluster": "demo", "com.amazonaws.ecs.container-name": "web",
			"com.amazonaws.ecs.task-arn": arn, "com.amazonaws.ecs.task-definition-family": "shop", "com.amazonaws.ecs.task-definition-version": "3"},
		Host: "10.0.0.9", Instance: "i-0abc", VPC: vpc, Ports: []engine.PortSpec{{ContainerPort: 80, HostPort: 8080, Protocol: "tcp"}, {ContainerPort: 81, Protocol: "tcp"}},
		Network: "bridge", CPUShares: 256, Memory: 256 << 20, Reserve: 64 << 20, Links: []string{"db:db", "cache:c"},
		Binds:     []engine.Bind{{Source: "/srv/conf", Target: "/etc/x", ReadOnly: true}, {Volume: "scratch", Target: "/tmp/x"}},
		StopGrace: 5 * time.Second}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSpecRefusesWhatNetmodesRefuse(t *testing.T) {
	d := model.TaskDef{Family: "a", Revision: 1, Doc: types.TaskDefinition{NetworkMode: "nat",
		ContainerDefinitions: []types.ContainerDefinition{{Name: ptr("web")}}}}
	_, err := buildSpec(model.Task{}, d, "web", site{scope: sc, ec2: "i-1"})
	var e *engine.Error
	if !errors.As(err, &e) || e.Name != engine.CannotCreate {
		t.Errorf("error %v", err)
	}
}

func TestOpenFilesOnFargate(t *testing.T) {
	for _, c := range []struct {
		rule string
		want int64
		own  []types.Ulimit
	}{
		{"Fargate has its own limit of open files", 65535, []types.Ulimit{{Name: types.UlimitNameCore}}},
		{"and the definition's goes before", 0, []types.Ulimit{{Name: types.UlimitNameNofile, SoftLimit: 1024, HardLimit: 2048}}},
	} {
		d := model.TaskDef{Doc: types.TaskDefinition{ContainerDefinitions: []types.ContainerDefinition{{Name: ptr("web"), Ulimits: c.own}}}}
		s, err := buildSpec(model.Task{Birth: model.Birth{LaunchType: "FARGATE"}}, d, "web", site{scope: sc})
		if err != nil {
			t.Fatal(err)
		}
		if s.Files != c.want || len(s.Doc.Ulimits) != 1 || s.Doc.Ulimits[0] != c.own[0] {
			t.Errorf("%s: %d, %+v", c.rule, s.Files, s.Doc.Ulimits)
		}
	}
}

func TestShares(t *testing.T) {
	c := func(name string, cpu int32) types.ContainerDefinition {
		return types.ContainerDefinition{Name: &name, Cpu: cpu}
	}
	for _, r := range []struct {
		rule string
		task string
		cs   []types.ContainerDefinition
		want int64
	}{
		{"its own cpu", "1024", []types.ContainerDefinition{c("web", 128)}, 128},
		{"no cpu at all is the least", "", []types.ContainerDefinition{c("web", 0)}, 2},
		{"the whole task's", "512", []types.ContainerDefinition{c("web", 0)}, 512},
		{"a part of what the others leave", "512", []types.ContainerDefinition{c("web", 0), c("log", 0), c("db", 312)}, 100},
		{"nothing is left", "128", []types.ContainerDefinition{c("web", 0), c("db", 128)}, 2},
	} {
		d := model.TaskDef{Doc: types.TaskDefinition{ContainerDefinitions: r.cs}}
		if r.task != "" {
			d.Doc.Cpu = &r.task
		}
		if got := shares(d, nil, "web"); got != r.want {
			t.Errorf("%s: %d, want %d", r.rule, got, r.want)
		}
	}
}
