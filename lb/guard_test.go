package lb

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// closed is a story whose load balancer lets nobody in; told says of each client that is held.
func closed(t *testing.T, protocol string) (s *story, told <-chan string, log *bytes.Buffer) {
	log = &bytes.Buffer{}
	tell := make(chan string, 2*maxHeld)
	ca, err := LoadAuthority(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Config{CA: ca, Refused: func(_ model.Scope, l string) { tell <- l }, Log: slog.New(slog.NewTextHandler(log, nil))})
	w.allow(false)
	s = &story{world: w, lb: w.balancer("web", nil), g: w.group("web")}
	s.l = w.listener(s.lb, protocol, freePort(t), forwardTo(s.g))
	x := w.target(s.g, backend(t, says("well")).Listener.Addr().String())
	w.run()
	s.url = w.bound(s.l)
	w.state(x, "healthy")
	return s, tell, log
}

// allow writes or removes the rule that lets clients in.
func (w *world) allow(yes bool) {
	w.write(func(tx *store.Tx) {
		if yes {
			store.SecurityGroupRules.Put(tx, open)
		} else {
			store.SecurityGroupRules.Delete(tx, open.ID)
		}
	})
}

func trusting(t *testing.T) *http.Client {
	c := client(t)
	c.Transport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	return c
}

func TestAClientThatNoRuleLetsInGetsAnAnswerOnceOneDoes(t *testing.T) {
	for _, protocol := range []string{"HTTP", "HTTPS"} {
		t.Run(protocol, func(t *testing.T) {
			s, told, _ := closed(t, protocol)
			done := make(chan int)
			go func() {
				code, _, _ := fetch(trusting(t), s.url)
				done <- code
			}()
			if who := <-told; who != s.l.ID {
				t.Errorf("told of %s", who)
			}
			select {
			case code := <-done:
				t.Fatalf("got %d without a rule", code)
			default:
			}
			s.allow(true)
			if code := <-done; code != 200 {
				t.Errorf("got %d after the rule was made", code)
			}
		})
	}
}

func TestAClientThatGivesUpIsForgotten(t *testing.T) {
	s, told, log := closed(t, "HTTP")
	for range 2 {
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
			_, err := client(t).Do(req)
			done <- err
		}()
		<-told
		leave()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		for s.p.held.Load() != 0 {
			yield()
		}
	}
	if n := strings.Count(log.String(), "authorize-security-group-ingress --region us-east-1 --group-id sg-1 --protocol tcp --port"); n != 1 {
		t.Errorf("the log says %d times how to let clients in:\n%s", n, log)
	}
}

func TestAConnectionThatWasLetInStays(t *testing.T) {
	s, told, _ := closed(t, "HTTP")
	s.allow(true)
	old := client(t)
	get(t, old, s.url)
	s.allow(false)
	go func() { _, _, _ = fetch(client(t), s.url) }() // a new one, which ends with the test
	<-told
	if code, _ := get(t, old, s.url); code != 200 {
		t.Errorf("the old connection got %d", code)
	}
	if n := len(told); n != 0 {
		t.Errorf("%d more were held", n)
	}
}

func TestOneOfTwoLoadBalancersOnAPortIsClosed(t *testing.T) {
	s, told, _ := closed(t, "HTTP")
	other := s.balancer("other", nil)
	s.write(func(tx *store.Tx) {
		other.Groups = []string{"sg-2"}
		store.LoadBalancers.Put(tx, other)
		r := open
		r.ID, r.Group = "sgr-2", "sg-2"
		store.SecurityGroupRules.Put(tx, r)
	})
	s.bound(s.listener(other, "HTTP", s.l.Port, forwardTo(s.g)))
	ask := func(host string) int {
		req, _ := http.NewRequest(http.MethodGet, s.url, nil)
		req.Host = host
		res, err := client(t).Do(req)
		if err != nil {
			return 0
		}
		res.Body.Close()
		return res.StatusCode
	}
	if code := ask(other.DNSName); code != 200 {
		t.Errorf("the open one answers %d", code)
	}
	go ask(s.lb.DNSName)
	if who := <-told; who != s.l.ID {
		t.Errorf("told of %s", who)
	}
	go func() { // on the port of the API
		defer func() { _ = recover() }()
		s.p.ServeHost(httptest.NewRecorder(), &http.Request{Host: s.lb.DNSName, RemoteAddr: "127.0.0.1:5"})
	}()
	<-told
}

func TestHeldClientsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(nil, Config{Log: slog.New(slog.DiscardHandler)})
		l := &listener{guard: &guard{}}
		var given atomic.Int64
		never := func() (*listener, bool) { return l, false }
		for range maxHeld + 3 {
			p.work.Go(func() {
				if p.hold(t.Context(), l, "127.0.0.1:5", never) == nil {
					given.Add(1)
				}
			})
		}
		synctest.Wait()
		if n := given.Load(); n != 3 {
			t.Errorf("%d were dropped at once", n)
		}
		time.Sleep(holdFor - time.Second)
		synctest.Wait()
		if n := given.Load(); n != 3 {
			t.Errorf("%d were dropped before their time", n)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n, left := given.Load(), p.held.Load(); n != maxHeld+3 || left != 0 {
			t.Errorf("%d were dropped in the end, %d are left", n, left)
		}
	})
}
