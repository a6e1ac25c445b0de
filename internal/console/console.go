// Package console shows people what is so: the read-only pages under /_drydock/ as JSON, streams
// of events and logs, and one picture for a browser. It reads the store, explains, and changes
// nothing; whatever it shows that AWS would keep secret (environment, user data) it leaves out.
//
// Every page takes ?region= and ?account=, by default those of the daemon. Streams are NDJSON and
// end when the client goes or the request's context ends: the server's base context must end with
// the daemon. A refusal is {"error": "what happened and what to do"} with a 4xx or 5xx.
package console

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/gorilla/mux"
)

// Hooks is what the console cannot read from the store.
type Hooks struct {
	Default model.Scope // of requests that name none
	Gateway int         // port of the API, where load balancers answer by Host name too; 0 for none
	// Logs reads the lines that a container wrote, oldest first; an error ends the sequence.
	Logs func(ctx context.Context, runtimeID string, o engine.LogOptions) iter.Seq2[engine.LogLine, error]
	// Events are those of the log groups.
	Events *logs.Log
	// Flows yields what passes the network interfaces with these ids, or all of the scope; nil where
	// nothing does.
	Flows func(ctx context.Context, sc model.Scope, nics map[string]bool) iter.Seq[[]engine.Flow]
}

// console answers the pages of one store.
type console struct {
	store *store.Store
	hooks Hooks
}

// New returns the handler of all pages; their paths begin with /_drydock/.
func New(s *store.Store, h Hooks) http.Handler {
	c := &console{store: s, hooks: h}
	r := mux.NewRouter()
	for path, page := range map[string]func(w http.ResponseWriter, r *http.Request, sc model.Scope) error{
		"/_drydock/ps":               c.ps,
		"/_drydock/why":              c.why,
		"/_drydock/why/{subject:.+}": c.why,
		"/_drydock/lb":               c.lb,
		"/_drydock/instances":        c.instances,
		"/_drydock/events":           c.events,
		"/_drydock/flows":            c.flows,
		"/_drydock/changes":          c.changes,
		"/_drydock/logs":             c.logs,
		"/_drydock/":                 c.page,
	} {
		r.Handle(path, c.scoped(page)).Methods(http.MethodGet, http.MethodHead)
	}
	r.Handle("/_drydock/console.css", asset("console.css", "text/css; charset=utf-8")).Methods(http.MethodGet)
	r.Handle("/_drydock/console.js", asset("console.js", "text/javascript; charset=utf-8")).Methods(http.MethodGet)
	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "there is no such page; see /_drydock/ for what there is")
	})
	r.MethodNotAllowedHandler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusMethodNotAllowed, "this page is only read, with GET")
	})
	return harden(r)
}

// harden sets the headers that keep a browser from doing anything but showing the page.
func harden(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// problem is a refusal with its HTTP status.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

var (
	accountForm = regexp.MustCompile(`^[0-9]{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]+$`)
)

// scoped finds the account and region of a request and answers what goes wrong.
func (c *console) scoped(page func(http.ResponseWriter, *http.Request, model.Scope) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sc, q := c.hooks.Default, r.URL.Query()
		if v := q.Get("region"); v != "" {
			sc.Region = v
		}
		if v := q.Get("account"); v != "" {
			sc.Account = v
		}
		var err error
		switch {
		case !regionForm.MatchString(sc.Region):
			err = &problem{http.StatusBadRequest, "region " + strconv.Quote(sc.Region) + " is not a region name such as us-east-1"}
		case !accountForm.MatchString(sc.Account):
			err = &problem{http.StatusBadRequest, "account " + strconv.Quote(sc.Account) + " is not 12 digits"}
		default:
			err = page(w, r, sc)
		}
		if p, ok := errors.AsType[*problem](err); ok {
			fail(w, p.status, p.text)
		} else if err != nil {
			fail(w, http.StatusInternalServerError, err.Error())
		}
	})
}

// Where says which account and region an answer is about.
type Where struct {
	Region  string `json:"region"`
	Account string `json:"account"`
}

func where(sc model.Scope) Where { return Where{Region: sc.Region, Account: sc.Account} }

// Refusal is the body of an answer that is none.
type Refusal struct {
	Error string `json:"error"`
}

func fail(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(Refusal{text}) // the client is gone if this fails
}

func answer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
	return nil
}

// stallLimit is how long a client of a stream may take no bytes.
const stallLimit = time.Minute

// stream writes one JSON value a line, each at once.
type stream struct {
	out *http.ResponseController
	enc *json.Encoder
}

func newStream(w http.ResponseWriter) stream {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	s := stream{out: http.NewResponseController(w), enc: json.NewEncoder(w)}
	_ = s.flush()
	return s
}

func (s stream) send(v any) error {
	// A recorder in a test has no deadline to set; a real connection that cannot be written to
	// says so in Encode.
	_ = s.out.SetWriteDeadline(time.Now().Add(stallLimit))
	return s.enc.Encode(v)
}

func (s stream) flush() error { return s.out.Flush() }

// count reads a number of a query, or what it is by default.
func count(r *http.Request, name string, otherwise int) (int, error) {
	v := r.URL.Query().Get(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		return 0, &problem{http.StatusBadRequest, name + "=" + strconv.Quote(v) + " is not a number from 0"}
	}
	return n, nil
}

// yes reports whether a switch of a query is set.
func yes(r *http.Request, name string) bool {
	on, _ := strconv.ParseBool(r.URL.Query().Get(name))
	return on
}
