package logs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const tailedARN = "arn:aws:logs:us-east-1:000000000000:log-group:g"

// TestLiveTail reads what AWS's own client makes of a session.
func TestLiveTail(t *testing.T) {
	w := start(t)
	w.seed("a", "b")
	w.put("a", time.Now(), "before the session")
	out := must(w.StartLiveTail(w.Context(), &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{tailedARN},
		LogEventFilterPattern: new("-no"), LogStreamNamePrefixes: []string{"a", "c"}}))(w)
	stream := out.GetStream()
	started := (<-stream.Events()).(*types.StartLiveTailResponseStreamMemberSessionStart).Value
	w.equal(line(len(*started.RequestId), len(*started.SessionId), started.LogGroupIdentifiers, *started.LogEventFilterPattern, started.LogStreamNamePrefixes, started.LogStreamNames),
		line(36, 36, []string{tailedARN}, "-no", []string{"a", "c"}, []string(nil)))
	at := time.Now().Truncate(time.Millisecond)
	w.put("a", at, "one", "no", "two")
	w.put("b", at, "of another stream")
	must(w.CreateLogStream(w.Context(), &sdk.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: new("c")}))(w)
	w.put("c", at, "of a new stream")
	var got []string
	for e := range stream.Events() {
		u := e.(*types.StartLiveTailResponseStreamMemberSessionUpdate).Value
		for _, r := range u.SessionResults {
			if *r.IngestionTime < at.UnixMilli() || *r.LogGroupIdentifier != tailedARN || u.SessionMetadata.Sampled {
				t.Errorf("update %+v, event %+v", u.SessionMetadata, r)
			}
			got = append(got, line(*r.LogStreamName, *r.Message, *r.Timestamp-at.UnixMilli()))
		}
		if len(got) >= 3 { // what is not wanted arrived before the last of them
			break
		}
	}
	w.equal(got, []string{"a one 0", "a two 2", "c of a new stream 0"})
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
}

func TestLiveTailRefuses(t *testing.T) {
	w := start(t)
	w.seed()
	eleven := slices.Repeat([]string{tailedARN}, 11)
	two := []string{tailedARN, "arn:aws:logs:us-east-1:000000000000:log-group:h"}
	must(w.CreateLogGroup(w.Context(), &sdk.CreateLogGroupInput{LogGroupName: new("h")}))(w)
	for rule, c := range map[string]struct {
		in            sdk.StartLiveTailInput
		code, message string
	}{
		"a session has a group":                    {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{}}, "InvalidParameterException", "at 'logGroupIdentifiers' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		"a session has at most ten groups":         {sdk.StartLiveTailInput{LogGroupIdentifiers: eleven}, "InvalidParameterException", "less than or equal to 10"},
		"a group is told by its ARN":               {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{"g"}}, "InvalidParameterException", "The log group identifier g is not valid. Specify each log group by its ARN."},
		"the ARN of a cluster is none of a group":  {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{"arn:aws:ecs:us-east-1:000000000000:cluster/g"}}, "InvalidParameterException", "by its ARN"},
		"an ARN must not end with an asterisk":     {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{tailedARN + ":*"}}, "InvalidParameterException", "can't end with an asterisk"},
		"an ARN has only certain characters":       {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{tailedARN + "?"}}, "InvalidParameterException", "at 'logGroupIdentifiers.1.member' failed to satisfy constraint: Member must satisfy regular expression pattern"},
		"an ARN is not empty":                      {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{tailedARN, ""}}, "InvalidParameterException", "at 'logGroupIdentifiers.2.member'"},
		"a group must be there":                    {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{tailedARN + "g"}}, "ResourceNotFoundException", "The specified log group does not exist."},
		"a group must be of the account":           {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{strings.Replace(tailedARN, "00:", "01:", 1)}}, "ResourceNotFoundException", "does not exist"},
		"a group must be of the region":            {sdk.StartLiveTailInput{LogGroupIdentifiers: []string{strings.Replace(tailedARN, "-1:", "-2:", 1)}}, "ResourceNotFoundException", "does not exist"},
		"names and prefixes exclude each other":    {sdk.StartLiveTailInput{LogGroupIdentifiers: two[:1], LogStreamNames: []string{"a"}, LogStreamNamePrefixes: []string{"a"}}, "InvalidParameterException", "mutually exclusive"},
		"names are of one group":                   {sdk.StartLiveTailInput{LogGroupIdentifiers: two, LogStreamNames: []string{"a"}}, "InvalidParameterException", "LogStreamNames can be specified only with a single log group"},
		"prefixes are of one group":                {sdk.StartLiveTailInput{LogGroupIdentifiers: two, LogStreamNamePrefixes: []string{"a"}}, "InvalidParameterException", "LogStreamNamePrefixes can be specified only with a single log group"},
		"names are not none":                       {sdk.StartLiveTailInput{LogGroupIdentifiers: two[:1], LogStreamNames: []string{}}, "InvalidParameterException", "at 'logStreamNames'"},
		"there are at most a hundred names":        {sdk.StartLiveTailInput{LogGroupIdentifiers: two[:1], LogStreamNames: slices.Repeat([]string{"a"}, 101)}, "InvalidParameterException", "at 'logStreamNames' failed to satisfy constraint: Member must have length less than or equal to 100"},
		"a name is one of a stream":                {sdk.StartLiveTailInput{LogGroupIdentifiers: two[:1], LogStreamNames: []string{"a:b"}}, "InvalidParameterException", "at 'logStreamNames.1.member'"},
		"a prefix is not empty":                    {sdk.StartLiveTailInput{LogGroupIdentifiers: two[:1], LogStreamNamePrefixes: []string{""}}, "InvalidParameterException", "at 'logStreamNamePrefixes.1.member'"},
		"a pattern must be one":                    {sdk.StartLiveTailInput{LogGroupIdentifiers: two, LogEventFilterPattern: new("{ $.a = ")}, "InvalidParameterException", "Invalid filter pattern"},
		"a pattern has at most a thousand letters": {sdk.StartLiveTailInput{LogGroupIdentifiers: two, LogEventFilterPattern: new(strings.Repeat("x", 1025))}, "InvalidParameterException", "at 'logEventFilterPattern'"},
	} {
		t.Run(rule, func(t *testing.T) {
			w := &world{T: t, Client: w.Client, store: w.store, log: w.log}
			_, err := w.StartLiveTail(t.Context(), &c.in)
			w.fails(err, c.code, c.message)
		})
	}
}

func TestLiveTailSessionsAreCounted(t *testing.T) {
	w := start(t)
	w.seed()
	begin := func() (*sdk.StartLiveTailOutput, error) {
		alone := sdk.New(w.Options(), func(o *sdk.Options) { o.Retryer = aws.NopRetryer{} }) // streams of one client share a decoder
		return alone.StartLiveTail(w.Context(), &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{tailedARN}})
	}
	for range mostTails {
		stream := must(begin())(w).GetStream()
		defer stream.Close()
		<-stream.Events() // it counts once it begins
	}
	_, err := begin()
	w.fails(err, "LimitExceededException", "15 Live Tail sessions")
}

// TestLiveTailSessionsThatBeginTogether are no more than one after another.
func TestLiveTailSessionsThatBeginTogether(t *testing.T) {
	all := new(tails)
	var begun atomic.Int64
	var wg sync.WaitGroup
	for range 2 * mostTails {
		wg.Go(func() {
			if _, ok := all.begin(scope); ok {
				begun.Add(1)
			}
		})
	}
	wg.Wait()
	if begun.Load() != mostTails || all.of(scope) != mostTails {
		t.Errorf("%d begin, %d are counted", begun.Load(), all.of(scope))
	}
}

// session is a session in a bubble, without a client.
type session struct {
	*testing.T
	handlers
	told chan *types.LiveTailSessionUpdate
	end  chan error
}

// tail begins a session over the groups g and h with streams a and b each.
func tail(t *testing.T, in *sdk.StartLiveTailInput) *session {
	s, err := store.Open(t.TempDir() + "/db")
	if err != nil {
		t.Fatal(err)
	}
	l, err := disk.Open(t.TempDir(), disk.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(l.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	x := &session{t, handlers{store: s, log: l, tails: new(tails)}, make(chan *types.LiveTailSessionUpdate), make(chan error, 1)}
	x.group("g")
	x.group("h")
	if in.LogGroupIdentifiers == nil {
		in.LogGroupIdentifiers = []string{tailedARN}
	}
	err = s.View(scope, func(tx *store.Tx) error {
		stream, err := x.startLiveTail(tx, in)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(t.Context(), stream.Longest)
		go func() {
			defer cancel()
			x.end <- stream.Run(ctx, func(event string, v any) error {
				if u, ok := v.(*types.LiveTailSessionUpdate); ok && event == "sessionUpdate" {
					x.told <- u
				}
				return nil
			})
			close(x.told)
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (x *session) group(name string) {
	x.Helper()
	if err := x.store.Update(scope, func(tx *store.Tx) error {
		streams.Delete(tx, name)
		g, _ := streams.Group(tx, name)
		streams.Stream(tx, g, "a")
		g, _ = streams.Group(tx, name)
		streams.Stream(tx, g, "b")
		return nil
	}); err != nil {
		x.Fatal(err)
	}
}

// put appends messages to a stream, by its number.
func (x *session) put(group string, stream uint64, messages ...string) {
	x.Helper()
	var id string
	_ = x.store.View(scope, func(tx *store.Tx) error {
		g, _ := store.LogGroups.Get(tx, group)
		id = g.ID
		return nil
	})
	events := make([]disk.Event, len(messages))
	for i, m := range messages {
		events[i] = disk.Event{Stream: stream, At: 1, Ingested: time.Now().UnixMilli(), Message: m}
	}
	if err := x.log.Append(id, events); err != nil {
		x.Fatal(err)
	}
}

// next is the next update as a picture.
func (x *session) next(want string) {
	x.Helper()
	u := <-x.told
	var got []string
	for _, e := range u.SessionResults {
		got = append(got, strings.TrimPrefix(*e.LogGroupIdentifier, "arn:aws:logs:us-east-1:000000000000:log-group:")+"/"+*e.LogStreamName+":"+*e.Message)
	}
	if text := strings.Join(got, " "); text != want || u.SessionMetadata.Sampled {
		x.Errorf("got  %s (sampled: %v)\nwant %s", text, u.SessionMetadata.Sampled, want)
	}
}

func TestLiveTailFollowsGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tail(t, &sdk.StartLiveTailInput{LogGroupIdentifiers: []string{tailedARN, "arn:aws:logs:us-east-1:000000000000:log-group:h", tailedARN}})
		began := time.Now()
		x.next("")
		if took := time.Since(began); took != time.Second {
			t.Errorf("the first update came after %v", took)
		}
		x.put("h", 2, "1")
		time.Sleep(time.Millisecond)
		x.put("g", 1, "2", "3")
		x.next("h/b:1 g/a:2 g/a:3")
		x.next("")
		if err := x.store.Update(scope, func(tx *store.Tx) error { streams.Delete(tx, "g"); return nil }); err != nil {
			t.Fatal(err)
		}
		x.put("h", 1, "4")
		x.next("h/a:4")
		x.group("g")
		x.put("g", 1, "of the new one")
		x.next("g/a:of the new one")
	})
}

func TestLiveTailTakesTheStreamsThatAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tail(t, &sdk.StartLiveTailInput{LogStreamNames: []string{"b", "comes later"}})
		x.put("g", 1, "1")
		x.put("g", 2, "2")
		x.next("g/b:2")
		if err := x.store.Update(scope, func(tx *store.Tx) error {
			g, _ := streams.Group(tx, "g")
			streams.Stream(tx, g, "comes later")
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		x.put("g", 3, "3")
		x.next("g/comes later:3")
	})
}

func TestLiveTailSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tail(t, &sdk.StartLiveTailInput{LogEventFilterPattern: new("-odd")})
		var lines []string
		for n := range 20000 {
			lines = append(lines, fmt.Sprintf("%06d %s", n, []string{"even", "odd"}[n%2]))
		}
		x.put("g", 1, lines...)
		u := <-x.told
		if len(u.SessionResults) != mostSampled || !u.SessionMetadata.Sampled {
			t.Fatalf("%d events, sampled: %v", len(u.SessionResults), u.SessionMetadata.Sampled)
		}
		var got []string
		early := 0
		for _, e := range u.SessionResults {
			got = append(got, *e.Message)
			if *e.Message < "010000" {
				early++
			}
		}
		if !slices.IsSorted(got) || early < 150 || early > 350 || strings.Contains(strings.Join(got, ""), "odd") {
			t.Errorf("%d of 500 are of the first half; %v", early, got)
		}
		x.put("g", 1, lines[:1000]...)
		if u := <-x.told; len(u.SessionResults) != mostSampled || u.SessionMetadata.Sampled {
			t.Errorf("%d of 500 events, sampled: %v", len(u.SessionResults), u.SessionMetadata.Sampled)
		}
		long := strings.Repeat("x", mostBytes-disk.PerEvent)
		for range 5 {
			x.put("g", 1, long)
		}
		if u := <-x.told; len(u.SessionResults) != 2 || !u.SessionMetadata.Sampled {
			t.Errorf("%d of five events of a MiB, sampled: %v", len(u.SessionResults), u.SessionMetadata.Sampled)
		}
	})
}

func TestLiveTailEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := tail(t, &sdk.StartLiveTailInput{})
		began, updates := time.Now(), 0
		for range x.told {
			updates++
		}
		var timeout *types.SessionTimeoutException
		if err := <-x.end; !errors.As(err, &timeout) || time.Since(began) != 3*time.Hour {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		if updates < 3*60*60-1 {
			t.Errorf("%d updates", updates)
		}
		if n := x.tails.of(scope); n != 0 {
			t.Errorf("%d sessions are still counted", n)
		}
	})
}
