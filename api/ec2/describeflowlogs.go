package ec2

import (
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeFlowLogsInput asks what flow logs there are.
type DescribeFlowLogsInput struct {
	DryRun     *bool
	Filter     []Filter
	FlowLogIds []string `wire:"FlowLogId"`
	MaxResults *int32
	NextToken  *string
}

// DescribeFlowLogsOutput is one page of them.
type DescribeFlowLogsOutput struct {
	FlowLogs  []FlowLog `wire:"flowLogSet"`
	NextToken *string
}

// FlowLog is a flow log as EC2 tells of it.
type FlowLog struct {
	CreationTime             time.Time
	DeliverLogsErrorMessage  *string
	DeliverLogsPermissionArn *string
	DeliverLogsStatus        string
	FlowLogId                string
	FlowLogStatus            string
	LogGroupName             *string
	ResourceId               string
	TrafficType              string
	LogDestinationType       string
	LogDestination           *string
	LogFormat                string
	Tags                     []Tag `wire:"tagSet"`
	MaxAggregationInterval   int
	DestinationOptions       *FileOptions
}

// FileOptions are how the files of a flow log are laid out.
type FileOptions struct {
	FileFormat               string
	HiveCompatiblePartitions bool
	PerHourPartition         bool
}

// describeFlowLogs tells of flow logs.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html
func describeFlowLogs(tx *store.Tx, in *DescribeFlowLogsInput) (*DescribeFlowLogsOutput, error) {
	all := slices.Collect(store.FlowLogs.All(tx))
	if len(in.FlowLogIds) > 0 {
		found, err := flowLogs(tx, in.FlowLogIds)
		if err != nil {
			return nil, err
		}
		all = found
		slices.SortFunc(all, func(a, b model.FlowLog) int { return strings.Compare(a.ID, b.ID) })
	}
	all, err := filtered(all, flowLogProperties, in.Filter)
	if err != nil {
		return nil, err
	}
	all, next, err := page(all, model.FlowLog.Key, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	out := &DescribeFlowLogsOutput{FlowLogs: []FlowLog{}, NextToken: next}
	for _, l := range all {
		out.FlowLogs = append(out.FlowLogs, renderFlowLog(l))
	}
	return out, err
}

func renderFlowLog(l model.FlowLog) FlowLog {
	r := FlowLog{CreationTime: l.Created, DeliverLogsStatus: deliveryStatus(l), FlowLogId: l.ID, FlowLogStatus: "ACTIVE", ResourceId: l.Resource,
		TrafficType: l.Traffic, LogDestinationType: l.DestinationType(), LogFormat: l.Format, Tags: renderTags(l.Tags),
		MaxAggregationInterval: int(l.Interval / time.Second)}
	for _, t := range []struct {
		to    **string
		value string
	}{{&r.DeliverLogsErrorMessage, l.Error}, {&r.DeliverLogsPermissionArn, l.Role}, {&r.LogGroupName, l.Group}, {&r.LogDestination, l.Destination}} {
		if t.value != "" {
			*t.to = ptr(t.value)
		}
	}
	if l.Directory != "" {
		r.DestinationOptions = &FileOptions{"plain-text", l.Hive, l.Hourly}
	}
	return r
}

// deliveryStatus is how the newest delivery went.
func deliveryStatus(l model.FlowLog) string {
	if l.Error != "" {
		return "FAILED"
	}
	return "SUCCESS"
}

var flowLogProperties = properties[model.FlowLog]{
	by: map[string]func(model.FlowLog) []string{
		"deliver-log-status":   one(deliveryStatus),
		"flow-log-id":          one(model.FlowLog.Key),
		"log-destination-type": one(model.FlowLog.DestinationType),
		"log-group-name":       one(func(l model.FlowLog) string { return l.Group }),
		"resource-id":          one(func(l model.FlowLog) string { return l.Resource }),
		"traffic-type":         one(func(l model.FlowLog) string { return l.Traffic }),
	},
	tags: func(l model.FlowLog) model.Tags { return l.Tags },
}
