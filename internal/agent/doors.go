package agent

import (
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// metadataURL is what answers tasks within their namespaces.
const metadataURL = "http://169.254.170.2"

// doors adds to the environment of a container how an SDK in it finds its region, its credentials and
// AWS: the last of these is us. Region and endpoint are what the definition may say otherwise; the rest
// is the agent's. A task without a network finds nothing.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html
func (a *Agent) doors(s *engine.Spec, t model.Task, def model.TaskDef) {
	given := func(name, value string) {
		if _, there := s.Env[name]; !there {
			s.Env[name] = value
		}
	}
	given("AWS_REGION", s.Scope.Region)
	given("AWS_DEFAULT_REGION", s.Scope.Region)
	if a.c.Vault == nil || def.Mode() == types.NetworkModeNone {
		return
	}
	if a.c.Endpoint != "" {
		given("AWS_ENDPOINT_URL", a.c.Endpoint)
	}
	id := session.ContainerID(a.c.Vault, s.Scope, t.ID, s.Container)
	s.Env["ECS_CONTAINER_METADATA_URI"], s.Env["ECS_CONTAINER_METADATA_URI_V4"] = metadataURL+"/v3/"+id, metadataURL+"/v4/"+id
	s.Env["ECS_AGENT_URI"] = metadataURL + "/api/" + id
	if def.TaskRole(t.Birth.Overrides) != "" {
		s.Env["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = session.TaskPath(a.c.Vault, s.Scope, t.ID)
	}
}
