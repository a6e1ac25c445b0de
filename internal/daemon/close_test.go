package daemon

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine/sim"
	"github.com/drydock-ecs/drydock/internal/store"
)

// asking is an engine whose containers ask for something until it is closed.
type asking struct {
	*sim.Runtime
	answer func() error
}

func (a asking) Close() error { return a.answer() }

func TestTheStateAnswersUntilTheEngineIsClosed(t *testing.T) {
	d, err := open(Config{DataDir: t.TempDir(), Listen: "127.0.0.1:0", Engine: "sim", Region: "us-east-1", Account: "000000000000", TimeScale: 1})
	if err != nil {
		t.Fatal(err)
	}
	answered := 0
	d.engine = asking{sim.New(sim.Config{}), func() error {
		answered++
		return d.store.Update(d.scope(), func(tx *store.Tx) error { return nil })
	}}
	if err := d.close(); err != nil || answered != 1 {
		t.Errorf("closed after %d answers: %v", answered, err)
	}
}
