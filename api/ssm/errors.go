package ssm

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/drydock-ecs/drydock/api/wire"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// refusal is the code with which members that do not act are refused.
const refusal = "ValidationException"

// validation is the error that most breaches of rules are told with. It has no type in the SDK.
func validation(format string, args ...any) error {
	return &wire.Error{Code: "ValidationException", Message: fmt.Sprintf(format, args...)}
}

// breaks words the breach of a constraint of the service's model.
func breaks(value, member, constraint string) error {
	return validation("1 validation error detected: Value %sat '%s' failed to satisfy constraint: Member must %s", value, member, constraint)
}

func quoted(s string) string { return "'" + s + "' " }

// checkLength refuses a member that is given and not between least and most characters long. Values of
// parameters are left out of the error.
func checkLength(member string, p *string, least, most int) error {
	if p == nil {
		return nil
	}
	value := quoted(*p)
	if member == "value" {
		value = ""
	}
	switch n := utf8.RuneCountInString(*p); {
	case n < least:
		return breaks(value, member, "have length greater than or equal to "+strconv.Itoa(least))
	case n > most:
		return breaks(value, member, "have length less than or equal to "+strconv.Itoa(most))
	}
	return nil
}

func required(member string, p *string) error {
	if p == nil {
		return breaks("null ", member, "not be null")
	}
	return checkLength(member, p, 1, 2048)
}

func invalidKey(format string, args ...any) error {
	return &types.InvalidFilterKey{Message: aws.String(fmt.Sprintf(format, args...))}
}

func invalidValue(format string, args ...any) error {
	return &types.InvalidFilterValue{Message: aws.String(fmt.Sprintf(format, args...))}
}
