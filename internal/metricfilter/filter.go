package metricfilter

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/logs/measure"
	"github.com/drydock-ecs/drydock/internal/model"
)

// filter is one metric filter.
type filter struct {
	row     model.MetricFilter
	rule    *measure.Filter
	metric  datapoints.Metric
	minutes map[int64]state // of a filter with a default value
	open    int             // how many of them are unmatched
	pairs   map[string]bool // the values of its dimensions in this hour
	hour    int64
}

// state is what came in a minute, of a filter with a default value.
type state int8

const (
	unmatched state = iota // events, of which none matched
	matched
	told // the default value was published
)

const (
	// mostPairs is how many different values of its dimensions a filter has in an hour.
	//
	// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html
	mostPairs = 1000
	// mostMinutes is how many minutes are remembered: events may be of any time.
	mostMinutes = 1500
)

func newFilter(sc model.Scope, row model.MetricFilter) (*filter, error) {
	rule, err := measure.Read(row)
	if err != nil {
		return nil, err
	}
	return &filter{row: row, rule: rule, metric: datapoints.Metric{Scope: sc, Namespace: row.Namespace, Name: row.Metric, Unit: row.Unit},
		minutes: map[int64]state{}, pairs: map[string]bool{}}, nil
}

func (f *filter) is(row model.MetricFilter) bool { return reflect.DeepEqual(f.row, row) }

// see publishes what an event is.
func (f *filter) see(p *Part, e *logs.Event) {
	v, is, matches := f.rule.Of(e.Message)
	if f.row.Default != nil {
		f.note(p.book, e.At/60_000, matches)
	}
	if !is {
		return
	}
	m := f.metric
	if len(v.Dimensions) > 0 && !f.admits(p, v.Dimensions) {
		return
	}
	for i := 0; i < len(v.Dimensions); i += 2 {
		m.Dimensions = append(m.Dimensions, datapoints.Dimension{Name: v.Dimensions[i], Value: v.Dimensions[i+1]})
	}
	p.book.Add(m, time.UnixMilli(e.At), datapoints.Of(v.Number))
}

// admits reports whether values of dimensions are not too many in this hour.
func (f *filter) admits(p *Part, dimensions []string) bool {
	if hour := time.Now().Unix() / 3600; hour != f.hour {
		f.hour = hour
		clear(f.pairs)
	}
	key := strings.Join(dimensions, "\x00")
	if f.pairs[key] {
		return true
	}
	switch n := len(f.pairs); {
	case n > mostPairs:
		return false
	case n == mostPairs:
		f.pairs[""] = true
		p.log.Warn("a metric filter has too many values of its dimensions in one hour: further ones are not published", "filter", f.row.Name, "group", f.row.Group, "most", mostPairs)
		return false
	}
	f.pairs[key] = true
	return true
}

// note takes in that there was an event in a minute.
func (f *filter) note(b *datapoints.Book, minute int64, matches bool) {
	was, there := f.minutes[minute]
	switch {
	case matches && was != told:
		if there && was == unmatched {
			f.open--
		}
		f.minutes[minute] = matched
	case !there:
		f.open++
		f.minutes[minute] = unmatched
	}
	if len(f.minutes) <= mostMinutes {
		return
	}
	for _, oldest := range slices.Sorted(maps.Keys(f.minutes))[:mostMinutes/2] {
		f.close(b, oldest)
		delete(f.minutes, oldest)
	}
}

// waits reports whether a default value may have to be published.
func (f *filter) waits() bool { return f.open > 0 }

// tell publishes the default value for each minute before now in which events came and none matched.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
func (f *filter) tell(b *datapoints.Book, now int64) {
	if !f.waits() {
		return
	}
	for minute := range f.minutes {
		if minute < now {
			f.close(b, minute)
		}
	}
}

func (f *filter) close(b *datapoints.Book, minute int64) {
	if f.minutes[minute] == unmatched {
		b.Add(f.metric, time.Unix(minute*60, 0), datapoints.Of(*f.row.Default))
		f.minutes[minute] = told
		f.open--
	}
}
