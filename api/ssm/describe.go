package ssm

import (
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func describeParameters(tx *store.Tx, in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	if err := wire.Refuse(in, refusal, "Filters", "Shared"); err != nil {
		return nil, err
	}
	if err := checkFilters(in.ParameterFilters, described); err != nil {
		return nil, err
	}
	p, err := newPage(in.NextToken, in.MaxResults, 50, "describe", in.ParameterFilters)
	if err != nil {
		return nil, err
	}
	out := &ssm.DescribeParametersOutput{Parameters: []types.ParameterMetadata{}}
	for row := range store.Parameters.From(tx, "", p.after) {
		v, ok := filtered(tx, row, in.ParameterFilters)
		if !ok {
			continue
		}
		if len(out.Parameters) == p.max {
			out.NextToken = p.next(*out.Parameters[p.max-1].Name)
			break
		}
		out.Parameters = append(out.Parameters, types.ParameterMetadata{Name: &row.Name, ARN: aws.String(tx.Scope().ParameterARN(row.Name)), Version: v.Version,
			Type: types.ParameterType(v.Type), Tier: types.ParameterTier(v.Tier), DataType: aws.String(v.Data()), AllowedPattern: optional(v.AllowedPattern),
			Description: optional(v.Description), KeyId: optional(v.KMSKey), LastModifiedDate: aws.Time(v.Modified), LastModifiedUser: &v.User,
			Policies: []types.ParameterInlinePolicy{}})
	}
	return out, nil
}

func deleteParameter(tx *store.Tx, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	if err := required("name", in.Name); err != nil {
		return nil, err
	}
	if !remove(tx, *in.Name) {
		return nil, secrets.ParameterNotFound(*in.Name)
	}
	return &ssm.DeleteParameterOutput{}, nil
}

func deleteParameters(tx *store.Tx, in *ssm.DeleteParametersInput) (*ssm.DeleteParametersOutput, error) {
	if err := checkNames(in.Names); err != nil {
		return nil, err
	}
	out := &ssm.DeleteParametersOutput{DeletedParameters: []string{}, InvalidParameters: []string{}}
	for _, name := range in.Names {
		if remove(tx, name) {
			out.DeletedParameters = append(out.DeletedParameters, name)
		} else {
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}
