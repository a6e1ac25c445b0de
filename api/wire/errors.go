package wire

import (
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"
)

// Error is an AWS error for which the SDK has no type. It is a smithy.APIError.
type Error struct {
	Code    string // as clients compare it: "ValidationError"
	Message string
	Status  int // HTTP; 0 means 400
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode is the code.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is the message.
func (e *Error) ErrorMessage() string { return e.Message }

// ErrorFault follows from the status.
func (e *Error) ErrorFault() smithy.ErrorFault {
	if e.Status >= http.StatusInternalServerError {
		return smithy.FaultServer
	}
	return smithy.FaultClient
}

// status returns the HTTP status that tells err.
func status(err smithy.APIError) int {
	var own *Error
	switch {
	case errors.As(err, &own) && own.Status != 0:
		return own.Status
	case err.ErrorFault() == smithy.FaultServer:
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// status is status, but for what s says of it; s may be nil.
func (s *Service) status(err smithy.APIError) int {
	if s != nil {
		if n, ok := s.Statuses[err.ErrorCode()]; ok {
			return n
		}
	}
	return status(err)
}

// malformed is a body that does not parse.
func malformed(message string) error {
	return &Error{Code: "SerializationException", Message: message}
}

// unsupported is a member that was sent and whose type no codec reads: a union or a document.
type unsupported struct{}

func (unsupported) Error() string { return "unsupported member" }

// place is an error at one member of a document.
type place struct {
	path string
	err  error
}

func (p place) Error() string { return p.path + ": " + p.err.Error() }
func (p place) Unwrap() error { return p.err }

// under says below which member err happened.
func under(name string, err error) error {
	if err == nil {
		return nil
	}
	var p place
	if errors.As(err, &p) {
		dot := "."
		if strings.HasPrefix(p.path, "[") {
			dot = ""
		}
		return place{clip(name) + dot + p.path, p.err}
	}
	return place{clip(name), err}
}

func underIndex(i int, err error) error { return under("["+strconv.Itoa(i)+"]", err) }

// badInput turns what a codec found into what the client is told.
func badInput(s *Service, err error) error {
	path, cause := "", err
	var p place
	if errors.As(err, &p) {
		path, cause = p.path, p.err
	}
	if errors.Is(cause, unsupported{}) {
		return refused(refusalCode(s), []string{path})
	}
	var e *Error
	if path != "" && errors.As(cause, &e) {
		return &Error{Code: e.Code, Message: path + ": " + e.Message, Status: e.Status}
	}
	return err
}

// refusalCode is the code of a refused member where the handler had no say.
func refusalCode(s *Service) string {
	switch {
	case s.Protocol == EC2Query:
		return "UnsupportedOperation"
	case s.Protocol == Query:
		return "ValidationError"
	case s.Pascal:
		return "ValidationException"
	}
	return "InvalidParameterException"
}

// details appends the members of an SDK error besides its message, each after a comma.
func (c *codecs) details(b []byte, s *Service, err smithy.APIError) []byte {
	v := reflect.ValueOf(err)
	if _, own := err.(*Error); own || v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return b
	}
	p := c.answers(s).of(v.Elem().Type())()
	for i := range p.fields {
		f := &p.fields[i]
		fv := v.Elem().Field(f.index)
		if strings.EqualFold(f.name, "message") || strings.EqualFold(f.name, "code") || strings.EqualFold(f.name, "fault") ||
			strings.EqualFold(f.name, "errorCodeOverride") || f.omit(fv) {
			continue
		}
		mark := len(b)
		var werr error
		if b, werr = f.code(append(append(b, ','), f.quoted...), fv); werr != nil {
			b = b[:mark]
		}
	}
	return b
}
