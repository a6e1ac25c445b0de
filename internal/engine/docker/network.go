package docker

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/go-connections/nat"
)

// reach is what is known about the way from here to the containers.
type reach struct {
	near  bool                // the engine's bridges can be this machine's
	addrs map[string]struct{} // this machine's addresses
}

// near reports whether the engine's bridges can be interfaces of this machine: its socket is here,
// and it does not run in a virtual machine or a user namespace whose addresses could also be ours.
func (r *Runtime) near(in system.Info) bool {
	return strings.HasPrefix(r.cli.DaemonHost(), "unix://") && !strings.Contains(in.OperatingSystem, "Docker Desktop") &&
		!slices.ContainsFunc(in.SecurityOptions, func(o string) bool { return strings.Contains(o, "rootless") })
}

// owns reports whether this machine has the address: then the bridge behind it is one of ours, and
// its containers answer without the engine's proxy in between.
func (r *Runtime) owns(ctx context.Context, gateway string) bool {
	at := r.reach.Load()
	if at == nil {
		in, err := r.cli.Info(ctx)
		if err != nil {
			return false
		}
		at = &reach{near: r.near(in)}
		r.reach.Store(at)
	}
	if !at.near || gateway == "" {
		return false
	}
	if _, ok := at.addrs[gateway]; ok {
		return true
	}
	addrs := map[string]struct{}{}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok {
			addrs[ip.IP.String()] = struct{}{}
		}
	}
	r.reach.Store(&reach{near: true, addrs: addrs})
	_, ok := addrs[gateway]
	return ok
}

// bindings reads the ports that the engine bound from an inspected container.
func (r *Runtime) bindings(ctx context.Context, n *container.NetworkSettings, labels map[string]string) (bs []model.Binding) {
	if n == nil {
		return nil
	}
	ip := r.direct(ctx, n.Networks, labels)
	for _, port := range slices.Sorted(maps.Keys(n.Ports)) {
		for _, b := range n.Ports[port] {
			bs = append(bs, binding(port, b.HostIP, b.HostPort, ip))
		}
	}
	sortBindings(bs)
	return fold(bs, labels[labelSpans])
}

// listed reads them from an entry of the engine's list; own is the network of its task, if it has one.
func (r *Runtime) listed(ctx context.Context, c container.Summary, own engine.Net) (bs []model.Binding) {
	if ports := c.Labels[labelPorts]; ports != "" {
		return r.hostBindings(c.Labels[labelHost], ports)
	}
	if ports := c.Labels[labelTaskPorts]; ports != "" {
		return answers(ports, own.IP)
	}
	ip := ""
	if c.NetworkSettings != nil {
		ip = r.direct(ctx, c.NetworkSettings.Networks, c.Labels)
	}
	for _, p := range c.Ports {
		if p.PublicPort != 0 {
			port := nat.Port(fmt.Sprintf("%d/%s", p.PrivatePort, p.Type))
			bs = append(bs, binding(port, p.IP, strconv.Itoa(int(p.PublicPort)), ip))
		}
	}
	sortBindings(bs)
	return fold(bs, c.Labels[labelSpans])
}

// direct returns the address at which the container itself can be dialled from here, if there is
// one that lasts: a container that is started again gets another.
func (r *Runtime) direct(ctx context.Context, ns map[string]*network.EndpointSettings, labels map[string]string) string {
	if labels[labelRestarts] != "" {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(ns)) {
		if n := ns[name]; n != nil && n.IPAddress != "" && r.owns(ctx, n.Gateway) {
			return n.IPAddress
		}
	}
	return ""
}

func binding(port nat.Port, hostIP, hostPort, direct string) model.Binding {
	b := model.Binding{ContainerPort: port.Int(), Protocol: port.Proto(), BindIP: hostIP}
	b.HostPort, _ = strconv.Atoi(hostPort)
	b.Dial = net.JoinHostPort(hostIP, hostPort)
	if direct != "" {
		b.Dial = net.JoinHostPort(direct, port.Port())
	}
	return b
}

// hostPorts writes down the ports of a container in host mode.
func hostPorts(ps []engine.PortSpec) string {
	var all []string
	for _, p := range ps {
		all = append(all, fmt.Sprintf("%d/%s", p.ContainerPort, protocol(p.Protocol)))
	}
	return strings.Join(all, " ")
}

// hostBindings are the ports of a container in host mode: those it said it would listen on. The
// engine neither binds nor checks them.
func (r *Runtime) hostBindings(host, ports string) (bs []model.Binding) {
	for _, p := range strings.Fields(ports) {
		bs = append(bs, binding(nat.Port(p), host, nat.Port(p).Port(), ""))
	}
	return bs
}

func sortBindings(bs []model.Binding) {
	slices.SortFunc(bs, func(a, b model.Binding) int {
		return cmp.Or(cmp.Compare(a.ContainerPort, b.ContainerPort), cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.HostPort, b.HostPort))
	})
}
