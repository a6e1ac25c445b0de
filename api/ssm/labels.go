package ssm

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const maxLabels = 10 // of one version

var labelForm = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]*$`)

// validLabel reports whether a label may be one.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
func validLabel(l string) bool {
	lower := strings.ToLower(l)
	return labelForm.MatchString(l) && !strings.HasPrefix(lower, "aws") && !strings.HasPrefix(lower, "ssm")
}

func labelParameterVersion(tx *store.Tx, in *ssm.LabelParameterVersionInput) (*ssm.LabelParameterVersionOutput, error) {
	p, version, err := labelled(tx, in.Name, in.ParameterVersion, in.Labels)
	if err != nil {
		return nil, err
	}
	out := &ssm.LabelParameterVersionOutput{ParameterVersion: version, InvalidLabels: []string{}}
	labels := maps.Clone(p.Labels)
	if labels == nil {
		labels = map[string]int64{}
	}
	for _, l := range in.Labels {
		if validLabel(l) {
			labels[l] = version
		} else {
			out.InvalidLabels = append(out.InvalidLabels, l)
		}
	}
	p.Labels = labels
	if len(p.LabelsOf(version)) > maxLabels {
		return nil, &types.ParameterVersionLabelLimitExceeded{Message: aws.String("A parameter version can have maximum 10 labels. Move one or more labels to another version and try again.")}
	}
	store.Parameters.Put(tx, p)
	return out, nil
}

func unlabelParameterVersion(tx *store.Tx, in *ssm.UnlabelParameterVersionInput) (*ssm.UnlabelParameterVersionOutput, error) {
	if in.ParameterVersion == nil {
		return nil, breaks("null ", "parameterVersion", "not be null")
	}
	p, version, err := labelled(tx, in.Name, in.ParameterVersion, in.Labels)
	if err != nil {
		return nil, err
	}
	out := &ssm.UnlabelParameterVersionOutput{RemovedLabels: []string{}, InvalidLabels: []string{}}
	p.Labels = maps.Clone(p.Labels)
	for _, l := range in.Labels {
		if p.Labels[l] != version {
			out.InvalidLabels = append(out.InvalidLabels, l)
			continue
		}
		delete(p.Labels, l)
		out.RemovedLabels = append(out.RemovedLabels, l)
	}
	store.Parameters.Put(tx, p)
	return out, nil
}

// labelled returns the parameter and version that labels are put on or taken from.
func labelled(tx *store.Tx, name *string, version *int64, labels []string) (p model.Parameter, n int64, err error) {
	if err := required("name", name); err != nil {
		return p, 0, err
	}
	switch {
	case len(labels) == 0:
		return p, 0, breaks("'[]' ", "labels", "have length greater than or equal to 1")
	case len(labels) > maxLabels:
		return p, 0, breaks("", "labels", "have length less than or equal to 10")
	case slices.ContainsFunc(labels, func(l string) bool { return len(l) < 1 || len(l) > 100 }):
		return p, 0, breaks("", "labels", "satisfy constraint: [Member must have length less than or equal to 100, Member must have length greater than or equal to 1]")
	}
	p, ok := secrets.FindParameter(tx, *name)
	if !ok {
		return p, 0, secrets.ParameterNotFound(*name)
	}
	if n = p.Version; version != nil {
		n = *version
	}
	if _, ok := store.ParameterVersions.Get(tx, model.ParameterVersionKey(p.Name, n)); !ok {
		return p, 0, &types.ParameterVersionNotFound{Message: aws.String("Systems Manager could not find version " + number(n) + " of " + p.Name + ". Verify the version and try again.")}
	}
	return p, n, nil
}

// remove deletes a parameter with its versions, and reports whether there was one.
func remove(tx *store.Tx, name string) bool {
	p, ok := secrets.FindParameter(tx, name)
	if !ok {
		return false
	}
	for v := range store.ParameterVersions.From(tx, model.ParameterVersionPrefix(p.Name), "") {
		store.ParameterVersions.Delete(tx, v.Key())
	}
	store.Parameters.Delete(tx, p.Name)
	return true
}
