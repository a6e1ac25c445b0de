package ecs

import (
	"errors"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// newTags reads the tags of a request.
func newTags(in []types.Tag) (model.Tags, error) {
	if len(in) > model.MaxTags {
		return nil, invalid("Tags can have at most %d items.", model.MaxTags)
	}
	var tags model.Tags
	for _, t := range in {
		one := model.Tag{Key: aws.ToString(t.Key), Value: aws.ToString(t.Value)}
		if problem := one.Problem(); problem != "" {
			return nil, invalid("%s", problem)
		}
		if slices.ContainsFunc(tags, func(o model.Tag) bool { return o.Key == one.Key }) {
			return nil, invalid("Duplicate tag key %s.", one.Key)
		}
		tags = append(tags, one)
	}
	return tags, nil
}

func systemKeys(tags model.Tags) (keys []string) {
	for _, t := range tags {
		if model.SystemTag(t.Key) {
			keys = append(keys, t.Key)
		}
	}
	return keys
}

// merge returns tags with those of more added or replacing theirs.
func merge(tags, more model.Tags) model.Tags {
	out := slices.Clone(tags)
	for _, t := range more {
		if i := slices.IndexFunc(out, func(o model.Tag) bool { return o.Key == t.Key }); i >= 0 {
			out[i] = t
		} else {
			out = append(out, t)
		}
	}
	return out
}

func without(tags model.Tags, keys []string) model.Tags {
	return slices.DeleteFunc(slices.Clone(tags), func(t model.Tag) bool { return slices.Contains(keys, t.Key) })
}

func showTags(tags model.Tags) []types.Tag {
	out := make([]types.Tag, len(tags))
	for i, t := range tags {
		out[i] = types.Tag{Key: aws.String(t.Key), Value: aws.String(t.Value)}
	}
	return out
}

// tagged is a resource whose tags can be read and written.
type tagged struct {
	tags model.Tags
	put  func(model.Tags)
}

// resource finds what a tagging call means: a long ARN of a cluster, service, task set, task,
// container instance or task definition.
func resource(tx *store.Tx, arn *string) (tagged, error) {
	ref := aws.ToString(arn)
	if !strings.HasPrefix(ref, "arn:") {
		return tagged{}, invalid("Invalid resource ARN: %q", ref)
	}
	id, err := parseARN(tx.Scope(), ref)
	if err != nil {
		return tagged{}, err
	}
	if hasCluster(id.Kind) && id.Cluster == "" {
		return tagged{}, invalid("Long arn format must be used for tagging operations")
	}
	if _, ok := store.Clusters.Get(tx, id.Cluster); hasCluster(id.Kind) && !ok {
		return tagged{}, clusterNotFound()
	}
	switch id.Kind {
	case "cluster":
		return tagCluster(tx, id)
	case "service":
		return tagService(tx, id)
	case "task":
		return tagTask(tx, id)
	case "task-set":
		return tagTaskSet(tx, id)
	case "container-instance":
		return tagInstance(tx, id)
	case "task-definition":
		return tagTaskDef(tx, id)
	case "capacity-provider":
		return tagProvider(tx, id)
	}
	return tagged{}, invalid("%s", notSupported("tags on "+id.Kind, ""))
}

func tagCluster(tx *store.Tx, id ident) (tagged, error) {
	c, ok := store.Clusters.Get(tx, id.Name)
	if !ok {
		return tagged{}, clusterNotFound()
	}
	if c.Status != active {
		return tagged{}, invalid("The specified cluster is inactive. Specify an active cluster and try again.")
	}
	return tagged{c.Tags, func(t model.Tags) { c.Tags = t; store.Clusters.Put(tx, c) }}, nil
}

func tagService(tx *store.Tx, id ident) (tagged, error) {
	s, ok := store.Services.Get(tx, id.Cluster+"/"+id.Name)
	if !ok {
		return tagged{}, resourceNotFound()
	}
	if s.Status == inactive {
		return tagged{}, invalid("The specified service is inactive. Specify an active service and try again.")
	}
	return tagged{s.Tags, func(t model.Tags) { s.Tags = t; store.Services.Put(tx, s) }}, nil
}

func tagTask(tx *store.Tx, id ident) (tagged, error) {
	t, ok := store.Tasks.Get(tx, id.Name)
	if !ok || t.Birth.Cluster != id.Cluster {
		return tagged{}, resourceNotFound()
	}
	return tagged{t.Tags, func(tags model.Tags) { t.Tags = tags; store.Tasks.Put(tx, t) }}, nil
}

func tagInstance(tx *store.Tx, id ident) (tagged, error) {
	c, ok := store.ContainerInstances.Get(tx, id.Name)
	if !ok || c.Cluster != id.Cluster || c.Status == inactive {
		return tagged{}, resourceNotFound()
	}
	return tagged{c.Tags, func(t model.Tags) { c.Tags = t; store.ContainerInstances.Put(tx, c) }}, nil
}

func tagProvider(tx *store.Tx, id ident) (tagged, error) {
	p, ok := store.CapacityProviders.Get(tx, id.Name)
	if !ok || p.Status != active {
		return tagged{}, resourceNotFound()
	}
	return tagged{p.Tags, func(t model.Tags) { p.Tags = t; store.CapacityProviders.Put(tx, p) }}, nil
}

func tagTaskDef(tx *store.Tx, id ident) (tagged, error) {
	d, ok := store.TaskDefs.Get(tx, id.Name)
	if !ok {
		return tagged{}, resourceNotFound()
	}
	if d.Status != active {
		return tagged{}, invalid("The specified task definition is inactive. Specify an active task definition and try again.")
	}
	return tagged{d.Tags, func(t model.Tags) { d.Tags = t; store.TaskDefs.Put(tx, d) }}, nil
}

// tagResource adds tags, replacing those of the same key.
func tagResource(tx *store.Tx, in *ecs.TagResourceInput) (*ecs.TagResourceOutput, error) {
	r, err := resource(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if len(in.Tags) == 0 {
		return nil, invalid("Tags can not be empty.")
	}
	more, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	tags := merge(r.tags, more)
	if len(without(tags, systemKeys(tags))) > model.MaxTags {
		return nil, limitExceeded("A resource can have at most %d tags.", model.MaxTags)
	}
	r.put(tags)
	return &ecs.TagResourceOutput{}, nil
}

func untagResource(tx *store.Tx, in *ecs.UntagResourceInput) (*ecs.UntagResourceOutput, error) {
	r, err := resource(tx, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if len(in.TagKeys) == 0 {
		return nil, invalid("Tag keys can not be empty.")
	}
	if slices.ContainsFunc(in.TagKeys, model.SystemTag) {
		return nil, invalid("Tag keys that begin with aws: are reserved.")
	}
	r.put(without(r.tags, in.TagKeys))
	return &ecs.UntagResourceOutput{}, nil
}

// listTagsForResource answers also for resources without tags.
func listTagsForResource(tx *store.Tx, in *ecs.ListTagsForResourceInput) (*ecs.ListTagsForResourceOutput, error) {
	r, err := resource(tx, in.ResourceArn)
	if gone := (*types.ResourceNotFoundException)(nil); errors.As(err, &gone) {
		return nil, invalid("%s", gone.ErrorMessage()) // this operation knows no ResourceNotFoundException
	}
	if err != nil {
		return nil, err
	}
	return &ecs.ListTagsForResourceOutput{Tags: showTags(r.tags)}, nil
}
