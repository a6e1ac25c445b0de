package gate

// elbRules are those of Elastic Load Balancing. A load balancer or target group that is yet to be made
// has any id.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
var elbRules = table(map[string]rule{
	"CreateLoadBalancer": {on: newELB("loadbalancer/app/"), keys: keyed(scheme), tagged: tagELB},
	"CreateTargetGroup":  {on: newELB("targetgroup/"), tagged: tagELB},
	"CreateListener":     {on: given("LoadBalancerArn"), keys: keyed(listening), tagged: tagELB},
	"AddTags":            {on: given("ResourceArns")},
	"RemoveTags":         {on: given("ResourceArns")},
},
	all(rule{on: given("LoadBalancerArn")}, "DeleteLoadBalancer ModifyLoadBalancerAttributes SetSubnets SetIpAddressType"),
	all(rule{on: given("LoadBalancerArn"), keys: keyed(groups)}, "SetSecurityGroups"),
	all(rule{on: given("ListenerArn"), keys: keyed(listening)}, "ModifyListener"),
	all(rule{on: given("ListenerArn")}, "DeleteListener ModifyListenerAttributes"),
	all(rule{on: given("TargetGroupArn")}, "DeleteTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets DeregisterTargets"),
	all(plain, `DescribeLoadBalancers DescribeLoadBalancerAttributes DescribeCapacityReservation DescribeListeners DescribeListenerAttributes
		DescribeListenerCertificates DescribeRules DescribeTargetGroups DescribeTargetGroupAttributes DescribeTargetHealth DescribeTags DescribeAccountLimits`),
)

const tagELB = "elasticloadbalancing:AddTags"

func newELB(prefix string) func(*asking) []string {
	return func(a *asking) []string {
		return []string{a.sc.ARN("elasticloadbalancing", prefix+a.text("Name")+"/*")}
	}
}

func scheme(a *asking) {
	s := a.text("Scheme")
	if s == "" {
		s = "internet-facing"
	}
	a.keys.Set("elasticloadbalancing:Scheme", s)
	a.keys.Set("elasticloadbalancing:Subnet", a.texts("Subnets")...)
	groups(a)
}

func groups(a *asking) {
	a.keys.Set("elasticloadbalancing:SecurityGroup", a.texts("SecurityGroups")...)
}

func listening(a *asking) {
	a.keys.Set("elasticloadbalancing:ListenerProtocol", a.texts("Protocol")...)
	a.keys.Set("elasticloadbalancing:SecurityPolicy", a.texts("SslPolicy")...)
}
