// Package secretsmanager answers AWS Secrets Manager. A handler is one transaction; values are sealed
// before they become rows, and opened only to be answered. What was deleted with a recovery window is
// removed by control when that ends.
package secretsmanager

import (
	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Options is what the handlers know besides the rows.
type Options struct {
	// Vault seals and opens values.
	Vault *vault.Vault
	// Scale divides recovery windows.
	Scale tempo.Scale
}

// Service returns Secrets Manager over s.
func Service(s *store.Store, o Options) wire.Service {
	return wire.Service{Name: "secretsmanager", Protocol: wire.JSON11, Target: "secretsmanager", Version: "2017-10-17", Pascal: true,
		Ops: handler.Ops(s, operations(o)), Known: known}
}

func operations(o Options) map[string]handler.Bind {
	return map[string]handler.Bind{
		"CreateSecret":   handler.Write(o.createSecret),
		"UpdateSecret":   handler.Write(o.updateSecret),
		"DescribeSecret": handler.Read(describeSecret),
		"ListSecrets":    handler.Read(listSecrets),
		"DeleteSecret":   handler.Write(o.deleteSecret),
		"RestoreSecret":  handler.Write(restoreSecret),

		"PutSecretValue":           handler.Write(o.putSecretValue),
		"GetSecretValue":           handler.Write(o.getSecretValue),
		"BatchGetSecretValue":      o.batch,
		"ListSecretVersionIds":     handler.Read(listSecretVersionIDs),
		"UpdateSecretVersionStage": handler.Write(updateSecretVersionStage),

		"PutResourcePolicy":    handler.Write(putResourcePolicy),
		"GetResourcePolicy":    handler.Read(getResourcePolicy),
		"DeleteResourcePolicy": handler.Write(deleteResourcePolicy),

		"TagResource":       handler.Write(tagResource),
		"UntagResource":     handler.Write(untagResource),
		"GetRandomPassword": handler.Read(getRandomPassword),
	}
}

// known are the operations that are refused as not supported.
var known = []string{"CancelRotateSecret", "RemoveRegionsFromReplication",
	"ReplicateSecretToRegions", "RotateSecret", "StopReplicationToReplica", "ValidateResourcePolicy"}
