// Package datapoints keeps the values of metrics, for whoever is to show them or to raise an alarm: of
// each metric and minute the sum, the least, the greatest and the number of the values. It decides
// nothing, and knows nothing of where values come from.
//
// Everything is in memory, and bounded: points are kept for 15 days, as CloudWatch keeps those of a
// minute, and the oldest go before that when there are too many. All methods are safe for concurrent use.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
package datapoints

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Config bounds a Book; the zero value is good.
type Config struct {
	Metrics int // 10,000 if 0
	Points  int // of all metrics; 500,000 if 0, which is about 40 MB
}

const retention = 15 * 24 * time.Hour

// Book holds the values of metrics.
type Book struct {
	c Config

	mu      sync.Mutex
	series  map[string]*series
	minutes map[int64]int // how many points there are of each minute
	points  int
	dropped int // values that were not taken, as there were too many metrics
	watches map[*Watch]struct{}
}

// series is one metric.
type series struct {
	metric Metric
	points []point // by minute
	total  Stats   // since the metric is there
}

// point is one minute, in minutes since 1970.
type point struct {
	minute int64
	Stats
}

// New returns an empty book.
func New(c Config) *Book {
	c.Metrics, c.Points = cmp.Or(c.Metrics, 10_000), cmp.Or(c.Points, 500_000)
	return &Book{c: c, series: map[string]*series{}, minutes: map[int64]int{}, watches: map[*Watch]struct{}{}}
}

// Add adds values to a minute of a metric.
func (b *Book) Add(m Metric, at time.Time, values Stats) {
	m = m.normal()
	b.mu.Lock()
	defer b.mu.Unlock()
	key := m.key()
	s := b.series[key]
	if s == nil {
		if len(b.series) >= b.c.Metrics {
			b.dropped++
			return
		}
		s = &series{metric: m}
		b.series[key] = s
	}
	s.total = s.total.With(values)
	b.put(s, at.Unix()/60, values)
	if b.points > b.c.Points {
		b.thin()
	}
	for w := range b.watches {
		w.tell(key, m)
	}
}

// put adds values to a point, which is mostly the last one.
func (b *Book) put(s *series, minute int64, values Stats) {
	i, found := slices.BinarySearchFunc(s.points, minute, func(p point, m int64) int { return cmp.Compare(p.minute, m) })
	if !found {
		s.points = slices.Insert(s.points, i, point{minute: minute})
		b.minutes[minute]++
		b.points++
	}
	s.points[i].Stats = s.points[i].With(values)
}

// thin lets the oldest minutes go, a tenth of what there may be.
func (b *Book) thin() {
	left := b.points
	for _, minute := range slices.Sorted(maps.Keys(b.minutes)) {
		if left <= b.c.Points-b.c.Points/10 {
			b.cut(minute)
			return
		}
		left -= b.minutes[minute]
	}
}

// Expire lets go of what is older than it is to be kept, and of metrics without values.
func (b *Book) Expire(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut(now.Add(-retention).Unix() / 60)
}

// cut removes the points before a minute.
func (b *Book) cut(before int64) {
	for key, s := range b.series {
		i, _ := slices.BinarySearchFunc(s.points, before, func(p point, m int64) int { return cmp.Compare(p.minute, m) })
		b.points -= i
		if s.points = slices.Delete(s.points, 0, i); len(s.points) == 0 {
			delete(b.series, key)
		}
	}
	maps.DeleteFunc(b.minutes, func(minute int64, _ int) bool { return minute < before })
}

// Read returns the points of a metric from one moment until before another, in order.
func (b *Book) Read(m Metric, from, to time.Time) (all []Point) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.series[m.normal().key()]
	if s == nil {
		return nil
	}
	for _, p := range s.points {
		if at := time.Unix(p.minute*60, 0).UTC(); !at.Before(from) && at.Before(to) {
			all = append(all, Point{at, p.Stats})
		}
	}
	return all
}

// Total is a metric with all its values since it is there.
type Total struct {
	Metric
	Stats
}

// Totals returns all metrics of a scope, or of all scopes for the zero value, in order.
func (b *Book) Totals(sc model.Scope) (all []Total) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(b.series)) {
		if s := b.series[key]; sc == (model.Scope{}) || s.metric.Scope == sc {
			all = append(all, Total{s.metric, s.total})
		}
	}
	return all
}

// Dropped is how many values were not taken, as there were too many metrics.
func (b *Book) Dropped() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.dropped
}

// Clear forgets everything.
func (b *Book) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.series)
	clear(b.minutes)
	b.points, b.dropped = 0, 0
}
