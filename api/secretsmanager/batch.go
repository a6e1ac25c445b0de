package secretsmanager

import (
	"errors"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

// batchGetSecretValue reads up to 20 secrets; those that cannot be read are told beside the others.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
func (o Options) batchGetSecretValue(tx *store.Tx, in *secretsmanager.BatchGetSecretValueInput) (*secretsmanager.BatchGetSecretValueOutput, error) {
	switch {
	case len(in.SecretIdList) == 0 && len(in.Filters) == 0:
		return nil, invalid("You must provide either SecretIdList or Filters.")
	case len(in.SecretIdList) > 0 && len(in.Filters) > 0:
		return nil, invalid("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
	case len(in.SecretIdList) > 20:
		return nil, breaks("", "secretIdList", "have length less than or equal to 20")
	case in.MaxResults != nil && len(in.Filters) == 0:
		return nil, invalid("'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.")
	}
	out := &secretsmanager.BatchGetSecretValueOutput{SecretValues: []types.SecretValueEntry{}, Errors: []types.APIErrorType{}}
	names := in.SecretIdList
	if len(in.Filters) > 0 {
		p, err := newPage(*in, in.NextToken, in.MaxResults, 20)
		if err != nil {
			return nil, err
		}
		all, err := matching(tx, in.Filters, false)
		if err != nil {
			return nil, err
		}
		all, out.NextToken = cut(p, all, false, model.Secret.Key)
		for _, s := range all {
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		o.batchGet(tx, name, out)
	}
	return out, nil
}

func (o Options) batchGet(tx *store.Tx, id string, out *secretsmanager.BatchGetSecretValueOutput) {
	v, err := o.getSecretValue(tx, &secretsmanager.GetSecretValueInput{SecretId: &id})
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		out.Errors = append(out.Errors, types.APIErrorType{SecretId: &id, ErrorCode: aws.String(api.ErrorCode()), Message: aws.String(api.ErrorMessage())})
	case err == nil:
		out.SecretValues = append(out.SecretValues, types.SecretValueEntry{ARN: v.ARN, Name: v.Name, VersionId: v.VersionId, VersionStages: v.VersionStages,
			CreatedDate: v.CreatedDate, SecretBinary: v.SecretBinary, SecretString: v.SecretString})
	}
}
