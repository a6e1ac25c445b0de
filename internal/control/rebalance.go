package control

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/place"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"
)

const zoneAttribute = "ecs.availability-zone"

// byZone adds the services that rebalance where a zone may be new: when all its instances are among
// those that changed. In a zone that was there before, only services that found no place look again.
func (p *pass) byZone(touched keys, changed []model.ContainerInstance) {
	n := map[string]int{}
	for _, ci := range changed {
		n[ci.Cluster+"/"+ci.Zone]++
	}
	clusters := keys{}
	for _, ci := range changed {
		if zone := ci.Cluster + "/" + ci.Zone; store.Zones.Get(p.tx, zone) <= n[zone] {
			clusters[ci.Cluster] = struct{}{}
		}
	}
	for cluster := range clusters {
		for s := range store.ServicesRebalancing.Each(p.tx, cluster) {
			touched[s.Key()] = struct{}{}
		}
	}
}

// open returns the zones where a task of the service may find a place, if it rebalances: those of its
// subnets and, but on Fargate, of the instances of its cluster.
func (v *visit) open() (zones []string) {
	s := v.svc
	if !s.Rebalances() {
		return nil
	}
	c := s.Primary().Capacity
	subnets := place.Zones(v.tx, c.Network)
	if c.OnFargate() {
		return subnets
	}
	for zone := range store.Zones.Each(v.tx, s.Cluster+"/") {
		if c.Network == nil || slices.Contains(subnets, zone) {
			zones = append(zones, zone)
		}
	}
	return zones
}

// into starts the tasks of a plan that are for balance. Those that start join copies. It reports
// whether a zone had no place for one, which is then a goal no more.
func (v *visit) into(plan rollout.Plan, copies *[]rollout.Copy) (full bool) {
	def, ok := store.TaskDefs.Get(v.tx, v.svc.Primary().Def)
	if !ok {
		v.zones = nil
		return true
	}
	started := map[string][]string{} // zone → tasks
	l := v.lens()
	for _, zone := range plan.Into {
		if !slices.Contains(v.zones, zone) {
			continue
		}
		t, refusal := v.place(def, site{zone: zone, provider: v.provider(*copies)})
		if refusal != nil {
			v.zones = slices.DeleteFunc(v.zones, func(z string) bool { return z == zone })
			v.uneven = append(v.uneven, zone)
			full = true
			continue
		}
		v.putTask(t)
		v.moved = append(v.moved, t.ID)
		*copies = append(*copies, l.copy(&t))
		started[zone] = append(started[zone], t.ID)
	}
	v.tellMoved(started, *copies)
	return full
}

// provider returns the capacity provider that one more task takes; empty for none.
func (v *visit) provider(copies []rollout.Copy) string {
	have, d := map[string]int{}, v.svc.Primary()
	for _, c := range copies {
		if c.Deployment == d.ID && !c.Stopping {
			have[c.Provider]++
		}
	}
	for _, p := range scheduler.Split(d.Capacity.Strategy, have, 1) {
		return p
	}
	return ""
}

// tellMoved says that a rebalance begins, and what it started.
func (v *visit) tellMoved(started map[string][]string, copies []rollout.Copy) {
	s := v.svc
	if len(started) == 0 {
		return
	}
	d := s.Primary()
	fresh := keys{}
	for _, ids := range started {
		d.Started += len(ids)
		for _, id := range ids {
			fresh[id] = struct{}{}
		}
	}
	s.Deployments[0] = d
	if !s.Moving {
		before := slices.DeleteFunc(slices.Clone(copies), func(c rollout.Copy) bool { _, new := fresh[c.ID]; return new })
		v.say("is not AZ balanced with " + v.spread(before, false) + ". AZ Rebalancing in progress.")
	}
	s.Moving = true
	for _, zone := range slices.Sorted(maps.Keys(started)) {
		v.tellTasks("has started %d tasks in "+zone+" to AZ Rebalance:", started[zone], "")
	}
}

// tellAway says which tasks stop to make way for those that took over from them.
func (v *visit) tellAway(ids []string) {
	by := map[string][]string{} // zone → tasks
	for _, id := range ids {
		if t := store.Tasks.Peek(v.tx, id); t != nil {
			at := zone(t, v.instance(t.Instance))
			by[at] = append(by[at], id)
		}
	}
	for _, zone := range slices.Sorted(maps.Keys(by)) {
		v.tellTasks("has stopped %d running tasks in "+zone+" due to AZ rebalancing:", by[zone], "")
	}
}

// balance ends a rebalance once the service is steady, and says where it found no place for balance.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-rebalancing-event-messages-list.html
func (v *visit) balance(steady bool, copies []rollout.Copy) {
	s := v.svc
	why := " because no container instance met all of its requirements."
	if s.Primary().Capacity.OnFargate() {
		why = "."
	}
	if !steady && s.Rebalances() { // it was not the moment to look at all zones
		v.uneven = append(v.uneven, s.Uneven...)
	}
	slices.Sort(v.uneven)
	v.uneven = slices.Compact(v.uneven)
	s.Uneven = v.uneven
	for _, zone := range s.Uneven {
		v.still(v.ours("is unable to place a task in " + zone + why))
	}
	if !s.Moving || !steady && s.Rebalances() {
		return
	}
	s.Moving = false
	if steady && len(s.Uneven) == 0 {
		v.say("is AZ balanced with " + v.spread(copies, true) + ".")
	}
}

// spread tells how many tasks are in which zone, in the words of the events: that of a beginning
// rebalance says "tasks" only once.
func (v *visit) spread(copies []rollout.Copy, tasks bool) string {
	n := map[string]int{}
	for _, zone := range v.open() {
		n[zone] = 0
	}
	for _, c := range copies {
		if !c.Stopping {
			n[c.Zone]++
		}
	}
	var parts []string
	for i, zone := range slices.Sorted(maps.Keys(n)) {
		word := " in "
		if tasks || i == 0 {
			word = " tasks in "
		}
		parts = append(parts, fmt.Sprint(n[zone])+word+zone)
	}
	last := len(parts) - 1
	switch {
	case last < 1:
		return strings.Join(parts, "")
	case last == 1:
		return parts[0] + " and " + parts[1]
	}
	return strings.Join(parts[:last], ", ") + ", and " + parts[last]
}
