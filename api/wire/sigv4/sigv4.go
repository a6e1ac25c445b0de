// Package sigv4 verifies AWS Signature Version 4. It is pure: the request, the secret and the time are
// given, and the answer follows. Whose key it is, and what a service says of a bad one, is found out
// elsewhere.
//
// A payload is always hashed: UNSIGNED-PAYLOAD is Amazon S3's, and over HTTP it would let anybody put
// another body under a signature that was seen.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Request is what of an HTTP request a signature covers.
type Request struct {
	Method string
	Path   string // as it was sent, escaped
	Query  string // as it was sent, without the question mark
	Host   string
	Length int64               // of the body, as the header says; negative where it says none
	Header map[string][]string // canonical names
	Body   []byte
}

// Signature is a signature as a client sent it, taken apart.
type Signature struct {
	Key             string // access key id
	Region, Service string
	Token           string // of temporary credentials; empty for long-term ones
	At              time.Time
	Expires         time.Duration // of a presigned request; 0 otherwise

	date, stamp string   // of the credential scope, and of the request
	signed      []string // header names, lower case, sorted
	value       string   // lower-case hex
	presigned   bool
}

// Kind is what is wrong with a signature.
type Kind int8

// The kinds. Every service has codes of its own for them.
const (
	Incomplete Kind = iota // it cannot be read
	Mismatch               // it is not what the secret makes of the request
	Expired                // it is too old, or not yet valid
)

// Error is why a signature is not accepted, in AWS's words.
type Error struct {
	Kind    Kind
	Message string
}

func (e *Error) Error() string { return e.Message }

func incomplete(message string) error { return &Error{Incomplete, message} }

const (
	algorithm = "AWS4-HMAC-SHA256"
	terminal  = "aws4_request"
	// Skew is how far the clocks of client and server may be apart.
	Skew  = 15 * time.Minute
	basic = "20060102T150405Z"
	// longest is how long a presigned request may be valid.
	longest = 7 * 24 * time.Hour
)

var errMismatch = &Error{Mismatch, "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."}

// Verify reports why s is not a signature by secret of the request r to a service at the time now; nil
// if it is one.
func (s *Signature) Verify(r Request, service, secret string, now time.Time) error {
	if s.Service != service {
		return &Error{Mismatch, "Credential should be scoped to correct service: '" + service + "'."}
	}
	if s.date != s.stamp[:8] {
		return &Error{Mismatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" + s.date + "' != '" + s.stamp[:8] + "', from '" + s.stamp + "'."}
	}
	if name := s.uncovered(r); name != "" {
		return &Error{Mismatch, "'" + name + "' must be a 'SignedHeader' in the AWS Authorization."}
	}
	sum := sha256.Sum256(r.Body)
	hash := hex.EncodeToString(sum[:])
	if said := r.Header["X-Amz-Content-Sha256"]; len(said) > 0 && (len(said) > 1 || said[0] != hash) {
		return errMismatch
	}
	want := s.sign(r, hash, secret)
	if subtle.ConstantTimeCompare([]byte(want), []byte(s.value)) != 1 {
		return errMismatch
	}
	return s.timely(now)
}

// uncovered returns the first header that must be signed and is not: one that says where the request
// goes or, as X-Amz-Target does, what it asks for.
func (s *Signature) uncovered(r Request) string {
	if !s.covers("host") {
		return "Host"
	}
	first := ""
	for name := range r.Header {
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-amz-") && !s.covers(lower) && (first == "" || lower < first) {
			first = lower
		}
	}
	return first
}

func (s *Signature) covers(name string) bool { return slices.Contains(s.signed, name) }

// timely reports whether the time of the request is near enough to now.
func (s *Signature) timely(now time.Time) error {
	now = now.UTC()
	at := func(t time.Time) string { return t.Format(basic) }
	if s.At.After(now.Add(Skew)) {
		return &Error{Expired, "Signature not yet current: " + at(s.At) + " is still later than " + at(now.Add(Skew)) + " (" + at(now) + " + 15 min.)"}
	}
	valid, words := Skew, "15 min."
	if s.presigned {
		valid, words = s.Expires, s.Expires.String()
	}
	if oldest := now.Add(-valid); s.At.Before(oldest) {
		return &Error{Expired, "Signature expired: " + at(s.At) + " is now earlier than " + at(oldest) + " (" + at(now) + " - " + words + ")"}
	}
	return nil
}

// sign returns what secret makes of r, whose body has a hash, in lower-case hex.
func (s *Signature) sign(r Request, hash, secret string) string {
	canonical := sha256.Sum256(s.canonical(r, hash))
	scope := s.date + "/" + s.Region + "/" + s.Service + "/" + terminal
	key := mac([]byte("AWS4"+secret), s.date)
	key = mac(mac(mac(key, s.Region), s.Service), terminal)
	return hex.EncodeToString(mac(key, algorithm+"\n"+s.stamp+"\n"+scope+"\n"+hex.EncodeToString(canonical[:])))
}

func mac(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}
