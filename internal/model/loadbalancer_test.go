package model

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestSharesOfAListener(t *testing.T) {
	sc := Scope{Account: "000000000000", Region: "us-east-1"}
	a, b, other := sc.TargetGroupARN("a/1"), sc.TargetGroupARN("b/2"), "web"
	weight := func(n int32) *int32 { return &n }
	forward := func(ts ...types.TargetGroupTuple) types.Action {
		return types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: ts}}
	}
	for _, c := range []struct {
		name   string
		action types.Action
		want   []Share
	}{
		{"one group by its ARN", types.Action{Type: types.ActionTypeEnumForward, TargetGroupArn: &a}, []Share{{"a/1", 1}}},
		{"groups with weights, 1 where none is given", forward(types.TargetGroupTuple{TargetGroupArn: &a, Weight: weight(0)},
			types.TargetGroupTuple{TargetGroupArn: &b}), []Share{{"a/1", 0}, {"b/2", 1}}},
		{"a redirect has none", types.Action{Type: types.ActionTypeEnumRedirect, TargetGroupArn: &a}, nil},
		{"what is no group is none", types.Action{Type: types.ActionTypeEnumForward, TargetGroupArn: &other}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := Listener{Actions: []types.Action{c.action}}
			if got := l.Shares(); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if len(l.Groups()) != len(c.want) {
				t.Errorf("groups %v", l.Groups())
			}
		})
	}
}

func TestAListenerIsReadBackAsItWasWritten(t *testing.T) {
	code, arn, n := "200", "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/a/1", int32(3)
	l := Listener{ID: "app/web/1/2", Port: 80, Protocol: "HTTP", Attributes: map[string]string{"k": "v"}, Actions: []types.Action{
		{Type: types.ActionTypeEnumFixedResponse, Order: &n, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: &code}},
		{Type: types.ActionTypeEnumForward, TargetGroupArn: &arn, ForwardConfig: &types.ForwardActionConfig{
			TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &arn, Weight: &n}}}}}}
	raw, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var back Listener
	if err := json.Unmarshal(raw, &back); err != nil || !reflect.DeepEqual(l, back) {
		t.Errorf("%v: %s", err, raw)
	}
}

func TestAttributesHaveTheDefaultsOfAWS(t *testing.T) {
	lb, l, g := LoadBalancer{Scheme: "internal"}, Listener{Protocol: "HTTPS"}, TargetGroup{}
	for what, c := range map[string]struct{ got, want any }{
		"idle timeout":         {lb.IdleTimeout(), time.Minute},
		"keep-alive":           {lb.KeepAlive(), time.Hour},
		"deletion protection":  {lb.Protected(), false},
		"host kept":            {lb.PreserveHost(), false},
		"HTTP/2":               {lb.HTTP2(), true},
		"X-Forwarded-For":      {lb.ForwardedFor(), "append"},
		"deregistration delay": {g.DeregistrationDelay(), 5 * time.Minute},
		"Server":               {l.ServerHeader(), true},
		"gateway traffic":      {lb.Defaults()["ipv6.deny_all_igw_traffic"], "true"},
		"listener's settings":  {len(l.Settings()), 19},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", what, c.got, c.want)
		}
	}
	g.Attributes = map[string]string{"deregistration_delay.timeout_seconds": "0"}
	if g.DeregistrationDelay() != 0 {
		t.Errorf("a delay of 0 reads as %v", g.DeregistrationDelay())
	}
	g.Attributes = map[string]string{"deregistration_delay.timeout_seconds": "soon"}
	if g.DeregistrationDelay() != 5*time.Minute {
		t.Errorf("a delay that is no number reads as %v", g.DeregistrationDelay())
	}
}

func TestSecurityPolicies(t *testing.T) {
	for name, want := range map[string]TLSPolicy{DefaultTLSPolicy: {0, 2, true}, "ELBSecurityPolicy-TLS13-1-2-2021-06": {2, 3, false}} {
		if p, ok := TLSPolicyNamed(name); !ok || p != want {
			t.Errorf("%s: %+v, %t", name, p, ok)
		}
	}
	if _, ok := TLSPolicyNamed("mine"); ok {
		t.Error("an unknown policy is known")
	}
}
