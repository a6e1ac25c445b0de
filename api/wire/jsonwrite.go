package wire

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// writeJSON appends one value that is not nil.
type writeJSON func(b []byte, v reflect.Value) ([]byte, error)

// jsonWriter writes structs as documents.
type jsonWriter struct{ plans[writeJSON] }

func newJSONWriter(name func(reflect.StructField) string) *jsonWriter {
	j := &jsonWriter{plans[writeJSON]{name: name}}
	j.plans.compile = j.compile
	return j
}

// write appends the struct that out points to.
func (j *jsonWriter) write(b []byte, out any) ([]byte, error) {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return b, fmt.Errorf("an answer must be a pointer to a struct, not %T", out)
	}
	return j.structure(v.Elem().Type())(b, v.Elem())
}

func (j *jsonWriter) compile(t reflect.Type) writeJSON {
	switch t.Kind() {
	case reflect.Pointer:
		elem := j.compile(t.Elem())
		return func(b []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return append(b, "null"...), nil
			}
			return elem(b, v.Elem())
		}
	case reflect.Struct:
		if t == timeType {
			return writeEpoch
		}
		return j.structure(t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return writeBlob
		}
		return j.list(t)
	case reflect.Map:
		return j.dictionary(t)
	case reflect.String:
		return func(b []byte, v reflect.Value) ([]byte, error) { return appendString(b, v.String()), nil }
	case reflect.Bool:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendBool(b, v.Bool()), nil }
	case reflect.Int, reflect.Int32, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int(), 10), nil }
	case reflect.Float32, reflect.Float64:
		return func(b []byte, v reflect.Value) ([]byte, error) { return appendFloat(b, v.Float()), nil }
	}
	return func(b []byte, _ reflect.Value) ([]byte, error) { return b, fmt.Errorf("cannot write a %s", t) }
}

func (j *jsonWriter) structure(t reflect.Type) writeJSON {
	plan := j.of(t)
	return func(b []byte, v reflect.Value) ([]byte, error) {
		var err error
		b = append(b, '{')
		p := plan()
		first := true
		for i := range p.fields {
			f := &p.fields[i]
			fv := v.Field(f.index)
			if f.omit(fv) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(b, f.quoted...)
			if b, err = f.code(b, fv); err != nil {
				return b, fmt.Errorf("%s: %w", f.name, err)
			}
		}
		return append(b, '}'), nil
	}
}

func (j *jsonWriter) list(t reflect.Type) writeJSON {
	elem := j.compile(t.Elem())
	return func(b []byte, v reflect.Value) ([]byte, error) {
		var err error
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = elem(b, v.Index(i)); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
}

// dictionary writes maps in the order of their keys.
func (j *jsonWriter) dictionary(t reflect.Type) writeJSON {
	elem := j.compile(t.Elem())
	return func(b []byte, v reflect.Value) ([]byte, error) {
		var err error
		b = append(b, '{')
		for i, k := range sortedKeys(v) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, k.String()), ':')
			if b, err = elem(b, v.MapIndex(k)); err != nil {
				return b, err
			}
		}
		return append(b, '}'), nil
	}
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}

// writeEpoch writes seconds with milliseconds, the precision that the services give.
func writeEpoch(b []byte, v reflect.Value) ([]byte, error) {
	ms := moment(v).UnixMilli()
	if ms < 0 {
		return strconv.AppendFloat(b, float64(ms)/1000, 'f', 3, 64), nil
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	f := ms % 1000
	return append(b, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10)), nil
}

// moment returns the time in v, without a copy on the heap where it can.
func moment(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

func writeBlob(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '"')
	b = base64.StdEncoding.AppendEncode(b, v.Bytes())
	return append(b, '"'), nil
}

// appendFloat appends a number; whole ones end in .0, as those of AWS do: clients print what they read.
//
// Source: the scale in https://docs.aws.amazon.com/cli/latest/reference/ecs/create-task-set.html
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	case f != 0 && (math.Abs(f) < 1e-6 || math.Abs(f) >= 1e21):
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	if f == math.Trunc(f) {
		b = append(b, ".0"...)
	}
	return b
}

const hexDigits = "0123456789abcdef"

// appendString appends a JSON string; what is not UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[start:i]...), "\ufffd"...)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(b, s[start:]...), '"')
}
