package vpc

import (
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// news is what became of machines, to be written to their instances.
type news map[thing]report

type report struct {
	kind  reportKind
	why   string // the engine's words, of one denied
	again bool   // also one that ran is lost
}

type reportKind int8

const (
	raised  reportKind = iota // it stands
	dropped                   // it is gone
	fallen                    // it ended by itself
	denied                    // the engine does not make it
)

func (n *news) put(t thing, r report) {
	if *n == nil {
		*n = news{}
	}
	(*n)[t] = r
}

// The reasons that EC2 gives for instances that end by themselves.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html
const (
	reasonFallen = "Server.InternalError: The machine of the instance ended"
	reasonDenied = "Server.InternalError: Internal error on launch: "
)

// write writes the news down.
func (c *Controller) write() {
	if len(c.news) == 0 {
		return
	}
	err := c.s.Update(model.Scope{}, func(tx *store.Tx) error {
		for t, r := range c.news {
			in := tx.In(t.scope)
			if i, ok := store.Instances.Get(in, t.id); ok {
				r.into(&i)
				store.Instances.Put(in, i)
			}
		}
		return nil
	})
	if err != nil {
		c.c.Log.Error("cannot write how machines stand", "machines", len(c.news), "err", err)
		for t := range c.news { // what was done is done again
			c.retry(t)
		}
	}
	clear(c.news)
}

// into writes what became of a machine into its instance.
func (r report) into(i *model.Instance) {
	ended := i.State == "terminated" || i.Fault != ""
	switch r.kind {
	case raised:
		i.Up = i.State != "terminated"
	case dropped:
		i.Up = false
	case fallen:
		if !ended {
			i.Fault = reasonFallen
		}
	case denied:
		if !ended && (i.State == "pending" || r.again) {
			i.Fault = reasonDenied + r.why
		}
	}
}
