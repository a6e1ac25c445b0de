package elbv2

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const maxTags = 50

// tags reads the tags of a request.
func tags(in []types.Tag) (model.Tags, error) {
	var out model.Tags
	for _, t := range in {
		k, v := str(t.Key), str(t.Value)
		if err := tagKey(k); err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(v) > 256 {
			return nil, constraint(v, "tags.member.value", "have length less than or equal to 256")
		}
		if !tagText(v) {
			return nil, constraint(v, "tags.member.value", `satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)
		}
		if slices.ContainsFunc(out, func(o model.Tag) bool { return o.Key == k }) {
			return nil, &types.DuplicateTagKeysException{Message: say("A tag key was specified more than once: '%s'", k)}
		}
		out = append(out, model.Tag{Key: k, Value: v})
	}
	if len(out) > maxTags {
		return nil, &types.TooManyTagsException{Message: say("The maximum number of tags per resource is '%d'", maxTags)}
	}
	return out, nil
}

func tagKey(k string) error {
	switch n := utf8.RuneCountInString(k); {
	case n == 0:
		return constraint(k, "tags.member.key", "have length greater than or equal to 1")
	case n > 128:
		return constraint(k, "tags.member.key", "have length less than or equal to 128")
	case !tagText(k):
		return constraint(k, "tags.member.key", `satisfy regular expression pattern: ^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$`)
	case strings.HasPrefix(strings.ToLower(k), "aws:"):
		return invalid("Tag keys that begin with 'aws:' are reserved for system use: '%s'", k)
	}
	return nil
}

func tagText(s string) bool {
	for _, r := range s {
		if !unicode.In(r, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", r) {
			return false
		}
	}
	return true
}

// tagged is a resource with tags: how they stand and how to replace them.
type tagged struct {
	tags model.Tags
	put  func(model.Tags)
}

// taggable returns the resource that arn names.
func taggable(tx *store.Tx, arn string) (tagged, error) {
	a, _ := model.ParseARN(arn)
	kind, _, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case "loadbalancer":
		l, err := loadBalancer(tx, &arn)
		return tagged{l.Tags, func(t model.Tags) { l.Tags = t; store.LoadBalancers.Put(tx, l) }}, err
	case "targetgroup":
		g, err := targetGroup(tx, &arn)
		return tagged{g.Tags, func(t model.Tags) { g.Tags = t; store.TargetGroups.Put(tx, g) }}, err
	case "listener":
		l, err := listener(tx, &arn)
		return tagged{l.Tags, func(t model.Tags) { l.Tags = t; store.Listeners.Put(tx, l) }}, err
	case "listener-rule":
		_, err := ruleListener(tx, arn)
		return tagged{}, err
	}
	return tagged{}, invalid("'%s' is not a valid ARN of a load balancer, target group, listener or rule", arn)
}

// allTaggable returns the resources that arns name, up to 20.
func allTaggable(tx *store.Tx, arns []string) ([]tagged, error) {
	if len(arns) == 0 {
		return nil, missing("resourceArns")
	}
	if len(arns) > 20 {
		return nil, invalid("Up to '20' resource ARNs can be specified, but '%d' were specified", len(arns))
	}
	all := make([]tagged, len(arns))
	for i, arn := range arns {
		r, err := taggable(tx, arn)
		if err != nil {
			return nil, err
		}
		all[i] = r
	}
	return all, nil
}

func addTags(tx *store.Tx, in *elb.AddTagsInput) (*elb.AddTagsOutput, error) {
	if len(in.Tags) == 0 {
		return nil, missing("tags")
	}
	added, err := tags(in.Tags)
	if err != nil {
		return nil, err
	}
	all, err := allTaggable(tx, in.ResourceArns)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.put == nil {
			return nil, unsupported("tagging a default rule")
		}
		merged := slices.Clone(r.tags)
		for _, t := range added {
			if i := slices.IndexFunc(merged, func(o model.Tag) bool { return o.Key == t.Key }); i >= 0 {
				merged[i] = t
			} else {
				merged = append(merged, t)
			}
		}
		if len(merged) > maxTags {
			return nil, &types.TooManyTagsException{Message: say("The maximum number of tags per resource is '%d'", maxTags)}
		}
		r.put(merged)
	}
	return &elb.AddTagsOutput{}, nil
}

func removeTags(tx *store.Tx, in *elb.RemoveTagsInput) (*elb.RemoveTagsOutput, error) {
	if len(in.TagKeys) == 0 {
		return nil, missing("tagKeys")
	}
	all, err := allTaggable(tx, in.ResourceArns)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		left := slices.DeleteFunc(slices.Clone(r.tags), func(t model.Tag) bool { return slices.Contains(in.TagKeys, t.Key) })
		if len(left) < len(r.tags) {
			r.put(left)
		}
	}
	return &elb.RemoveTagsOutput{}, nil
}

func describeTags(tx *store.Tx, in *elb.DescribeTagsInput) (*elb.DescribeTagsOutput, error) {
	all, err := allTaggable(tx, in.ResourceArns)
	if err != nil {
		return nil, err
	}
	out := &elb.DescribeTagsOutput{TagDescriptions: []types.TagDescription{}}
	for i, r := range all {
		d := types.TagDescription{ResourceArn: &in.ResourceArns[i], Tags: []types.Tag{}}
		for _, t := range r.tags {
			d.Tags = append(d.Tags, types.Tag{Key: &t.Key, Value: &t.Value})
		}
		out.TagDescriptions = append(out.TagDescriptions, d)
	}
	return out, nil
}
