package engine

import (
	"errors"
	"strings"
)

// ResourceInit is the name of the error of a task whose secrets cannot be had.
const ResourceInit = "ResourceInitializationError"

// Secrets are the values that a container gets besides its definition's. They are read when it is
// made, go to the engine and stand nowhere else.
type Secrets struct {
	Env        map[string]string // over those of Spec
	LogOptions map[string]string // of the log driver
}

// Hide returns err without the values of s, should an engine have told one.
func (s Secrets) Hide(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	message := e.Message
	for _, values := range []map[string]string{s.Env, s.LogOptions} {
		for name, v := range values {
			if v != "" {
				message = strings.ReplaceAll(message, v, "("+name+")")
			}
		}
	}
	if message == e.Message {
		return err
	}
	return &Error{Name: e.Name, Message: message}
}
