package ecs

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const (
	noCluster   = "Cluster not found."
	inactiveOne = "The referenced cluster was inactive."
)

var clusterRefusals = []refusal{
	{&ecs.CreateClusterInput{ClusterName: new("a b")}, "InvalidParameter", "Cluster name must be 1 to 255 letters, numbers, hyphens and underscores."},
	{&ecs.CreateClusterInput{Tags: []types.Tag{{Key: new("aws:x")}}}, "InvalidParameter", "Tag keys that begin with aws: are reserved."},

	{&ecs.DescribeClustersInput{Clusters: make([]string, 101)}, "InvalidParameter", "Clusters can have at most 100 items."},
	{&ecs.DescribeClustersInput{Clusters: []string{"a/b"}}, "InvalidParameter", "Invalid identifier: a/b"},

	{&ecs.ListClustersInput{MaxResults: new(int32(0))}, "InvalidParameter", "maxResults must be between 1 and 100."},

	{&ecs.UpdateClusterInput{Cluster: new("")}, "InvalidParameter", "Cluster can not be blank."},
	{&ecs.UpdateClusterInput{Cluster: new("nope")}, "ClusterNotFound", noCluster},
	{&ecs.UpdateClusterInput{Cluster: new("gone")}, "ClusterNotFound", inactiveOne},

	{&ecs.UpdateClusterSettingsInput{Cluster: new("demo"), Settings: []types.ClusterSetting{{Name: "x", Value: new("y")}}}, "InvalidParameter",
		"Invalid cluster setting name: x"},
	{&ecs.UpdateClusterSettingsInput{Cluster: new("nope"), Settings: []types.ClusterSetting{}}, "ClusterNotFound", noCluster},

	{&ecs.DeleteClusterInput{Cluster: new("")}, "InvalidParameter", "Cluster can not be blank."},
	{&ecs.DeleteClusterInput{Cluster: new("nope")}, "ClusterNotFound", noCluster},
	{&ecs.DeleteClusterInput{Cluster: new("demo")}, "ClusterContainsContainerInstances",
		"The Cluster cannot be deleted while Container Instances are active or draining."},
	{&ecs.DeleteClusterInput{Cluster: new("only-services")}, "ClusterContainsServices", "The Cluster cannot be deleted while Services are active."},
	{&ecs.DeleteClusterInput{Cluster: new("only-tasks")}, "ClusterContainsTasks", "The Cluster cannot be deleted while Tasks are active."},
}
