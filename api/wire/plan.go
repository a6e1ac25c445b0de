package wire

import (
	"reflect"
	"strings"
	"sync"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// plans compiles every struct type to a list of its members, once. F is what a codec needs for a
// value: a function that reads or writes it.
type plans[F any] struct {
	name    func(reflect.StructField) string
	compile func(reflect.Type) F
	byType  sync.Map // reflect.Type to *plan[F]
}

// plan is one struct type as a codec sees it.
type plan[F any] struct {
	once   sync.Once
	fields []field[F]
	byName map[string]int // place in fields
}

// field is one member of a struct.
type field[F any] struct {
	index  int
	name   string
	quoted string // `"name":`, for JSON
	code   F
	omit   func(reflect.Value) bool // leaves the member out of an answer
}

// of returns the plan of a struct type. It is filled at the first use, so that types may contain
// themselves.
func (ps *plans[F]) of(t reflect.Type) func() *plan[F] {
	found, ok := ps.byType.Load(t)
	if !ok {
		found, _ = ps.byType.LoadOrStore(t, &plan[F]{})
	}
	p := found.(*plan[F])
	return func() *plan[F] {
		p.once.Do(func() { ps.fill(p, t) })
		return p
	}
}

func (ps *plans[F]) fill(p *plan[F], t reflect.Type) {
	p.byName = make(map[string]int, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if !member(f) {
			continue
		}
		name := ps.name(f)
		if lower[t.Name()] {
			name = lowerFirst(name)
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, field[F]{index: i, name: name, quoted: `"` + name + `":`,
			code: ps.compile(f.Type), omit: omitted(f.Type)})
	}
}

// member reports whether a struct field is a modelled member.
func member(f reflect.StructField) bool {
	return f.IsExported() && f.Name != "ResultMetadata" && f.Tag.Get("wire") != "-"
}

// omitted says when a member is left out of an answer: nil pointers, nil lists and nil maps, and
// empty strings, which only enums are without a pointer. Bare numbers and booleans are always
// there: clients index runningCount.
func omitted(t reflect.Type) func(reflect.Value) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return reflect.Value.IsNil
	case reflect.String:
		return func(v reflect.Value) bool { return v.Len() == 0 }
	}
	return func(reflect.Value) bool { return false }
}

// The names of a field in the protocols.

func camelName(f reflect.StructField) string {
	if tag := f.Tag.Get("wire"); tag != "" {
		return tag
	}
	if upper[f.Name] {
		return f.Name
	}
	return lowerFirst(f.Name)
}

// upper are the members that begin upper case where all others begin lower case.
//
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeDestinations.html
var upper = map[string]bool{"DestinationNamePrefix": true}

// lower are the types whose members begin lower case where those of all others begin upper case.
//
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_PolicyDescriptorType.html
var lower = map[string]bool{"PolicyDescriptorType": true}

func pascalName(f reflect.StructField) string {
	if tag := f.Tag.Get("wire"); tag != "" {
		return tag
	}
	return f.Name
}

func ec2Request(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("wire"), ",")
	if name == "" {
		name = f.Name
	}
	return upperFirst(name)
}

func ec2Answer(f reflect.StructField) string {
	name, answer, ok := strings.Cut(f.Tag.Get("wire"), ",")
	switch {
	case ok && answer != "":
		return answer
	case name == "":
		name = f.Name
	}
	return lowerFirst(name)
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
