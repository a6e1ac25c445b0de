package wire

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"
)

// writeXML appends one element. What is nil appends nothing.
type writeXML func(b []byte, name string, v reflect.Value) ([]byte, error)

// xmlWriter writes structs as elements. item is what the elements of a list are called.
type xmlWriter struct {
	plans[writeXML]
	item string
}

func newXMLWriter(item string, name func(reflect.StructField) string) *xmlWriter {
	x := &xmlWriter{plans[writeXML]{name: name}, item}
	x.plans.compile = x.compile
	return x
}

// write appends the members of the struct that out points to.
func (x *xmlWriter) write(b []byte, out any) ([]byte, error) {
	v := reflect.ValueOf(out)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return b, fmt.Errorf("an answer must be a pointer to a struct, not %T", out)
	}
	return members(b, x.of(v.Elem().Type())(), v.Elem())
}

func members(b []byte, p *plan[writeXML], v reflect.Value) ([]byte, error) {
	var err error
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Field(f.index)
		if f.omit(fv) {
			continue
		}
		if b, err = f.code(b, f.name, fv); err != nil {
			return b, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return b, nil
}

func (x *xmlWriter) compile(t reflect.Type) writeXML {
	switch t.Kind() {
	case reflect.Pointer:
		elem := x.compile(t.Elem())
		return func(b []byte, name string, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return b, nil
			}
			return elem(b, name, v.Elem())
		}
	case reflect.Struct:
		if t == timeType {
			return text(appendISO)
		}
		plan := x.of(t)
		return wrap(func(b []byte, v reflect.Value) ([]byte, error) { return members(b, plan(), v) })
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return text(func(b []byte, v reflect.Value) []byte { return base64.StdEncoding.AppendEncode(b, v.Bytes()) })
		}
		return x.list(t)
	case reflect.Map:
		return x.dictionary(t)
	case reflect.String:
		return text(func(b []byte, v reflect.Value) []byte { return appendText(b, v.String()) })
	case reflect.Bool:
		return text(func(b []byte, v reflect.Value) []byte { return strconv.AppendBool(b, v.Bool()) })
	case reflect.Int, reflect.Int32, reflect.Int64:
		return text(func(b []byte, v reflect.Value) []byte { return strconv.AppendInt(b, v.Int(), 10) })
	case reflect.Float32, reflect.Float64:
		return text(func(b []byte, v reflect.Value) []byte { return strconv.AppendFloat(b, v.Float(), 'f', -1, 64) })
	}
	return func(b []byte, _ string, _ reflect.Value) ([]byte, error) {
		return b, fmt.Errorf("cannot write a %s", t)
	}
}

// wrap makes an element of what inner appends.
func wrap(inner func([]byte, reflect.Value) ([]byte, error)) writeXML {
	return func(b []byte, name string, v reflect.Value) ([]byte, error) {
		b = appendOpen(b, name)
		b, err := inner(b, v)
		return appendClose(b, name), err
	}
}

func text(inner func([]byte, reflect.Value) []byte) writeXML {
	return wrap(func(b []byte, v reflect.Value) ([]byte, error) { return inner(b, v), nil })
}

func (x *xmlWriter) list(t reflect.Type) writeXML {
	elem := x.compile(t.Elem())
	return wrap(func(b []byte, v reflect.Value) ([]byte, error) {
		var err error
		for i := range v.Len() {
			if b, err = elem(b, x.item, v.Index(i)); err != nil {
				return b, err
			}
		}
		return b, nil
	})
}

// dictionary writes maps as entries in the order of their keys.
func (x *xmlWriter) dictionary(t reflect.Type) writeXML {
	elem := x.compile(t.Elem())
	return wrap(func(b []byte, v reflect.Value) ([]byte, error) {
		var err error
		for _, k := range sortedKeys(v) {
			b = appendOpen(b, "entry")
			b = appendElement(b, "key", k.String())
			if b, err = elem(b, "value", v.MapIndex(k)); err != nil {
				return b, err
			}
			b = appendClose(b, "entry")
		}
		return b, nil
	})
}

func appendISO(b []byte, v reflect.Value) []byte {
	return moment(v).UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
}

func appendOpen(b []byte, name string) []byte {
	return append(append(append(b, '<'), name...), '>')
}

func appendClose(b []byte, name string) []byte {
	return append(append(append(b, '<', '/'), name...), '>')
}

func appendElement(b []byte, name, value string) []byte {
	return appendClose(appendText(appendOpen(b, name), value), name)
}

// appendText appends character data; what XML cannot carry becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == 0xFFFE || r == 0xFFFF {
				r = utf8.RuneError
			}
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
		switch {
		case c == '&':
			b = append(b, "&amp;"...)
		case c == '<':
			b = append(b, "&lt;"...)
		case c == '>':
			b = append(b, "&gt;"...)
		case c == '"':
			b = append(b, "&quot;"...)
		case c == '\r':
			b = append(b, "&#xD;"...)
		case c < ' ' && c != '\n' && c != '\t':
			b = append(b, "\ufffd"...)
		default:
			b = append(b, c)
		}
	}
	return b
}
