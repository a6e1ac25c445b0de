// Package imds answers what is asked at 169.254.169.254: the metadata of the instance that the request
// comes from, by its host or by what runs on it. Tokens (IMDSv2) are those of the instance that asked for
// them. Nothing is kept: a token tells by itself when it ends.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
package imds

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/rolecreds"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/vault"
)

// Config is what the handler knows besides the rows.
type Config struct {
	Vault *vault.Vault // seals tokens, and the secrets of sessions
	Log   *slog.Logger // nil for the default
}

// Handler is one store's. It is safe for use by several goroutines.
type Handler struct {
	Config
	store *store.Store
	roles *rolecreds.Giver
}

// New returns the handler of a store.
func New(s *store.Store, c Config) *Handler {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Handler{Config: c, store: s, roles: rolecreds.New(s, c.Vault)}
}

// asked is an instance that asks, or on which something asks.
type asked struct {
	model.Instance
	blocked bool // from where it is asked there is no way to the metadata
	far     bool // from behind the host: a token has one hop more to go
}

// ServeHTTP answers a request that comes from a place on the engine. Where there is no way to the
// metadata there is no answer, as from an address that nobody has.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, from engine.Place) {
	i, err := h.asking(from)
	switch {
	case err != nil:
		h.Log.Error("instance metadata", "instance", from.Instance, "err", err)
		page(w, http.StatusInternalServerError)
	case i.blocked:
		<-r.Context().Done()
	case i.Launch.Metadata.Off:
		page(w, http.StatusForbidden)
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token":
		h.giveToken(w, r, from, i)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		page(w, http.StatusMethodNotAllowed)
	case !h.passes(w, r, from, i):
		page(w, http.StatusUnauthorized)
	default:
		h.show(w, r, i, from.Scope)
	}
}

// asking finds the instance. A task with an interface of its own finds the way blocked if the agent is
// configured so; one on Fargate has no instance.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
func (h *Handler) asking(from engine.Place) (a asked, err error) {
	err = h.store.View(from.Scope, func(tx *store.Tx) error {
		var there bool
		if a.Instance, there = store.Instances.Get(tx, from.Instance); !there {
			a.blocked = true
			return nil
		}
		if t, ok := store.Tasks.Get(tx, from.Task); ok {
			own := t.ENI != nil
			a.far = !own
			block, _ := strconv.ParseBool(model.ReadAgentConfig(a.UserData)["ECS_AWSVPC_BLOCK_IMDS"])
			a.blocked = own && block
		}
		return nil
	})
	return a, err
}

var version = regexp.MustCompile(`^(latest|1\.0|20[0-9]{2}-[0-9]{2}-[0-9]{2})$`)

// show answers with what is at a path: a value, or what a directory has.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, i asked, sc model.Scope) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case first == "":
		text(w, "1.0\nlatest")
		return
	case !version.MatchString(first):
		page(w, http.StatusNotFound)
		return
	}
	t := tree{}
	err := h.store.View(sc, func(tx *store.Tx) error { t.fill(tx, i.Instance); return nil })
	if err == nil {
		err = h.role(t, sc, i.Instance, rest)
	}
	value, found := t.at(rest)
	switch {
	case err != nil:
		h.Log.Error("instance metadata", "instance", i.ID, "err", err)
		page(w, http.StatusInternalServerError)
	case !found:
		page(w, http.StatusNotFound)
	default:
		text(w, value)
	}
}

func text(w http.ResponseWriter, value string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Server", "EC2ws")
	_, _ = w.Write([]byte(value))
}

// page is an error as the real one shows it.
func page(w http.ResponseWriter, status int) {
	title := fmt.Sprintf("%d - %s", status, http.StatusText(status))
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Server", "EC2ws")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>%s</title>
 </head>
 <body>
  <h1>%[1]s</h1>
 </body>
</html>
`, title)
}

// errNoProfile is the lack of an instance profile: then there is no iam/.
var errNoProfile = errors.New("no instance profile")
