package logs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// follower is how "aws logs tail --follow" of the aws CLI 2 reads a group: it asks from the time of the newest
// event on, goes through the pages, and keeps out the events of that time that it has had, by their ids.
//
// Source: https://github.com/aws/aws-cli/blob/v2/awscli/customizations/logs/tail.py (FollowLogEventsGenerator)
type follower struct {
	*world
	in    sdk.FilterLogEventsInput
	ids   map[int64][]string // by time
	pages int
}

func (w *world) follow(since time.Time, pattern *string) *follower {
	//lint:ignore SA1019 the CLI sends it
	return &follower{w, sdk.FilterLogEventsInput{LogGroupName: new("g"), Interleaved: new(true), StartTime: new(since.UnixMilli()), FilterPattern: pattern}, map[int64][]string{}, 0}
}

// poll returns what came since, as stream:message.
func (f *follower) poll() (got []string) {
	f.Helper()
	for {
		out := must(f.FilterLogEvents(f.Context(), &f.in))(f.world)
		f.pages++
		if len(out.SearchedLogStreams) != 0 { // it is empty on AWS since 2020, and clients ask it for nothing
			f.Errorf("searched %v", out.SearchedLogStreams)
		}
		newest := int64(-1)
		for at := range f.ids {
			newest = max(newest, at)
		}
		for _, e := range out.Events {
			if !slices.Contains(f.ids[*e.Timestamp], *e.EventId) {
				f.ids[*e.Timestamp] = append(f.ids[*e.Timestamp], *e.EventId)
				got = append(got, *e.LogStreamName+":"+(*e.Message)[:min(8, len(*e.Message))])
			}
			newest = max(newest, *e.Timestamp)
		}
		if newest >= 0 {
			f.ids = map[int64][]string{newest: f.ids[newest]}
		}
		if f.in.NextToken = out.NextToken; f.in.NextToken == nil {
			if newest >= 0 {
				f.in.StartTime = &newest
			}
			return got
		}
	}
}

func TestAFollowerIsToldEachEventOnce(t *testing.T) {
	w := start(t)
	w.seed("a", "b")
	now := tNow().Add(-time.Minute)
	w.put("a", now.Add(-time.Hour), "old")
	w.put("a", now, "1", "2", "3")
	f := w.follow(now.Add(-time.Second), nil)
	w.equal(f.poll(), []string{"a:1", "a:2", "a:3"})
	w.equal(f.poll(), []string(nil))

	last := now.Add(2 * time.Millisecond) // of the newest event, and others come in the same millisecond
	w.put("b", last, "4")
	w.put("a", last, "3") // the same text at the same time in the same stream: another event
	w.equal(f.poll(), []string{"b:4", "a:3"})
	w.equal(f.poll(), []string(nil))

	var want []string
	long := strings.Repeat("x", mostBytes/4)
	for n := range 9 { // pages of three, and the last ones are of one millisecond
		w.put("b", last.Add(time.Duration(min(n, 4))*time.Millisecond), fmt.Sprintf("%08d", n)+long)
		want = append(want, fmt.Sprintf("b:%08d", n))
	}
	f.pages = 0
	w.equal(f.poll(), want)
	w.equal(f.pages, 3)
	w.equal(f.poll(), []string(nil))

	g := w.follow(now, new("4"))
	w.equal(g.poll(), []string{"b:4", "b:00000004"})
	w.put("a", last.Add(time.Second), "no", "44")
	w.equal(g.poll(), []string{"a:44"})
}

// TestEventIDsAreStable reads the same events in other ways.
func TestEventIDsAreStable(t *testing.T) {
	w := start(t)
	w.seed("a", "b")
	now := tNow()
	w.put("a", now, "one", "two")
	w.put("b", now, "one", "two")
	ids := func(in sdk.FilterLogEventsInput) (all []string) {
		in.LogGroupName = new("g")
		for _, e := range must(w.FilterLogEvents(t.Context(), &in))(w).Events {
			all = append(all, *e.EventId)
		}
		return all
	}
	all := ids(sdk.FilterLogEventsInput{})
	if len(all) != 4 || len(all[0]) != 56 || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != 4 {
		t.Fatalf("ids %v", all)
	}
	w.equal(ids(sdk.FilterLogEventsInput{FilterPattern: new("two")}), all[2:])
	w.equal(ids(sdk.FilterLogEventsInput{LogStreamNames: []string{"b"}}), []string{all[1], all[3]})
	w.equal(ids(sdk.FilterLogEventsInput{StartTime: new(now.UnixMilli() + 1), EndTime: new(now.UnixMilli() + 1)}), all[2:])
}
