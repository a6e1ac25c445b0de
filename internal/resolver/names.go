package resolver

import (
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/miekg/dns"
)

// metadata is where instances are told about themselves, which has a name in every VPC.
var metadata = netip.AddrFrom4([4]byte{169, 254, 169, 254})

// lookup finds out what a name means to who asks.
func lookup(tx *store.Tx, from engine.Place, q dns.Question) answer {
	v, _ := store.VPCs.Get(tx, from.VPC)
	if v.NoDNS {
		return answer{silent: true}
	}
	name := dns.CanonicalName(q.Name)
	for _, find := range []func(*store.Tx, model.VPC, string) (answer, bool){localName, balancer, privateName, publicName, reverse} {
		if a, ours := find(tx, v, name); ours {
			return a
		}
	}
	return answer{forward: true}
}

// localName answers for what is never asked elsewhere: localhost, and names that exist on nobody's
// machine but its own.
//
// Source: https://www.rfc-editor.org/rfc/rfc6761#section-6.3
func localName(tx *store.Tx, v model.VPC, name string) (answer, bool) {
	const zone = "localhost."
	switch {
	case name == zone:
		return answer{zone: zone, hosts: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}}, true
	case !dns.IsSubDomain(zone, name):
		return answer{}, false
	}
	if a, ok := balancer(tx, v, name); ok {
		return a, true
	}
	return answer{zone: zone, missing: true}, true
}

// balancer answers for load balancers: by the name that the API tells, and by the one that they would
// have on AWS. Who is in its VPC gets the addresses of its network interfaces, in any order. Others get
// those of an internal one too, as on AWS, but have no way there; one that faces the internet has only
// its public addresses for them.
//
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
func balancer(tx *store.Tx, v model.VPC, name string) (answer, bool) {
	label, region, ok := balancerName(name)
	if !ok {
		return answer{}, false
	}
	in := tx.In(model.Scope{Account: tx.Scope().Account, Region: region})
	for l := range store.LoadBalancers.All(in) {
		if !strings.HasPrefix(l.DNSName, label+".") {
			continue
		}
		zone := name[strings.LastIndex(name, region)+len(region)+1:]
		a := answer{zone: zone}
		same := l.VPC == v.ID && region == tx.Scope().Region
		for n := range store.NetworkInterfacesByOwner.Each(in, l.ID) {
			text := n.IP
			if !same && l.Scheme != "internal" {
				text = n.Public
			}
			if ip, err := netip.ParseAddr(text); err == nil {
				a.hosts = append(a.hosts, ip)
			}
		}
		rand.Shuffle(len(a.hosts), func(i, j int) { a.hosts[i], a.hosts[j] = a.hosts[j], a.hosts[i] })
		return a, true
	}
	return answer{}, false
}

// balancerName takes NAME.REGION.elb.… apart.
func balancerName(name string) (label, region string, ok bool) {
	name = strings.TrimPrefix(name, "dualstack.")
	for _, suffix := range []string{".elb.localhost.", ".elb.amazonaws.com.", ".elb.amazonaws.com.cn."} {
		if head, is := strings.CutSuffix(name, suffix); is {
			label, region, ok = strings.Cut(head, ".")
			return label, region, ok && !strings.Contains(region, ".")
		}
	}
	return "", "", false
}

// privateName answers for the private names of instances and tasks of the VPC. Without DNS hostnames
// the VPC has none.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
func privateName(tx *store.Tx, v model.VPC, name string) (answer, bool) {
	zone := tx.Scope().PrivateZone() + "."
	switch {
	case !v.Hostnames || !dns.IsSubDomain(zone, name):
		return answer{}, false
	case name == zone:
		return answer{zone: zone}, true
	case name == "instance-data."+zone:
		return answer{zone: zone, hosts: []netip.Addr{metadata}}, true
	}
	ip, ok := dashed(name, "ip-", zone)
	if _, there := holder(tx, v, ip); !ok || !there {
		return answer{zone: zone, missing: true}, true
	}
	return answer{zone: zone, hosts: []netip.Addr{ip}}, true
}

// publicName answers for the names of public addresses: within the VPC of what has the address they
// mean its private one. Names of addresses that nobody here has are real ones.
func publicName(tx *store.Tx, v model.VPC, name string) (answer, bool) {
	zone := tx.Scope().PublicZone() + "."
	ip, ok := dashed(name, "ec2-", zone)
	if !ok || !v.Hostnames {
		return answer{}, false
	}
	for n := range store.NetworkInterfaces.All(tx) {
		if n.Public != ip.String() {
			continue
		}
		if own, err := netip.ParseAddr(n.IP); err == nil && n.VPC == v.ID {
			ip = own
		}
		return answer{zone: zone, hosts: []netip.Addr{ip}}, true
	}
	return answer{}, false
}

// dashed reads the address in PREFIX-1-2-3-4.ZONE, written as names are.
func dashed(name, prefix, zone string) (netip.Addr, bool) {
	label, ok := strings.CutSuffix(name, "."+zone)
	if !ok {
		return netip.Addr{}, false
	}
	digits, ok := strings.CutPrefix(label, prefix)
	ip, err := netip.ParseAddr(strings.ReplaceAll(digits, "-", "."))
	return ip, ok && err == nil && !strings.Contains(digits, ".") && ip.Is4()
}

// holder is the network interface in the VPC that has the address.
func holder(tx *store.Tx, v model.VPC, ip netip.Addr) (model.NetworkInterface, bool) {
	cidr, err := netip.ParsePrefix(v.CIDR)
	if err != nil || !cidr.Contains(ip) {
		return model.NetworkInterface{}, false
	}
	for s := range store.Subnets.All(tx) {
		if s.VPC != v.ID {
			continue
		}
		for n := range store.NetworkInterfacesByAddress.Each(tx, s.ID+"/"+ip.String()) {
			return n, true
		}
	}
	return model.NetworkInterface{}, false
}
