package logs

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/api/wire"
	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

var scope = model.Scope{Account: "000000000000", Region: "us-east-1"}

// world is the API over a store and a directory of events, and AWS's own client.
type world struct {
	*testing.T
	*sdk.Client
	store *store.Store
	log   *disk.Log
	tried []string // directories of destinations
}

func start(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := disk.Open(t.TempDir(), disk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, store: s, log: l}
	srv := httptest.NewServer(wire.New([]wire.Service{Service(s, l, w.reach())}, wire.Options{Default: scope}))
	t.Cleanup(func() {
		srv.Close()
		if err := errors.Join(l.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	// The SDK at times closes its connection while it reads a large answer, of any server; it then asks again.
	w.Client = sdk.New(sdk.Options{Region: scope.Region, BaseEndpoint: &srv.URL, RetryMaxAttempts: 5, Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}), APIOptions: []func(*middleware.Stack) error{unprefixed}})
	return w
}

// unprefixed keeps the SDK from calling stream-127.0.0.1, which no resolver knows.
func unprefixed(s *middleware.Stack) error {
	return s.Initialize.Add(middleware.InitializeMiddlewareFunc("unprefixed", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
		middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(smithyhttp.DisableEndpointHostPrefix(ctx, true), in)
	}), middleware.Before)
}

// once asks only once: the SDK takes LimitExceededException for something that passes.
func once(o *sdk.Options) { o.RetryMaxAttempts = 1 }

// seed makes the group g and streams in it.
func (w *world) seed(streams ...string) {
	w.Helper()
	must(w.CreateLogGroup(w.Context(), &sdk.CreateLogGroupInput{LogGroupName: new("g")}))(w)
	for _, s := range streams {
		must(w.CreateLogStream(w.Context(), &sdk.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: new(s)}))(w)
	}
}

// put sends messages that are a millisecond apart.
func (w *world) put(stream string, from time.Time, messages ...string) *sdk.PutLogEventsOutput {
	w.Helper()
	in := &sdk.PutLogEventsInput{LogGroupName: new("g"), LogStreamName: &stream}
	for i, m := range messages {
		in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: new(from.UnixMilli() + int64(i)), Message: &m})
	}
	return must(w.PutLogEvents(w.Context(), in))(w)
}

// must ends a test whose call failed.
func must[T any](out T, err error) func(*world) T {
	return func(w *world) T {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
		return out
	}
}

// fails checks that a call ended in the SDK's own error type of that code, with that in its message.
func (w *world) fails(err error, code, message string) {
	w.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		w.Errorf("got %v, want %s: %s", err, code, message)
		return
	}
	if _, generic := api.(*smithy.GenericAPIError); generic {
		w.Errorf("%s has no type of the SDK", code)
	}
}

func (w *world) equal(got, want any) {
	w.Helper()
	if g, want := fmt.Sprint(got), fmt.Sprint(want); g != want {
		w.Errorf("got  %s\nwant %s", g, want)
	}
}

// line prints values with blanks between them.
func line(args ...any) string { return strings.TrimSuffix(fmt.Sprintln(args...), "\n") }
