package wire

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/drydock-ecs/drydock/api/wire/sigv4"
	"github.com/drydock-ecs/drydock/internal/model"
)

// request is what one HTTP request turned out to mean.
type request struct {
	style   style
	target  string // X-Amz-Target
	signed  scopeOfCredential
	form    form
	body    []byte
	version string // of JSON: "1.0" or "1.1"
	path    string // what a protocol that names operations by paths asked for: "GET /bucket"
}

// style is the protocol as the request itself shows it.
type style int8

const (
	plain style = iota // nothing of AWS in it
	jsonStyle
	queryStyle
	cborStyle
	restStyle // signed, but of a protocol that names operations by paths
	// Only answers are of these.
	ec2Style
	restXMLStyle
)

// scopeOfCredential is what a SigV4 signature says of the caller and the called.
type scopeOfCredential struct{ key, region, service string }

// open finds out what a request means, as far as its headers and URL tell.
func open(r *http.Request) request {
	q := request{target: r.Header.Get("X-Amz-Target"), version: "1.1"}
	q.signed = credential(r)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/x-amz-json-1.0" {
		q.version = "1.0"
	}
	root := r.URL.Path == "/" || r.URL.Path == ""
	switch {
	case r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor":
		q.style = cborStyle
	case root && (q.target != "" || strings.HasPrefix(kind, "application/x-amz-json")):
		q.style = jsonStyle
	case root && (kind == "application/x-www-form-urlencoded" && r.Method == http.MethodPost || hasAction(r.URL)):
		q.style = queryStyle
	case q.signed != scopeOfCredential{}:
		q.style = restStyle
	}
	if q.style == cborStyle || q.style == restStyle {
		q.path = r.Method + " " + r.URL.EscapedPath()
	}
	return q
}

// prove reads the signature. What it says of key, region and service is what counts from here on.
func prove(r *http.Request, q *request) Proof {
	p := Proof{Request: sigv4.Request{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host,
		Length: r.ContentLength, Header: r.Header, Body: q.body}}
	if p.Signature, p.Flaw = sigv4.Read(p.Request); p.Flaw == nil && p.Signature != nil {
		q.signed = scopeOfCredential{key: p.Signature.Key, region: p.Signature.Region, service: p.Signature.Service}
	}
	return p
}

// peer is where a request comes from.
func peer(r *http.Request) Peer {
	ip, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		ip = r.RemoteAddr
	}
	return Peer{IP: ip, UserAgent: r.UserAgent(), TLS: r.TLS != nil}
}

func hasAction(u *url.URL) bool {
	return strings.HasPrefix(u.RawQuery, "Action=") || strings.Contains(u.RawQuery, "&Action=")
}

// credential reads the credential scope from the Authorization header or, of a presigned request,
// from the URL: AKID/date/region/service/aws4_request. Signatures with SigV4A name no region there.
func credential(r *http.Request) scopeOfCredential {
	_, after, ok := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if ok && strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") {
		after, _, _ = strings.Cut(after, ",")
		return parseCredential(strings.TrimSpace(after))
	}
	if !strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		return scopeOfCredential{}
	}
	return parseCredential(r.URL.Query().Get("X-Amz-Credential"))
}

func parseCredential(s string) scopeOfCredential {
	switch p := strings.Split(s, "/"); {
	case len(p) >= 5: // access key ids may contain a slash
		n := len(p)
		return scopeOfCredential{strings.Join(p[:n-4], "/"), p[n-3], p[n-2]}
	case len(p) == 4:
		return scopeOfCredential{key: p[0], service: p[2]}
	}
	return scopeOfCredential{}
}

// scope returns whose rows the request is about; false when the region is no region's name.
func (c scopeOfCredential) scope(def model.Scope) (model.Scope, bool) {
	sc := def
	if account(c.key) {
		sc.Account = c.key
	}
	switch {
	case c.region == "" || c.region == "aws-global":
	case !regionName(c.region):
		return sc, false
	default:
		sc.Region = c.region
	}
	return sc, true
}

func account(key string) bool {
	if len(key) != 12 {
		return false
	}
	for i := range key {
		if key[i] < '0' || key[i] > '9' {
			return false
		}
	}
	return true
}

func regionName(s string) bool {
	if len(s) > 32 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range s {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// load reads the body and, of a query request, the parameters.
func (q *request) load(w http.ResponseWriter, r *http.Request, most int64) error {
	if q.style != jsonStyle && q.style != queryStyle {
		return nil // nothing serves it, whatever it says
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return &Error{Code: "UnsupportedMediaTypeException", Status: http.StatusUnsupportedMediaType,
			Message: "Drydock does not support the header Content-Encoding: " + clip(coding) + "."}
	}
	tooLarge := &Error{Code: "RequestEntityTooLarge", Message: "The request body is too large.", Status: http.StatusRequestEntityTooLarge}
	if q.style == jsonStyle {
		tooLarge.Code += "Exception"
	}
	if r.ContentLength > most {
		return tooLarge
	}
	var err error
	if q.body, err = slurp(http.MaxBytesReader(w, r.Body, most), r.ContentLength); err != nil {
		var over *http.MaxBytesError
		if errors.As(err, &over) {
			return tooLarge
		}
		return &Error{Code: "RequestTimeout", Message: "The request body could not be read in full.", Status: http.StatusRequestTimeout}
	}
	if q.style != queryStyle {
		return nil
	}
	if q.form, err = q.form.parse(r.URL.RawQuery); err != nil {
		return err
	}
	q.form, err = q.form.parse(string(q.body))
	return err
}

// slurp reads everything. A length that is only claimed does not make it set much aside.
func slurp(r io.Reader, length int64) ([]byte, error) {
	var b bytes.Buffer
	if length > 0 {
		b.Grow(int(min(length, 64<<10)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}
