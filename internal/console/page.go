package console

import (
	"bytes"
	"cmp"
	"embed"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

//go:embed page.html console.css console.js
var assets embed.FS

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"short": short, "lower": strings.ToLower, "used": func(all, left int) int { return all - left }, "cells": cells, "join": strings.Join,
}).ParseFS(assets, "page.html"))

// picture is what the page draws.
type picture struct {
	Where
	Endpoint      string        // where the API answers, as the browser says
	Others        []model.Scope // accounts and regions that were used, but for the one shown
	Services      []Service
	LoadBalancers []LoadBalancer
	TargetGroups  []TargetGroup
	Boxes         []box
	Waiting       []Task // not placed
	Events        []Event
}

// Empty reports whether nothing was made yet.
func (p picture) Empty() bool {
	tasks := len(p.Waiting)
	for _, b := range p.Boxes {
		tasks += len(b.Tasks)
	}
	return len(p.Services)+len(p.LoadBalancers)+len(p.TargetGroups)+tasks == 0
}

// box is one instance with the tasks on it. One without an instance is Fargate, for one cluster.
type box struct {
	Instance
	Tasks []Task
}

// Fargate reports whether the tasks in it run without an instance.
func (b box) Fargate() bool { return b.ID == "" }

// pageEvents is how many events the page shows.
const pageEvents = 40

// page answers the one picture for a browser: services, and the way of a request from listeners
// over target groups to the tasks in their instances. Its script asks for it again whenever
// /_drydock/changes says so.
func (c *console) page(w http.ResponseWriter, r *http.Request, sc model.Scope) error {
	p := picture{Where: where(sc), Endpoint: "http://" + r.Host}
	err := c.store.View(sc, func(tx *store.Tx) error {
		p.Others = slices.DeleteFunc(tx.Scopes(), func(o model.Scope) bool { return o == sc })
		p.Services = listServices(tx, "")
		p.LoadBalancers, p.TargetGroups = c.listLoadBalancers(tx), listTargetGroups(tx)
		p.Boxes, p.Waiting = boxes(tx)
		p.Events = history(tx, pageEvents)
		return nil
	})
	if err != nil {
		return err
	}
	slices.Reverse(p.Events)
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes())
	return nil
}

// boxes puts the live tasks into the instances they are on, or into Fargate, those with tasks first;
// terminated instances are left out.
func boxes(tx *store.Tx) (list []box, waiting []Task) {
	on := map[string][]Task{}
	for _, t := range listTasks(tx, "", false) {
		switch {
		case !t.Placed:
			waiting = append(waiting, t)
		case t.Instance == "": // they come cluster by cluster
			if n := len(list); n == 0 || list[n-1].Cluster != t.Cluster {
				list = append(list, box{Instance: Instance{Cluster: t.Cluster, State: "running"}})
			}
			list[len(list)-1].Tasks = append(list[len(list)-1].Tasks, t)
		default:
			on[t.Instance] = append(on[t.Instance], t)
		}
	}
	for _, i := range listInstances(tx) {
		if i.State != "terminated" || len(on[i.ID]) > 0 {
			tasks := on[i.ID] // in the order of their ports, as targets are
			slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Compare(firstPort(a), firstPort(b)) })
			list = append(list, box{i, tasks})
		}
	}
	slices.SortStableFunc(list, func(a, b box) int {
		return cmp.Or(cmp.Compare(min(len(b.Tasks), 1), min(len(a.Tasks), 1)), cmp.Compare(a.Cluster, b.Cluster))
	})
	return list, waiting
}

func firstPort(t Task) int {
	for _, c := range t.Containers {
		for _, p := range c.Ports {
			if p.Host != 0 {
				return p.Host
			}
		}
	}
	return 1 << 16 // after those that have one
}

// mostCells is how many tasks of a service are drawn one by one.
const mostCells = 60

// cells draws the progress of a service: a class for each of its tasks, "missing" for those that it
// wants and has not got. Services of very many tasks have none.
func cells(s Service) (classes []string) {
	add := func(class string, n int) {
		for range min(n, mostCells+1) {
			classes = append(classes, class)
		}
	}
	for _, d := range s.Deployments {
		class := "older"
		if d.Status == "PRIMARY" {
			class = "running"
		}
		add(class, d.Running)
		add("starting", d.Pending)
		add("leaving", d.Leaving)
	}
	add("missing", s.Desired-s.Running-s.Pending)
	if len(classes) > mostCells {
		return nil
	}
	return classes
}

// asset serves one embedded file.
func asset(name, kind string) http.Handler {
	body, err := assets.ReadFile(name)
	if err != nil {
		panic(err) // a name above that go:embed has not got
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write(body)
	})
}
