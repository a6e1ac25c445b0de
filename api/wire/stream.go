package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
	"github.com/aws/smithy-go"
)

// Stream is the answer of an operation that goes on for as long as the client listens. Do returns one in
// place of a struct; Run is called once the client was told that it begins.
//
// Run sends events by the names that they have as members of the answer, each a pointer to a struct. Send
// returns an error once nobody listens. The error that Run returns is told as the last event: a
// smithy.APIError as it is, any other becomes an InternalFailure; what an APIError is joined with is logged.
type Stream struct {
	Longest time.Duration // after which Run's context ends
	Run     func(ctx context.Context, send func(event string, v any) error) error
}

// lastWords is how long a client may take to read what is left for it at the end of a stream.
const lastWords = 5 * time.Second

// firstPause is how long a stream begins late. The Go SDK closes the body of its request as soon as it has
// the head of the answer; while the request's last bytes are under way that breaks the connection, and
// unlike other calls a stream that began is not asked for again. There is nothing to wait for instead of a time: every
// byte of the request is here by then, and what is left, that the client's transport looks whether there is more of the
// body than it sent, leaves no trace on the connection.
//
// Source: https://github.com/aws/smithy-go/blob/main/transport/http/client.go (ClientHandler.Handle)
const firstPause = 20 * time.Millisecond

// stream writes the messages of one answer.
//
// Source: https://smithy.io/2.0/aws/amazon-eventstream.html
type stream struct {
	*answer
	s   *Service
	enc *eventstream.Encoder
	buf bytes.Buffer
}

// errEnded is what who sends gets once nobody listens.
var errEnded = errors.New("the client is gone")

// begin tells the client that a stream begins. It is false where no answer can go on.
func (a *answer) begin(s *Service) (*stream, bool) {
	if _, ok := a.w.(http.Flusher); !ok {
		a.fail(s, &Error{Code: "UnsupportedOperationException", Message: "Drydock cannot answer " + s.Name + ":" + a.call.Operation +
			" here: this connection carries no event streams."})
		return nil, false
	}
	time.Sleep(firstPause)
	h := a.w.Header()
	h.Set("Content-Type", "application/vnd.amazon.eventstream")
	h.Set("X-Amzn-Requestid", a.call.RequestID)
	h.Set("Connection", "close") // its deadlines are no other call's
	a.w.WriteHeader(http.StatusOK)
	st := &stream{answer: a, s: s, enc: eventstream.NewEncoder()}
	ok := st.message("event", "initial-response", []byte("{}")) == nil
	a.observe(http.StatusOK, "")
	return st, ok
}

// run runs out until it ends, its client leaves, or life ends.
func (st *stream) run(ctx, life context.Context, out *Stream) {
	ctx, cancel := context.WithTimeout(ctx, out.Longest)
	defer cancel()
	if life != nil {
		defer context.AfterFunc(life, cancel)()
	}
	// Nothing more is read of the request, and who does not read its answer is not waited for at the end.
	conn := http.NewResponseController(st.w)
	_ = conn.SetReadDeadline(time.Time{})
	defer context.AfterFunc(ctx, func() { _ = conn.SetWriteDeadline(time.Now().Add(lastWords)) })()
	if err := out.Run(ctx, st.send); err != nil && !errors.Is(err, errEnded) {
		st.fail(err)
	}
}

func (st *stream) send(event string, v any) error {
	payload, err := st.h.codecs.answers(st.s).write(nil, v)
	if err != nil {
		return fmt.Errorf("write event %s: %w", event, err)
	}
	return st.message("event", event, payload)
}

// fail tells an error as the last message.
func (st *stream) fail(err error) {
	var known smithy.APIError
	modeled := errors.As(err, &known)
	if !modeled || err != error(known) {
		slog.Error("AWS stream failed", "service", st.s.Name, "operation", st.call.Operation, "request", st.call.RequestID, "error", err)
	}
	if modeled {
		_ = st.message("exception", known.ErrorCode(), append(appendString([]byte(`{"message":`), known.ErrorMessage()), '}'))
		return
	}
	_ = st.write(eventstream.Message{Headers: headers(":message-type", "error", ":error-code", "InternalFailure",
		":error-message", "An internal failure occurred. The daemon's log says more about request "+st.call.RequestID+".")})
}

func (st *stream) message(kind, name string, payload []byte) error {
	return st.write(eventstream.Message{Payload: payload,
		Headers: headers(":message-type", kind, ":"+kind+"-type", name, ":content-type", "application/json")})
}

func headers(pairs ...string) (hs eventstream.Headers) {
	for i := 0; i < len(pairs); i += 2 {
		hs.Set(pairs[i], eventstream.StringValue(pairs[i+1]))
	}
	return hs
}

// write hands one message on at once.
func (st *stream) write(m eventstream.Message) error {
	st.buf.Reset()
	if err := st.enc.Encode(&st.buf, m); err != nil {
		return err
	}
	if _, err := st.w.Write(st.buf.Bytes()); err != nil {
		return errEnded
	}
	if http.NewResponseController(st.w).Flush() != nil {
		return errEnded
	}
	return nil
}
