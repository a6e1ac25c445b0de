package docker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types"
)

// fake is the other end of a line: a box that does what it is told.
type fake struct {
	t    *testing.T
	conn net.Conn
}

// say writes a report as the engine passes it on, in two pieces.
func (f fake) say(rep netbox.Report) {
	text, _ := json.Marshal(rep)
	text = append(text, '\n')
	for _, piece := range [][]byte{text[:3], text[3:]} {
		f.frame(1, piece)
	}
}

func (f fake) frame(stream byte, text []byte) {
	head := [8]byte{stream}
	binary.BigEndian.PutUint32(head[4:], uint32(len(text)))
	_, _ = f.conn.Write(append(head[:], text...))
}

// run answers what is to be done with what do says, until the line ends.
func (f fake) run(do func(netbox.Order) string) {
	s := bufio.NewScanner(f.conn)
	for s.Buffer(nil, longestReport); s.Scan(); {
		var o netbox.Order
		if s.Text() == "" {
			continue
		}
		if err := json.Unmarshal(s.Bytes(), &o); err != nil {
			f.t.Errorf("order %q: %v", s.Text(), err)
		}
		if o.Op == netbox.OpSet || o.Op == netbox.OpWatch {
			f.say(netbox.Report{ID: o.ID, Ev: netbox.EvDone, Err: do(o)})
			continue
		}
		do(o)
	}
}

// lineTo returns a channel and the box at its other end, which has said that it listens.
func lineTo(t *testing.T, d Doors) (*channel, fake) {
	r := &Runtime{doors: d, log: slog.New(slog.DiscardHandler)}
	r.life, r.end = context.WithCancel(t.Context())
	t.Cleanup(r.notes.Wait)
	return r.boxOf(t, "0123456789abcdef", netbox.RolePause, engine.Place{Task: "t"})
}

// boxOf is lineTo for one more box of a runtime.
func (r *Runtime) boxOf(t *testing.T, id, role string, p engine.Place) (*channel, fake) {
	ours, theirs := net.Pipe()
	c := r.newChannel(id, "x", role, p, newLine(types.HijackedResponse{Conn: ours, Reader: bufio.NewReader(ours)}))
	c.ended.Store(true) // it is not attached again
	r.channels.add(c)
	r.notes.Go(c.keep)
	f := fake{t, theirs}
	f.frame(1, []byte(`rt":1}`+"\n")) // the end of what another reader was told
	f.frame(2, []byte("a warning"))
	f.say(netbox.Report{Ev: netbox.EvReady, Ports: [2]int{32768, 60999}})
	if err := c.greet(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return c, f
}

func TestChannelSets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := lineTo(t, Doors{})
		go f.run(func(o netbox.Order) string {
			if len(o.Config.NICs) > 1 {
				return "too many"
			}
			return ""
		})
		nic := engine.NIC{ID: "eni-1", IP: netip.MustParseAddr("10.0.0.5")}
		if err := c.set(t.Context(), netbox.Config{NICs: []engine.NIC{nic}}); err != nil {
			t.Fatal(err)
		}
		if got := c.r.channels.with("eni-1"); got != c || len(c.config().NICs) != 1 {
			t.Errorf("channel with the interface: %v, config %+v", got, c.config())
		}
		err := c.set(t.Context(), netbox.Config{NICs: []engine.NIC{nic, nic}})
		if err == nil || !strings.Contains(err.Error(), "too many") || len(c.config().NICs) != 1 {
			t.Errorf("a refused set: %v, config %+v", err, c.config())
		}
		if first, last := c.ports(); first != 32768 || last != 60999 {
			t.Errorf("ports %d to %d", first, last)
		}
		f.conn.Close()
		if err := c.set(t.Context(), netbox.Config{}); err == nil || !strings.Contains(err.Error(), "ended") {
			t.Errorf("set after the end: %v", err)
		}
		if c.r.channels.with("eni-1") != nil || len(c.r.channels.each()) != 0 {
			t.Error("the channel is still known")
		}
	})
}

func TestChannelAsksDoors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		flows := make(chan []engine.Flow, 1)
		c, f := lineTo(t, Doors{
			HTTP: func(w http.ResponseWriter, r *http.Request, from engine.Place) {
				if r.URL.Path == "/panic" {
					panic("of a handler")
				}
				w.Header().Set("X", "y")
				_, _ = w.Write([]byte(r.Host + r.URL.Path + " for " + from.Task + " by " + r.Header.Get("Token")))
			},
			DNS: func(_ context.Context, _ engine.Place, _ bool, q []byte) []byte {
				time.Sleep(time.Minute)
				return append(q, '!')
			},
			Flows: func(_ engine.Place, fs []engine.Flow) { flows <- fs },
		})
		answers := make(chan netbox.Order, 200)
		go f.run(func(o netbox.Order) string { answers <- o; return "" })
		c.claim(engine.Place{Task: "u"})
		for i := range int64(doorsOpen + 10) { // slow ones never stop the reader
			f.say(netbox.Report{ID: 100 + i, Ev: netbox.EvDNS, DNS: []byte("q")})
		}
		f.say(netbox.Report{Ev: netbox.EvFlows, Flows: []engine.Flow{{NIC: "eni-1"}}})
		if got := <-flows; len(got) != 1 {
			t.Errorf("flows %v", got)
		}
		time.Sleep(2 * time.Minute)
		if len(answers) != doorsOpen {
			t.Errorf("%d answers to queries, want %d", len(answers), doorsOpen)
		}
		for range doorsOpen {
			<-answers
		}
		f.say(netbox.Report{ID: 7, Ev: netbox.EvHTTP, HTTP: &netbox.Request{Method: "GET", URI: "/v3?x=1", Address: "169.254.170.2",
			Header: map[string][]string{"Token": {"me"}}}})
		o := <-answers
		if o.ID != 7 || o.Op != netbox.OpAnswer || o.HTTP == nil || o.HTTP.Status != 200 || string(o.HTTP.Body) != "169.254.170.2/v3 for u by me" || o.HTTP.Header["X"][0] != "y" {
			t.Errorf("answer %+v %+v", o, o.HTTP)
		}
		f.say(netbox.Report{ID: 8, Ev: netbox.EvHTTP, HTTP: &netbox.Request{Method: "GET", URI: "/panic"}})
		if o := <-answers; o.ID != 8 || o.HTTP != nil {
			t.Errorf("answer of a handler that panics %+v", o)
		}
	})
}

// FuzzReports hears anything that an engine may pass on of a box: nothing panics and the line ends with
// what it reads from; a report is heard as it was said, in however many pieces it comes.
func FuzzReports(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x05{}\n{\x02\x00\x00\x00\x00\x00\x00\x01x"), `{"Ev":"flows","Flows":[{}],"Lost":3}`, uint16(3))
	f.Add([]byte{}, `{"ID":7,"Ev":"http","HTTP":{"Method":"GET","URI":"/v4/x","Header":{"A":["b"]},"Body":"eA=="}}`, uint16(40))
	f.Add([]byte("\x02\xff\xff\xff\xff\xff\xff\xff"), `{"ID":1,"Ev":"dns","DNS":"AAA=","TCP":true}`, uint16(0))
	f.Fuzz(func(t *testing.T, raw []byte, text string, cut uint16) {
		heard(t, raw)
		var want netbox.Report
		if strings.ContainsAny(text, "\r\n") || json.Unmarshal([]byte(text), &want) != nil || want.Ev == netbox.EvReady || want.Ev == netbox.EvDone {
			return
		}
		line := append([]byte(text), '\n')
		i := int(cut) % len(line)
		var stream []byte
		for _, piece := range [][]byte{line[:i], line[i:]} {
			head := [8]byte{1}
			binary.BigEndian.PutUint32(head[4:], uint32(len(piece)))
			stream = append(append(stream, head[:]...), piece...)
		}
		said, _ := json.Marshal(want)
		if got := heard(t, stream); len(got) != 1 || got[0] != string(said) {
			t.Errorf("of %s was heard %q", said, got)
		}
	})
}

// heard is the reports in a stream, after which the line is lost.
func heard(t *testing.T, stream []byte) (all []string) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	l := newLine(types.HijackedResponse{Conn: ours, Reader: bufio.NewReader(bytes.NewReader(stream))})
	l.read(func(rep netbox.Report) {
		text, err := json.Marshal(rep)
		if err != nil {
			t.Error(err)
		}
		all = append(all, string(text))
	})
	if !l.lost {
		t.Error("the line is not lost")
	}
	return all
}
