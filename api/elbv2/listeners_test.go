package elbv2

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// local returns the ARN of the certificate that every region has.
func (w *world) local() (arn string) {
	w.view(func(tx *store.Tx) {
		for c := range store.Certificates.All(tx) {
			arn = tx.Scope().CertificateARN(c.ID)
		}
	})
	return arn
}

// printAction is an action as JSON, without what is not set.
func printAction(t *testing.T, a types.Action) string {
	t.Helper()
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	raw, err = json.Marshal(without(tree))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// without drops nulls from a JSON tree.
func without(tree any) any {
	switch v := tree.(type) {
	case map[string]any:
		for k, e := range v {
			if e == nil {
				delete(v, k)
			} else {
				v[k] = without(e)
			}
		}
	case []any:
		for i := range v {
			v[i] = without(v[i])
		}
	}
	return tree
}

func TestActionsAreAnsweredInFull(t *testing.T) {
	w := start(t)
	lb, a, b := w.balancer("web"), w.targets("a", ""), w.targets("b", "")
	for i, c := range []struct {
		name   string
		action types.Action
		want   string
	}{
		{"one group by its ARN", types.Action{Type: "forward", TargetGroupArn: &a},
			`{"ForwardConfig":{"TargetGroupStickinessConfig":{"Enabled":false},"TargetGroups":[{"TargetGroupArn":"A","Weight":1}]},"TargetGroupArn":"A","Type":"forward"}`},
		{"two groups with weights", types.Action{Type: "forward", Order: aws.Int32(1), ForwardConfig: &types.ForwardActionConfig{
			TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &a, Weight: aws.Int32(0)}, {TargetGroupArn: &b}}}},
			`{"ForwardConfig":{"TargetGroupStickinessConfig":{"Enabled":false},"TargetGroups":[{"TargetGroupArn":"A","Weight":0},{"TargetGroupArn":"B","Weight":1}]},"Order":1,"Type":"forward"}`},
		{"a redirect keeps what it does not name", types.Action{Type: "redirect", RedirectConfig: &types.RedirectActionConfig{
			StatusCode: "HTTP_301", Protocol: aws.String("HTTPS"), Port: aws.String("443")}},
			`{"RedirectConfig":{"Host":"#{host}","Path":"/#{path}","Port":"443","Protocol":"HTTPS","Query":"#{query}","StatusCode":"HTTP_301"},"Type":"redirect"}`},
		{"a fixed response", types.Action{Type: "fixed-response", FixedResponseConfig: &types.FixedResponseActionConfig{
			StatusCode: aws.String("503"), ContentType: aws.String("text/plain"), MessageBody: aws.String("later")}},
			`{"FixedResponseConfig":{"ContentType":"text/plain","MessageBody":"later","StatusCode":"503"},"Type":"fixed-response"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := &elb.CreateListenerInput{LoadBalancerArn: &lb, Protocol: "HTTP", Port: aws.Int32(8000 + int32(i)), DefaultActions: []types.Action{c.action}}
			out, err := w.CreateListener(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.NewReplacer(`"A"`, `"`+a+`"`, `"B"`, `"`+b+`"`).Replace(c.want)
			if got := printAction(t, out.Listeners[0].DefaultActions[0]); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			again, err := w.CreateListener(t.Context(), in)
			if err != nil || *again.Listeners[0].ListenerArn != *out.Listeners[0].ListenerArn {
				t.Errorf("the same again: %v, %v", again, err)
			}
			rules, err := w.DescribeRules(t.Context(), &elb.DescribeRulesInput{ListenerArn: out.Listeners[0].ListenerArn})
			if err != nil || len(rules.Rules) != 1 || !*rules.Rules[0].IsDefault || printAction(t, rules.Rules[0].Actions[0]) != want {
				t.Errorf("rules: %v, %v", rules, err)
			}
		})
	}
}

func TestListenersThatAreRefused(t *testing.T) {
	w := start(t)
	lb, other, tg, taken := w.balancer("web"), w.balancer("other"), w.targets("web", ""), w.targets("taken", "")
	w.listen(lb, 80, tg)
	w.listen(other, 80, taken)
	w.update(func(tx *store.Tx) {
		g, _ := targetGroup(tx, &tg)
		g.ID, g.Name, g.VPC = "away/0123456789abcdef", "away", "vpc-away"
		store.TargetGroups.Put(tx, g)
	})
	away := w.scope.TargetGroupARN("away/0123456789abcdef")
	create := func(change func(*elb.CreateListenerInput)) func() error {
		return func() error {
			in := &elb.CreateListenerInput{LoadBalancerArn: &lb, Protocol: "HTTP", Port: aws.Int32(81), DefaultActions: forwardTo(tg)}
			change(in)
			_, err := w.CreateListener(t.Context(), in)
			return err
		}
	}
	action := func(a types.Action) func() error {
		return create(func(in *elb.CreateListenerInput) { in.DefaultActions = []types.Action{a} })
	}
	fixed := func(code, kind, body string) types.Action {
		return types.Action{Type: "fixed-response", FixedResponseConfig: &types.FixedResponseActionConfig{StatusCode: &code, ContentType: &kind, MessageBody: &body}}
	}
	redirect := func(change func(*types.RedirectActionConfig)) types.Action {
		c := &types.RedirectActionConfig{StatusCode: "HTTP_302", Host: aws.String("example.com")}
		change(c)
		return types.Action{Type: "redirect", RedirectConfig: c}
	}
	forward := func(c types.ForwardActionConfig) types.Action {
		return types.Action{Type: "forward", ForwardConfig: &c}
	}
	secure := func(certs ...string) func(*elb.CreateListenerInput) {
		return func(in *elb.CreateListenerInput) {
			in.Protocol = "HTTPS"
			for _, c := range certs {
				in.Certificates = append(in.Certificates, types.Certificate{CertificateArn: &c})
			}
		}
	}
	const bad, badAction = "ValidationError", "InvalidLoadBalancerAction"
	refuseAll(t, []refusal{
		{"no port", create(func(in *elb.CreateListenerInput) { in.Port = nil }), bad, "A port must be specified"},
		{"port 65536", create(func(in *elb.CreateListenerInput) { in.Port = aws.Int32(65536) }), bad, "'65536' at 'port'"},
		{"no protocol", create(func(in *elb.CreateListenerInput) { in.Protocol = "" }), bad, "A protocol must be specified"},
		{"TCP", create(func(in *elb.CreateListenerInput) { in.Protocol = "TCP" }), bad, "'TCP' must be one of 'HTTP, HTTPS'"},
		{"a taken port", create(func(in *elb.CreateListenerInput) {
			in.Port = aws.Int32(80)
			in.DefaultActions[0] = fixed("200", "text/plain", "")
		}), "DuplicateListener", "A listener already exists on this port"},
		{"a load balancer that is not there", create(func(in *elb.CreateListenerInput) { in.LoadBalancerArn = aws.String(lb + "0") }), "LoadBalancerNotFound", "not found"},
		{"ALPN", create(func(in *elb.CreateListenerInput) { in.AlpnPolicy = []string{"HTTP2Only"} }), "InvalidConfigurationRequest", "AlpnPolicy 'HTTP2Only'"},
		{"mutual TLS", create(func(in *elb.CreateListenerInput) {
			in.MutualAuthentication = &types.MutualAuthenticationAttributes{Mode: aws.String("verify")}
		}), bad, "MutualAuthentication with mode 'verify'"},

		{"HTTPS without certificate", create(secure()), bad, "A certificate must be specified for HTTPS listeners"},
		{"HTTPS with two certificates", create(secure(w.local(), w.local())), bad, "Up to '1' certificate"},
		{"a certificate that is not there", create(secure("arn:aws:acm:us-east-1:000000000000:certificate/none")), "CertificateNotFound", "not found"},
		{"a certificate that is none", create(secure("web.pem")), bad, "Certificate ARN 'web.pem' is not valid"},
		{"HTTP with a certificate", create(func(in *elb.CreateListenerInput) { secure(w.local())(in); in.Protocol = "HTTP" }), bad, "cannot be specified for HTTP listeners"},
		{"HTTP with a policy", create(func(in *elb.CreateListenerInput) { in.SslPolicy = aws.String("ELBSecurityPolicy-2016-08") }), bad, "cannot be specified for HTTP listeners"},
		{"an unknown policy", create(func(in *elb.CreateListenerInput) { secure(w.local())(in); in.SslPolicy = aws.String("mine") }), "SSLPolicyNotFound", "SSL policy 'mine' not found"},

		{"two actions", create(func(in *elb.CreateListenerInput) {
			in.DefaultActions = append(in.DefaultActions, fixed("200", "text/plain", ""))
		}), "TooManyActions", "Only one action"},
		{"an unknown action", action(types.Action{Type: "drop"}), bad, "failed to satisfy constraint"},
		{"authentication", action(types.Action{Type: "authenticate-cognito"}), bad, "Drydock does not support action type 'authenticate-cognito'"},
		{"an order of 0", action(types.Action{Type: "forward", TargetGroupArn: &tg, Order: aws.Int32(0)}), bad, "order"},
		{"configuration of another type", action(types.Action{Type: "redirect", TargetGroupArn: &tg}), badAction, "'forward' configuration"},
		{"forward to nothing", action(types.Action{Type: "forward"}), badAction, "target group ARN must be specified"},
		{"forward to a group that is not there", action(types.Action{Type: "forward", TargetGroupArn: aws.String(tg + "0")}), "TargetGroupNotFound", "not found"},
		{"forward to what is no group", action(types.Action{Type: "forward", TargetGroupArn: &lb}), bad, "is not a valid target group ARN"},
		{"forward to another balancer's group", action(types.Action{Type: "forward", TargetGroupArn: &taken}), "TargetGroupAssociationLimit", "cannot be associated with more than one load balancer"},
		{"forward to another VPC's group", action(types.Action{Type: "forward", TargetGroupArn: &away}), "InvalidConfigurationRequest", "not in the same VPC"},
		{"forward to two different things", action(types.Action{Type: "forward", TargetGroupArn: &tg, ForwardConfig: &types.ForwardActionConfig{
			TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &taken}}}}), badAction, "both with the same target group"},
		{"forward to one group twice", action(forward(types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &tg}, {TargetGroupArn: &tg}}})), badAction, "only once"},
		{"forward to six groups", action(forward(types.ForwardActionConfig{TargetGroups: slices.Repeat([]types.TargetGroupTuple{{TargetGroupArn: &tg}}, 6)})), "TooManyUniqueTargetGroupsPerLoadBalancer", "Up to '5'"},
		{"a weight of 1000", action(forward(types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &tg, Weight: aws.Int32(1000)}}})), bad, "less than or equal to 999"},
		{"sticky groups", action(forward(types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: &tg}},
			TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true), DurationSeconds: aws.Int32(60)}})), bad, "target group stickiness"},

		{"a redirect to itself", action(redirect(func(c *types.RedirectActionConfig) { c.Host = nil })), badAction, "creates a loop"},
		{"a redirect to its own port", action(redirect(func(c *types.RedirectActionConfig) { c.Host, c.Port = nil, aws.String("81") })), badAction, "creates a loop"},
		{"a redirect with another status", action(redirect(func(c *types.RedirectActionConfig) { c.StatusCode = "HTTP_307" })), bad, "statusCode"},
		{"a redirect to FTP", action(redirect(func(c *types.RedirectActionConfig) { c.Protocol = aws.String("FTP") })), badAction, "'FTP'"},
		{"a redirect to port 0", action(redirect(func(c *types.RedirectActionConfig) { c.Port = aws.String("0") })), badAction, "'0'"},
		{"a redirect to a path without slash", action(redirect(func(c *types.RedirectActionConfig) { c.Path = aws.String("up") })), badAction, "'up'"},
		{"a redirect with an unknown placeholder", action(redirect(func(c *types.RedirectActionConfig) { c.Path = aws.String("/#{user}") })), badAction, "#{user}"},
		{"a redirect without configuration", action(types.Action{Type: "redirect"}), badAction, "must be specified"},

		{"a fixed response of 302", action(fixed("302", "text/plain", "")), bad, "statusCode"},
		{"a fixed response of 99", action(fixed("099", "text/plain", "")), bad, "statusCode"},
		{"a fixed response of another type", action(fixed("200", "image/png", "")), badAction, "'image/png' must be one of"},
		{"a fixed response that is too long", action(fixed("200", "text/plain", strings.Repeat("x", 1025))), bad, "messageBody"},
		{"a fixed response without configuration", action(types.Action{Type: "fixed-response"}), badAction, "must be specified"},
	})
}

func TestAnHTTPSListenerHasTheLocalCertificate(t *testing.T) {
	w := start(t)
	lb, tg, cert := w.balancer("web"), w.targets("web", ""), w.local()
	out, err := w.CreateListener(t.Context(), &elb.CreateListenerInput{LoadBalancerArn: &lb, Protocol: "HTTPS", Port: aws.Int32(443),
		Certificates: []types.Certificate{{CertificateArn: &cert}}, DefaultActions: forwardTo(tg)})
	if err != nil {
		t.Fatal(err)
	}
	l := out.Listeners[0]
	if *l.SslPolicy != "ELBSecurityPolicy-2016-08" || *l.Certificates[0].CertificateArn != cert || *l.MutualAuthentication.Mode != "off" {
		t.Errorf("policy %s, certificates %v", *l.SslPolicy, l.Certificates)
	}
	certs, err := w.DescribeListenerCertificates(t.Context(), &elb.DescribeListenerCertificatesInput{ListenerArn: l.ListenerArn})
	if err != nil || len(certs.Certificates) != 1 || !*certs.Certificates[0].IsDefault || *certs.Certificates[0].CertificateArn != cert {
		t.Errorf("certificates: %v, %v", certs, err)
	}
	plain, err := w.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: l.ListenerArn, Protocol: "HTTP", Port: aws.Int32(80)})
	if err != nil || plain.Listeners[0].SslPolicy != nil || plain.Listeners[0].Certificates != nil || *plain.Listeners[0].Port != 80 {
		t.Errorf("as HTTP: %v, %v", plain, err)
	}
	_, err = w.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: l.ListenerArn, Protocol: "HTTPS"})
	refuses(t, err, "ValidationError", "A certificate must be specified")
}

func TestAListenerIsModifiedAndDeleted(t *testing.T) {
	w := start(t)
	lb, a, b := w.balancer("web"), w.targets("a", ""), w.targets("b", "")
	first, second := w.listen(lb, 80, a), w.listen(lb, 81, a)
	_, err := w.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: &second, Port: aws.Int32(80)})
	refuses(t, err, "DuplicateListener", "already exists on this port")
	out, err := w.ModifyListener(t.Context(), &elb.ModifyListenerInput{ListenerArn: &second, DefaultActions: forwardTo(b)})
	if err != nil || *out.Listeners[0].DefaultActions[0].TargetGroupArn != b || *out.Listeners[0].Port != 81 {
		t.Errorf("modified: %v, %v", out, err)
	}
	var found []string
	pages := elb.NewDescribeListenersPaginator(w, &elb.DescribeListenersInput{LoadBalancerArn: &lb, PageSize: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, *page.Listeners[0].ListenerArn)
	}
	if want := slices.Sorted(slices.Values([]string{first, second})); !slices.Equal(found, want) {
		t.Errorf("pages: %v", found)
	}
	if _, err := w.DeleteListener(t.Context(), &elb.DeleteListenerInput{ListenerArn: &first}); err != nil {
		t.Fatal(err)
	}
	_, err = w.DeleteListener(t.Context(), &elb.DeleteListenerInput{ListenerArn: &first})
	refuses(t, err, "ListenerNotFound", "not found")
	_, err = w.DescribeListeners(t.Context(), &elb.DescribeListenersInput{})
	refuses(t, err, "ValidationError", "either listener ARNs or a load balancer ARN")
	_, err = w.DescribeRules(t.Context(), &elb.DescribeRulesInput{RuleArns: []string{strings.Replace(second, ":listener/", ":listener-rule/", 1) + "/0123456789abcdef"}})
	refuses(t, err, "RuleNotFound", "One or more rules not found")
}
