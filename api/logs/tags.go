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

// tagged are the tags of the resource that an ARN names, and how to set them.
func tagged(tx *store.Tx, arn *string) (tags model.Tags, set func(model.Tags), err error) {
	a, ok := model.ParseARN(aws.ToString(arn))
	kind, name, _ := strings.Cut(a.Resource, ":")
	switch {
	case !ok || a.Service != "logs" || kind != "log-group" && kind != "destination":
		return nil, nil, invalid("The resource ARN %s is not the ARN of a log group or a destination.", aws.ToString(arn))
	case kind == "destination":
		d, there := store.LogDestinations.Get(tx, name)
		if !there || a.Scope() != tx.Scope() {
			return nil, nil, noSuch("destination")
		}
		return d.Tags, func(tags model.Tags) { d.Tags = tags; store.LogDestinations.Put(tx, d) }, nil
	}
	name, ok = identified(tx, *arn)
	if !ok {
		return nil, nil, noGroup()
	}
	g, err := group(tx, &name)
	return g.Tags, func(tags model.Tags) { g.Tags = tags; store.LogGroups.Put(tx, g) }, err
}

func tagResource(tx *store.Tx, in *sdk.TagResourceInput) (*sdk.TagResourceOutput, error) {
	before, set, err := tagged(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	tags, err := more(before, in.Tags)
	if err != nil {
		return nil, err
	}
	set(tags)
	return &sdk.TagResourceOutput{}, nil
}

func tagLogGroup(tx *store.Tx, in *sdk.TagLogGroupInput) (*sdk.TagLogGroupOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if g.Tags, err = more(g.Tags, in.Tags); err != nil {
		return nil, err
	}
	store.LogGroups.Put(tx, g)
	return &sdk.TagLogGroupOutput{}, nil
}

// more is merge for tags of which there must be some.
func more(tags model.Tags, added map[string]string) (model.Tags, error) {
	if len(added) == 0 {
		return nil, constraint("{}", "tags", "have length greater than or equal to 1")
	}
	return merge(tags, added)
}

func untagResource(tx *store.Tx, in *sdk.UntagResourceInput) (*sdk.UntagResourceOutput, error) {
	tags, set, err := tagged(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	set(without(tags, in.TagKeys))
	return &sdk.UntagResourceOutput{}, nil
}

func untagLogGroup(tx *store.Tx, in *sdk.UntagLogGroupInput) (*sdk.UntagLogGroupOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	g.Tags = without(g.Tags, in.Tags)
	store.LogGroups.Put(tx, g)
	return &sdk.UntagLogGroupOutput{}, nil
}

// without is tags without those with the keys.
func without(tags model.Tags, keys []string) model.Tags {
	all := asMap(tags)
	for _, k := range keys {
		delete(all, k)
	}
	return asTags(all)
}

func listTagsForResource(tx *store.Tx, in *sdk.ListTagsForResourceInput) (*sdk.ListTagsForResourceOutput, error) {
	tags, _, err := tagged(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	return &sdk.ListTagsForResourceOutput{Tags: asMap(tags)}, nil
}

func listTagsLogGroup(tx *store.Tx, in *sdk.ListTagsLogGroupInput) (*sdk.ListTagsLogGroupOutput, error) {
	g, err := group(tx, in.LogGroupName)
	if err != nil {
		return nil, err
	}
	return &sdk.ListTagsLogGroupOutput{Tags: asMap(g.Tags)}, nil
}
