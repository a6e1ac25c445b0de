// Package ssm answers the Parameter Store of AWS Systems Manager, and nothing else of that service. A
// handler is one transaction; values are sealed before they become rows, those of String parameters
// too.
package ssm

import (
	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Options is what the handlers know besides the rows.
type Options struct {
	// Vault seals and opens values.
	Vault *vault.Vault
}

// Service returns the Parameter Store over s.
func Service(s *store.Store, o Options) wire.Service {
	return wire.Service{Name: "ssm", Protocol: wire.JSON11, Target: "AmazonSSM", Version: "2014-11-06", Pascal: true,
		Ops: handler.Ops(s, operations(o)), Known: known}
}

func operations(o Options) map[string]handler.Bind {
	return map[string]handler.Bind{
		"PutParameter":            handler.Write(o.putParameter),
		"GetParameter":            handler.Read(o.getParameter),
		"GetParameters":           handler.Read(o.getParameters),
		"GetParametersByPath":     handler.Read(o.getParametersByPath),
		"DescribeParameters":      handler.Read(describeParameters),
		"GetParameterHistory":     handler.Read(o.getParameterHistory),
		"LabelParameterVersion":   handler.Write(labelParameterVersion),
		"UnlabelParameterVersion": handler.Write(unlabelParameterVersion),
		"DeleteParameter":         handler.Write(deleteParameter),
		"DeleteParameters":        handler.Write(deleteParameters),
		"AddTagsToResource":       handler.Write(addTagsToResource),
		"RemoveTagsFromResource":  handler.Write(removeTagsFromResource),
		"ListTagsForResource":     handler.Read(listTagsForResource),
	}
}
