package elbv2

import (
	"maps"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// maxAttributes is how many one call may set.
const maxAttributes = 20

// allow reports whether a value is one that an attribute may have.
type allow func(string) bool

func boolean(v string) bool { return v == "true" || v == "false" }

func number(least, most int) allow {
	return func(v string) bool {
		n, err := strconv.Atoi(v)
		return err == nil && v == strconv.Itoa(n) && least <= n && n <= most
	}
}

func word(all ...string) allow {
	return func(v string) bool {
		for _, a := range all {
			if v == a {
				return true
			}
		}
		return false
	}
}

// The attributes that act. Every other one that AWS has is known by its default, and may be set to
// that only.
//
// Source: the lists behind the defaults in internal/model.
var (
	loadBalancerRules = map[string]allow{
		"client_keep_alive.seconds":                                number(60, 604800),
		"deletion_protection.enabled":                              boolean,
		"idle_timeout.timeout_seconds":                             number(1, 4000),
		"routing.http.drop_invalid_header_fields.enabled":          boolean,
		"routing.http.preserve_host_header.enabled":                boolean,
		"routing.http.x_amzn_tls_version_and_cipher_suite.enabled": boolean,
		"routing.http.xff_client_port.enabled":                     boolean,
		"routing.http.xff_header_processing.mode":                  word("append", "preserve", "remove"),
		"routing.http2.enabled":                                    boolean,
	}
	listenerRules = map[string]allow{
		"routing.http.response.server.enabled": boolean,
	}
	targetGroupRules = map[string]allow{
		"deregistration_delay.timeout_seconds": number(0, 3600),
	}
)

// changed returns the attributes that differ from their defaults after given was laid over set.
// what names the kind of resource.
func changed(what string, set, defaults map[string]string, acts map[string]allow, given []model.Setting) (map[string]string, error) {
	if len(given) == 0 {
		return nil, missing("attributes")
	}
	if len(given) > maxAttributes {
		return nil, constraint(strconv.Itoa(len(given))+" attributes", "attributes", "have length less than or equal to "+strconv.Itoa(maxAttributes))
	}
	now := maps.Clone(set)
	if now == nil {
		now = map[string]string{}
	}
	seen := map[string]bool{}
	for _, a := range given {
		standard, known := defaults[a.Key]
		allowed := acts[a.Key]
		switch {
		case !known:
			return nil, invalid("%s attribute key '%s' is not recognized", what, a.Key)
		case seen[a.Key]:
			return nil, invalid("%s attribute key '%s' was specified more than once", what, a.Key)
		case a.Value == standard:
			delete(now, a.Key)
		case allowed == nil:
			return nil, unsupported("%s attribute '%s' with a value other than '%s'", strings.ToLower(what), a.Key, standard)
		case !allowed(a.Value):
			return nil, invalid("%s attribute value '%s' is not valid for key '%s'", what, a.Value, a.Key)
		default:
			now[a.Key] = a.Value
		}
		seen[a.Key] = true
	}
	if len(now) == 0 {
		return nil, nil
	}
	return now, nil
}

func describeLoadBalancerAttributes(tx *store.Tx, in *elb.DescribeLoadBalancerAttributesInput) (*elb.DescribeLoadBalancerAttributesOutput, error) {
	l, err := loadBalancer(tx, in.LoadBalancerArn)
	return &elb.DescribeLoadBalancerAttributesOutput{Attributes: loadBalancerAttributes(l)}, err
}

func modifyLoadBalancerAttributes(tx *store.Tx, in *elb.ModifyLoadBalancerAttributesInput) (*elb.ModifyLoadBalancerAttributesOutput, error) {
	l, err := loadBalancer(tx, in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	var given []model.Setting
	for _, a := range in.Attributes {
		given = append(given, model.Setting{Key: str(a.Key), Value: str(a.Value)})
	}
	if l.Attributes, err = changed("Load balancer", l.Attributes, l.Defaults(), loadBalancerRules, given); err != nil {
		return nil, err
	}
	store.LoadBalancers.Put(tx, l)
	return &elb.ModifyLoadBalancerAttributesOutput{Attributes: loadBalancerAttributes(l)}, nil
}

func loadBalancerAttributes(l model.LoadBalancer) []types.LoadBalancerAttribute {
	var out []types.LoadBalancerAttribute
	for _, s := range l.Settings() {
		out = append(out, types.LoadBalancerAttribute{Key: &s.Key, Value: &s.Value})
	}
	return out
}

func describeListenerAttributes(tx *store.Tx, in *elb.DescribeListenerAttributesInput) (*elb.DescribeListenerAttributesOutput, error) {
	l, err := listener(tx, in.ListenerArn)
	return &elb.DescribeListenerAttributesOutput{Attributes: listenerAttributes(l)}, err
}

func modifyListenerAttributes(tx *store.Tx, in *elb.ModifyListenerAttributesInput) (*elb.ModifyListenerAttributesOutput, error) {
	l, err := listener(tx, in.ListenerArn)
	if err != nil {
		return nil, err
	}
	var given []model.Setting
	for _, a := range in.Attributes {
		given = append(given, model.Setting{Key: str(a.Key), Value: str(a.Value)})
	}
	if l.Attributes, err = changed("Listener", l.Attributes, l.Defaults(), listenerRules, given); err != nil {
		return nil, err
	}
	store.Listeners.Put(tx, l)
	return &elb.ModifyListenerAttributesOutput{Attributes: listenerAttributes(l)}, nil
}

func listenerAttributes(l model.Listener) []types.ListenerAttribute {
	var out []types.ListenerAttribute
	for _, s := range l.Settings() {
		out = append(out, types.ListenerAttribute{Key: &s.Key, Value: &s.Value})
	}
	return out
}

func describeTargetGroupAttributes(tx *store.Tx, in *elb.DescribeTargetGroupAttributesInput) (*elb.DescribeTargetGroupAttributesOutput, error) {
	g, err := targetGroup(tx, in.TargetGroupArn)
	return &elb.DescribeTargetGroupAttributesOutput{Attributes: targetGroupAttributes(g)}, err
}

func modifyTargetGroupAttributes(tx *store.Tx, in *elb.ModifyTargetGroupAttributesInput) (*elb.ModifyTargetGroupAttributesOutput, error) {
	g, err := targetGroup(tx, in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	var given []model.Setting
	for _, a := range in.Attributes {
		given = append(given, model.Setting{Key: str(a.Key), Value: str(a.Value)})
	}
	if g.Attributes, err = changed("Target group", g.Attributes, g.Defaults(), targetGroupRules, given); err != nil {
		return nil, err
	}
	store.TargetGroups.Put(tx, g)
	return &elb.ModifyTargetGroupAttributesOutput{Attributes: targetGroupAttributes(g)}, nil
}

func targetGroupAttributes(g model.TargetGroup) []types.TargetGroupAttribute {
	var out []types.TargetGroupAttribute
	for _, s := range g.Settings() {
		out = append(out, types.TargetGroupAttribute{Key: &s.Key, Value: &s.Value})
	}
	return out
}
