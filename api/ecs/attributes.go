package ecs

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const maxAttributes = 10 // in one call

// putAttributes adds custom attributes to container instances, or changes their values.
func putAttributes(tx *store.Tx, in *ecs.PutAttributesInput) (*ecs.PutAttributesOutput, error) {
	err := eachAttribute(tx, in.Cluster, in.Attributes, func(ci *model.ContainerInstance, a types.Attribute) error {
		as := slices.Clone(ci.Attributes)
		i := slices.IndexFunc(as, func(o model.Attribute) bool { return o.Name == *a.Name })
		if i >= 0 {
			as[i].Value = aws.ToString(a.Value)
		} else {
			as = append(as, model.Attribute{Name: *a.Name, Value: aws.ToString(a.Value)})
		}
		custom := 0
		for _, o := range as {
			if o.Custom() {
				custom++
			}
		}
		if custom > model.MaxCustomAttributes {
			return &types.AttributeLimitExceededException{Message: aws.String("A container instance can have at most 10 custom attributes.")}
		}
		ci.Attributes = as
		return nil
	})
	return &ecs.PutAttributesOutput{Attributes: in.Attributes}, err
}

// deleteAttributes removes custom attributes; with a value, only if it is that.
func deleteAttributes(tx *store.Tx, in *ecs.DeleteAttributesInput) (*ecs.DeleteAttributesOutput, error) {
	err := eachAttribute(tx, in.Cluster, in.Attributes, func(ci *model.ContainerInstance, a types.Attribute) error {
		ci.Attributes = slices.DeleteFunc(slices.Clone(ci.Attributes), func(o model.Attribute) bool {
			return o.Name == *a.Name && (a.Value == nil || *a.Value == o.Value)
		})
		return nil
	})
	return &ecs.DeleteAttributesOutput{Attributes: in.Attributes}, err
}

// eachAttribute checks the attributes of a call and does fn with each and the instance it names.
func eachAttribute(tx *store.Tx, cluster *string, as []types.Attribute, fn func(*model.ContainerInstance, types.Attribute) error) error {
	c, err := activeCluster(tx, cluster)
	if err != nil {
		return err
	}
	switch n := len(as); {
	case n == 0:
		return invalid("Attributes cannot be empty.")
	case n > maxAttributes:
		return invalid("Attributes can have at most %d items.", maxAttributes)
	}
	for _, a := range as {
		if err := checkAttribute(a); err != nil {
			return err
		}
		ci, ok, err := containerInstance(tx, c.Name, aws.ToString(a.TargetId))
		if err != nil {
			return err
		}
		if !ok || ci.Status == inactive {
			return &types.TargetNotFoundException{Message: aws.String("The specified target was not found.")}
		}
		was := ci.Attributes
		if err := fn(&ci, a); err != nil {
			return err
		}
		if !slices.Equal(was, ci.Attributes) {
			ci.Version++
			store.ContainerInstances.Put(tx, ci)
		}
	}
	return nil
}

func checkAttribute(a types.Attribute) error {
	if a.TargetType != "" && a.TargetType != types.TargetTypeContainerInstance {
		return invalid("Invalid target type: %s", a.TargetType)
	}
	if problem := (model.Attribute{Name: aws.ToString(a.Name), Value: aws.ToString(a.Value)}).Problem(); problem != "" {
		return invalid("%s", problem)
	}
	return nil
}

// attributeRow is one attribute of one instance, in the order of instance and name.
type attributeRow struct {
	instance model.ContainerInstance
	model.Attribute
}

// Key sorts by instance, then name.
func (a attributeRow) Key() string { return a.instance.ID + "/" + a.Name }

func listAttributes(tx *store.Tx, in *ecs.ListAttributesInput) (*ecs.ListAttributesOutput, error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	if in.TargetType != types.TargetTypeContainerInstance {
		return nil, invalid("Invalid target type: %s", in.TargetType)
	}
	if in.AttributeValue != nil && in.AttributeName == nil {
		return nil, invalid("AttributeName must be given with attributeValue.")
	}
	p, err := newPage(in, in.NextToken, in.MaxResults, 100)
	if err != nil {
		return nil, err
	}
	var rows []attributeRow
	for ci := range store.ContainerInstancesByCluster.Each(tx, c.Name) {
		for _, a := range ci.Attributes {
			rows = append(rows, attributeRow{ci, a})
		}
	}
	slices.SortFunc(rows, func(a, b attributeRow) int { return strings.Compare(a.Key(), b.Key()) })
	keep := func(a attributeRow) bool {
		return a.Key() > p.after && a.instance.Status != inactive &&
			(in.AttributeName == nil || *in.AttributeName == a.Name) && (in.AttributeValue == nil || *in.AttributeValue == a.Value)
	}
	out, next := take(p, slices.Values(rows), keep, func(a attributeRow) types.Attribute {
		return types.Attribute{Name: aws.String(a.Name), Value: given(a.Value),
			TargetId: aws.String(instanceARN(tx, a.instance.Cluster, a.instance.ID))}
	})
	return &ecs.ListAttributesOutput{Attributes: out, NextToken: next}, nil
}
