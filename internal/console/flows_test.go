package console_test

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/console"
	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func flow(nic string, accept, egress bool, src, dst string) engine.Flow {
	a, b := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return engine.Flow{NIC: nic, Accept: accept, Egress: egress, Src: a.Addr(), Dst: b.Addr(), SrcPort: a.Port(), DstPort: b.Port(),
		Protocol: 6, TCPFlags: 18, Packets: 3, Bytes: 180, Start: noon, End: noon}
}

// passing answers the page of flows over a VPC with a task, an instance and a load balancer.
func passing(t *testing.T, query string, fs ...engine.Flow) (status int, all []console.Flow, asked map[string]bool, body string) {
	t.Helper()
	s := open(t)
	update(t, s, func(tx *store.Tx) {
		store.VPCs.Put(tx, model.VPC{ID: "vpc-1", CIDR: "172.31.0.0/16"})
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-1", VPC: "vpc-1", CIDR: "172.31.0.0/20"})
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-2", VPC: "vpc-1", CIDR: "172.31.16.0/20"})
		store.InternetGateways.Put(tx, model.InternetGateway{ID: "igw-1", VPC: "vpc-1"})
		store.RouteTables.Put(tx, model.RouteTable{ID: "rtb-1", VPC: "vpc-1", Main: "rtbassoc-1"})
		store.RouteTables.Put(tx, model.RouteTable{ID: "rtb-2", VPC: "vpc-1", Subnets: []model.SubnetRoutes{{ID: "rtbassoc-2", Subnet: "subnet-1"}},
			Routes: []model.Route{{CIDR: "0.0.0.0/0", Gateway: "igw-1"}}})
		store.NetworkInterfaces.Put(tx, model.NetworkInterface{ID: "eni-private", VPC: "vpc-1", Subnet: "subnet-2", IP: "172.31.16.10", Groups: []string{"sg-web"}})
		store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-web", Name: "web"})
		for _, n := range []model.NetworkInterface{
			{ID: "eni-task", IP: "172.31.0.10", Task: taskA, Groups: []string{"sg-web"}}, {ID: "eni-ec2", IP: "172.31.0.20", Instance: ec2ID, Groups: []string{"sg-ec2"}},
			{ID: "eni-lb", IP: "172.31.0.30", LoadBalancer: "app/front/1", Groups: []string{"sg-lb"}}, {ID: "eni-own", IP: "172.31.0.40"},
		} {
			n.VPC, n.Subnet = "vpc-1", "subnet-1"
			store.NetworkInterfaces.Put(tx, n)
		}
		store.LoadBalancers.Put(tx, model.LoadBalancer{ID: "app/front/1", Name: "front"})
	})
	h := console.New(s, console.Hooks{Default: home, Flows: func(_ context.Context, _ model.Scope, nics map[string]bool) iter.Seq[[]engine.Flow] {
		asked = nics
		return func(yield func([]engine.Flow) bool) { yield(fs) }
	}})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_drydock/flows?"+query, nil))
	for line := range strings.Lines(w.Body.String()) {
		var f console.Flow
		if json.Unmarshal([]byte(line), &f) == nil && f.ENI != "" {
			all = append(all, f)
		}
	}
	return w.Code, all, asked, w.Body.String()
}

func TestFlowsNameBothEnds(t *testing.T) {
	for _, tt := range []struct{ address, name string }{
		{"172.31.0.10:80", "/aaaa0000"}, {"172.31.0.20:80", ec2ID}, {"172.31.0.30:80", "lb/front"}, {"172.31.0.40:80", "eni-own"},
		{"172.31.0.1:80", "this machine"}, {"172.31.0.2:80", "from outside"}, {"172.31.0.99:80", ""}, {"192.0.2.1:80", ""},
	} {
		_, fs, _, body := passing(t, "", flow("eni-task", true, false, tt.address, "172.31.0.10:80"))
		if len(fs) != 1 || !strings.HasSuffix(fs[0].Source.Name, tt.name) || (tt.name == "") != (fs[0].Source.Name == "") {
			t.Errorf("%s: got %s", tt.address, body)
		}
	}
	_, fs, _, _ := passing(t, "", flow("eni-task", true, false, "172.31.0.30:5000", "172.31.0.10:80"))
	if f := fs[0]; f.Action != "ACCEPT" || f.Direction != "ingress" || f.Protocol != "tcp" || f.Flags != "SYN ACK" || f.Packets != 3 || f.Bytes != 180 || f.Source.Port != 5000 || f.Hint != "" {
		t.Errorf("got %+v", f)
	}
}

func TestWhatIsRefusedComesWithAHint(t *testing.T) {
	in := flow("eni-task", false, false, "172.31.0.20:5000", "172.31.0.10:81")
	_, fs, _, body := passing(t, "rejected=1", flow("eni-task", true, true, "172.31.0.10:80", "172.31.0.20:1"), in, in,
		flow("eni-ec2", false, true, "172.31.0.20:5000", "192.0.2.1:443"), engine.Flow{NIC: "eni-ec2", Skipped: true})
	if len(fs) != 3 || fs[1].Hint != "" {
		t.Fatal(body)
	}
	for i, want := range map[int]string{
		0: "no rule of sg-web web lets tcp port 81 in, with 172.31.0.20: aws ec2 authorize-security-group-ingress --group-id sg-web --ip-permissions 'IpProtocol=tcp,FromPort=81,ToPort=81,UserIdGroupPairs=[{GroupId=sg-ec2}]'",
		2: "no rule of sg-ec2 lets tcp port 443 out, with 192.0.2.1: aws ec2 authorize-security-group-egress --group-id sg-ec2 --ip-permissions 'IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{CidrIp=192.0.2.1/32}]'",
	} {
		if fs[i].Hint != want {
			t.Errorf("got  %s\nwant %s", fs[i].Hint, want)
		}
	}
}

func TestAPrivateSubnetIsNamedWhereItIsTheReason(t *testing.T) {
	for to, want := range map[string]string{
		"192.0.2.1:443":  "no route leads out of the VPC from subnet-2, to 192.0.2.1: aws ec2 create-route --route-table-id rtb-1 --destination-cidr-block 0.0.0.0/0 --gateway-id IGW-ID",
		"172.31.0.99:80": "no rule of sg-web web lets tcp port 80 out, with 172.31.0.99: aws ec2 authorize-security-group-egress --group-id sg-web --ip-permissions 'IpProtocol=tcp,FromPort=80,ToPort=80,IpRanges=[{CidrIp=172.31.0.99/32}]'",
	} {
		if _, fs, _, body := passing(t, "", flow("eni-private", false, true, "172.31.16.10:5000", to)); len(fs) != 1 || fs[0].Hint != want {
			t.Errorf("%s: got %s", to, body)
		}
	}
}

func TestFlowsOfOneInterface(t *testing.T) {
	if _, _, asked, _ := passing(t, "eni=eni-t"); len(asked) != 1 || !asked["eni-task"] {
		t.Errorf("asked for %v", asked)
	}
	if _, _, asked, _ := passing(t, "task="+taskA[:6]); len(asked) != 1 || !asked["eni-task"] {
		t.Errorf("asked for %v", asked)
	}
	for _, q := range []string{"eni=eni-x", "task=" + taskB, "seconds=x"} {
		if status, _, _, body := passing(t, q); status < 400 {
			t.Errorf("%s: %d %s", q, status, body)
		}
	}
}
