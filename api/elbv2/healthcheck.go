package elbv2

import (
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/lb/rule"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// defaultCheck is the health check of a target group for which none was described.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
var defaultCheck = model.HealthCheck{Enabled: true, Protocol: "HTTP", Port: "traffic-port", Path: "/", Matcher: "200",
	Interval: 30 * time.Second, Timeout: 5 * time.Second, Healthy: 5, Unhealthy: 2}

// checkInput is what CreateTargetGroup and ModifyTargetGroup may say of a health check.
type checkInput struct {
	enabled                               *bool
	protocol                              types.ProtocolEnum
	port, path                            *string
	matcher                               *types.Matcher
	interval, timeout, healthy, unhealthy *int32
}

// over returns c with what in says laid over it; targetType is the group's.
func (in checkInput) over(c model.HealthCheck, targetType string) (model.HealthCheck, error) {
	if err := in.valid(targetType); err != nil {
		return c, err
	}
	if in.protocol != "" {
		c.Protocol = string(in.protocol)
	}
	if in.port != nil {
		c.Port = *in.port
	}
	if in.path != nil {
		c.Path = *in.path
	}
	if in.matcher != nil {
		c.Matcher = *in.matcher.HttpCode
	}
	for _, f := range []struct {
		to   *time.Duration
		from *int32
	}{{&c.Interval, in.interval}, {&c.Timeout, in.timeout}} {
		if f.from != nil {
			*f.to = time.Duration(*f.from) * time.Second
		}
	}
	if in.healthy != nil {
		c.Healthy = int(*in.healthy)
	}
	if in.unhealthy != nil {
		c.Unhealthy = int(*in.unhealthy)
	}
	if c.Timeout >= c.Interval {
		return c, invalid("Health check timeout '%d' must be smaller than the interval '%d'", c.Timeout/time.Second, c.Interval/time.Second)
	}
	return c, nil
}

// valid checks each member by itself.
func (in checkInput) valid(targetType string) error {
	err := firstErr(
		between(in.interval, "healthCheckIntervalSeconds", 5, 300),
		between(in.timeout, "healthCheckTimeoutSeconds", 2, 120),
		between(in.healthy, "healthyThresholdCount", 2, 10),
		between(in.unhealthy, "unhealthyThresholdCount", 2, 10),
		oneOf(in.protocol, "healthCheckProtocol", in.protocol.Values()),
		checkPath(in.path),
		checkPort(in.port),
		checkMatcher(in.matcher),
	)
	switch {
	case err != nil:
		return err
	case in.enabled != nil && !*in.enabled:
		return invalid("Health check enabled must be true for target groups with target type '%s'", targetType)
	case in.protocol != "" && in.protocol != types.ProtocolEnumHttp && in.protocol != types.ProtocolEnumHttps:
		return invalid("Health check protocol '%s' must be one of 'HTTP, HTTPS' for target groups with protocol HTTP or HTTPS", in.protocol)
	}
	return nil
}

func checkPath(p *string) error {
	switch {
	case p == nil:
		return nil
	case *p == "":
		return constraint(*p, "healthCheckPath", "have length greater than or equal to 1")
	case len(*p) > 1024:
		return constraint(*p, "healthCheckPath", "have length less than or equal to 1024")
	case !strings.HasPrefix(*p, "/"):
		return invalid("Health check path '%s' must begin with a '/' character", *p)
	case strings.ContainsFunc(*p, func(r rune) bool { return r <= ' ' || r == 0x7f }):
		return invalid("Health check path '%s' contains characters that a path cannot have", *p)
	}
	return nil
}

func checkPort(p *string) error {
	if p == nil || *p == "traffic-port" {
		return nil
	}
	if n, err := strconv.Atoi(*p); err != nil || n < 1 || n > 65535 {
		return invalid("Health check port '%s' must be 'traffic-port' or in the range 1-65535", *p)
	}
	return nil
}

func checkMatcher(m *types.Matcher) error {
	if m == nil {
		return nil
	}
	if m.GrpcCode != nil {
		return unsupported("the parameter Matcher.GrpcCode")
	}
	if _, err := rule.ParseMatcher(str(m.HttpCode)); err != nil {
		return invalid("Health check matcher HTTP code '%s' must be within '200-499' inclusive", str(m.HttpCode))
	}
	return nil
}
