package daemon

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/lastuse"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestHowPartsEnd(t *testing.T) {
	d, err := open(Config{DataDir: t.TempDir(), Engine: "sim", Region: "us-east-1", Account: "000000000000", Listen: "127.0.0.1:0", TimeScale: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.store.Update(d.scope().Global(), func(tx *store.Tx) error {
		store.AccessKeys.Put(tx, model.AccessKey{ID: "AKIA", User: "u"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	uses := lastuse.New(d.store)
	uses.Saw(d.scope(), model.Use{ID: "AKIA", At: time.Now()})
	if err := d.close(); err != nil { // so that nothing more can be written
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tt := range []struct {
		rule  string
		ctx   context.Context
		err   error
		fails bool
		logs  string
	}{
		{"one that fails ends the daemon", t.Context(), errors.New("no"), true, ""},
		{"a last write that fails is told", ended, uses.Run(ended), false, "write down when access keys and roles were used"},
		{"one that was ended says nothing", ended, context.Canceled, false, ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			var out bytes.Buffer
			d.Log = slog.New(slog.NewTextHandler(&out, nil))
			failed := make(chan error, 1)
			d.ended(tt.ctx, tt.err, failed)
			if len(failed) > 0 != tt.fails || (out.Len() > 0) != (tt.logs != "") || !strings.Contains(out.String(), tt.logs) {
				t.Errorf("failed %v, logged %q", len(failed) > 0, out.String())
			}
		})
	}
}
