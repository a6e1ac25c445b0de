package ecs

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const noInstance = "The referenced container instance was not found."

var instanceRefusals = []refusal{
	{&ecs.ListContainerInstancesInput{Cluster: new("nope")}, "ClusterNotFound", noCluster},
	{&ecs.ListContainerInstancesInput{Cluster: new("demo"), Status: "SLEEPING"}, "InvalidParameter", "Invalid container instance status: SLEEPING"},
	{&ecs.ListContainerInstancesInput{Cluster: new("demo"), MaxResults: new(int32(101))}, "InvalidParameter", "maxResults must be between 1 and 100."},

	{&ecs.DescribeContainerInstancesInput{Cluster: new("gone"), ContainerInstances: []string{instanceOf(1)}}, "ClusterNotFound", inactiveOne},
	{&ecs.DescribeContainerInstancesInput{Cluster: new("demo"), ContainerInstances: []string{}}, "InvalidParameter", "Container instances cannot be empty."},
	{&ecs.DescribeContainerInstancesInput{Cluster: new("demo"), ContainerInstances: []string{"1"}}, "InvalidParameter", "instanceId length should be one of [32,36]"},

	{&ecs.DeregisterContainerInstanceInput{Cluster: new("nope"), ContainerInstance: new(instanceOf(1))}, "ClusterNotFound", noCluster},
	{&ecs.DeregisterContainerInstanceInput{Cluster: new("demo"), ContainerInstance: new(instanceOf(9))}, "InvalidParameter", noInstance},
	{&ecs.DeregisterContainerInstanceInput{Cluster: new("demo"), ContainerInstance: new(instanceOf(1))}, "InvalidParameter", "Found running tasks on the instance."},

	{&ecs.UpdateContainerInstancesStateInput{Cluster: new("nope"), ContainerInstances: []string{instanceOf(1)}, Status: draining}, "ClusterNotFound", noCluster},
	{&ecs.UpdateContainerInstancesStateInput{Cluster: new("demo"), ContainerInstances: []string{instanceOf(1)}, Status: inactive}, "InvalidParameter",
		"Container instances status should be one of [ACTIVE,DRAINING]"},
	{&ecs.UpdateContainerInstancesStateInput{Cluster: new("demo"), ContainerInstances: make([]string, 11), Status: active}, "InvalidParameter",
		"instanceIds can have at most 10 items"},

	{&ecs.PutAttributesInput{Cluster: new("nope"), Attributes: custom(1)}, "ClusterNotFound", noCluster},
	{&ecs.PutAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{}}, "InvalidParameter", "Attributes cannot be empty."},
	{&ecs.PutAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("a b"), TargetId: new(instanceOf(1))}}}, "InvalidParameter", `Invalid attribute name: "a b"`},
	{&ecs.PutAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("a"), TargetId: new(instanceOf(9))}}}, "TargetNotFound",
		"The specified target was not found."},
	{&ecs.PutAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("one-more"), TargetId: new(instanceOf(2))}}}, "AttributeLimitExceeded", "A container instance can have at most 10 custom attributes."},

	{&ecs.DeleteAttributesInput{Cluster: new("gone"), Attributes: custom(1)}, "ClusterNotFound", inactiveOne},
	{&ecs.DeleteAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("ecs.x"), TargetId: new(instanceOf(1))}}}, "InvalidParameter",
		"Attribute names that begin with ecs. or com.amazonaws. are reserved: ecs.x"},
	{&ecs.DeleteAttributesInput{Cluster: new("demo"), Attributes: []types.Attribute{{Name: new("a"), TargetId: new(instanceOf(9))}}}, "TargetNotFound",
		"The specified target was not found."},

	{&ecs.ListAttributesInput{Cluster: new("nope"), TargetType: types.TargetTypeContainerInstance}, "ClusterNotFound", noCluster},
	{&ecs.ListAttributesInput{Cluster: new("demo"), TargetType: "task"}, "InvalidParameter", "Invalid target type: task"},
	{&ecs.ListAttributesInput{Cluster: new("demo"), TargetType: types.TargetTypeContainerInstance, AttributeValue: new("v")}, "InvalidParameter",
		"AttributeName must be given with attributeValue."},
}

// custom returns n attributes for the instance 1.
func custom(n int) (as []types.Attribute) {
	for i := range n {
		as = append(as, types.Attribute{Name: new(fmt.Sprint("a", i)), Value: new("v"), TargetId: new(instanceOf(1)), TargetType: types.TargetTypeContainerInstance})
	}
	return as
}
