package logs

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// constraint words what a member may not be, as the service's own checks of a request do.
func constraint(value, member, must string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, must)
}

func noGroup() error {
	return &types.ResourceNotFoundException{Message: aws.String("The specified log group does not exist.")}
}

func noStream() error {
	return &types.ResourceNotFoundException{Message: aws.String("The specified log stream does not exist.")}
}

// The forms of names.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html and API_CreateLogStream.html
var (
	groupForm  = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]+$`)
	streamForm = regexp.MustCompile(`^[^:*]*$`)
)

const mostName = 512

func checkGroupName(name *string) (string, error) {
	return checkName(name, "logGroupName", groupForm)
}

func checkStreamName(name *string) (string, error) {
	return checkName(name, "logStreamName", streamForm)
}

func checkName(name *string, member string, form *regexp.Regexp) (string, error) {
	switch {
	case name == nil:
		return "", null(member)
	case *name == "":
		return "", constraint("", member, "have length greater than or equal to 1")
	case utf8.RuneCountInString(*name) > mostName:
		return "", constraint(*name, member, fmt.Sprintf("have length less than or equal to %d", mostName))
	case !form.MatchString(*name) || strings.ContainsRune(*name, 0):
		return "", constraint(*name, member, "satisfy regular expression pattern: "+strings.Trim(form.String(), "^$"))
	}
	return *name, nil
}

// checkLimit returns a limit, standard if none was given.
func checkLimit(limit *int32, standard, most int) (int, error) {
	switch {
	case limit == nil:
		return standard, nil
	case *limit < 1:
		return 0, constraint(fmt.Sprint(*limit), "limit", "have value greater than or equal to 1")
	case int(*limit) > most:
		return 0, constraint(fmt.Sprint(*limit), "limit", fmt.Sprintf("have value less than or equal to %d", most))
	}
	return int(*limit), nil
}

// group returns the group with the name.
func group(tx *store.Tx, name *string) (g model.LogGroup, err error) {
	n, err := checkGroupName(name)
	if err != nil {
		return g, err
	}
	g, ok := store.LogGroups.Get(tx, n)
	if !ok {
		return g, noGroup()
	}
	return g, nil
}

// eitherGroup returns the group that one of name and identifier names; an identifier is a name or an ARN without :*.
func eitherGroup(tx *store.Tx, name, identifier *string) (g model.LogGroup, err error) {
	switch {
	case name != nil && identifier != nil:
		return g, invalid("LogGroupName and LogGroupIdentifier are mutually exclusive parameters.")
	case identifier == nil:
		return group(tx, name)
	case !identifierForm.MatchString(*identifier): // such as an ARN that ends with :*
		return g, constraint(*identifier, "logGroupIdentifier", "satisfy regular expression pattern: "+strings.Trim(identifierForm.String(), "^$"))
	}
	n, ok := identified(tx, *identifier)
	if !ok {
		return g, noGroup()
	}
	return group(tx, &n)
}

// identified returns the name in an identifier, and whether it is of this account and region.
func identified(tx *store.Tx, identifier string) (name string, ok bool) {
	a, isARN := model.ParseARN(identifier)
	if !isARN {
		return identifier, true
	}
	name, ok = strings.CutPrefix(a.Resource, "log-group:")
	return strings.TrimSuffix(name, ":*"), ok && a.Service == "logs" && a.Scope() == tx.Scope()
}

// token and untoken hide where a listing goes on.
func token(after string) *string {
	return aws.String(base64.RawURLEncoding.EncodeToString([]byte(after)))
}

func untoken(t *string) (after string, err error) {
	if aws.ToString(t) == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(*t)
	if err != nil || len(raw) == 0 {
		return "", badToken()
	}
	return string(raw), nil
}

func badToken() error { return invalid("The specified nextToken is invalid.") }
