package model

import (
	"fmt"
	"regexp"
	"strings"
)

// Attribute is a name with an optional value.
type Attribute struct{ Name, Value string }

// MaxCustomAttributes is how many attributes that are not the agent's an instance can have.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PutAttributes.html
const MaxCustomAttributes = 10

var (
	attributeName  = regexp.MustCompile(`^[A-Za-z0-9_./\\-]{1,128}$`)
	attributeValue = regexp.MustCompile(`^[A-Za-z0-9_./\\:@ -]{0,128}$`)
)

// Custom reports whether others than the agent may set a.
func (a Attribute) Custom() bool {
	return !strings.HasPrefix(a.Name, "ecs.") && !strings.HasPrefix(a.Name, "com.amazonaws.")
}

// Problem says, as ECS does, why a client cannot set a; empty when it can.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Attribute.html
func (a Attribute) Problem() string {
	switch {
	case !attributeName.MatchString(a.Name):
		return fmt.Sprintf("Invalid attribute name: %q", a.Name)
	case !attributeValue.MatchString(a.Value) || strings.TrimSpace(a.Value) != a.Value:
		return fmt.Sprintf("Invalid attribute value: %q", a.Value)
	case !a.Custom():
		return "Attribute names that begin with ecs. or com.amazonaws. are reserved: " + a.Name
	}
	return ""
}
