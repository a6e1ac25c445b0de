package docker

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
)

// foundBoxes takes up what the engine lists of boxes: those that run are attached to, and machines and
// gateways that ended with the engine are started again as they were. It returns once they stand.
func (r *Runtime) foundBoxes(ctx context.Context, cs []container.Summary) {
	var wg sync.WaitGroup
	turns := make(chan struct{}, starts)
	for _, c := range cs {
		var take func(context.Context, string) error
		switch {
		case c.Labels[labelBox] == "":
			continue
		case c.State == container.StateRunning:
			take = r.takeUp
		case c.Labels[labelBox] == netbox.RoleInstance || c.Labels[labelBox] == netbox.RoleGateway:
			take = r.bringBack
		default:
			continue
		}
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if err := take(ctx, c.ID); err != nil && ctx.Err() == nil {
				r.log.Warn("a network namespace is out of reach", "container", c.ID, "role", c.Labels[labelBox], "err", err)
			}
		})
	}
	wg.Wait()
}

// takeUp attaches to a box that an earlier daemon made.
func (r *Runtime) takeUp(ctx context.Context, id string) error {
	_, _, err := r.channelOf(ctx, id)
	return err
}

// bringBack starts a machine or a gateway that ended, when it is known how it stood. Otherwise whoever
// wants it raises it.
func (r *Runtime) bringBack(ctx context.Context, id string) error {
	last := r.channels.lastOf(id)
	if last == nil {
		return nil
	}
	done, err := r.turns.take(ctx, last.owner())
	if err != nil {
		return err
	}
	defer done()
	_, err = r.restart(ctx, last)
	return err
}

// restart starts the container of an ended channel again, as it stood.
func (r *Runtime) restart(ctx context.Context, last *channel) (*channel, error) {
	c, there, err := r.channelOf(ctx, last.id)
	if err != nil || there {
		return c, err
	}
	if old := r.channels.of(last.id); old != nil {
		select {
		case <-old.life.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	cfg := last.config()
	cfg.Forwards = nil // what was behind a machine ended with it
	c, err = r.startBox(ctx, last.id, box{Name: last.name, Role: last.role, Place: *last.place.Load(), Config: cfg}, nil)
	if err != nil {
		r.channels.keep(last)
		return nil, err
	}
	return c, nil
}

// owner is who has the turn of what the channel's container is made for.
func (c *channel) owner() string {
	p := c.place.Load()
	if c.role == netbox.RoleInstance {
		return p.Instance
	}
	return c.role + " " + c.r.vpcName(p.Scope, p.VPC)
}

// boxEvent acts on what the engine tells of a box.
func (r *Runtime) boxEvent(m events.Message) {
	attrs := m.Actor.Attributes
	role := attrs[labelBox]
	c := r.channels.of(m.Actor.ID)
	if c == nil {
		c = r.channels.lastOf(m.Actor.ID) // its line broke first
	}
	if role != "" && m.Action == events.ActionDie && c != nil {
		if l := c.line.Load(); l != nil { // else it stands for one that was not started again
			l.conn.Close()
		}
	}
	switch {
	case role != netbox.RoleInstance && role != netbox.RoleGateway:
	case m.Action != events.ActionDie || c == nil || c.leaving.Load():
	default:
		r.notes.Go(func() { r.fell(c, time.Unix(0, m.TimeNano).UTC()) })
	}
}

// fell tells of a machine that ended while the engine went on, and makes a gateway stand again. When
// the engine ended them it is asked in vain: then they come back with it.
func (r *Runtime) fell(c *channel, at time.Time) {
	ctx, cancel := context.WithTimeout(r.life, time.Minute)
	defer cancel()
	select {
	case <-c.life.Done():
	case <-ctx.Done():
		return
	}
	if c.leaving.Load() || !r.alive(ctx) {
		return
	}
	p := c.place.Load()
	if c.role == netbox.RoleInstance {
		select {
		case r.told <- engine.Event{Kind: engine.HostDown, At: at, Scope: p.Scope, Instance: p.Instance}:
		case <-r.life.Done():
		}
		return
	}
	if r.channels.lastOf(c.id) == nil { // it stands again, or is not to
		return
	}
	v := engine.VPC{Scope: p.Scope, ID: p.VPC, CIDR: c.config().VPC}
	if _, err := r.gate(ctx, v, true); err != nil {
		r.log.Warn("the gateway of a VPC does not stand", "vpc", p.VPC, "err", err)
	}
}

// unlessFallen tells that a pause ended whose machine did not: what is behind one ends with it, and before
// it as the engine has it, and then the machine is what was lost.
func (r *Runtime) unlessFallen(instance string, lost engine.Event) {
	machine, there, err := r.channelOf(r.life, r.hostName(instance))
	if err != nil || !there || !machine.answers(r.life) && machine.life.Err() != nil { // a slow one stands
		return
	}
	select {
	case r.told <- lost:
	case <-r.life.Done():
	}
}

// alivePatience is how long an engine that goes on takes to say so.
const alivePatience = 2 * time.Second

// alive asks the engine whether it is there, over a connection of its own: one that is being stopped
// goes on answering over those that it has.
func (r *Runtime) alive(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, alivePatience)
	defer cancel()
	dial := r.cli.Dialer()
	t := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/_ping", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := t.RoundTrip(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
