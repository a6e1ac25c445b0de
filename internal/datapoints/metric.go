package datapoints

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Metric names one metric, as CloudWatch does: another unit or other dimensions are another one.
type Metric struct {
	Scope           model.Scope
	Namespace, Name string
	Dimensions      []Dimension // in any order
	Unit            string      // empty is None
}

// Dimension is a part of a metric's name.
type Dimension struct{ Name, Value string }

// normal is m with its dimensions in order and its unit named.
func (m Metric) normal() Metric {
	m.Dimensions = slices.SortedFunc(slices.Values(m.Dimensions), func(a, b Dimension) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	m.Unit = cmp.Or(m.Unit, "None")
	return m
}

// key is m as one text. No part of a name holds a zero byte.
func (m Metric) key() string {
	parts := []string{m.Scope.String(), m.Namespace, m.Name, m.Unit}
	for _, d := range m.Dimensions {
		parts = append(parts, d.Name, d.Value)
	}
	return strings.Join(parts, "\x00")
}

// Stats are what is kept of values. The zero value is that of none.
type Stats struct{ Count, Sum, Min, Max float64 }

// Of is the statistics of one value.
func Of(value float64) Stats { return Stats{1, value, value, value} }

// With is s and o together.
func (s Stats) With(o Stats) Stats {
	switch {
	case s.Count == 0:
		return o
	case o.Count == 0:
		return s
	}
	return Stats{s.Count + o.Count, s.Sum + o.Sum, min(s.Min, o.Min), max(s.Max, o.Max)}
}

// Point is one minute of a metric.
type Point struct {
	Minute time.Time
	Stats
}
