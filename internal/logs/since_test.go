package logs

import (
	"fmt"
	"testing"
)

// inArrival reads everything from a Seq on, as somebody who follows does.
func (l *Log) inArrival(t *testing.T, first uint64, bytes int) (out string, reads int) {
	t.Helper()
	for {
		b, err := l.Since("g", first, bytes)
		if err != nil {
			t.Fatal(err)
		}
		if b.Next == first {
			return out, reads
		}
		if b.Lost > 0 {
			out += fmt.Sprintf(" -%d", b.Lost)
		}
		for _, e := range b.Events {
			out += fmt.Sprintf(" %d:%s", e.Seq, e.Message)
		}
		first = b.Next
		reads++
	}
}

func TestSinceReadsInTheOrderOfArrival(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	if out, _ := l.inArrival(t, 0, 1); out != "" {
		t.Errorf("of no group: %s", out)
	}
	l.put(t, 1, 30, 10)
	l.put(t, 2, 20)
	for first, want := range map[uint64]string{0: " 0:1@30 1:1@10 2:2@20", 1: " 1:1@10 2:2@20", 3: "", 9: ""} {
		if out, _ := l.inArrival(t, first, 1); out != want {
			t.Errorf("from %d: got %s, want %s", first, out, want)
		}
	}
	if one, two := (Event{At: 5, Seq: 7}).ID("g"), (Event{At: 5, Seq: 8}).ID("g"); len(one) != 56 || one >= two {
		t.Errorf("ids are %s and %s", one, two)
	}
}

// TestSinceSkipsNothing reads, in pieces, what takes many segments, of which the oldest are dropped.
func TestSinceSkipsNothing(t *testing.T) {
	l := open(t, t.TempDir(), Config{Limit: 1 << 20, Segment: 128 << 10})
	const n = 60000
	for i := range n / 100 {
		at := make([]int64, 100)
		for j := range at {
			at[j] = int64(i*100 + j)
		}
		l.put(t, 1, at...)
	}
	first, reads, seen := uint64(0), 0, uint64(0)
	lost := uint64(0)
	for first < l.Next("g") {
		b, err := l.Since("g", first, 64<<10)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range b.Events {
			if want := first + b.Lost + uint64(i); e.Seq != want || e.Message != fmt.Sprintf("1@%d", want) {
				t.Fatalf("event %d is %d: %s", want, e.Seq, e.Message)
			}
		}
		first, seen, lost = b.Next, seen+uint64(len(b.Events)), lost+b.Lost
		reads++
	}
	if seen+lost != n || lost == 0 || reads < 8 {
		t.Errorf("%d events, %d lost, in %d reads", seen, lost, reads)
	}
}

func TestAWatchOfAllGroups(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	w := l.Watch("")
	l.put(t, 1, 1)
	<-w.C
	l.Unwatch(w)
}
