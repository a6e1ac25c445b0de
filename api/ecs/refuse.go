package ecs

import (
	"reflect"
	"strconv"
	"strings"
)

// support says which members of one SDK struct act here. A member that is not named is refused by
// name when a request sets it, so that members which later SDK versions add are refused as well.
type support map[string]bool

func members(names string) support {
	s := support{}
	for _, n := range strings.Fields(names) {
		s[n] = true
	}
	return s
}

// why adds to a refusal what the caller can do about it.
var why = map[string]string{
	"EnvironmentFiles":     "pass the values by environment.",
	"EnableExecuteCommand": "use docker exec on the container's runtimeId.",
	"Role":                 "target groups need no role; remove it.",
}

// unsupported returns the first member of the struct v that is set and has no effect here, as a
// dotted path below prefix with the wire's first letter, and a hint. The path is empty when all is
// well. Lists are walked; structs that table does not know are taken whole.
func unsupported(v any, table map[reflect.Type]support, prefix string) (path, hint string) {
	return unsupportedIn(reflect.ValueOf(v), table, prefix)
}

func unsupportedIn(v reflect.Value, table map[reflect.Type]support, prefix string) (path, hint string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return "", ""
		}
		return unsupportedIn(v.Elem(), table, prefix)
	case reflect.Slice:
		for i := range v.Len() {
			if p, h := unsupportedIn(v.Index(i), table, prefix+"["+strconv.Itoa(i)+"]"); p != "" {
				return p, h
			}
		}
		return "", ""
	case reflect.Struct:
		return unsupportedMember(v, table, prefix)
	}
	return "", ""
}

func unsupportedMember(v reflect.Value, table map[reflect.Type]support, prefix string) (path, hint string) {
	acts, known := table[v.Type()]
	if !known {
		return "", ""
	}
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if !v.Type().Field(i).IsExported() || name == "ResultMetadata" || !isSet(v.Field(i)) {
			continue
		}
		at := wireName(prefix, name)
		if !acts[name] {
			return at, why[name]
		}
		if p, h := unsupportedIn(v.Field(i), table, at); p != "" {
			return p, h
		}
	}
	return "", ""
}

// isSet reports whether a member asks for anything: false, 0, "", empty lists and structs of only
// such members are what clients send for "not set".
func isSet(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && isSet(v.Elem())
	case reflect.Slice, reflect.Map:
		return v.Len() > 0
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && isSet(v.Field(i)) {
				return true
			}
		}
		return false
	}
	return !v.IsZero()
}

func wireName(prefix, field string) string {
	name := strings.ToLower(field[:1]) + field[1:]
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// refuse returns an InvalidParameterException for the first member of in that is set and does not
// act here.
func refuse(in any, acts support) error {
	t := reflect.TypeOf(in).Elem()
	return refuseIn(in, map[reflect.Type]support{t: acts})
}

func refuseIn(in any, table map[reflect.Type]support) error {
	if path, hint := unsupported(in, table, ""); path != "" {
		return invalid("%s", notSupported("the parameter "+path, hint))
	}
	return nil
}

// notSupported words a refusal: what is asked for in vain and, if there is a hint, what to do.
func notSupported(what, hint string) string {
	if hint == "" {
		return "Drydock does not support " + what + "."
	}
	return "Drydock does not support " + what + ": " + hint
}
