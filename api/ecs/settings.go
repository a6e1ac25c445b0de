package ecs

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// setting is an account setting: what holds while nobody put another value, which values can be put,
// and why others cannot.
type setting struct {
	name   types.SettingName
	value  string
	accept []string
	known  []string // values that ECS has and that cannot act here
	why    string
}

// Key is the name.
func (s setting) Key() string { return string(s.name) }

var longARN, onOff = []string{"enabled", "on"}, []string{"enabled", "on"}

// settings are those of ECS, by name.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
var settings = []setting{
	{types.SettingNameAwsvpcTrunking, "disabled", []string{"disabled", "off"}, onOff, "instances have the network interfaces of their type."},
	{types.SettingNameContainerInsights, "disabled", []string{"disabled", "off"}, []string{"enabled", "enhanced", "on"}, "no metrics are sent anywhere."},
	{types.SettingNameContainerInstanceLongArnFormat, "enabled", longARN, nil, ""},
	{types.SettingNameDefaultLogDriverMode, "non-blocking", []string{"blocking", "non-blocking"}, nil, ""},
	{"dualStackIPv6", "disabled", []string{"disabled", "off"}, onOff, "tasks have IPv4 addresses only."},
	{types.SettingNameFargateEventWindows, "disabled", []string{"disabled", "off"}, onOff, "tasks on Fargate are never retired."},
	{types.SettingNameFargateFipsMode, "disabled", []string{"disabled", "off"}, onOff, "there is no FIPS endpoint to use."},
	{types.SettingNameFargateTaskRetirementWaitPeriod, "7", []string{"7"}, []string{"0", "14"}, "tasks on Fargate are never retired."},
	{types.SettingNameGuardDutyActivate, "off", nil, nil, ""},
	{types.SettingNameServiceLongArnFormat, "enabled", longARN, nil, ""},
	{types.SettingNameTagResourceAuthorization, "on", []string{"on", "enabled"}, []string{"off", "disabled"}, "tags that something is made with always need ecs:TagResource."},
	{types.SettingNameTaskLongArnFormat, "enabled", longARN, nil, ""},
}

// ofAll are the settings that hold for a region, whoever calls.
var ofAll = []types.SettingName{types.SettingNameFargateTaskRetirementWaitPeriod, types.SettingNameDefaultLogDriverMode}

// settingNamed finds the setting that a call means.
func settingNamed(name types.SettingName) (setting, error) {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
	switch {
	case name == "":
		return setting{}, invalid("Setting name can not be blank.")
	case i < 0:
		return setting{}, invalid("Invalid setting name: %s", name)
	}
	return settings[i], nil
}

// managed says who may change the setting.
func (s setting) managed() types.SettingType {
	if s.name == types.SettingNameGuardDutyActivate {
		return types.SettingTypeAwsManaged
	}
	return types.SettingTypeUser
}

// check refuses a value that the setting cannot have.
func (s setting) check(value *string) error {
	v := aws.ToString(value)
	switch {
	case s.managed() == types.SettingTypeAwsManaged:
		return invalid("The account setting %s is read-only.", s.name)
	case v == "":
		return invalid("Setting value can not be blank.")
	case slices.Contains(s.accept, v):
		return nil
	case strings.HasSuffix(string(s.name), "LongArnFormat") && (v == "disabled" || v == "off"):
		return invalid("You can no longer disable Long Arn settings")
	case slices.Contains(s.known, v):
		return invalid("%s", notSupported("the account setting "+string(s.name)+"="+v, s.why))
	}
	return invalid("Invalid value for the account setting %s: %s", s.name, v)
}

var principalForm = regexp.MustCompile(`^arn:[a-z-]+:iam::(\d{12}):(root|user/.+|role/.+)$`)

// principal reads whose settings a call means; the caller's if it says nothing.
func principal(tx *store.Tx, arn *string) (string, error) {
	if aws.ToString(arn) == "" {
		return tx.Caller().Entity(), nil
	}
	m := principalForm.FindStringSubmatch(*arn)
	if m == nil || m[1] != tx.Scope().Account {
		return "", invalid("Invalid principalArn: %s", *arn)
	}
	return *arn, nil
}

// putAccountSetting sets a setting for a principal. That of the root user is the default of all.
func putAccountSetting(tx *store.Tx, in *ecs.PutAccountSettingInput) (*ecs.PutAccountSettingOutput, error) {
	s, err := putSetting(tx, in.Name, in.Value, in.PrincipalArn)
	return &ecs.PutAccountSettingOutput{Setting: s}, err
}

func putAccountSettingDefault(tx *store.Tx, in *ecs.PutAccountSettingDefaultInput) (*ecs.PutAccountSettingDefaultOutput, error) {
	s, err := putSetting(tx, in.Name, in.Value, new(tx.Scope().Root().ARN))
	return &ecs.PutAccountSettingDefaultOutput{Setting: s}, err
}

func putSetting(tx *store.Tx, name types.SettingName, value, who *string) (*types.Setting, error) {
	s, err := settingNamed(name)
	if err != nil {
		return nil, err
	}
	if err := s.check(value); err != nil {
		return nil, err
	}
	p, err := principal(tx, who)
	if err != nil {
		return nil, err
	}
	if slices.Contains(ofAll, s.name) && p != tx.Scope().Root().ARN {
		return nil, invalid("The account setting %s can only be set for the root user.", s.name)
	}
	store.AccountSettings.Put(tx, model.AccountSetting{Name: string(name), Principal: p, Value: *value})
	return new(s.show(p, *value)), nil
}

// deleteAccountSetting takes a principal's own value back, and answers what it was, else what is in
// effect.
func deleteAccountSetting(tx *store.Tx, in *ecs.DeleteAccountSettingInput) (*ecs.DeleteAccountSettingOutput, error) {
	s, err := settingNamed(in.Name)
	if err != nil {
		return nil, err
	}
	if s.managed() == types.SettingTypeAwsManaged {
		return nil, invalid("The account setting %s is read-only.", s.name)
	}
	p, err := principal(tx, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	value := s.effective(tx, p)
	store.AccountSettings.Delete(tx, model.AccountSetting{Name: string(in.Name), Principal: p}.Key())
	return &ecs.DeleteAccountSettingOutput{Setting: new(s.show(p, value))}, nil
}

// own returns the value that was put for a principal; empty for none.
func (s setting) own(tx *store.Tx, who string) string {
	row, _ := store.AccountSettings.Get(tx, model.AccountSetting{Name: string(s.name), Principal: who}.Key())
	return row.Value
}

// effective returns the value that holds for a principal: its own, else the root user's, else ECS's.
func (s setting) effective(tx *store.Tx, who string) string {
	return or(s.own(tx, who), or(s.own(tx, tx.Scope().Root().ARN), s.value))
}

func (s setting) show(who, value string) types.Setting {
	return types.Setting{Name: s.name, Value: aws.String(value), PrincipalArn: aws.String(who), Type: s.managed()}
}

// listAccountSettings answers the settings that were put for a principal, or with effectiveSettings
// those that hold for it.
func listAccountSettings(tx *store.Tx, in *ecs.ListAccountSettingsInput) (*ecs.ListAccountSettingsOutput, error) {
	var limit *int32
	if in.MaxResults != 0 {
		limit = &in.MaxResults
	}
	p, err := newPageOf(in, in.NextToken, limit, page{max: 10, most: 10})
	if err != nil {
		return nil, err
	}
	if in.Name != "" {
		if _, err := settingNamed(in.Name); err != nil {
			return nil, err
		}
	} else if in.Value != nil {
		return nil, invalid("A setting name must be specified to filter by value.")
	}
	who, err := principal(tx, in.PrincipalArn)
	if err != nil {
		return nil, err
	}
	value := func(s setting) string {
		if in.EffectiveSettings {
			return s.effective(tx, who)
		}
		return s.own(tx, who)
	}
	keep := func(s setting) bool {
		v := value(s)
		return v != "" && (in.Name == "" || in.Name == s.name) && (in.Value == nil || *in.Value == v)
	}
	out, next := take(p, after(settings, p.after), keep, func(s setting) types.Setting { return s.show(who, value(s)) })
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
