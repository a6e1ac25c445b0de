package box

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// counted is a namespace whose flows are counted.
type counted struct {
	*space
	mu   sync.Mutex
	all  []engine.Flow
	stop func()
}

// counts has the flows of s counted. Connections end a second after they were closed, so that some of
// them do while they are counted.
func counts(s *space) *counted {
	s.t.Helper()
	c := &counted{space: s}
	for name, v := range map[string]string{"acct": "1", "timestamp": "1", "tcp_timeout_time_wait": "1"} {
		s.must(func() error { return os.WriteFile("/proc/sys/net/netfilter/nf_conntrack_"+name, []byte(v), 0o644) })
	}
	s.must(func() (err error) {
		c.stop, err = count(context.Background(), s.k.scene, 100*time.Millisecond, c.take)
		return err
	})
	return c
}

func (c *counted) take(fs []engine.Flow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, fs...)
}

// told is all that was counted, each flow once, when counting ended.
func (c *counted) told() (fs []engine.Flow) {
	c.t.Helper()
	c.stop()
	at := map[row]int{}
	for _, f := range c.all {
		if f.Skipped {
			c.t.Error("something was skipped")
		}
		r := row{f.NIC, f.Accept, f.Egress, tup(fmt.Sprintf("%s:%d>%s:%d/%d", f.Src, f.SrcPort, f.Dst, f.DstPort, f.Protocol))}
		i, ok := at[r]
		if !ok {
			at[r], fs = len(fs), append(fs, f)
			continue
		}
		fs[i].Packets += f.Packets
		fs[i].Bytes += f.Bytes
		fs[i].TCPFlags |= f.TCPFlags
	}
	return fs
}

// wantFlows compares what was counted, without the ports that the kernel chose and without numbers.
func (c *counted) wantFlows(want ...string) {
	c.t.Helper()
	var got []string
	for _, f := range c.told() {
		for _, p := range []*uint16{&f.SrcPort, &f.DstPort} {
			if *p > 32768 { // the kernel chooses from there
				*p = 1
			}
		}
		line, _, _ := strings.Cut(text(f), "/6 ")
		line, _, _ = strings.Cut(line, "/17 ")
		got = append(got, line)
	}
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		c.t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// pair are the two records of a connection.
func pair(src, dst, own string) []string {
	a, b := "out", "in"
	if strings.HasPrefix(dst, own) {
		a, b = "in", "out"
	}
	return []string{"ACCEPT " + a + " " + src + ":1>" + dst, "ACCEPT " + b + " " + dst + ">" + src + ":1"}
}

func TestFlowsAreTheKernelsOwn(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	a.serve(":80")
	c := counts(a)
	conn, err := b.dial("10.9.1.10:80")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(conn, strings.Repeat("x", 50_000))
	_ = conn.(*net.TCPConn).CloseWrite()
	back, _ := io.ReadAll(conn)
	began := time.Now()
	_ = conn.Close()
	fs := c.told()
	if len(fs) != 2 {
		t.Fatalf("%d records: %s", len(fs), texts(fs))
	}
	for _, f := range fs {
		flags := uint8(flagSYN | flagFIN)
		if f.Egress {
			flags |= flagACK
		}
		if f.NIC != "eni-10.9.1.10" || !f.Accept || f.Bytes < 50_000 || f.Bytes > 60_000 || f.Packets < 4 || f.TCPFlags != flags {
			t.Errorf("got %s on %s, %d came back", text(f), f.NIC, len(back))
		}
		if f.Start.After(began) || began.Sub(f.Start) > 5*time.Second || f.End.Before(f.Start) {
			t.Errorf("it began at %v and ended at %v", f.Start, f.End)
		}
	}
}

func TestFlowsAreThoseOfTheInterface(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	machine, container, _ := instance(t, vpc)
	peer := member(t, vpc, "10.9.200.2", "10.9.2.20")
	peer.serve(":81")
	machine.serve(":82")
	c := counts(machine)
	peer.want("10.9.1.10:32768", "10.9.2.20")
	machine.want("10.9.1.10:32768", "10.9.1.10")
	container.want("10.9.1.10:32768", "172.17.0.1")
	container.want("10.9.2.20:81", "10.9.1.10")
	container.want("10.9.1.10:82", "172.17.0.2")
	machine.want("10.9.2.20:81", "10.9.1.10")
	c.wantFlows(slices.Concat(pair("10.9.2.20", "10.9.1.10:32768", "10.9.1.10"), pair("10.9.1.10", "10.9.2.20:81", "10.9.1.10"))...)
}

func TestFlowsThatAreRefused(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	open := anything
	open.In = []engine.Pass{{Protocol: 6, From: 80, To: 80, Peers: anything.In[0].Peers}}
	open.Out = []engine.Pass{{Protocol: 6, From: 83, To: 83, Peers: anything.Out[0].Peers}}
	a.set(eni("10.9.1.10", open))
	a.serve(":80")
	b.serve(":83")
	c := counts(a)
	b.want("10.9.1.10:80", "10.9.2.20")
	b.want("10.9.1.10:81", "timeout")
	a.want("10.9.2.20:83", "10.9.1.10")
	a.want("10.9.2.20:84", "timeout")
	c.wantFlows(slices.Concat(pair("10.9.2.20", "10.9.1.10:80", "10.9.1.10"), pair("10.9.1.10", "10.9.2.20:83", "10.9.1.10"),
		[]string{"REJECT in 10.9.2.20:1>10.9.1.10:81", "REJECT out 10.9.1.10:1>10.9.2.20:84"})...)
}

func TestNothingIsLostOf3000ShortConnections(t *testing.T) {
	vpc := newLAN(t, "10.9.0.1/16")
	a, b := member(t, vpc, "10.9.200.1", "10.9.1.10"), member(t, vpc, "10.9.200.2", "10.9.2.20")
	a.serve(":80")
	c := counts(a)
	const each = 500
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := b.in(func() error {
				for range each {
					conn, err := net.Dial("tcp4", "10.9.1.10:80")
					if err != nil {
						return err
					}
					_ = conn.(*net.TCPConn).CloseWrite()
					_, _ = io.ReadAll(conn)
					_ = conn.Close()
				}
				return nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	fs := c.told()
	n := 0
	for _, f := range fs {
		if f.Accept && f.Packets >= 3 && f.TCPFlags&flagSYN != 0 {
			n++
		}
	}
	if n != 2*6*each || len(fs) != n {
		t.Errorf("%d whole records of %d, want %d", n, len(fs), 2*6*each)
	}
}
