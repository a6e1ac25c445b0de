// Package taskmeta answers what containers ask at 169.254.170.2: for the credentials of their task's
// role, about themselves and their task (task metadata, versions 3 and 4), and to be protected from
// scale-in. Who asks is known by the
// network namespace that the request comes from: what belongs to another task does not exist for it.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint.html
package taskmeta

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rolecreds"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Config is what the handler knows besides the rows.
type Config struct {
	Vault *vault.Vault // seals the secrets of sessions, and names the places of credentials
	// Strict says that instances without an instance profile have no credentials.
	Strict bool
	Uses   *lastuse.Book // told of the roles that are used; nil for nobody
	Log    *slog.Logger  // nil for the default
	// Engine says what runs the containers, which it is asked about; nil for nothing. It may be known
	// later than the handler.
	Engine func() Engine
	// APIs answers the AWS APIs, behind their gate; nil for nobody.
	APIs http.Handler
}

// Handler is one store's. It is safe for use by several goroutines.
type Handler struct {
	Config
	store *store.Store
	roles *rolecreds.Giver
	book  identity.Book
}

// New returns the handler of a store.
func New(s *store.Store, c Config) *Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Handler{Config: c, store: s, roles: rolecreds.New(s, c.Vault)}
}

// ServeHTTP answers a request that comes from a place on the engine.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, from engine.Place) {
	p := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case p[0] == "v1" && len(p) == 2 && p[1] == "credentials":
		h.credentials(w, from, "V1", r.URL.Query().Get("id"))
	case p[0] == "v2" && len(p) == 2 && p[1] == "credentials":
		h.credentials(w, from, "V2", "")
	case p[0] == "v2" && len(p) == 3 && p[1] == "credentials":
		h.credentials(w, from, "V2", p[2])
	case (p[0] == "v3" || p[0] == "v4") && len(p) >= 2 && len(p) <= 4:
		h.metadata(w, r, from, p[0], p[1], strings.Join(p[2:], "/"))
	case protects(p):
		h.protection(w, r, from, p[1])
	default:
		http.NotFound(w, r)
	}
}

// asker is a task that may be the one that asks, with its definition.
type asker struct {
	model.Task
	def model.TaskDef
}

// askers are the tasks that live where the request comes from: the one that the namespace belongs to,
// or those that share that of the instance.
func askers(tx *store.Tx, from engine.Place) (all []asker) {
	if from.Task != "" {
		if t, ok := store.Tasks.Get(tx, from.Task); ok && t.Live() {
			def, _ := store.TaskDefs.Get(tx, t.Birth.Def)
			all = append(all, asker{t, def})
		}
		return all
	}
	for ci := range store.ContainerInstancesByEC2.Each(tx, from.Instance) {
		for t := range store.TasksByInstance.Each(tx, ci.ID) {
			if def, _ := store.TaskDefs.Get(tx, t.Birth.Def); def.Mode() == types.NetworkModeHost {
				all = append(all, asker{t, def})
			}
		}
	}
	return all
}

// write answers with a document, as the agent writes it.
func write(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// stamp is a time as the agent writes it; nil for none.
func stamp(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
