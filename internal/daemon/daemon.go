// Package daemon wires every part together and owns the order of starting and stopping: state,
// engine, sockets, then the parts that act on the state. Nothing imports it but main.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drydock-ecs/drydock/internal/agent"
	"github.com/drydock-ecs/drydock/internal/collect"
	"github.com/drydock-ecs/drydock/internal/control"
	"github.com/drydock-ecs/drydock/internal/datapoints"
	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/edge"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/flowlog"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/metricfilter"
	"github.com/drydock-ecs/drydock/internal/metrics"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/subscription"
	"github.com/drydock-ecs/drydock/internal/tempo"
	"github.com/drydock-ecs/drydock/internal/vault"
	"github.com/drydock-ecs/drydock/internal/vpc"
	"github.com/drydock-ecs/drydock/lb"
)

// daemon is everything that lives as long as the process.
type daemon struct {
	Config
	home    home
	exports directory.Allowed
	owner   string
	store   *store.Store
	vault   *vault.Vault
	uses    *lastuse.Book
	events  *logs.Log
	book    *datapoints.Book
	engine  machine
	info    engine.Info // what the engine said of itself at the start
	ca      *lb.Authority
	metrics *metrics.Metrics
	scale   tempo.Scale
	names   []string                     // of the AWS services that are answered
	api     atomic.Pointer[http.Handler] // of those

	// parts act on the state; a reset replaces them.
	parts  atomic.Pointer[parts]
	resets chan chan error
	// gate lets API calls through together, and a reset alone.
	gate sync.RWMutex
}

// parts is one generation of what acts on the state.
type parts struct {
	control *control.Control
	agent   *agent.Agent
	proxy   *lb.Proxy
	collect *collect.Collect
	vpc     *vpc.Controller
	flows   *flowlog.Part
	filters *metricfilter.Part
	forward *subscription.Part
	edge    *edge.Edge // nil where nothing has public addresses
}

// leaveWithin is how long the calls to the engine that are under way may take at the end.
const leaveWithin = 10 * time.Second

// Run runs a daemon until ctx ends, and returns why it could not start or go on.
func Run(ctx context.Context, c Config) error {
	d, err := open(c)
	if err != nil {
		return err
	}
	return errors.Join(d.run(ctx), d.close())
}

// close ends what open and openEngine began, the engine first: until it is closed, it asks the daemon for
// what containers want to know, which the state answers.
func (d *daemon) close() error {
	return errors.Join(d.leave(), d.events.Close(), d.store.Close())
}

// leave closes the engine. One that does not answer any more is left as it is: the daemon's end does not
// depend on it.
func (d *daemon) leave() error {
	if d.engine == nil {
		return nil
	}
	left := make(chan error, 1)
	go func() { left <- d.engine.Close() }()
	late := time.NewTimer(leaveWithin)
	defer late.Stop()
	select {
	case err := <-left:
		return err
	case <-late.C:
		d.Log.Warn("the container engine does not answer, the daemon ends all the same")
		return nil
	}
}

// open checks the settings and opens the state that they name.
func open(c Config) (*daemon, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	h, err := openHome(c.DataDir)
	if err != nil {
		return nil, err
	}
	exports, err := h.exports(c.ExportDirs)
	if err != nil {
		return nil, err
	}
	s, err := h.state()
	if err != nil {
		return nil, err
	}
	events, err := logs.Open(h.path("logs"), logs.Config{Limit: int64(c.LogsLimit) << 20, Log: c.Log})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	d := &daemon{Config: c, home: h, exports: exports, store: s, uses: lastuse.New(s), events: events, book: datapoints.New(datapoints.Config{}), scale: tempo.Scale(c.TimeScale), resets: make(chan chan error)}
	if d.vault, err = d.openVault(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.metrics = metrics.New(metrics.Sources{Version: c.Version, Commits: s.Commits, Tasks: d.taskCounts, Engine: d.engineAnswers, Values: d.values, Dropped: d.book.Dropped})
	return d, nil
}

func (d *daemon) run(ctx context.Context) (err error) {
	l, err := net.Listen("tcp", d.Listen)
	if err != nil {
		return cannotListen(d.Listen, err)
	}
	defer l.Close()
	d.Listen = l.Addr().String()
	if d.owner, err = d.home.owner(); err != nil {
		return err
	}
	if d.engine, err = d.openEngine(ctx); err != nil {
		return err
	}
	d.warnOfNobody()
	if d.ca, err = lb.LoadAuthority(d.home.dir); err != nil {
		return err
	}
	if err := d.firstStart(); err != nil {
		return err
	}
	if err := d.renew(); err != nil {
		return err
	}
	return d.serve(ctx, l)
}

// serve answers on l and runs the parts until ctx ends or one of them fails.
func (d *daemon) serve(ctx context.Context, l net.Listener) error {
	d.parts.Store(d.newParts())
	base, cut := context.WithCancel(context.WithoutCancel(ctx)) // calls that run may end
	defer cut()
	srv := &http.Server{Handler: d.handler(ctx), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(d.Log.Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context { return base }}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	if d.Ready != nil {
		d.Ready(l.Addr().String())
	}
	err := d.generations(ctx, served)
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if srv.Shutdown(stop) != nil {
		err = errors.Join(err, srv.Close())
	}
	if d.StopTasks {
		d.Log.Info("stopping what runs", "owner", d.owner)
		all, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, d.stopAll(all))
	}
	return err
}

// generations runs the parts, anew after each reset, until ctx ends or something fails.
func (d *daemon) generations(ctx context.Context, served <-chan error) error {
	for {
		life, end := context.WithCancel(ctx)
		failed := make(chan error, 12)
		wait := d.start(life, d.parts.Load(), failed)
		var reset chan error
		var err error
		select {
		case <-ctx.Done():
		case err = <-served:
		case err = <-failed:
		case reset = <-d.resets:
		}
		end()
		wait()
		if reset == nil {
			return err
		}
		err = d.wipe(ctx)
		d.parts.Store(d.newParts())
		reset <- err
	}
}

func (d *daemon) newParts() *parts {
	c := collect.Config{Strict: d.strict(), Uses: d.uses, Log: d.Log}
	if d.Engine != "sim" { // whose containers write nothing
		c.Read = d.engine.Logs
	}
	collector := collect.New(d.store, d.events, c)
	networks := vpc.New(d.store, vpc.Config{Network: d.networks(), Log: d.Log})
	a := agent.New(d.store, readied{d.engine, networks.Ready, collector.Ready},
		agent.Config{Scale: d.scale, Engine: d.Engine, Log: d.Log, Vault: d.vault, Uses: d.uses, Told: networks.Hear, Endpoint: d.endpoint()})
	network, _ := d.engine.(lb.Network)
	counter, _ := d.engine.(flowlog.Engine)
	connected := func() bool { ok, _ := a.Health(); return ok }
	return &parts{
		control: control.New(d.store, control.Config{Scale: d.scale, Connected: connected, Agent: d.Version, Strict: d.strict(), Uses: d.uses, Public: d.hosts(),
			Passed: d.metrics.Pass, Log: d.Log}),
		agent: a,
		proxy: lb.New(d.store, lb.Config{Scale: d.scale, Address: "127.0.0.1", CA: d.ca, Log: d.Log, Network: network,
			Metrics: func(s lb.Sample) { d.metrics.Request(s.Group, s.Code) }, Refused: func(model.Scope, string) { d.metrics.Refused() }}),
		collect: collector,
		vpc:     networks,
		flows:   flowlog.New(d.store, d.events, flowlog.Config{Engine: counter, Scale: d.scale, Uses: d.uses, Exports: d.exports, Log: d.Log}),
		filters: metricfilter.New(d.store, d.events, d.book, d.Log),
		forward: subscription.New(d.store, d.events, subscription.Config{Scale: d.scale, Book: d.book, Exports: d.exports, Log: d.Log}),
		edge:    d.newEdge(network),
	}
}

// networks are the engine's; nil for one that has none.
func (d *daemon) networks() vpc.Network {
	n, ok := d.engine.(vpc.Network)
	if !ok || d.Engine == "sim" {
		return nil
	}
	return n
}

// newEdge returns what answers at public addresses; nil on an engine where nothing would.
func (d *daemon) newEdge(network lb.Network) *edge.Edge {
	if network == nil || d.Engine == "sim" {
		return nil
	}
	return edge.New(d.store, edge.Config{Network: network, Log: d.Log})
}

// start runs one generation of parts; what it returns waits for their end.
func (d *daemon) start(ctx context.Context, p *parts, failed chan<- error) (wait func()) {
	var wg sync.WaitGroup
	runs := []func(context.Context) error{
		p.control.Run,
		p.agent.Run,
		p.proxy.Run,
		p.collect.Run,
		p.vpc.Run,
		p.flows.Run,
		p.filters.Run,
		p.forward.Run,
		d.events.Run,
		d.uses.Run,
		d.memory,
	}
	if p.edge != nil {
		runs = append(runs, p.edge.Run)
	}
	for _, run := range runs {
		wg.Go(func() {
			if err := run(ctx); err != nil {
				d.ended(ctx, err, failed)
			}
		})
	}
	return wg.Wait
}

// ended takes in why a part ended. One that fails ends the daemon; what fails at the daemon's end, such as
// a last write, is told.
func (d *daemon) ended(ctx context.Context, err error, failed chan<- error) {
	switch {
	case ctx.Err() == nil:
		failed <- err
	case !errors.Is(err, context.Canceled):
		d.Log.Error("not everything could be done at the end", "err", err)
	}
}

// wipe stops and forgets everything, and leaves the daemon as at its first start.
func (d *daemon) wipe(ctx context.Context) error {
	if err := d.engine.Forget(ctx); err != nil {
		return fmt.Errorf("remove the containers: %w", err)
	}
	if err := d.store.Clear(); err != nil {
		return err
	}
	if err := d.events.Keep(func() (map[string]logs.Kept, error) { return nil, nil }); err != nil {
		return err
	}
	d.book.Clear()
	if err := d.prove(d.vault); err != nil {
		return err
	}
	return d.firstStart()
}
