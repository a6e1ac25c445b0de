package measure

import (
	"fmt"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

func TestWhatAnEventIsForAMetric(t *testing.T) {
	access := "[ip, id, user, time, request, status, bytes]"
	line := `127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET / HTTP/1.0" 404 1534`
	ip := map[string]string{"Status": "$status", "Address": "$1"}
	for _, tt := range []struct {
		rule    string
		filter  model.MetricFilter
		message string
		want    string
	}{
		{"a fixed value", model.MetricFilter{Pattern: "ERROR", Value: "2.5"}, "an ERROR", "{2.5 []} true true"},
		{"no match, no value", model.MetricFilter{Pattern: "ERROR", Value: "1"}, "fine", "{1 []} false false"},
		{"the value of a field", model.MetricFilter{Pattern: access, Value: "$bytes"}, line, "{1534 []} true true"},
		{"by its number", model.MetricFilter{Pattern: "[]", Value: "$6"}, line, "{404 []} true true"},
		{"the value at a path", model.MetricFilter{Pattern: `{ $.ms = * }`, Value: "$.ms"}, `{"ms":-1.5e2}`, "{-150 []} true true"},
		{"a number in quotes", model.MetricFilter{Pattern: `{ $.ms = * }`, Value: "$.ms"}, `{"ms":"7"}`, "{7 []} true true"},
		{"what is no number is no value", model.MetricFilter{Pattern: access, Value: "$user"}, line, "{0 []} false true"},
		{"nor is infinity", model.MetricFilter{Pattern: "[a]", Value: "$a"}, "Inf", "{0 []} false true"},
		{"nor what is not there", model.MetricFilter{Pattern: `{ $.ms = * }`, Value: "$.s"}, `{"ms":1}`, "{0 []} false true"},
		{"dimensions", model.MetricFilter{Pattern: access, Value: "1", Dimensions: ip}, line, "{1 [Address 127.0.0.1 Status 404]} true true"},
		{"a dimension that is not there", model.MetricFilter{Pattern: `{ $.ms = * }`, Value: "1", Dimensions: map[string]string{"A": "$.a"}}, `{"ms":1}`, "{1 []} false true"},
	} {
		f, err := Read(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", tt.rule, err)
			continue
		}
		v, is, matches := f.Of(tt.message)
		if got := fmt.Sprint(v, is, matches); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.rule, got, tt.want)
		}
	}
}

func TestFiltersThatCannotBe(t *testing.T) {
	zero := 0.0
	for _, tt := range []struct {
		rule   string
		filter model.MetricFilter
		want   string
	}{
		{"a pattern that is none", model.MetricFilter{Pattern: "{", Value: "1"}, "Invalid filter pattern: "},
		{"a value that is no number", model.MetricFilter{Value: "many"}, "the metric value many is neither a number"},
		{"nor one that is too great", model.MetricFilter{Value: "1e300"}, "the metric value 1e300"},
		{"a field that is not in the pattern", model.MetricFilter{Pattern: "[a, b]", Value: "$c"}, "the metric value $c is no field"},
		{"a path of terms", model.MetricFilter{Pattern: "ERROR", Value: "$.ms"}, "the metric value $.ms is no field"},
		{"dimensions of terms", model.MetricFilter{Pattern: "ERROR", Value: "1", Dimensions: map[string]string{"A": "$a"}}, "The specified filter pattern does not support dimensions"},
		{"dimensions and a default", model.MetricFilter{Pattern: "[a]", Value: "1", Default: &zero, Dimensions: map[string]string{"A": "$a"}},
			"Invalid metric transformation: dimensions and default value are mutually exclusive properties"},
		{"too many", model.MetricFilter{Pattern: "[]", Value: "1", Dimensions: map[string]string{"A": "$1", "B": "$2", "C": "$3", "D": "$4"}}, "there are 4 dimensions"},
		{"a fixed dimension", model.MetricFilter{Pattern: "[]", Value: "1", Dimensions: map[string]string{"A": "web"}}, "the value web of the dimension A"},
	} {
		if _, err := Read(tt.filter); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", tt.rule, err)
		}
	}
}

// FuzzMeasure applies any filter to any message: nothing panics, and what is a value has all dimensions.
func FuzzMeasure(f *testing.F) {
	f.Add("[a, ..., b]", "$a", "$b", "1 2 3")
	f.Add(`{ $.a[*].b > 1 }`, "$.a[0].b", `$["c"]`, `{"a":[{"b":2}],"c":"d"}`)
	f.Fuzz(func(t *testing.T, p, value, dimension, message string) {
		filter, err := Read(model.MetricFilter{Pattern: p, Value: value, Dimensions: map[string]string{"D": dimension}})
		if err != nil {
			return
		}
		if v, is, matches := filter.Of(message); is && (!matches || len(v.Dimensions) != 2 || v.Dimensions[1] == "") {
			t.Errorf("%v of %q", v, message)
		}
	})
}
