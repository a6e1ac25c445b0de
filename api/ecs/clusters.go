package ecs

import (
	"slices"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The statuses of clusters, services, task definitions and container instances.
const (
	active   = "ACTIVE"
	draining = "DRAINING"
	inactive = "INACTIVE"
)

// createCluster makes a cluster, or answers the one of that name that is there.
func createCluster(tx *store.Tx, in *ecs.CreateClusterInput) (*ecs.CreateClusterOutput, error) {
	if err := refuse(in, members("CapacityProviders ClusterName DefaultCapacityProviderStrategy Settings Tags")); err != nil {
		return nil, err
	}
	name := aws.ToString(in.ClusterName)
	if name == "" {
		name = "default"
	}
	if !validName(name) {
		return nil, invalid("Cluster name must be 1 to 255 letters, numbers, hyphens and underscores.")
	}
	settings, err := clusterSettings(in.Settings)
	if err != nil {
		return nil, err
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	c, ok := store.Clusters.Get(tx, name)
	if !ok || c.Status != active {
		c = model.Cluster{Name: name, Status: active, Created: tx.Now(), Settings: settings, Tags: tags}
		if err := associate(tx, &c, in.CapacityProviders, in.DefaultCapacityProviderStrategy); err != nil {
			return nil, err
		}
		store.Clusters.Put(tx, c)
	}
	every := []types.ClusterField{types.ClusterFieldSettings, types.ClusterFieldTags}
	return &ecs.CreateClusterOutput{Cluster: new(showCluster(tx, c, every))}, nil
}

// clusterSettings reads the settings of a cluster. containerInsights is the only one ECS has, and
// no metrics are sent anywhere: only "disabled" is true here.
func clusterSettings(in []types.ClusterSetting) ([]types.ClusterSetting, error) {
	for _, s := range in {
		if s.Name != types.ClusterSettingNameContainerInsights {
			return nil, invalid("Invalid cluster setting name: %s", s.Name)
		}
		if v := aws.ToString(s.Value); v != "disabled" {
			return nil, invalid("%s", notSupported("the cluster setting containerInsights="+v, "use disabled."))
		}
	}
	return []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: aws.String("disabled")}}, nil
}

func describeClusters(tx *store.Tx, in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
	refs := in.Clusters
	if len(refs) == 0 {
		refs = []string{"default"}
	}
	if len(refs) > 100 {
		return nil, invalid("Clusters can have at most 100 items.")
	}
	out := &ecs.DescribeClustersOutput{Clusters: []types.Cluster{}, Failures: []types.Failure{}}
	for _, ref := range refs {
		name, err := clusterName(tx, &ref)
		if err != nil {
			return nil, err
		}
		c, ok := store.Clusters.Get(tx, name)
		if !ok {
			out.Failures = append(out.Failures, missing(clusterARN(tx, name)))
			continue
		}
		out.Clusters = append(out.Clusters, showCluster(tx, c, in.Include))
	}
	return out, nil
}

// listClusters names the ACTIVE clusters, as ECS does.
func listClusters(tx *store.Tx, in *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	p, err := newPage(in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	arns, next := take(p, store.Clusters.From(tx, "", p.after),
		func(c model.Cluster) bool { return c.Status == active },
		func(c model.Cluster) string { return clusterARN(tx, c.Name) })
	return &ecs.ListClustersOutput{ClusterArns: arns, NextToken: next}, nil
}

// deleteCluster makes an empty cluster INACTIVE. Deleting it again answers it as it is.
func deleteCluster(tx *store.Tx, in *ecs.DeleteClusterInput) (*ecs.DeleteClusterOutput, error) {
	if aws.ToString(in.Cluster) == "" {
		return nil, invalid("Cluster can not be blank.")
	}
	name, err := clusterName(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	c, ok := store.Clusters.Get(tx, name)
	if !ok {
		return nil, clusterNotFound()
	}
	if err := emptyCluster(tx, name); err != nil {
		return nil, err
	}
	c.Status, c.Providers, c.Strategy = inactive, nil, nil
	store.Clusters.Put(tx, c)
	return &ecs.DeleteClusterOutput{Cluster: new(showCluster(tx, c, nil))}, nil
}

// emptyCluster says what still stands against deleting a cluster.
func emptyCluster(tx *store.Tx, name string) error {
	for ci := range store.ContainerInstancesByCluster.Each(tx, name) {
		if ci.Status != inactive {
			return &types.ClusterContainsContainerInstancesException{
				Message: aws.String("The Cluster cannot be deleted while Container Instances are active or draining.")}
		}
	}
	for s := range store.Services.From(tx, name+"/", "") {
		if s.Status == active {
			return &types.ClusterContainsServicesException{
				Message: aws.String("The Cluster cannot be deleted while Services are active.")}
		}
	}
	if store.Counts.Get(tx, name).Live > 0 {
		return &types.ClusterContainsTasksException{
			Message: aws.String("The Cluster cannot be deleted while Tasks are active.")}
	}
	return nil
}

func updateCluster(tx *store.Tx, in *ecs.UpdateClusterInput) (*ecs.UpdateClusterOutput, error) {
	if err := refuse(in, members("Cluster Settings")); err != nil {
		return nil, err
	}
	c, err := setCluster(tx, in.Cluster, in.Settings)
	return &ecs.UpdateClusterOutput{Cluster: c}, err
}

func updateClusterSettings(tx *store.Tx, in *ecs.UpdateClusterSettingsInput) (*ecs.UpdateClusterSettingsOutput, error) {
	c, err := setCluster(tx, in.Cluster, in.Settings)
	return &ecs.UpdateClusterSettingsOutput{Cluster: c}, err
}

func setCluster(tx *store.Tx, ref *string, settings []types.ClusterSetting) (*types.Cluster, error) {
	if aws.ToString(ref) == "" {
		return nil, invalid("Cluster can not be blank.")
	}
	c, err := activeCluster(tx, ref)
	if err != nil {
		return nil, err
	}
	if c.Settings, err = clusterSettings(settings); err != nil {
		return nil, err
	}
	store.Clusters.Put(tx, c)
	return new(showCluster(tx, c, []types.ClusterField{types.ClusterFieldSettings})), nil
}

// showCluster is the only way from a cluster's row to the wire.
func showCluster(tx *store.Tx, c model.Cluster, include []types.ClusterField) types.Cluster {
	tasks := store.Counts.Get(tx, c.Name)
	services, onFargate := map[string]int{}, map[string]int{}
	for s := range store.Services.From(tx, c.Name+"/", "") {
		services[s.Status]++
		if s.Primary().Capacity.OnFargate() {
			onFargate[s.Status]++
		}
	}
	instances := 0
	for ci := range store.ContainerInstancesByCluster.Each(tx, c.Name) {
		if ci.Status != inactive {
			instances++
		}
	}
	out := types.Cluster{
		ClusterArn: aws.String(clusterARN(tx, c.Name)), ClusterName: aws.String(c.Name), Status: aws.String(c.Status),
		ActiveServicesCount: int32(services[active]), RegisteredContainerInstancesCount: int32(instances),
		RunningTasksCount: int32(tasks.Running), PendingTasksCount: int32(tasks.Pending),
		Settings: []types.ClusterSetting{}, Statistics: []types.KeyValuePair{}, Tags: []types.Tag{},
		CapacityProviders: full(c.Providers), DefaultCapacityProviderStrategy: showShares(c.Strategy),
	}
	if slices.Contains(include, types.ClusterFieldSettings) {
		out.Settings = c.Settings
	}
	if slices.Contains(include, types.ClusterFieldTags) {
		out.Tags = showTags(c.Tags)
	}
	if slices.Contains(include, types.ClusterFieldStatistics) {
		out.Statistics = statistics(tasks, services, onFargate)
	}
	return out
}

// statistics are the counts of a cluster by launch type; services and onFargate count by status.
func statistics(tasks store.Count, services, onFargate map[string]int) []types.KeyValuePair {
	var out []types.KeyValuePair
	for _, s := range []struct {
		name string
		n    int
	}{
		{"runningEC2TasksCount", tasks.Running - tasks.RunningFargate}, {"runningFargateTasksCount", tasks.RunningFargate}, {"runningExternalTasksCount", 0},
		{"pendingEC2TasksCount", tasks.Pending - tasks.PendingFargate}, {"pendingFargateTasksCount", tasks.PendingFargate}, {"pendingExternalTasksCount", 0},
		{"activeEC2ServiceCount", services[active] - onFargate[active]}, {"activeFargateServiceCount", onFargate[active]}, {"activeExternalServiceCount", 0},
		{"drainingEC2ServiceCount", services[draining] - onFargate[draining]}, {"drainingFargateServiceCount", onFargate[draining]}, {"drainingExternalServiceCount", 0},
	} {
		out = append(out, types.KeyValuePair{Name: aws.String(s.name), Value: aws.String(strconv.Itoa(s.n))})
	}
	return out
}
