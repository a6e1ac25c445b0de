package elbv2

import (
	"fmt"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire"
)

// validationError is the code for what the SDK has no type for.
const validationError = "ValidationError"

// invalid is a request that breaks a rule of ELB's.
func invalid(format string, args ...any) error {
	return &wire.Error{Code: validationError, Message: fmt.Sprintf(format, args...)}
}

// unsupported refuses what ELB has and Drydock has not, by name.
func unsupported(format string, args ...any) error {
	return invalid("Drydock does not support "+format+".", args...)
}

func say(format string, args ...any) *string {
	s := fmt.Sprintf(format, args...)
	return &s
}

// constraint is what AWS's front end says of a member that breaks its model.
func constraint(value, member, rule string) error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must %s", value, member, rule)
}

// missing is constraint for a required member that was not given.
func missing(member string) error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// between reports a number outside of least and most; nil passes.
func between(n *int32, member string, least, most int32) error {
	switch {
	case n == nil:
		return nil
	case *n < least:
		return constraint(fmt.Sprint(*n), member, fmt.Sprintf("have value greater than or equal to %d", least))
	case *n > most:
		return constraint(fmt.Sprint(*n), member, fmt.Sprintf("have value less than or equal to %d", most))
	}
	return nil
}

// oneOf reports a value that an enum does not have; the empty value passes.
func oneOf[T ~string](v T, member string, all []T) error {
	names := make([]string, len(all))
	for i, a := range all {
		if v == a {
			return nil
		}
		names[i] = string(a)
	}
	if v == "" {
		return nil
	}
	return constraint(string(v), member, "satisfy enum value set: ["+strings.Join(names, ", ")+"]")
}

// name checks the name of a load balancer or target group; what says which.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func name(what, s string) error {
	if s == "" {
		return invalid("A %s name must be specified", strings.ToLower(what))
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' {
			return invalid("%s name '%s' can only contain characters that are alphanumeric characters or hyphens(-)", what, s)
		}
	}
	switch {
	case len(s) > 32:
		return invalid("%s name '%s' cannot be longer than '32' characters", what, s)
	case strings.HasPrefix(s, "-") || strings.HasSuffix(s, "-"):
		return invalid("%s name '%s' cannot begin or end with a hyphen(-)", what, s)
	}
	return nil
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// firstErr returns the first of errs that is one.
func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
