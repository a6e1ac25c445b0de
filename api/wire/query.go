package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// readForm reads what stands under one name into a settable value. left counts down what lists may
// still take; see maxSpace.
type readForm func(n *node, name string, v reflect.Value, left *int) error

// formReader reads forms into structs, as awsQuery or as ec2Query has them.
type formReader struct {
	plans[readForm]
	flat bool
	dot  string // between a list and the number of its element
}

func newFormReader(flat bool, name func(reflect.StructField) string) *formReader {
	q := &formReader{plans[readForm]{name: name}, flat, ".member."}
	if flat {
		q.dot = "."
	}
	q.plans.compile = q.compile
	return q
}

// read fills the struct that in points to. Parameters that it does not have are tolerated.
func (q *formReader) read(f form, in any) error {
	root, err := f.tree()
	if err != nil {
		return err
	}
	v, left := reflect.ValueOf(in).Elem(), maxSpace
	return q.structure(v.Type())(root, "", v, &left)
}

func (q *formReader) compile(t reflect.Type) readForm {
	switch t.Kind() {
	case reflect.Pointer:
		elem, read := t.Elem(), q.compile(t.Elem())
		return func(n *node, name string, v reflect.Value, left *int) error {
			v.Set(reflect.New(elem))
			return read(n, name, v.Elem(), left)
		}
	case reflect.Struct:
		if t == timeType {
			return leaf(parseTime)
		}
		return q.structure(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return leaf(parseBlob)
		}
		return q.list(t)
	case reflect.Map:
		return q.dictionary(t)
	case reflect.String:
		return leaf(func(s string, v reflect.Value) bool { v.SetString(s); return true })
	case reflect.Bool:
		return leaf(parseBool)
	case reflect.Int, reflect.Int32, reflect.Int64:
		return leaf(parseInt)
	case reflect.Float32, reflect.Float64:
		return leaf(parseFloat)
	}
	return func(_ *node, name string, _ reflect.Value, _ *int) error { return under(name, unsupported{}) }
}

func (q *formReader) structure(t reflect.Type) readForm {
	plan := q.of(t)
	return func(n *node, name string, v reflect.Value, left *int) error {
		p := plan()
		for i := range p.fields {
			f := &p.fields[i]
			kid, ok := n.kids[f.name]
			if !ok {
				continue
			}
			full := f.name
			if name != "" {
				full = name + "." + f.name
			}
			if err := f.code(kid, full, v.Field(f.index), left); err != nil {
				return err
			}
		}
		return nil
	}
}

func (q *formReader) list(t reflect.Type) readForm {
	read, size := q.compile(t.Elem()), int(t.Elem().Size())
	return func(n *node, name string, v reflect.Value, left *int) error {
		es, err := q.elements(n, name)
		if err != nil {
			return err
		}
		if *left -= size * len(es); *left < 0 {
			return &Error{Code: "MalformedQueryString", Message: "The list " + name + " is too long."}
		}
		v.Set(reflect.MakeSlice(t, len(es), len(es)))
		for i, e := range es {
			if err := read(e, name+q.dot+strconv.Itoa(i+1), v.Index(i), left); err != nil {
				return err
			}
		}
		return nil
	}
}

// elements returns the elements of a list. The empty list is a name with an empty value.
func (q *formReader) elements(n *node, name string) ([]*node, error) {
	if n.value != "" {
		return nil, &Error{Code: "MalformedQueryString", Message: "The parameter " + clip(name) + " has a value where a list is expected."}
	}
	if q.flat {
		return n.elements(name)
	}
	for k := range n.kids {
		if k != "member" {
			return nil, &Error{Code: "MalformedQueryString", Message: "The parameter " + clip(name+"."+k) + " is not written as an element of a list: " + name + ".member.N."}
		}
	}
	if members := n.kids["member"]; members != nil {
		return members.elements(name + ".member")
	}
	return nil, nil
}

// dictionary reads Name.entry.N.key and Name.entry.N.value.
func (q *formReader) dictionary(t reflect.Type) readForm {
	read, elem := q.compile(t.Elem()), t.Elem()
	return func(n *node, name string, v reflect.Value, left *int) error {
		if name += ".entry"; n.kids["entry"] == nil {
			return nil
		}
		es, err := n.kids["entry"].elements(name)
		if err != nil {
			return err
		}
		m := reflect.MakeMapWithSize(t, len(es))
		for i, e := range es {
			full := name + "." + strconv.Itoa(i+1)
			key, value := e.kids["key"], e.kids["value"]
			if key == nil || !key.set || value == nil {
				return &Error{Code: "MalformedQueryString", Message: "The parameter " + full + " lacks its key or value."}
			}
			ev := reflect.New(elem).Elem()
			if err := read(value, full+".value", ev, left); err != nil {
				return err
			}
			m.SetMapIndex(reflect.ValueOf(key.value).Convert(t.Key()), ev)
		}
		v.Set(m)
		return nil
	}
}

// leaf reads a parameter with a value of its own.
func leaf(parse func(string, reflect.Value) bool) readForm {
	return func(n *node, name string, v reflect.Value, _ *int) error {
		if !n.set {
			return &Error{Code: "MalformedQueryString", Message: "The parameter " + clip(name) + " has members where a value is expected."}
		}
		if !parse(n.value, v) {
			return &Error{Code: "InvalidParameterValue",
				Message: "Value (" + clip(n.value) + ") for parameter " + clip(name) + " is invalid. Expected: " + kindName(v.Type()) + "."}
		}
		return nil
	}
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "Boolean"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "Integer"
	case reflect.Float32, reflect.Float64:
		return "Double"
	case reflect.Slice:
		return "base64"
	}
	return "Timestamp"
}

func parseBool(s string, v reflect.Value) bool {
	switch strings.ToLower(s) {
	case "true":
		v.SetBool(true)
	case "false":
		v.SetBool(false)
	default:
		return false
	}
	return true
}

func parseInt(s string, v reflect.Value) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || v.OverflowInt(n) {
		return false
	}
	v.SetInt(n)
	return true
}

func parseFloat(s string, v reflect.Value) bool {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || v.OverflowFloat(f) {
		return false
	}
	v.SetFloat(f)
	return true
}

// parseTime reads ISO 8601 or seconds since 1970.
func parseTime(s string, v reflect.Value) bool {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		f, ferr := strconv.ParseFloat(s, 64)
		if ferr != nil || math.IsNaN(f) || math.Abs(f) > 253402300799 {
			return false
		}
		t = time.UnixMilli(int64(math.Round(f * 1000)))
	}
	v.Set(reflect.ValueOf(t.UTC()))
	return true
}

func parseBlob(s string, v reflect.Value) bool {
	b, err := base64.StdEncoding.DecodeString(s)
	if err == nil {
		v.SetBytes(b)
	}
	return err == nil
}
