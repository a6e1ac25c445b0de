package logs

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func open(t testing.TB, dir string, c Config) *Log {
	t.Helper()
	l, err := Open(dir, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func (l *Log) put(t testing.TB, stream uint64, at ...int64) {
	t.Helper()
	var es []Event
	for _, a := range at {
		es = append(es, Event{Stream: stream, At: a, Ingested: 1000 + a, Mark: a, Message: fmt.Sprintf("%d@%d", stream, a)})
	}
	if err := l.Append("g", es); err != nil {
		t.Fatal(err)
	}
}

func (l *Log) texts(t testing.TB, q Query) string {
	t.Helper()
	q.Group = "g"
	if q.Limit == 0 {
		q.Limit = 1000
	}
	if q.From == (Cursor{}) {
		q.From = Start
	}
	if q.To == (Cursor{}) {
		q.To = End
	}
	es, err := l.Read(q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range es {
		out = append(out, e.Message)
	}
	return strings.Join(out, " ")
}

func TestEventsAreReadByTime(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Config{})
	l.put(t, 1, 10, 30)
	l.put(t, 2, 20, 20)
	l.put(t, 1, 5)
	only := func(n uint64) func(uint64) bool { return func(s uint64) bool { return s == n } }
	check := func(l *Log) {
		for _, tt := range []struct {
			rule string
			q    Query
			want string
		}{
			{"all, in order of time whatever the order of arrival", Query{}, "1@5 1@10 2@20 2@20 1@30"},
			{"of one stream", Query{Want: only(1)}, "1@5 1@10 1@30"},
			{"the first ones", Query{Limit: 2}, "1@5 1@10"},
			{"the last ones, still in order", Query{Limit: 2, Backward: true}, "2@20 1@30"},
			{"from a place on, which is not in it", Query{From: Cursor{20, 2}}, "2@20 1@30"},
			{"up to a place, which is in it", Query{To: Cursor{20, 2}}, "1@5 1@10 2@20"},
			{"no more bytes than asked for", Query{Bytes: 2*PerEvent + 7}, "1@5 1@10"},
			{"one event in any case", Query{Bytes: 1}, "1@5"},
			{"those that arrived from one on", Query{First: 3}, "1@5 2@20"},
			{"those that arrived before one", Query{First: 1, Next: 3}, "2@20 1@30"},
			{"of a stream that has none", Query{Want: only(3)}, ""},
		} {
			if got := l.texts(t, tt.q); got != tt.want {
				t.Errorf("%s: got %s, want %s", tt.rule, got, tt.want)
			}
		}
		if s := l.Stat("g", 1); s != (Stat{First: 5, Last: 30, Ingested: 1030, Mark: 30}) {
			t.Errorf("got %+v", s)
		}
	}
	check(l)
	check(open(t, dir, Config{})) // as after a kill: nothing was closed
}

// What is read page by page is what a sort of everything says, over segments and restarts.
func TestPagesAreThePartsOfTheWhole(t *testing.T) {
	dir, r := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	c := Config{Segment: 200 << 10}
	l := open(t, dir, c)
	var all []Event
	pad := strings.Repeat("x", 200)
	for n := range 300 {
		batch := make([]Event, 20)
		for i := range batch {
			batch[i] = Event{Stream: uint64(r.IntN(30)), At: int64(n*10 + r.IntN(400)), Ingested: int64(n + 1), Message: pad}
		}
		if err := l.Append("g", batch); err != nil {
			t.Fatal(err)
		}
		all = append(all, batch...)
	}
	l = open(t, dir, c)
	if n := len(l.groups["g"].segs); n < 3 {
		t.Fatalf("only %d segments", n)
	}
	slices.SortFunc(all, func(a, b Event) int { return a.Cursor().compare(b.Cursor()) })
	want := func(s uint64) bool { return s%3 == 0 }
	all = slices.DeleteFunc(all, func(e Event) bool { return !want(e.Stream) })
	var there, back []Event
	for at := Start; ; {
		page, err := l.Read(Query{Group: "g", Want: want, From: at, To: End, Limit: 77})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		there, at = append(there, page...), page[len(page)-1].Cursor()
	}
	for at := End; ; {
		page, err := l.Read(Query{Group: "g", Want: want, From: Start, To: at, Limit: 77, Backward: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		back, at = append(slices.Clone(page), back...), page[0].Before()
	}
	if !slices.Equal(there, all) || !slices.Equal(back, all) {
		t.Errorf("%d forwards and %d backwards of %d", len(there), len(back), len(all))
	}
}

func TestATornTailIsCut(t *testing.T) {
	for rule, damage := range map[string]func([]byte) []byte{
		"half a record":         func(b []byte) []byte { return b[:len(b)-3] },
		"a flipped bit":         func(b []byte) []byte { b[len(b)-2] ^= 1; return b },
		"zeros after a crash":   func(b []byte) []byte { return append(b[:len(b)-1], make([]byte, 500)...) },
		"a length out of range": func(b []byte) []byte { return append(b, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5) },
	} {
		dir := t.TempDir()
		l := open(t, dir, Config{})
		l.put(t, 1, 1, 2)
		l.put(t, 1, 3)
		name := l.groups["g"].segs[0].path
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, damage(raw), 0o600); err != nil {
			t.Fatal(err)
		}
		l = open(t, dir, Config{})
		want := "1@1 1@2"
		if rule == "a length out of range" {
			want += " 1@3"
		}
		if got := l.texts(t, Query{}); got != want {
			t.Errorf("%s: got %s", rule, got)
		}
		l.put(t, 1, 9)
		if got := open(t, dir, Config{}).texts(t, Query{}); got != want+" 1@9" {
			t.Errorf("%s, then appended to: got %s", rule, got)
		}
	}
}

func TestTheOldestGoesFirst(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Config{Limit: 1 << 20, Segment: 128 << 10, Log: slog.New(slog.DiscardHandler)})
	text := strings.Repeat("y", 1000)
	for i := range 3000 {
		if err := l.Append([]string{"a", "b"}[i%2], []Event{{Stream: 1, At: int64(i), Ingested: int64(i + 1), Message: text}}); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.Size("a") + l.Size("b"); n > 1<<20+blockSize || n < 1<<19 {
		t.Errorf("%d bytes are left of a limit of %d", n, 1<<20)
	}
	last, err := l.Read(Query{Group: "b", From: Start, To: End, Limit: 1, Backward: true})
	if err != nil || len(last) != 1 || last[0].At != 2999 {
		t.Errorf("got %v %v", last, err)
	}
	if s := open(t, dir, Config{}).Stat("a", 1); s.First != 0 || s.Last != 2998 {
		t.Errorf("what is known of a stream went with its segments: %+v", s)
	}
}

func TestRetentionDropsWhatIsOlder(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	now := time.UnixMilli(1_000_000_000_000)
	l.put(t, 1, now.Add(-25*time.Hour).UnixMilli())
	rows := func(ids ...string) func() (map[string]Kept, error) {
		return func() (map[string]Kept, error) {
			m := map[string]Kept{}
			for _, id := range ids {
				m[id] = Kept{Retention: 24 * time.Hour, Stream: func(uint64) bool { return true }}
			}
			return m, nil
		}
	}
	if err := l.Keep(rows("g")); err != nil {
		t.Fatal(err)
	}
	l.Expire(now.Add(-2 * time.Hour))
	if l.texts(t, Query{}) == "" {
		t.Error("dropped too early")
	}
	l.Expire(now)
	if got := l.texts(t, Query{}); got != "" {
		t.Errorf("kept too long: %s", got)
	}
	l.put(t, 1, now.UnixMilli())
	if err := l.Keep(rows()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(l.dir, "g")); !os.IsNotExist(err) {
		t.Errorf("the events of a deleted group are still there: %v", err)
	}
}

func TestAppendsWakeWhoWatches(t *testing.T) {
	l := open(t, t.TempDir(), Config{})
	w := l.Watch("g")
	defer l.Unwatch(w)
	if err := l.Append("other", []Event{{At: 1}}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.C:
		t.Error("another group's")
	default:
	}
	l.put(t, 1, 1)
	<-w.C
}

func TestWhatWasAppendedIsOnTheDiskWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, t.TempDir(), Config{})
		ctx, end := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.Run(ctx) }()
		l.put(t, 1, 1)
		time.Sleep(syncTime)
		l.mu.Lock()
		if l.groups["g"].dirty {
			t.Error("it is not")
		}
		l.mu.Unlock()
		end()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// FuzzSegment opens any bytes as a segment: what is read is whole, and what follows it can be read too.
func FuzzSegment(f *testing.F) {
	f.Add(appendStats(nil, map[uint64]Stat{1: {1, 2, 3, 4}}))
	f.Add(appendEvent(appendStats(nil, nil), &Event{Stream: 1, At: -5, Ingested: 9, Message: "text"}))
	f.Add([]byte{1, 0, 0, 0, 9, 9, 9, 9, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		if err := os.Mkdir(filepath.Join(dir, "g"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "g", fmt.Sprintf("%020d.log", 0)), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		again := func() *Log {
			l, err := Open(dir, Config{Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.groups["g"].close() }) // without the disk: there are many
			return l
		}
		l := again()
		before := l.texts(t, Query{})
		l.put(t, 7, 1<<40)
		if got := again().texts(t, Query{From: Cursor{1<<40 - 1, 0}, To: Cursor{1 << 40, 1 << 62}}); !strings.HasSuffix(got, "7@1099511627776") {
			t.Errorf("what was appended after %q is %q", before, got)
		}
	})
}

func TestAWatchOfAllGroupsTellsWhichChanged(t *testing.T) {
	l, err := Open(t.TempDir(), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all, one := l.Watch(""), l.Watch("a")
	for _, group := range []string{"b", "a", "a"} {
		if err := l.Append(group, []Event{{Stream: 1, Message: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	<-all.C
	<-one.C
	if got := slices.Sorted(slices.Values(all.Take())); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %v", got)
	}
	if got := all.Take(); len(got) != 0 {
		t.Errorf("then %v", got)
	}
}
