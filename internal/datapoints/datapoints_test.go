package datapoints

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

var (
	home = model.Scope{Account: "000000000000", Region: "us-east-1"}
	noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
)

func named(name string, dimensions ...string) Metric {
	m := Metric{Scope: home, Namespace: "App", Name: name}
	for _, d := range dimensions {
		k, v, _ := strings.Cut(d, "=")
		m.Dimensions = append(m.Dimensions, Dimension{k, v})
	}
	return m
}

// show prints the points of a metric around noon.
func show(b *Book, m Metric) string {
	var all []string
	for _, p := range b.Read(m, noon.Add(-time.Hour), noon.Add(time.Hour)) {
		all = append(all, fmt.Sprintf("%s %v", p.Minute.Format("15:04"), p.Stats))
	}
	return strings.Join(all, ", ")
}

func TestValuesOfAMinuteAreAddedUp(t *testing.T) {
	b := New(Config{})
	for i, v := range []float64{3, -1, 5} {
		b.Add(named("a"), noon.Add(time.Duration(i)*time.Second), Of(v))
	}
	b.Add(named("a"), noon.Add(2*time.Minute), Of(1))
	b.Add(named("a"), noon.Add(-time.Minute), Stats{2, 10, 4, 6}) // who comes late is put where it belongs
	b.Add(named("a"), noon.Add(-time.Minute), Stats{})
	if got, want := show(b, named("a")), "11:59 {2 10 4 6}, 12:00 {3 7 -1 5}, 12:02 {1 1 1 1}"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := b.Read(named("a"), noon, noon.Add(2*time.Minute)); len(got) != 1 {
		t.Errorf("the end is no part of a range: %v", got)
	}
}

func TestWhatMakesAnotherMetric(t *testing.T) {
	b := New(Config{})
	b.Add(named("a", "x=1", "y=2"), noon, Of(1))
	b.Add(named("a", "y=2", "x=1"), noon, Of(1))
	unit, elsewhere := named("a", "x=1", "y=2"), named("a", "x=1", "y=2")
	unit.Unit, elsewhere.Scope.Region = "Bytes", "eu-west-1"
	none := named("a", "x=1", "y=2")
	none.Unit = "None"
	for _, m := range []Metric{unit, elsewhere, none, named("a", "x=1"), named("a"), named("b")} {
		b.Add(m, noon, Of(1))
	}
	var got []string
	for _, tt := range b.Totals(home) {
		got = append(got, fmt.Sprint(tt.Name, tt.Dimensions, tt.Unit, tt.Count))
	}
	if want := "[a[{x 1} {y 2}]Bytes1 a[]None1 a[{x 1}]None1 a[{x 1} {y 2}]None3 b[]None1]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if got := len(b.Totals(model.Scope{})); got != 6 {
		t.Errorf("of all scopes: %d", got)
	}
}

// TestABookIsBounded adds at random, and looks at the bounds after each value.
func TestABookIsBounded(t *testing.T) {
	b := New(Config{Metrics: 20, Points: 100})
	for i := range 5000 {
		b.Add(named(fmt.Sprint(rand.IntN(30))), noon.Add(time.Duration(i/10+rand.IntN(20))*time.Minute), Of(1))
		sum, kept := 0, 0
		for _, s := range b.series {
			sum += len(s.points)
		}
		for _, n := range b.minutes {
			kept += n
		}
		if sum > 100 || sum != b.points || kept != sum || len(b.series) > 20 {
			t.Fatalf("after %d values: %d points, %d counted, %d by minute, %d metrics", i, sum, b.points, kept, len(b.series))
		}
	}
	if b.Dropped() == 0 {
		t.Error("nothing was told to be dropped")
	}
	b.Expire(noon.Add(30 * 24 * time.Hour))
	if b.points != 0 || len(b.series) != 0 || len(b.minutes) != 0 {
		t.Errorf("%d points are left", b.points)
	}
}

func TestAWatchTellsEachMetricOnce(t *testing.T) {
	b := New(Config{})
	w := b.Watch()
	for range 3 {
		b.Add(named("a"), noon, Of(1))
		b.Add(named("b"), noon, Of(1))
	}
	<-w.C
	if got := w.Take(); len(got) != 2 || got[0].Name != "a" || len(w.Take()) != 0 {
		t.Errorf("got %v", got)
	}
	b.Unwatch(w)
	b.Add(named("a"), noon, Of(1))
	if len(w.Take()) != 0 {
		t.Error("it goes on")
	}
	b.Clear()
	if got := b.Totals(home); got != nil {
		t.Errorf("got %v", got)
	}
}
