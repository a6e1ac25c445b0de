package control

import (
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/secrets"
	"github.com/drydock-ecs/drydock/internal/store"
)

const (
	// visible is how long ended tasks, instances and services can still be described. AWS says an
	// hour of tasks and of instances, and that INACTIVE services may go at any time.
	//
	// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html,
	// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
	visible = time.Hour
	// eventsKept is how many events of one subject stay.
	//
	// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
	eventsKept = 100
)

// reap deletes what ended long enough ago, and the oldest events.
func (p *pass) reap() error {
	p.reapTasks()
	p.reapInstances()
	p.reapServices()
	p.reapEvents()
	p.reapSecrets()
	return nil
}

// reapSecrets deletes the secrets whose recovery window ended. The API scaled the window.
func (p *pass) reapSecrets() {
	deleted, _ := rows(p, store.Secrets)
	for _, s := range deleted {
		switch {
		case s.Ends.IsZero():
		case p.now.Before(s.Ends):
			p.again(store.Secrets.Name(), s.Key(), s.Ends)
		default:
			secrets.Remove(p.tx, s)
		}
	}
}

// past reports whether something that ended then is visible no longer; else the row is looked at
// again when it is.
func (p *pass) past(ended time.Time, table, key string) bool {
	at := ended.Add(p.Scale.Of(visible))
	if p.now.Before(at) {
		p.again(table, key, at)
		return false
	}
	return true
}

func (p *pass) reapTasks() {
	for t := range each(p, store.Tasks) {
		if !t.Live() && p.past(t.Times.Stopped, store.Tasks.Name(), t.ID) {
			store.Tasks.Delete(p.tx, t.ID)
		}
	}
}

// reapInstances forgets instances once their machines are gone: nothing else knows of those.
func (p *pass) reapInstances() {
	instances, _ := rows(p, store.Instances)
	for _, in := range instances {
		if in.State != "terminated" || in.Up || !p.past(in.Ended, store.Instances.Name(), in.ID) {
			continue
		}
		for ci := range store.ContainerInstancesByEC2.Each(p.tx, in.ID) {
			store.ContainerInstances.Delete(p.tx, ci.ID)
		}
		p.reapSubject(model.EventPrefix("instance", in.ClusterName(), in.ID), 0)
		store.Instances.Delete(p.tx, in.ID)
	}
}

func (p *pass) reapServices() {
	services, _ := rows(p, store.Services)
	for _, s := range services {
		if s.Status == "INACTIVE" && p.past(s.Ended, store.Services.Name(), s.Key()) {
			p.reapSubject(model.EventPrefix("service", s.Cluster, s.Name), 0)
			for d := range store.ServiceDeployments.From(p.tx, s.Key()+"/", "") {
				store.ServiceDeployments.Delete(p.tx, d.Key())
			}
			for r := range store.ServiceRevisions.From(p.tx, s.Key()+"/", "") {
				store.ServiceRevisions.Delete(p.tx, r.Key())
			}
			store.Stories.Delete(p.tx, s.Key())
			store.Services.Delete(p.tx, s.Key())
		}
	}
}

func (p *pass) reapEvents() {
	subjects := keys{}
	if p.full {
		for e := range store.Events.All(p.tx) {
			subjects[model.EventPrefix(e.Kind, e.Cluster, e.Subject)] = struct{}{}
		}
	}
	for key := range p.changed[store.Events.Name()] {
		subjects[key[:strings.LastIndexByte(key, '/')+1]] = struct{}{}
	}
	for _, prefix := range sorted(subjects) {
		p.reapSubject(prefix, eventsKept)
	}
}

// reapSubject deletes all but the newest events of one subject.
func (p *pass) reapSubject(prefix string, keep int) {
	all := slices.Collect(store.Events.From(p.tx, prefix, ""))
	for i := 0; i < len(all)-keep; i++ {
		store.Events.Delete(p.tx, all[i].Key())
	}
}
