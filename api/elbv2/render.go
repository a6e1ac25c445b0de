package elbv2

import (
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func renderLoadBalancer(tx *store.Tx, l model.LoadBalancer) types.LoadBalancer {
	arn, zone := tx.Scope().LoadBalancerARN(l.ID), hostedZone(tx.Scope().Region)
	return types.LoadBalancer{
		LoadBalancerArn:       &arn,
		LoadBalancerName:      &l.Name,
		DNSName:               &l.DNSName,
		CanonicalHostedZoneId: &zone,
		CreatedTime:           moment(l.Created),
		Scheme:                types.LoadBalancerSchemeEnum(l.Scheme),
		VpcId:                 &l.VPC,
		State:                 &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive},
		Type:                  types.LoadBalancerTypeEnumApplication,
		AvailabilityZones:     renderZones(l),
		SecurityGroups:        l.Groups,
		IpAddressType:         types.IpAddressTypeIpv4,
	}
}

func renderZones(l model.LoadBalancer) []types.AvailabilityZone {
	zones := []types.AvailabilityZone{}
	for _, s := range l.Subnets {
		zones = append(zones, types.AvailabilityZone{ZoneName: &s.Zone, SubnetId: &s.ID,
			LoadBalancerAddresses: []types.LoadBalancerAddress{}})
	}
	return zones
}

func renderListener(tx *store.Tx, l model.Listener) types.Listener {
	arn, lb := tx.Scope().ListenerARN(l.ID), tx.Scope().LoadBalancerARN(l.LoadBalancer)
	out := types.Listener{
		ListenerArn:     &arn,
		LoadBalancerArn: &lb,
		Port:            i32(l.Port),
		Protocol:        types.ProtocolEnum(l.Protocol),
		DefaultActions:  l.Actions,
	}
	if l.Protocol == "HTTPS" {
		out.SslPolicy = &l.SSLPolicy
		off := "off"
		out.MutualAuthentication = &types.MutualAuthenticationAttributes{Mode: &off}
		for _, c := range l.Certificates {
			out.Certificates = append(out.Certificates, types.Certificate{CertificateArn: &c})
		}
	}
	return out
}

func renderTargetGroup(tx *store.Tx, g model.TargetGroup) types.TargetGroup {
	arn := tx.Scope().TargetGroupARN(g.ID)
	out := types.TargetGroup{
		TargetGroupArn:             &arn,
		TargetGroupName:            &g.Name,
		Protocol:                   types.ProtocolEnum(g.Protocol),
		ProtocolVersion:            &g.Version,
		Port:                       i32(g.Port),
		VpcId:                      &g.VPC,
		TargetType:                 types.TargetTypeEnum(g.TargetType),
		IpAddressType:              types.TargetGroupIpAddressTypeEnumIpv4,
		HealthCheckEnabled:         &g.Check.Enabled,
		HealthCheckProtocol:        types.ProtocolEnum(g.Check.Protocol),
		HealthCheckPort:            &g.Check.Port,
		HealthCheckPath:            &g.Check.Path,
		HealthCheckIntervalSeconds: i32(int(g.Check.Interval / time.Second)),
		HealthCheckTimeoutSeconds:  i32(int(g.Check.Timeout / time.Second)),
		HealthyThresholdCount:      i32(g.Check.Healthy),
		UnhealthyThresholdCount:    i32(g.Check.Unhealthy),
		Matcher:                    &types.Matcher{HttpCode: &g.Check.Matcher},
		LoadBalancerArns:           []string{},
	}
	for _, key := range loadBalancersOf(tx, g.ID) {
		out.LoadBalancerArns = append(out.LoadBalancerArns, tx.Scope().LoadBalancerARN(key))
	}
	return out
}

// moment is t as ELB writes it, in milliseconds.
func moment(t time.Time) *time.Time {
	t = t.Truncate(time.Millisecond)
	return &t
}

func i32(n int) *int32 {
	v := int32(n)
	return &v
}
