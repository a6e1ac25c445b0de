package docker

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// The machine of a pause that ended may be one that was out of reach when all there is was listed.
func TestAPauseThatEndsBehindAMachineThatWasOutOfReachIsTold(t *testing.T) {
	for rule, c := range map[string]struct {
		answers, told bool
	}{"it stands": {true, true}, "it does not answer": {false, false}} {
		t.Run(rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := hanging(t, map[string]http.HandlerFunc{"POST /v1.41/containers/{id}/attach": func(w http.ResponseWriter, _ *http.Request) {
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					defer conn.Close()
					_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
					f := fake{t, conn}
					f.run(func(o netbox.Order) string {
						if o.Op == netbox.OpHello && c.answers {
							f.say(netbox.Report{ID: o.ID, Ev: netbox.EvReady})
						}
						return ""
					})
				}})
				go r.unlessFallen("i-1", engine.Event{Kind: engine.Unplugged})
				told := false
				select {
				case <-r.told:
					told = true
				case <-time.After(time.Hour):
				}
				if told != c.told {
					t.Errorf("told: %v", told)
				}
				r.end()
			})
		})
	}
}
