// Package optable is for tests of the APIs: it walks every operation of a service's SDK and every
// member of its input, and complains of what is neither read nor refused by name. What it finds it
// writes as a page of the docs, so that the page cannot be out of date.
package optable

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
)

// Table is one service.
type Table struct {
	Service string       // the directory below api, and in the page's name
	Title   string       // as in "Operations of Amazon ECS"
	Tail    string       // the end of the page
	Client  reflect.Type // a pointer to the SDK's client
	Pascal  bool         // members keep their first letter upper case

	Ops   map[string]wire.Op // those that act
	Known []string           // those that are refused by name

	Readers []string                      // packages in which members of requests are read, here or out of what was stored
	Echoed  map[string]string             // members that nothing reads by design, as "Struct.Member", and why
	Values  map[string][]string           // values that are refused of members that act, by operation, in words
	Least   map[reflect.Type]func() any   // inputs of operations that look at other members before they refuse one
	Why     func(operation string) string // why an operation is refused
	Listed  []map[reflect.Type]Members    // structs whose members are refused unless they are named
	Call    wire.Call                     // with which refusals are tried
}

// Members of a struct by Go name.
type Members = map[string]bool

// Path is where the page stands, seen from the test of the API.
func (tb Table) path() string { return "../../docs/operations-" + tb.Service + ".md" }

// Check checks every operation and compares the page; with update it writes the page.
func (tb Table) Check(t *testing.T, update bool) {
	t.Helper()
	if tb.Call.Scope == (model.Scope{}) {
		tb.Call.Scope = model.Scope{Account: "000000000000", Region: "us-east-1"}
	}
	w := walker{t, tb, selections(t, tb.Readers, "/service/"+sdkName(tb.Client))}
	var doc bytes.Buffer
	fmt.Fprintf(&doc, head, tb.Title, tb.Title, "go test ./api/"+tb.Service+" -run TestOperationsTable -update")
	for _, name := range operationNames(tb.Client) {
		w.operation(&doc, name)
	}
	doc.WriteString(tb.Tail)
	if update {
		if err := os.WriteFile(tb.path(), doc.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have, err := os.ReadFile(tb.path()); err != nil || !bytes.Equal(have, doc.Bytes()) {
		t.Errorf("%s is stale (%v); write it anew: go test ./api/%s -run TestOperationsTable -update", tb.path(), err, tb.Service)
	}
}

const head = `# Operations of %s

Every operation of the API of %s, as of the SDK that Drydock is built with. *Acts* means that every
parameter has its effect; *acts except* names the parameters and values that are refused with an
error that names them; *refused* operations answer an error that names the operation. Nothing is
accepted and ignored.

This page is written by a test that reads the code: ` + "`%s`" + `.

| Operation | State | Refused |
|---|---|---|
`

// operationNames returns those of the SDK's client, sorted.
func operationNames(client reflect.Type) (names []string) {
	for m := range client.Methods() {
		if m.Type.NumIn() > 2 && m.Type.In(2).Kind() == reflect.Pointer && m.Type.In(2).Elem().Name() == m.Name+"Input" {
			names = append(names, m.Name)
		}
	}
	return names
}

// sdkName is the last part of the SDK's package.
func sdkName(client reflect.Type) string {
	path := client.Elem().PkgPath()
	return path[strings.LastIndexByte(path, '/')+1:]
}

// walker walks one table.
type walker struct {
	*testing.T
	Table
	used Members // "Struct.Member"
}

// operation writes the line of one operation.
func (w walker) operation(doc *bytes.Buffer, name string) {
	op, acts := w.Ops[name]
	if acts == slices.Contains(w.Known, name) {
		w.Errorf("%s: it must either act or be known as refused", name)
	}
	if !acts {
		why := w.Why(name)
		if why == "" {
			w.Errorf("%s is refused and nothing says why", name)
		}
		fmt.Fprintf(doc, "| %s | refused | %s |\n", name, why)
		return
	}
	excepts := w.members(reflect.TypeOf(op.In()).Elem(), op)
	for i := range excepts {
		if excepts[i] == "" {
			w.Errorf("%s: a member without a name", name)
		}
		excepts[i] = "`" + excepts[i] + "`"
	}
	excepts = append(excepts, w.Values[name]...)
	state := "acts"
	if len(excepts) > 0 {
		state = "acts except"
	}
	fmt.Fprintf(doc, "| %s | %s | %s |\n", name, state, strings.Join(excepts, ", "))
}

// members returns the members of an operation's input that are refused, as paths, and complains of
// those that are neither refused nor read.
func (w walker) members(in reflect.Type, op wire.Op) (refused []string) {
	for f := range in.Fields() {
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		path := w.name("", f.Name)
		if w.Echoed[in.Name()+"."+f.Name] != "" {
			continue
		}
		if !w.used[in.Name()+"."+f.Name] {
			if err := w.refuses(op, in, f); err != nil {
				w.Errorf("%s.%s is not read, and not refused: %v", in.Name(), f.Name, err)
			}
			refused = append(refused, path)
			continue
		}
		refused = append(refused, w.nested(f.Type, path, nil)...)
	}
	return refused
}

// refuses calls the operation with nothing but the member set, and wants an error that names it.
func (w walker) refuses(op wire.Op, in reflect.Type, f reflect.StructField) error {
	v := reflect.New(in)
	if base, ok := w.Least[in]; ok {
		v = reflect.ValueOf(base())
	}
	fill(v.Elem().FieldByIndex(f.Index), 0)
	_, err := op.Do(context.Background(), w.Call, v.Interface())
	if err == nil {
		return errors.New("the call succeeds")
	}
	if !strings.Contains(err.Error(), "the parameter "+w.name("", f.Name)) {
		return err
	}
	return nil
}

// nested does for the members of a struct within an input what members does for its own. A struct that
// is listed is refused member by member; of others every member must be read.
func (w walker) nested(typ reflect.Type, path string, above []reflect.Type) (refused []string) {
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || !strings.HasSuffix(typ.PkgPath(), "/"+sdkName(w.Client)+"/types") || slices.Contains(above, typ) {
		return nil
	}
	acts, listed := w.listed(typ)
	for f := range typ.Fields() {
		if !f.IsExported() {
			continue
		}
		name := typ.Name() + "." + f.Name
		at := w.name(path, f.Name)
		switch {
		case listed && !acts[f.Name]:
			refused = append(refused, at)
		case !w.used[name] && w.Echoed[name] == "":
			w.Errorf("%s (%s) is neither read, nor refused, nor echoed by design", name, at)
		default:
			refused = append(refused, w.nested(f.Type, at, append(above, typ))...)
		}
	}
	return refused
}

func (w walker) listed(typ reflect.Type) (Members, bool) {
	for _, list := range w.Listed {
		if acts, ok := list[typ]; ok {
			return acts, true
		}
	}
	return nil, false
}

// name is the path of a member on the wire.
func (w walker) name(prefix, field string) string {
	if !w.Pascal {
		field = strings.ToLower(field[:1]) + field[1:]
	}
	if prefix == "" {
		return field
	}
	return prefix + "." + field
}

// fill sets v to something that is not its zero value.
func fill(v reflect.Value, depth int) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), depth)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), depth)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("x").Convert(v.Type().Key()), reflect.New(v.Type().Elem()).Elem())
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && depth < 4 {
				fill(v.Field(i), depth+1)
			}
		}
	}
}
