package logs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/streams"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func createLogGroup(tx *store.Tx, in *sdk.CreateLogGroupInput) (*sdk.CreateLogGroupOutput, error) {
	name, err := checkGroupName(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(name, "aws/") {
		return nil, invalid("Log groups starting with aws/ are reserved.")
	}
	if c := in.LogGroupClass; c != "" && c != types.LogGroupClassStandard {
		return nil, invalid("Drydock does not support the logGroupClass %s.", c)
	}
	tags, err := merge(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	g, made := streams.Group(tx, name)
	if !made {
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("The specified log group already exists")}
	}
	g.Tags = tags
	store.LogGroups.Put(tx, g)
	return &sdk.CreateLogGroupOutput{}, nil
}

func deleteLogGroup(tx *store.Tx, in *sdk.DeleteLogGroupInput) (*sdk.DeleteLogGroupOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	streams.Delete(tx, g.Name)
	return &sdk.DeleteLogGroupOutput{}, nil
}

// retentions are the days for which events may be kept.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

func putRetentionPolicy(tx *store.Tx, in *sdk.PutRetentionPolicyInput) (*sdk.PutRetentionPolicyOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	days := int(aws.ToInt32(in.RetentionInDays))
	if !slices.Contains(retentions, days) {
		return nil, constraint(fmt.Sprint(days), "retentionInDays", "satisfy enum value set: ["+strings.Join(strings.Fields(strings.Trim(fmt.Sprint(retentions), "[]")), ", ")+"]")
	}
	g.Retention = days
	store.LogGroups.Put(tx, g)
	return &sdk.PutRetentionPolicyOutput{}, nil
}

func deleteRetentionPolicy(tx *store.Tx, in *sdk.DeleteRetentionPolicyInput) (*sdk.DeleteRetentionPolicyOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	g.Retention = 0
	store.LogGroups.Put(tx, g)
	return &sdk.DeleteRetentionPolicyOutput{}, nil
}

func (h handlers) describeLogGroups(tx *store.Tx, in *sdk.DescribeLogGroupsInput) (*sdk.DescribeLogGroupsOutput, error) {
	limit, err := checkLimit(in.Limit, 50, 50)
	if err != nil {
		return nil, err
	}
	prefix, part := aws.ToString(in.LogGroupNamePrefix), aws.ToString(in.LogGroupNamePattern)
	if prefix != "" && part != "" {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	after, err := untoken(in.NextToken)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, id := range in.LogGroupIdentifiers {
		if name, ok := identified(tx, id); ok {
			named[name] = true
		}
	}
	out := &sdk.DescribeLogGroupsOutput{LogGroups: []types.LogGroup{}}
	for g := range store.LogGroups.From(tx, prefix, after) {
		if !strings.Contains(g.Name, part) || len(in.LogGroupIdentifiers) > 0 && !named[g.Name] ||
			in.LogGroupClass != "" && in.LogGroupClass != types.LogGroupClassStandard {
			continue
		}
		if len(out.LogGroups) == limit {
			out.NextToken = token(*out.LogGroups[limit-1].LogGroupName)
			break
		}
		out.LogGroups = append(out.LogGroups, h.renderGroup(tx, g, part != ""))
	}
	return out, nil
}

// renderGroup shows a group; a listing by a part of the name shows little of it.
func (h handlers) renderGroup(tx *store.Tx, g model.LogGroup, little bool) types.LogGroup {
	arn := tx.Scope().LogGroupARN(g.Name)
	out := types.LogGroup{LogGroupName: &g.Name, Arn: aws.String(arn + ":*"), CreationTime: aws.Int64(g.Created.UnixMilli())}
	if little {
		return out
	}
	out.LogGroupArn, out.LogGroupClass = &arn, types.LogGroupClassStandard
	out.StoredBytes, out.MetricFilterCount = aws.Int64(h.log.Size(g.ID)), aws.Int32(int32(store.FiltersOfGroup.Get(tx, g.Name)))
	if g.Retention > 0 {
		out.RetentionInDays = aws.Int32(int32(g.Retention))
	}
	return out
}
