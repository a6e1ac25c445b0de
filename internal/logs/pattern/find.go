package pattern

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Found is a message that matches, taken apart.
type Found struct {
	p      *Pattern
	values []string // of the fields
	doc    any
}

// Find reports whether p matches a message, and takes it apart.
func (p *Pattern) Find(message string) (f Found, ok bool) {
	f.p = p
	switch {
	case p.fields != nil:
		f.values = p.fields.split(message)
		return f, p.fields.match(f.values)
	case p.doc != nil:
		if f.doc, ok = decode(message); !ok {
			return f, false
		}
		return f, p.doc.holds(f.doc)
	}
	return f, p.terms == nil || p.terms(message)
}

// Values are what a message has at the fields or selectors of the pattern: $name, $4 for a field
// without a name, counted from 1, or $.path. A pattern of terms has none.
//
// Source: the examples of https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html
func (f Found) Values() map[string]string {
	all := map[string]string{}
	switch {
	case f.p.fields != nil:
		for i, v := range f.values {
			all["$"+strconv.Itoa(i+1)] = v
		}
		f.named(all)
	case f.p.doc != nil:
		for _, s := range f.p.doc.selectors {
			if v, ok := first(f.doc, s.path); ok {
				all[s.text] = v
			}
		}
	}
	return all
}

// named calls the values that have names by them: of fields with the same name, the first.
func (f Found) named(all map[string]string) {
	for i := range f.values {
		if f.p.fields.name(i, len(f.values)) != "" {
			delete(all, "$"+strconv.Itoa(i+1))
		}
	}
	for i, v := range slices.Backward(f.values) {
		if name := f.p.fields.name(i, len(f.values)); name != "" {
			all["$"+name] = v
		}
	}
}

// Delimited reports whether p is one of space-delimited fields.
func (p *Pattern) Delimited() bool { return p.fields != nil }

// Extracts reports whether messages that match have values.
func (p *Pattern) Extracts() bool { return p.fields != nil || p.doc != nil }

// name is what the field of a message at i, of n, is called; empty for one without a name.
func (fs *fields) name(i, n int) (name string) {
	if at := i - (n - len(fs.after)); at >= 0 {
		name = fs.after[at].name
	} else if i < len(fs.before) {
		name = fs.before[i].name
	}
	return strings.TrimPrefix(name, "$")
}

// Reference names one value of messages that match.
type Reference struct {
	field int // from the beginning, or from the end if it is negative: -1 is the last
	path  []step
}

// Refer reads $name, $4 or $.path, which must be of the pattern's own kind; a name must be in it.
func (p *Pattern) Refer(text string) (r Reference, ok bool) {
	name, ok := strings.CutPrefix(text, "$")
	switch {
	case !ok || name == "":
	case p.doc != nil:
		s := &scanner{text: text}
		path, err := s.selector()
		return Reference{path: path}, err == nil && s.at == len(text)
	case p.fields != nil:
		return p.fields.refer(name)
	}
	return r, false
}

func (fs *fields) refer(name string) (r Reference, ok bool) {
	same := func(f field) bool { return strings.TrimPrefix(f.name, "$") == name }
	if i := slices.IndexFunc(fs.before, same); i >= 0 {
		return Reference{field: i}, true
	}
	if i := slices.IndexFunc(fs.after, same); i >= 0 {
		return Reference{field: i - len(fs.after)}, true
	}
	n, err := strconv.Atoi(name)
	return Reference{field: n - 1}, err == nil && n > 0 && (fs.rest || n <= len(fs.before))
}

// Value is what r names; false if the message has no such value.
func (f Found) Value(r Reference) (string, bool) {
	if r.path != nil {
		return first(f.doc, r.path)
	}
	i := r.field
	if i < 0 {
		i += len(f.values)
	}
	if i < 0 || i >= len(f.values) {
		return "", false
	}
	return f.values[i], true
}

// first is the first text, number or truth at the end of path.
func first(v any, path []step) (string, bool) {
	if len(path) == 0 {
		return leaf(v)
	}
	switch st := path[0]; st.kind {
	case member:
		m, _ := v.(map[string]any)
		return first(m[st.name], path[1:])
	case element:
		if list, _ := v.([]any); st.at < len(list) {
			return first(list[st.at], path[1:])
		}
		return "", false
	}
	for _, next := range members(v) {
		if text, ok := first(next, path[1:]); ok {
			return text, true
		}
	}
	return "", false
}

// members are those of an object, by name, or of a list.
func members(v any) (all []any) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all = append(all, v[k])
		}
	case []any:
		return v
	}
	return all
}
