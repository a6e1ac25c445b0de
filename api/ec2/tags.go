package ec2

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Tag is a tag in a request or an answer.
type Tag struct{ Key, Value *string }

// TagSpecification is the tags that a request gives to what it makes.
type TagSpecification struct {
	ResourceType *string
	Tags         []Tag `wire:"Tag"`
}

const mostTags = 50

func renderTags(tags model.Tags) []Tag {
	out := []Tag{}
	for _, t := range tags {
		out = append(out, Tag{&t.Key, &t.Value})
	}
	return out
}

// tagsOf returns the tags that a request gives to a new resource of a kind. Those for the kinds that it
// makes beside are left out; tags for others are refused: there is nothing that would carry them.
func tagsOf(specs []TagSpecification, k kind, beside ...kind) (tags model.Tags, err error) {
	for _, s := range specs {
		switch typ := str(s.ResourceType); {
		case typ == k.name:
		case typ == "":
			return nil, missing("TagSpecification.ResourceType")
		case slices.ContainsFunc(beside, func(o kind) bool { return o.name == typ }):
			continue
		default:
			return nil, fail("UnsupportedOperation", "Drydock does not support tags on %s in this request.", *s.ResourceType)
		}
		if tags, err = tagged(tags, s.Tags); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

// tagged returns tags with more of them put on. The old list stays as it is.
func tagged(tags model.Tags, more []Tag) (model.Tags, error) {
	tags = slices.Clone(tags)
	for _, t := range more {
		key, value := str(t.Key), str(t.Value)
		switch {
		case key == "":
			return nil, fail("InvalidParameterValue", "Tag key cannot be empty.")
		case strings.HasPrefix(strings.ToLower(key), "aws:"):
			return nil, fail("InvalidParameterValue", "Value ( %s ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use", key)
		case utf8.RuneCountInString(key) > 128:
			return nil, fail("InvalidParameterValue", "Tag key exceeds the maximum length of 128 characters")
		case utf8.RuneCountInString(value) > 256:
			return nil, fail("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters")
		}
		if i := slices.IndexFunc(tags, func(o model.Tag) bool { return o.Key == key }); i >= 0 {
			tags[i].Value = value
		} else {
			tags = append(tags, model.Tag{Key: key, Value: value})
		}
	}
	if len(tags) > mostTags {
		return nil, fail("TagLimitExceeded", "More than %d tags specified", mostTags)
	}
	return tags, nil
}

// CreateTagsInput puts tags on resources.
type CreateTagsInput struct {
	DryRun    *bool
	Resources []string `wire:"ResourceId"`
	Tags      []Tag    `wire:"Tag"`
}

// CreateTagsOutput says that it was done.
type CreateTagsOutput struct{ Return bool }

func createTags(tx *store.Tx, in *CreateTagsInput) (*CreateTagsOutput, error) {
	if len(in.Tags) == 0 {
		return nil, missing("Tag")
	}
	err := retag(tx, in.Resources, func(tags model.Tags) (model.Tags, error) { return tagged(tags, in.Tags) })
	return &CreateTagsOutput{true}, err
}

// DeleteTagsInput takes tags off resources: those with a key, or with a key and a value, or all.
type DeleteTagsInput struct {
	DryRun    *bool
	Resources []string `wire:"ResourceId"`
	Tags      []Tag    `wire:"Tag"`
}

// DeleteTagsOutput says that it was done.
type DeleteTagsOutput struct{ Return bool }

func deleteTags(tx *store.Tx, in *DeleteTagsInput) (*DeleteTagsOutput, error) {
	err := retag(tx, in.Resources, func(tags model.Tags) (model.Tags, error) {
		if len(in.Tags) == 0 {
			return nil, nil
		}
		return slices.DeleteFunc(slices.Clone(tags), func(t model.Tag) bool {
			return slices.ContainsFunc(in.Tags, func(o Tag) bool { return str(o.Key) == t.Key && (o.Value == nil || *o.Value == t.Value) })
		}), nil
	})
	return &DeleteTagsOutput{true}, err
}

// retag changes the tags of resources of any kind, all of them or none.
func retag(tx *store.Tx, resources []string, change func(model.Tags) (model.Tags, error)) error {
	if len(resources) == 0 {
		return missing("ResourceId")
	}
	for _, id := range resources {
		i := slices.IndexFunc(taggables, func(t taggable) bool { return strings.HasPrefix(id, t.kind.prefix) })
		if i < 0 {
			return fail("InvalidID", "The ID '%s' is not valid", id)
		}
		if err := taggables[i].retag(tx, id, change); err != nil {
			return err
		}
	}
	return nil
}

// DescribeTagsInput asks what tags there are.
type DescribeTagsInput struct {
	DryRun     *bool
	Filters    []Filter `wire:"Filter"`
	MaxResults *int32
	NextToken  *string
}

// DescribeTagsOutput is one page of them.
type DescribeTagsOutput struct {
	Tags      []TagDescription `wire:"tagSet"`
	NextToken *string
}

// TagDescription is one tag of one resource.
type TagDescription struct {
	ResourceId   string
	ResourceType string
	Key          string
	Value        *string
}

func describeTags(tx *store.Tx, in *DescribeTagsInput) (*DescribeTagsOutput, error) {
	all := []TagDescription{}
	add := func(k kind, id string, tags model.Tags) {
		for _, t := range tags {
			all = append(all, TagDescription{id, k.name, t.Key, &t.Value})
		}
	}
	for _, t := range taggables {
		t.each(tx, func(id string, tags model.Tags) { add(t.kind, id, tags) })
	}
	key := func(t TagDescription) string { return t.ResourceId + "/" + t.Key }
	slices.SortFunc(all, func(a, b TagDescription) int { return strings.Compare(key(a), key(b)) })
	all, err := filtered(all, tagProperties, in.Filters)
	if err != nil {
		return nil, err
	}
	all, next, err := page(all, key, paging{in.MaxResults, in.NextToken, 5, 1000, 0})
	return &DescribeTagsOutput{all, next}, err
}

var tagProperties = properties[TagDescription]{
	by: map[string]func(TagDescription) []string{
		"key":           one(func(t TagDescription) string { return t.Key }),
		"resource-id":   one(func(t TagDescription) string { return t.ResourceId }),
		"resource-type": one(func(t TagDescription) string { return t.ResourceType }),
		"value":         one(func(t TagDescription) string { return *t.Value }),
	},
	tags: func(t TagDescription) model.Tags { return model.Tags{{Key: t.Key, Value: *t.Value}} },
}
