package docker

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"
)

// anywhere is the address that ECS tells of host ports: they answer on all of the instance's.
const anywhere = "0.0.0.0"

// Ephemeral is the range from which dynamic host ports are taken: the kernel's, or ECS's own as long as no
// instance told.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html (hostPort)
func (r *Runtime) Ephemeral() (first, last int) {
	if p := r.ephemeral.Load(); p != nil {
		return p[0], p[1]
	}
	return 49153, 65535
}

// portsLabel writes down where the ports of a container answer: "80>49153/tcp 8080-8083>50000/udp 81/tcp",
// the last without a host port.
func portsLabel(ps []engine.PortSpec) string {
	var all []string
	for _, p := range ps {
		one := strconv.Itoa(p.ContainerPort)
		if p.Last > 0 {
			one += "-" + strconv.Itoa(p.Last)
		}
		if p.HostPort > 0 {
			one += ">" + strconv.Itoa(p.HostPort)
		}
		all = append(all, one+"/"+cmp.Or(p.Protocol, "tcp"))
	}
	return strings.Join(all, " ")
}

// portsOf reads it.
func portsOf(label string) (ps []engine.PortSpec) {
	for _, one := range strings.Fields(label) {
		ports, protocol, _ := strings.Cut(one, "/")
		inside, host, _ := strings.Cut(ports, ">")
		first, last, _ := strings.Cut(inside, "-")
		p := engine.PortSpec{Protocol: protocol}
		p.ContainerPort, _ = strconv.Atoi(first)
		p.Last, _ = strconv.Atoi(last)
		p.HostPort, _ = strconv.Atoi(host)
		ps = append(ps, p)
	}
	return ps
}

// bindings reads from its labels where a container's ports answer, in the namespace n if it joined one:
// host ports on the address of the instance, those of a task with a network interface on its own.
func bindings(labels map[string]string, n engine.Net) (bs []model.Binding) {
	for _, p := range portsOf(labels[labelPorts]) {
		b := model.Binding{ContainerPort: p.ContainerPort, Last: p.Last, Protocol: p.Protocol}
		switch {
		case labels[labelNetwork] != engine.NetworkTask:
			b.HostPort, b.BindIP, b.Dial = p.HostPort, anywhere, net.JoinHostPort(labels[labelHost], strconv.Itoa(p.HostPort))
		case n.IP == "":
			continue
		default:
			b.Dial = net.JoinHostPort(n.IP, strconv.Itoa(p.ContainerPort))
		}
		bs = append(bs, b)
	}
	return bs
}

// forwards are the host ports of a container in bridge mode, as they lead to its namespace.
func forwards(ps []engine.PortSpec, to netip.Addr) (fs []netbox.Forward, err error) {
	for _, p := range ps {
		if p.ContainerPort < 1 || p.ContainerPort+p.Count()-1 > 65535 || p.HostPort+p.Count()-1 > 65535 {
			return nil, fmt.Errorf("container port %d to host port %d: no such port", p.ContainerPort, p.HostPort)
		}
		if p.HostPort == 0 {
			return nil, fmt.Errorf("nobody chose a host port for container port %d", p.ContainerPort)
		}
		fs = append(fs, netbox.Forward{Protocol: cmp.Or(p.Protocol, "tcp"), Port: p.HostPort, Count: p.Count(),
			To: netip.AddrPortFrom(to, uint16(p.ContainerPort))})
	}
	return fs, nil
}
