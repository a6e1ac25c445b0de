package elbv2

import (
	"context"
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
)

// world is the service behind a real HTTP server, and the SDK's client in front of it.
type world struct {
	*testing.T
	*elb.Client
	store   *store.Store
	url     string
	scope   model.Scope
	vpc     string
	subnets []string // one in each of three zones
	group   string   // default security group
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	sc := model.Scope{Account: "000000000000", Region: "us-east-1"}
	srv := httptest.NewServer(wire.New([]wire.Service{Service(s, Options{Scale: 10})}, wire.Options{Default: sc}))
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{T: t, store: s, url: srv.URL, scope: sc}
	w.Client = w.in("us-east-1")
	if _, err := w.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{}); err != nil {
		t.Fatal(err) // opens the region
	}
	w.view(func(tx *store.Tx) {
		for v := range store.VPCs.All(tx) {
			w.vpc = v.ID
		}
		for _, zone := range []string{"us-east-1a", "us-east-1b", "us-east-1c"} {
			for sn := range store.Subnets.All(tx) {
				if sn.Zone == zone {
					w.subnets = append(w.subnets, sn.ID)
				}
			}
		}
		for g := range store.SecurityGroups.All(tx) {
			w.group = g.ID
		}
	})
	return w
}

// in returns a client of one region.
func (w *world) in(region string) *elb.Client {
	return elb.New(elb.Options{Region: region, BaseEndpoint: &w.url, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})
}

func (w *world) view(fn func(*store.Tx)) {
	w.Helper()
	if err := w.store.View(w.scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

func (w *world) update(fn func(*store.Tx)) {
	w.Helper()
	if err := w.store.Update(w.scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

// balancer makes a load balancer and returns its ARN.
func (w *world) balancer(name string) string {
	w.Helper()
	out, err := w.CreateLoadBalancer(w.Context(), &elb.CreateLoadBalancerInput{Name: &name, Subnets: w.subnets})
	if err != nil {
		w.Fatal(err)
	}
	return *out.LoadBalancers[0].LoadBalancerArn
}

// targets makes a target group of a type on port 80 and returns its ARN.
func (w *world) targets(name string, kind types.TargetTypeEnum) string {
	w.Helper()
	out, err := w.CreateTargetGroup(w.Context(), &elb.CreateTargetGroupInput{Name: &name, Protocol: types.ProtocolEnumHttp,
		Port: aws.Int32(80), VpcId: &w.vpc, TargetType: kind})
	if err != nil {
		w.Fatal(err)
	}
	return *out.TargetGroups[0].TargetGroupArn
}

// listen makes an HTTP listener that forwards to a group and returns its ARN.
func (w *world) listen(lb string, port int32, group string) string {
	w.Helper()
	out, err := w.CreateListener(w.Context(), &elb.CreateListenerInput{LoadBalancerArn: &lb, Port: &port,
		Protocol: types.ProtocolEnumHttp, DefaultActions: forwardTo(group)})
	if err != nil {
		w.Fatal(err)
	}
	return *out.Listeners[0].ListenerArn
}

func forwardTo(group string) []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}}
}

// instance makes an EC2 instance in a state.
func (w *world) instance(id, state string) {
	w.Helper()
	w.update(func(tx *store.Tx) {
		store.Instances.Put(tx, model.Instance{ID: id, State: state, VPC: w.vpc, Subnet: w.subnets[0], Zone: "us-east-1a",
			PrivateIP: "172.31.0.10", Host: "127.66.0.10"})
	})
}

// refuses checks that err is an API error with a code, whose message contains some words.
func refuses(t *testing.T, err error, code, words string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		t.Fatalf("got error %v, want %s", err, code)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), words) {
		t.Errorf("got %s: %s\nwant %s: …%s…", api.ErrorCode(), api.ErrorMessage(), code, words)
	}
}

// refusal is one request that must be refused.
type refusal struct {
	name string
	call func() error
	code string
	says string
}

func refuseAll(t *testing.T, all []refusal) {
	t.Helper()
	for _, r := range all {
		t.Run(r.name, func(t *testing.T) { refuses(t, r.call(), r.code, r.says) })
	}
}
