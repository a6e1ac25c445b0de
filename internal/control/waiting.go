package control

import (
	"maps"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"
)

// waiting knows, by cluster and service, the places that tasks did not find when their service was looked
// at last: of many services that wait, only those are looked at again for which a change makes a
// difference. Like the agenda it holds no truth, a full pass finds all of it again.
type waiting map[clusterKey]map[string][]wait

type clusterKey struct {
	scope model.Scope
	name  string
}

// wait is a place that was not found, and how close an instance came to it.
type wait struct {
	ask     scheduler.Ask
	closest scheduler.Reason
}

// wait notes a place that the service did not find.
func (v *visit) wait(ask scheduler.Ask, refusal *scheduler.Refusal) {
	cluster, key := clusterKey{v.tx.Scope(), v.svc.Cluster}, v.svc.Key()
	of := v.waits[cluster]
	if of == nil {
		of = map[string][]wait{}
		v.waits[cluster] = of
	}
	of[key] = append(of[key], wait{ask, refusal.Closest()})
}

// unwait forgets what a service waited for: it is looked at now.
func (p *pass) unwait(cluster, service string) {
	key := clusterKey{p.tx.Scope(), cluster}
	if delete(p.waits[key], service); len(p.waits[key]) == 0 {
		delete(p.waits, key)
	}
}

// changedOn returns the container instances on which something changed, by cluster: those of clusters in
// which a service waits.
func (p *pass) changedOn() map[string]keys {
	on := map[string]keys{}
	add := func(cluster, id string) {
		if len(p.waits[clusterKey{p.tx.Scope(), cluster}]) == 0 {
			return
		}
		if on[cluster] == nil {
			on[cluster] = keys{}
		}
		on[cluster][id] = struct{}{}
	}
	if p.full {
		return on // every service is looked at
	}
	for t := range each(p, store.Tasks) {
		add(t.Birth.Cluster, t.Instance)
	}
	for ci := range each(p, store.ContainerInstances) {
		add(ci.Cluster, ci.ID)
	}
	return on
}

// andHopeful returns, in order, the services that were touched and those that wait with hope.
func (p *pass) andHopeful(touched keys, on map[string]keys) []string {
	all := maps.Clone(touched)
	for cluster, ids := range on {
		for key := range p.waits[clusterKey{p.tx.Scope(), cluster}] {
			if p.hopeful(cluster, key, ids) {
				all[key] = struct{}{}
			}
		}
	}
	return sorted(all)
}

// hopeful reports whether a service waits for a place to which a change on one of the instances makes a
// difference. It is asked once more when it is the service's turn: others may have taken the place before.
func (p *pass) hopeful(cluster, service string, on keys) bool {
	for _, w := range p.waits[clusterKey{p.tx.Scope(), cluster}][service] {
		for id := range on {
			if p.room(cluster).Outdated(&w.ask, w.closest, id) {
				return true
			}
		}
	}
	return false
}
