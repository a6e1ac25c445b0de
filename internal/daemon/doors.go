package daemon

import (
	"net/http"
	"net/netip"
	"os"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/engine/docker"
	"github.com/drydock-ecs/drydock/internal/imds"
	"github.com/drydock-ecs/drydock/internal/netbox"
	"github.com/drydock-ecs/drydock/internal/probe"
	"github.com/drydock-ecs/drydock/internal/resolver"
	"github.com/drydock-ecs/drydock/internal/taskmeta"
)

// dockerConfig says which engine, as whom, and who answers what comes from inside it.
func (d *daemon) dockerConfig() (docker.Config, error) {
	c := docker.Config{Host: d.DockerHost, Owner: d.owner, Probe: probe.Image, Scale: d.scale, Log: d.Log, Dir: d.home.path("net"), Doors: d.doors()}
	if d.NetworkPool != "" {
		pool, err := netip.ParsePrefix(d.NetworkPool)
		if err != nil {
			return c, err
		}
		c.Pool = pool.Masked()
	}
	return c, os.MkdirAll(c.Dir, 0o700)
}

// doors answer the link-local addresses of tasks and instances.
func (d *daemon) doors() docker.Doors {
	tasks := taskmeta.New(d.store, taskmeta.Config{Vault: d.vault, Strict: d.strict(), Uses: d.uses, Log: d.Log, APIs: http.HandlerFunc(d.answerInside), Engine: func() taskmeta.Engine { e, _ := d.engine.(taskmeta.Engine); return e }})
	instances := imds.New(d.store, imds.Config{Vault: d.vault, Log: d.Log})
	return docker.Doors{
		HTTP: func(w http.ResponseWriter, r *http.Request, from engine.Place) {
			switch r.URL.Host {
			case netbox.APIs:
				d.inner(w, r)
			case metadataAddress:
				instances.ServeHTTP(w, r, from)
			default:
				tasks.ServeHTTP(w, r, from)
			}
		},
		DNS: resolver.New(d.store, resolver.Config{Log: d.Log}).Answer,
		Flows: func(from engine.Place, flows []engine.Flow) {
			if p := d.parts.Load(); p != nil {
				p.flows.Take(from, flows)
			}
		},
	}
}

// endpoint is the URL that containers are told as that of the AWS APIs; empty where they are not.
func (d *daemon) endpoint() string {
	if d.NoEndpoint {
		return ""
	}
	return "http://" + netbox.APIs
}

// inner answers the AWS APIs, and nothing of our own, to what runs inside.
func (d *daemon) inner(w http.ResponseWriter, r *http.Request) {
	if d.NoEndpoint {
		http.NotFound(w, r)
		return
	}
	d.answerInside(w, r)
}

// answerInside answers the AWS APIs once they are there.
func (d *daemon) answerInside(w http.ResponseWriter, r *http.Request) {
	h := d.api.Load()
	if h == nil {
		http.Error(w, "the daemon begins", http.StatusServiceUnavailable)
		return
	}
	(*h).ServeHTTP(w, r)
}

// metadataAddress is where instances ask about themselves.
const metadataAddress = "169.254.169.254"
