package box

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

func TestReadLine(t *testing.T) {
	long := strings.Repeat("x", 100)
	r := bufio.NewReaderSize(strings.NewReader("one\n\n"+long+"\ntwo\n"+long), 16)
	for i, want := range []string{"one", "", "long", "two", "end"} {
		line, err := readLine(r, 50)
		got := string(line)
		switch {
		case errors.Is(err, errLong):
			got = "long"
		case errors.Is(err, io.EOF):
			got = "end"
		}
		if got != want {
			t.Errorf("line %d: %q, want %q", i, got, want)
		}
	}
}

// FuzzParse: whatever comes in is an order, or no order; an order that is written as it was read is
// the same, and the names file keeps what is not ours.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "x", `{"Op":"hello"}`, `{"ID":1,"Op":"set","Config":{"VPC":"10.0.0.0/16","NICs":[{"IP":"10.0.0.5"}]}}`,
		`{"ID":3,"Op":"answer","HTTP":{"Status":200,"Body":"eA=="}}`, `{"Op":"watch","Every":1000}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		o, err := parse(line)
		if err != nil {
			return
		}
		if o.Op == "" && len(line) > 0 {
			t.Error("an order without an operation")
		}
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		if o.Op == "" {
			return
		}
		again, err := parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if b, _ := json.Marshal(again); !bytes.Equal(b, text) {
			t.Errorf("%s became %s", text, b)
		}
	})
}

// TestAnswersAreNotLost: of a daemon that does not read, flows are lost and counted, and nothing else.
func TestAnswersAreNotLost(t *testing.T) {
	o := newOutbox(io.Discard)
	for range flowRoom + 10 {
		o.say(netbox.Report{Ev: netbox.EvFlows, Flows: []engine.Flow{{}}})
	}
	for i := range 1000 {
		o.say(netbox.Report{ID: int64(i + 1), Ev: netbox.EvDone})
	}
	for i := range 1000 {
		if r, ok := o.next(); !ok || r.ID != int64(i+1) {
			t.Fatalf("%d: %+v", i, r)
		}
	}
	r, ok := o.next()
	if !ok || r.Ev != netbox.EvFlows || r.Lost != 10 {
		t.Errorf("%+v", r)
	}
	for range flowRoom - 1 {
		if r, ok := o.next(); !ok || r.Lost != 0 {
			t.Fatalf("%+v", r)
		}
	}
	if r, ok := o.next(); ok {
		t.Errorf("%+v", r)
	}
}

func TestHosts(t *testing.T) {
	docker := "127.0.0.1\tlocalhost\n10.9.200.1\tweb web.local\n"
	with := netbox.Config{NICs: []engine.NIC{{IP: netip.MustParseAddr("10.9.1.10")}}, Names: []string{"10.9.2.2 db"}}
	for rule, c := range map[string]struct {
		old  string
		c    netbox.Config
		want string
	}{
		"nothing to say":              {docker, netbox.Config{}, docker},
		"an address and a name":       {docker, with, "127.0.0.1\tlocalhost\n10.9.1.10\tweb web.local\n" + ours + "\n10.9.2.2 db\n"},
		"again":                       {"127.0.0.1\tlocalhost\n10.9.1.10\tweb web.local\n" + ours + "\n10.9.2.2 db\n", with, "127.0.0.1\tlocalhost\n10.9.1.10\tweb web.local\n" + ours + "\n10.9.2.2 db\n"},
		"other names":                 {"a\n" + ours + "\nb\nc\n", netbox.Config{Names: []string{"d"}}, "a\n" + ours + "\nd\n"},
		"names that went":             {"a\n" + ours + "\nb\n", netbox.Config{}, "a\n"},
		"a last line without its end": {"a", netbox.Config{Names: []string{"b"}}, "a\n" + ours + "\nb\n"},
		"an address of the AWS APIs":  {"a\n", netbox.Config{Credentials: true}, "a\n" + ours + "\n169.254.170.2 stream-169.254.170.2 streaming-169.254.170.2\n"},
		"no file":                     {"", netbox.Config{Names: []string{"b"}}, ours + "\nb\n"},
	} {
		if got := hosts(c.old, c.c, netip.MustParseAddr("10.9.200.1")); got != c.want {
			t.Errorf("%s: %q, want %q", rule, got, c.want)
		}
	}
}
