package gate

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// logsRules are those of CloudWatch Logs. What is done to a group is asked for all streams of it.
//
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
var logsRules = table(map[string]rule{
	"CreateLogGroup":      {on: logGroup, tagged: "logs:TagResource"},
	"TagResource":         {on: given("ResourceArn")},
	"UntagResource":       {on: given("ResourceArn")},
	"ListTagsForResource": {on: given("ResourceArn")},

	"PutSubscriptionFilter": {on: logGroup, also: toDestination, passes: toLogs},
	"PutDestination":        {on: arns("destination:", "DestinationName", ""), tagged: "logs:TagResource", passes: toLogs},
	"DescribeDestinations":  {on: func(a *asking) []string { return []string{a.sc.LogDestinationARN("*")} }},
},
	all(rule{on: arns("destination:", "DestinationName", "")}, "PutDestinationPolicy DeleteDestination"),
	all(rule{on: logGroup}, `DeleteLogGroup DescribeLogGroups PutRetentionPolicy DeleteRetentionPolicy DescribeLogStreams FilterLogEvents StartLiveTail
		TagLogGroup UntagLogGroup ListTagsLogGroup PutMetricFilter DescribeMetricFilters DeleteMetricFilter
		DescribeSubscriptionFilters DeleteSubscriptionFilter GetLogGroupFields ListLogGroups`),
	all(rule{on: logStream}, "CreateLogStream DeleteLogStream PutLogEvents GetLogEvents"),
	all(plain, "TestMetricFilter"),
)

// groupNames are the log groups of a call, which may be given by their ARNs.
func (a *asking) groupNames() []string {
	names := append(a.texts("LogGroupName"), a.texts("LogGroupIdentifier")...)
	names = append(names, a.texts("LogGroupIdentifiers")...)
	for i, n := range names {
		if p, ok := model.ParseARN(n); ok {
			names[i] = strings.TrimSuffix(strings.TrimPrefix(p.Resource, "log-group:"), ":*")
		}
	}
	if len(names) == 0 {
		return []string{""} // as AWS has it where no group is named
	}
	return names
}

func logGroup(a *asking) (all []string) {
	for _, n := range a.groupNames() {
		all = append(all, a.sc.ARN("logs", "log-group:"+n+":log-stream:"))
	}
	return all
}

func logStream(a *asking) (all []string) {
	for _, n := range a.groupNames() {
		all = append(all, a.sc.ARN("logs", "log-group:"+n+":log-stream:"+a.text("LogStreamName")))
	}
	return all
}

// toLogs is the role in which events leave a group, or are written to a destination.
func toLogs(a *asking) []passing {
	with := arns("destination:", "DestinationName", "")(a)
	for _, name := range a.texts("LogGroupName") {
		with = append(with, a.sc.LogGroupARN(name))
	}
	return a.pass(identity.ForLogs, with, a.texts("RoleArn"))
}

// toDestination is that the caller may subscribe to the destination: in another account its policy must
// say so too.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CreateSubscriptionFilter.html
func toDestination(a *asking) []need {
	arn := a.text("DestinationArn")
	if p, ok := model.ParseARN(arn); !ok || p.Service != "logs" {
		return nil // the operation itself says what is wrong
	}
	return []need{{action: "logs:PutSubscriptionFilter", resource: arn, keys: a.keys.With(a.resourceTags(arn))}}
}

// logDestination is the log destination with the ARN, in whatever account.
func (a *asking) logDestination(arn string) (d model.LogDestination, ok bool) {
	p, ok := model.ParseARN(arn)
	name, named := strings.CutPrefix(p.Resource, "destination:")
	if !ok || !named || p.Service != "logs" {
		return d, false
	}
	return store.LogDestinations.Get(a.tx.In(p.Scope()), name)
}

// logsTags are those of a log group, with whatever follows its name, or of a destination.
func logsTags(tx *store.Tx, resource string) model.Tags {
	kind, rest, _ := strings.Cut(resource, ":")
	if kind == "destination" {
		d, _ := store.LogDestinations.Get(tx, rest)
		return d.Tags
	}
	name, _, _ := strings.Cut(rest, ":")
	g, _ := store.LogGroups.Get(tx, name)
	return g.Tags
}
