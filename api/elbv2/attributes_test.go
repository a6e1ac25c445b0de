package elbv2

import (
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestAttributesThatActAreKept(t *testing.T) {
	w := start(t)
	lb, tg := w.balancer("web"), w.targets("web", "")
	l := w.listen(lb, 80, tg)
	idle, err := w.ModifyLoadBalancerAttributes(t.Context(), &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: &lb, Attributes: []types.LoadBalancerAttribute{
		{Key: aws.String("idle_timeout.timeout_seconds"), Value: aws.String("120")},
		{Key: aws.String("access_logs.s3.enabled"), Value: aws.String("false")}, // the default: says nothing new
	}})
	if err != nil || !slices.ContainsFunc(idle.Attributes, func(a types.LoadBalancerAttribute) bool {
		return *a.Key == "idle_timeout.timeout_seconds" && *a.Value == "120"
	}) {
		t.Errorf("load balancer: %v, %v", idle, err)
	}
	_, err = w.ModifyTargetGroupAttributes(t.Context(), &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: &tg, Attributes: []types.TargetGroupAttribute{
		{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("5")}}})
	if err != nil {
		t.Error(err)
	}
	w.view(func(tx *store.Tx) {
		b, _ := loadBalancer(tx, &lb)
		g, _ := targetGroup(tx, &tg)
		if got := b.IdleTimeout().String() + " " + g.DeregistrationDelay().String(); got != "2m0s 5s" || len(b.Attributes) != 1 {
			t.Errorf("got %s, stored %v", got, b.Attributes)
		}
	})
	for _, n := range []func() (int, error){
		func() (int, error) {
			out, err := w.DescribeLoadBalancerAttributes(t.Context(), &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &lb})
			return len(out.Attributes) - 23, err
		},
		func() (int, error) {
			out, err := w.DescribeTargetGroupAttributes(t.Context(), &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: &tg})
			return len(out.Attributes) - 14, err
		},
		func() (int, error) {
			out, err := w.DescribeListenerAttributes(t.Context(), &elb.DescribeListenerAttributesInput{ListenerArn: &l})
			return len(out.Attributes) - 11, err
		},
	} {
		if off, err := n(); off != 0 || err != nil {
			t.Errorf("%d attributes too many, %v", off, err)
		}
	}
}

func TestChanged(t *testing.T) {
	acts := map[string]allow{"on": boolean, "size": number(1, 10), "mode": word("x", "y")}
	defaults := map[string]string{"on": "false", "size": "5", "mode": "x", "idle": "never"}
	set := func(kv ...string) (ss []model.Setting) {
		for i := 0; i < len(kv); i += 2 {
			ss = append(ss, model.Setting{Key: kv[i], Value: kv[i+1]})
		}
		return ss
	}
	for _, c := range []struct {
		name  string
		was   map[string]string
		given []model.Setting
		want  map[string]string
		says  string
	}{
		{"a new value is kept beside the old ones", map[string]string{"mode": "y"}, set("size", "7"), map[string]string{"mode": "y", "size": "7"}, ""},
		{"the default is not kept", map[string]string{"size": "7"}, set("size", "5"), nil, ""},
		{"the default of what does not act", nil, set("idle", "never"), nil, ""},
		{"another value of what does not act", nil, set("idle", "often"), nil, "does not support thing attribute 'idle' with a value other than 'never'"},
		{"an unknown key", nil, set("nope", "1"), nil, "Thing attribute key 'nope' is not recognized"},
		{"too large", nil, set("size", "11"), nil, "value '11' is not valid for key 'size'"},
		{"a number written another way", nil, set("size", "+7"), nil, "not valid"},
		{"a word that is none", nil, set("mode", "z"), nil, "not valid"},
		{"neither true nor false", nil, set("on", "TRUE"), nil, "not valid"},
		{"twice", nil, set("size", "7", "size", "8"), nil, "more than once"},
		{"nothing", nil, nil, nil, "must not be null"},
		{"too many", nil, make([]model.Setting, 21), nil, "less than or equal to 20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := maps.Clone(c.was)
			got, err := changed("Thing", c.was, defaults, acts, c.given)
			if c.says != "" {
				refuses(t, err, "ValidationError", c.says)
			} else if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, %v", got, err)
			}
			if !maps.Equal(before, c.was) {
				t.Errorf("the old map became %v", c.was)
			}
		})
	}
}

func TestTags(t *testing.T) {
	w := start(t)
	lb, tg := w.balancer("web"), w.targets("web", "")
	l := w.listen(lb, 80, tg)
	arns := []string{lb, tg, l}
	_, err := w.AddTags(t.Context(), &elb.AddTagsInput{ResourceArns: arns, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}, {Key: aws.String("b")}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.AddTags(t.Context(), &elb.AddTagsInput{ResourceArns: arns[:1], Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("2")}}}); err != nil {
		t.Fatal(err)
	}
	if _, err = w.RemoveTags(t.Context(), &elb.RemoveTagsInput{ResourceArns: arns, TagKeys: []string{"b", "none"}}); err != nil {
		t.Fatal(err)
	}
	out, err := w.DescribeTags(t.Context(), &elb.DescribeTagsInput{ResourceArns: arns})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for i, d := range out.TagDescriptions {
		got += *d.Tags[0].Key + *d.Tags[0].Value + " "
		if *d.ResourceArn != arns[i] || len(d.Tags) != 1 {
			t.Errorf("%v", d)
		}
	}
	w.expect(got, "a2 a1 a1 ")

	tag := []types.Tag{{Key: aws.String("a")}}
	var many []types.Tag
	for i := range 51 {
		many = append(many, types.Tag{Key: aws.String(strings.Repeat("k", i+1))})
	}
	add := func(arn string, tags []types.Tag) func() error {
		return func() error {
			_, err := w.AddTags(t.Context(), &elb.AddTagsInput{ResourceArns: []string{arn}, Tags: tags})
			return err
		}
	}
	refuseAll(t, []refusal{
		{"no such load balancer", add(lb+"0", tag), "LoadBalancerNotFound", "not found"},
		{"no such group", add(tg+"0", tag), "TargetGroupNotFound", "not found"},
		{"no such listener", add(l+"0", tag), "ListenerNotFound", "not found"},
		{"no such rule", add(strings.Replace(l, ":listener/", ":listener-rule/", 1)+"/0", tag), "RuleNotFound", "not found"},
		{"no ARN", add("web", tag), "ValidationError", "'web' is not a valid ARN"},
		{"51 tags", add(lb, many), "TooManyTags", "50"},
		{"50 tags on top of one", add(tg, many[1:]), "TooManyTags", "50"},
		{"a key with a bad character", add(lb, []types.Tag{{Key: aws.String("a#")}}), "ValidationError", "regular expression"},
		{"a value that is too long", add(lb, []types.Tag{{Key: aws.String("k"), Value: aws.String(strings.Repeat("v", 257))}}), "ValidationError", "256"},
	})
}

func TestLimitsAreToldInPages(t *testing.T) {
	w := start(t)
	got, marker := "", (*string)(nil)
	for {
		out, err := w.DescribeAccountLimits(t.Context(), &elb.DescribeAccountLimitsInput{PageSize: aws.Int32(2), Marker: marker})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range out.Limits {
			got += *l.Name + "=" + *l.Max + " "
		}
		if marker = out.NextMarker; marker == nil {
			break
		}
	}
	w.expect(got, "application-load-balancers=50 listeners-per-application-load-balancer=50 target-groups=3000 "+
		"target-groups-per-action-on-application-load-balancer=5 targets-per-target-group=1000 ")
}

func TestLimitsAreKept(t *testing.T) {
	w := start(t)
	lb, tg := w.balancer("web"), w.targets("web", "")
	w.update(func(tx *store.Tx) {
		l, _ := loadBalancer(tx, &lb)
		for i := range maxListeners {
			store.Listeners.Put(tx, model.Listener{ID: l.ID + "/" + strings.Repeat("a", i+1), LoadBalancer: l.ID, Port: 1000 + i})
		}
		for i := range maxLoadBalancers {
			l.Name = strings.Repeat("b", i+1)
			l.ID = "app/" + l.Name + "/0"
			store.LoadBalancers.Put(tx, l)
		}
		for i := range maxTargetGroups {
			name := strings.Repeat("c", i+1)
			store.TargetGroups.Put(tx, model.TargetGroup{ID: name + "/0", Name: name})
		}
	})
	_, err := w.CreateListener(t.Context(), &elb.CreateListenerInput{LoadBalancerArn: &lb, Protocol: "HTTP", Port: aws.Int32(80), DefaultActions: forwardTo(tg)})
	refuses(t, err, "TooManyListeners", "50")
	_, err = w.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("more"), Subnets: w.subnets})
	refuses(t, err, "TooManyLoadBalancers", "maximum")
	_, err = w.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{Name: aws.String("more"), Protocol: "HTTP", Port: aws.Int32(80), VpcId: &w.vpc})
	refuses(t, err, "TooManyTargetGroups", "maximum")
}

// Every operation of the SDK is served or refused by its name.
func TestEveryOperationIsKnown(t *testing.T) {
	served := Options{}.binds()
	client := reflect.TypeFor[*elb.Client]()
	for i := range client.NumMethod() {
		name := client.Method(i).Name
		if name == "Options" {
			continue
		}
		_, ok := served[name]
		if refused := slices.Contains(known, name); ok == refused {
			t.Errorf("%s: served %t, refused %t", name, ok, refused)
		}
	}
	w := start(t)
	_, err := w.DescribeSSLPolicies(t.Context(), &elb.DescribeSSLPoliciesInput{})
	if err == nil || !strings.Contains(err.Error(), "DescribeSSLPolicies") {
		t.Errorf("got %v", err)
	}
}

// The command line of AWS makes the same story, with its own checks and waiters.
func TestTheCommandLineOfAWS(t *testing.T) {
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("no aws command")
	}
	w := start(t)
	run := func(args ...string) string {
		t.Helper()
		c := exec.CommandContext(t.Context(), "aws", append([]string{"--endpoint-url", w.url, "--region", "us-east-1", "--output", "text", "elbv2"}, args...)...)
		c.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_PAGER=")
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("aws elbv2 %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	lb := run(append([]string{"create-load-balancer", "--name", "web", "--query", "LoadBalancers[0].LoadBalancerArn", "--subnets"}, w.subnets...)...)
	tg := run("create-target-group", "--name", "web", "--protocol", "HTTP", "--port", "80", "--vpc-id", w.vpc, "--query", "TargetGroups[0].TargetGroupArn")
	run("wait", "load-balancer-available", "--load-balancer-arns", lb)
	w.expect(run("create-listener", "--load-balancer-arn", lb, "--protocol", "HTTP", "--port", "80", "--default-actions",
		"Type=forward,TargetGroupArn="+tg, "--query", "Listeners[0].[Port,DefaultActions[0].Type]"), "80\tforward")
	w.instance("i-1", "running")
	run("register-targets", "--target-group-arn", tg, "--targets", "Id=i-1,Port=8080")
	w.probed(model.TargetHealth{State: "healthy"})
	run("wait", "target-in-service", "--target-group-arn", tg)
	w.expect(run("describe-target-health", "--target-group-arn", tg, "--query", "TargetHealthDescriptions[].[Target.Id,Target.Port,TargetHealth.State]"), "i-1\t8080\thealthy")
}
