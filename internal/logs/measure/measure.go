// Package measure is what metric filters make of log events: whether one matches, and which value of
// which metric it is then. It is pure.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
package measure

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/logs/pattern"
	"github.com/drydock-ecs/drydock/internal/model"
)

// Filter is a metric filter that was read.
type Filter struct {
	pattern    *pattern.Pattern
	value      float64
	from       *pattern.Reference // where the value is read; nil for a fixed one
	dimensions []dimension
}

type dimension struct {
	name string
	from pattern.Reference
}

// mostDimensions is how many a metric filter gives.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html
const mostDimensions = 3

// Read reads a metric filter. Where CloudWatch Logs has words for what is wrong, they are the error's.
func Read(f model.MetricFilter) (*Filter, error) {
	p, err := pattern.Parse(f.Pattern)
	if err != nil {
		return nil, failure("Invalid filter pattern: " + err.Error())
	}
	out := &Filter{pattern: p}
	if err := out.readValue(f.Value); err != nil {
		return nil, err
	}
	switch {
	case len(f.Dimensions) == 0:
		return out, nil
	case f.Default != nil:
		return nil, wrong("dimensions and default value are mutually exclusive properties")
	case len(f.Dimensions) > mostDimensions:
		return nil, wrong("there are %d dimensions, and can be %d at most", len(f.Dimensions), mostDimensions)
	case !p.Extracts():
		return nil, failure("The specified filter pattern does not support dimensions")
	}
	for _, name := range slices.Sorted(maps.Keys(f.Dimensions)) {
		r, ok := p.Refer(f.Dimensions[name])
		if !ok {
			return nil, wrong("the value %s of the dimension %s is no field of the filter pattern, such as $name or $.path", f.Dimensions[name], name)
		}
		out.dimensions = append(out.dimensions, dimension{name, r})
	}
	return out, nil
}

// readValue reads what a match counts for: a number, or where it stands in the event.
func (f *Filter) readValue(text string) (err error) {
	if strings.HasPrefix(text, "$") {
		r, ok := f.pattern.Refer(text)
		if !ok {
			return wrong("the metric value %s is no field of the filter pattern, such as $name or $.path", text)
		}
		f.from = &r
		return nil
	}
	value, ok := number(text)
	if !ok {
		return wrong("the metric value %s is neither a number nor a field of the filter pattern, such as $name or $.path", text)
	}
	f.value = value
	return nil
}

// number reads a value that CloudWatch takes: no infinity, and nothing beyond 2 to the 360th.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
func number(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil && !strings.ContainsAny(text, "xXpPnN_") && math.Abs(v) <= math.Ldexp(1, 360)
}

// failure is an error in AWS's words.
type failure string

func (f failure) Error() string { return string(f) }

func wrong(format string, args ...any) error {
	return failure("Invalid metric transformation: " + fmt.Sprintf(format, args...))
}

// Regexes is how many regular expressions the pattern has.
func (f *Filter) Regexes() int { return f.pattern.Regexes() }

// Value is what one event is for a metric.
type Value struct {
	Number     float64
	Dimensions []string // name and value in turn, by name
}

// Of returns what an event with a message is, if it matches and is anything: a value that is no number
// is none, nor is one of which a dimension is not in the message.
func (f *Filter) Of(message string) (v Value, is, matches bool) {
	if f.from == nil && len(f.dimensions) == 0 {
		is = f.pattern.Match(message)
		return Value{Number: f.value}, is, is
	}
	found, matches := f.pattern.Find(message)
	if !matches {
		return v, false, false
	}
	v.Number = f.value
	if f.from != nil {
		text, _ := found.Value(*f.from)
		if v.Number, is = number(text); !is {
			return Value{}, false, true
		}
	}
	for _, d := range f.dimensions {
		text, _ := found.Value(d.from)
		if text = dimensionValue(text); text == "" {
			return v, false, true
		}
		v.Dimensions = append(v.Dimensions, d.name, text)
	}
	return v, true, true
}

// dimensionValue is a text as CloudWatch has it for a dimension: of at most 1024 characters.
func dimensionValue(text string) string {
	text = strings.Trim(strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\x00", ""), " \t\r\n")
	if r := []rune(text); len(r) > 1024 {
		return string(r[:1024])
	}
	return text
}
