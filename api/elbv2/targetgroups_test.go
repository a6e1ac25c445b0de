package elbv2

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// printGroup is a target group in one line.
func printGroup(g types.TargetGroup) string {
	return fmt.Sprintf("%s %s/%s:%d %s check %s %s:%s %s every %ds for %ds, %d up %d down, enabled %t, %d balancers", *g.TargetGroupName,
		g.Protocol, *g.ProtocolVersion, *g.Port, g.TargetType, *g.Matcher.HttpCode, g.HealthCheckProtocol, *g.HealthCheckPort, *g.HealthCheckPath,
		*g.HealthCheckIntervalSeconds, *g.HealthCheckTimeoutSeconds, *g.HealthyThresholdCount, *g.UnhealthyThresholdCount,
		*g.HealthCheckEnabled, len(g.LoadBalancerArns))
}

func TestATargetGroupHasTheDefaultsOfAWS(t *testing.T) {
	w := start(t)
	w.targets("web", "")
	out, err := w.DescribeTargetGroups(t.Context(), &elb.DescribeTargetGroupsInput{Names: []string{"web"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "web HTTP/HTTP1:80 instance check 200 HTTP:traffic-port / every 30s for 5s, 5 up 2 down, enabled true, 0 balancers"
	if got := printGroup(out.TargetGroups[0]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAHealthCheckIsModified(t *testing.T) {
	w := start(t)
	arn := w.targets("web", "ip")
	out, err := w.ModifyTargetGroup(t.Context(), &elb.ModifyTargetGroupInput{TargetGroupArn: &arn, HealthCheckPath: aws.String("/up?x=1"),
		HealthCheckPort: aws.String("8080"), HealthCheckProtocol: types.ProtocolEnumHttps, HealthCheckIntervalSeconds: aws.Int32(10),
		HealthCheckTimeoutSeconds: aws.Int32(3), HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(4),
		Matcher: &types.Matcher{HttpCode: aws.String("200-299,401")}, HealthCheckEnabled: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	want := "web HTTP/HTTP1:80 ip check 200-299,401 HTTPS:8080 /up?x=1 every 10s for 3s, 2 up 4 down, enabled true, 0 balancers"
	if got := printGroup(out.TargetGroups[0]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	again, err := w.DescribeTargetGroups(t.Context(), &elb.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	if err != nil || printGroup(again.TargetGroups[0]) != want {
		t.Errorf("described as %v, %v", again, err)
	}
}

func TestAskingForTheSameTargetGroupAgainAnswersTheOldOne(t *testing.T) {
	w := start(t)
	arn := w.targets("web", "")
	if again := w.targets("web", "instance"); again != arn {
		t.Errorf("second answer is %s, first was %s", again, arn)
	}
	_, err := w.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{Name: aws.String("web"), Protocol: types.ProtocolEnumHttp,
		Port: aws.Int32(81), VpcId: &w.vpc})
	refuses(t, err, "DuplicateTargetGroupName", "'web' exists, but with different settings")
}

func TestTargetGroupsThatAreRefused(t *testing.T) {
	w := start(t)
	create := func(change func(*elb.CreateTargetGroupInput)) func() error {
		return func() error {
			in := &elb.CreateTargetGroupInput{Name: aws.String("web"), Protocol: types.ProtocolEnumHttp, Port: aws.Int32(80), VpcId: &w.vpc}
			change(in)
			_, err := w.CreateTargetGroup(t.Context(), in)
			return err
		}
	}
	const bad = "ValidationError"
	all := []refusal{
		{"an underscore in the name", create(func(in *elb.CreateTargetGroupInput) { in.Name = aws.String("a_b") }), bad, "Target group name 'a_b' can only contain characters that are alphanumeric characters or hyphens(-)"},
		{"a long name", create(func(in *elb.CreateTargetGroupInput) { in.Name = aws.String(strings.Repeat("a", 33)) }), bad, "cannot be longer than '32' characters"},
		{"no protocol", create(func(in *elb.CreateTargetGroupInput) { in.Protocol = "" }), bad, "A protocol must be specified"},
		{"no port", create(func(in *elb.CreateTargetGroupInput) { in.Port = nil }), bad, "A port must be specified"},
		{"no VPC", create(func(in *elb.CreateTargetGroupInput) { in.VpcId = nil }), bad, "A VPC ID must be specified"},
		{"a VPC that is not there", create(func(in *elb.CreateTargetGroupInput) { in.VpcId = aws.String("vpc-0") }), bad, "The VPC ID 'vpc-0' is not found"},
		{"port 0", create(func(in *elb.CreateTargetGroupInput) { in.Port = aws.Int32(0) }), bad, "Value '0' at 'port'"},
		{"port 65536", create(func(in *elb.CreateTargetGroupInput) { in.Port = aws.Int32(65536) }), bad, "less than or equal to 65535"},
		{"Lambda", create(func(in *elb.CreateTargetGroupInput) { in.TargetType = types.TargetTypeEnumLambda }), bad, "Drydock does not support target type 'lambda'"},
		{"TCP", create(func(in *elb.CreateTargetGroupInput) { in.Protocol = types.ProtocolEnumTcp }), bad, "Drydock does not support target group protocol 'TCP'"},
		{"a protocol that is none", create(func(in *elb.CreateTargetGroupInput) { in.Protocol = "FTP" }), bad, "'protocol' failed to satisfy constraint"},
		{"gRPC", create(func(in *elb.CreateTargetGroupInput) { in.ProtocolVersion = aws.String("GRPC") }), bad, "protocol version 'GRPC'"},
		{"a version that is none", create(func(in *elb.CreateTargetGroupInput) { in.ProtocolVersion = aws.String("HTTP9") }), bad, "'HTTP9' must be one of"},
		{"IPv6", create(func(in *elb.CreateTargetGroupInput) { in.IpAddressType = types.TargetGroupIpAddressTypeEnumIpv6 }), bad, "IP address type 'ipv6'"},
		{"a control port", create(func(in *elb.CreateTargetGroupInput) { in.TargetControlPort = aws.Int32(3000) }), bad, "TargetControlPort"},
		{"checks switched off", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckEnabled = aws.Bool(false) }), bad, "Health check enabled must be true"},
		{"a TCP check", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckProtocol = types.ProtocolEnumTcp }), bad, "Health check protocol 'TCP'"},
		{"an interval under 5", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckIntervalSeconds = aws.Int32(4) }), bad, "Value '4' at 'healthCheckIntervalSeconds'"},
		{"an interval over 300", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckIntervalSeconds = aws.Int32(301) }), bad, "less than or equal to 300"},
		{"a timeout under 2", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckTimeoutSeconds = aws.Int32(1) }), bad, "'healthCheckTimeoutSeconds'"},
		{"a timeout not under the interval", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckTimeoutSeconds = aws.Int32(30) }), bad, "timeout '30' must be smaller than the interval '30'"},
		{"a threshold under 2", create(func(in *elb.CreateTargetGroupInput) { in.HealthyThresholdCount = aws.Int32(1) }), bad, "'healthyThresholdCount'"},
		{"a threshold over 10", create(func(in *elb.CreateTargetGroupInput) { in.UnhealthyThresholdCount = aws.Int32(11) }), bad, "'unhealthyThresholdCount'"},
		{"a path without slash", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckPath = aws.String("up") }), bad, "must begin with a '/'"},
		{"a path that splits the request", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckPath = aws.String("/ HTTP/1.1\r\nX: y") }), bad, "characters that a path cannot have"},
		{"a check port of words", create(func(in *elb.CreateTargetGroupInput) { in.HealthCheckPort = aws.String("http") }), bad, "'traffic-port'"},
		{"a code of 500", create(func(in *elb.CreateTargetGroupInput) {
			in.Matcher = &types.Matcher{HttpCode: aws.String("200-500")}
		}), bad, "must be within '200-499' inclusive"},
		{"gRPC codes", create(func(in *elb.CreateTargetGroupInput) {
			in.Matcher = &types.Matcher{GrpcCode: aws.String("0")}
		}), bad, "Matcher.GrpcCode"},
	}
	refuseAll(t, all)
}

func TestTargetGroupsAreFoundByLoadBalancerAndInPages(t *testing.T) {
	w := start(t)
	lb := w.balancer("web")
	used, _ := w.targets("used", ""), w.targets("idle", "")
	w.listen(lb, 80, used)
	out, err := w.DescribeTargetGroups(t.Context(), &elb.DescribeTargetGroupsInput{LoadBalancerArn: &lb})
	if err != nil || len(out.TargetGroups) != 1 || !slices.Equal(out.TargetGroups[0].LoadBalancerArns, []string{lb}) {
		t.Errorf("groups of %s: %v, %v", lb, out, err)
	}
	var names []string
	pages := elb.NewDescribeTargetGroupsPaginator(w, &elb.DescribeTargetGroupsInput{PageSize: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, *page.TargetGroups[0].TargetGroupName)
	}
	if !slices.Equal(names, []string{"idle", "used"}) {
		t.Errorf("pages: %v", names)
	}
	describe := func(in *elb.DescribeTargetGroupsInput) func() error {
		return func() error { _, err := w.DescribeTargetGroups(t.Context(), in); return err }
	}
	refuseAll(t, []refusal{
		{"no such name", describe(&elb.DescribeTargetGroupsInput{Names: []string{"none"}}), "TargetGroupNotFound", "One or more target groups not found"},
		{"no such ARN", describe(&elb.DescribeTargetGroupsInput{TargetGroupArns: []string{used + "0"}}), "TargetGroupNotFound", "One or more target groups not found"},
		{"no ARN at all", describe(&elb.DescribeTargetGroupsInput{TargetGroupArns: []string{"web"}}), "ValidationError", "'web' is not a valid target group ARN"},
		{"no such load balancer", describe(&elb.DescribeTargetGroupsInput{LoadBalancerArn: aws.String(lb + "0")}), "LoadBalancerNotFound", "not found"},
		{"two ways at once", describe(&elb.DescribeTargetGroupsInput{LoadBalancerArn: &lb, Names: []string{"used"}}), "ValidationError", "same time"},
	})
}

func TestATargetGroupInUseStays(t *testing.T) {
	w := start(t)
	lb, tg := w.balancer("web"), w.targets("web", "")
	l := w.listen(lb, 80, tg)
	remove := func() error {
		_, err := w.DeleteTargetGroup(t.Context(), &elb.DeleteTargetGroupInput{TargetGroupArn: &tg})
		return err
	}
	refuses(t, remove(), "ResourceInUse", "is currently in use by a listener or a rule")
	if _, err := w.DeleteListener(t.Context(), &elb.DeleteListenerInput{ListenerArn: &l}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := remove(); err != nil {
			t.Fatal(err)
		}
	}
}
