package agent

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestContainersFindTheirWay(t *testing.T) {
	v := vault.New(vault.NewKey())
	for _, c := range []struct {
		rule     string
		endpoint string
		env      map[string]string
		doc      types.TaskDefinition
		override *types.TaskOverride
		want     string
	}{
		{"region, endpoint and metadata for all", "http://169.254.170.2:4566", nil, types.TaskDefinition{}, nil,
			"AWS_DEFAULT_REGION=eu-west-1 AWS_ENDPOINT_URL=http://169.254.170.2:4566 AWS_REGION=eu-west-1 ECS_AGENT_URI=http://169.254.170.2/api/ID ECS_CONTAINER_METADATA_URI=http://169.254.170.2/v3/ID ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/ID"},
		{"credentials where there is a role", "", nil, types.TaskDefinition{TaskRoleArn: new("arn")}, nil,
			"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/ID AWS_DEFAULT_REGION=eu-west-1 AWS_REGION=eu-west-1 ECS_AGENT_URI=http://169.254.170.2/api/ID ECS_CONTAINER_METADATA_URI=http://169.254.170.2/v3/ID ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/ID"},
		{"also when only this task has one", "", nil, types.TaskDefinition{}, &types.TaskOverride{TaskRoleArn: new("arn")},
			"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/credentials/ID AWS_DEFAULT_REGION=eu-west-1 AWS_REGION=eu-west-1 ECS_AGENT_URI=http://169.254.170.2/api/ID ECS_CONTAINER_METADATA_URI=http://169.254.170.2/v3/ID ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/ID"},
		{"what the definition says of region and endpoint stays, of the rest it does not",
			"http://169.254.170.2:4566", map[string]string{"AWS_REGION": "mine", "AWS_ENDPOINT_URL": "", "ECS_CONTAINER_METADATA_URI_V4": "mine"}, types.TaskDefinition{}, nil,
			"AWS_DEFAULT_REGION=eu-west-1 AWS_ENDPOINT_URL= AWS_REGION=mine ECS_AGENT_URI=http://169.254.170.2/api/ID ECS_CONTAINER_METADATA_URI=http://169.254.170.2/v3/ID ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/ID"},
		{"without a network there is nothing to ask", "http://169.254.170.2:4566", nil, types.TaskDefinition{TaskRoleArn: new("arn"), NetworkMode: types.NetworkModeNone}, nil,
			"AWS_DEFAULT_REGION=eu-west-1 AWS_REGION=eu-west-1"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			a := &Agent{c: Config{Vault: v, Endpoint: c.endpoint}}
			s := engine.Spec{Scope: model.Scope{Account: "111122223333", Region: "eu-west-1"}, Container: "web", Env: map[string]string{}}
			maps.Copy(s.Env, c.env)
			a.doors(&s, model.Task{ID: "t", Birth: model.Birth{Overrides: c.override}}, model.TaskDef{Doc: c.doc})
			var got []string
			for name, value := range s.Env {
				if i := strings.LastIndexByte(value, '/'); len(value)-i == 37 {
					value = value[:i+1] + "ID"
				}
				got = append(got, name+"="+value)
			}
			slices.Sort(got)
			if all := strings.Join(got, " "); all != c.want {
				t.Errorf("got  %s\nwant %s", all, c.want)
			}
		})
	}
}
