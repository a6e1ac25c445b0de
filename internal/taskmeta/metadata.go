package taskmeta

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/session"
	"github.com/drydock-ecs/drydock/internal/store"
)

// page is a question about a container, or about its task: which rows it is about, and how it is said.
type page struct {
	version string // v3 or v4
	id      string // as it was asked
	of      string // task or container, as the errors have it
	tags    bool
	subject
}

// subject is the container that asks, with its task and where that runs.
type subject struct {
	asker
	container model.Container
	scope     model.Scope
	instance  model.ContainerInstance
	machine   model.Instance // that it is
	vpc       string
	subnet    model.Subnet
}

// metadata answers below /v3/ID and /v4/ID.
func (h *Handler) metadata(w http.ResponseWriter, r *http.Request, from engine.Place, version, id, what string) {
	p := page{version: version, id: id, of: "container", tags: what == "taskWithTags"}
	if strings.HasPrefix(what, "task") {
		p.of = "task"
	}
	if !h.known(r.Context(), &p, from) {
		p.notFound(w, strings.HasSuffix(what, "stats"))
		return
	}
	switch what {
	case "":
		write(w, http.StatusOK, h.showContainer(r.Context(), p, p.container))
	case "task", "taskWithTags":
		write(w, http.StatusOK, h.showTask(r.Context(), p))
	case "stats":
		write(w, http.StatusOK, h.stats(r.Context(), p.container))
	case "task/stats":
		write(w, http.StatusOK, h.taskStats(r.Context(), p))
	default:
		http.NotFound(w, r)
	}
}

// notFound is the agent's: a sentence as JSON.
func (p page) notFound(w http.ResponseWriter, stats bool) {
	status, kind, asked, lacks := http.StatusNotFound, "metadata", "container ID", "docker ID"
	if p.version == "v3" {
		status = http.StatusBadRequest
	}
	if stats {
		kind = "stats"
	}
	if p.of == "task" {
		asked, lacks = "task arn", "task Arn"
	}
	write(w, status, strings.ToUpper(p.version)+" "+p.of+" "+kind+" handler: unable to get "+asked+" from request: unable to get "+lacks+" from v3 endpoint ID: "+p.id)
}

// settles is how long a container that asks at its very beginning waits for what is written of it.
const settles = 5 * time.Second

// known finds the container with the id. It runs, for it asks: until that is written, it would be told of
// itself as of one that was never made.
func (h *Handler) known(ctx context.Context, p *page, from engine.Place) bool {
	if found := h.find(p, from); !found || p.container.RuntimeID != "" {
		return found
	}
	ctx, cancel := context.WithTimeout(ctx, settles)
	defer cancel()
	tasks := h.store.Subscribe(store.Tasks.Name())
	defer h.store.Unsubscribe(tasks)
	for {
		if found := h.find(p, from); !found || p.container.RuntimeID != "" {
			return found
		}
		select {
		case <-tasks.C:
			tasks.Take()
		case <-ctx.Done():
			return true
		}
	}
}

// find looks for the container with the id among those that may be asking.
func (h *Handler) find(p *page, from engine.Place) (found bool) {
	_ = h.store.View(from.Scope, func(tx *store.Tx) error {
		for _, t := range askers(tx, from) {
			for _, c := range t.Containers {
				if session.ContainerID(h.Vault, from.Scope, t.ID, c.Name) == p.id {
					p.subject, found = about(tx, t, c), true
					return nil
				}
			}
		}
		return nil
	})
	return found
}

// about adds where a task runs.
func about(tx *store.Tx, t asker, c model.Container) subject {
	s := subject{asker: t, container: c, scope: tx.Scope()}
	s.instance, _ = store.ContainerInstances.Get(tx, t.Instance)
	s.machine, _ = store.Instances.Get(tx, s.instance.EC2)
	subnet := s.machine.Subnet
	if t.ENI != nil {
		subnet = t.ENI.Subnet
	}
	s.subnet, _ = store.Subnets.Get(tx, subnet)
	s.vpc = s.subnet.VPC
	return s
}

// Engine is what is asked of the containers themselves.
type Engine interface {
	Look(ctx context.Context, runtimeID string) (engine.Look, error)
	Stats(ctx context.Context, runtimeID string) (json.RawMessage, error)
}

// look asks the engine about a container; what it does not say is left out.
func (h *Handler) look(ctx context.Context, c model.Container) (l engine.Look) {
	if e := h.engine(); e != nil && c.RuntimeID != "" {
		var err error
		if l, err = e.Look(ctx, c.RuntimeID); err != nil {
			h.Log.Debug("task metadata", "container", c.RuntimeID, "err", err)
		}
	}
	return l
}

// stats are what a container uses; null where that is not known.
func (h *Handler) stats(ctx context.Context, c model.Container) json.RawMessage {
	e := h.engine()
	if e == nil || c.Is != model.Running {
		return nil
	}
	raw, err := e.Stats(ctx, c.RuntimeID)
	if err != nil {
		h.Log.Debug("task stats", "container", c.RuntimeID, "err", err)
		return nil
	}
	return raw
}

// taskStats are those of all containers of a task, by the engine's ids.
func (h *Handler) taskStats(ctx context.Context, p page) map[string]json.RawMessage {
	all := make([]json.RawMessage, len(p.Containers))
	var wg sync.WaitGroup
	for i, c := range p.Containers {
		wg.Go(func() { all[i] = h.stats(ctx, c) })
	}
	wg.Wait()
	out := map[string]json.RawMessage{}
	for i, c := range p.Containers {
		if c.RuntimeID != "" {
			out[c.RuntimeID] = all[i]
		}
	}
	return out
}

func (h *Handler) engine() Engine {
	if h.Engine == nil {
		return nil
	}
	return h.Engine()
}
