package wire_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/drydock-ecs/drydock/api/wire"
)

func TestSetNamesWhatAsksForSomething(t *testing.T) {
	type cd = types.ContainerDefinition
	def := func(cs ...cd) *ecs.RegisterTaskDefinitionInput {
		return &ecs.RegisterTaskDefinitionInput{ContainerDefinitions: cs}
	}
	for _, tt := range []struct {
		rule string
		in   any
		path string
		want []string
	}{
		{"nil is not set", def(), "runtimePlatform", nil},
		{"below nil nothing is set", def(), "runtimePlatform.cpuArchitecture", nil},
		{"a value is set", &ecs.RegisterTaskDefinitionInput{PidMode: "host"}, "pidMode", []string{"pidMode"}},
		{"lists are walked", def(cd{}, cd{Links: []string{"a"}}, cd{Links: []string{}}), "containerDefinitions.links", []string{"containerDefinitions[1].links"}},
		{"false asks for nothing", def(cd{Privileged: aws.Bool(false), Interactive: aws.Bool(true)}), "containerDefinitions.privileged", nil},
		{"true asks", def(cd{Interactive: aws.Bool(true)}), "containerDefinitions.interactive", []string{"containerDefinitions[0].interactive"}},
		{"an empty string asks for nothing", def(cd{User: aws.String("")}), "containerDefinitions.user", nil},
		{"a zero that was given asks", def(cd{StartTimeout: aws.Int32(0)}), "containerDefinitions.startTimeout", []string{"containerDefinitions[0].startTimeout"}},
		{"a bare zero does not", def(cd{}), "containerDefinitions.cpu", nil},
		{"an empty structure asks for nothing", def(cd{LinuxParameters: &types.LinuxParameters{InitProcessEnabled: aws.Bool(false)}}), "containerDefinitions.linuxParameters", nil},
		{"a structure's members are reached", def(cd{LinuxParameters: &types.LinuxParameters{MaxSwap: aws.Int32(0)}}), "containerDefinitions.linuxParameters.maxSwap",
			[]string{"containerDefinitions[0].linuxParameters.maxSwap"}},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if got := wire.Set(tt.in, tt.path); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestRefuseNamesEveryMember(t *testing.T) {
	in := &ecs.RegisterTaskDefinitionInput{PidMode: "host", IpcMode: "task"}
	wantError(t, wire.Refuse(in, "ClientException", "ipcMode", "pidMode", "volumes.name"), "ClientException", "Drydock does not support the parameters ipcMode, pidMode.")
	if err := wire.Refuse(in, "ClientException", "volumes"); err != nil {
		t.Error(err)
	}
}

func TestAPathThatTheInputDoesNotHavePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a misspelt member went unseen")
		}
	}()
	wire.Set(&ecs.RegisterTaskDefinitionInput{}, "containerDefinitions.nothing")
}
