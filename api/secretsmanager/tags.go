package secretsmanager

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

const maxTags = 50

func tagResource(tx *store.Tx, in *secretsmanager.TagResourceInput) (*secretsmanager.TagResourceOutput, error) {
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	if s.Tags, err = mergeTags(s.Tags, in.Tags); err != nil {
		return nil, err
	}
	s.Changed = tx.Now()
	store.Secrets.Put(tx, s)
	return &secretsmanager.TagResourceOutput{}, nil
}

func untagResource(tx *store.Tx, in *secretsmanager.UntagResourceInput) (*secretsmanager.UntagResourceOutput, error) {
	s, err := findInUse(tx, in.SecretId)
	if err != nil {
		return nil, err
	}
	s.Tags = slices.DeleteFunc(slices.Clone(s.Tags), func(t model.Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	s.Changed = tx.Now()
	store.Secrets.Put(tx, s)
	return &secretsmanager.UntagResourceOutput{}, nil
}

// mergeTags returns the tags with those given added, or in the place of those with the same key.
//
// Source: https://docs.aws.amazon.com/general/latest/gr/arg.html#taged-reference-quotas
func mergeTags(tags model.Tags, given []types.Tag) (model.Tags, error) {
	tags = slices.Clone(tags)
	for _, g := range given {
		if err := checkTag(g); err != nil {
			return nil, err
		}
		t := model.Tag{Key: aws.ToString(g.Key), Value: aws.ToString(g.Value)}
		if i := slices.IndexFunc(tags, func(o model.Tag) bool { return o.Key == t.Key }); i >= 0 {
			tags[i] = t
		} else {
			tags = append(tags, t)
		}
	}
	if len(tags) > maxTags {
		return nil, invalid("The number of tags exceeds the maximum of %d tags per secret.", maxTags)
	}
	return tags, nil
}

func checkTag(t types.Tag) error {
	if err := required("tags.key", t.Key); err != nil {
		return err
	}
	if err := checkLengths(length{"tags.key", t.Key, 1, 128}, length{"tags.value", t.Value, 0, 256}); err != nil {
		return err
	}
	if strings.HasPrefix(strings.ToLower(*t.Key), "aws:") {
		return invalid("Tag keys that begin with aws: are reserved for system use.")
	}
	return nil
}

func sdkTags(tags model.Tags) (all []types.Tag) {
	for _, t := range tags {
		all = append(all, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return all
}
