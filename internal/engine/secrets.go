package engine

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// ResourceInit is the name of the error of a task whose secrets cannot be had.
const ResourceInit = "ResourceInitializationError"

// Secrets are the values that a container gets besides its definition's. They are read when it is
// made, go to the engine and stand nowhere else.
type Secrets struct {
	Env        map[string]string // over those of Spec
	LogOptions map[string]string // of the log driver
	Registry   Login             // to the registry of the image; zero for none
}

// Login is who pulls an image from a private registry.
type Login struct{ Username, Password string }

// Hide returns err without the values of s, should an engine have told one.
func (s Secrets) Hide(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	message := e.Message
	for _, v := range s.told() {
		message = strings.ReplaceAll(message, v.value, "("+v.name+")")
	}
	if message == e.Message {
		return err
	}
	return &Error{Name: e.Name, Message: message}
}

type value struct{ name, value string }

// told are the values that may be told, the longest first: one may be a part of another.
func (s Secrets) told() (all []value) {
	login := map[string]string{"username": s.Registry.Username, "password": s.Registry.Password}
	for _, values := range []map[string]string{s.Env, s.LogOptions, login} {
		for name, v := range values {
			if v != "" {
				all = append(all, value{name, v})
			}
		}
	}
	slices.SortFunc(all, func(a, b value) int {
		return cmp.Or(cmp.Compare(len(b.value), len(a.value)), cmp.Compare(a.name, b.name))
	})
	return all
}
