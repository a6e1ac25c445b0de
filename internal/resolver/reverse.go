package resolver

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/miekg/dns"
)

// reverse answers for addresses: those of the VPC have their private names, and of other private ones
// nobody is asked, as long as the VPC has DNS hostnames.
//
// Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-overview-forward-vpc-to-network-autodefined-rules.html
func reverse(tx *store.Tx, v model.VPC, name string) (answer, bool) {
	const all = "in-addr.arpa."
	if !v.Hostnames || !dns.IsSubDomain(all, name) {
		return answer{}, false
	}
	ip, whole := reversed(strings.TrimSuffix(strings.TrimSuffix(name, all), "."))
	zone := localReverse(name)
	switch n, there := holder(tx, v, ip); {
	case whole && ip == netip.AddrFrom4([4]byte{127, 0, 0, 1}):
		return answer{zone: zone, name: "localhost."}, true
	case whole && there:
		return answer{zone: zone, name: tx.Scope().PrivateName(n.IP) + "."}, true
	case zone != "":
		return answer{zone: zone, missing: true}, true
	}
	return answer{}, false
}

// reversed reads 5.16.31.172.
func reversed(digits string) (netip.Addr, bool) {
	parts := strings.Split(digits, ".")
	slices.Reverse(parts)
	ip, err := netip.ParseAddr(strings.Join(parts, "."))
	return ip, err == nil && ip.Is4()
}

// localZones are the zones of reverse names that are nobody's outside of a network.
var localZones = func() []string {
	all := []string{"10.in-addr.arpa.", "168.192.in-addr.arpa.", "254.169.in-addr.arpa.", "127.in-addr.arpa.", "0.in-addr.arpa.", "255.in-addr.arpa."}
	for n := 16; n < 32; n++ {
		all = append(all, strconv.Itoa(n)+".172.in-addr.arpa.")
	}
	return all
}()

// localReverse is the one of them that a name is in; empty for none.
func localReverse(name string) string {
	for _, z := range localZones {
		if dns.IsSubDomain(z, name) {
			return z
		}
	}
	return ""
}
