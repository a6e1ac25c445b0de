package elbv2

import (
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// What is kept of attributes is never a default, never of an unknown key and never a value that the
// key cannot have; the lenses read it without falling back.
func FuzzChanged(f *testing.F) {
	for _, seed := range [][2]string{{"idle_timeout.timeout_seconds", "60"}, {"idle_timeout.timeout_seconds", "+1"},
		{"routing.http2.enabled", "False"}, {"access_logs.s3.bucket", "x"}, {"", ""}} {
		f.Add(seed[0], seed[1], "client_keep_alive.seconds", "61")
	}
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 string) {
		l := model.LoadBalancer{}
		set, err := changed("Load balancer", nil, l.Defaults(), loadBalancerRules, []model.Setting{{Key: k1, Value: v1}, {Key: k2, Value: v2}})
		if err != nil {
			if set != nil {
				t.Errorf("refused, and yet %v", set)
			}
			return
		}
		for k, v := range set {
			if standard, known := l.Defaults()[k]; !known || v == standard || !loadBalancerRules[k](v) {
				t.Errorf("kept %q=%q", k, v)
			}
		}
		l.Attributes = set
		if s := l.IdleTimeout().Seconds(); s < 1 || s > 4000 {
			t.Errorf("idle timeout of %v s", s)
		}
		if len(l.Settings()) != len(l.Defaults()) {
			t.Errorf("%d settings", len(l.Settings()))
		}
	})
}

// A redirect that is taken has all its parts, and only placeholders that can be filled in.
func FuzzRedirect(f *testing.F) {
	f.Add("HTTPS", "example.com", "443", "/#{path}", "#{query}&x=1")
	f.Add("#{protocol}", "#{host}", "#{port}", "/#{nope}", "?")
	f.Fuzz(func(t *testing.T, protocol, host, port, path, query string) {
		in := types.RedirectActionConfig{StatusCode: types.RedirectActionStatusCodeEnumHttp301,
			Protocol: &protocol, Host: &host, Port: &port, Path: &path, Query: &query}
		c, err := redirect(&in, model.Listener{Port: 80, Protocol: "HTTP"})
		if err != nil {
			return
		}
		left := strings.NewReplacer("#{protocol}", "", "#{host}", "", "#{port}", "", "#{path}", "", "#{query}", "").
			Replace(*c.Protocol + "\n" + *c.Host + "\n" + *c.Port + "\n" + *c.Path + "\n" + *c.Query)
		if strings.Contains(left, "#{") && !strings.Contains(left, "\n") {
			t.Errorf("%q is left", left)
		}
		if !strings.HasPrefix(*c.Path, "/") || *c.Host == "" {
			t.Errorf("%+v", *c)
		}
	})
}

// A marker that we did not make is refused or finds a page; it never breaks.
func FuzzMarker(f *testing.F) {
	f.Add("I-MTAw", int32(2))
	f.Add(*mark("#3"), int32(1))
	f.Fuzz(func(t *testing.T, marker string, size int32) {
		p, err := newPage(&marker, &size)
		if err != nil {
			return
		}
		some, next := slice(p, limits)
		if len(some) > p.size || next != nil && len(some) != p.size {
			t.Errorf("%d of %d, next %v", len(some), p.size, next)
		}
	})
}
