package console

import (
	"bytes"
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
	"short": short, "lower": strings.ToLower, "used": func(all, left int) int { return all - left },
}).ParseFS(assets, "page.html"))

// picture is what the page draws.
type picture struct {
	Where
	LoadBalancers []LoadBalancer
	TargetGroups  []TargetGroup
	Boxes         []box
	Waiting       []Task // not placed
	Events        []Event
}

// box is one instance with the tasks on it.
type box struct {
	Instance
	Tasks []Task
}

// pageEvents is how many events the page shows.
const pageEvents = 30

// page answers the one picture for a browser: load balancers, instances and the tasks in them. Its
// script asks for it again whenever /_drydock/changes says so.
func (c *console) page(w http.ResponseWriter, _ *http.Request, sc model.Scope) error {
	p := picture{Where: where(sc)}
	err := c.store.View(sc, func(tx *store.Tx) error {
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

// boxes puts the live tasks into the instances they are on; terminated instances are left out.
func boxes(tx *store.Tx) (list []box, waiting []Task) {
	on := map[string][]Task{}
	for _, t := range listTasks(tx, "", false) {
		if t.Instance == "" {
			waiting = append(waiting, t)
			continue
		}
		on[t.Instance] = append(on[t.Instance], t)
	}
	for _, i := range listInstances(tx) {
		if i.State != "terminated" || len(on[i.ID]) > 0 {
			list = append(list, box{i, on[i.ID]})
		}
	}
	return list, waiting
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
