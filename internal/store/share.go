package store

import (
	"unique"

	"github.com/drydock-ecs/drydock/internal/model"
)

// share lets the tasks that were read from the file have the texts in common that they had in common
// when they were made: of many tasks most are of few services on few instances.
func share(t *model.Task) {
	b := &t.Birth
	same(&b.Cluster, &b.Def, &b.Group, &b.StartedBy, &b.Service, &b.Deployment, &b.LaunchType, &t.Instance, &t.Host)
	for i := range t.Needs.Attributes {
		same(&t.Needs.Attributes[i])
	}
	for i := range t.Needs.Ports {
		same(&t.Needs.Ports[i].Protocol)
	}
	for i := range t.Containers {
		c := &t.Containers[i]
		same(&c.Name, &c.Image, &c.Digest, (*string)(&c.Health))
		for n := range c.Bindings {
			same(&c.Bindings[n].Protocol, &c.Bindings[n].BindIP)
		}
	}
}

func same(texts ...*string) {
	for _, s := range texts {
		if *s != "" {
			*s = unique.Make(*s).Value()
		}
	}
}
