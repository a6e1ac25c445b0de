package ecs

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

const arnPrefix = "arn:aws:ecs:us-east-1:000000000000:"

// world is a store with the ECS API over it, and AWS's own client.
type world struct {
	testing.TB
	path   string // of the store's file
	store  *store.Store
	client *ecs.Client
}

func newWorld(t testing.TB) *world { return openWorld(t, filepath.Join(t.TempDir(), "state.db")) }

func openWorld(t testing.TB, path string) *world {
	s := openStore(t, path)
	srv := httptest.NewServer(wire.New([]wire.Service{Service(s, Options{Arch: "amd64", AgentVersion: "1.2.3", DockerVersion: "20.10.24", Public: netip.MustParsePrefix("127.66.0.0/24")})}, wire.Options{Default: scope}))
	t.Cleanup(srv.Close)
	return &world{t, path, s, ecs.New(ecs.Options{Region: scope.Region, BaseEndpoint: aws.String(srv.URL), RetryMaxAttempts: 3, // the client at times closes its connection while it reads a long answer
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		})})}
}

func newStore(t testing.TB) *store.Store { return openStore(t, filepath.Join(t.TempDir(), "state.db")) }

func openStore(t testing.TB, path string) *store.Store {
	s, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Update(scope, func(tx *store.Tx) error { handler.Open(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	return s
}

// seed opens a world with the cluster demo, an instance i-1 in it and the definition web:1.
func seed(t testing.TB) *world {
	w := newWorld(t)
	must(w.client.CreateCluster(w.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("demo")}))(w)
	w.addInstance(1)
	must(w.client.RegisterTaskDefinition(w.Context(), webDef("web")))(w)
	return w
}

// instanceID returns the id of the n-th container instance.
func instanceOf(n int) string { return fmt.Sprintf("%032x", n) }

// addInstance writes what the instances stage writes: 2,048 CPU units, 4,096 MiB.
func (w *world) addInstance(n int) {
	w.update(func(tx *store.Tx) {
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: instanceOf(n), Cluster: "demo", EC2: fmt.Sprintf("i-%d", n), Zone: "us-east-1a",
			Host: fmt.Sprintf("127.66.0.%d", n), Status: active, Connected: true, Registered: tx.Now(), CPU: 2048, Memory: 4096, Version: 1,
			Ports: []model.HostPort{{Port: 22, Protocol: "tcp"}, {Port: 51678, Protocol: "tcp"}},
			Attributes: []model.Attribute{{Name: "ecs.cpu-architecture", Value: "x86_64"}, {Name: "ecs.capability.container-health-check"},
				{Name: capability + "docker-remote-api.1.18"}, {Name: capability + "docker-remote-api.1.21"}}})
	})
}

// addGroup writes a target group of one type, behind a listener if that is asked for.
func (w *world) addGroup(name, targetType string, listened bool) (arn string) {
	arn = scope.TargetGroupARN(name + "/0123456789abcdef")
	w.update(func(tx *store.Tx) {
		store.TargetGroups.Put(tx, model.TargetGroup{ID: name + "/0123456789abcdef", Name: name, TargetType: targetType})
		if listened {
			store.Listeners.Put(tx, model.Listener{ID: "app/lb/1/" + name, LoadBalancer: "app/lb/1", Port: 80, Protocol: "HTTP",
				Actions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String(arn)}}})
		}
	})
	return arn
}

func (w *world) update(fn func(*store.Tx)) {
	w.Helper()
	if err := w.store.Update(scope, func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		w.Fatal(err)
	}
}

// advance moves a task as the agent does.
func (w *world) advance(arn string, to model.Status) {
	w.update(func(tx *store.Tx) {
		t, _ := store.Tasks.Get(tx, arn[len(arn)-32:])
		if err := t.Advance(to, tx.Now()); err != nil {
			w.Error(err)
		}
		store.Tasks.Put(tx, t)
	})
}

// webDef is a definition of 256 CPU units and 512 MiB whose port 80 gets any host port.
func webDef(family string) *ecs.RegisterTaskDefinitionInput {
	return &ecs.RegisterTaskDefinitionInput{Family: aws.String(family), ContainerDefinitions: []types.ContainerDefinition{
		{Name: aws.String("app"), Image: aws.String("nginx:1"), Cpu: 256, Memory: aws.Int32(512),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}}}}}
}

// must ends a test whose call failed.
func must[T any](out T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// fails checks that a call ended in the SDK's own error type of that code, and in its message.
func (w *world) fails(err error, code, message string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		w.Fatalf("got %v, want %s: %s", err, code, message)
	}
	if _, generic := api.(*smithy.GenericAPIError); generic {
		w.Errorf("%s has no type of the SDK", api.ErrorCode())
	}
	if api.ErrorCode() != code || api.ErrorMessage() != message {
		w.Errorf("got %s: %s\nwant %s: %s", api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}

// equal compares what fmt prints of two values.
func (w *world) equal(got, want any) {
	w.Helper()
	if g, want := fmt.Sprint(got), fmt.Sprint(want); g != want {
		w.Errorf("got  %s\nwant %s", g, want)
	}
}

// line prints values with blanks between them.
func line(args ...any) string { return strings.TrimSuffix(fmt.Sprintln(args...), "\n") }

func (w *world) run(in *ecs.RunTaskInput) *ecs.RunTaskOutput {
	w.Helper()
	in.Cluster = aws.String("demo")
	if in.TaskDefinition == nil {
		in.TaskDefinition = aws.String("web")
	}
	return must(w.client.RunTask(w.Context(), in))(w)
}

func failures(fs []types.Failure) (out []string) {
	for _, f := range fs {
		out = append(out, aws.ToString(f.Arn)+" "+aws.ToString(f.Reason))
	}
	return out
}

func names[T any](all []T, name func(T) string) (out []string) {
	for _, a := range all {
		out = append(out, name(a))
	}
	slices.Sort(out)
	return out
}

func recent(t *time.Time) bool { return t != nil && time.Since(*t) < time.Minute }
