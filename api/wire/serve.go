package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"github.com/drydock-ecs/drydock/internal/ids"
)

// server is the handler of all services.
type server struct {
	options  Options
	codecs   *codecs
	services []*Service
	buffers  sync.Pool // of *[]byte, for answers
}

// mostKept is the size of the largest buffer that waits for another answer.
const mostKept = 1 << 20

func (h *server) add(s Service) { h.services = append(h.services, &s) }

func (h *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := open(r)
	if q.style == plain {
		http.Error(w, notAWS, http.StatusNotFound)
		return
	}
	c := Call{RequestID: ids.UUID(), AccessKey: q.signed.key, Scope: h.options.Default, Peer: peer(r)}
	a := &answer{h: h, w: w, q: &q, call: c, began: time.Now()}
	if st, out := h.call(w, r, a); st != nil {
		st.run(r.Context(), h.options.Life, out)
	}
}

// call answers a request. Where the answer goes on it has begun, and goes on with what is returned.
func (h *server) call(w http.ResponseWriter, r *http.Request, a *answer) (*stream, *Stream) {
	if h.options.Enter != nil {
		defer h.options.Enter()()
	}
	s, out, err := h.answer(w, r, a)
	if err != nil {
		a.fail(s, err)
		return nil, nil
	}
	if goesOn, ok := out.(*Stream); ok {
		if st, ok := a.begin(s); ok {
			return st, goesOn
		}
		return nil, nil
	}
	a.succeed(s, out)
	return nil, nil
}

const notAWS = `This is Drydock. It answers the AWS APIs: point a client here, for example

    aws --endpoint-url http://127.0.0.1:4566 ecs list-clusters

There is no AWS request in what you sent.
`

// answer reads the request and has it answered. The service is nil while none is found.
func (h *server) answer(w http.ResponseWriter, r *http.Request, a *answer) (*Service, any, error) {
	q := a.q
	if err := method(r, q); err != nil {
		return nil, nil, err
	}
	if err := q.load(w, r, h.options.MaxBody); err != nil {
		return nil, nil, err
	}
	proof := prove(r, q)
	a.call.AccessKey = q.signed.key
	s, op, err := h.find(q)
	if s != nil {
		a.call.Service = s.Name
	}
	if s != nil && serves(s, op) {
		a.call.Operation = op
	}
	if err != nil {
		return s, nil, err
	}
	var ok bool
	if a.call.Scope, ok = q.signed.scope(h.options.Default); !ok {
		return s, nil, &Error{Code: badSignature(s), Message: "Credential should be scoped to a valid region.", Status: http.StatusForbidden}
	}
	if identify := h.options.Gate.Identify; identify != nil {
		if err := identify(&a.call, s, proof); err != nil {
			return s, nil, err
		}
	}
	f, ok := s.Ops[op]
	if !ok {
		return s, nil, notServed(s, op)
	}
	in := f.In()
	if err := h.codecs.read(s, q, in); err != nil {
		return s, nil, badInput(s, err)
	}
	out, err := h.do(r.Context(), s, f, a.call, in)
	return s, out, err
}

// method says whether the request may be sent as it is.
func method(r *http.Request, q *request) error {
	switch {
	case r.Method == http.MethodPost, r.Method == http.MethodGet && q.style == queryStyle, q.style == restStyle:
	default:
		return &Error{Code: "MethodNotAllowed", Message: "Use POST, not " + clip(r.Method) + ".", Status: http.StatusMethodNotAllowed}
	}
	if q.style != jsonStyle {
		return nil
	}
	switch kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) {
	case "", "application/x-amz-json-1.1", "application/x-amz-json-1.0", "application/json":
		return nil
	default:
		return &Error{Code: "UnsupportedMediaTypeException", Status: http.StatusUnsupportedMediaType,
			Message: "The content type " + clip(kind) + " is not application/x-amz-json-1.1."}
	}
}

// do runs an operation if the gate lets it pass; a panic costs this call only. Nothing else runs
// operations: what is not allowed here is not done.
func (h *server) do(ctx context.Context, s *Service, op Op, c Call, in any) (out any, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			out, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if allow := h.options.Gate.Allow; allow != nil {
		if err := allow(c, s, in); err != nil {
			return nil, err
		}
		own := c
		c.may = func(operation string, in any) error {
			own.Operation = operation
			return allow(own, s, in)
		}
	}
	return op.Do(ctx, c, in)
}

// find returns the service and the operation that a request means.
func (h *server) find(q *request) (*Service, string, error) {
	switch q.style {
	case jsonStyle:
		return h.findJSON(q)
	case queryStyle:
		return h.findQuery(q)
	}
	name := q.signed.service
	if name == "" {
		name = "this protocol"
	}
	what := clip(name) + " (" + clip(q.path) + ")"
	if _, op, ok := strings.Cut(q.path, "/operation/"); ok && q.style == cborStyle {
		what = clip(name + ":" + op)
	}
	return nil, "", &Error{Code: "UnknownOperationException", Message: "Drydock does not serve " + what + ".", Status: http.StatusNotFound}
}

func (h *server) findJSON(q *request) (*Service, string, error) {
	prefix, op, ok := strings.Cut(q.target, ".")
	if !ok || op == "" {
		return nil, "", &Error{Code: "UnknownOperationException", Message: "The header X-Amz-Target names no operation."}
	}
	for _, s := range h.services {
		if s.Protocol <= JSON10 && s.Target == prefix {
			return s, op, nil
		}
	}
	name := q.signed.service
	if name == "" {
		name = prefix
	}
	return nil, op, &Error{Code: "UnknownOperationException", Message: "Drydock does not serve " + clip(name+":"+op) + "."}
}

// findQuery looks for the signed service with the version asked for, then for any service of that
// version: an unsigned request names nothing else.
func (h *server) findQuery(q *request) (*Service, string, error) {
	op, version, name := q.form.get("Action"), q.form.get("Version"), q.signed.service
	if op == "" {
		return h.named(name), "", &Error{Code: "MissingAction", Message: "The request must contain the parameter Action."}
	}
	for _, s := range h.services {
		if s.Protocol >= Query && (name == "" || s.Name == name) && (version == s.Version || version == "" && (name != "" || serves(s, op))) {
			return s, op, nil
		}
	}
	s := h.named(name)
	if s != nil {
		return s, op, &Error{Code: "InvalidAction", Message: "Could not find operation " + clip(op) + " for version " + clip(version) + "."}
	}
	if name == "" {
		name = "version " + clip(version)
	}
	return nil, op, &Error{Code: "InvalidAction", Message: "Drydock does not serve " + clip(name+":"+op) + "."}
}

// named returns a query service by its signing name, nil when there is none.
func (h *server) named(name string) *Service {
	for _, s := range h.services {
		if s.Protocol >= Query && s.Name == name {
			return s
		}
	}
	return nil
}

func serves(s *Service, op string) bool {
	_, ok := s.Ops[op]
	return ok || slices.Contains(s.Known, op)
}

func badSignature(s *Service) string {
	switch s.Protocol {
	case EC2Query:
		return "AuthFailure"
	case Query:
		return "SignatureDoesNotMatch"
	}
	return "InvalidSignatureException"
}

// notServed tells apart what AWS has and Drydock has not, and what nobody has.
func notServed(s *Service, op string) error {
	known := slices.Contains(s.Known, op)
	ours := "Drydock does not serve " + s.Name + ":" + clip(op) + "."
	switch {
	case s.Protocol == EC2Query && known:
		return &Error{Code: "UnsupportedOperation", Message: ours}
	case s.Protocol >= Query && known:
		return &Error{Code: "InvalidAction", Message: ours}
	case s.Protocol == EC2Query:
		return &Error{Code: "InvalidAction", Message: "The action " + clip(op) + " is not valid for this web service."}
	case s.Protocol == Query:
		return &Error{Code: "InvalidAction", Message: "Could not find operation " + clip(op) + " for version " + s.Version + "."}
	case known:
		return &Error{Code: "UnsupportedOperationException", Message: ours}
	}
	return &Error{Code: "UnknownOperationException", Message: "There is no operation " + clip(op) + " of " + s.Name + "."}
}

// answer writes what one call is answered.
type answer struct {
	h     *server
	w     http.ResponseWriter
	q     *request
	call  Call
	began time.Time
}

func (a *answer) succeed(s *Service, out any) {
	buf, _ := a.h.buffers.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	b, err := a.h.codecs.write((*buf)[:0], s, a.call, out)
	if *buf = b; cap(b) <= mostKept {
		defer a.h.buffers.Put(buf)
	}
	if err != nil {
		a.fail(s, fmt.Errorf("write answer: %w", err))
		return
	}
	a.send(s, http.StatusOK, "", b)
}

// fail tells an error in the protocol of the service, or in the one that the request seems to have.
func (a *answer) fail(s *Service, err error) {
	var known smithy.APIError
	if !errors.As(err, &known) {
		slog.Error("AWS call failed", "service", a.call.Service, "operation", a.call.Operation, "request", a.call.RequestID, "error", err)
		known = &Error{Code: "InternalFailure", Message: "An internal failure occurred. The daemon's log says more about request " +
			a.call.RequestID + ".", Status: http.StatusInternalServerError}
	}
	a.send(s, s.status(known), known.ErrorCode(), a.h.codecs.fault(a.protocol(s), s, a.call, known))
}

// protocol is how an answer is written.
func (a *answer) protocol(s *Service) style {
	switch {
	case s != nil && s.Protocol == EC2Query, s == nil && a.q.style == queryStyle && a.q.signed.service == "ec2":
		return ec2Style
	case a.q.style == restStyle && a.q.signed.service == "s3":
		return restXMLStyle
	}
	return a.q.style
}

func (a *answer) send(s *Service, code int, fault string, body []byte) {
	h := a.w.Header()
	h.Set("Content-Type", a.contentType(s))
	h.Set("X-Amzn-Requestid", a.call.RequestID)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if p := a.protocol(s); fault != "" && (p == jsonStyle || p == restStyle) {
		h.Set("X-Amzn-Errortype", fault)
	}
	if a.q.style == cborStyle {
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	if code == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodPost)
	}
	a.w.WriteHeader(code)
	_, _ = a.w.Write(body) // a client that left needs no answer
	a.observe(code, fault)
}

func (a *answer) observe(code int, fault string) {
	if a.h.options.Observe != nil {
		a.h.options.Observe(a.call, code, fault, time.Since(a.began))
	}
}

func (a *answer) contentType(s *Service) string {
	switch a.protocol(s) {
	case queryStyle:
		return "text/xml"
	case ec2Style:
		return "text/xml;charset=UTF-8"
	case restXMLStyle:
		return "application/xml"
	case cborStyle:
		return "application/cbor"
	case restStyle:
		return "application/json"
	}
	return "application/x-amz-json-" + a.q.version
}
