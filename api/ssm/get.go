package ssm

import (
	"errors"
	"iter"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func (o Options) getParameter(tx *store.Tx, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	if err := required("name", in.Name); err != nil {
		return nil, err
	}
	p, err := o.get(tx, *in.Name, aws.ToBool(in.WithDecryption))
	if err != nil {
		return nil, err
	}
	return &ssm.GetParameterOutput{Parameter: p}, nil
}

// get reads what a name, an ARN, or either with a version or label means.
func (o Options) get(tx *store.Tx, reference string, decrypt bool) (*types.Parameter, error) {
	v, err := secrets.ParameterVersion(tx, reference)
	if err != nil {
		return nil, err
	}
	p, err := o.parameter(tx, v, decrypt)
	if err != nil {
		return nil, err
	}
	if _, selector := secrets.Split(reference); selector != "" {
		p.Selector = aws.String(":" + selector)
	}
	return p, nil
}

// parameter shows a version with its value: that of a SecureString as it is kept, unless it is to be
// decrypted.
func (o Options) parameter(tx *store.Tx, v model.ParameterVersion, decrypt bool) (*types.Parameter, error) {
	value, err := o.value(tx, v, decrypt)
	if err != nil {
		return nil, err
	}
	p := &types.Parameter{Name: aws.String(v.Parameter), ARN: aws.String(tx.Scope().ParameterARN(v.Parameter)), Type: types.ParameterType(v.Type),
		DataType: aws.String(v.Data()), Version: v.Version, LastModifiedDate: aws.Time(v.Modified), Value: &value}
	return p, nil
}

func (o Options) getParameters(tx *store.Tx, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		p, err := o.get(tx, name, aws.ToBool(in.WithDecryption))
		switch {
		case isNotFound(err):
			out.InvalidParameters = append(out.InvalidParameters, name)
		case err != nil:
			return nil, err
		default:
			out.Parameters = append(out.Parameters, *p)
		}
	}
	return out, nil
}

// checkNames checks the names of calls that take up to ten.
func checkNames(names []string) error {
	switch n := len(names); {
	case n == 0:
		return breaks("'[]' ", "names", "have length greater than or equal to 1")
	case n > 10:
		return breaks("'["+strings.Join(names, ", ")+"]' ", "names", "have length less than or equal to 10")
	}
	return nil
}

func isNotFound(err error) bool {
	var name *types.ParameterNotFound
	var version *types.ParameterVersionNotFound
	return errors.As(err, &name) || errors.As(err, &version)
}

func (o Options) getParametersByPath(tx *store.Tx, in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	if err := required("path", in.Path); err != nil {
		return nil, err
	}
	if err := checkPath(*in.Path); err != nil {
		return nil, err
	}
	if err := checkFilters(in.ParameterFilters, byPath); err != nil {
		return nil, err
	}
	p, err := newPage(in.NextToken, in.MaxResults, 10, "path", *in.Path, in.ParameterFilters, aws.ToBool(in.Recursive))
	if err != nil {
		return nil, err
	}
	out := &ssm.GetParametersByPathOutput{Parameters: []types.Parameter{}}
	for v := range under(tx, *in.Path, p.after, in.ParameterFilters) {
		if !below(v.Parameter, *in.Path, aws.ToBool(in.Recursive)) {
			continue
		}
		if len(out.Parameters) == p.max {
			out.NextToken = p.next(*out.Parameters[p.max-1].Name)
			break
		}
		shown, err := o.parameter(tx, v, aws.ToBool(in.WithDecryption))
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, *shown)
	}
	return out, nil
}

// under are the parameters of which some may be below a path, those that filters take, after a name. The public ones
// are listed by their own paths only.
func under(tx *store.Tx, path, after string, filters []types.ParameterStringFilter) iter.Seq[model.ParameterVersion] {
	return func(yield func(model.ParameterVersion) bool) {
		if strings.HasPrefix(path, "/aws/service") {
			for _, v := range secrets.Publics() {
				if v.Parameter > after && takesAll(filters, model.Parameter{Name: v.Parameter}, v) && !yield(v) {
					return
				}
			}
			return
		}
		for row := range store.Parameters.From(tx, "", after) {
			if v, ok := filtered(tx, row, filters); ok && !yield(v) {
				return
			}
		}
	}
}

func (o Options) getParameterHistory(tx *store.Tx, in *ssm.GetParameterHistoryInput) (*ssm.GetParameterHistoryOutput, error) {
	if err := required("name", in.Name); err != nil {
		return nil, err
	}
	row, ok := secrets.FindParameter(tx, *in.Name)
	if !ok {
		return nil, secrets.ParameterNotFound(*in.Name)
	}
	p, err := newPage(in.NextToken, in.MaxResults, 50, "history", row.Name)
	if err != nil {
		return nil, err
	}
	out := &ssm.GetParameterHistoryOutput{Parameters: []types.ParameterHistory{}}
	for v := range store.ParameterVersions.From(tx, model.ParameterVersionPrefix(row.Name), p.after) {
		if len(out.Parameters) == p.max {
			last := out.Parameters[p.max-1]
			out.NextToken = p.next(model.ParameterVersionKey(row.Name, last.Version))
			break
		}
		value, err := o.value(tx, v, aws.ToBool(in.WithDecryption))
		if err != nil {
			return nil, err
		}
		out.Parameters = append(out.Parameters, types.ParameterHistory{Name: &row.Name, Version: v.Version, Type: types.ParameterType(v.Type), Tier: types.ParameterTier(v.Tier),
			DataType: aws.String(v.Data()), Value: &value, Labels: row.LabelsOf(v.Version), AllowedPattern: optional(v.AllowedPattern), Description: optional(v.Description),
			KeyId: optional(v.KMSKey), LastModifiedDate: aws.Time(v.Modified), LastModifiedUser: &v.User, Policies: []types.ParameterInlinePolicy{}})
	}
	return out, nil
}
