package daemon

import (
	"context"
	"maps"

	"github.com/drydock-ecs/drydock/api/wire"
)

// needNetwork are the operations of each service that make what an engine without VPCs cannot have,
// and the error that refuses them.
var needNetwork = map[string]map[string]string{
	"ec2":                  {"RunInstances": "Unsupported", "CreateNetworkInterface": "Unsupported", "CreateFlowLogs": "Unsupported"},
	"ecs":                  {"RunTask": "ClientException", "StartTask": "ClientException", "CreateService": "ClientException", "CreateTaskSet": "ClientException"},
	"elasticloadbalancing": {"CreateLoadBalancer": "OperationNotPermitted"},
}

// grounded refuses, in services, what cannot be on an engine without VPCs, and says why.
func grounded(services []wire.Service, why string) []wire.Service {
	if why == "" {
		return services
	}
	for i, s := range services {
		codes := needNetwork[s.Name]
		if codes == nil {
			continue
		}
		services[i].Ops = maps.Clone(s.Ops)
		for name, code := range codes {
			op := s.Ops[name]
			op.Do = func(context.Context, wire.Call, any) (any, error) {
				return nil, &wire.Error{Code: code, Message: "There can be no instances and no network interfaces on this container engine: " + why}
			}
			services[i].Ops[name] = op
		}
	}
	return services
}
