package rule

import (
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/"

func weighted(name string, weight int32) types.TargetGroupTuple {
	return types.TargetGroupTuple{TargetGroupArn: aws.String(arn + name + "/0123456789abcdef"), Weight: aws.Int32(weight)}
}

func listener(as ...types.Action) model.Listener { return model.Listener{ID: "l", Actions: as} }

func forwardTo(groups ...types.TargetGroupTuple) types.Action {
	return types.Action{Type: types.ActionTypeEnumForward, ForwardConfig: &types.ForwardActionConfig{TargetGroups: groups}}
}

func TestForward(t *testing.T) {
	for _, c := range []struct {
		rule   string
		action types.Action
		turns  []uint8
	}{
		{"a group by its ARN alone gets everything", types.Action{Type: types.ActionTypeEnumForward, TargetGroupArn: aws.String(arn + "a/0123456789abcdef")}, []uint8{0}},
		{"weights that share a divisor make a short round", forwardTo(weighted("a", 10), weighted("b", 20)), []uint8{1, 0, 1}},
		{"turns are spread, not bunched", forwardTo(weighted("a", 4), weighted("b", 2)), []uint8{0, 1, 0}},
		{"weight 0 gets nothing", forwardTo(weighted("a", 0), weighted("b", 7)), []uint8{1}},
		{"all weights 0: no turn at all", forwardTo(weighted("a", 0), weighted("b", 0)), nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rs, err := Compile(listener(c.action))
			if err != nil {
				t.Fatal(err)
			}
			if got := rs.Match(Request{}).Forward.Turns; !slices.Equal(got, c.turns) {
				t.Errorf("turns %v, want %v", got, c.turns)
			}
		})
	}
}

func TestTurnsAreExact(t *testing.T) {
	weights := []int{999, 1, 0, 500, 37}
	got := make([]int, len(weights))
	for _, i := range Turns(weights) {
		got[i]++
	}
	if !slices.Equal(got, weights) {
		t.Errorf("a round has %v turns, want %v", got, weights)
	}
}

func TestRedirect(t *testing.T) {
	q := Request{Protocol: "http", Host: "shop.test", Port: 80, Path: "/a%20b/c", Query: "x=1&y=2"}
	for _, c := range []struct {
		rule string
		to   types.RedirectActionConfig
		at   Request
		want string
	}{
		{"to HTTPS, everything else kept", types.RedirectActionConfig{Protocol: aws.String("HTTPS"), Port: aws.String("443")}, q, "https://shop.test:443/a%20b/c?x=1&y=2"},
		{"parts not given stay", types.RedirectActionConfig{Host: aws.String("www.#{host}")}, q, "http://www.shop.test:80/a%20b/c?x=1&y=2"},
		{"keywords inside a path", types.RedirectActionConfig{Path: aws.String("/new/#{path}/#{host}/#{port}")}, q, "http://shop.test:80/new/a%20b/c/shop.test/80?x=1&y=2"},
		{"keywords inside a query", types.RedirectActionConfig{Query: aws.String("#{query}&from=#{protocol}")}, q, "http://shop.test:80/a%20b/c?x=1&y=2&from=http"},
		{"no question mark without a query", types.RedirectActionConfig{Port: aws.String("81")}, Request{Protocol: "http", Host: "h", Port: 80, Path: "/"}, "http://h:81/"},
		{"a keyword that the client sent stays text", types.RedirectActionConfig{Port: aws.String("81")}, Request{Protocol: "http", Host: "h", Port: 80, Path: "/#{query}", Query: "#{host}"}, "http://h:81/#{query}?#{host}"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rs, err := Compile(listener(types.Action{Type: types.ActionTypeEnumRedirect, RedirectConfig: &c.to}))
			if err != nil {
				t.Fatal(err)
			}
			if got := rs.Match(c.at).Redirect.To(c.at).String(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestFixed(t *testing.T) {
	a := types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("418"), MessageBody: aws.String("tea")}}
	rs, err := Compile(listener(a))
	if err != nil {
		t.Fatal(err)
	}
	if f := rs.Match(Request{}).Fixed; *f != (Fixed{418, "text/plain; charset=utf-8", "tea"}) {
		t.Errorf("got %+v", *f)
	}
}

func TestRefused(t *testing.T) {
	for rule, l := range map[string]model.Listener{
		"no action":               listener(),
		"authentication":          listener(types.Action{Type: types.ActionTypeEnumAuthenticateOidc}),
		"two final actions":       listener(forwardTo(weighted("a", 1)), forwardTo(weighted("b", 1))),
		"a fixed code of letters": listener(types.Action{Type: types.ActionTypeEnumFixedResponse, FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: aws.String("2XX")}}),
	} {
		if _, err := Compile(l); err == nil {
			t.Errorf("%s: compiled", rule)
		}
	}
}

func TestMatcher(t *testing.T) {
	for _, c := range []struct {
		codes   string
		yes, no []int
	}{
		{"200", []int{200}, []int{201, 404}},
		{"200,302", []int{200, 302}, []int{201, 301}},
		{"200-299", []int{200, 250, 299}, []int{300}},
		{"200-204,301,400-499", []int{204, 301, 404}, []int{205, 302, 500}},
	} {
		m, err := ParseMatcher(c.codes)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range c.yes {
			if !m.Match(code) {
				t.Errorf("%s does not match %d", c.codes, code)
			}
		}
		for _, code := range c.no {
			if m.Match(code) {
				t.Errorf("%s matches %d", c.codes, code)
			}
		}
	}
	for _, bad := range []string{"", ",", "200,", "99", "500", "2oo", "200-", "-200", "299-200", "200-299-300", " 200", "+200", "0200"} {
		if _, err := ParseMatcher(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzMatcher(f *testing.F) {
	for _, s := range []string{"200", "200-299", "200,202,301-302", "", "-", "200-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMatcher(s)
		if err != nil {
			return
		}
		some := false
		for c := range 1000 {
			if m.Match(c) {
				some = true
				if c < minCode || c > maxCode {
					t.Fatalf("%q matches %d", s, c)
				}
			}
		}
		if !some {
			t.Fatalf("%q was read and matches nothing", s)
		}
	})
}

func FuzzRedirect(f *testing.F) {
	f.Add("#{protocol}", "#{host}", "#{port}", "/#{path}", "#{query}", "a.test", "/x", "q=1")
	f.Add("HTTPS", "x.#{host}", "443", "/#{path}#{path}", "#{host}=#{port}&#{query}", "#{path}", "/#{host}", "#{")
	f.Fuzz(func(t *testing.T, protocol, host, port, path, query, atHost, atPath, atQuery string) {
		r := Redirect{Code: 301, Protocol: protocol, Host: host, Port: port, Path: path, Query: query}
		to := r.To(Request{Protocol: "http", Host: atHost, Port: 80, Path: atPath, Query: atQuery})
		if !strings.HasPrefix(to.Path, "/") {
			t.Fatalf("path %q is not absolute", to.Path)
		}
		if !strings.Contains(host, "#{") && to.Host != host {
			t.Fatalf("host %q became %q without a keyword", host, to.Host)
		}
		if host == "#{host}" && to.Host != atHost {
			t.Fatalf("host %q was read again: %q", atHost, to.Host)
		}
	})
}
