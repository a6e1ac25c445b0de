package console

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/firewall"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// LoadBalancers is the answer of /_drydock/lb.
type LoadBalancers struct {
	Where
	LoadBalancers []LoadBalancer `json:"loadBalancers"`
	TargetGroups  []TargetGroup  `json:"targetGroups"`
	Certificates  []string       `json:"certificates"` // ARNs that HTTPS listeners take
}

// LoadBalancer is one load balancer with where to point a browser at.
type LoadBalancer struct {
	Name      string     `json:"name"`
	ARN       string     `json:"arn"`
	DNSName   string     `json:"dnsName"`
	Gateway   string     `json:"gatewayUrl,omitempty"` // the same answers, on the port of the API
	Created   time.Time  `json:"createdAt,omitzero"`
	Listeners []Listener `json:"listeners"`
}

// Listener is one listener as it is really bound.
type Listener struct {
	ARN      string   `json:"arn"`
	Port     int      `json:"port"`
	Protocol string   `json:"protocol"`
	Bound    int      `json:"boundPort"` // 0 while no port is bound
	Why      string   `json:"why,omitempty"`
	Closed   string   `json:"closed,omitempty"` // to this machine: how to open it
	URL      string   `json:"url,omitempty"`
	Actions  []string `json:"actions"` // in words
	Groups   []string `json:"targetGroups,omitempty"`
}

// TargetGroup is one target group with its targets.
type TargetGroup struct {
	Name     string   `json:"name"`
	ARN      string   `json:"arn"`
	Protocol string   `json:"protocol"`
	Check    string   `json:"healthCheck"` // in words
	Targets  []Target `json:"targets"`
}

// Target is one target of a group.
type Target struct {
	ID          string `json:"id"`
	Port        int    `json:"port"`
	Zone        string `json:"zone,omitempty"`
	Task        string `json:"task,omitempty"`
	State       string `json:"state"`
	Reason      string `json:"reason,omitempty"`
	Description string `json:"description,omitempty"`
}

func (c *console) lb(w http.ResponseWriter, _ *http.Request, sc model.Scope) error {
	out := LoadBalancers{Where: where(sc), Certificates: []string{}}
	err := c.store.View(sc, func(tx *store.Tx) error {
		for k := range store.Certificates.All(tx) {
			out.Certificates = append(out.Certificates, sc.CertificateARN(k.ID))
		}
		out.LoadBalancers, out.TargetGroups = c.listLoadBalancers(tx), listTargetGroups(tx)
		return nil
	})
	if err != nil {
		return err
	}
	return answer(w, out)
}

func (c *console) listLoadBalancers(tx *store.Tx) []LoadBalancer {
	list := []LoadBalancer{}
	for l := range store.LoadBalancers.All(tx) {
		v := LoadBalancer{Name: l.Name, ARN: tx.Scope().LoadBalancerARN(l.ID), DNSName: l.DNSName, Created: l.Created, Listeners: []Listener{}}
		if c.hooks.Gateway != 0 {
			v.Gateway = url("http", l.DNSName, c.hooks.Gateway)
		}
		for n := range store.Listeners.From(tx, l.ID+"/", "") {
			v.Listeners = append(v.Listeners, showListener(tx, l, n))
		}
		list = append(list, v)
	}
	return list
}

func showListener(tx *store.Tx, l model.LoadBalancer, n model.Listener) Listener {
	v := Listener{ARN: tx.Scope().ListenerARN(n.ID), Port: n.Port, Protocol: n.Protocol, Bound: n.Bound, Why: n.BindError, Actions: []string{}}
	if n.Bound != 0 {
		v.URL = url(strings.ToLower(n.Protocol), l.DNSName, n.Bound)
	}
	if f := firewall.Outside(tx, l.Groups); len(l.Groups) > 0 && !firewall.Allows(f, firewall.TCP, self, n.Port) {
		v.Closed = "closed to this machine by its security groups: " + firewall.Opening(tx.Scope(), l.Groups[0], n.Port)
	}
	for _, key := range n.Groups() {
		v.Groups = append(v.Groups, groupName(tx, key))
	}
	for _, a := range n.Actions {
		v.Actions = append(v.Actions, actionWords(a, v.Groups))
	}
	return v
}

// self is where clients on this machine come from.
var self = netip.MustParseAddr("127.0.0.1")

// actionWords says what a default action does.
func actionWords(a types.Action, groups []string) string {
	switch {
	case a.Type == types.ActionTypeEnumForward:
		return "forward to " + strings.Join(groups, ", ")
	case a.RedirectConfig != nil:
		c := a.RedirectConfig
		return fmt.Sprintf("redirect (%s) to %s://%s:%s%s", c.StatusCode, deref(c.Protocol, "#{protocol}"), deref(c.Host, "#{host}"), deref(c.Port, "#{port}"), deref(c.Path, "/#{path}"))
	case a.FixedResponseConfig != nil:
		return "answer " + deref(a.FixedResponseConfig.StatusCode, "200")
	}
	return string(a.Type)
}

func listTargetGroups(tx *store.Tx) []TargetGroup {
	list := []TargetGroup{}
	for g := range store.TargetGroups.All(tx) {
		v := TargetGroup{Name: g.Name, ARN: tx.Scope().TargetGroupARN(g.ID), Protocol: g.Protocol, Check: checkWords(g.Check), Targets: []Target{}}
		for t := range store.Targets.From(tx, g.ID+"|", "") {
			h := health(tx, t)
			v.Targets = append(v.Targets, Target{ID: t.ID, Port: t.Port, Zone: t.Zone, Task: t.Task, State: h.State, Reason: h.Reason, Description: h.Description})
		}
		list = append(list, v)
	}
	return list
}

func checkWords(h model.HealthCheck) string {
	if !h.Enabled {
		return "off"
	}
	return fmt.Sprintf("%s %s on %s every %s, within %s, wants %s", h.Protocol, h.Path, h.Port, h.Interval, h.Timeout, h.Matcher)
}

// health is a target's health as DescribeTargetHealth shows it: the row's own state says nothing of
// draining, nor of a group that no listener uses.
func health(tx *store.Tx, t model.Target) model.TargetHealth {
	switch {
	case !t.Draining.IsZero():
		return model.TargetHealth{State: string(types.TargetHealthStateEnumDraining), Reason: string(types.TargetHealthReasonEnumDeregistrationInProgress)}
	case !store.ListenersByGroup.Any(tx, t.Group):
		return model.TargetHealth{State: string(types.TargetHealthStateEnumUnused), Reason: string(types.TargetHealthReasonEnumNotInUse)}
	case t.Health.State == "":
		return model.TargetHealth{State: string(types.TargetHealthStateEnumInitial), Reason: string(types.TargetHealthReasonEnumRegistrationInProgress)}
	}
	return t.Health
}

// groupName is the name in a target group's key, whether the group is still there or not.
func groupName(tx *store.Tx, key string) string {
	if g, ok := store.TargetGroups.Get(tx, key); ok {
		return g.Name
	}
	name, _, _ := strings.Cut(key, "/")
	return name
}

// url is where a browser finds host; the scheme's own port is left out.
func url(scheme, host string, port int) string {
	if scheme == "http" && port == 80 || scheme == "https" && port == 443 {
		return scheme + "://" + host + "/"
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(port)) + "/"
}

func deref(p *string, otherwise string) string {
	if p == nil {
		return otherwise
	}
	return *p
}
