package ec2

import (
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
)

// image returns the AMI id of an image: any, or what a parameter of Systems Manager says that is named as
// resolve:ssm:NAME, with a version or label after a colon, or by its ARN. Whether the caller may read it was
// asked before.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
func (o Options) image(tx *store.Tx, id string) (string, error) {
	name, alias := strings.CutPrefix(id, "resolve:ssm:")
	switch {
	case id == "":
		return "", missing("ImageId")
	case alias:
		return o.resolved(tx, name)
	case !model.IsImage(id):
		return "", fail("InvalidAMIID.Malformed", "Invalid id: \"%s\" (expecting \"ami-...\")", id)
	}
	return id, nil
}

// resolved is the image that a parameter names. Parameters of one's own must be of the data type for it.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html; the errors as in
// https://github.com/aws/aws-cdk/issues/26712
func (o Options) resolved(tx *store.Tx, name string) (string, error) {
	v, err := secrets.ParameterVersion(tx, name)
	if err != nil {
		return "", fail("SsmInvalidParameter", "The following aliases are invalid: %s", name)
	}
	value, err := secrets.OpenParameter(tx.Scope(), o.Vault, v)
	if err != nil {
		return "", err
	}
	if v.DataType != model.DataTypeImage && !secrets.Public(v.Parameter) || !model.IsImage(value) {
		return "", fail("SsmInvalidParameter", "Unsupported data type. The following parameter data types are supported: aws:ec2:image")
	}
	return value, nil
}
