package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

var settingRefusals = []refusal{
	{&ecs.ListAccountSettingsInput{Name: "nope"}, "InvalidParameter", "Invalid setting name: nope"},
	{&ecs.ListAccountSettingsInput{MaxResults: 11}, "InvalidParameter", "maxResults must be between 1 and 10."},
}
