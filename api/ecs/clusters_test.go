package ecs

import (
	"fmt"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestClusterLifeFromCreationToInactive(t *testing.T) {
	w := newWorld(t)
	in := &ecs.CreateClusterInput{ClusterName: aws.String("demo"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}
	first := must(w.client.CreateCluster(t.Context(), in))(t).Cluster
	w.equal(*first.ClusterArn+" "+*first.Status, arnPrefix+"cluster/demo ACTIVE")
	w.equal(*must(w.client.CreateCluster(t.Context(), in))(t).Cluster.ClusterArn, *first.ClusterArn)

	got := must(w.client.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{*first.ClusterArn, "nope"},
		Include: []types.ClusterField{types.ClusterFieldTags, types.ClusterFieldSettings, types.ClusterFieldStatistics}}))(t)
	w.equal(failures(got.Failures), []string{arnPrefix + "cluster/nope MISSING"})
	c := got.Clusters[0]
	w.equal(line(*c.Tags[0].Key, *c.Settings[0].Value, *c.Statistics[0].Name), "a disabled runningEC2TasksCount")

	gone := must(w.client.DeleteCluster(t.Context(), &ecs.DeleteClusterInput{Cluster: aws.String("demo")}))(t)
	w.equal(*gone.Cluster.Status, inactive)
	_, err := w.client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String("demo")})
	w.fails(err, "ClusterNotFoundException", "The referenced cluster was inactive.")
	w.equal(len(must(w.client.ListClusters(t.Context(), &ecs.ListClustersInput{}))(t).ClusterArns), 0)
	w.equal(*must(w.client.CreateCluster(t.Context(), in))(t).Cluster.Status, active)
}

func TestClusterThatIsInUseIsNotDeleted(t *testing.T) {
	for _, c := range []struct {
		name, code, message string
		prepare             func(w *world)
	}{
		{"an instance is registered", "ClusterContainsContainerInstancesException", "The Cluster cannot be deleted while Container Instances are active or draining.",
			func(w *world) {}},
		{"a service is ACTIVE", "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.", func(w *world) {
			w.update(func(tx *store.Tx) {
				store.ContainerInstances.Delete(tx, instanceOf(1))
				store.Services.Put(tx, model.Service{Name: "s", Cluster: "demo", Status: active})
			})
		}},
		{"a task lives", "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.", func(w *world) {
			w.run(&ecs.RunTaskInput{})
			w.update(func(tx *store.Tx) { store.ContainerInstances.Delete(tx, instanceOf(1)) })
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := seed(t)
			c.prepare(w)
			_, err := w.client.DeleteCluster(t.Context(), &ecs.DeleteClusterInput{Cluster: aws.String("demo")})
			w.fails(err, c.code, c.message)
		})
	}
}

func TestClusterParametersThatDoNotActAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		in      ecs.CreateClusterInput
		message string
	}{
		{ecs.CreateClusterInput{ClusterName: aws.String("a b")}, "Cluster name must be 1 to 255 letters, numbers, hyphens and underscores."},
		{ecs.CreateClusterInput{CapacityProviders: []string{"x"}}, "The specified capacity provider x was not found. Specify a valid name or ARN and try again."},
		{ecs.CreateClusterInput{Settings: []types.ClusterSetting{{Name: "containerInsights", Value: aws.String("enabled")}}},
			"Drydock does not support the cluster setting containerInsights=enabled: use disabled."},
	} {
		_, err := w.client.CreateCluster(t.Context(), &c.in)
		w.fails(err, "InvalidParameterException", c.message)
	}
}

func TestClustersAreListedInPages(t *testing.T) {
	w := newWorld(t)
	for i := range 5 {
		must(w.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(fmt.Sprint("c", i))}))(t)
	}
	var got []string
	p := ecs.NewListClustersPaginator(w.client, &ecs.ListClustersInput{MaxResults: aws.Int32(2)})
	for p.HasMorePages() {
		got = append(got, must(p.NextPage(t.Context()))(t).ClusterArns...)
	}
	w.equal(len(got), 5)
	w.equal(got[4], arnPrefix+"cluster/c4")
	for token, limit := range map[string]int32{"x!": 5, "QUFB": 5, "": 101} {
		_, err := w.client.ListClusters(t.Context(), &ecs.ListClustersInput{NextToken: aws.String(token), MaxResults: aws.Int32(limit)})
		message := "Invalid nextToken."
		if token == "" {
			message = "maxResults must be between 1 and 100."
		}
		w.fails(err, "InvalidParameterException", message)
	}
}

func TestAccountsAndRegionsAreApart(t *testing.T) {
	w := seed(t)
	out := must(w.client.DescribeClusters(t.Context(), &ecs.DescribeClustersInput{Clusters: []string{"demo"}}, func(o *ecs.Options) { o.Region = "cn-north-1" }))(t)
	w.equal(failures(out.Failures), []string{"arn:aws-cn:ecs:cn-north-1:000000000000:cluster/demo MISSING"})
	for arn, message := range map[string]string{
		"arn:aws:ecs:eu-west-1:000000000000:cluster/demo": "Invalid identifier: Identifier is for region eu-west-1. Your region is us-east-1",
		"arn:aws:ecs:us-east-1:111111111111:cluster/demo": "Invalid identifier: Identifier is for account 111111111111. Your accountId is 000000000000",
		"arn:aws:ecs:us-east-1:000000000000:service/demo": "Invalid identifier: Identifier is for service. Expected cluster",
		"arn:aws:ec2:us-east-1:000000000000:cluster/demo": "Invalid identifier: arn:aws:ec2:us-east-1:000000000000:cluster/demo",
	} {
		_, err := w.client.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: aws.String(arn)})
		w.fails(err, "InvalidParameterException", message)
	}
}

func TestEveryOperationIsServedOrKnown(t *testing.T) {
	served := operations(handlers{})
	for _, name := range known {
		if _, ok := served[name]; ok {
			t.Errorf("%s is both served and refused", name)
		}
	}
	if n := len(served) + len(known); n != 88 {
		t.Errorf("%d operations, the API has 88", n)
	}
	w := newWorld(t)
	if _, err := w.client.CreateExpressGatewayService(t.Context(), &ecs.CreateExpressGatewayServiceInput{ExecutionRoleArn: aws.String("x"), InfrastructureRoleArn: aws.String("x")}); err == nil {
		t.Error("an operation that is not served was answered")
	}
}
