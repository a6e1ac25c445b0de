package ssm

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const maxTags = 50

func addTagsToResource(tx *store.Tx, in *ssm.AddTagsToResourceInput) (*ssm.AddTagsToResourceOutput, error) {
	p, err := tagged(tx, in.ResourceType, in.ResourceId)
	if err != nil {
		return nil, err
	}
	if p.Tags, err = mergeTags(p.Tags, in.Tags); err != nil {
		return nil, err
	}
	store.Parameters.Put(tx, p)
	return &ssm.AddTagsToResourceOutput{}, nil
}

func removeTagsFromResource(tx *store.Tx, in *ssm.RemoveTagsFromResourceInput) (*ssm.RemoveTagsFromResourceOutput, error) {
	p, err := tagged(tx, in.ResourceType, in.ResourceId)
	if err != nil {
		return nil, err
	}
	p.Tags = slices.DeleteFunc(slices.Clone(p.Tags), func(t model.Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
	store.Parameters.Put(tx, p)
	return &ssm.RemoveTagsFromResourceOutput{}, nil
}

func listTagsForResource(tx *store.Tx, in *ssm.ListTagsForResourceInput) (*ssm.ListTagsForResourceOutput, error) {
	p, err := tagged(tx, in.ResourceType, in.ResourceId)
	if err != nil {
		return nil, err
	}
	out := &ssm.ListTagsForResourceOutput{TagList: []types.Tag{}}
	for _, t := range p.Tags {
		out.TagList = append(out.TagList, types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)})
	}
	return out, nil
}

// tagged returns the parameter that a call about tags means: nothing else has tags here.
func tagged(tx *store.Tx, kind types.ResourceTypeForTagging, id *string) (model.Parameter, error) {
	if kind != types.ResourceTypeForTaggingParameter {
		return model.Parameter{}, &types.InvalidResourceType{Message: aws.String("The resource type " + string(kind) + " is not valid. Drydock has resources of the type Parameter only.")}
	}
	if err := required("resourceId", id); err != nil {
		return model.Parameter{}, err
	}
	p, ok := secrets.FindParameter(tx, *id)
	if !ok {
		return p, &types.InvalidResourceId{Message: aws.String(`The resource ID "` + *id + `" is not valid. Verify the ID and try again.`)}
	}
	return p, nil
}

// mergeTags returns the tags with those given added, or in the place of those with the same key.
func mergeTags(tags model.Tags, given []types.Tag) (model.Tags, error) {
	tags = slices.Clone(tags)
	for _, g := range given {
		t := model.Tag{Key: aws.ToString(g.Key), Value: aws.ToString(g.Value)}
		switch {
		case t.Key == "" || len(t.Key) > 128:
			return nil, breaks(quoted(t.Key), "tags.key", "have length between 1 and 128")
		case len(t.Value) > 256:
			return nil, breaks("", "tags.value", "have length less than or equal to 256")
		case strings.HasPrefix(strings.ToLower(t.Key), "aws:"):
			return nil, validation("Tag keys that begin with aws: are reserved for system use.")
		}
		if i := slices.IndexFunc(tags, func(o model.Tag) bool { return o.Key == t.Key }); i >= 0 {
			tags[i] = t
		} else {
			tags = append(tags, t)
		}
	}
	if len(tags) > maxTags {
		return nil, &types.TooManyTagsError{Message: aws.String("The number of tags exceeds the maximum of 50 tags per parameter.")}
	}
	return tags, nil
}
