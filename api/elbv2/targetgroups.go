package elbv2

import (
	"cmp"
	"iter"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// createTargetGroup makes a target group, or answers the one that stands there when the same was
// asked for before.
func createTargetGroup(tx *store.Tx, in *elb.CreateTargetGroupInput) (*elb.CreateTargetGroupOutput, error) {
	g, err := newTargetGroup(tx, in)
	if err != nil {
		return nil, err
	}
	for old := range store.TargetGroups.From(tx, g.Name+"/", "") {
		if !sameTargetGroup(old, g) {
			return nil, &types.DuplicateTargetGroupNameException{
				Message: say("A target group with the same name '%s' exists, but with different settings", g.Name)}
		}
		return &elb.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{renderTargetGroup(tx, old)}}, nil
	}
	count := 0
	for range store.TargetGroups.All(tx) {
		if count++; count >= maxTargetGroups {
			return nil, &types.TooManyTargetGroupsException{Message: say("The maximum number of target groups has been reached")}
		}
	}
	g.ID = g.Name + "/" + ids.Hex(16)
	g.Created = tx.Now()
	store.TargetGroups.Put(tx, g)
	return &elb.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{renderTargetGroup(tx, g)}}, nil
}

// newTargetGroup reads and checks a request; the id is still to give.
func newTargetGroup(tx *store.Tx, in *elb.CreateTargetGroupInput) (g model.TargetGroup, err error) {
	if err := checkTargetGroup(in); err != nil {
		return g, err
	}
	vpc, ok := store.VPCs.Get(tx, *in.VpcId)
	if !ok {
		return g, invalid("The VPC ID '%s' is not found", *in.VpcId)
	}
	g = model.TargetGroup{
		Name:       *in.Name,
		Protocol:   string(in.Protocol),
		Version:    "HTTP1",
		Port:       int(*in.Port),
		VPC:        vpc.ID,
		TargetType: cmp.Or(string(in.TargetType), "instance"),
	}
	if g.Tags, err = tags(in.Tags); err != nil {
		return g, err
	}
	g.Check, err = checkInput{in.HealthCheckEnabled, in.HealthCheckProtocol, in.HealthCheckPort, in.HealthCheckPath, in.Matcher,
		in.HealthCheckIntervalSeconds, in.HealthCheckTimeoutSeconds, in.HealthyThresholdCount, in.UnhealthyThresholdCount,
	}.over(defaultCheck, g.TargetType)
	return g, err
}

// checkTargetGroup checks what needs no state.
func checkTargetGroup(in *elb.CreateTargetGroupInput) error {
	err := firstErr(
		name("Target group", str(in.Name)),
		oneOf(in.TargetType, "targetType", in.TargetType.Values()),
		oneOf(in.Protocol, "protocol", in.Protocol.Values()),
		oneOf(in.IpAddressType, "ipAddressType", in.IpAddressType.Values()),
		between(in.Port, "port", 1, 65535),
	)
	version := cmp.Or(str(in.ProtocolVersion), "HTTP1")
	switch {
	case err != nil:
		return err
	case in.TargetType == types.TargetTypeEnumLambda || in.TargetType == types.TargetTypeEnumAlb:
		return unsupported("target type '%s'", in.TargetType)
	case in.Protocol == "":
		return invalid("A protocol must be specified")
	case in.Protocol != types.ProtocolEnumHttp && in.Protocol != types.ProtocolEnumHttps:
		return unsupported("target group protocol '%s'", in.Protocol)
	case version == "HTTP2" || version == "GRPC":
		return unsupported("protocol version '%s'", version)
	case version != "HTTP1":
		return invalid("Protocol version '%s' must be one of 'GRPC, HTTP1, HTTP2'", version)
	case in.Port == nil:
		return invalid("A port must be specified")
	case str(in.VpcId) == "":
		return invalid("A VPC ID must be specified")
	case in.IpAddressType == types.TargetGroupIpAddressTypeEnumIpv6:
		return unsupported("IP address type '%s'", in.IpAddressType)
	}
	return wire.Refuse(in, validationError, "TargetControlPort")
}

// sameTargetGroup reports whether asking for b is asking for a again.
func sameTargetGroup(a, b model.TargetGroup) bool {
	return a.Protocol == b.Protocol && a.Version == b.Version && a.Port == b.Port && a.VPC == b.VPC &&
		a.TargetType == b.TargetType && a.Check == b.Check && sameSet(a.Tags, b.Tags)
}

func describeTargetGroups(tx *store.Tx, in *elb.DescribeTargetGroupsInput) (*elb.DescribeTargetGroupsOutput, error) {
	p, err := newPage(in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	rows, err := selectTargetGroups(tx, in)
	if err != nil {
		return nil, err
	}
	some, next := take(p, rows)
	out := &elb.DescribeTargetGroupsOutput{TargetGroups: []types.TargetGroup{}, NextMarker: next}
	for _, g := range some {
		out.TargetGroups = append(out.TargetGroups, renderTargetGroup(tx, g))
	}
	return out, nil
}

func selectTargetGroups(tx *store.Tx, in *elb.DescribeTargetGroupsInput) (iter.Seq[model.TargetGroup], error) {
	ways := 0
	for _, given := range []bool{in.LoadBalancerArn != nil, len(in.TargetGroupArns) > 0, len(in.Names) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways > 1:
		return nil, invalid("Target group names, target group ARNs and a load balancer ARN cannot be specified at the same time")
	case in.LoadBalancerArn != nil:
		lb, err := loadBalancer(tx, in.LoadBalancerArn)
		return sorted(groupsOf(tx, lb)), err
	case len(in.TargetGroupArns) > 0:
		gs, err := each(in.TargetGroupArns, func(arn string) (model.TargetGroup, error) {
			g, err := targetGroup(tx, &arn)
			if _, gone := err.(*types.TargetGroupNotFoundException); gone {
				err = &types.TargetGroupNotFoundException{Message: say("One or more target groups not found")}
			}
			return g, err
		})
		return sorted(gs), err
	case len(in.Names) > 0:
		gs, err := each(in.Names, func(name string) (model.TargetGroup, error) {
			for g := range store.TargetGroups.From(tx, name+"/", "") {
				return g, nil
			}
			return model.TargetGroup{}, &types.TargetGroupNotFoundException{Message: say("One or more target groups not found")}
		})
		return sorted(gs), err
	}
	return store.TargetGroups.All(tx), nil
}

// groupsOf returns the target groups that a load balancer's listeners forward to, each once.
func groupsOf(tx *store.Tx, lb model.LoadBalancer) (gs []model.TargetGroup) {
	seen := map[string]bool{}
	for l := range store.Listeners.From(tx, lb.ID+"/", "") {
		for _, key := range l.Groups() {
			if g, ok := store.TargetGroups.Get(tx, key); ok && !seen[key] {
				seen[key] = true
				gs = append(gs, g)
			}
		}
	}
	return gs
}

func modifyTargetGroup(tx *store.Tx, in *elb.ModifyTargetGroupInput) (*elb.ModifyTargetGroupOutput, error) {
	g, err := targetGroup(tx, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	g.Check, err = checkInput{in.HealthCheckEnabled, in.HealthCheckProtocol, in.HealthCheckPort, in.HealthCheckPath, in.Matcher,
		in.HealthCheckIntervalSeconds, in.HealthCheckTimeoutSeconds, in.HealthyThresholdCount, in.UnhealthyThresholdCount,
	}.over(g.Check, g.TargetType)
	if err != nil {
		return nil, err
	}
	store.TargetGroups.Put(tx, g)
	return &elb.ModifyTargetGroupOutput{TargetGroups: []types.TargetGroup{renderTargetGroup(tx, g)}}, nil
}

// deleteTargetGroup deletes a group with its targets, unless a listener uses it. One that is not
// there is no error.
func deleteTargetGroup(tx *store.Tx, in *elb.DeleteTargetGroupInput) (*elb.DeleteTargetGroupOutput, error) {
	g, err := targetGroup(tx, in.TargetGroupArn)
	if _, gone := err.(*types.TargetGroupNotFoundException); gone {
		return &elb.DeleteTargetGroupOutput{}, nil
	}
	if err != nil {
		return nil, err
	}
	if store.ListenersByGroup.Any(tx, g.ID) {
		return nil, &types.ResourceInUseException{Message: say("Target group '%s' is currently in use by a listener or a rule", *in.TargetGroupArn)}
	}
	for t := range store.Targets.From(tx, g.ID+"|", "") {
		store.Targets.Delete(tx, t.Key())
	}
	store.TargetGroups.Delete(tx, g.Key())
	return &elb.DeleteTargetGroupOutput{}, nil
}
