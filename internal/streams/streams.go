// Package streams makes and deletes the rows of log groups and what is in them, for the API and for the
// awslogs log driver alike. It checks no names.
package streams

import (
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Group returns the group with the name, made if it is missing.
func Group(tx *store.Tx, name string) (g model.LogGroup, made bool) {
	if g, ok := store.LogGroups.Get(tx, name); ok {
		return g, false
	}
	g = model.LogGroup{Name: name, ID: ids.Hex(32), Created: tx.Now()}
	store.LogGroups.Put(tx, g)
	return g, true
}

// Stream returns the stream of a group that exists, made if it is missing.
func Stream(tx *store.Tx, g model.LogGroup, name string) (s model.LogStream, made bool) {
	if s, ok := store.LogStreams.Get(tx, model.LogStreamKey(g.Name, name)); ok {
		return s, false
	}
	g.Streams++
	store.LogGroups.Put(tx, g)
	s = model.LogStream{Group: g.Name, Name: name, Number: g.Streams, Created: tx.Now()}
	store.LogStreams.Put(tx, s)
	return s, true
}

// Delete deletes a group with its streams and filters.
func Delete(tx *store.Tx, group string) {
	prefix := model.LogStreamKey(group, "")
	for s := range store.LogStreams.From(tx, prefix, "") {
		store.LogStreams.Delete(tx, s.Key())
	}
	for f := range store.MetricFilters.From(tx, prefix, "") {
		store.MetricFilters.Delete(tx, f.Key())
	}
	for f := range store.Subscriptions.From(tx, prefix, "") {
		store.Subscriptions.Delete(tx, f.Key())
	}
	store.LogGroups.Delete(tx, group)
}
