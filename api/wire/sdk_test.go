package wire_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecst "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbt "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
)

// op makes an operation of a function over its input.
func op[In any](do func(c wire.Call, in *In) (any, error)) wire.Op {
	return wire.Op{In: func() any { return new(In) }, Do: func(_ context.Context, c wire.Call, in any) (any, error) {
		return do(c, in.(*In))
	}}
}

// always answers the same.
func always[In any](out any, err error) wire.Op {
	return op(func(wire.Call, *In) (any, error) { return out, err })
}

func ecsService(ops map[string]wire.Op) wire.Service {
	return wire.Service{Name: "ecs", Protocol: wire.JSON11, Target: "AmazonEC2ContainerServiceV20141113", Ops: ops, Known: []string{"ExecuteCommand"}}
}

func elbService(ops map[string]wire.Op) wire.Service {
	return wire.Service{Name: "elasticloadbalancing", Protocol: wire.Query, Version: "2015-12-01",
		Namespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/", Ops: ops, Known: []string{"SetIpAddressType"}}
}

func stsService(ops map[string]wire.Op) wire.Service {
	return wire.Service{Name: "sts", Protocol: wire.Query, Version: "2011-06-15",
		Namespace: "https://sts.amazonaws.com/doc/2011-06-15/", Ops: ops, Known: []string{"AssumeRole"}}
}

var home = model.Scope{Account: "000000000000", Region: "us-east-1"}

// serve answers services and returns the endpoint.
func serve(t *testing.T, services ...wire.Service) string {
	t.Helper()
	s := httptest.NewServer(wire.New(services, wire.Options{Default: home}))
	t.Cleanup(s.Close)
	return s.URL
}

func keys(id string) aws.CredentialsProviderFunc {
	return func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: id, SecretAccessKey: "test"}, nil
	}
}

func ecsClient(url, region, key string) *ecs.Client {
	return ecs.New(ecs.Options{Region: region, Credentials: keys(key), BaseEndpoint: &url, Retryer: aws.NopRetryer{}})
}

func elbClient(url string) *elb.Client {
	return elb.New(elb.Options{Region: "us-east-1", Credentials: keys("test"), BaseEndpoint: &url, Retryer: aws.NopRetryer{}})
}

func TestJSONBodiesOfTheSDKComeThroughWhole(t *testing.T) {
	given := &ecs.RegisterTaskDefinitionInput{Family: aws.String("fam\"ily\u2028\U0001F433"), NetworkMode: ecst.NetworkModeBridge,
		RequiresCompatibilities: []ecst.Compatibility{ecst.CompatibilityEc2}, Tags: []ecst.Tag{{Key: aws.String("k"), Value: aws.String("")}},
		ContainerDefinitions: []ecst.ContainerDefinition{{Name: aws.String("c"), Image: aws.String("nginx"), Memory: aws.Int32(64), Cpu: 10,
			Essential: aws.Bool(false), Command: []string{}, DockerLabels: map[string]string{"b": "2", "a": "1", "": "\n"},
			Environment:  []ecst.KeyValuePair{{Name: aws.String("A"), Value: aws.String("B\\")}},
			PortMappings: []ecst.PortMapping{{ContainerPort: aws.Int32(80), HostPort: aws.Int32(0), Protocol: ecst.TransportProtocolTcp}},
			HealthCheck:  &ecst.HealthCheck{Command: []string{"CMD", "true"}, Interval: aws.Int32(5)}}}}
	at := time.UnixMilli(1700000000509).UTC()
	var got *ecs.RegisterTaskDefinitionInput
	url := serve(t, ecsService(map[string]wire.Op{"RegisterTaskDefinition": op(func(_ wire.Call, in *ecs.RegisterTaskDefinitionInput) (any, error) {
		got = in
		return &ecs.RegisterTaskDefinitionOutput{Tags: in.Tags, TaskDefinition: &ecst.TaskDefinition{Family: in.Family,
			ContainerDefinitions: in.ContainerDefinitions, RegisteredAt: &at, NetworkMode: in.NetworkMode}}, nil
	})}))
	out, err := ecsClient(url, "us-east-1", "test").RegisterTaskDefinition(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, given) {
		t.Errorf("the server read %+v", got)
	}
	td := out.TaskDefinition
	if !reflect.DeepEqual(td.ContainerDefinitions, given.ContainerDefinitions) || !td.RegisteredAt.Equal(at) || *td.Family != *given.Family {
		t.Errorf("the client read %+v", td)
	}
}

func TestFormsOfTheSDKComeThroughWhole(t *testing.T) {
	given := &elb.CreateListenerInput{LoadBalancerArn: aws.String("arn:&<>=+ %"), Port: aws.Int32(80), Protocol: elbt.ProtocolEnumHttp,
		DefaultActions: []elbt.Action{{Type: elbt.ActionTypeEnumForward, Order: aws.Int32(1), ForwardConfig: &elbt.ForwardActionConfig{
			TargetGroups: []elbt.TargetGroupTuple{{TargetGroupArn: aws.String("a"), Weight: aws.Int32(0)}, {TargetGroupArn: aws.String("b")}}}}},
		Tags: []elbt.Tag{{Key: aws.String("k"), Value: aws.String("v]]>\"'")}}}
	var got *elb.CreateListenerInput
	url := serve(t, elbService(map[string]wire.Op{
		"CreateListener": op(func(_ wire.Call, in *elb.CreateListenerInput) (any, error) {
			got = in
			return &elb.CreateListenerOutput{Listeners: []elbt.Listener{{ListenerArn: in.Tags[0].Value, Port: in.Port, DefaultActions: in.DefaultActions}}}, nil
		}),
		"DeleteListener": always[elb.DeleteListenerInput](&elb.DeleteListenerOutput{}, nil),
		"DescribeLoadBalancers": always[elb.DescribeLoadBalancersInput](&elb.DescribeLoadBalancersOutput{LoadBalancers: []elbt.LoadBalancer{
			{CreatedTime: aws.Time(time.UnixMilli(1700000000509)), State: &elbt.LoadBalancerState{Code: elbt.LoadBalancerStateEnumActive}}}}, nil),
	}))
	c := elbClient(url)
	out, err := c.CreateListener(t.Context(), given)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, given) {
		t.Errorf("the server read %+v", got)
	}
	if l := out.Listeners[0]; *l.ListenerArn != *given.Tags[0].Value || !reflect.DeepEqual(l.DefaultActions, given.DefaultActions) {
		t.Errorf("the client read %+v", l)
	}
	if _, err := c.DeleteListener(t.Context(), &elb.DeleteListenerInput{ListenerArn: aws.String("x")}); err != nil {
		t.Error(err)
	}
	lbs, err := c.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{Names: []string{}})
	if err != nil || lbs.LoadBalancers[0].CreatedTime.UnixMilli() != 1700000000509 || lbs.LoadBalancers[0].State.Code != "active" {
		t.Error(lbs, err)
	}
}

func TestErrorsReachTheSDKWithTheirTypes(t *testing.T) {
	url := serve(t,
		ecsService(map[string]wire.Op{
			"DescribeClusters": always[ecs.DescribeClustersInput](nil, &ecst.ClusterNotFoundException{Message: aws.String("Cluster not found.")}),
			"ListClusters":     always[ecs.ListClustersInput](nil, errors.New("secret detail")),
			"RunTask":          always[ecs.RunTaskInput](nil, &ecst.ConflictException{ResourceIds: []string{"a", "b"}}),
			"ListTasks":        op(func(wire.Call, *ecs.ListTasksInput) (any, error) { panic("secret detail") }),
			"DeleteCluster":    always[ecs.DeleteClusterInput](nil, &wire.Error{Code: "AccessDeniedException", Message: "No & <no>.", Status: 403}),
		}),
		elbService(map[string]wire.Op{
			"DescribeListeners":    always[elb.DescribeListenersInput](nil, &elbt.LoadBalancerNotFoundException{Message: aws.String("One & <two>")}),
			"DescribeTargetGroups": always[elb.DescribeTargetGroupsInput](nil, errors.New("secret detail")),
		}))
	ctx, c, e := t.Context(), ecsClient(url, "us-east-1", "test"), elbClient(url)

	_, err := c.DescribeClusters(ctx, &ecs.DescribeClustersInput{})
	var noCluster *ecst.ClusterNotFoundException
	if !errors.As(err, &noCluster) || noCluster.ErrorMessage() != "Cluster not found." {
		t.Errorf("DescribeClusters: %v", err)
	}
	_, err = c.RunTask(ctx, &ecs.RunTaskInput{TaskDefinition: aws.String("x")})
	var conflict *ecst.ConflictException
	if !errors.As(err, &conflict) || !reflect.DeepEqual(conflict.ResourceIds, []string{"a", "b"}) {
		t.Errorf("RunTask: %v", err)
	}
	_, err = e.DescribeListeners(ctx, &elb.DescribeListenersInput{})
	var noLB *elbt.LoadBalancerNotFoundException
	if !errors.As(err, &noLB) || noLB.ErrorMessage() != "One & <two>" {
		t.Errorf("DescribeListeners: %v", err)
	}
	_, err = c.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: aws.String("x")})
	wantError(t, err, "AccessDeniedException", "No & <no>.")
	_, err = c.ListClusters(ctx, &ecs.ListClustersInput{})
	wantError(t, err, "InternalFailure", "")
	_, err = c.ListTasks(ctx, &ecs.ListTasksInput{})
	wantError(t, err, "InternalFailure", "")
	_, err = e.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{})
	wantError(t, err, "InternalFailure", "")
	_, err = c.ExecuteCommand(ctx, &ecs.ExecuteCommandInput{Command: aws.String("sh"), Task: aws.String("t"), Interactive: true})
	wantError(t, err, "UnsupportedOperationException", "Drydock does not serve ecs:ExecuteCommand.")
	_, err = c.ListServices(ctx, &ecs.ListServicesInput{})
	wantError(t, err, "UnknownOperationException", "There is no operation ListServices of ecs.")
	_, err = e.SetIpAddressType(ctx, &elb.SetIpAddressTypeInput{IpAddressType: "ipv4", LoadBalancerArn: aws.String("x")})
	wantError(t, err, "InvalidAction", "Drydock does not serve elasticloadbalancing:SetIpAddressType.")
}

// wantError checks an API error's code and, unless it is "", its message.
func wantError(t *testing.T, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || message != "" && e.ErrorMessage() != message {
		t.Errorf("got %v, want %s: %s", err, code, message)
	}
}

func TestTheCallersAccountAndRegionComeFromTheCredentials(t *testing.T) {
	var got wire.Call
	url := serve(t, ecsService(map[string]wire.Op{"ListClusters": op(func(c wire.Call, _ *ecs.ListClustersInput) (any, error) {
		got = c
		return &ecs.ListClustersOutput{}, nil
	})}), stsService(map[string]wire.Op{"GetCallerIdentity": op(func(c wire.Call, _ *sts.GetCallerIdentityInput) (any, error) {
		got = c
		return &sts.GetCallerIdentityOutput{Account: &c.Scope.Account}, nil
	})}))
	for _, tt := range []struct{ key, region, account string }{
		{"test", "eu-west-1", "000000000000"},
		{"123456789012", "cn-north-1", "123456789012"},
		{"1234567890123", "us-gov-west-1", "000000000000"},
	} {
		if _, err := ecsClient(url, tt.region, tt.key).ListClusters(t.Context(), &ecs.ListClustersInput{}); err != nil {
			t.Fatal(err)
		}
		if want := (model.Scope{Account: tt.account, Region: tt.region}); got.Scope != want || got.AccessKey != tt.key || got.Service != "ecs" || got.Operation != "ListClusters" {
			t.Errorf("%v: got %+v", tt, got)
		}
	}
	c := sts.NewPresignClient(sts.New(sts.Options{Region: "ap-south-1", Credentials: keys("111122223333"), BaseEndpoint: &url}))
	signed, err := c.PresignGetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if status, body := send(t, "GET", signed.URL, nil, ""); status != 200 || got.Scope.Region != "ap-south-1" || got.Scope.Account != "111122223333" {
		t.Errorf("presigned: %d %s %+v", status, body, got)
	}
}
