package wire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/drydock-ecs/drydock/api/wire"
)

type said struct{ Text *string }

// streaming is a service whose one operation is answered by run, for so long at most.
func streaming(longest time.Duration, run func(context.Context, func(string, any) error) error) wire.Service {
	return wire.Service{Name: "ecs", Target: strings.TrimSuffix(ecsTarget, "."), Ops: map[string]wire.Op{"Say": {In: func() any { return new(struct{}) },
		Do: func(context.Context, wire.Call, any) (any, error) {
			return &wire.Stream{Longest: longest, Run: run}, nil
		}}}}
}

func say(ctx context.Context) *http.Request {
	r := httptest.NewRequestWithContext(ctx, "POST", "/", strings.NewReader("{}"))
	for k, v := range with(jsonHeader, "X-Amz-Target", ecsTarget+"Say") {
		r.Header.Set(k, v)
	}
	return r
}

// told are the messages of an event stream, a line each.
func told(t *testing.T, r io.Reader) string {
	t.Helper()
	var b strings.Builder
	for dec := eventstream.NewDecoder(); ; {
		m, err := dec.Decode(r, nil)
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range m.Headers {
			b.WriteString(h.Value.String() + " ")
		}
		b.WriteString(string(m.Payload) + "\n")
	}
}

func TestStreamsEnd(t *testing.T) {
	hello := "event initial-response application/json {}\nevent greeting application/json {\"text\":\"hello\"}\n"
	for rule, c := range map[string]struct {
		err  error
		want string
	}{
		"by themselves":        {nil, ""},
		"in an error of AWS's": {&types.ClientException{Message: new(`no "more"`)}, `exception ClientException application/json {"message":"no \"more\""}` + "\n"},
		"in an error of AWS's and its cause": {errors.Join(&types.ClientException{Message: new("no")}, errors.New("inner")),
			`exception ClientException application/json {"message":"no"}` + "\n"},
		"in an error of ours": {errors.New("inner"), "error InternalFailure An internal failure occurred. "},
	} {
		t.Run(rule, func(t *testing.T) {
			h := wire.New([]wire.Service{streaming(time.Hour, func(_ context.Context, send func(string, any) error) error {
				return errors.Join(send("greeting", &said{new("hello")}), c.err)
			})}, wire.Options{})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, say(t.Context()))
			got := told(t, w.Body)
			if w.Code != 200 || !w.Flushed || w.Header().Get("Content-Type") != "application/vnd.amazon.eventstream" || !strings.HasPrefix(got, hello+c.want) || strings.Contains(got, "inner") {
				t.Errorf("%d %v: %s", w.Code, w.Header(), got)
			}
		})
	}
}

func TestStreamsLastNoLongerThan(t *testing.T) {
	for rule, c := range map[string]struct {
		longest time.Duration
		end     func(leave, stop func())
		want    error
	}{
		"they may":         {50 * time.Millisecond, func(_, _ func()) {}, context.DeadlineExceeded},
		"their client":     {time.Hour, func(leave, _ func()) { leave() }, context.Canceled},
		"the server lives": {time.Hour, func(_, stop func()) { stop() }, context.Canceled},
	} {
		t.Run(rule, func(t *testing.T) {
			client, leave := context.WithCancel(t.Context())
			life, stop := context.WithCancel(t.Context())
			defer leave()
			defer stop()
			var left bool
			o := wire.Options{Life: life, Enter: func() func() { return func() { left = true } }}
			wire.New([]wire.Service{streaming(c.longest, func(ctx context.Context, _ func(string, any) error) error {
				if !left {
					t.Error("who waits for calls to end waits for the stream")
				}
				c.end(leave, stop)
				<-ctx.Done()
				if !errors.Is(ctx.Err(), c.want) {
					t.Errorf("got %v, want %v", ctx.Err(), c.want)
				}
				return nil
			})}, o).ServeHTTP(httptest.NewRecorder(), say(client))
		})
	}
}

// TestStreamsNeedAConnection has a stream begin where answers are told as a whole.
func TestStreamsNeedAConnection(t *testing.T) {
	w := httptest.NewRecorder()
	whole := struct{ http.ResponseWriter }{w}
	wire.New([]wire.Service{streaming(time.Hour, nil)}, wire.Options{}).ServeHTTP(whole, say(t.Context()))
	if w.Code != 400 || !strings.Contains(w.Body.String(), "UnsupportedOperationException") || !strings.Contains(w.Body.String(), "carries no event streams") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
