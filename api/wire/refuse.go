package wire

import (
	"reflect"
	"strconv"
	"strings"
)

// Refuse returns an [Error] with the code that names those of the members that in sets, nil when it
// sets none. Members are dotted paths of wire names from in, a pointer to an input; lists are
// walked, every element of them: "containerDefinitions.firelensConfiguration". The first letter of
// a name may have either case. A path that in's type does not have is a mistake and panics.
//
// A member is set when it asks for something: null, false, an empty string, list or map, and a
// structure that sets nothing ask for nothing. A zero that was given where none need be is set.
func Refuse(in any, code string, members ...string) error {
	if set := Set(in, members...); len(set) > 0 {
		return refused(code, set)
	}
	return nil
}

// Set returns which of the members in sets, as Refuse has it: "containerDefinitions[0].links".
func Set(in any, members ...string) []string {
	var found []string
	for _, m := range members {
		found = walk(found, reflect.ValueOf(in), "", strings.Split(m, "."))
	}
	return found
}

func refused(code string, members []string) error {
	what := "the parameter "
	if len(members) > 1 {
		what = "the parameters "
	}
	return &Error{Code: code, Message: "Drydock does not support " + what + strings.Join(members, ", ") + "."}
}

// walk follows path from v and adds where it ends at something set.
func walk(found []string, v reflect.Value, at string, path []string) []string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			if v.Kind() == reflect.Pointer {
				mustHave(v.Type(), path)
			}
			return found
		}
		return walk(found, v.Elem(), at, path)
	case reflect.Slice:
		if len(path) == 0 {
			break
		}
		mustHave(v.Type(), path)
		for i := range v.Len() {
			found = walk(found, v.Index(i), at+"["+strconv.Itoa(i)+"]", path)
		}
		return found
	}
	if len(path) == 0 {
		if set(v, false) {
			found = append(found, at)
		}
		return found
	}
	f := mustHave(v.Type(), path[:1])
	name := path[0]
	if at != "" {
		name = at + "." + name
	}
	next := v.FieldByIndex(f.Index)
	if len(path) == 1 {
		if set(next, false) {
			found = append(found, name)
		}
		return found
	}
	return walk(found, next, name, path[1:])
}

// mustHave returns the field at the end of path below t.
func mustHave(t reflect.Type, path []string) (f reflect.StructField) {
	for _, name := range path {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		var ok bool
		if t.Kind() == reflect.Struct {
			f, ok = fieldNamed(t, name)
		}
		if !ok {
			panic("wire: " + t.String() + " has no member " + name)
		}
		t = f.Type
	}
	return f
}

func fieldNamed(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		if member(f) && (upperFirst(pascalName(f)) == upperFirst(name) || ec2Request(f) == upperFirst(name)) {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// set reports whether v asks for something. given is true below a pointer.
func set(v reflect.Value, given bool) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && set(v.Elem(), true)
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() > 0
	case reflect.Bool:
		return v.Bool()
	case reflect.Struct:
		if v.Type() == timeType {
			return true
		}
		for i := range v.NumField() {
			if member(v.Type().Field(i)) && set(v.Field(i), false) {
				return true
			}
		}
		return false
	}
	return given || !v.IsZero()
}
