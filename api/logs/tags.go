package logs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// mostTags is how many tags a group may have.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html
const mostTags = 50

// merge returns tags with those of more, sorted by key.
func merge(tags model.Tags, more map[string]string) (model.Tags, error) {
	all := asMap(tags)
	for k, v := range more {
		switch {
		case k == "" || utf8.RuneCountInString(k) > 128:
			return nil, constraint(k, "tags", "have keys of length between 1 and 128")
		case utf8.RuneCountInString(v) > 256:
			return nil, constraint(v, "tags", "have values of length less than or equal to 256")
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return nil, invalid("Tag keys that start with aws: are reserved: %s", k)
		}
		all[k] = v
	}
	if len(all) > mostTags {
		return nil, &types.TooManyTagsException{Message: aws.String(fmt.Sprintf("A log group can have %d tags at most.", mostTags))}
	}
	return asTags(all), nil
}

func asMap(tags model.Tags) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}

func asTags(m map[string]string) (tags model.Tags) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		tags = append(tags, model.Tag{Key: k, Value: m[k]})
	}
	return tags
}

// tagged returns the group that the ARN of a resource names.
func tagged(tx *store.Tx, arn *string) (g model.LogGroup, err error) {
	if a, ok := model.ParseARN(aws.ToString(arn)); !ok || a.Service != "logs" || !strings.HasPrefix(a.Resource, "log-group:") {
		return g, invalid("The resource ARN %s is not the ARN of a log group.", aws.ToString(arn))
	}
	name, ok := identified(tx, *arn)
	if !ok {
		return g, noGroup()
	}
	return group(tx, &name)
}

func tagResource(tx *store.Tx, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
	g, err := tagged(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &sdk.TagResourceOutput{}, tag(tx, g, in.Tags)
}

func tagLogGroup(tx *store.Tx, in *sdk.TagLogGroupInput) (*sdk.TagLogGroupOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	return &sdk.TagLogGroupOutput{}, tag(tx, g, in.Tags)
}

func tag(tx *store.Tx, g model.LogGroup, tags map[string]string) (err error) {
	if len(tags) == 0 {
		return constraint("{}", "tags", "have length greater than or equal to 1")
	}
	if g.Tags, err = merge(g.Tags, tags); err != nil {
		return err
	}
	store.LogGroups.Put(tx, g)
	return nil
}

func untagResource(tx *store.Tx, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
	g, err := tagged(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	untag(tx, g, in.TagKeys)
	return &sdk.UntagResourceOutput{}, nil
}

func untagLogGroup(tx *store.Tx, in *sdk.UntagLogGroupInput) (*sdk.UntagLogGroupOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	untag(tx, g, in.Tags)
	return &sdk.UntagLogGroupOutput{}, nil
}

func untag(tx *store.Tx, g model.LogGroup, keys []string) {
	all := asMap(g.Tags)
	for _, k := range keys {
		delete(all, k)
	}
	g.Tags = asTags(all)
	store.LogGroups.Put(tx, g)
}

func listTagsForResource(tx *store.Tx, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
	g, err := tagged(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &sdk.ListTagsForResourceOutput{Tags: asMap(g.Tags)}, nil
}

func listTagsLogGroup(tx *store.Tx, in *sdk.ListTagsLogGroupInput) (*sdk.ListTagsLogGroupOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	return &sdk.ListTagsLogGroupOutput{Tags: asMap(g.Tags)}, nil
}
