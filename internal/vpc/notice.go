package vpc

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// seen is what the rows said when they were looked at last: a change tells which row, not what it held.
type seen struct {
	full  bool // everything is to be looked at
	nics  map[row]seenNIC
	rules map[row]string // security group id
}

type row struct {
	scope model.Scope
	id    string
}

type seenNIC struct {
	ip, vpc string
	balance bool // it is a load balancer's
	groups  []string
}

func newSeen() seen {
	return seen{nics: map[row]seenNIC{}, rules: map[row]string{}}
}

// notice marks the things that changes may concern.
func (c *Controller) notice(tx *store.Tx, changes store.Changes) {
	if changes.Full || c.seen.full {
		c.everything(tx)
		return
	}
	for _, sc := range changes.Scopes() {
		s := sweep{Controller: c, tx: tx.In(sc), scope: sc, spread: map[string]struct{}{}}
		for id := range changes.Keys(sc, store.Instances.Name()) {
			s.mark(host, id)
			if c.c.Network != nil {
				s.instance(id)
			}
		}
		if c.c.Network == nil {
			continue
		}
		for id := range changes.Keys(sc, store.Tasks.Name()) {
			if t := store.Tasks.Peek(s.tx, id); t != nil && t.ENI != nil {
				s.mark(nicRules, t.ENI.ID)
			}
		}
		for id := range changes.Keys(sc, store.VPCs.Name()) {
			s.mark(network, id)
		}
		for id := range changes.Keys(sc, store.NetworkInterfaces.Name()) {
			s.nic(id)
		}
		for id := range changes.Keys(sc, store.SecurityGroupRules.Name()) {
			s.rule(id)
		}
		s.routes(changes)
	}
}

// routes marks all interfaces when a route table or an internet gateway changed, which is seldom: what
// leaves the VPC depends on them.
func (s *sweep) routes(changes store.Changes) {
	for _, table := range [...]string{store.RouteTables.Name(), store.InternetGateways.Name()} {
		for range changes.Keys(s.scope, table) {
			for n := range store.NetworkInterfaces.All(s.tx) {
				s.touch(n)
			}
			return
		}
	}
}

// everything marks all there is and all there was.
func (c *Controller) everything(tx *store.Tx) {
	for t := range c.things {
		c.dirty[t] = struct{}{}
	}
	c.seen = newSeen()
	for _, sc := range tx.Scopes() {
		s := sweep{Controller: c, tx: tx.In(sc), scope: sc, spread: map[string]struct{}{}}
		for in := range store.Instances.All(s.tx) {
			s.mark(host, in.ID)
		}
		if c.c.Network == nil {
			continue
		}
		for v := range store.VPCs.All(s.tx) {
			s.mark(network, v.ID)
			s.mark(gateway, v.ID)
		}
		for n := range store.NetworkInterfaces.All(s.tx) {
			s.touch(n)
			c.seen.nics[row{sc, n.ID}] = see(n)
		}
		for r := range store.SecurityGroupRules.All(s.tx) {
			c.seen.rules[row{sc, r.ID}] = r.Group
		}
	}
}

// sweep marks things of one scope.
type sweep struct {
	*Controller
	tx     *store.Tx
	scope  model.Scope
	spread map[string]struct{} // groups whose rules were looked for already
}

func (s *sweep) mark(k kind, id string) { s.dirty[thing{k, s.scope, id}] = struct{}{} }

// touch marks what the rules of n are put in force with.
func (s *sweep) touch(n model.NetworkInterface) {
	if n.LoadBalancer != "" {
		s.mark(gateway, n.VPC)
		return
	}
	s.mark(nicRules, n.ID)
}

// instance marks the interfaces of an instance: it may stand now.
func (s *sweep) instance(id string) {
	for n := range store.NetworkInterfacesByOwner.Each(s.tx, id) {
		s.mark(nicRules, n.ID)
	}
}

// nic marks what follows from a change of an interface: it itself, and those whose rules refer to a
// group that it joined or left.
func (s *sweep) nic(id string) {
	key := row{s.scope, id}
	was, known := s.seen.nics[key]
	n, there := store.NetworkInterfaces.Get(s.tx, id)
	is := see(n)
	s.mark(nicRules, id)
	for _, v := range []seenNIC{was, is} {
		if v.vpc != "" {
			s.mark(network, v.vpc)
		}
		if v.balance {
			s.mark(gateway, v.vpc)
		}
	}
	if there {
		s.seen.nics[key] = is
	} else {
		delete(s.seen.nics, key)
	}
	if n.Instance != "" {
		s.mark(host, n.Instance)
	}
	if known && there && was.ip == is.ip && slices.Equal(was.groups, is.groups) {
		return
	}
	for _, g := range slices.Concat(was.groups, is.groups) {
		s.members(g)
	}
}

func see(n model.NetworkInterface) seenNIC {
	return seenNIC{ip: n.IP, vpc: n.VPC, balance: n.LoadBalancer != "", groups: n.Groups}
}

// members marks the interfaces with a rule that refers to a group.
func (s *sweep) members(group string) {
	if _, did := s.spread[group]; did {
		return
	}
	s.spread[group] = struct{}{}
	for r := range store.RulesByPeer.Each(s.tx, group) {
		s.group(r.Group)
	}
}

// group marks the interfaces that have a group.
func (s *sweep) group(id string) {
	for n := range store.NetworkInterfacesByGroup.Each(s.tx, id) {
		s.touch(n)
	}
}

func (s *sweep) rule(id string) {
	key := row{s.scope, id}
	was := s.seen.rules[key]
	r, there := store.SecurityGroupRules.Get(s.tx, id)
	if there {
		s.seen.rules[key] = r.Group
	} else {
		delete(s.seen.rules, key)
	}
	for _, g := range []string{was, r.Group} {
		if g != "" {
			s.group(g)
		}
	}
}
