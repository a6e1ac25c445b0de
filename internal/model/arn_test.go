package model

import (
	"strings"
	"testing"
)

func TestKeysOfARNs(t *testing.T) {
	const elb = "arn:aws:elasticloadbalancing:us-east-1:000000000000:"
	for _, c := range []struct {
		name string
		of   func(string) (string, bool)
		arn  string
		want string // "" for none
	}{
		{"a load balancer", LoadBalancerKey, elb + "loadbalancer/app/web/50dc6c495c0c9188", "app/web/50dc6c495c0c9188"},
		{"a network load balancer is none of ours", LoadBalancerKey, elb + "loadbalancer/net/web/50dc6c495c0c9188", ""},
		{"a listener is no load balancer", LoadBalancerKey, elb + "listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2", ""},
		{"a listener", ListenerKey, elb + "listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2", "app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"},
		{"a rule", RuleKey, elb + "listener-rule/app/web/50dc/f2f7/9683", "app/web/50dc/f2f7/9683"},
		{"a target group", TargetGroupKey, elb + "targetgroup/web/73e2d6bc24d8a067", "web/73e2d6bc24d8a067"},
		{"a target group in China", TargetGroupKey, "arn:aws-cn:elasticloadbalancing:cn-north-1:000000000000:targetgroup/web/73e2", "web/73e2"},
		{"an empty part", TargetGroupKey, elb + "targetgroup//73e2d6bc24d8a067", ""},
		{"a part too many", TargetGroupKey, elb + "targetgroup/web/73e2/x", ""},
		{"a bar, which parts the keys of targets", TargetGroupKey, elb + "targetgroup/we|b/73e2", ""},
		{"another service", TargetGroupKey, "arn:aws:ecs:us-east-1:000000000000:targetgroup/web/73e2", ""},
		{"a name", TargetGroupKey, "web", ""},
		{"a certificate", CertificateID, "arn:aws:acm:us-east-1:000000000000:certificate/12345678-1234", "12345678-1234"},
		{"a certificate of IAM's", CertificateID, "arn:aws:iam::000000000000:server-certificate/x", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			key, ok := c.of(c.arn)
			if ok != (c.want != "") || ok && key != c.want {
				t.Errorf("got %q, %t", key, ok)
			}
		})
	}
}

func TestARNsOfKeysAreReadBack(t *testing.T) {
	sc := Scope{Account: "123456789012", Region: "us-gov-west-1"}
	for _, c := range []struct {
		arn string
		of  func(string) (string, bool)
		key string
	}{
		{sc.LoadBalancerARN("app/web/1"), LoadBalancerKey, "app/web/1"},
		{sc.ListenerARN("app/web/1/2"), ListenerKey, "app/web/1/2"},
		{sc.RuleARN("app/web/1/2/3"), RuleKey, "app/web/1/2/3"},
		{sc.TargetGroupARN("web/1"), TargetGroupKey, "web/1"},
		{sc.CertificateARN("1"), CertificateID, "1"},
	} {
		a, _ := ParseARN(c.arn)
		if key, ok := c.of(c.arn); !ok || key != c.key || a.Scope() != sc || a.Partition != "aws-us-gov" {
			t.Errorf("%s: %q %t %+v", c.arn, key, ok, a)
		}
	}
}

// An ARN that parses is written back as it was; a key comes from its end and has no empty part.
func FuzzParseARN(f *testing.F) {
	f.Add("arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/73e2d6bc24d8a067")
	f.Add("arn:aws:elasticloadbalancing:us-east-1:000000000000:listener-rule/app/web/1/2/3")
	f.Add("arn:aws:acm::: certificate/")
	f.Add("arn:::::")
	f.Fuzz(func(t *testing.T, s string) {
		a, ok := ParseARN(s)
		if ok && a.String() != s {
			t.Errorf("%q came back as %q", s, a)
		}
		for _, of := range []func(string) (string, bool){LoadBalancerKey, ListenerKey, RuleKey, TargetGroupKey} {
			key, has := of(s)
			if !has {
				continue
			}
			if !ok || !strings.HasSuffix(s, "/"+key) || strings.Contains("/"+key+"/", "//") || strings.Contains(key, "|") {
				t.Errorf("%q has the key %q", s, key)
			}
		}
	})
}
