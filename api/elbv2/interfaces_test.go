package elbv2

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// nics are the network interfaces of load balancers, in the order of their subnets.
func (w *world) nics() (all []model.NetworkInterface) {
	w.view(func(tx *store.Tx) {
		for n := range store.NetworkInterfaces.All(tx) {
			all = append(all, n)
		}
	})
	slices.SortFunc(all, func(a, b model.NetworkInterface) int {
		return slices.Index(w.subnets, a.Subnet) - slices.Index(w.subnets, b.Subnet)
	})
	return all
}

func TestALoadBalancerHasAnInterfaceInEachSubnet(t *testing.T) {
	w := start(t)
	lb := w.balancer("web")
	key := lb[strings.Index(lb, "app/"):]
	first := w.nics()
	if len(first) != 3 {
		t.Fatalf("%d interfaces", len(first))
	}
	for i, n := range first {
		home := model.Subnet{}
		w.view(func(tx *store.Tx) { home, _ = store.Subnets.Get(tx, w.subnets[i]) })
		if !netip.MustParsePrefix(home.CIDR).Contains(netip.MustParseAddr(n.IP)) || n.Zone != home.Zone || n.VPC != w.vpc {
			t.Errorf("%s in %s is not in %s", n.IP, n.Zone, home.CIDR)
		}
		w.expect(n.Description+" "+n.Requester+" "+n.LoadBalancer+" "+n.Groups[0]+n.Public, "ELB "+key+" amazon-elb "+key+" "+w.group)
		if !strings.HasPrefix(n.Attachment, "ela-attach-") || n.Device != 1 || n.Attached.IsZero() {
			t.Errorf("attached as %s, device %d at %v", n.Attachment, n.Device, n.Attached)
		}
	}
	w.balancer("web") // asked for again
	if again := w.nics(); len(again) != 3 {
		t.Errorf("%d interfaces after the same call", len(again))
	}

	if _, err := w.SetSubnets(t.Context(), &elb.SetSubnetsInput{LoadBalancerArn: &lb, Subnets: w.subnets[1:]}); err != nil {
		t.Fatal(err)
	}
	if now := w.nics(); len(now) != 2 || now[0].ID != first[1].ID || now[1].ID != first[2].ID {
		t.Errorf("after a subnet was taken away: %v", now)
	}
	if _, err := w.SetSubnets(t.Context(), &elb.SetSubnetsInput{LoadBalancerArn: &lb, Subnets: w.subnets}); err != nil {
		t.Fatal(err)
	}
	if now := w.nics(); len(now) != 3 || now[0].ID == first[0].ID || now[1].ID != first[1].ID {
		t.Errorf("after a subnet was added: %v", now)
	}

	w.update(func(tx *store.Tx) {
		store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-2", VPC: w.vpc, Name: "two"})
	})
	if _, err := w.SetSecurityGroups(t.Context(), &elb.SetSecurityGroupsInput{LoadBalancerArn: &lb, SecurityGroups: []string{"sg-2"}}); err != nil {
		t.Fatal(err)
	}
	for _, n := range w.nics() {
		if !slices.Equal(n.Groups, []string{"sg-2"}) {
			t.Errorf("%s has the groups %v", n.ID, n.Groups)
		}
	}
	if _, err := w.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: &lb}); err != nil {
		t.Fatal(err)
	}
	if left := w.nics(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestSubnetsWithoutRoomAreRefused(t *testing.T) {
	w := start(t)
	small, full := "subnet-small", "subnet-full"
	w.update(func(tx *store.Tx) {
		store.Subnets.Put(tx, model.Subnet{ID: small, VPC: w.vpc, Zone: "us-east-1a", CIDR: "172.31.200.0/28"})
		store.Subnets.Put(tx, model.Subnet{ID: full, VPC: w.vpc, Zone: "us-east-1b", CIDR: "172.31.201.0/27"})
		for range 27 - minFree + 1 {
			if _, err := nic.New(tx, model.NetworkInterface{Subnet: full}); err != nil {
				t.Fatal(err)
			}
		}
	})
	create := func(subnets ...string) func() error {
		return func() error {
			_, err := w.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("web"), Subnets: subnets})
			return err
		}
	}
	refuseAll(t, []refusal{
		{"a small one", create(small, w.subnets[1]), "InvalidSubnet", "'subnet-small' has the CIDR block '172.31.200.0/28'"},
		{"a full one", create(w.subnets[0], full), "InvalidSubnet", "Not enough IP space available in subnet-full. ELB requires at least 8 free IP addresses in each subnet."},
	})
	w.view(func(tx *store.Tx) {
		if n := len(slices.Collect(store.LoadBalancers.All(tx))); n != 0 {
			t.Errorf("%d load balancers", n)
		}
	})
}
