package ecs

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestSecretsOfTaskDefinitions(t *testing.T) {
	const asm = "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf"
	secret := func(name, from string) types.Secret { return types.Secret{Name: &name, ValueFrom: &from} }
	for _, c := range []struct {
		rule string
		edit func(c *types.ContainerDefinition)
		want string // in the error; empty for none
	}{
		{"an ARN", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", asm+":user::")} }, ""},
		{"a parameter", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", "/app/db")} }, ""},
		{"of a log driver", func(c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: "splunk", Options: map[string]string{"splunk-url": "x"}, SecretOptions: []types.Secret{secret("splunk-token", asm)}}
		}, ""},
		{"a name twice", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", "a"), secret("A", "b")} },
			"The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'."},
		{"the name of a variable", func(c *types.ContainerDefinition) {
			c.Environment = []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("x")}}
			c.Secrets = []types.Secret{secret("A", "a")}
		}, "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as 'A'."},
		{"no name", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("", "a")} }, "The secret name must not be null or empty for container 'app'."},
		{"no source", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", "")} }, "The secret valueFrom must not be null or empty for secret 'A' of container 'app'."},
		{"no parameter", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", "a b")} },
			"The Systems Manager parameter name specified for secret A is invalid. The parameter name can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-,"},
		{"a name without end", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", strings.Repeat("x", 2049))} },
			"The Systems Manager parameter name specified for secret A is invalid. The parameter name can be up to 2048 characters and include the following letters and symbols: a-zA-Z0-9_.-,"},
		{"another ARN", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", "arn:aws:s3:::x")} },
			"Invalid 'valueFrom' setting for secret 'A' of container 'app': the ARN names no secret and no parameter."},
		{"an ARN cut short", func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{secret("A", asm+":user")} },
			"Invalid 'valueFrom' setting for secret 'A' of container 'app': the ARN of a secret ends in"},
		{"an option twice", func(c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: "syslog", Options: map[string]string{"tag": "x"}, SecretOptions: []types.Secret{secret("tag", "a")}}
		}, "The log driver option 'tag' of container 'app' is given more than once."},
		{"options of awslogs are no secrets", func(c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "g", "awslogs-region": "us-east-1"},
				SecretOptions: []types.Secret{secret("awslogs-stream-prefix", "a")}}
		}, "Log driver awslogs disallows secretOptions: awslogs-stream-prefix"},
		{"no driver has no options", func(c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: "none", SecretOptions: []types.Secret{secret("tag", "a")}}
		}, "Log driver none disallows secretOptions: tag"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := webDef("web")
			in.ExecutionRoleArn = aws.String(executionRole)
			c.edit(&in.ContainerDefinitions[0])
			err := checkTaskDef(in, "amd64")
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestSecretsAskForARole: nothing is read without one.
func TestSecretsAskForARole(t *testing.T) {
	const want = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."
	w := newWorld(t)
	named := []types.Secret{{Name: aws.String("A"), ValueFrom: aws.String("/a")}}
	for rule, edit := range map[string]func(c *types.ContainerDefinition){
		"secrets":            func(c *types.ContainerDefinition) { c.Secrets = named },
		"an empty list, too": func(c *types.ContainerDefinition) { c.Secrets = []types.Secret{} },
		"those of the driver": func(c *types.ContainerDefinition) {
			c.LogConfiguration = &types.LogConfiguration{LogDriver: "syslog", SecretOptions: named}
		},
	} {
		t.Run(rule, func(t *testing.T) {
			in := webDef("reads")
			edit(&in.ContainerDefinitions[0])
			_, err := w.client.RegisterTaskDefinition(t.Context(), in)
			w.fails(err, "ClientException", want)
			in.ExecutionRoleArn = aws.String(executionRole)
			must(w.client.RegisterTaskDefinition(t.Context(), in))(t)
		})
	}
}

const executionRole = "arn:aws:iam::000000000000:role/execution"

func TestSecretsAskForCapabilities(t *testing.T) {
	w := newWorld(t)
	in := webDef("web")
	in.ExecutionRoleArn = aws.String(executionRole)
	in.ContainerDefinitions[0].Secrets = []types.Secret{{Name: aws.String("A"), ValueFrom: aws.String("/app/db")},
		{Name: aws.String("B"), ValueFrom: aws.String("arn:aws:secretsmanager:us-east-1:000000000000:secret:db")}}
	out := must(w.client.RegisterTaskDefinition(t.Context(), in))(t)
	w.equal(names(out.TaskDefinition.RequiresAttributes, func(a types.Attribute) string { return *a.Name }),
		"[ecs.capability.secrets.asm.environment-variables ecs.capability.secrets.ssm.environment-variables]")
	got := must(w.client.DescribeTaskDefinition(t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("web")}))(t)
	w.equal(*got.TaskDefinition.ContainerDefinitions[0].Secrets[0].ValueFrom, "/app/db")
}

func TestExecutionRoles(t *testing.T) {
	w := newWorld(t)
	in := webDef("web")
	in.ExecutionRoleArn = aws.String("arn:aws:iam::000000000000:role/ecsTaskExecutionRole")
	out := must(w.client.RegisterTaskDefinition(t.Context(), in))(t)
	w.equal(aws.ToString(out.TaskDefinition.ExecutionRoleArn), *in.ExecutionRoleArn)
	for _, bad := range []string{"ecsTaskExecutionRole", "arn:aws:iam::000000000000:user/x", "arn:aws:iam::000000000000:role/", "arn:aws:sts::000000000000:role/x"} {
		in.ExecutionRoleArn = &bad
		_, err := w.client.RegisterTaskDefinition(t.Context(), in)
		w.fails(err, "ClientException", "Role is not valid")
	}
}

// TestLoginsToRegistries: what of repositoryCredentials is refused when a definition is registered.
func TestLoginsToRegistries(t *testing.T) {
	const asm = "arn:aws:secretsmanager:us-east-1:000000000000:secret:login-AbCdEf"
	w := newWorld(t)
	for _, c := range []struct{ rule, image, role, parameter, want string }{
		{"a name", "registry.test/app:1", executionRole, "prod/login", ""},
		{"an ARN", "registry.test/app:1", executionRole, asm, ""},
		{"no role", "registry.test/app:1", "", asm, "Private repository authentication requires that the task definition specify a value for executionRoleArn."},
		{"no secret", "registry.test/app:1", executionRole, "", "The credentialsParameter must not be null or empty for container 'app'."},
		{"a key of a secret", "registry.test/app:1", executionRole, asm + ":password::", "Invalid 'credentialsParameter' setting for container 'app': it is the name or the ARN of a secret."},
		{"a parameter", "registry.test/app:1", executionRole, "arn:aws:ssm:us-east-1:000000000000:parameter/login", "Invalid 'credentialsParameter' setting for container 'app': it is the name or the ARN of a secret."},
		{"Amazon's own registry", "123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1", executionRole, asm, "Private repository credentials are not a supported authentication method for ECR repositories."},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := webDef("private")
			in.ExecutionRoleArn, in.ContainerDefinitions[0].Image = &c.role, &c.image
			in.ContainerDefinitions[0].RepositoryCredentials = &types.RepositoryCredentials{CredentialsParameter: &c.parameter}
			out, err := w.client.RegisterTaskDefinition(t.Context(), in)
			if c.want != "" {
				w.fails(err, "ClientException", c.want)
				return
			}
			d := must(out, err)(t).TaskDefinition
			w.equal(*d.ContainerDefinitions[0].RepositoryCredentials.CredentialsParameter, c.parameter)
			w.equal(names(d.RequiresAttributes, func(a types.Attribute) string { return *a.Name }), "[ecs.capability.private-registry-authentication.secretsmanager]")
		})
	}
}
