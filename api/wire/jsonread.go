package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// readJSON reads one JSON value that is not null into a settable value.
type readJSON func(r *reader, v reflect.Value) error

// jsonReader reads documents into structs.
type jsonReader struct{ plans[readJSON] }

func newJSONReader(name func(reflect.StructField) string) *jsonReader {
	j := &jsonReader{plans[readJSON]{name: name}}
	j.plans.compile = j.compile
	return j
}

// read fills the struct that in points to. An empty body is an empty object.
func (j *jsonReader) read(body []byte, in any) error {
	if !utf8.Valid(body) {
		return malformed("The document is not valid UTF-8.")
	}
	r := newReader(body)
	if r.peek(); r.i == len(body) {
		return nil
	}
	v := reflect.ValueOf(in).Elem()
	if err := j.structure(v.Type())(r, v); err != nil {
		return err
	}
	if r.peek(); r.i < len(body) {
		return r.unexpected()
	}
	return nil
}

func (j *jsonReader) compile(t reflect.Type) readJSON {
	switch t.Kind() {
	case reflect.Pointer:
		return j.pointer(t)
	case reflect.Struct:
		if t == timeType {
			return readEpoch
		}
		return j.structure(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return readBlob
		}
		return j.list(t)
	case reflect.Map:
		return j.dictionary(t)
	case reflect.String:
		return readString
	case reflect.Bool:
		return readBool
	case reflect.Int, reflect.Int32, reflect.Int64:
		return readInt
	case reflect.Float32, reflect.Float64:
		return readFloat
	}
	return func(*reader, reflect.Value) error { return unsupported{} }
}

func (j *jsonReader) pointer(t reflect.Type) readJSON {
	switch t.Elem() {
	case reflect.TypeFor[string]():
		return readStringPointer
	case reflect.TypeFor[bool]():
		return readBoolPointer
	}
	elem, read := t.Elem(), j.compile(t.Elem())
	return func(r *reader, v reflect.Value) error {
		v.Set(reflect.New(elem))
		return read(r, v.Elem())
	}
}

func (j *jsonReader) structure(t reflect.Type) readJSON {
	plan := j.of(t)
	return func(r *reader, v reflect.Value) error {
		if err := r.enter('{', "structure"); err != nil {
			return err
		}
		p := plan()
		for first := true; ; first = false {
			some, err := r.more('}', first)
			if err != nil || !some {
				return err
			}
			if err := readMember(r, p, v); err != nil {
				return err
			}
		}
	}
}

// readMember reads a name and a value. Names that the type does not have are stepped over: newer
// clients send members that older models lack.
func readMember(r *reader, p *plan[readJSON], v reflect.Value) error {
	key, err := r.key()
	if err != nil {
		return err
	}
	if r.null() {
		return nil
	}
	n, ok := p.byName[string(key)]
	if !ok {
		return r.skip()
	}
	f := &p.fields[n]
	return under(f.name, f.code(r, v.Field(f.index)))
}

func (j *jsonReader) list(t reflect.Type) readJSON {
	read, size := j.compile(t.Elem()), int(t.Elem().Size())
	return func(r *reader, v reflect.Value) error {
		if err := r.enter('[', "list"); err != nil {
			return err
		}
		v.SetZero() // a name given twice does not mix two lists
		for i := 0; ; i++ {
			some, err := r.more(']', i == 0)
			if err != nil {
				return err
			}
			if !some {
				if i == 0 {
					v.Set(reflect.MakeSlice(t, 0, 0))
				}
				return nil
			}
			if r.space -= size; r.space < 0 {
				return malformed("The document is too large.")
			}
			if r.null() {
				return underIndex(i, malformed("A list may not contain null."))
			}
			if i >= v.Cap() {
				v.Grow(1)
			}
			v.SetLen(i + 1)
			if err := read(r, v.Index(i)); err != nil {
				return underIndex(i, err)
			}
		}
	}
}

func (j *jsonReader) dictionary(t reflect.Type) readJSON {
	read, elem, keyType := j.compile(t.Elem()), t.Elem(), t.Key()
	return func(r *reader, v reflect.Value) error {
		if err := r.enter('{', "map"); err != nil {
			return err
		}
		m := reflect.MakeMap(t)
		v.Set(m)
		for first := true; ; first = false {
			some, err := r.more('}', first)
			if err != nil || !some {
				return err
			}
			k, err := r.key()
			if err != nil {
				return err
			}
			key := string(k)
			if r.null() {
				continue
			}
			if r.space -= int(elem.Size()) + 16; r.space < 0 {
				return malformed("The document is too large.")
			}
			e := reflect.New(elem).Elem()
			if err := read(r, e); err != nil {
				return under(key, err)
			}
			m.SetMapIndex(reflect.ValueOf(key).Convert(keyType), e)
		}
	}
}

func readString(r *reader, v reflect.Value) error {
	s, err := r.text()
	if err == nil {
		v.SetString(string(s))
	}
	return err
}

func readStringPointer(r *reader, v reflect.Value) error {
	b, err := r.text()
	if err == nil {
		s := string(b)
		*v.Addr().Interface().(**string) = &s
	}
	return err
}

func readBool(r *reader, v reflect.Value) error {
	b, err := r.boolean()
	v.SetBool(b)
	return err
}

func readBoolPointer(r *reader, v reflect.Value) error {
	b, err := r.boolean()
	if err == nil {
		*v.Addr().Interface().(**bool) = &b
	}
	return err
}

// readInt reads whole numbers, also those written as 80.0 or 8e1.
func readInt(r *reader, v reflect.Value) error {
	text, err := r.number("Integer")
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(string(text), 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return malformed("NUMBER_VALUE can not be converted to Integer.")
		}
		n = int64(f)
	}
	if v.OverflowInt(n) {
		return malformed("NUMBER_VALUE can not be converted to Integer.")
	}
	v.SetInt(n)
	return nil
}

func readFloat(r *reader, v reflect.Value) error {
	if r.peek() == '"' {
		return readFloatWord(r, v)
	}
	text, err := r.number("Double")
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || v.OverflowFloat(f) {
		return malformed("NUMBER_VALUE can not be converted to Double.")
	}
	v.SetFloat(f)
	return nil
}

// readFloatWord reads the numbers that JSON has no digits for.
func readFloatWord(r *reader, v reflect.Value) error {
	s, err := r.text()
	if err != nil {
		return err
	}
	switch string(s) {
	case "NaN":
		v.SetFloat(math.NaN())
	case "Infinity":
		v.SetFloat(math.Inf(1))
	case "-Infinity":
		v.SetFloat(math.Inf(-1))
	default:
		return malformed("STRING_VALUE can not be converted to Double.")
	}
	return nil
}

// readEpoch reads seconds since 1970, with a fraction.
func readEpoch(r *reader, v reflect.Value) error {
	text, err := r.number("Timestamp")
	if err != nil {
		return err
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || math.Abs(f) > 253402300799 {
		return malformed("NUMBER_VALUE can not be converted to Timestamp.")
	}
	v.Set(reflect.ValueOf(time.UnixMilli(int64(math.Round(f * 1000))).UTC()))
	return nil
}

func readBlob(r *reader, v reflect.Value) error {
	s, err := r.text()
	if err != nil {
		return err
	}
	b, err := base64.StdEncoding.DecodeString(string(s))
	if err != nil {
		return malformed("STRING_VALUE can not be converted to Blob.")
	}
	v.SetBytes(b)
	return nil
}
