package firewall

import (
	"fmt"
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// The numbers of protocols that have ports.
//
// Source: https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml
const (
	TCP = 6
	UDP = 17
)

// Outside returns what groups let through together to and from addresses that are no interface's:
// what Of returns, but for rules that name groups.
func Outside(tx *store.Tx, groups []string) (f engine.Firewall) {
	for _, g := range groups {
		for r := range store.RulesByGroup.Each(tx, g) {
			if r.Peer != "" {
				continue
			}
			p, ok := pass(tx, r)
			switch {
			case !ok:
			case r.Egress:
				f.Out = append(f.Out, p)
			default:
				f.In = append(f.In, p)
			}
		}
	}
	return f
}

// Allows reports whether f lets a connection in from a client to a port.
func Allows(f engine.Firewall, protocol int, client netip.Addr, port int) bool {
	client = client.Unmap()
	for _, p := range f.In {
		if p.Protocol != -1 && (p.Protocol != protocol || port < p.From || port > p.To) {
			continue
		}
		for _, from := range p.Peers {
			if from.Contains(client) {
				return true
			}
		}
	}
	return false
}

// Opening is the command that lets everybody in to a TCP port of what has a group.
func Opening(sc model.Scope, group string, port int) string {
	return fmt.Sprintf("aws ec2 authorize-security-group-ingress --region %s --group-id %s --protocol tcp --port %d --cidr 0.0.0.0/0", sc.Region, group, port)
}
