package ssm

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	maxStandard = 4 << 10
	maxAdvanced = 8 << 10
	maxVersions = 100
	// maxParameters is how many Standard parameters a region has. Advanced ones are not limited here.
	//
	// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
	maxParameters = 10000
	defaultKey    = "alias/aws/ssm"
)

func (o Options) putParameter(tx *store.Tx, in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	if err := wire.Refuse(in, refusal, "Policies"); err != nil {
		return nil, err
	}
	if err := checkPut(tx, in); err != nil {
		return nil, err
	}
	name := strings.TrimSpace(*in.Name)
	p, there := store.Parameters.Get(tx, name)
	last, _ := store.ParameterVersions.Get(tx, model.ParameterVersionKey(name, p.Version))
	v, err := newVersion(tx, in, name, last, there)
	if err != nil {
		return nil, err
	}
	if p, err = renew(tx, p, v); err != nil {
		return nil, err
	}
	if !there {
		if p.Tags, err = mergeTags(nil, in.Tags); err != nil {
			return nil, err
		}
	}
	v.Value = o.Vault.Seal(secrets.ParameterPlace(tx.Scope(), v), []byte(*in.Value))
	store.Parameters.Put(tx, p)
	store.ParameterVersions.Put(tx, v)
	return &ssm.PutParameterOutput{Version: v.Version, Tier: types.ParameterTier(v.Tier)}, nil
}

// checkPut applies the rules that need no look at what is there.
func checkPut(tx *store.Tx, in *ssm.PutParameterInput) error {
	if err := required("name", in.Name); err != nil {
		return err
	}
	if in.Value == nil {
		return breaks("null ", "value", "not be null")
	}
	for _, l := range []struct {
		member string
		value  *string
		least  int
		most   int
	}{{"value", in.Value, 1, 32768}, {"description", in.Description, 0, 1024}, {"allowedPattern", in.AllowedPattern, 0, 1024}} {
		if err := checkLength(l.member, l.value, l.least, l.most); err != nil {
			return err
		}
	}
	switch d := aws.ToString(in.DataType); {
	case in.Type != "" && !slices.Contains(in.Type.Values(), in.Type):
		return breaks(quoted(string(in.Type)), "type", "satisfy enum value set: [SecureString, StringList, String]")
	case in.Tier != "" && !slices.Contains(in.Tier.Values(), in.Tier):
		return breaks(quoted(string(in.Tier)), "tier", "satisfy enum value set: [Standard, Advanced, Intelligent-Tiering]")
	case strings.Contains(*in.Value, "{{") && strings.Contains(*in.Value, "}}"):
		return validation(`Parameter value can't nest another parameter. Do not use "{{}}" in the value.`)
	case d == "aws:ssm:integration":
		return validation("Drydock does not support the parameter DataType aws:ssm:integration.")
	case d != "" && d != "text" && d != model.DataTypeImage:
		return validation("The following data type is not supported: %s. Supported data types: [text, aws:ec2:image, aws:ssm:integration].", d)
	case aws.ToBool(in.Overwrite) && len(in.Tags) > 0:
		return validation("Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. " +
			"To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	return checkName(tx.Scope(), strings.TrimSpace(*in.Name))
}

// checkData sets the data type, which a new version has of the last one unless it says so. Of the id of an image AWS
// checks the form, and that there is such an image: here there is any.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-ec2-aliases.html
func checkData(v *model.ParameterVersion, in *ssm.PutParameterInput, last model.ParameterVersion) error {
	v.DataType = last.DataType
	switch d := aws.ToString(in.DataType); d {
	case "":
	case "text":
		v.DataType = ""
	default:
		v.DataType = d
	}
	switch {
	case v.DataType == "":
		return nil
	case v.Type != string(types.ParameterTypeString):
		return validation("The data type %s is supported for parameters of the type String only.", v.DataType)
	case !model.IsImage(*in.Value):
		return validation("The value of a parameter of the data type %s must be the ID of an Amazon Machine Image, such as ami-12345abcdeEXAMPLE.", v.DataType)
	}
	return nil
}

// newVersion returns the version that a call makes, without its value; last is the newest there is.
func newVersion(tx *store.Tx, in *ssm.PutParameterInput, name string, last model.ParameterVersion, there bool) (v model.ParameterVersion, err error) {
	switch {
	case there && !aws.ToBool(in.Overwrite):
		return v, &types.ParameterAlreadyExists{Message: aws.String("The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")}
	case !there && in.Type == "":
		return v, validation("A parameter type is required when you create a parameter.")
	case there && in.Type != "" && string(in.Type) != last.Type:
		return v, &types.HierarchyTypeMismatchException{Message: aws.String("Parameter Store doesn't support changing a parameter type in a hierarchy. " +
			"For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.")}
	}
	v = model.ParameterVersion{Parameter: name, Version: last.Version + 1, Type: string(in.Type), Description: last.Description,
		AllowedPattern: aws.ToString(in.AllowedPattern), Modified: tx.Now(), User: tx.Caller().ARN}
	if v.Type == "" {
		v.Type = last.Type
	}
	if in.Description != nil {
		v.Description = *in.Description
	}
	if err := checkData(&v, in, last); err != nil {
		return v, err
	}
	if v.KMSKey, err = key(tx.Scope(), in.KeyId, v.Type); err != nil {
		return v, err
	}
	if err := checkPattern(v.AllowedPattern, *in.Value); err != nil {
		return v, err
	}
	v.Tier, err = tier(in.Tier, last.Tier, *in.Value)
	return v, err
}

// key lets through the one key there is.
func key(sc model.Scope, id *string, typ string) (string, error) {
	switch k := aws.ToString(id); {
	case k != "" && typ != string(types.ParameterTypeSecureString):
		return "", validation("KeyId is required for SecureString type parameter only.")
	case k != "" && k != defaultKey && k != sc.ARN("kms", defaultKey):
		return "", validation("Drydock does not support the parameter KeyId other than %s: leave it out.", defaultKey)
	case typ == string(types.ParameterTypeSecureString):
		return defaultKey, nil
	}
	return "", nil
}

// checkPattern holds a value against its pattern.
func checkPattern(pattern, value string) error {
	if pattern == "" {
		return nil
	}
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return &types.InvalidAllowedPatternException{Message: aws.String("The request does not meet the regular expression requirement.")}
	}
	if !re.MatchString(value) {
		return &types.ParameterPatternMismatchException{Message: aws.String("Parameter value, cannot be validated against allowedPattern: " + pattern)}
	}
	return nil
}

// tier returns the tier of a new version. There is no way back from Advanced.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
func tier(asked types.ParameterTier, last, value string) (string, error) {
	const standard, advanced = string(types.ParameterTierStandard), string(types.ParameterTierAdvanced)
	n, is := utf8.RuneCountInString(value), string(asked)
	switch {
	case asked == types.ParameterTierStandard && last == advanced:
		return "", validation("This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. " +
			"If necessary, you can delete the advanced parameter and recreate it as a standard parameter.")
	case last == advanced, asked == types.ParameterTierIntelligentTiering && n > maxStandard:
		is = advanced
	case asked == types.ParameterTierIntelligentTiering || asked == "":
		is = standard
	}
	switch {
	case is == standard && n > maxStandard:
		return "", validation("Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the " +
			"advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html")
	case n > maxAdvanced:
		return "", validation("Advanced tier parameters support a maximum parameter value of 8192 characters.")
	}
	return is, nil
}

// renew returns the parameter with v as its newest version. The oldest version goes when there are too
// many, unless a label holds it.
func renew(tx *store.Tx, p model.Parameter, v model.ParameterVersion) (model.Parameter, error) {
	if p.Name == "" && v.Tier == string(types.ParameterTierStandard) && store.StandardParameters.Get(tx, "") >= maxParameters {
		return p, &types.ParameterLimitExceeded{Message: aws.String("You have exceeded the number of parameters for this AWS account. Delete one or more parameters and try again.")}
	}
	oldest, n := model.ParameterVersion{}, 0
	for o := range store.ParameterVersions.From(tx, model.ParameterVersionPrefix(v.Parameter), "") {
		if n++; n == 1 {
			oldest = o
		}
	}
	if n >= maxVersions {
		if len(p.LabelsOf(oldest.Version)) > 0 {
			return p, &types.ParameterMaxVersionLimitExceeded{Message: aws.String("You attempted to create a new version of " + v.Parameter +
				" by calling the PutParameter API with the overwrite flag. Version " + number(oldest.Version) +
				", the oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the parameter, and try again.")}
		}
		store.ParameterVersions.Delete(tx, oldest.Key())
	}
	p.Name, p.Version, p.Tier = v.Parameter, v.Version, v.Tier
	return p, nil
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
