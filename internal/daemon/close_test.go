package daemon

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/store"
)

// asking is an engine whose containers ask for something until it is closed.
type asking struct {
	*sim.Runtime
	answer func() error
}

func (a asking) Close() error { return a.answer() }

// unrun opens a daemon that does not run.
func unrun(t *testing.T, dir string) *daemon {
	d, err := open(Config{DataDir: dir, Listen: "127.0.0.1:0", Engine: "sim", Region: "us-east-1", Account: "000000000000", TimeScale: 1,
		Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAnEngineThatDoesNotAnswerDoesNotKeepTheDaemon(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		d, silent, began := unrun(t, dir), make(chan struct{}), time.Now()
		d.engine = asking{sim.New(sim.Config{}), func() error { <-silent; return nil }}
		if err := d.close(); err != nil || time.Since(began) != leaveWithin {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		close(silent)
	})
}

func TestTheStateAnswersUntilTheEngineIsClosed(t *testing.T) {
	d := unrun(t, t.TempDir())
	answered := 0
	d.engine = asking{sim.New(sim.Config{}), func() error {
		answered++
		return d.store.Update(d.scope(), func(tx *store.Tx) error { return nil })
	}}
	if err := d.close(); err != nil || answered != 1 {
		t.Errorf("closed after %d answers: %v", answered, err)
	}
}
