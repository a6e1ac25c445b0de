package secretsmanager

import (
	"context"
	"errors"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

// batch binds batchGetSecretValue, which asks for each secret whether the caller may read it.
func (o Options) batch(s *store.Store) wire.Op {
	return wire.Op{In: func() any { return new(secretsmanager.BatchGetSecretValueInput) }, Do: func(ctx context.Context, c wire.Call, in any) (any, error) {
		return handler.Write(func(tx *store.Tx, in *secretsmanager.BatchGetSecretValueInput) (*secretsmanager.BatchGetSecretValueOutput, error) {
			return o.batchGetSecretValue(tx, c, in)
		})(s).Do(ctx, c, in)
	}}
}

// batchGetSecretValue reads up to 20 secrets; those that cannot be read, or that the caller may not read,
// are told beside the others.
//
// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
func (o Options) batchGetSecretValue(tx *store.Tx, c wire.Call, in *secretsmanager.BatchGetSecretValueInput) (*secretsmanager.BatchGetSecretValueOutput, error) {
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
		o.batchGet(tx, c, name, out)
	}
	return out, nil
}

func (o Options) batchGet(tx *store.Tx, c wire.Call, id string, out *secretsmanager.BatchGetSecretValueOutput) {
	in := &secretsmanager.GetSecretValueInput{SecretId: &id}
	err := c.May("GetSecretValue", in)
	var v *secretsmanager.GetSecretValueOutput
	if err == nil {
		v, err = o.getSecretValue(tx, in)
	}
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		out.Errors = append(out.Errors, types.APIErrorType{SecretId: &id, ErrorCode: aws.String(api.ErrorCode()), Message: aws.String(api.ErrorMessage())})
	case err == nil:
		out.SecretValues = append(out.SecretValues, types.SecretValueEntry{ARN: v.ARN, Name: v.Name, VersionId: v.VersionId, VersionStages: v.VersionStages,
			CreatedDate: v.CreatedDate, SecretBinary: v.SecretBinary, SecretString: v.SecretString})
	}
}
