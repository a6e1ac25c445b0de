// Package flowlog writes what passes network interfaces down, as the rows of flow logs say: it has the
// engine count what they cover, adds up what is told, and at the end of each window delivers the
// records, to streams of a log group or to files in a directory. It invents nothing: what was not
// counted is told as SKIPDATA.
//
// One goroutine owns everything; files are written beside it, since a directory may hang. Who only wants to look follows the same accounts: see Follow.
package flowlog

import (
	"context"
	"log/slog"
	"time"

	"github.com/drydock-ecs/drydock/internal/directory"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/logs"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
)

// Engine counts what network interfaces let through and refuse.
type Engine interface {
	// WatchFlows has the flows of the interfaces with these ids counted, wherever they are now or will
	// be, and of no others. It does not wait. What is counted comes to Part.Take, every second.
	WatchFlows(nics map[string]bool)
}

// Config is what a Part may be told; the zero value is good.
type Config struct {
	Engine  Engine            // nil for one that has no network
	Scale   tempo.Scale       // divides windows
	Uses    *lastuse.Book     // told of the roles that are used; nil for nobody
	Exports directory.Allowed // where files are written
	Log     *slog.Logger
}

// Part is what writes the flow logs of one store.
type Part struct {
	s      *store.Store
	events *logs.Log
	c      Config
	told   chan told
	asks   chan func() // to be done by Run's goroutine
	ended  chan struct{}
	write  func(directory, name string, body []byte) error
	wrote  chan *batch

	// All below belongs to Run's goroutine.
	logs    map[model.Scope]map[string]model.FlowLog
	nics    map[string]*nic
	ends    map[time.Duration]time.Time // of the windows that last so long
	views   map[*view]bool
	writing map[string]bool // the flow logs of which a file is being written
	begun   time.Time
	watched map[string]bool
}

// told is what one namespace told.
type told struct {
	from  engine.Place
	flows []engine.Flow
}

// room is how many accounts wait to be taken in; there is one a second from each namespace.
const room = 256

const (
	// mostFiles is how many files are written at a time. Each holds a thread while its directory hangs.
	mostFiles = 64
	// patience is how long files may take at the end.
	patience = 5 * time.Second
)

// New returns the part for the flow logs of s, whose log groups have their events in l.
func New(s *store.Store, l *logs.Log, c Config) *Part {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Part{s: s, events: l, c: c, told: make(chan told, room), asks: make(chan func()), ended: make(chan struct{}),
		write: c.Exports.Write, wrote: make(chan *batch, mostFiles), writing: map[string]bool{},
		logs: map[model.Scope]map[string]model.FlowLog{}, nics: map[string]*nic{}, ends: map[time.Duration]time.Time{}, views: map[*view]bool{}}
}

// Take takes in what the interfaces of a namespace let through and refused. It may wait, not for long.
func (p *Part) Take(from engine.Place, flows []engine.Flow) {
	select {
	case p.told <- told{from, flows}:
	case <-p.ended:
	}
}

// Run acts until ctx ends.
func (p *Part) Run(ctx context.Context) error {
	defer close(p.ended)
	rows := p.s.Subscribe(store.FlowLogs.Name(), store.NetworkInterfaces.Name())
	defer p.s.Unsubscribe(rows)
	p.begun = time.Now()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.wind(timer)
		select {
		case <-ctx.Done():
			p.finish()
			return nil
		case b := <-p.wrote:
			p.written(b)
		case <-rows.C:
			p.changed(rows.Take())
		case t := <-p.told:
			p.add(t)
		case do := <-p.asks:
			do()
		case <-timer.C:
			p.flush(time.Now())
		}
	}
}

// finish waits for the files that are being written, unless they hang.
func (p *Part) finish() {
	late := time.After(patience)
	for len(p.writing) > 0 {
		select {
		case b := <-p.wrote:
			p.written(b)
		case <-late:
			p.c.Log.Warn("directories do not answer, what flow logs write there is not waited for", "files", len(p.writing))
			return
		}
	}
}

// wind sets the timer to the next end of a window.
func (p *Part) wind(timer *time.Timer) {
	next := time.Now().Add(time.Hour)
	for _, at := range p.ends {
		if at.Before(next) {
			next = at
		}
	}
	timer.Reset(time.Until(next))
}
