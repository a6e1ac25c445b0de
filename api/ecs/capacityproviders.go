package ecs

import (
	"reflect"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// providerSupport is the definitive list of what in a capacity provider acts. Providers of Managed
// Instances, which alone belong to a cluster, are refused by name.
var providerSupport = map[reflect.Type]support{
	reflect.TypeFor[ecs.CreateCapacityProviderInput]():      members("AutoScalingGroupProvider Name Tags"),
	reflect.TypeFor[ecs.UpdateCapacityProviderInput]():      members("AutoScalingGroupProvider Name"),
	reflect.TypeFor[ecs.DeleteCapacityProviderInput]():      members("CapacityProvider"),
	reflect.TypeFor[types.AutoScalingGroupProvider]():       members("AutoScalingGroupArn ManagedDraining ManagedScaling ManagedTerminationProtection"),
	reflect.TypeFor[types.AutoScalingGroupProviderUpdate](): members("ManagedDraining ManagedScaling ManagedTerminationProtection"),
	reflect.TypeFor[types.ManagedScaling]():                 members("InstanceWarmupPeriod MaximumScalingStepSize MinimumScalingStepSize Status TargetCapacity"),
}

// createCapacityProvider makes a capacity provider of an Auto Scaling group. Its instances are those
// that carry the group's name in model.GroupTag.
func createCapacityProvider(tx *store.Tx, in *ecs.CreateCapacityProviderInput) (*ecs.CreateCapacityProviderOutput, error) {
	if err := refuseIn(in, providerSupport); err != nil {
		return nil, err
	}
	name := aws.ToString(in.Name)
	if !validProvider(name) {
		return nil, invalid("The specified capacity provider name is invalid. Up to 255 characters are allowed, including letters (upper and lowercase), " +
			"numbers, underscores, and hyphens. The name cannot be prefixed with \"aws\", \"ecs\", or \"fargate\". Specify a valid name and try again.")
	}
	if in.AutoScalingGroupProvider == nil {
		return nil, invalid("An Auto Scaling group provider must be specified for the capacity provider.")
	}
	p := model.CapacityProvider{Name: name, Status: active, Group: aws.ToString(in.AutoScalingGroupProvider.AutoScalingGroupArn), Created: tx.Now(),
		Update: string(types.CapacityProviderUpdateStatusCreateComplete)}
	if err := checkGroup(tx, p); err != nil {
		return nil, err
	}
	var err error
	if p.Tags, err = newTags(in.Tags); err != nil {
		return nil, err
	}
	g := in.AutoScalingGroupProvider
	if p.Doc, err = managed(types.AutoScalingGroupProvider{}, g.ManagedScaling, g.ManagedTerminationProtection, g.ManagedDraining); err != nil {
		return nil, err
	}
	store.CapacityProviders.Put(tx, p)
	return &ecs.CreateCapacityProviderOutput{CapacityProvider: new(showProvider(tx, p, true))}, nil
}

// validProvider reports whether a client may give a capacity provider this name.
func validProvider(name string) bool {
	low := strings.ToLower(name)
	return validName(name) && !strings.HasPrefix(low, "aws") && !strings.HasPrefix(low, "ecs") && !strings.HasPrefix(low, "fargate")
}

// checkGroup checks the Auto Scaling group of a new capacity provider, which no other may have. Any
// group is taken to exist.
func checkGroup(tx *store.Tx, p model.CapacityProvider) error {
	a, arn := model.ParseARN(p.Group)
	switch {
	case arn && (a.Service != "autoscaling" || a.Scope() != tx.Scope() || a.Partition != tx.Scope().Partition()),
		!arn && strings.Contains(p.Group, ":"), p.GroupName() == "" || len(p.GroupName()) > 255:
		return refused("The specified Auto Scaling group ARN is not valid. Specify a valid Auto Scaling group ARN and try again.")
	}
	for o := range store.CapacityProviders.All(tx) {
		switch {
		case o.Status != active:
		case o.Name == p.Name:
			return refused("The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.")
		case o.GroupName() == p.GroupName():
			return refused("The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a unique Auto Scaling group ARN and try again.")
		}
	}
	return nil
}

// managed returns doc with what ECS is to do for the group by itself. It can do nothing for it here.
func managed(doc types.AutoScalingGroupProvider, s *types.ManagedScaling, t types.ManagedTerminationProtection, d types.ManagedDraining) (types.AutoScalingGroupProvider, error) {
	for _, setting := range []struct{ name, value string }{
		{"managedScaling.status", string(scalingOf(s).Status)}, {"managedTerminationProtection", string(t)}, {"managedDraining", string(d)},
	} {
		switch setting.value {
		case "", "DISABLED":
		case "ENABLED":
			return doc, invalid("%s", notSupported("autoScalingGroupProvider."+setting.name+"=ENABLED", "Auto Scaling groups are not scaled; use DISABLED."))
		default:
			return doc, invalid("Invalid %s: %s", setting.name, setting.value)
		}
	}
	if err := checkScaling(s); err != nil {
		return doc, err
	}
	if s != nil || doc.ManagedScaling == nil {
		scaling := scalingOf(s)
		scaling.Status = types.ManagedScalingStatusDisabled
		doc.ManagedScaling = &scaling
	}
	doc.ManagedTerminationProtection, doc.ManagedDraining = types.ManagedTerminationProtectionDisabled, types.ManagedDrainingDisabled
	return doc, nil
}

func scalingOf(s *types.ManagedScaling) types.ManagedScaling {
	if s == nil {
		return types.ManagedScaling{}
	}
	return *s
}

// checkScaling checks the numbers of a managed scaling.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedScaling.html
func checkScaling(s *types.ManagedScaling) error {
	if s == nil {
		return nil
	}
	for _, n := range []struct {
		name      string
		value     *int32
		low, high int32
	}{{"targetCapacity", s.TargetCapacity, 1, 100}, {"minimumScalingStepSize", s.MinimumScalingStepSize, 1, 10000},
		{"maximumScalingStepSize", s.MaximumScalingStepSize, 1, 10000}, {"instanceWarmupPeriod", s.InstanceWarmupPeriod, 0, 10000}} {
		if n.value != nil && (*n.value < n.low || *n.value > n.high) {
			return invalid("The managed scaling %s must be between %d and %d.", n.name, n.low, n.high)
		}
	}
	return nil
}

func updateCapacityProvider(tx *store.Tx, in *ecs.UpdateCapacityProviderInput) (*ecs.UpdateCapacityProviderOutput, error) {
	if err := refuseIn(in, providerSupport); err != nil {
		return nil, err
	}
	p, err := ownProvider(tx, in.Name)
	if err != nil {
		return nil, err
	}
	g := in.AutoScalingGroupProvider
	if g == nil {
		return nil, invalid("An Auto Scaling group provider must be specified for the capacity provider.")
	}
	if p.Doc, err = managed(p.Doc, g.ManagedScaling, g.ManagedTerminationProtection, g.ManagedDraining); err != nil {
		return nil, err
	}
	p.Update, p.Reason = string(types.CapacityProviderUpdateStatusUpdateComplete), ""
	store.CapacityProviders.Put(tx, p)
	return &ecs.UpdateCapacityProviderOutput{CapacityProvider: new(showProvider(tx, p, true))}, nil
}

// deleteCapacityProvider makes a capacity provider INACTIVE that no cluster uses. Of one that a cluster
// uses the answer says why it stays, as on ECS: the call is no error.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCapacityProvider.html
func deleteCapacityProvider(tx *store.Tx, in *ecs.DeleteCapacityProviderInput) (*ecs.DeleteCapacityProviderOutput, error) {
	if err := refuseIn(in, providerSupport); err != nil {
		return nil, err
	}
	p, err := ownProvider(tx, in.CapacityProvider)
	if err != nil {
		return nil, err
	}
	p.Status, p.Update, p.Reason = inactive, string(types.CapacityProviderUpdateStatusDeleteComplete), ""
	for c := range store.Clusters.All(tx) {
		if slices.Contains(c.Providers, p.Name) {
			p.Status, p.Update = active, string(types.CapacityProviderUpdateStatusDeleteFailed)
			p.Reason = "The capacity provider cannot be deleted because it is associated with cluster: " + c.Name + ". Remove the capacity provider from the cluster and try again."
			break
		}
	}
	store.CapacityProviders.Put(tx, p)
	return &ecs.DeleteCapacityProviderOutput{CapacityProvider: new(showProvider(tx, p, true))}, nil
}

// ownProvider finds an ACTIVE capacity provider that a client made.
func ownProvider(tx *store.Tx, ref *string) (model.CapacityProvider, error) {
	name, err := providerName(tx, aws.ToString(ref))
	if err != nil {
		return model.CapacityProvider{}, err
	}
	p, ok := store.CapacityProviders.Get(tx, name)
	switch {
	case model.IsFargate(name):
		return p, invalid("The %s capacity provider is reserved and cannot be updated or deleted.", name)
	case !ok || p.Status != active:
		return p, noProvider(name)
	}
	return p, nil
}

func noProvider(name string) error {
	return invalid("The specified capacity provider %s was not found. Specify a valid name or ARN and try again.", name)
}

// describeCapacityProviders answers the capacity providers that are named, or all that are ACTIVE; of a
// cluster those that are associated with it.
func describeCapacityProviders(tx *store.Tx, in *ecs.DescribeCapacityProvidersInput) (*ecs.DescribeCapacityProvidersOutput, error) {
	p, err := newPageOf(in, in.NextToken, in.MaxResults, page{max: 10, most: 10})
	if err != nil {
		return nil, err
	}
	if len(in.CapacityProviders) > maxDescribe {
		return nil, invalid("Capacity providers can have at most %d items.", maxDescribe)
	}
	within := func(string) bool { return true }
	if in.Cluster != nil {
		c, err := activeCluster(tx, in.Cluster)
		if err != nil {
			return nil, err
		}
		within = func(name string) bool { return slices.Contains(c.Providers, name) }
	}
	rows, failures, err := namedProviders(tx, in.CapacityProviders)
	if err != nil {
		return nil, err
	}
	if p.after != "" {
		failures = []types.Failure{} // told on the first page
	}
	tags := slices.Contains(in.Include, types.CapacityProviderFieldTags)
	keep := func(c model.CapacityProvider) bool { return c.Name > p.after && within(c.Name) }
	out, next := take(p, slices.Values(rows), keep, func(c model.CapacityProvider) types.CapacityProvider { return showProvider(tx, c, tags) })
	return &ecs.DescribeCapacityProvidersOutput{CapacityProviders: out, Failures: failures, NextToken: next}, nil
}

// namedProviders returns the capacity providers with the names, all ACTIVE ones if there are no names,
// in the order of their names, and what is missing.
func namedProviders(tx *store.Tx, refs []string) (rows []model.CapacityProvider, failures []types.Failure, err error) {
	failures = []types.Failure{}
	all := []model.CapacityProvider{{Name: model.Fargate, Status: active}, {Name: model.FargateSpot, Status: active}}
	all = slices.AppendSeq(all, store.CapacityProviders.All(tx))
	slices.SortFunc(all, func(a, b model.CapacityProvider) int { return strings.Compare(a.Name, b.Name) })
	if len(refs) == 0 {
		return slices.DeleteFunc(all, func(p model.CapacityProvider) bool { return p.Status != active }), failures, nil
	}
	wanted := map[string]bool{}
	for _, ref := range refs {
		name, err := providerName(tx, ref)
		if err != nil {
			return nil, nil, err
		}
		wanted[name] = true
		if !slices.ContainsFunc(all, func(p model.CapacityProvider) bool { return p.Name == name }) {
			failures = append(failures, missing(providerARN(tx, name)))
		}
	}
	return slices.DeleteFunc(all, func(p model.CapacityProvider) bool { return !wanted[p.Name] }), failures, nil
}

func providerARN(tx *store.Tx, name string) string {
	return tx.Scope().ARN("ecs", "capacity-provider/"+name)
}

// showProvider is the only way from a capacity provider's row to the wire.
func showProvider(tx *store.Tx, p model.CapacityProvider, tags bool) types.CapacityProvider {
	out := types.CapacityProvider{CapacityProviderArn: aws.String(providerARN(tx, p.Name)), Name: aws.String(p.Name), Status: types.CapacityProviderStatus(p.Status),
		Type: types.CapacityProviderTypeEc2Autoscaling, UpdateStatus: types.CapacityProviderUpdateStatus(p.Update), UpdateStatusReason: given(p.Reason), Tags: []types.Tag{}}
	if model.IsFargate(p.Name) {
		out.Type = types.CapacityProviderType(p.Name)
	} else {
		doc := p.Doc
		doc.AutoScalingGroupArn = aws.String(p.Group)
		out.AutoScalingGroupProvider = &doc
	}
	if tags {
		out.Tags = showTags(p.Tags)
	}
	return out
}
