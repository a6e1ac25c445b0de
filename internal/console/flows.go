package console

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Flow is what one network interface let through, or refused, of one flow in one direction within about
// a second. Names are those of who has an address, where somebody has it.
type Flow struct {
	At        time.Time `json:"at"`               // of the last packet
	Action    string    `json:"action,omitempty"` // ACCEPT, REJECT, or SKIPPED: not all was counted
	Direction string    `json:"direction,omitempty"`
	ENI       string    `json:"eni"`
	Protocol  string    `json:"protocol,omitempty"`
	Source    End       `json:"source,omitzero"`
	Dest      End       `json:"destination,omitzero"`
	Packets   uint64    `json:"packets,omitempty"`
	Bytes     uint64    `json:"bytes,omitempty"`
	Flags     string    `json:"flags,omitempty"` // of TCP: SYN ACK FIN RST
	Hint      string    `json:"hint,omitempty"`  // what was refused, and what would let it through
}

// End is one end of a flow.
type End struct {
	Address string `json:"address"`
	Port    uint16 `json:"port,omitempty"`
	Name    string `json:"name,omitempty"`
}

// flows streams what passes network interfaces from now on: those of ?eni= (an id, or the beginning of
// one) or of ?task=, or all; ?rejected=1 only what is refused. It ends after ?seconds=, by default never.
func (c *console) flows(w http.ResponseWriter, r *http.Request, sc model.Scope) error {
	if c.hooks.Flows == nil {
		return &problem{http.StatusNotImplemented, "nothing passes a network on this engine"}
	}
	seconds, err := count(r, "seconds", 0)
	if err != nil {
		return err
	}
	nics, err := c.interfaces(sc, r.URL.Query().Get("eni"), r.URL.Query().Get("task"))
	if err != nil {
		return err
	}
	ctx := r.Context()
	if seconds > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer cancel()
	}
	refused, hinted, out := yes(r, "rejected"), map[string]bool{}, newStream(w)
	for fs := range c.hooks.Flows(ctx, sc, nics) {
		var shown []Flow
		if err := c.store.View(sc, func(tx *store.Tx) error {
			shown = showFlows(tx, fs, refused, hinted)
			return nil
		}); err != nil {
			return nil // too late to refuse
		}
		for _, f := range shown {
			if out.send(f) != nil {
				return nil
			}
		}
		if out.flush() != nil {
			return nil
		}
	}
	return nil
}

// interfaces returns the ids of those that are asked for; none for all.
func (c *console) interfaces(sc model.Scope, eni, task string) (ids map[string]bool, err error) {
	if eni == "" && task == "" {
		return nil, nil
	}
	ids = map[string]bool{}
	err = c.store.View(sc, func(tx *store.Tx) error {
		for n := range store.NetworkInterfaces.All(tx) {
			if eni != "" && strings.HasPrefix(n.ID, eni) || task != "" && n.Task != "" && strings.HasPrefix(n.Task, task) {
				ids[n.ID] = true
			}
		}
		return nil
	})
	switch {
	case err != nil || len(ids) > 0:
		return ids, err
	case eni != "":
		return nil, &problem{http.StatusNotFound, "no network interface has an id that begins with " + eni + ": see aws ec2 describe-network-interfaces"}
	}
	return nil, &problem{http.StatusNotFound, "no task whose id begins with " + task + " has a network interface of its own: those in bridge and host mode use their instance's; see drydock ps"}
}

// mostHints is how many hints are remembered, so that none is told twice.
const mostHints = 1024

// showFlows names the ends of flows. What was hinted at already is not again.
func showFlows(tx *store.Tx, fs []engine.Flow, refused bool, hinted map[string]bool) (shown []Flow) {
	if len(hinted) >= mostHints {
		clear(hinted)
	}
	for _, f := range fs {
		if refused && (f.Accept || f.Skipped) {
			continue
		}
		nic, _ := store.NetworkInterfaces.Get(tx, f.NIC)
		s := showFlow(tx, f, nic)
		if hint := hint(tx, f, nic); !hinted[hint] {
			s.Hint, hinted[hint] = hint, true
		}
		shown = append(shown, s)
	}
	return shown
}

func showFlow(tx *store.Tx, f engine.Flow, nic model.NetworkInterface) Flow {
	s := Flow{At: f.End, ENI: f.NIC, Action: "SKIPPED"}
	if f.Skipped {
		return s
	}
	s.Action, s.Direction = "REJECT", "ingress"
	if f.Accept {
		s.Action = "ACCEPT"
	}
	if f.Egress {
		s.Direction = "egress"
	}
	s.Protocol, s.Packets, s.Bytes, s.Flags = protocolName(f.Protocol), f.Packets, f.Bytes, flagNames(f.TCPFlags)
	s.Source = End{f.Src.String(), f.SrcPort, whoHas(tx, nic.VPC, f.Src)}
	s.Dest = End{f.Dst.String(), f.DstPort, whoHas(tx, nic.VPC, f.Dst)}
	return s
}

// flagNames spells TCP flags.
func flagNames(flags uint8) string {
	var names []string
	for _, f := range []struct {
		bit  uint8
		name string
	}{{2, "SYN"}, {16, "ACK"}, {1, "FIN"}, {4, "RST"}} {
		if flags&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return strings.Join(slices.Clip(names), " ")
}
