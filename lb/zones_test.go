package lb

import (
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// in puts a target into a zone.
func (w *world) in(zone string, t model.Target) model.Target {
	t.Zone = zone
	w.write(func(tx *store.Tx) { store.Targets.Put(tx, t) })
	return t
}

func TestTargetsInZonesWithoutASubnet(t *testing.T) {
	for _, c := range []struct{ rule, zone, dial, want string }{
		{"a target in a zone of the load balancer is probed", "us-east-1a", "172.31.0.9:80", "healthy"},
		{"one in another zone is not in use", "us-east-1c", "172.31.32.9:80", show(apart)},
		{"one outside of the VPC is in all zones", "all", "10.0.0.9:80", "healthy"},
		{"whatever zone it was registered with", "us-east-1c", "10.0.0.9:80", "healthy"},
		{"an address of the VPC that is in no subnet is in all zones, too", "all", "172.31.99.9:80", "healthy"},
	} {
		inBubble(t, passed, func(b *bubble) {
			b.x = b.in(c.zone, b.target(b.g, c.dial))
			b.stands(b.balancerOf(), "us-east-1a", "172.31.0.4")
			b.stands(b.balancerOf(), "us-east-1b", "172.31.16.4")
			b.after(time.Second, c.want)
			if b.t.Failed() {
				t.Error(c.rule)
			}
		})
	}
}

func TestZonesAreEnabledAndDisabled(t *testing.T) {
	inBubble(t, passed, func(b *bubble) {
		b.x = b.in("us-east-1c", b.target(b.g, "172.31.32.9:80"))
		b.stands(b.balancerOf(), "us-east-1a", "172.31.0.4")
		b.after(time.Second, show(apart))
		commits := b.s.Commits()
		b.after(time.Hour, show(apart))
		if n := b.s.Commits() - commits; n != 0 {
			b.t.Errorf("an idle hour made %d commits", n)
		}
		n := b.stands(b.balancerOf(), "us-east-1c", "172.31.32.4")
		b.after(0, "healthy")
		b.write(func(tx *store.Tx) { store.NetworkInterfaces.Delete(tx, n.ID) })
		b.after(0, show(apart))
		b.g.Check.Enabled = false
		b.write(func(tx *store.Tx) { store.TargetGroups.Put(tx, b.g) })
		b.after(0, show(apart))
		b.write(func(tx *store.Tx) { store.NetworkInterfaces.Put(tx, n) })
		b.after(0, show(unchecked))
	})
}

// balancerOf returns the load balancer of the bubble.
func (b *bubble) balancerOf() (l model.LoadBalancer) {
	b.write(func(tx *store.Tx) {
		for l = range store.LoadBalancers.All(tx) {
			return
		}
	})
	return l
}

func TestNoRequestGoesToAZoneThatIsNotEnabled(t *testing.T) {
	w := newWorld(t, Config{})
	l, g := w.balancer("web", nil), w.group("web")
	w.stands(l, "us-east-1a", "172.31.0.4")
	w.write(func(tx *store.Tx) { store.VPCs.Put(tx, model.VPC{ID: vpc.ID, CIDR: "127.0.0.0/8"}) })
	n := w.listener(l, "HTTP", freePort(t), forwardTo(g))
	x := w.in("us-east-1c", w.target(g, backend(t, says("well")).Listener.Addr().String()))
	w.run()
	url := w.bound(n)
	w.state(x, "unused")
	c := client(t)
	if code, _ := get(t, c, url); code != 503 {
		t.Errorf("a group of nobody in use answered %d, want 503: it does not fail open", code)
	}
	w.in("us-east-1a", x)
	w.state(x, "healthy")
	if code, body := get(t, c, url); code != 200 || body != "well" {
		t.Errorf("got %d %s", code, body)
	}
}
