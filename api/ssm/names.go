package ssm

import (
	"regexp"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

const (
	maxName   = 1011 // characters of the ARN
	maxLevels = 15
)

var nameForm = regexp.MustCompile(`^/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$`)

// checkName applies the rules of the names of new parameters.
//
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
func checkName(sc model.Scope, name string) error {
	const path = " If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
	bare := strings.ToLower(strings.TrimPrefix(name, "/"))
	isPath := strings.Contains(bare, "/")
	switch {
	case !nameForm.MatchString(name):
		return validation(`Parameter name: can't be prefixed with "ssm" (case-insensitive).%s`, path)
	case strings.HasPrefix(bare, "aws") && isPath:
		return &wire.Error{Code: "AccessDeniedException", Message: "No access to reserved parameter name: " + name + "."}
	case strings.HasPrefix(bare, "ssm") && isPath:
		return validation(`Parameter name: can't be prefixed with "ssm" (case-insensitive).%s`, path)
	case strings.HasPrefix(bare, "aws"), strings.HasPrefix(bare, "ssm"):
		return validation(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`)
	case isPath && name[0] != '/':
		return validation("Parameter name must be a fully qualified name")
	case strings.Count(bare, "/")+1 > maxLevels:
		return &types.HierarchyLevelLimitExceededException{Message: aws.String("A parameter hierarchy can have a maximum of 15 levels.")}
	case len(sc.ParameterARN(name)) > maxName:
		return validation("The length of the parameter name, with its ARN, can't exceed %d characters.", maxName)
	}
	return nil
}

// checkPath applies the rules of the paths of GetParametersByPath.
func checkPath(path string) error {
	if path == "/" || strings.HasPrefix(path, "/") && nameForm.MatchString(strings.TrimSuffix(path, "/")) {
		return nil
	}
	return validation(`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". ` +
		`It can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). ` +
		`Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
}

// below reports whether a name stands in the hierarchy under path, on the next level or on any.
func below(name, path string, recursive bool) bool {
	if path = strings.TrimSuffix(path, "/"); path == "" && !strings.HasPrefix(name, "/") {
		return recursive || !strings.Contains(name, "/")
	}
	rest, ok := strings.CutPrefix(name, path+"/")
	return ok && rest != "" && (recursive || !strings.Contains(rest, "/"))
}
