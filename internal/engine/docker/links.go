package docker

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
)

// A link gives a container the address of another one of its task, under the other's name and an alias,
// and variables that tell of it. Docker's own would need both on its default bridge.
//
// Source: https://docs.docker.com/engine/network/links/
type link struct {
	alias string
	ip    netip.Addr
	to    container.InspectResponse
}

// links finds what s links to.
func (r *Runtime) links(ctx context.Context, s engine.Spec) (ls []link, err error) {
	for _, l := range s.Links {
		name, alias, ok := strings.Cut(l, ":")
		if !ok {
			alias = name
		}
		in, there, err := r.own(ctx, r.name(s.Task, name))
		switch {
		case err != nil:
			return nil, err
		case !there:
			return nil, fmt.Errorf("could not get container for %s: no such container of the task", name)
		case !in.State.Running:
			return nil, fmt.Errorf("cannot link to a non running container: %s AS %s", in.Name, alias)
		}
		n, err := r.joinedBy(ctx, in)
		if err != nil {
			return nil, err
		}
		ip, err := netip.ParseAddr(n.IP)
		if err != nil {
			return nil, fmt.Errorf("cannot link to %s: it has no network", in.Name)
		}
		ls = append(ls, link{alias: alias, ip: ip, to: in})
	}
	return ls, nil
}

// hosts are the lines that links add to /etc/hosts, as the engine takes them.
func hostsOf(ls []link) (es []string) {
	for _, l := range ls {
		es = append(es, l.alias+":"+l.ip.String())
		if name := strings.TrimPrefix(l.to.Name, "/"); name != l.alias {
			es = append(es, name+":"+l.ip.String())
		}
	}
	return es
}

// variables are those that a link gives to the container name of s.
func (l link) variables(name string) map[string]string {
	prefix := strings.ReplaceAll(strings.ToUpper(l.alias), "-", "_")
	env := map[string]string{prefix + "_NAME": "/" + name + "/" + l.alias}
	ports := l.ports()
	for i, p := range ports {
		at := prefix + "_PORT_" + p.Port() + "_" + strings.ToUpper(p.Proto())
		url := p.Proto() + "://" + l.ip.String() + ":" + p.Port()
		env[at], env[at+"_ADDR"], env[at+"_PORT"], env[at+"_PROTO"] = url, l.ip.String(), p.Port(), p.Proto()
		if i == 0 {
			env[prefix+"_PORT"] = url
		}
	}
	for _, kv := range l.to.Config.Env {
		if k, v, ok := strings.Cut(kv, "="); ok && k != "HOME" && k != "PATH" {
			env[prefix+"_ENV_"+k] = v
		}
	}
	return env
}

// ports are what the image of the other container exposes, and its port mappings, lowest first. The built-in
// image exposes none, since those who hold networks are of it too; the engine takes no exposed ports from a
// container that joins a network.
func (l link) ports() []nat.Port {
	all := maps.Clone(l.to.Config.ExposedPorts)
	if all == nil {
		all = nat.PortSet{}
	}
	if strings.HasPrefix(l.to.Config.Image, builtInRepository+":") {
		all["80/tcp"] = struct{}{}
	}
	for _, p := range portsOf(l.to.Config.Labels[labelPorts]) {
		for n := range p.Count() {
			all[nat.Port(fmt.Sprintf("%d/%s", p.ContainerPort+n, p.Protocol))] = struct{}{}
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b nat.Port) int {
		if n := a.Int() - b.Int(); n != 0 {
			return n
		}
		return strings.Compare(a.Proto(), b.Proto())
	})
}

// withLinks returns env and what links add to it. The definition's own variables go before.
func withLinks(env map[string]string, ls []link, name string) map[string]string {
	if len(ls) == 0 {
		return env
	}
	all := map[string]string{}
	for _, l := range ls {
		maps.Copy(all, l.variables(name))
	}
	maps.Copy(all, env)
	return all
}
