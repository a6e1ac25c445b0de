package taskmeta

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
)

// inProcess is the host that requests are signed for which never leave the process.
const inProcess = "169.254.170.2:4566"

// inside is an HTTP client that has a handler of this process answer, as if remote had asked.
type inside struct {
	to     http.Handler
	remote string
}

// Do sends a request.
func (i inside) Do(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.Host, in.RemoteAddr = cmp.Or(r.Host, r.URL.Host), i.remote
	if in.Body == nil {
		in.Body = http.NoBody
	}
	a := &answer{header: http.Header{}}
	i.to.ServeHTTP(a, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	status := cmp.Or(a.status, http.StatusOK)
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r}, nil
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) { a.status = cmp.Or(a.status, status) }

func (a *answer) Write(p []byte) (int, error) {
	a.status = cmp.Or(a.status, http.StatusOK)
	return a.body.Write(p)
}
