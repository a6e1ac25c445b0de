package ec2

import (
	"net/netip"
	"testing"

	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

func (w *world) allocate() AllocateAddressOutput {
	w.t.Helper()
	out, err := call[AllocateAddressOutput](w, "AllocateAddress", &AllocateAddressInput{Domain: ptr("vpc")})
	if err != nil {
		w.t.Fatal(err)
	}
	return *out
}

func (w *world) associate(in AssociateAddressInput) (string, error) {
	out, err := call[AssociateAddressOutput](w, "AssociateAddress", &in)
	if err != nil {
		return "", err
	}
	return out.AssociationId, nil
}

// public is the public address of an instance, and whose it is.
func (w *world) public(instance string) string {
	w.t.Helper()
	n := w.interfaces(Filter{ptr("attachment.instance-id"), []string{instance}})[0]
	if n.Association == nil {
		return "none"
	}
	return n.Association.PublicIp + " of " + n.Association.IpOwnerId
}

func TestAnAddressGoesFromInstanceToInstance(t *testing.T) {
	w := newWorld(t)
	is := w.run(2, nil)
	a, b, e := is[0].InstanceId, is[1].InstanceId, w.allocate()
	before := w.public(a)
	if !w.hosts.Contains(netip.MustParseAddr(e.PublicIp)) || e.PublicIp == *is[0].PublicIpAddress || e.PublicIp == *is[1].PublicIpAddress {
		t.Errorf("got %+v beside %s", e, before)
	}
	want := func(rule, instance, want string) {
		t.Helper()
		if got := w.public(instance); got != want {
			t.Errorf("%s: got %s, want %s", rule, got, want)
		}
	}
	first, err := w.associate(AssociateAddressInput{AllocationId: &e.AllocationId, InstanceId: &a})
	if err != nil {
		t.Fatal(err)
	}
	want("the instance has it", a, e.PublicIp+" of "+home.Account)
	if again, err := w.associate(AssociateAddressInput{PublicIp: &e.PublicIp, InstanceId: &a}); err != nil || again != first {
		t.Error(again, err)
	}
	if _, err := w.associate(AssociateAddressInput{AllocationId: &e.AllocationId, InstanceId: &b, AllowReassociation: ptr(false)}); code(err) != "Resource.AlreadyAssociated" {
		t.Error(err)
	}
	if _, err := call[Done](w, "ReleaseAddress", &ReleaseAddressInput{AllocationId: &e.AllocationId}); code(err) != "InvalidIPAddress.InUse" {
		t.Error(err)
	}
	second, err := w.associate(AssociateAddressInput{AllocationId: &e.AllocationId, InstanceId: &b})
	if err != nil || second == first {
		t.Error(second, err)
	}
	want("then the other one has it", b, e.PublicIp+" of "+home.Account)
	if got := w.public(a); got == "none" || got == e.PublicIp+" of "+home.Account {
		t.Errorf("the first one got %s back", got)
	}
	out, err := call[DescribeAddressesOutput](w, "DescribeAddresses", &DescribeAddressesInput{Filters: []Filter{{ptr("instance-id"), []string{b}}}})
	if err != nil || len(out.Addresses) != 1 || out.Addresses[0].AssociationId != second || out.Addresses[0].PrivateIpAddress == "" {
		t.Error(out, err)
	}
	named, err := call[DescribeAddressesAttributeOutput](w, "DescribeAddressesAttribute", &DescribeAddressesAttributeInput{AllocationIds: []string{e.AllocationId}, Attribute: ptr("domain-name")})
	if err != nil || len(named.Addresses) != 1 || named.Addresses[0].PublicIp != e.PublicIp {
		t.Error(named, err)
	}
	if _, err := call[Done](w, "DisassociateAddress", &DisassociateAddressInput{AssociationId: &first}); code(err) != "InvalidAssociationID.NotFound" {
		t.Error(err)
	}
	if _, err := call[Done](w, "DisassociateAddress", &DisassociateAddressInput{AssociationId: &second}); err != nil {
		t.Error(err)
	}
	if _, err := w.associate(AssociateAddressInput{AllocationId: &e.AllocationId, InstanceId: &b}); err != nil {
		t.Error(err)
	}
	w.update(func(tx *store.Tx) { nic.Release(tx, b) })
	if _, err := call[Done](w, "ReleaseAddress", &ReleaseAddressInput{AllocationId: &e.AllocationId}); err != nil {
		t.Errorf("an instance that ended leaves the address: %v", err)
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	vpc := w.makeVPC("10.0.0.0/16")
	subnet := w.makeSubnet(vpc, "10.0.0.0/24")
	private, err := w.makeInterface(CreateNetworkInterfaceInput{SubnetId: &subnet})
	if err != nil {
		t.Fatal(err)
	}
	i, e := w.run(1, nil)[0].InstanceId, w.allocate()
	for _, c := range []struct {
		rule string
		in   AssociateAddressInput
		want string
	}{
		{"without a gateway", AssociateAddressInput{AllocationId: &e.AllocationId, NetworkInterfaceId: &private.NetworkInterfaceId}, "Gateway.NotAttached"},
		{"without an address", AssociateAddressInput{InstanceId: &i}, "MissingParameter"},
		{"to nothing", AssociateAddressInput{AllocationId: &e.AllocationId}, "MissingParameter"},
		{"to two", AssociateAddressInput{AllocationId: &e.AllocationId, InstanceId: &i, NetworkInterfaceId: &private.NetworkInterfaceId}, "InvalidParameterCombination"},
		{"to another private address", AssociateAddressInput{AllocationId: &e.AllocationId, InstanceId: &i, PrivateIpAddress: ptr("172.31.0.200")}, "InvalidParameterValue"},
		{"an address of nobody", AssociateAddressInput{PublicIp: ptr("127.66.0.200"), InstanceId: &i}, "InvalidAddress.NotFound"},
		{"an allocation of nobody", AssociateAddressInput{AllocationId: ptr("eipalloc-00000000"), InstanceId: &i}, "InvalidAllocationID.NotFound"},
		{"to no instance", AssociateAddressInput{AllocationId: &e.AllocationId, InstanceId: ptr("i-00000000")}, "InvalidInstanceID.NotFound"},
	} {
		if _, err := w.associate(c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	for _, c := range []struct {
		rule string
		in   AllocateAddressInput
		want string
	}{
		{"EC2-Classic", AllocateAddressInput{Domain: ptr("standard")}, "UnsupportedOperation"},
		{"a pool", AllocateAddressInput{PublicIpv4Pool: ptr("ipv4pool-ec2-1")}, "UnsupportedOperation"},
		{"an address", AllocateAddressInput{Address: ptr("1.2.3.4")}, "UnsupportedOperation"},
		{"another region", AllocateAddressInput{NetworkBorderGroup: ptr("us-west-2")}, "InvalidParameterValue"},
	} {
		if _, err := call[AllocateAddressOutput](w, "AllocateAddress", &c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	for range 4 {
		w.allocate()
	}
	if _, err := call[AllocateAddressOutput](w, "AllocateAddress", &AllocateAddressInput{}); code(err) != "AddressLimitExceeded" {
		t.Error(err)
	}
	if _, err := call[Done](w, "ReleaseAddress", &ReleaseAddressInput{PublicIp: &e.PublicIp}); code(err) != "InvalidParameterValue" {
		t.Error(err)
	}
	if _, err := call[DescribeAddressesOutput](w, "DescribeAddresses", &DescribeAddressesInput{PublicIps: []string{"127.66.0.200"}}); code(err) != "InvalidAddress.NotFound" {
		t.Error(err)
	}
}
