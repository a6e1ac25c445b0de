package lb

import (
	"cmp"
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Traffic is what one target group's targets are doing right now.
type Traffic struct {
	Scope   model.Scope
	Group   string // target group key
	Targets []TargetTraffic
}

// TargetTraffic is one target that gets requests.
type TargetTraffic struct {
	Target   string // target key
	InFlight int64  // requests and upgraded connections under way
	Served   uint64 // requests answered since the daemon started
}

// Snapshot returns the groups that listeners forward to, each with the targets that its requests
// go to at this moment, sorted.
func (p *Proxy) Snapshot() []Traffic {
	seen := map[rowID]bool{}
	var all []Traffic
	for _, d := range p.table.Load().doors {
		for _, n := range []names{d.plain, d.secure} {
			for _, l := range n.byHost {
				for _, g := range l.groups {
					if !seen[g.id] {
						seen[g.id] = true
						all = append(all, g.traffic())
					}
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Traffic) int {
		return cmp.Or(cmp.Compare(a.Scope.String(), b.Scope.String()), cmp.Compare(a.Group, b.Group))
	})
	return all
}

func (g *group) traffic() Traffic {
	v := Traffic{Scope: g.id.scope, Group: g.id.key}
	for _, t := range g.rotation.Load().chosen {
		v.Targets = append(v.Targets, TargetTraffic{Target: t.id.key, InFlight: t.inflight.Load(), Served: t.served.Load()})
	}
	return v
}
