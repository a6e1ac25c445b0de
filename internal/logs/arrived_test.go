package logs

import (
	"log/slog"
	"strings"
	"testing"
)

var long = strings.Repeat("x", 200)

// backwards appends events, each earlier than the one before, to two streams in turn.
func (l *Log) backwards(t testing.TB, n int) {
	t.Helper()
	for range n {
		seq := l.Next("g")
		if err := l.Append("g", []Event{{Stream: seq % 2, At: 1_000_000 - int64(seq), Ingested: 1, Message: long}}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEventsAreToldAsTheyArrived reads over many segments, some of which are dropped meanwhile.
func TestEventsAreToldAsTheyArrived(t *testing.T) {
	l := open(t, t.TempDir(), Config{Segment: blockSize, Limit: 4 * blockSize, Log: slog.New(slog.DiscardHandler)})
	told := func(q Query) (all []Event) {
		t.Helper()
		q.Group = "g"
		if err := l.Arrived(q, func(e Event) bool { all = append(all, e); return len(all) < 3000 }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if got := told(Query{}); got != nil {
		t.Errorf("%d events of a group that is not there", len(got))
	}
	l.backwards(t, 1000)
	for _, tt := range []struct {
		rule       string
		q          Query
		first, end uint64
		each       uint64
	}{
		{"all", Query{}, 0, 1000, 1},
		{"from a number on", Query{First: 500}, 500, 1000, 1},
		{"to before a number", Query{First: 499, Next: 501}, 499, 501, 1},
		{"of one stream", Query{First: 500, Want: func(s uint64) bool { return s == 1 }}, 501, 1001, 2},
		{"none that are not there yet", Query{First: 1000}, 0, 0, 1},
	} {
		got := told(tt.q)
		if want := int(tt.end-tt.first) / int(tt.each); len(got) != want {
			t.Errorf("%s: %d events, want %d", tt.rule, len(got), want)
		}
		for i, e := range got {
			if e.Seq != tt.first+uint64(i)*tt.each || e.At != 1_000_000-int64(e.Seq) || e.Message != long {
				t.Fatalf("%s: event %d is %d at %d", tt.rule, i, e.Seq, e.At)
			}
		}
	}
	l.backwards(t, 4000)
	switch got := told(Query{First: 10}); {
	case len(got) == 0 || got[0].Seq <= 10 || got[len(got)-1].Seq != 4999:
		t.Errorf("%d events after the oldest were dropped", len(got))
	case len(told(Query{First: 10})) != len(got):
		t.Error("it is told otherwise again")
	}
}
