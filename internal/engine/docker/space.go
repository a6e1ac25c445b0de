package docker

import (
	"context"
	"net/netip"
	"reflect"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types/container"
)

// space is the pause of a task, or of one container in bridge mode. What it still lacks is done while its
// containers are made.
type space struct {
	*channel
	ip   netip.Addr    // on the bridge of its instance; zero elsewhere
	done chan struct{} // closed once the namespace is as it was asked to be
	err  error         // why it is not; to be read after done
}

// instance is the one behind whose machine the space is.
func (s *space) instance() string { return s.place.Load().Instance }

// prepare returns a space for which do is still to be done.
func (r *Runtime) prepare(ctx context.Context, c *channel, ip netip.Addr, do func(context.Context) error) *space {
	s := &space{channel: c, ip: ip, done: make(chan struct{})}
	ctx = context.WithoutCancel(ctx) // others may wait for it too
	go func() {
		defer close(s.done)
		s.err = do(ctx)
	}()
	return s
}

// wait returns once the namespace is as it was asked to be.
func (s *space) wait(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spaceOf returns the space that has the name, if it is known and stands.
func (r *Runtime) spaceOf(name string) *space {
	known, ok := r.spaces.Load(name)
	if !ok {
		return nil
	}
	if s := known.(*space); s.life.Err() == nil {
		return s
	}
	r.spaces.CompareAndDelete(name, known)
	return nil
}

// occupy makes the pause that b describes, of a spare one where that does, or finds the one that is there;
// fresh says that nobody had it before. It is errPauseEnded when that one ended.
func (r *Runtime) occupy(ctx context.Context, b box, plain bool) (s *space, fresh bool, err error) {
	if s := r.spaceOf(b.Name); s != nil {
		return s, false, nil
	}
	if plain {
		s = r.occupySpare(ctx, b)
	}
	fresh = true
	if s == nil {
		s, fresh, err = r.occupyCold(ctx, b)
	}
	if err == nil {
		r.spaces.Store(b.Name, s)
	}
	return s, fresh, err
}

// occupySpare makes a spare pause that of b; nil when there is none of use.
func (r *Runtime) occupySpare(ctx context.Context, b box) *space {
	s, ok := r.pools.take(b.lot(), func(id string) { r.claims.Store(id, b.Place) })
	if !ok {
		return nil
	}
	if err := r.cli.ContainerRename(ctx, s.id, b.Name); err != nil { // another one may have the name
		r.log.Debug("a spare network namespace is of no use", "container", s.id, "err", err)
		r.claims.Delete(s.id)
		if ctx.Err() != nil { // nobody waits for that
			r.notes.Go(func() { r.dropSpares(r.life, []spare{s}) })
			return nil
		}
		r.dropSpares(ctx, []spare{s})
		return nil
	}
	s.claim(b.Place)
	b.Config.Address = s.config().Address
	return r.prepare(ctx, s.channel, b.Config.Address.Addr(), func(ctx context.Context) error {
		if reflect.DeepEqual(s.config(), b.Config) {
			return nil // those behind one machine are mostly alike
		}
		return s.set(ctx, b.Config)
	})
}

// occupyCold makes a pause, or finds the one that is there.
func (r *Runtime) occupyCold(ctx context.Context, b box) (s *space, fresh bool, err error) {
	c, err := r.newBox(ctx, b)
	fresh = err == nil
	if err != nil && nameTaken(err) {
		c, err = r.pauseThere(ctx, b)
	}
	if err != nil {
		return nil, false, err
	}
	r.claims.Store(c.id, b.Place)
	return r.prepare(ctx, c, c.config().Address.Addr(), func(context.Context) error { return nil }), fresh, nil
}

// pauseThere returns the pause that has the name of b.
func (r *Runtime) pauseThere(ctx context.Context, b box) (*channel, error) {
	c, there, err := r.channelOf(ctx, b.Name)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, errPauseEnded
	}
	if b.Config.Address = c.config().Address; b.Behind != "" && !b.Config.Address.IsValid() {
		return nil, errPauseEnded // a daemon ended before it was connected
	}
	c.claim(b.Place)
	return c, c.set(ctx, b.Config)
}

// occupied notes whose a listed pause is.
func (r *Runtime) occupied(c container.Summary, p engine.Place) {
	r.claims.Store(c.ID, p)
	on := r.channels.of(c.ID)
	if on == nil {
		return
	}
	on.claim(p)
	s := &space{channel: on, ip: on.config().Address.Addr(), done: make(chan struct{})}
	close(s.done)
	if name := strings.TrimPrefix(c.Names[0], "/"); r.spaceOf(name) == nil {
		r.spaces.Store(name, s)
	}
}
