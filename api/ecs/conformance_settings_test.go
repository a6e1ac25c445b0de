package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

var settingRefusals = []refusal{
	{&ecs.ListAccountSettingsInput{Name: "nope"}, "InvalidParameter", "Invalid setting name: nope"},
	{&ecs.ListAccountSettingsInput{MaxResults: 11}, "InvalidParameter", "maxResults must be between 1 and 10."},
	{&ecs.ListAccountSettingsInput{Value: new("enabled")}, "InvalidParameter", "A setting name must be specified to filter by value."},
	{&ecs.PutAccountSettingInput{Name: "nope", Value: new("enabled")}, "InvalidParameter", "Invalid setting name: nope"},
	{&ecs.PutAccountSettingInput{Name: "taskLongArnFormat", Value: new("disabled")}, "InvalidParameter", "You can no longer disable Long Arn settings"},
	{&ecs.PutAccountSettingInput{Name: "awsvpcTrunking", Value: new("enabled")}, "InvalidParameter",
		"Drydock does not support the account setting awsvpcTrunking=enabled: instances have the network interfaces of their type."},
	{&ecs.PutAccountSettingInput{Name: "containerInsights", Value: new("sometimes")}, "InvalidParameter", "Invalid value for the account setting containerInsights: sometimes"},
	{&ecs.PutAccountSettingInput{Name: "guardDutyActivate", Value: new("on")}, "InvalidParameter", "The account setting guardDutyActivate is read-only."},
	{&ecs.PutAccountSettingInput{Name: "containerInsights", Value: new("disabled"), PrincipalArn: new("me")}, "InvalidParameter", "Invalid principalArn: me"},
	{&ecs.PutAccountSettingInput{Name: "fargateTaskRetirementWaitPeriod", Value: new("7"), PrincipalArn: new("arn:aws:iam::000000000000:user/u")}, "InvalidParameter",
		"The account setting fargateTaskRetirementWaitPeriod can only be set for the root user."},
	{&ecs.PutAccountSettingInput{Name: "defaultLogDriverMode", Value: new("blocking"), PrincipalArn: new("arn:aws:iam::000000000000:user/u")}, "InvalidParameter",
		"The account setting defaultLogDriverMode can only be set for the root user."},
	{&ecs.PutAccountSettingDefaultInput{Name: "defaultLogDriverMode", Value: new("lazy")}, "InvalidParameter", "Invalid value for the account setting defaultLogDriverMode: lazy"},
	{&ecs.PutAccountSettingDefaultInput{Name: "fargateFIPSMode", Value: new("enabled")}, "InvalidParameter",
		"Drydock does not support the account setting fargateFIPSMode=enabled: there is no FIPS endpoint to use."},
	{&ecs.DeleteAccountSettingInput{Name: "nope"}, "InvalidParameter", "Invalid setting name: nope"},
}
