package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	noTaskDef  = "The specified task definition does not exist. Specify a valid account, family, revision and try again."
	noRevision = "Missing revision. TaskDefinition must be family:revision or an ARN with a revision."
)

var taskDefRefusals = []refusal{
	{&registration{Family: new("a b"), ContainerDefinitions: webDef("a").ContainerDefinitions}, "Client", "Family contains invalid characters."},
	{&registration{Family: new("a"), ContainerDefinitions: webDef("a").ContainerDefinitions, Tags: []types.Tag{{Key: new("aws:a")}}}, "InvalidParameter",
		"Tag keys that begin with aws: are reserved."},
	{webDef("spent"), "LimitExceeded", "The task definition family spent has no revision left: a family can have at most 1000000."},

	{&ecs.DescribeTaskDefinitionInput{TaskDefinition: new("nope")}, "Client", "Unable to describe task definition."},
	{&ecs.DescribeTaskDefinitionInput{TaskDefinition: new("")}, "Client", "TaskDefinition can not be blank."},
	{&ecs.DescribeTaskDefinitionInput{TaskDefinition: new(arnPrefix + "cluster/demo")}, "InvalidParameter",
		"Invalid identifier: Identifier is for cluster. Expected task-definition"},

	{&ecs.DeregisterTaskDefinitionInput{TaskDefinition: new("web:9")}, "Client", noTaskDef},
	{&ecs.DeregisterTaskDefinitionInput{TaskDefinition: new("web")}, "InvalidParameter", noRevision},

	{&ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"web:x"}}, "Client", "Invalid revision number. Number: x"},
	{&ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"web"}}, "InvalidParameter", noRevision},
	{&ecs.DeleteTaskDefinitionsInput{TaskDefinitions: make([]string, 11)}, "InvalidParameter", "Task definitions can have at most 10 items."},

	{&ecs.ListTaskDefinitionsInput{Sort: "UP"}, "InvalidParameter", "Invalid sort order: UP"},
	{&ecs.ListTaskDefinitionsInput{Status: "NEW"}, "InvalidParameter", "Invalid status: NEW"},
	{&ecs.ListTaskDefinitionFamiliesInput{Status: "NEW"}, "InvalidParameter", "Invalid status: NEW"},
}
