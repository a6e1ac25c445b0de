// Package elbv2 answers the Elastic Load Balancing v2 API: Application Load Balancers, their
// listeners, target groups and targets. A call is one transaction on the store; nothing here
// binds a port, probes or proxies. What lb saw of a listener and a target is told as lb wrote it.
//
// What Drydock does not do is refused by name: Network and Gateway Load Balancers, listener rules
// besides the default one, Lambda targets, authentication, and attributes that would not act.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html
package elbv2

import (
	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
)

// Options of the service.
type Options struct {
	Scale tempo.Scale // divides the deregistration delay
}

// Service returns Elastic Load Balancing v2 over s.
func Service(s *store.Store, o Options) wire.Service {
	return wire.Service{
		Name:      "elasticloadbalancing",
		Protocol:  wire.Query,
		Version:   "2015-12-01",
		Namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
		Ops:       handler.Ops(s, o.binds()),
		Known:     known,
	}
}

func (o Options) binds() map[string]handler.Bind {
	return map[string]handler.Bind{
		"CreateLoadBalancer":             handler.Write(createLoadBalancer),
		"DeleteLoadBalancer":             handler.Write(deleteLoadBalancer),
		"DescribeLoadBalancers":          handler.Read(describeLoadBalancers),
		"DescribeLoadBalancerAttributes": handler.Read(describeLoadBalancerAttributes),
		"ModifyLoadBalancerAttributes":   handler.Write(modifyLoadBalancerAttributes),
		"DescribeCapacityReservation":    handler.Read(describeCapacityReservation),
		"SetSecurityGroups":              handler.Write(setSecurityGroups),
		"SetSubnets":                     handler.Write(setSubnets),
		"SetIpAddressType":               handler.Write(setIPAddressType),

		"CreateListener":               handler.Write(createListener),
		"DeleteListener":               handler.Write(deleteListener),
		"DescribeListeners":            handler.Read(describeListeners),
		"DescribeListenerAttributes":   handler.Read(describeListenerAttributes),
		"DescribeListenerCertificates": handler.Read(describeListenerCertificates),
		"DescribeRules":                handler.Read(describeRules),
		"ModifyListener":               handler.Write(modifyListener),
		"ModifyListenerAttributes":     handler.Write(modifyListenerAttributes),

		"CreateTargetGroup":             handler.Write(createTargetGroup),
		"DeleteTargetGroup":             handler.Write(deleteTargetGroup),
		"DescribeTargetGroups":          handler.Read(describeTargetGroups),
		"DescribeTargetGroupAttributes": handler.Read(describeTargetGroupAttributes),
		"ModifyTargetGroup":             handler.Write(modifyTargetGroup),
		"ModifyTargetGroupAttributes":   handler.Write(modifyTargetGroupAttributes),

		"RegisterTargets":      handler.Write(registerTargets),
		"DeregisterTargets":    handler.Write(o.deregisterTargets),
		"DescribeTargetHealth": handler.Read(describeTargetHealth),

		"AddTags":               handler.Write(addTags),
		"RemoveTags":            handler.Write(removeTags),
		"DescribeTags":          handler.Read(describeTags),
		"DescribeAccountLimits": handler.Read(describeAccountLimits),
	}
}

// known are the operations of the API that are refused by name.
var known = []string{
	"AddListenerCertificates", "AddTrustStoreRevocations", "CreateRule", "CreateTrustStore", "DeleteRule",
	"DeleteSharedTrustStoreAssociation", "DeleteTrustStore", "DescribeSSLPolicies", "DescribeTrustStoreAssociations",
	"DescribeTrustStoreRevocations", "DescribeTrustStores", "GetResourcePolicy", "GetTrustStoreCaCertificatesBundle",
	"GetTrustStoreRevocationContent", "ModifyCapacityReservation", "ModifyIpPools", "ModifyRule", "ModifyTrustStore",
	"RemoveListenerCertificates", "RemoveTrustStoreRevocations", "SetRulePriorities",
}
