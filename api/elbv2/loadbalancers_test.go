package elbv2

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestALoadBalancerIsDescribedAsItWasAsked(t *testing.T) {
	w := start(t)
	made, err := w.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("Web"), Subnets: w.subnets[:2],
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}})
	if err != nil {
		t.Fatal(err)
	}
	lb := made.LoadBalancers[0]
	for what, check := range map[string]struct{ got, want string }{
		"arn":    {*lb.LoadBalancerArn, `^arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/Web/[0-9a-f]{16}$`},
		"dns":    {*lb.DNSName, `^web-[0-9a-f]{16}\.us-east-1\.elb\.localhost$`},
		"state":  {string(lb.State.Code), "^active$"},
		"scheme": {string(lb.Scheme), "^internet-facing$"},
		"type":   {string(lb.Type), "^application$"},
		"ip":     {string(lb.IpAddressType), "^ipv4$"},
		"zone":   {*lb.CanonicalHostedZoneId, "^Z35SXDOTRQ7X7K$"},
		"vpc":    {*lb.VpcId, "^" + w.vpc + "$"},
		"zones":  {*lb.AvailabilityZones[0].ZoneName + *lb.AvailabilityZones[1].ZoneName, "^us-east-1aus-east-1b$"},
		"groups": {strings.Join(lb.SecurityGroups, ","), "^" + w.group + "$"},
	} {
		if !regexp.MustCompile(check.want).MatchString(check.got) {
			t.Errorf("%s: got %q, want %s", what, check.got, check.want)
		}
	}
	if !strings.Contains(*lb.DNSName, (*lb.LoadBalancerArn)[len(*lb.LoadBalancerArn)-16:]) {
		t.Errorf("DNS name %s and ARN %s carry different ids", *lb.DNSName, *lb.LoadBalancerArn)
	}
	if since := time.Since(*lb.CreatedTime); since < 0 || since > time.Minute {
		t.Errorf("created %v ago", since)
	}
	err = elb.NewLoadBalancerAvailableWaiter(w).Wait(t.Context(), &elb.DescribeLoadBalancersInput{Names: []string{"Web"}}, time.Minute)
	if err != nil {
		t.Errorf("load-balancer-available: %v", err)
	}
}

func TestAskingForTheSameLoadBalancerAgainAnswersTheOldOne(t *testing.T) {
	w := start(t)
	arn := w.balancer("web")
	if again := w.balancer("web"); again != arn {
		t.Errorf("second answer is %s, first was %s", again, arn)
	}
	_, err := w.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: w.subnets[:2]})
	refuses(t, err, "DuplicateLoadBalancerName", "'web' exists, but with different settings")
}

func TestLoadBalancersThatAreRefused(t *testing.T) {
	w := start(t)
	create := func(change func(*elb.CreateLoadBalancerInput)) func() error {
		return func() error {
			in := &elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: w.subnets}
			change(in)
			_, err := w.CreateLoadBalancer(t.Context(), in)
			return err
		}
	}
	w.update(func(tx *store.Tx) {
		sn, _ := store.Subnets.Get(tx, w.subnets[0])
		sn.ID = "subnet-twin"
		store.Subnets.Put(tx, sn)
		sn.ID, sn.VPC, sn.Zone = "subnet-away", "vpc-away", "us-east-1b"
		store.Subnets.Put(tx, sn)
		g, _ := store.SecurityGroups.Get(tx, w.group)
		g.ID, g.VPC = "sg-away", "vpc-away"
		store.SecurityGroups.Put(tx, g)
	})
	refuseAll(t, []refusal{
		{"no name", create(func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String("") }), "ValidationError", "name must be specified"},
		{"an underscore in the name", create(func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String("a_b") }), "ValidationError", "'a_b' can only contain"},
		{"a long name", create(func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String(strings.Repeat("a", 33)) }), "ValidationError", "longer than '32'"},
		{"a hyphen first", create(func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String("-a") }), "ValidationError", "begin or end with a hyphen"},
		{"the prefix of internal ones", create(func(in *elb.CreateLoadBalancerInput) { in.Name = aws.String("internal-a") }), "ValidationError", "'internal-'"},
		{"a network load balancer", create(func(in *elb.CreateLoadBalancerInput) { in.Type = types.LoadBalancerTypeEnumNetwork }), "ValidationError", "Drydock does not support load balancer type 'network'"},
		{"an unknown type", create(func(in *elb.CreateLoadBalancerInput) { in.Type = "classic" }), "ValidationError", "'type' failed to satisfy constraint"},
		{"an unknown scheme", create(func(in *elb.CreateLoadBalancerInput) { in.Scheme = "outside" }), "ValidationError", "'scheme' failed to satisfy constraint"},
		{"IPv6", create(func(in *elb.CreateLoadBalancerInput) { in.IpAddressType = types.IpAddressTypeDualstack }), "ValidationError", "IP address type 'dualstack'"},
		{"an address pool", create(func(in *elb.CreateLoadBalancerInput) { in.CustomerOwnedIpv4Pool = aws.String("ipv4pool-coip-1") }), "ValidationError", "CustomerOwnedIpv4Pool"},
		{"no subnet", create(func(in *elb.CreateLoadBalancerInput) { in.Subnets = nil }), "ValidationError", "At least two subnets"},
		{"one subnet", create(func(in *elb.CreateLoadBalancerInput) { in.Subnets = w.subnets[:1] }), "ValidationError", "At least two subnets"},
		{"two subnets of one zone", create(func(in *elb.CreateLoadBalancerInput) { in.Subnets = []string{w.subnets[0], "subnet-twin"} }), "InvalidConfigurationRequest", "same Availability Zone"},
		{"a subnet that is not there", create(func(in *elb.CreateLoadBalancerInput) { in.Subnets = []string{w.subnets[0], "subnet-0"} }), "SubnetNotFound", "'subnet-0' does not exist"},
		{"subnets of two VPCs", create(func(in *elb.CreateLoadBalancerInput) { in.Subnets = []string{w.subnets[0], "subnet-away"} }), "InvalidSubnet", "subnet-away"},
		{"subnets twice over", create(func(in *elb.CreateLoadBalancerInput) {
			in.SubnetMappings = []types.SubnetMapping{{SubnetId: &w.subnets[0]}}
		}), "ValidationError", "but not both"},
		{"an Elastic IP", create(func(in *elb.CreateLoadBalancerInput) {
			in.Subnets, in.SubnetMappings = nil, []types.SubnetMapping{{SubnetId: &w.subnets[0], AllocationId: aws.String("eipalloc-1")}}
		}), "InvalidConfigurationRequest", "AllocationId"},
		{"a security group that is not there", create(func(in *elb.CreateLoadBalancerInput) { in.SecurityGroups = []string{"sg-0"} }), "InvalidSecurityGroup", "sg-0"},
		{"a security group of another VPC", create(func(in *elb.CreateLoadBalancerInput) { in.SecurityGroups = []string{"sg-away"} }), "InvalidConfigurationRequest", "sg-away"},
		{"a tag twice", create(func(in *elb.CreateLoadBalancerInput) {
			in.Tags = []types.Tag{{Key: aws.String("a")}, {Key: aws.String("a")}}
		}), "DuplicateTagKeys", "'a'"},
		{"a tag of AWS's", create(func(in *elb.CreateLoadBalancerInput) { in.Tags = []types.Tag{{Key: aws.String("aws:a")}} }), "ValidationError", "reserved"},
	})
}

func TestLoadBalancersComeInPages(t *testing.T) {
	w := start(t)
	var want, got []string
	for _, n := range []string{"a", "b", "c", "d", "e"} {
		want = append(want, w.balancer(n))
	}
	pages := elb.NewDescribeLoadBalancersPaginator(w, &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(2)})
	count := 0
	for pages.HasMorePages() {
		out, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count++
		for _, l := range out.LoadBalancers {
			got = append(got, *l.LoadBalancerArn)
		}
	}
	if !slices.Equal(got, want) || count != 3 {
		t.Errorf("%d pages: %v", count, got)
	}
	_, err := w.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(0)})
	refuses(t, err, "ValidationError", "Value '0' at 'pageSize'")
	_, err = w.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{Marker: aws.String("?")})
	refuses(t, err, "ValidationError", "Marker")
}

func TestLoadBalancersAreFoundByNameAndARN(t *testing.T) {
	w := start(t)
	a, _ := w.balancer("a"), w.balancer("b")
	for _, in := range []*elb.DescribeLoadBalancersInput{{Names: []string{"a", "a"}}, {LoadBalancerArns: []string{a}}} {
		out, err := w.DescribeLoadBalancers(t.Context(), in)
		if err != nil || len(out.LoadBalancers) != 1 || *out.LoadBalancers[0].LoadBalancerArn != a {
			t.Errorf("%v: %v %v", in, out, err)
		}
	}
	describe := func(in *elb.DescribeLoadBalancersInput) func() error {
		return func() error { _, err := w.DescribeLoadBalancers(t.Context(), in); return err }
	}
	refuseAll(t, []refusal{
		{"no such name", describe(&elb.DescribeLoadBalancersInput{Names: []string{"c"}}), "LoadBalancerNotFound", "Load balancers '[c]' not found"},
		{"no such ARN", describe(&elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{a + "0"}}), "LoadBalancerNotFound", "not found"},
		{"no ARN at all", describe(&elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{"web"}}), "ValidationError", "'web' is not a valid load balancer ARN"},
		{"an ARN of another region", describe(&elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{strings.Replace(a, "us-east-1", "us-west-2", 1)}}), "ValidationError", "not a valid load balancer ARN"},
		{"both", describe(&elb.DescribeLoadBalancersInput{Names: []string{"a"}, LoadBalancerArns: []string{a}}), "ValidationError", "same time"},
	})
	other, err := w.in("eu-west-1").DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{})
	if err != nil || len(other.LoadBalancers) != 0 {
		t.Errorf("another region has %v, %v", other, err)
	}
}

func TestDeletingALoadBalancerTakesItsListeners(t *testing.T) {
	w := start(t)
	lb, tg := w.balancer("web"), w.targets("web", "")
	l := w.listen(lb, 80, tg)
	protect := func(v string) {
		_, err := w.ModifyLoadBalancerAttributes(t.Context(), &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &lb,
			Attributes: []types.LoadBalancerAttribute{{Key: aws.String("deletion_protection.enabled"), Value: &v}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	remove := func() error {
		_, err := w.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: &lb})
		return err
	}
	protect("true")
	refuses(t, remove(), "OperationNotPermitted", "deletion protection is enabled")
	protect("false")
	for range 2 { // the second finds nothing, which is no error
		if err := remove(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.DescribeListeners(t.Context(), &elb.DescribeListenersInput{ListenerArns: []string{l}})
	refuses(t, err, "ListenerNotFound", "One or more listeners not found")
	if _, err = w.DeleteTargetGroup(t.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &tg}); err != nil {
		t.Errorf("its group is still in use: %v", err)
	}
	err = elb.NewLoadBalancersDeletedWaiter(w).Wait(t.Context(), &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{lb}}, time.Minute)
	if err != nil {
		t.Errorf("load-balancers-deleted: %v", err)
	}
}

func TestSubnetsAndSecurityGroupsCanBeSet(t *testing.T) {
	w := start(t)
	lb := w.balancer("web")
	out, err := w.SetSubnets(t.Context(), &elb.SetSubnetsInput{LoadBalancerArn: &lb, Subnets: w.subnets[1:]})
	if err != nil || len(out.AvailabilityZones) != 2 || *out.AvailabilityZones[0].SubnetId != w.subnets[1] {
		t.Errorf("subnets: %v, %v", out, err)
	}
	sgs, err := w.SetSecurityGroups(t.Context(), &elb.SetSecurityGroupsInput{LoadBalancerArn: &lb, SecurityGroups: []string{w.group}})
	if err != nil || !slices.Equal(sgs.SecurityGroupIds, []string{w.group}) {
		t.Errorf("security groups: %v, %v", sgs, err)
	}
	ip, err := w.SetIpAddressType(t.Context(), &elb.SetIpAddressTypeInput{LoadBalancerArn: &lb, IpAddressType: types.IpAddressTypeIpv4})
	if err != nil || ip.IpAddressType != types.IpAddressTypeIpv4 {
		t.Errorf("address type: %v, %v", ip, err)
	}
	_, err = w.SetIpAddressType(t.Context(), &elb.SetIpAddressTypeInput{LoadBalancerArn: &lb, IpAddressType: types.IpAddressTypeDualstack})
	refuses(t, err, "ValidationError", "dualstack")
	_, err = w.SetSubnets(t.Context(), &elb.SetSubnetsInput{LoadBalancerArn: &lb, Subnets: w.subnets[:1]})
	refuses(t, err, "ValidationError", "At least two subnets")
	_, err = w.SetSecurityGroups(t.Context(), &elb.SetSecurityGroupsInput{LoadBalancerArn: &lb, SecurityGroups: []string{"sg-0"}})
	refuses(t, err, "InvalidSecurityGroup", "sg-0")
}
