package ec2

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Filter keeps what has one of the values. Filters together keep what all of them keep.
type Filter struct {
	Name   *string
	Values []string `wire:"Value"`
}

// properties are what one kind of resource can be filtered by. A nil Tags takes no tag filters.
type properties[T any] struct {
	by   map[string]func(T) []string
	tags func(T) model.Tags
}

// filtered returns the elements of all that every filter keeps.
func filtered[T any](all []T, ps properties[T], filters []Filter) ([]T, error) {
	for _, f := range filters {
		if ps.of(str(f.Name)) == nil {
			return nil, fail("InvalidParameterValue", "The filter '%s' is invalid", str(f.Name))
		}
		if len(f.Values) == 0 {
			return nil, fail("InvalidParameterValue", "The filter '%s' must have at least one value", str(f.Name))
		}
	}
	for _, f := range filters {
		property := ps.of(*f.Name)
		all = slices.DeleteFunc(all, func(v T) bool { return !anyMatch(property(v), f.Values) })
	}
	return all, nil
}

// of returns the values that a filter of that name looks at, nil when there is no such filter.
func (ps properties[T]) of(name string) func(T) []string {
	key, isTag := strings.CutPrefix(name, "tag:")
	switch {
	case ps.tags == nil || name != "tag-key" && !isTag:
		return ps.by[name]
	case isTag:
		return func(v T) (values []string) {
			for _, t := range ps.tags(v) {
				if t.Key == key {
					values = append(values, t.Value)
				}
			}
			return values
		}
	}
	return func(v T) (keys []string) {
		for _, t := range ps.tags(v) {
			keys = append(keys, t.Key)
		}
		return keys
	}
}

func anyMatch(have, want []string) bool {
	return slices.ContainsFunc(want, func(pattern string) bool {
		return slices.ContainsFunc(have, func(s string) bool { return match(pattern, s) })
	})
}

// match reports whether s is like pattern, in which * is any run of characters, ? is any one, and a
// backslash takes their meaning away.
func match(pattern, s string) bool {
	back, from := -1, 0 // where to go on after the last *, and what it has eaten
	p, i := 0, 0
	for i < len(s) {
		literal := p < len(pattern) && pattern[p] == '\\' && p+1 < len(pattern)
		switch {
		case literal && pattern[p+1] == s[i]:
			p, i = p+2, i+1
		case !literal && p < len(pattern) && pattern[p] == '*':
			back, from = p+1, i
			p++
		case !literal && p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case back >= 0:
			from++
			p, i = back, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// one makes a property of a single value.
func one[T any](of func(T) string) func(T) []string {
	return func(v T) []string { return []string{of(v)} }
}

// nothing makes properties, whose names are divided by spaces, that no resource here has.
func nothing[T any](by map[string]func(T) []string, names string) {
	for name := range strings.FieldsSeq(names) {
		by[name] = func(T) []string { return nil }
	}
}
