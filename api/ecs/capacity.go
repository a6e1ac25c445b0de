package ecs

import (
	"reflect"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// wish is where tasks are asked to run. What is not given is the cluster's or ECS's to say.
type wish struct {
	LaunchType  types.LaunchType
	Strategy    []types.CapacityProviderStrategyItem
	Platform    *string
	Network     *types.NetworkConfiguration
	Constraints []types.PlacementConstraint
	Placement   []types.PlacementStrategy
	Daemon      bool
}

// capacity checks where tasks of def are asked to run in a cluster, and says where they will.
func capacity(tx *store.Tx, c model.Cluster, def model.TaskDef, w wish) (out model.Capacity, err error) {
	if err := launchType(w.LaunchType); err != nil {
		return out, err
	}
	out.LaunchType = string(w.LaunchType)
	switch {
	case w.LaunchType != "" && len(w.Strategy) > 0:
		return out, invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	case len(w.Strategy) > 0:
		out.Strategy, err = shares(tx, c, w.Strategy)
	case w.LaunchType == "" && len(c.Strategy) > 0:
		out.Strategy = c.Strategy
	case w.LaunchType == "":
		out.LaunchType = string(types.LaunchTypeEc2)
	}
	if err != nil {
		return out, err
	}
	return out, fit(tx, &out, def, w)
}

// fit checks that tasks of def can run on c as they are asked to, and completes c.
func fit(tx *store.Tx, c *model.Capacity, def model.TaskDef, w wish) (err error) {
	weighs := func(s model.ProviderShare) bool { return s.Weight > 0 }
	switch {
	case w.Daemon && len(c.Strategy) > 0:
		return invalid("Specifying a capacity provider strategy is not supported when you create a service using the DAEMON scheduling strategy.")
	case len(c.Strategy) > 1 && !slices.ContainsFunc(c.Strategy, weighs): // one alone needs none
		return invalid("At least one capacity provider in the capacity provider strategy must have a weight value greater than zero.")
	}
	compatibility := types.CompatibilityEc2
	if c.OnFargate() {
		compatibility = types.CompatibilityFargate
	}
	if all := def.Doc.Compatibilities; len(all) > 0 && !slices.Contains(all, compatibility) {
		return invalid("Task definition does not support launch_type %s.", compatibility)
	}
	switch {
	case !c.OnFargate() && aws.ToString(w.Platform) != "":
		return invalid("The platform version must be null when specifying an EC2 launch type.")
	case c.OnFargate():
		if err := onFargate(w); err != nil {
			return err
		}
		if c.Platform, err = platform(def, w.Platform); err != nil {
			return err
		}
	}
	c.Network, err = network(tx, def, c.OnFargate(), w.Network)
	return err
}

// moves reports whether an update asks for another place to run.
func moves(in *ecs.UpdateServiceInput) bool {
	return in.CapacityProviderStrategy != nil || in.PlatformVersion != nil || in.NetworkConfiguration != nil
}

// newCapacity is where the tasks of a new deployment of s run: as the call says, and for the rest as
// those of the deployment before it. An empty strategy takes the service back to its launch type.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func newCapacity(tx *store.Tx, s *model.Service, def model.TaskDef, in *ecs.UpdateServiceInput) (out model.Capacity, err error) {
	c, err := activeCluster(tx, &s.Cluster)
	if err != nil {
		return out, err
	}
	now := s.Primary().Capacity
	out = model.Capacity{LaunchType: now.LaunchType, Strategy: now.Strategy}
	w := wish{Platform: in.PlatformVersion, Network: in.NetworkConfiguration, Daemon: s.Spec.Scheduling == string(types.SchedulingStrategyDaemon),
		Constraints: s.Spec.Constraints, Placement: s.Spec.Strategy}
	if in.PlacementConstraints != nil {
		w.Constraints = in.PlacementConstraints
	}
	if in.PlacementStrategy != nil {
		w.Placement = in.PlacementStrategy
	}
	if in.CapacityProviderStrategy != nil {
		if out.LaunchType, out.Strategy, err = newStrategy(tx, c, now, in); err != nil {
			return out, err
		}
	}
	if w.Platform == nil && out.OnFargate() && now.OnFargate() {
		w.Platform = given(now.Platform)
	}
	if w.Network == nil && def.Mode() == types.NetworkModeAwsvpc {
		w.Network = showNetwork(now)
	}
	return out, fit(tx, &out, def, w)
}

// newStrategy reads the strategy of an update. It needs a new deployment, which must be asked for.
func newStrategy(tx *store.Tx, c model.Cluster, now model.Capacity, in *ecs.UpdateServiceInput) (launch string, strategy []model.ProviderShare, err error) {
	if len(in.CapacityProviderStrategy) == 0 {
		launch = string(types.LaunchTypeEc2)
		if now.OnFargate() {
			launch = string(types.LaunchTypeFargate)
		}
	} else if strategy, err = shares(tx, c, in.CapacityProviderStrategy); err != nil {
		return "", nil, err
	}
	if !in.ForceNewDeployment && !slices.Equal(strategy, now.Strategy) {
		return "", nil, invalid("When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.")
	}
	return launch, strategy, nil
}

// onFargate refuses what only makes sense on container instances.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
func onFargate(w wish) error {
	switch {
	case w.Daemon:
		return invalid("The daemon scheduling strategy is not supported with the FARGATE launch type.")
	case len(w.Constraints) > 0:
		return invalid("Placement constraints are not supported with FARGATE launch type.")
	case len(w.Placement) > 0:
		return invalid("Placement strategies are not supported with FARGATE launch type.")
	}
	return nil
}

// launchType refuses what tasks cannot be launched on.
func launchType(t types.LaunchType) error {
	switch t {
	case "", types.LaunchTypeEc2, types.LaunchTypeFargate:
		return nil
	case types.LaunchTypeExternal, types.LaunchTypeManagedInstances:
		return invalid("%s", notSupported("the launchType "+string(t), "use EC2 or FARGATE."))
	}
	return invalid("Invalid launch type: %s", t)
}

// The limits of a capacity provider strategy.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
const (
	maxShares = 20
	maxBase   = 100_000
	maxWeight = 1000
)

// shares checks a capacity provider strategy for a cluster.
func shares(tx *store.Tx, c model.Cluster, in []types.CapacityProviderStrategyItem) (out []model.ProviderShare, err error) {
	if len(in) > maxShares {
		return nil, invalid("Capacity provider strategy can have at most %d items.", maxShares)
	}
	bases := 0
	for _, i := range in {
		s, err := share(tx, c, i)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out, func(o model.ProviderShare) bool { return o.Provider == s.Provider }) {
			return nil, invalid("The capacity provider strategy names the capacity provider %s more than once.", s.Provider)
		}
		if s.Base > 0 {
			bases++
		}
		out = append(out, s)
	}
	if bases > 1 {
		return nil, invalid("Only one capacity provider in a capacity provider strategy can have a base value.")
	}
	for _, s := range out {
		if model.IsFargate(s.Provider) != model.IsFargate(out[0].Provider) {
			return nil, invalid("A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again.")
		}
	}
	return out, nil
}

// share checks one item of a strategy.
func share(tx *store.Tx, c model.Cluster, i types.CapacityProviderStrategyItem) (s model.ProviderShare, err error) {
	s = model.ProviderShare{Base: int(i.Base), Weight: int(i.Weight)}
	if s.Provider, err = providerName(tx, aws.ToString(i.CapacityProvider)); err != nil {
		return s, err
	}
	switch {
	case s.Base < 0 || s.Base > maxBase:
		return s, invalid("The base value of a capacity provider must be between 0 and %d.", maxBase)
	case s.Weight < 0 || s.Weight > maxWeight:
		return s, invalid("The weight value of a capacity provider must be between 0 and %d.", maxWeight)
	case !slices.Contains(c.Providers, s.Provider):
		return s, invalid("The specified capacity provider strategy contains a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.")
	}
	return s, nil
}

// providerName returns the name of the capacity provider that a name or an ARN means.
func providerName(tx *store.Tx, ref string) (string, error) {
	if ref == "" {
		return "", invalid("Capacity provider can not be blank.")
	}
	id, err := identify(tx.Scope(), "capacity-provider", ref)
	return id.Name, err
}

func showShares(in []model.ProviderShare) []types.CapacityProviderStrategyItem {
	out := make([]types.CapacityProviderStrategyItem, len(in))
	for i, s := range in {
		out[i] = types.CapacityProviderStrategyItem{CapacityProvider: aws.String(s.Provider), Base: int32(s.Base), Weight: int32(s.Weight)}
	}
	return out
}

// showStrategy answers a strategy only if there is one.
func showStrategy(c model.Capacity) []types.CapacityProviderStrategyItem {
	if len(c.Strategy) == 0 {
		return nil
	}
	return showShares(c.Strategy)
}

// showLaunchType is the launch type of c; nothing with a strategy.
func showLaunchType(c model.Capacity) types.LaunchType {
	if len(c.Strategy) > 0 {
		return ""
	}
	return types.LaunchType(or(c.LaunchType, string(types.LaunchTypeEc2)))
}

// sameCapacity reports whether tasks run alike on both.
func sameCapacity(a, b model.Capacity) bool { return reflect.DeepEqual(a, b) }
