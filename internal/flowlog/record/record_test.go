package record

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
)

var at = time.Unix(1700000000, 0)

func flow() engine.Flow {
	return engine.Flow{NIC: "eni-1", Accept: true, Egress: true, Src: netip.MustParseAddr("172.31.16.5"), Dst: netip.MustParseAddr("172.31.16.9"),
		SrcPort: 5000, DstPort: 80, Protocol: 6, TCPFlags: 3, Packets: 5, Bytes: 500, Start: at, End: at.Add(time.Second)}
}

func rec() Record {
	return Record{Account: "000000000000", Region: "us-east-1", Status: OK, Flow: flow(), NIC: Interface{ID: "eni-1", VPC: "vpc-1", Subnet: "subnet-1",
		ZoneID: "use1-az1", Instance: "i-1", CIDR: netip.MustParsePrefix("172.31.0.0/16"), Nitro: true},
		Task: Task{ID: "t1", Cluster: "c", Containers: []string{"abc"}}}
}

func TestLines(t *testing.T) {
	away, refused, in, old := rec(), rec(), rec(), rec()
	away.Flow.Dst = netip.MustParseAddr("192.0.2.1")
	old.Flow.Dst, old.NIC.Nitro = away.Flow.Dst, false
	refused.Flow.Accept, in.Flow.Egress = false, false
	none, skipped := rec(), rec()
	none.Status, skipped.Status = NoData, SkipData
	for _, tt := range []struct {
		rule, format string
		r            Record
		want         string
	}{
		{"the default format is of version 2", Default, rec(), "2 000000000000 eni-1 172.31.16.5 172.31.16.9 5000 80 6 5 500 1700000000 1700000001 ACCEPT OK"},
		{"what was refused", "${action}", refused, "REJECT"},
		{"the version is the highest of the fields'", "${version} ${tcp-flags} ${vpc-id} ${az-id}", rec(), "4 3 vpc-1 use1-az1"},
		{"what leaves, within the VPC", "${flow-direction} ${traffic-path}", rec(), "egress 1"},
		{"what leaves the VPC", "${traffic-path}", away, "8"},
		{"what leaves it from an instance that is not Nitro-based", "${traffic-path}", old, "2"},
		{"what comes in has no path", "${flow-direction} ${traffic-path}", in, "ingress -"},
		{"fields of ECS", "${ecs-cluster-name} ${ecs-task-id} ${ecs-container-id} ${ecs-second-container-id} ${ecs-service-name}", rec(), "c t1 abc - -"},
		{"what nothing here has", "${sublocation-id} ${pkt-src-aws-service} ${reject-reason}", rec(), "- - -"},
		{"nothing passed", Default, none, "2 000000000000 eni-1 - - - - - - - 1700000000 1700000001 - NODATA"},
		{"something was not counted", Default + " ${vpc-id}", skipped, "3 000000000000 eni-1 - - - - - - - 1700000000 1700000001 - SKIPDATA -"},
		{"a field twice", "${bytes} ${bytes}", rec(), "500 500"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			f, err := Parse(tt.format)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Line(tt.r); got != tt.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestFormatsThatAreNone(t *testing.T) {
	for _, s := range []string{"", " ", "version", "${version}  ${bytes}", "${version} ", " ${version}", "${version},${bytes}", "$version", "${Version}", "${}", "${colour}"} {
		if _, err := Parse(s); !errors.Is(err, ErrForm) {
			t.Errorf("%q: got %v", s, err)
		}
	}
	if _, err := Parse("${version} ${encryption-status}"); err != error(Beyond{"encryption-status"}) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Default)
	f.Add("${version} ${ecs-task-id}")
	f.Add("${version")
	f.Fuzz(func(t *testing.T, s string) {
		format, err := Parse(s)
		if err != nil {
			return
		}
		if got := "${" + strings.ReplaceAll(format.Head(), " ", "} ${") + "}"; got != s {
			t.Errorf("%q was read as %q", s, got)
		}
		if n := len(strings.Fields(format.Line(rec()))); n != len(format) {
			t.Errorf("%q: %d values of %d", s, n, len(format))
		}
	})
}

func TestAWindowAddsUpItsFlows(t *testing.T) {
	var w Window
	later := flow()
	later.Start, later.End, later.Packets, later.Bytes, later.TCPFlags = at.Add(2*time.Second), at.Add(3*time.Second), 1, 40, 1
	other := flow()
	other.Accept = false
	for _, f := range []engine.Flow{later, flow(), other} {
		w.Add(f)
	}
	rs := w.Records(at, at.Add(time.Minute))
	if len(rs) != 2 {
		t.Fatalf("%d records", len(rs))
	}
	for _, r := range rs {
		if f := r.Flow; f.Accept && (f.Packets != 6 || f.Bytes != 540 || f.TCPFlags != 3 || !f.Start.Equal(at) || !f.End.Equal(at.Add(3*time.Second))) {
			t.Errorf("got %+v", f)
		}
	}
	w.Add(engine.Flow{NIC: "eni-1", Skipped: true})
	if rs := w.Records(at, at.Add(time.Minute)); len(rs) != 3 || rs[2].Status != SkipData {
		t.Errorf("got %+v", rs)
	}
	if rs := new(Window).Records(at, at.Add(time.Minute)); len(rs) != 1 || rs[0].Status != NoData || rs[0].Flow.End != at.Add(time.Minute) {
		t.Errorf("got %+v", rs)
	}
}

func TestAWindowHasAnEnd(t *testing.T) {
	var w Window
	first := engine.Flow{Accept: true, Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2"), Packets: 1, Start: at, End: at}
	for port := range mostFlows {
		f := first
		f.DstPort = uint16(port)
		w.Add(f)
	}
	w.Add(first) // one that is known still counts
	if w.Skipped || w.flows[key{accept: true, src: first.Src, dst: first.Dst}].Packets != 2 {
		t.Errorf("skipped is %v", w.Skipped)
	}
	other := first
	other.SrcPort = 1
	if w.Add(other); !w.Skipped || len(w.flows) != mostFlows {
		t.Errorf("%d flows, skipped is %v", len(w.flows), w.Skipped)
	}
}
