package ecs

import (
	"regexp"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/secrets"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// checkSecrets applies the rules of secrets, of the container and of its log driver. Whether what they
// name is there is looked at when a task starts, as on AWS.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
func checkSecrets(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	if err := checkReader(in, c); err != nil {
		return err
	}
	for i, s := range c.Secrets {
		name := aws.ToString(s.Name)
		taken := slices.ContainsFunc(c.Environment, func(kv types.KeyValuePair) bool { return aws.ToString(kv.Name) == name }) ||
			slices.ContainsFunc(c.Secrets[:i], func(o types.Secret) bool { return aws.ToString(o.Name) == name })
		if taken {
			return refused("The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '%s'.", name)
		}
		if err := checkSecret(c, s); err != nil {
			return err
		}
	}
	return checkSecretOptions(c)
}

// checkSecretOptions applies the rules of the secrets of a log driver. Those of awslogs say where events go, and are
// checked when a definition is registered: none of them is a secret. A driver of the engine refuses what it does
// not know when the container is made.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
func checkSecretOptions(c types.ContainerDefinition) error {
	if c.LogConfiguration == nil || len(c.LogConfiguration.SecretOptions) == 0 {
		return nil
	}
	if d := c.LogConfiguration.LogDriver; d == types.LogDriverAwslogs || d == "none" {
		return refused("Log driver %s disallows secretOptions: %s", d, aws.ToString(c.LogConfiguration.SecretOptions[0].Name))
	}
	for i, s := range c.LogConfiguration.SecretOptions {
		name := aws.ToString(s.Name)
		_, given := c.LogConfiguration.Options[name]
		if given || slices.ContainsFunc(c.LogConfiguration.SecretOptions[:i], func(o types.Secret) bool { return aws.ToString(o.Name) == name }) {
			return refused("The log driver option '%s' of container '%s' is given more than once.", name, *c.Name)
		}
		if err := checkSecret(c, s); err != nil {
			return err
		}
	}
	return nil
}

// checkReader checks that there is a role by whose right ECS reads what a container names. An empty list of
// secrets asks for one, too.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html,
// https://github.com/aws/aws-sdk-go/issues/2370
func checkReader(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	ofDriver := c.LogConfiguration != nil && len(c.LogConfiguration.SecretOptions) > 0
	if aws.ToString(in.ExecutionRoleArn) != "" || c.Secrets == nil && !ofDriver {
		return nil
	}
	return refused("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
}

// ofECR are images of Amazon's own registry, which the execution role opens by itself.
var ofECR = regexp.MustCompile(`^[0-9]{12}\.dkr[.-]ecr[.-]`)

// checkLogin applies the rules of the login to a private registry. Whether the secret is there is looked at
// when a task starts.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html,
// https://github.com/sil-org/ecs-deploy/issues/188, https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/48
func checkLogin(in *ecs.RegisterTaskDefinitionInput, c types.ContainerDefinition) error {
	l := c.RepositoryCredentials
	switch {
	case l == nil:
		return nil
	case aws.ToString(in.ExecutionRoleArn) == "":
		return refused("Private repository authentication requires that the task definition specify a value for executionRoleArn.")
	case aws.ToString(l.CredentialsParameter) == "":
		return refused("The credentialsParameter must not be null or empty for container '%s'.", *c.Name)
	case ofECR.MatchString(*c.Image):
		return refused("Private repository credentials are not a supported authentication method for ECR repositories.")
	}
	if _, err := secrets.ParseLogin(*l.CredentialsParameter); err != nil {
		return refused("Invalid 'credentialsParameter' setting for container '%s': %s.", *c.Name, err)
	}
	return nil
}

// mostParameter is how long the name of a parameter can be.
const mostParameter = 2048

func checkSecret(c types.ContainerDefinition, s types.Secret) error {
	name, from := aws.ToString(s.Name), aws.ToString(s.ValueFrom)
	switch {
	case name == "":
		return refused("The secret name must not be null or empty for container '%s'.", *c.Name)
	case from == "":
		return refused("The secret valueFrom must not be null or empty for secret '%s' of container '%s'.", name, *c.Name)
	}
	_, err := secrets.ParseReference(from)
	if err == nil && (len(from) <= mostParameter || strings.HasPrefix(from, "arn:")) {
		return nil
	}
	if !strings.HasPrefix(from, "arn:") {
		return refused("The Systems Manager parameter name specified for secret %s is invalid. The parameter name can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-,", name)
	}
	return refused("Invalid 'valueFrom' setting for secret '%s' of container '%s': %s.", name, *c.Name, err)
}
