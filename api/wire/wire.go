// Package wire turns AWS protocol bodies into Go structs and structs into bodies: awsJson 1.0 and
// 1.1, awsQuery and ec2Query. It is the only reader and writer of JSON, forms and XML of the AWS
// APIs, finds out which service and operation a request means, and answers what goes wrong in the
// form that the client's SDK can type. It knows no state: an operation is a function.
package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/drydock-ecs/drydock/api/wire/sigv4"
	"github.com/drydock-ecs/drydock/internal/model"
)

// Protocol is how a service's bodies are written.
type Protocol int8

// The protocols.
const (
	JSON11 Protocol = iota // X-Amz-Target names the operation
	JSON10
	Query    // form in, XML out; lists are Name.member.N
	EC2Query // form in, XML out; lists are flat in requests, <item> in answers
)

// Service is one AWS service as clients address it.
type Service struct {
	Name      string // signing name in the credential scope: "ecs"
	Protocol  Protocol
	Target    string // X-Amz-Target prefix, JSON protocols
	Version   string // API version, query protocols
	Namespace string // of XML answers
	Pascal    bool   // JSON members keep the Go field's first letter upper case
	Ops       map[string]Op
	// Known names operations of the service that exist on AWS and are not served, so that the
	// refusal can say so; any other unknown name is answered as AWS answers it.
	Known []string
	// Statuses are the HTTP statuses of the SDK's errors, by code, that are neither 400 nor, where it is the
	// server's fault, 500.
	Statuses map[string]int
}

// Op is one operation. In returns a pointer to a new zero input; Do answers it with a pointer to a
// struct or a [Stream], or with an error: a smithy.APIError (every SDK error type, and [Error]) is told to the
// client as it is, any other becomes an InternalFailure and is logged.
//
// An SDK struct's field is a member of the same name (first letter as the service writes it). A
// field tag `wire:"name"` overrides the name; on a list it names the flat or wrapping element.
// EC2 writes names upper case first in requests and lower case first in answers, and so do the
// codecs; `wire:"Request,answer"` is for members that differ in more. `wire:"-"` is no member.
type Op struct {
	In func() any
	Do func(ctx context.Context, c Call, in any) (out any, err error)
}

// Call is what is known of a request besides its body. Service and Operation are empty where no
// service knows what was asked for.
type Call struct {
	Scope     model.Scope
	Service   string
	Operation string
	RequestID string
	AccessKey string
	Caller    model.Caller // who the gate found it to be; the zero value where there is no gate
	Peer      Peer
	may       func(operation string, in any) error
}

// May says whether the caller may do what another operation of the service asks for: nil if so, and where
// there is no gate. It is for operations that answer of several things, each by itself.
func (c Call) May(operation string, in any) error {
	if c.may == nil {
		return nil
	}
	return c.may(operation, in)
}

// Peer is where a call comes from.
type Peer struct {
	IP        string
	UserAgent string
	TLS       bool
}

// Gate stands before every operation of every service. Either function may be nil, which lets
// everybody pass.
type Gate struct {
	// Identify finds out who makes a call, as soon as its service is known and before its operation is:
	// it sets the call's Caller and the account of its Scope.
	Identify func(c *Call, s *Service, p Proof) error
	// Allow says whether the caller may do what the call asks for: nil if so.
	Allow func(c Call, s *Service, in any) error
}

// Proof is how a caller proves who it is.
type Proof struct {
	Signature *sigv4.Signature // nil where nobody signed
	Flaw      error            // why what is there is no signature that can be read
	Request   sigv4.Request    // what the signature must be of
}

// Options bounds requests and gives the defaults of unsigned ones.
type Options struct {
	Default model.Scope // for requests without a credential scope or 12-digit access key id
	MaxBody int64       // bytes; 0 means 8 MiB
	Gate    Gate
	// Observe is told of every answered call, for metrics and logs: its HTTP status, its error code
	// ("" for a success), and how long it took from the request's header to the answer.
	Observe func(c Call, status int, code string, took time.Duration)
	// Enter is called before a request is read; what it returns once it is answered or, of an answer that
	// goes on, once that has begun.
	Enter func() (leave func())
	// Life ends every answer that goes on; nil for never.
	Life context.Context
}

// New returns the handler of all services. It answers POST / (and GET / with a query form); what
// no service serves gets a typed AWS error that names the operation.
func New(services []Service, o Options) http.Handler {
	if o.MaxBody <= 0 {
		o.MaxBody = 8 << 20
	}
	h := &server{options: o, codecs: newCodecs()}
	for i := range services {
		h.add(services[i])
	}
	return h
}
