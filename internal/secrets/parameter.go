package secrets

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Split takes a reference to a parameter apart: its name or ARN, and the version or label after a
// colon, which is empty for the newest version.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
func Split(reference string) (name, selector string) {
	skip := 0
	if a, ok := model.ParseARN(reference); ok {
		skip = len(reference) - len(a.Resource)
	}
	if i := strings.IndexByte(reference[skip:], ':'); i >= 0 {
		return reference[:skip+i], reference[skip+i+1:]
	}
	return reference, ""
}

// FindParameter returns the parameter with a name or an ARN.
func FindParameter(tx *store.Tx, name string) (model.Parameter, bool) {
	a, ok := model.ParseARN(name)
	if !ok {
		return store.Parameters.Get(tx, name)
	}
	path, ok := strings.CutPrefix(a.Resource, "parameter")
	if !ok || a.Service != "ssm" || a.Scope() != tx.Scope() || !strings.HasPrefix(path, "/") {
		return model.Parameter{}, false
	}
	if p, ok := store.Parameters.Get(tx, path); ok {
		return p, true
	}
	return store.Parameters.Get(tx, path[1:])
}

// ParameterVersion returns the version of a parameter that a reference means.
func ParameterVersion(tx *store.Tx, reference string) (model.ParameterVersion, error) {
	name, selector := Split(reference)
	if v, ok := public(tx.Scope(), name); ok && (selector == "" || selector == "1") {
		return v, nil
	}
	p, ok := FindParameter(tx, name)
	if !ok {
		return model.ParameterVersion{}, ParameterNotFound(name)
	}
	number := p.Version
	if selector != "" {
		n, err := strconv.ParseInt(selector, 10, 64)
		label, labelled := p.Labels[selector]
		switch {
		case err == nil:
			number = n
		case labelled:
			number = label
		default:
			return model.ParameterVersion{}, versionNotFound("Systems Manager could not find label %s of %s. Verify the label and try again.", selector, p.Name)
		}
	}
	v, ok := store.ParameterVersions.Get(tx, model.ParameterVersionKey(p.Name, number))
	if !ok {
		return v, versionNotFound("Systems Manager could not find version %d of %s. Verify the version and try again.", number, p.Name)
	}
	return v, nil
}

// ParameterNotFound is the error that names a parameter which is not there.
func ParameterNotFound(name string) error {
	return &types.ParameterNotFound{Message: aws.String("Parameter " + name + " not found.")}
}

func versionNotFound(format string, args ...any) error {
	return &types.ParameterVersionNotFound{Message: aws.String(fmt.Sprintf(format, args...))}
}

// ParameterPlace is where the value of a version stands.
func ParameterPlace(sc model.Scope, v model.ParameterVersion) vault.Place {
	return vault.Place{Scope: sc, Table: store.ParameterVersions.Name(), Key: v.Key(), Member: v.Type}
}

// OpenParameter returns the value of a version.
func OpenParameter(sc model.Scope, vt *vault.Vault, v model.ParameterVersion) (string, error) {
	if value, ok := publics[v.Parameter]; ok {
		return value, nil
	}
	value, err := vt.Open(ParameterPlace(sc, v), v.Value)
	if err != nil {
		return "", &types.InvalidKeyId{Message: aws.String("The value was not encrypted with the data key of this daemon.")}
	}
	return string(value), nil
}
