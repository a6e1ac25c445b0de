package gate

import (
	"github.com/drydock-ecs/drydock/internal/secrets"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The execution role of a task definition must be allowed to read the secrets in it, and who registers
// or runs it must be allowed to pass that role. A definition without an execution role, which Drydock
// takes on EC2, has nobody to read for it: who registers or runs it must be allowed to read them. So
// nobody reads by a task what it may not read itself.

// namedSecrets are the permissions for the secrets of a task definition that is registered.
func namedSecrets(a *asking) []need {
	if a.text("ExecutionRoleArn") != "" {
		return nil
	}
	return a.readable(append(a.texts("ContainerDefinitions.Secrets.ValueFrom"), a.texts("ContainerDefinitions.LogConfiguration.SecretOptions.ValueFrom")...))
}

// secretsToRun are those for the secrets of the task definition that is to be run.
func secretsToRun(a *asking) []need {
	d, ok := a.definition()
	if !ok || d.Doc.ExecutionRoleArn != nil || a.text("Overrides.ExecutionRoleArn") != "" {
		return nil
	}
	var refs []string
	add := func(list []types.Secret) {
		for _, s := range list {
			if s.ValueFrom != nil {
				refs = append(refs, *s.ValueFrom)
			}
		}
	}
	for _, c := range d.Doc.ContainerDefinitions {
		add(c.Secrets)
		if c.LogConfiguration != nil {
			add(c.LogConfiguration.SecretOptions)
		}
	}
	return a.readable(refs)
}

// readable are the permissions to read what references name. What is no reference is told by ECS.
func (a *asking) readable(refs []string) (all []need) {
	for _, text := range refs {
		ref, err := secrets.ParseReference(text)
		if err != nil {
			continue
		}
		n := need{action: "ssm:GetParameters", resource: ref.Secret}
		switch {
		case ref.Secret == "":
			n.resource = a.parameter(ref.Parameter)
		default:
			n.action = "secretsmanager:GetSecretValue"
			if s, err := secrets.Find(a.tx.In(ref.Scope(a.sc)), ref.Secret); err == nil {
				n.resource = s.ARN(ref.Scope(a.sc))
			}
		}
		n.keys = a.resourceTags(n.resource)
		all = append(all, n)
	}
	return all
}
