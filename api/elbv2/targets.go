package elbv2

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// registerTargets adds targets to a group, or takes back targets that drain. One that is
// registered already stays as it is.
func registerTargets(tx *store.Tx, in *elb.RegisterTargetsInput) (*elb.RegisterTargetsOutput, error) {
	g, err := targetGroup(tx, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 {
		return nil, invalid("At least one target must be specified")
	}
	have := 0
	for range store.Targets.From(tx, g.ID+"|", "") {
		have++
	}
	for _, d := range in.Targets {
		t, err := newTarget(tx, g, d)
		if err != nil {
			return nil, err
		}
		old, there := store.Targets.Get(tx, t.Key())
		if there && old.Draining.IsZero() {
			continue
		}
		if !there {
			have++
		}
		if have > maxTargets {
			return nil, &types.TooManyTargetsException{Message: say("The maximum number of targets per target group is '%d'", maxTargets)}
		}
		if old.Task != "" {
			t.Task, t.Dial = old.Task, old.Dial
		}
		t.Registered = tx.Now()
		store.Targets.Put(tx, t)
	}
	return &elb.RegisterTargetsOutput{}, nil
}

// newTarget checks that a client may register d with g, and finds where lb reaches it.
func newTarget(tx *store.Tx, g model.TargetGroup, d types.TargetDescription) (t model.Target, err error) {
	if t, err = describedTarget(g, d); err != nil {
		return t, err
	}
	if err := wire.Refuse(&d, validationError, "QuicServerId"); err != nil {
		return t, err
	}
	if g.TargetType == "ip" {
		return ipTarget(tx, g, t, d.AvailabilityZone)
	}
	if d.AvailabilityZone != nil {
		return t, invalid("An Availability Zone cannot be specified for targets of type 'instance'")
	}
	i, ok := store.Instances.Get(tx, t.ID)
	switch {
	case !strings.HasPrefix(t.ID, "i-"):
		return t, invalid("Instance ID '%s' is not valid", t.ID)
	case !ok:
		return t, &types.InvalidTargetException{Message: say("The following targets do not exist: '%s'", t.ID)}
	case i.VPC != g.VPC:
		return t, &types.InvalidTargetException{Message: say("The following targets are not in the target group VPC '%s': '%s'", g.VPC, t.ID)}
	case i.State != "running":
		return t, &types.InvalidTargetException{Message: say("The following targets are not in a running state and cannot be registered: '%s'", t.ID)}
	}
	t.Zone = i.Zone
	t.Dial = dial(i.PrivateIP, t.Port)
	return t, nil
}

// describedTarget reads which target of g is meant: an id, and the group's port unless d says another.
func describedTarget(g model.TargetGroup, d types.TargetDescription) (model.Target, error) {
	t := model.Target{Group: g.ID, ID: str(d.Id), Port: g.Port}
	if d.Id == nil {
		return t, missing("targets.member.id")
	}
	if err := between(d.Port, "targets.member.port", 1, 65535); err != nil {
		return t, err
	}
	if d.Port != nil {
		t.Port = int(*d.Port)
	}
	return t, nil
}

// private are the ranges that IP targets may come from besides the VPC's own subnets.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-type
var private = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"), netip.MustParsePrefix("100.64.0.0/10")}

// ipTarget completes a target that is an address.
func ipTarget(tx *store.Tx, g model.TargetGroup, t model.Target, zone *string) (model.Target, error) {
	addr, err := netip.ParseAddr(t.ID)
	if err != nil || !addr.Is4() {
		return t, invalid("The IP address '%s' is not a valid IPv4 address", t.ID)
	}
	home, inside := subnetOf(tx, g.VPC, addr)
	switch {
	case inside && zone != nil && *zone != home.Zone:
		return t, invalid("The IP address '%s' is within the VPC, and cannot have its Availability Zone overridden to '%s' from '%s'", addr, *zone, home.Zone)
	case inside:
		t.Zone = home.Zone
	case addr.IsLoopback():
		return t, invalid("The IP address '%s' is a loopback address, which no load balancer can reach. A process on this machine is registered by a private address of the machine's own, with the Availability Zone 'all'", addr)
	case !within(private, addr):
		return t, invalid("The IP address '%s' is not within a supported range: a subnet of the VPC, RFC 1918 or RFC 6598", addr)
	case zone == nil:
		return t, invalid("The Availability Zone is required for IP address '%s' because it is not in the VPC", addr)
	case *zone != "all" && !knownZone(tx, g.VPC, *zone):
		return t, invalid("You must specify a valid Availability Zone or select 'all' for all enabled Availability zones, since the IP address '%s' is outside the VPC", addr)
	default:
		t.Zone = *zone
	}
	t.Dial = dial(addr.String(), t.Port)
	return t, nil
}

func dial(host string, port int) string { return host + ":" + strconv.Itoa(port) }

// subnetOf returns the subnet of a VPC that an address is in.
func subnetOf(tx *store.Tx, vpc string, addr netip.Addr) (model.Subnet, bool) {
	for s := range store.Subnets.All(tx) {
		p, err := netip.ParsePrefix(s.CIDR)
		if s.VPC == vpc && err == nil && p.Contains(addr) {
			return s, true
		}
	}
	return model.Subnet{}, false
}

func within(ps []netip.Prefix, addr netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

func knownZone(tx *store.Tx, vpc, zone string) bool {
	for s := range store.Subnets.All(tx) {
		if s.VPC == vpc && s.Zone == zone {
			return true
		}
	}
	return false
}

// deregisterTargets lets targets drain. A target that is not registered is no error; one of a
// group that takes no requests is gone at once, unless a task still waits for it.
func (o Options) deregisterTargets(tx *store.Tx, in *elb.DeregisterTargetsInput) (*elb.DeregisterTargetsOutput, error) {
	g, err := targetGroup(tx, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 {
		return nil, invalid("At least one target must be specified")
	}
	used := store.ListenersByGroup.Any(tx, g.ID)
	for _, d := range in.Targets {
		want, err := describedTarget(g, d)
		if err != nil {
			return nil, err
		}
		t, ok := store.Targets.Get(tx, want.Key())
		switch {
		case !ok || !t.Draining.IsZero():
		case !used && t.Task == "":
			store.Targets.Delete(tx, t.Key())
		default:
			t.Draining = tx.Now().Add(o.Scale.Of(g.DeregistrationDelay()))
			store.Targets.Put(tx, t)
		}
	}
	return &elb.DeregisterTargetsOutput{}, nil
}
