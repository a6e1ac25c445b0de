package agent

import (
	"cmp"
	"maps"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// delivered is a log configuration with the mode in which what its container writes gets to the log driver: its
// own, else that of the account, else non-blocking with a buffer of ten megabytes.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html (mode, max-buffer-size),
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html (default log driver mode)
func delivered(tx *store.Tx, l *types.LogConfiguration) *types.LogConfiguration {
	if l == nil {
		return nil
	}
	const mode, size, free = "mode", "max-buffer-size", "non-blocking"
	options := maps.Clone(l.Options)
	if options == nil {
		options = map[string]string{}
	}
	if options[mode] == "" {
		put, _ := store.AccountSettings.Get(tx, model.AccountSetting{Name: string(types.SettingNameDefaultLogDriverMode), Principal: tx.Scope().Root().ARN}.Key())
		options[mode] = cmp.Or(put.Value, free)
	}
	if options[mode] == free && options[size] == "" {
		options[size] = "10m"
	}
	return &types.LogConfiguration{LogDriver: l.LogDriver, Options: options, SecretOptions: l.SecretOptions}
}
