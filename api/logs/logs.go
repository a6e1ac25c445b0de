// Package logs answers the CloudWatch Logs API: groups, streams and tags are rows, events are kept by
// internal/logs. A parameter that CloudWatch Logs knows and that has no effect here is refused by name.
package logs

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	disk "github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Options are how destinations are reached.
type Options struct {
	Directory func(path string) error                                            // what keeps a directory from being written to; nil if nobody looks
	Try       func(sc model.Scope, to model.LogDestination, now time.Time) error // sends a destination of sc a message; nil for no message
}

// handlers are those operations that need events or destinations.
type handlers struct {
	Options
	store *store.Store
	log   *disk.Log
	tails *tails
}

// Service returns the CloudWatch Logs API over s and the events in l.
func Service(s *store.Store, l *disk.Log, o Options) wire.Service {
	ops := map[string]wire.Op{}
	for name, o := range operations(handlers{o, s, l, new(tails)}) {
		ops[name] = o.bind(s)
	}
	return wire.Service{Name: "logs", Protocol: wire.JSON11, Target: "Logs_20140328", Version: "2014-03-28", Ops: ops, Known: known}
}

// op is an operation and the members of its input that act, as Go names them.
type op struct {
	acts string
	do   handler.Bind
}

func operations(h handlers) map[string]op {
	return map[string]op{
		"CreateLogGroup":        {"LogGroupName LogGroupClass Tags", handler.Write(createLogGroup)},
		"DeleteLogGroup":        {"LogGroupName", handler.Write(deleteLogGroup)},
		"DescribeLogGroups":     {"Limit LogGroupClass LogGroupIdentifiers LogGroupNamePattern LogGroupNamePrefix NextToken", handler.Read(h.describeLogGroups)},
		"PutRetentionPolicy":    {"LogGroupName RetentionInDays", handler.Write(putRetentionPolicy)},
		"DeleteRetentionPolicy": {"LogGroupName", handler.Write(deleteRetentionPolicy)},

		"CreateLogStream":    {"LogGroupName LogStreamName", handler.Write(createLogStream)},
		"DeleteLogStream":    {"LogGroupName LogStreamName", handler.Write(deleteLogStream)},
		"DescribeLogStreams": {"Descending Limit LogGroupIdentifier LogGroupName LogStreamNamePrefix NextToken OrderBy", handler.Read(h.describeLogStreams)},

		"PutLogEvents": {"LogEvents LogGroupName LogStreamName SequenceToken", handler.Read(h.putLogEvents)},
		"GetLogEvents": {"EndTime Limit LogGroupIdentifier LogGroupName LogStreamName NextToken StartFromHead StartTime", handler.Read(h.getLogEvents)},
		"FilterLogEvents": {`EndTime FilterPattern Interleaved Limit LogGroupIdentifier LogGroupName LogStreamNamePrefix LogStreamNames
			NextToken StartFromHead StartTime`, handler.Read(h.filterLogEvents)},
		"StartLiveTail": {"LogEventFilterPattern LogGroupIdentifiers LogStreamNamePrefixes LogStreamNames", handler.Read(h.startLiveTail)},

		"PutMetricFilter":       {"FilterName FilterPattern LogGroupName MetricTransformations", handler.Write(h.putMetricFilter)},
		"DescribeMetricFilters": {"FilterNamePrefix Limit LogGroupName MetricName MetricNamespace NextToken", handler.Read(describeMetricFilters)},
		"DeleteMetricFilter":    {"FilterName LogGroupName", handler.Write(deleteMetricFilter)},
		"TestMetricFilter":      {"FilterPattern LogEventMessages", handler.Read(testMetricFilter)},

		"PutSubscriptionFilter":       {"DestinationArn Distribution FilterName FilterPattern LogGroupName RoleArn", reaching(h.trySubscription, h.putSubscriptionFilter)},
		"DescribeSubscriptionFilters": {"FilterNamePrefix Limit LogGroupName NextToken", handler.Read(describeSubscriptionFilters)},
		"DeleteSubscriptionFilter":    {"FilterName LogGroupName", handler.Write(deleteSubscriptionFilter)},
		"PutDestination":              {"DestinationName RoleArn Tags TargetArn", reaching(h.tryDestination, putDestination)},
		"PutDestinationPolicy":        {"AccessPolicy DestinationName", handler.Write(putDestinationPolicy)},
		"DescribeDestinations":        {"DestinationNamePrefix Limit NextToken", handler.Read(describeDestinations)},
		"DeleteDestination":           {"DestinationName", handler.Write(deleteDestination)},

		"TagResource":         {"ResourceArn Tags", handler.Write(tagResource)},
		"UntagResource":       {"ResourceArn TagKeys", handler.Write(untagResource)},
		"ListTagsForResource": {"ResourceArn", handler.Read(listTagsForResource)},
		"TagLogGroup":         {"LogGroupName Tags", handler.Write(tagLogGroup)},
		"UntagLogGroup":       {"LogGroupName Tags", handler.Write(untagLogGroup)},
		"ListTagsLogGroup":    {"LogGroupName", handler.Read(listTagsLogGroup)},
	}
}

// bind makes the operation over s; it refuses what does not act before anything else.
func (o op) bind(s *store.Store) wire.Op {
	inner := o.do(s)
	acts := strings.Fields(o.acts)
	var not []string
	for f := range reflect.TypeOf(inner.In()).Elem().Fields() {
		if f.IsExported() && !contains(acts, f.Name) {
			not = append(not, f.Name)
		}
	}
	return wire.Op{In: inner.In, Do: func(ctx context.Context, c wire.Call, in any) (any, error) {
		if set := wire.Set(in, not...); len(set) > 0 {
			for i := range set {
				set[i] = wireName(set[i])
			}
			return nil, invalid("Drydock does not support the parameter %s.", strings.Join(set, ", "))
		}
		return inner.Do(ctx, c, in)
	}}
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func wireName(field string) string { return strings.ToLower(field[:1]) + field[1:] }

// known are the operations that are refused as not supported.
var known = strings.Fields(`AssociateKmsKey AssociateSourceToS3TableIntegration CancelExportTask CancelImportTask CreateDelivery
	CreateExportTask CreateImportTask CreateLogAnomalyDetector CreateLookupTable CreateScheduledQuery DeleteAccountPolicy
	DeleteDataProtectionPolicy DeleteDelivery DeleteDeliveryDestination DeleteDeliveryDestinationPolicy DeleteDeliverySource
	DeleteIndexPolicy DeleteIntegration DeleteLogAnomalyDetector DeleteLookupTable
	DeleteQueryDefinition DeleteResourcePolicy DeleteScheduledQuery DeleteSyslogConfiguration
	DeleteTransformer DescribeAccountPolicies DescribeConfigurationTemplates DescribeDeliveries DescribeDeliveryDestinations
	DescribeDeliverySources DescribeExportTasks DescribeFieldIndexes DescribeImportTaskBatches
	DescribeImportTasks DescribeIndexPolicies DescribeLookupTables DescribeQueries DescribeQueryDefinitions
	DescribeResourcePolicies DisassociateKmsKey DisassociateSourceFromS3TableIntegration
	GetDataProtectionPolicy GetDelivery GetDeliveryDestination GetDeliveryDestinationPolicy GetDeliverySource GetIntegration
	GetLogAnomalyDetector GetLogFields GetLogGroupFields GetLogObject GetLogRecord GetLookupTable GetQueryResults GetScheduledQuery
	GetScheduledQueryHistory GetStorageTierPolicy GetTransformer ListAggregateLogGroupSummaries ListAnomalies ListIntegrations
	ListLogAnomalyDetectors ListLogGroups ListLogGroupsForQuery ListScheduledQueries ListSourcesForS3TableIntegration
	ListSyslogConfigurations PutAccountPolicy PutBearerTokenAuthentication PutDataProtectionPolicy PutDeliveryDestination
	PutDeliveryDestinationPolicy PutDeliverySource PutIndexPolicy PutIntegration
	PutLogGroupDeletionProtection PutQueryDefinition PutResourcePolicy PutStorageTierPolicy
	PutSyslogConfiguration PutTransformer StartQuery StopQuery TestTransformer UpdateAnomaly
	UpdateDeliveryConfiguration UpdateLogAnomalyDetector UpdateLookupTable UpdateScheduledQuery`)
