package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const noResource = "The specified resource could not be found."

var tagRefusals = []refusal{
	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "cluster/nope"), Tags: oneTag}, "ClusterNotFound", noCluster},
	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "task/nope/" + standalone), Tags: oneTag}, "ClusterNotFound", noCluster},
	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "service/demo/nope"), Tags: oneTag}, "ResourceNotFound", noResource},
	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "task-definition/nope:1"), Tags: oneTag}, "ResourceNotFound", noResource},
	{&ecs.TagResourceInput{ResourceArn: new("demo"), Tags: oneTag}, "InvalidParameter", `Invalid resource ARN: "demo"`},
	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "service/web"), Tags: oneTag}, "InvalidParameter", "Long arn format must be used for tagging operations"},
	{&ecs.TagResourceInput{ResourceArn: new(arnPrefix + "service/demo/web"), Tags: oneTag}, "LimitExceeded", "A resource can have at most 50 tags."},

	{&ecs.UntagResourceInput{ResourceArn: new(arnPrefix + "cluster/nope"), TagKeys: []string{"a"}}, "ClusterNotFound", noCluster},
	{&ecs.UntagResourceInput{ResourceArn: new(arnPrefix + "container-instance/demo/" + instanceOf(9)), TagKeys: []string{"a"}}, "ResourceNotFound", noResource},
	{&ecs.UntagResourceInput{ResourceArn: new(arnPrefix + "service/demo/web"), TagKeys: []string{"aws:a"}}, "InvalidParameter", "Tag keys that begin with aws: are reserved."},

	{&ecs.ListTagsForResourceInput{ResourceArn: new(arnPrefix + "cluster/nope")}, "ClusterNotFound", noCluster},
	{&ecs.ListTagsForResourceInput{ResourceArn: new(arnPrefix + "service/nope/web")}, "ClusterNotFound", noCluster},
	{&ecs.ListTagsForResourceInput{ResourceArn: new(arnPrefix + "service/demo/nope")}, "InvalidParameter", noResource},
	{&ecs.ListTagsForResourceInput{ResourceArn: new(arnPrefix + "service/demo/left")}, "InvalidParameter",
		"The specified service is inactive. Specify an active service and try again."},
}

var oneTag = []types.Tag{{Key: new("a"), Value: new("b")}}
