package ecs

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// invalid is what ECS answers to a parameter that cannot be.
func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// refused is what ECS answers to a request that is well formed and cannot be done; it is also the
// error of every rule that RegisterTaskDefinition checks.
func refused(format string, args ...any) error {
	return &types.ClientException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func clusterNotFound() error {
	return &types.ClusterNotFoundException{Message: aws.String("Cluster not found.")}
}

func clusterInactive() error {
	return &types.ClusterNotFoundException{Message: aws.String("The referenced cluster was inactive.")}
}

func serviceNotFound() error {
	return &types.ServiceNotFoundException{Message: aws.String("Service not found.")}
}

func serviceNotActive() error {
	return &types.ServiceNotActiveException{Message: aws.String("Service was not ACTIVE.")}
}

func resourceNotFound() error {
	return &types.ResourceNotFoundException{Message: aws.String("The specified resource could not be found.")}
}

func limitExceeded(format string, args ...any) error {
	return &types.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// missing is the failure of a Describe call for something that is not there.
func missing(arn string) types.Failure { return failure(arn, "MISSING") }

func failure(arn, reason string) types.Failure {
	return types.Failure{Arn: aws.String(arn), Reason: aws.String(reason)}
}
