package daemon

import (
	"context"
	"encoding/json"
	"iter"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/api/ec2"
	"github.com/drydock-ecs/drydock/api/ecs"
	"github.com/drydock-ecs/drydock/api/elbv2"
	"github.com/drydock-ecs/drydock/api/gate"
	"github.com/drydock-ecs/drydock/api/iam"
	"github.com/drydock-ecs/drydock/api/logs"
	"github.com/drydock-ecs/drydock/api/secretsmanager"
	"github.com/drydock-ecs/drydock/api/ssm"
	"github.com/drydock-ecs/drydock/api/sts"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/flowlog"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/subscription"

	"github.com/gorilla/mux"
)

// callTime bounds how long a client may take to send one API request.
const callTime = 30 * time.Second

// handler answers everything that comes to the API's port: load balancers by their Host names, and
// else, behind the guard against browsers, the AWS APIs and our own pages.
func (d *daemon) handler(ctx context.Context) http.Handler {
	api := guard(d.AllowHosts, d.routes(ctx))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !d.parts.Load().proxy.ServeHost(w, r) {
			api.ServeHTTP(w, r)
		}
	})
}

func (d *daemon) routes(ctx context.Context) http.Handler {
	r := mux.NewRouter().SkipClean(true)
	for _, path := range []string{"/_drydock/health", "/_localstack/health"} {
		r.HandleFunc(path, d.health).Methods(http.MethodGet, http.MethodHead)
		r.HandleFunc(path, onlyBy("GET, HEAD"))
	}
	for _, path := range []string{"/_drydock/reset", "/_localstack/state/reset"} {
		r.Handle(path, until(ctx, http.HandlerFunc(d.reset))).Methods(http.MethodPost)
		r.HandleFunc(path, onlyBy("POST"))
	}
	r.Handle("/_drydock/metrics", d.metrics.Handler()).Methods(http.MethodGet)
	r.HandleFunc("/_drydock/ca.pem", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(d.ca.PEM())
	}).Methods(http.MethodGet)
	r.PathPrefix("/_drydock/").Handler(until(ctx, d.console()))
	picture := http.RedirectHandler("/_drydock/", http.StatusSeeOther)
	r.Handle("/_drydock", picture).Methods(http.MethodGet)
	r.Handle("/", picture).Methods(http.MethodGet).MatcherFunc(fromAddressBar)
	r.PathPrefix("/").Handler(d.aws(ctx))
	return r
}

// fromAddressBar matches what a person's browser asks for, and no AWS client does.
func fromAddressBar(r *http.Request, _ *mux.RouteMatch) bool {
	return r.URL.RawQuery == "" && r.Header.Get("Authorization") == "" && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// until ends requests that would go on for as long as somebody listens when ctx ends.
func until(ctx context.Context, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mine, end := context.WithCancel(r.Context())
		defer end()
		defer context.AfterFunc(ctx, end)()
		next.ServeHTTP(w, r.WithContext(mine))
	})
}

// onlyBy refuses methods that a page does not take.
func onlyBy(allow string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		writeJSON(w, http.StatusMethodNotAllowed, map[string]string{"error": r.URL.Path + " is only asked with " + allow})
	}
}

func (d *daemon) console() http.Handler {
	_, port, _ := net.SplitHostPort(d.Listen)
	gateway, _ := strconv.Atoi(port)
	h := console.Hooks{Default: d.scope(), Gateway: gateway, Logs: d.engine.Logs, Events: d.events}
	if _, counts := d.engine.(flowlog.Engine); counts {
		h.Flows = func(ctx context.Context, sc model.Scope, nics map[string]bool) iter.Seq[[]engine.Flow] {
			return d.parts.Load().flows.Follow(ctx, sc, nics)
		}
	}
	return console.New(d.store, h)
}

// services are the AWS services that are answered.
func (d *daemon) services() []wire.Service {
	return []wire.Service{
		ecs.Service(d.store, ecs.Options{Arch: d.info.Arch, AgentVersion: d.Version, DockerVersion: d.info.Version, Scale: d.scale, Public: d.hosts()}),
		elbv2.Service(d.store, elbv2.Options{Scale: d.scale}),
		ec2.Service(d.store, ec2.Options{Hosts: d.hosts(), Directory: d.exports.Writable, Vault: d.vault}),
		iam.Service(d.store, iam.Options{Vault: d.vault, Uses: d.uses}),
		sts.Service(d.store, sts.Options{Vault: d.vault}),
		secretsmanager.Service(d.store, secretsmanager.Options{Vault: d.vault, Scale: d.scale}),
		logs.Service(d.store, d.events, logs.Options{Directory: d.exports.Writable, Try: d.try}),
		ssm.Service(d.store, ssm.Options{Vault: d.vault}),
	}
}

// try sends a destination of log events the message that checks it.
func (d *daemon) try(sc model.Scope, to model.LogDestination, now time.Time) error {
	return subscription.Try(d.exports, sc, to, now)
}

// keeper finds out who calls, and decides what callers may do.
func (d *daemon) keeper() wire.Gate {
	return gate.New(d.store, gate.Options{Vault: d.vault, Strict: d.strict(), Uses: d.uses, Log: d.Log})
}

// warnOfNobody says so when nobody can call: there are only issued keys to call with, and no key.
func (d *daemon) warnOfNobody() {
	if d.Auth != "strict" {
		return
	}
	_ = d.store.View(d.scope(), func(tx *store.Tx) error {
		for range store.AccessKeys.All(tx.In(d.scope().Global())) {
			return nil
		}
		d.Log.Warn("--auth strict refuses every call: there is no access key yet; make a user without it first", "account", d.Account)
		return nil
	})
}

// aws answers the AWS APIs. A reset waits for what is being answered, but for no stream: it ends with ctx
// at the latest.
func (d *daemon) aws(ctx context.Context) http.Handler {
	services := grounded(d.services(), d.info.Flat)
	for _, s := range services {
		d.names = append(d.names, s.Name)
	}
	h := wire.New(services, wire.Options{Default: d.scope(), Gate: d.keeper(), Enter: d.enter, Life: ctx, Observe: func(c wire.Call, status int, code string, took time.Duration) {
		d.metrics.API(c.Service, c.Operation, status, code, took)
		d.Log.Debug("call", "service", c.Service, "operation", c.Operation, "scope", c.Scope.String(), "status", status, "code", code, "took", took, "request", c.RequestID)
	}})
	all := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(callTime))
		h.ServeHTTP(w, r)
	}))
	d.api.Store(&all)
	return all
}

// enter waits while a reset runs, and keeps one waiting until leave is called.
func (d *daemon) enter() (leave func()) {
	d.gate.RLock()
	return d.gate.RUnlock
}

// health tells whether the daemon answers (it does) and whether its engine does. The shape is that
// of the health page which compose files and test containers already ask for, with more in it.
func (d *daemon) health(w http.ResponseWriter, _ *http.Request) {
	ok, detail := d.parts.Load().agent.Health()
	status, services := "running", map[string]string{}
	if !ok {
		status = "degraded"
	}
	for _, name := range d.names {
		services[name] = status
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"status": status, "version": d.Version, "owner": d.owner, "services": services,
		"engine":  map[string]any{"kind": d.Engine, "ok": ok, "detail": detail, "caveats": append([]string{}, d.info.Caveats...)},
		"network": map[string]any{"ok": d.info.Flat == "", "detail": d.info.Flat},
	})
}

// reset stops and forgets everything, and answers once that is so.
func (d *daemon) reset(w http.ResponseWriter, r *http.Request) {
	d.gate.Lock()
	defer d.gate.Unlock()
	done := make(chan error, 1)
	select {
	case d.resets <- done:
	case <-r.Context().Done():
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"error": "reset: nothing was reset, because the daemon stops"})
		return
	}
	if err := <-done; err != nil {
		d.Log.Error("reset", "err", err)
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "reset: " + err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "reset"})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
