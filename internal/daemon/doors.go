package daemon

import (
	"net/netip"
	"os"

	"github.com/drydock-ecs/drydock/internal/engine/docker"
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
	return docker.Doors{
		HTTP: taskmeta.New(d.store, taskmeta.Config{Vault: d.vault, Log: d.Log}).ServeHTTP,
		DNS:  resolver.New(d.store, resolver.Config{Log: d.Log}).Answer,
	}
}
