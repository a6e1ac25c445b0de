package logs

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/logs/measure"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// The limits of filters.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const (
	mostMetricFilters = 100 // of a group
	mostTested        = 50  // messages
)

// putMetricFilter makes a filter, or changes the one of that name, which stays as old as it is.
func (h handlers) putMetricFilter(tx *store.Tx, in *sdk.PutMetricFilterInput) (*sdk.PutMetricFilterOutput, error) {
	f, err := plannedMetricFilter(in)
	if err != nil {
		return nil, err
	}
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	f.Group, f.Created, f.From = g.Name, tx.Now(), h.log.Next(g.ID)
	if before, there := store.MetricFilters.Get(tx, f.Key()); there {
		f.Created, f.From = before.Created, before.From
	} else if store.FiltersOfGroup.Get(tx, g.Name) >= mostMetricFilters {
		return nil, limit("Resource limit exceeded.")
	}
	if err := checkRegexes(tx, g, f.Key(), f.Pattern); err != nil {
		return nil, err
	}
	store.MetricFilters.Put(tx, f)
	return &sdk.PutMetricFilterOutput{}, nil
}

// plannedMetricFilter is the filter that is asked for.
func plannedMetricFilter(in *sdk.PutMetricFilterInput) (f model.MetricFilter, err error) {
	if f.Name, err = checkName(in.FilterName, "filterName", streamForm); err != nil {
		return f, err
	}
	if in.FilterPattern == nil {
		return f, null("filterPattern")
	}
	if _, err := parsePattern("filterPattern", in.FilterPattern); err != nil {
		return f, err
	}
	f.Pattern = *in.FilterPattern
	const member = "metricTransformations"
	switch n := len(in.MetricTransformations); {
	case in.MetricTransformations == nil:
		return f, null(member)
	case n == 0:
		return f, constraint("[]", member, "have length greater than or equal to 1")
	case n > 1:
		return f, constraint(fmt.Sprint(n)+" transformations", member, "have length less than or equal to 1")
	}
	if err := transform(&f, in.MetricTransformations[0], member+".1.member."); err != nil {
		return f, err
	}
	if _, err := measure.Read(f); err != nil {
		return f, invalid("%s", err)
	}
	return f, nil
}

// metricForm is the form of the names of metrics and namespaces.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_MetricTransformation.html
var metricForm = regexp.MustCompile(`^[^:*$]*$`)

const (
	mostMetricName  = 255
	mostMetricValue = 100
)

// transform sets what f makes of an event.
func transform(f *model.MetricFilter, t types.MetricTransformation, at string) (err error) {
	if f.Metric, err = checkText(t.MetricName, at+"metricName", mostMetricName, metricForm); err != nil {
		return err
	}
	if f.Namespace, err = checkText(t.MetricNamespace, at+"metricNamespace", mostMetricName, metricForm); err != nil {
		return err
	}
	if strings.HasPrefix(f.Namespace, "AWS/") {
		return invalid("Invalid metric transformation: the namespace %s is reserved for the metrics of AWS services", f.Namespace)
	}
	if f.Value, err = checkText(t.MetricValue, at+"metricValue", mostMetricValue, nil); err != nil {
		return err
	}
	if f.Default = t.DefaultValue; f.Default != nil && (math.IsNaN(*f.Default) || math.Abs(*f.Default) > math.Ldexp(1, 360)) {
		return constraint(fmt.Sprint(*f.Default), at+"defaultValue", "have value between -2^360 and 2^360")
	}
	for name, value := range t.Dimensions {
		switch {
		case name == "" || utf8.RuneCountInString(name) > mostMetricName || strings.HasPrefix(name, ":"):
			return constraint(name, at+"dimensions", fmt.Sprintf("have keys of length between 1 and %d that do not begin with a colon", mostMetricName))
		case utf8.RuneCountInString(value) > mostMetricName:
			return constraint(value, at+"dimensions", fmt.Sprintf("have values of length less than or equal to %d", mostMetricName))
		}
	}
	f.Dimensions = t.Dimensions
	if t.Unit != "" && !slices.Contains(t.Unit.Values(), t.Unit) {
		return constraint(string(t.Unit), at+"unit", fmt.Sprintf("satisfy enum value set: [%s]", joined(t.Unit.Values())))
	}
	f.Unit = string(t.Unit)
	return nil
}

func joined[T ~string](values []T) string {
	var all []string
	for _, v := range values {
		all = append(all, string(v))
	}
	return strings.Join(all, ", ")
}

// filterKey is the key of a filter, of metrics or a subscription, of a group that exists.
func filterKey(tx *store.Tx, groupName, filterName *string) (string, error) {
	name, err := checkName(filterName, "filterName", streamForm)
	if err != nil {
		return "", err
	}
	g, err := group(tx, groupName)
	return model.LogStreamKey(g.Name, name), err
}

func deleteMetricFilter(tx *store.Tx, in *sdk.DeleteMetricFilterInput) (*sdk.DeleteMetricFilterOutput, error) {
	key, err := filterKey(tx, in.LogGroupName, in.FilterName)
	if err != nil {
		return nil, err
	}
	if _, there := store.MetricFilters.Get(tx, key); !there {
		return nil, noSuch("metric filter")
	}
	store.MetricFilters.Delete(tx, key)
	return &sdk.DeleteMetricFilterOutput{}, nil
}

// describeMetricFilters lists filters by their names, of one group or of all. Without a group the prefix
// says nothing, as on AWS.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeMetricFilters.html
func describeMetricFilters(tx *store.Tx, in *sdk.DescribeMetricFiltersInput) (*sdk.DescribeMetricFiltersOutput, error) {
	most, err := checkLimit(in.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	metric, namespace := aws.ToString(in.MetricName), aws.ToString(in.MetricNamespace)
	if (metric == "") != (namespace == "") {
		return nil, invalid("metricName and metricNamespace must be specified together.")
	}
	prefix := ""
	if in.LogGroupName != nil {
		g, err := group(tx, in.LogGroupName)
		if err != nil {
			return nil, err
		}
		prefix = model.LogStreamKey(g.Name, aws.ToString(in.FilterNamePrefix))
	}
	var all []model.MetricFilter
	for f := range store.MetricFilters.From(tx, prefix, "") {
		if metric == "" || f.Metric == metric && f.Namespace == namespace {
			all = append(all, f)
		}
	}
	all, next, err := page(all, most, in.NextToken, func(f model.MetricFilter) string { return f.Name + ":" + f.Group })
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeMetricFiltersOutput{MetricFilters: []types.MetricFilter{}, NextToken: next}
	for _, f := range all {
		out.MetricFilters = append(out.MetricFilters, renderMetricFilter(f))
	}
	return out, nil
}

func renderMetricFilter(f model.MetricFilter) types.MetricFilter {
	return types.MetricFilter{LogGroupName: &f.Group, FilterName: &f.Name, FilterPattern: &f.Pattern, CreationTime: aws.Int64(f.Created.UnixMilli()),
		MetricTransformations: []types.MetricTransformation{{MetricName: &f.Metric, MetricNamespace: &f.Namespace, MetricValue: &f.Value,
			DefaultValue: f.Default, Dimensions: f.Dimensions, Unit: types.StandardUnit(f.Unit)}}}
}

// testMetricFilter says which messages match, and what is extracted. They are counted from 1, as the
// recorded example of the command line has it.
//
// Source: https://docs.aws.amazon.com/cli/latest/reference/logs/test-metric-filter.html
func testMetricFilter(_ *store.Tx, in *sdk.TestMetricFilterInput) (*sdk.TestMetricFilterOutput, error) {
	if in.FilterPattern == nil {
		return nil, null("filterPattern")
	}
	p, err := parsePattern("filterPattern", in.FilterPattern)
	if err != nil {
		return nil, err
	}
	const member = "logEventMessages"
	switch n := len(in.LogEventMessages); {
	case in.LogEventMessages == nil:
		return nil, null(member)
	case n == 0:
		return nil, constraint("[]", member, "have length greater than or equal to 1")
	case n > mostTested:
		return nil, constraint(fmt.Sprint(n)+" messages", member, fmt.Sprintf("have length less than or equal to %d", mostTested))
	}
	out := &sdk.TestMetricFilterOutput{Matches: []types.MetricFilterMatchRecord{}}
	for i, m := range in.LogEventMessages {
		if m == "" {
			return nil, constraint("", fmt.Sprintf("%s.%d.member", member, i+1), "have length greater than or equal to 1")
		}
		if found, ok := p.Find(m); ok {
			out.Matches = append(out.Matches, types.MetricFilterMatchRecord{EventNumber: int64(i + 1), EventMessage: &m, ExtractedValues: found.Values()})
		}
	}
	return out, nil
}
