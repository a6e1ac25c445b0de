package docker

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// flowing is a handler that tells its answer in parts, and how it ended.
type flowing struct {
	parts []string
	ended chan error
}

func (f flowing) answer(w http.ResponseWriter, r *http.Request, _ engine.Place) {
	w.Header().Set("X", "y")
	f.ended <- func() error {
		for _, p := range f.parts {
			_, _ = w.Write([]byte(p))
			if err := http.NewResponseController(w).Flush(); err != nil {
				return errors.Join(err, r.Context().Err())
			}
		}
		if len(f.parts) > 1 {
			_, _ = w.Write([]byte("the end"))
			return nil
		}
		<-r.Context().Done()
		return r.Context().Err()
	}()
}

// asked is a request for an answer that may come in parts.
func asked(id int64) netbox.Report {
	return netbox.Report{ID: id, Ev: netbox.EvHTTP, HTTP: &netbox.Request{Method: "POST", URI: "/", Address: netbox.APIs, Host: "stream-" + netbox.APIs, Parts: true}}
}

// listen answers the parts of one answer.
func listen(t *testing.T, d flowing) (orders chan netbox.Order, f fake) {
	_, f = lineTo(t, Doors{HTTP: func(w http.ResponseWriter, r *http.Request, p engine.Place) {
		if r.Host != "stream-"+netbox.APIs || r.URL.Host != netbox.APIs {
			t.Errorf("asked as %s at %s", r.Host, r.URL.Host)
		}
		d.answer(w, r, p)
	}})
	orders = make(chan netbox.Order, 10)
	go f.run(func(o netbox.Order) string { orders <- o; return "" })
	return orders, f
}

func TestPartsWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := flowing{[]string{"one", strings.Repeat("x", mostPart+1)}, make(chan error, 1)}
		orders, f := listen(t, d)
		f.say(asked(7))
		for i, want := range []int{3, mostPart, 1} {
			time.Sleep(time.Hour) // it is not told more, nor given up
			if len(orders) != 1 {
				t.Fatalf("%d parts at once", len(orders))
			}
			if o := <-orders; o.ID != 7 || o.HTTP == nil || !o.HTTP.More || len(o.HTTP.Body) != want || o.HTTP.Status != 200 {
				t.Fatalf("part %d: %d bytes of %+v", i, len(o.HTTP.Body), o)
			} else if told := o.HTTP.Header["X"] != nil; told != (i == 0) {
				t.Errorf("part %d has headers: %v", i, told)
			}
			f.say(netbox.Report{ID: 7, Ev: netbox.EvTaken})
		}
		if o := <-orders; o.HTTP == nil || o.HTTP.More || string(o.HTTP.Body) != "the end" || len(o.HTTP.Header) > 0 {
			t.Errorf("the last part: %+v", o.HTTP)
		}
		if err := <-d.ended; err != nil {
			t.Error(err)
		}
	})
}

func TestPartsEnd(t *testing.T) {
	for rule, end := range map[string]func(f fake){
		"where nobody listens":     func(f fake) { f.say(netbox.Report{ID: 7, Ev: netbox.EvTaken, Err: "nobody listens"}) },
		"with the line to the box": func(f fake) { f.conn.Close() },
	} {
		t.Run(rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := flowing{[]string{"one"}, make(chan error, 1)}
				orders, f := listen(t, d)
				f.say(asked(7))
				<-orders
				end(f)
				if err := <-d.ended; !errors.Is(err, context.Canceled) {
					t.Errorf("ended in %v", err)
				}
			})
		})
	}
}

// TestABoxOfAnEarlierDaemonIsToldTheWhole has one ask that cannot pass on parts.
func TestABoxOfAnEarlierDaemonIsToldTheWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, f := lineTo(t, Doors{HTTP: func(w http.ResponseWriter, r *http.Request, _ engine.Place) {
			_, flushes := w.(http.Flusher)
			if flushes || r.Host != netbox.APIs {
				t.Errorf("flushes: %v, host %s", flushes, r.Host)
			}
			_, _ = w.Write([]byte("whole"))
		}})
		orders := make(chan netbox.Order, 10)
		go f.run(func(o netbox.Order) string { orders <- o; return "" })
		f.say(netbox.Report{ID: 7, Ev: netbox.EvHTTP, HTTP: &netbox.Request{Method: "GET", URI: "/", Address: netbox.APIs}})
		if o := <-orders; o.HTTP == nil || o.HTTP.More || string(o.HTTP.Body) != "whole" {
			t.Errorf("%+v", o.HTTP)
		}
	})
}
