package ecs

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// putClusterCapacityProviders associates a cluster with the capacity providers of a list and with no
// others, and sets its default strategy.
func putClusterCapacityProviders(tx *store.Tx, in *ecs.PutClusterCapacityProvidersInput) (*ecs.PutClusterCapacityProvidersOutput, error) {
	if aws.ToString(in.Cluster) == "" {
		return nil, invalid("Cluster can not be blank.")
	}
	c, err := activeCluster(tx, in.Cluster)
	switch {
	case err != nil:
		return nil, err
	case in.CapacityProviders == nil:
		return nil, invalid("Capacity providers can not be null.")
	case in.DefaultCapacityProviderStrategy == nil:
		return nil, invalid("Default capacity provider strategy can not be null.")
	}
	before := c.Providers
	if err := associate(tx, &c, in.CapacityProviders, in.DefaultCapacityProviderStrategy); err != nil {
		return nil, err
	}
	for _, name := range before {
		if !slices.Contains(c.Providers, name) && providerInUse(tx, c.Name, name) {
			return nil, &types.ResourceInUseException{Message: aws.String("The specified capacity provider is in use and cannot be removed.")}
		}
	}
	store.Clusters.Put(tx, c)
	every := []types.ClusterField{types.ClusterFieldSettings, types.ClusterFieldTags}
	return &ecs.PutClusterCapacityProvidersOutput{Cluster: new(showCluster(tx, c, every))}, nil
}

// associate gives c its capacity providers and its default strategy.
func associate(tx *store.Tx, c *model.Cluster, refs []string, strategy []types.CapacityProviderStrategyItem) (err error) {
	c.Providers = nil
	for _, ref := range refs {
		name, err := providerName(tx, ref)
		if err != nil {
			return err
		}
		if p, ok := store.CapacityProviders.Get(tx, name); !model.IsFargate(name) && (!ok || p.Status != active) {
			return noProvider(name)
		}
		if !slices.Contains(c.Providers, name) {
			c.Providers = append(c.Providers, name)
		}
	}
	if len(c.Providers) > maxShares {
		return invalid("The maximum number of capacity providers per cluster has been exceeded.")
	}
	c.Strategy, err = shares(tx, *c, strategy)
	return err
}

// providerInUse reports whether a service of a cluster has a capacity provider in its strategy, or a
// task runs on it.
func providerInUse(tx *store.Tx, cluster, name string) bool {
	for s := range store.Services.From(tx, cluster+"/", "") {
		for _, d := range s.Deployments {
			if slices.ContainsFunc(d.Capacity.Strategy, func(p model.ProviderShare) bool { return p.Provider == name }) {
				return true
			}
		}
	}
	for t := range store.TasksByWant.Each(tx, cluster+"/"+model.Running.String()) {
		if t.Birth.Provider == name && t.Live() {
			return true
		}
	}
	return false
}
