package logs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// metricFilter is a request for a filter of the group g.
func metricFilter(name, pattern string) *sdk.PutMetricFilterInput {
	return &sdk.PutMetricFilterInput{LogGroupName: new("g"), FilterName: &name, FilterPattern: &pattern, MetricTransformations: []types.MetricTransformation{
		{MetricName: new("Errors"), MetricNamespace: new("App"), MetricValue: new("1")}}}
}

func TestMetricFilters(t *testing.T) {
	w := start(t)
	w.seed()
	ctx := t.Context()
	in := metricFilter("ms", `[ip, ms]`)
	in.MetricTransformations[0] = types.MetricTransformation{MetricName: new("Latency"), MetricNamespace: new("App"), MetricValue: new("$ms"),
		Dimensions: map[string]string{"IP": "$ip"}, Unit: types.StandardUnitMilliseconds}
	must(w.PutMetricFilter(ctx, in))(w)
	in = metricFilter("errors", "ERROR")
	in.MetricTransformations[0].DefaultValue = new(0.0)
	must(w.PutMetricFilter(ctx, in))(w)
	list := func() (out []string) {
		for _, f := range must(w.DescribeMetricFilters(ctx, &sdk.DescribeMetricFiltersInput{LogGroupName: new("g")}))(w).MetricFilters {
			for _, m := range f.MetricTransformations {
				out = append(out, line(*f.LogGroupName, *f.FilterName, *f.FilterPattern, *f.CreationTime > 0, *m.MetricNamespace, *m.MetricName, *m.MetricValue, m.Dimensions, m.Unit, m.DefaultValue != nil))
			}
		}
		return out
	}
	w.equal(strings.Join(list(), "\n"), "g errors ERROR true App Errors 1 map[]  true\ng ms [ip, ms] true App Latency $ms map[IP:$ip] Milliseconds false")
	w.equal(*must(w.DescribeLogGroups(ctx, &sdk.DescribeLogGroupsInput{}))(w).LogGroups[0].MetricFilterCount, 2)

	must(w.PutMetricFilter(ctx, metricFilter("ms", "")))(w) // changes it
	w.equal(list()[1], "g ms  true App Errors 1 map[]  false")
	must(w.DeleteMetricFilter(ctx, &sdk.DeleteMetricFilterInput{LogGroupName: new("g"), FilterName: new("errors")}))(w)
	w.equal(len(list()), 1)
	_, err := w.DeleteMetricFilter(ctx, &sdk.DeleteMetricFilterInput{LogGroupName: new("g"), FilterName: new("errors")})
	w.fails(err, "ResourceNotFoundException", "The specified metric filter does not exist.")

	must(w.DeleteLogGroup(ctx, &sdk.DeleteLogGroupInput{LogGroupName: new("g")}))(w)
	w.seed()
	w.equal(len(list()), 0) // they went with the group
}

func TestMetricFiltersAreListedByName(t *testing.T) {
	w := start(t)
	ctx := t.Context()
	for _, g := range []string{"g", "h"} {
		must(w.CreateLogGroup(ctx, &sdk.CreateLogGroupInput{LogGroupName: &g}))(w)
		for _, n := range []string{"b", "a", "aa"} {
			in := metricFilter(n, "x")
			in.LogGroupName, in.MetricTransformations[0].MetricName = &g, new("M-"+n)
			must(w.PutMetricFilter(ctx, in))(w)
		}
	}
	list := func(in sdk.DescribeMetricFiltersInput) (out []string) {
		in.Limit = new(int32(2))
		for pages := sdk.NewDescribeMetricFiltersPaginator(w, &in); pages.HasMorePages(); {
			for _, f := range must(pages.NextPage(ctx))(w).MetricFilters {
				out = append(out, *f.LogGroupName+"/"+*f.FilterName)
			}
		}
		return out
	}
	w.equal(list(sdk.DescribeMetricFiltersInput{}), "[g/a h/a g/aa h/aa g/b h/b]")
	w.equal(list(sdk.DescribeMetricFiltersInput{LogGroupName: new("h")}), "[h/a h/aa h/b]")
	w.equal(list(sdk.DescribeMetricFiltersInput{LogGroupName: new("h"), FilterNamePrefix: new("a")}), "[h/a h/aa]")
	w.equal(list(sdk.DescribeMetricFiltersInput{MetricName: new("M-b"), MetricNamespace: new("App")}), "[g/b h/b]")
	w.equal(list(sdk.DescribeMetricFiltersInput{MetricName: new("M-b"), MetricNamespace: new("Other")}), "[]")
	_, err := w.DescribeMetricFilters(ctx, &sdk.DescribeMetricFiltersInput{MetricName: new("M-b")})
	w.fails(err, "InvalidParameterException", "metricName and metricNamespace")
	_, err = w.DescribeMetricFilters(ctx, &sdk.DescribeMetricFiltersInput{NextToken: new("!")})
	w.fails(err, "InvalidParameterException", "nextToken")
	_, err = w.DescribeMetricFilters(ctx, &sdk.DescribeMetricFiltersInput{Limit: new(int32(51))})
	w.fails(err, "InvalidParameterException", "'limit'")
	_, err = w.DescribeMetricFilters(ctx, &sdk.DescribeMetricFiltersInput{LogGroupName: new("none")})
	w.fails(err, "ResourceNotFoundException", "log group")
}

func TestMetricFiltersThatCannotBe(t *testing.T) {
	w := start(t)
	w.seed()
	one := func(change func(m *types.MetricTransformation)) func(in *sdk.PutMetricFilterInput) {
		return func(in *sdk.PutMetricFilterInput) { change(&in.MetricTransformations[0]) }
	}
	for _, tt := range []struct {
		rule   string
		change func(in *sdk.PutMetricFilterInput)
		code   string
		says   string
	}{
		{"no such group", func(in *sdk.PutMetricFilterInput) { in.LogGroupName = new("none") }, "ResourceNotFoundException", "The specified log group does not exist."},
		{"a name with a colon", func(in *sdk.PutMetricFilterInput) { in.FilterName = new("a:b") }, "", "'filterName'"},
		{"a long name", func(in *sdk.PutMetricFilterInput) { in.FilterName = new(strings.Repeat("x", 513)) }, "", "less than or equal to 512"},
		{"a pattern that is none", func(in *sdk.PutMetricFilterInput) { in.FilterPattern = new("{") }, "", "Invalid filter pattern: "},
		{"a long pattern", func(in *sdk.PutMetricFilterInput) { in.FilterPattern = new(strings.Repeat("x", 1025)) }, "", "'filterPattern'"},
		{"no transformation", func(in *sdk.PutMetricFilterInput) { in.MetricTransformations = []types.MetricTransformation{} }, "", "'metricTransformations'"},
		{"two", func(in *sdk.PutMetricFilterInput) {
			in.MetricTransformations = append(in.MetricTransformations, in.MetricTransformations[0])
		}, "", "less than or equal to 1"},
		{"a metric's name with a dollar", one(func(m *types.MetricTransformation) { m.MetricName = new("a$") }), "", "'metricTransformations.1.member.metricName'"},
		{"a long one", one(func(m *types.MetricTransformation) { m.MetricName = new(strings.Repeat("x", 256)) }), "", "less than or equal to 255"},
		{"none", one(func(m *types.MetricTransformation) { m.MetricName = new("") }), "", "metricName"},
		{"a namespace with a colon", one(func(m *types.MetricTransformation) { m.MetricNamespace = new("a:b") }), "", "metricNamespace"},
		{"AWS's own", one(func(m *types.MetricTransformation) { m.MetricNamespace = new("AWS/ECS") }), "", "reserved"},
		{"a long value", one(func(m *types.MetricTransformation) { m.MetricValue = new(strings.Repeat("1", 101)) }), "", "metricValue"},
		{"a value of another pattern", one(func(m *types.MetricTransformation) { m.MetricValue = new("$.ms") }), "", "Invalid metric transformation: the metric value $.ms"},
		{"dimensions of terms", one(func(m *types.MetricTransformation) { m.Dimensions = map[string]string{"A": "$a"} }), "", "The specified filter pattern does not support dimensions"},
		{"dimensions with a default", func(in *sdk.PutMetricFilterInput) {
			in.FilterPattern = new("[a]")
			in.MetricTransformations[0].Dimensions, in.MetricTransformations[0].DefaultValue = map[string]string{"A": "$a"}, new(0.0)
		}, "", "Invalid metric transformation: dimensions and default value are mutually exclusive properties"},
		{"four dimensions", func(in *sdk.PutMetricFilterInput) {
			in.FilterPattern = new("[]")
			in.MetricTransformations[0].Dimensions = map[string]string{"A": "$1", "B": "$2", "C": "$3", "D": "$4"}
		}, "", "4 dimensions"},
		{"a long dimension", one(func(m *types.MetricTransformation) { m.Dimensions = map[string]string{strings.Repeat("x", 256): "$1"} }), "", "dimensions"},
		{"an unknown unit", one(func(m *types.MetricTransformation) { m.Unit = "Furlongs" }), "", "Member must satisfy enum value set: [Seconds, "},
		{"transformed logs", func(in *sdk.PutMetricFilterInput) { in.ApplyOnTransformedLogs = true }, "", "the parameter applyOnTransformedLogs"},
		{"system fields", func(in *sdk.PutMetricFilterInput) { in.EmitSystemFieldDimensions = []string{"@aws.region"} }, "", "the parameter emitSystemFieldDimensions"},
		{"criteria", func(in *sdk.PutMetricFilterInput) { in.FieldSelectionCriteria = new(`@aws.region = "x"`) }, "", "the parameter fieldSelectionCriteria"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			in := metricFilter("f", "ERROR")
			tt.change(in)
			_, err := w.PutMetricFilter(t.Context(), in)
			w.fails(err, orInvalid(tt.code), tt.says)
		})
	}
	w.equal(len(must(w.DescribeMetricFilters(t.Context(), &sdk.DescribeMetricFiltersInput{}))(w).MetricFilters), 0)
}

func orInvalid(code string) string {
	if code == "" {
		return "InvalidParameterException"
	}
	return code
}

func TestTheLimitsOfFilters(t *testing.T) {
	w := start(t)
	w.seed()
	for i := range 5 {
		must(w.PutMetricFilter(t.Context(), metricFilter(fmt.Sprint("re", i), "%a.b%")))(w)
	}
	_, err := w.PutMetricFilter(t.Context(), metricFilter("re5", "%a.b%"), once)
	w.fails(err, "LimitExceededException", "5 regular expressions")
	must(w.PutMetricFilter(t.Context(), metricFilter("re4", "%c.d%")))(w) // one that is there may change
	if err := w.store.Update(scope, func(tx *store.Tx) error {
		for i := range 95 {
			store.MetricFilters.Put(tx, model.MetricFilter{Group: "g", Name: fmt.Sprint(i)})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err = w.PutMetricFilter(t.Context(), metricFilter("95", "x"), once)
	w.fails(err, "LimitExceededException", "Resource limit exceeded.")
	must(w.PutMetricFilter(t.Context(), metricFilter("94", "y")))(w)
}

func TestPatternsAreTried(t *testing.T) {
	w := start(t)
	try := func(pattern string, messages ...string) (out string) {
		t.Helper()
		for _, m := range must(w.TestMetricFilter(t.Context(), &sdk.TestMetricFilterInput{FilterPattern: &pattern, LogEventMessages: messages}))(w).Matches {
			out += line(m.EventNumber, *m.EventMessage, m.ExtractedValues) + ";"
		}
		return out
	}
	w.equal(try("ERROR", "[ERROR] 400 BAD REQUEST", "[ERROR] 401", "[INFO] 200 OK"), "1 [ERROR] 400 BAD REQUEST map[];2 [ERROR] 401 map[];")
	w.equal(try("[..., status=4*, size]", `ip "GET /" 200 1`, `ip "GET /" 404 2`), `2 ip "GET /" 404 2 map[$1:ip $2:GET / $size:2 $status:404];`)
	w.equal(try(`{ $.ms > 10 }`, `{"ms":11}`, "x"), `1 {"ms":11} map[$.ms:11];`)
	w.equal(try("ERROR", "fine"), "")
	for says, in := range map[string]*sdk.TestMetricFilterInput{
		"Invalid filter pattern":       {FilterPattern: new("["), LogEventMessages: []string{"x"}},
		"greater than or equal to 1":   {FilterPattern: new("x"), LogEventMessages: []string{}},
		"less than or equal to 50":     {FilterPattern: new("x"), LogEventMessages: make([]string, 51)},
		"'logEventMessages.2.member'":  {FilterPattern: new("x"), LogEventMessages: []string{"x", ""}},
		"at 'filterPattern' failed to": {FilterPattern: aws.String(strings.Repeat("x", 1025)), LogEventMessages: []string{"x"}},
	} {
		_, err := w.TestMetricFilter(t.Context(), in)
		w.fails(err, "InvalidParameterException", says)
	}
}
