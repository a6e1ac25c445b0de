package elbv2

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// createLoadBalancer makes an Application Load Balancer, or answers the one that stands there when
// the same was asked for before.
func createLoadBalancer(tx *store.Tx, in *elb.CreateLoadBalancerInput) (*elb.CreateLoadBalancerOutput, error) {
	if err := checkLoadBalancer(in); err != nil {
		return nil, err
	}
	lb := model.LoadBalancer{Name: str(in.Name), Scheme: cmp.Or(string(in.Scheme), "internet-facing")}
	var err error
	if lb.Subnets, lb.VPC, err = subnets(tx, in.Subnets, in.SubnetMappings); err != nil {
		return nil, err
	}
	if lb.Groups, err = securityGroups(tx, lb.VPC, in.SecurityGroups); err != nil {
		return nil, err
	}
	if lb.Tags, err = tags(in.Tags); err != nil {
		return nil, err
	}
	count := 0
	for old := range store.LoadBalancers.All(tx) {
		count++
		if old.Name != lb.Name {
			continue
		}
		if !sameLoadBalancer(old, lb) {
			return nil, &types.DuplicateLoadBalancerNameException{
				Message: say("A load balancer with the same name '%s' exists, but with different settings", lb.Name)}
		}
		return &elb.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{renderLoadBalancer(tx, old)}}, nil
	}
	if count >= maxLoadBalancers {
		return nil, &types.TooManyLoadBalancersException{Message: say("The maximum number of load balancers has been reached")}
	}
	id := ids.Hex(16)
	lb.ID = "app/" + lb.Name + "/" + id
	lb.DNSName = strings.ToLower(lb.Name+"-"+id+"."+tx.Scope().Region) + ".elb.localhost"
	lb.Created = tx.Now()
	store.LoadBalancers.Put(tx, lb)
	if err := Attach(tx, lb); err != nil {
		return nil, err
	}
	return &elb.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{renderLoadBalancer(tx, lb)}}, nil
}

// checkLoadBalancer checks what needs no state.
func checkLoadBalancer(in *elb.CreateLoadBalancerInput) error {
	err := firstErr(
		name("Load balancer", str(in.Name)),
		oneOf(in.Type, "type", in.Type.Values()),
		oneOf(in.Scheme, "scheme", in.Scheme.Values()),
		ipv4Only(in.IpAddressType),
		wire.Refuse(in, validationError, "CustomerOwnedIpv4Pool", "IpamPools", "EnablePrefixForIpv6SourceNat"),
	)
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(*in.Name, "internal-"):
		return invalid("Load balancer name '%s' cannot begin with 'internal-'", *in.Name)
	case in.Type != "" && in.Type != types.LoadBalancerTypeEnumApplication:
		return unsupported("load balancer type '%s'", in.Type)
	}
	return nil
}

func ipv4Only(t types.IpAddressType) error {
	if err := oneOf(t, "ipAddressType", t.Values()); err != nil {
		return err
	}
	if t != "" && t != types.IpAddressTypeIpv4 {
		return unsupported("IP address type '%s'", t)
	}
	return nil
}

// sameLoadBalancer reports whether asking for b is asking for a again.
func sameLoadBalancer(a, b model.LoadBalancer) bool {
	return a.Scheme == b.Scheme && sameSet(a.Subnets, b.Subnets) && sameSet(a.Groups, b.Groups) && sameSet(a.Tags, b.Tags)
}

func sameSet[T comparable](a, b []T) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(v T) bool { return !slices.Contains(b, v) })
}

func describeLoadBalancers(tx *store.Tx, in *elb.DescribeLoadBalancersInput) (*elb.DescribeLoadBalancersOutput, error) {
	p, err := newPage(in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	rows, err := selectLoadBalancers(tx, in)
	if err != nil {
		return nil, err
	}
	some, next := take(p, rows)
	out := &elb.DescribeLoadBalancersOutput{LoadBalancers: []types.LoadBalancer{}, NextMarker: next}
	for _, l := range some {
		out.LoadBalancers = append(out.LoadBalancers, renderLoadBalancer(tx, l))
	}
	return out, nil
}

func selectLoadBalancers(tx *store.Tx, in *elb.DescribeLoadBalancersInput) (iter.Seq[model.LoadBalancer], error) {
	switch {
	case len(in.LoadBalancerArns) > 0 && len(in.Names) > 0:
		return nil, invalid("Load balancer names and load balancer ARNs cannot be specified at the same time")
	case len(in.LoadBalancerArns) > 0:
		lbs, err := each(in.LoadBalancerArns, func(arn string) (model.LoadBalancer, error) {
			l, err := loadBalancer(tx, &arn)
			if _, gone := err.(*types.LoadBalancerNotFoundException); gone {
				err = &types.LoadBalancerNotFoundException{Message: say("Load balancers '[%s]' not found", arn)}
			}
			return l, err
		})
		return sorted(lbs), err
	case len(in.Names) > 0:
		lbs, err := each(in.Names, func(name string) (model.LoadBalancer, error) {
			for l := range store.LoadBalancers.From(tx, "app/"+name+"/", "") {
				return l, nil
			}
			return model.LoadBalancer{}, &types.LoadBalancerNotFoundException{Message: say("Load balancers '[%s]' not found", name)}
		})
		return sorted(lbs), err
	}
	return store.LoadBalancers.All(tx), nil
}

// sorted returns rows in the order of their keys, as pages need them.
func sorted[T interface{ Key() string }](rows []T) iter.Seq[T] {
	slices.SortFunc(rows, func(a, b T) int { return strings.Compare(a.Key(), b.Key()) })
	return slices.Values(rows)
}

// deleteLoadBalancer deletes a load balancer with its listeners and network interfaces. One that is not there is no error.
func deleteLoadBalancer(tx *store.Tx, in *elb.DeleteLoadBalancerInput) (*elb.DeleteLoadBalancerOutput, error) {
	lb, err := loadBalancer(tx, in.LoadBalancerArn)
	if _, gone := err.(*types.LoadBalancerNotFoundException); gone {
		return &elb.DeleteLoadBalancerOutput{}, nil
	}
	if err != nil {
		return nil, err
	}
	if lb.Protected() {
		return nil, &types.OperationNotPermittedException{
			Message: say("Load balancer '%s' cannot be deleted because deletion protection is enabled", *in.LoadBalancerArn)}
	}
	for l := range store.Listeners.From(tx, lb.ID+"/", "") {
		store.Listeners.Delete(tx, l.Key())
	}
	detach(tx, lb)
	store.LoadBalancers.Delete(tx, lb.Key())
	return &elb.DeleteLoadBalancerOutput{}, nil
}

// describeCapacityReservation answers that no capacity is reserved: none can be.
func describeCapacityReservation(tx *store.Tx, in *elb.DescribeCapacityReservationInput) (*elb.DescribeCapacityReservationOutput, error) {
	if _, err := loadBalancer(tx, in.LoadBalancerArn); err != nil {
		return nil, err
	}
	return &elb.DescribeCapacityReservationOutput{CapacityReservationState: []types.ZonalCapacityReservationState{}}, nil
}
