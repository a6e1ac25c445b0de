package ecs

import (
	"iter"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// setting is an account setting as it is in effect; none can be changed.
type setting struct {
	name  types.SettingName
	value string
}

// Key is the name.
func (s setting) Key() string { return string(s.name) }

// settings are those whose effect a client can see here, by name.
var settings = []setting{
	{types.SettingNameAwsvpcTrunking, "disabled"},
	{types.SettingNameContainerInsights, "disabled"},
	{types.SettingNameContainerInstanceLongArnFormat, "enabled"},
	{types.SettingNameServiceLongArnFormat, "enabled"},
	{types.SettingNameTaskLongArnFormat, "enabled"},
}

// listAccountSettings answers the effective settings; no principal has settings of its own.
func listAccountSettings(tx *store.Tx, in *ecs.ListAccountSettingsInput) (*ecs.ListAccountSettingsOutput, error) {
	var limit *int32
	if in.MaxResults != 0 {
		limit = &in.MaxResults
	}
	p, err := newPageOf(in, in.NextToken, limit, page{max: 10, most: 10})
	if err != nil {
		return nil, err
	}
	if in.Name != "" && !slices.Contains(types.SettingName("").Values(), in.Name) {
		return nil, invalid("Invalid setting name: %s", in.Name)
	}
	keep := func(s setting) bool {
		return in.EffectiveSettings && (in.Name == "" || in.Name == s.name) && (in.Value == nil || *in.Value == s.value)
	}
	who := aws.ToString(in.PrincipalArn)
	if who == "" {
		who = callerARN(tx.Scope())
	}
	out, next := take(p, after(settings, p.after), keep, func(s setting) types.Setting {
		return types.Setting{Name: s.name, Value: aws.String(s.value), PrincipalArn: aws.String(who), Type: types.SettingTypeAwsManaged}
	})
	return &ecs.ListAccountSettingsOutput{Settings: out, NextToken: next}, nil
}

// after returns the rows of a sorted list beyond a key.
func after[T interface{ Key() string }](rows []T, key string) iter.Seq[T] {
	i, found := slices.BinarySearchFunc(rows, key, func(r T, k string) int { return strings.Compare(r.Key(), k) })
	if found {
		i++
	}
	return slices.Values(rows[i:])
}
