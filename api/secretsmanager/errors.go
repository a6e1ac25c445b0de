package secretsmanager

import (
	"fmt"

	"github.com/drydock-ecs/drydock/api/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func badRequest(format string, args ...any) error {
	return &types.InvalidRequestException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func exists(format string, args ...any) error {
	return &types.ResourceExistsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func limitExceeded(format string, args ...any) error {
	return &types.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// breaks words the breach of a constraint of the service's model, as all services with models of that
// age do. It has no type in the SDK. Values that are secret are left out of it.
func breaks(value, member, constraint string) error {
	if value != "" {
		value = " '" + value + "'"
	}
	return validation("1 validation error detected: Value" + value + " at '" + member + "' failed to satisfy constraint: Member must " + constraint)
}

func validation(message string) error {
	return &wire.Error{Code: "ValidationException", Message: message}
}
