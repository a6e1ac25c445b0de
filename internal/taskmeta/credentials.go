package taskmeta

import (
	"crypto/subtle"
	"errors"
	"net/http"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/rolecreds"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"
)

// document is what SDKs read.
type document struct {
	RoleArn, AccessKeyId, SecretAccessKey, Token, Expiration string
}

// refusal is the agent's error document.
type refusal struct {
	Code          string `json:"code"`
	Message       string `json:"message"`
	HTTPErrorCode int
}

// errNone is the same for an id that nobody has, one of another task, and a role that ECS cannot assume.
//
//lint:ignore ST1005 the words are the agent's
var errNone = errors.New("Credentials not found")

// credentials answers with those of the role of the task with the id, if it is that task who asks.
func (h *Handler) credentials(w http.ResponseWriter, from engine.Place, version, id string) {
	refuse := func(status int, code, message string) {
		write(w, status, refusal{code, "Credentials" + version + "Request: " + message, status})
	}
	if id == "" {
		refuse(http.StatusBadRequest, "NoIdInRequest", "No Credential ID in the request")
		return
	}
	role, c, err := h.of(from, id)
	switch {
	case errors.Is(err, errNone):
		h.Log.Info("no credentials", "task", from.Task, "instance", from.Instance)
		refuse(http.StatusBadRequest, "InvalidIdInRequest", err.Error())
	case err != nil:
		h.Log.Error("credentials", "task", from.Task, "err", err)
		refuse(http.StatusInternalServerError, "InternalServerError", "Internal server error")
	default:
		write(w, http.StatusOK, document{role, c.ID, c.Secret, c.Token, c.Expires.UTC().Format(time.RFC3339)})
	}
}

// of returns the role of the task with the id, and credentials of it.
func (h *Handler) of(from engine.Place, id string) (role string, c session.Credentials, err error) {
	var task string
	err = h.store.View(from.Scope, func(tx *store.Tx) error {
		t, ok := h.named(tx, from, id)
		if role, task = t.def.TaskRole(t.Birth.Overrides), t.ID; !ok || role == "" {
			return errNone
		}
		return nil
	})
	if err != nil {
		return "", c, err
	}
	c, err = h.roles.For(rolecreds.Holder{Scope: from.Scope, Service: identity.ForTasks, Role: role, Session: task})
	if errors.Is(err, rolecreds.ErrNotAssumed) {
		err = errNone
	}
	return role, c, err
}

// named is the task with the id among those that may be asking.
func (h *Handler) named(tx *store.Tx, from engine.Place, id string) (asker, bool) {
	for _, t := range askers(tx, from) {
		own := session.TaskPath(h.Vault, from.Scope, t.ID)
		if subtle.ConstantTimeCompare([]byte(own), []byte("/v2/credentials/"+id)) == 1 {
			return t, true
		}
	}
	return asker{}, false
}
