package taskmeta

import (
	"cmp"
	"context"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// taskDocument is what is told of a task; members are named as the agent names them.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-response.html
type taskDocument struct {
	Cluster, TaskARN, Family, Revision, DesiredStatus, KnownStatus string

	Limits                *limits             `json:",omitempty"`
	PullStartedAt         *time.Time          `json:",omitempty"`
	PullStoppedAt         *time.Time          `json:",omitempty"`
	ExecutionStoppedAt    *time.Time          `json:",omitempty"`
	AvailabilityZone      string              `json:",omitempty"`
	LaunchType            string              `json:",omitempty"`
	TaskTags              map[string]string   `json:",omitempty"`
	ContainerInstanceTags map[string]string   `json:",omitempty"`
	Errors                []tagError          `json:",omitempty"`
	Containers            []containerDocument `json:",omitempty"`
	VPCID                 string              `json:",omitempty"`
	ServiceName           string              `json:",omitempty"`
}

type containerDocument struct {
	DockerId, Name, DockerName, Image, ImageID string

	Ports         []port            `json:",omitempty"`
	Labels        map[string]string `json:",omitempty"`
	DesiredStatus string
	KnownStatus   string
	ExitCode      *int `json:",omitempty"`
	Limits        limits
	CreatedAt     *time.Time `json:",omitempty"`
	StartedAt     *time.Time `json:",omitempty"`
	FinishedAt    *time.Time `json:",omitempty"`
	Type          string
	Health        *health           `json:",omitempty"`
	LogDriver     string            `json:",omitempty"`
	LogOptions    map[string]string `json:",omitempty"`
	ContainerARN  string            `json:",omitempty"`
	Networks      []network         `json:",omitempty"`
}

type limits struct {
	CPU    *float64 `json:",omitempty"`
	Memory *int     `json:",omitempty"`
}

type port struct {
	ContainerPort, HostPort int
	Protocol                string
	HostIp                  string `json:",omitempty"`
}

type health struct {
	Status string `json:"status"`
}

type network struct {
	NetworkMode              string
	IPv4Addresses            []string
	AttachmentIndex          *int     `json:",omitempty"`
	MACAddress               string   `json:",omitempty"`
	IPv4SubnetCIDRBlock      string   `json:",omitempty"`
	DomainNameServers        []string `json:",omitempty"`
	DomainNameSearchList     []string `json:",omitempty"`
	PrivateDNSName           string   `json:",omitempty"`
	SubnetGatewayIpv4Address string   `json:",omitempty"`
}

func (h *Handler) showTask(ctx context.Context, p page) taskDocument {
	t := p.Task
	d := taskDocument{Cluster: t.Birth.Cluster, TaskARN: p.scope.ARN("ecs", "task/"+t.Birth.Cluster+"/"+t.ID), Family: p.def.Family,
		Revision: strconv.Itoa(p.def.Revision), DesiredStatus: t.Want.String(), KnownStatus: known(t.Is, true),
		PullStartedAt: stamp(t.Times.PullStarted), PullStoppedAt: stamp(t.Times.PullStopped), ExecutionStoppedAt: stamp(t.Times.ExecutionStopped),
		AvailabilityZone: cmp.Or(p.instance.Zone, p.subnet.Zone), LaunchType: t.Birth.LaunchType, Limits: taskLimits(p.asker)}
	if t.OnFargate() {
		d.Cluster = p.scope.ARN("ecs", "cluster/"+t.Birth.Cluster)
	}
	if p.version == "v4" {
		d.VPCID, d.ServiceName = p.vpc, t.Birth.Service
	}
	if p.tags {
		h.tell(&d, p)
	}
	for _, c := range t.Containers {
		d.Containers = append(d.Containers, h.showContainer(ctx, p, c))
	}
	return d
}

func tags(list model.Tags) map[string]string {
	all := map[string]string{}
	for _, t := range list {
		all[t.Key] = t.Value
	}
	return all
}

// known is a status as the agent has it: it knows other steps than the service.
func known(s model.Status, made bool) string {
	switch {
	case s == model.Running || s == model.Stopped:
		return s.String()
	case s > model.Running:
		return model.Running.String()
	case made:
		return "CREATED"
	}
	return "NONE"
}

// taskLimits are those of the whole task, in vCPUs and MiB; nil where it has none.
func taskLimits(t asker) *limits {
	var o types.TaskOverride
	if t.Birth.Overrides != nil {
		o = *t.Birth.Overrides
	}
	var l limits
	if n, err := strconv.Atoi(cmp.Or(str(o.Cpu), str(t.def.Doc.Cpu))); err == nil && n > 0 {
		l.CPU = new(float64(n) / 1024)
	}
	if n, err := strconv.Atoi(cmp.Or(str(o.Memory), str(t.def.Doc.Memory))); err == nil && n > 0 {
		l.Memory = &n
	}
	if l == (limits{}) {
		return nil
	}
	return &l
}

func (h *Handler) showContainer(ctx context.Context, p page, c model.Container) containerDocument {
	def, _ := p.def.Container(c.Name)
	on := h.look(ctx, c)
	d := containerDocument{DockerId: c.RuntimeID, Name: c.Name, DockerName: on.Name, Image: c.Image, ImageID: cmp.Or(on.Image, c.Digest),
		Labels: labels(p, def), DesiredStatus: p.Want.String(), KnownStatus: known(c.Is, c.RuntimeID != ""), ExitCode: c.Exit,
		Limits: containerLimits(p.asker, def), CreatedAt: stamp(on.Created), StartedAt: stamp(on.Started), FinishedAt: stamp(on.Finished), Type: "NORMAL"}
	for _, b := range c.Bindings {
		for n := range b.Count() {
			b := port{b.ContainerPort + n, b.HostPort + n, b.Protocol, b.BindIP}
			if p.ENI != nil {
				b.HostPort, b.HostIp = b.ContainerPort, ""
			}
			d.Ports = append(d.Ports, b)
		}
	}
	if c.Health != "" {
		d.Health = &health{string(c.Health)}
	}
	if n := p.network(on.Address); n != nil {
		d.Networks = []network{*n}
	}
	if p.version == "v4" {
		d.ContainerARN = p.scope.ARN("ecs", "container/"+p.Birth.Cluster+"/"+p.ID+"/"+c.ID)
		if l := def.LogConfiguration; l != nil {
			d.LogDriver, d.LogOptions = string(l.LogDriver), l.Options
		}
	}
	return d
}

// labels are the definition's and the agent's.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-labels.html
func labels(p page, def types.ContainerDefinition) map[string]string {
	const space = "com.amazonaws.ecs."
	all := map[string]string{space + "cluster": p.Birth.Cluster, space + "container-name": str(def.Name), space + "task-arn": p.scope.ARN("ecs", "task/"+p.Birth.Cluster+"/"+p.ID),
		space + "task-definition-family": p.def.Family, space + "task-definition-version": strconv.Itoa(p.def.Revision)}
	for k, v := range def.DockerLabels {
		if _, ours := all[k]; !ours {
			all[k] = v
		}
	}
	return all
}

// containerLimits are a container's own, in CPU units and MiB.
func containerLimits(t asker, def types.ContainerDefinition) limits {
	cpu, memory := float64(def.Cpu), 0
	if def.Memory != nil {
		memory = int(*def.Memory)
	}
	if t.Birth.Overrides != nil {
		for _, o := range t.Birth.Overrides.ContainerOverrides {
			if str(o.Name) != str(def.Name) {
				continue
			}
			if o.Cpu != nil {
				cpu = float64(*o.Cpu)
			}
			if o.Memory != nil {
				memory = int(*o.Memory)
			}
		}
	}
	return limits{&cpu, &memory}
}

// network is the one network that the containers of a task are on; nil for none.
func (p page) network(address string) *network {
	switch p.def.Mode() {
	case types.NetworkModeNone:
		return nil
	case types.NetworkModeHost:
		return &network{NetworkMode: "host", IPv4Addresses: []string{p.Host}}
	case types.NetworkModeBridge:
		return &network{NetworkMode: "bridge", IPv4Addresses: []string{address}}
	}
	if p.ENI == nil {
		return nil
	}
	n := &network{NetworkMode: "awsvpc", IPv4Addresses: []string{p.ENI.IP}}
	if p.version != "v4" {
		return n
	}
	n.AttachmentIndex, n.MACAddress, n.PrivateDNSName = new(0), p.ENI.MAC, p.scope.PrivateName(p.ENI.IP)
	n.DomainNameServers, n.DomainNameSearchList = []string{"169.254.169.253"}, []string{p.scope.PrivateZone()}
	if cidr, err := netip.ParsePrefix(p.subnet.CIDR); err == nil {
		n.IPv4SubnetCIDRBlock = cidr.String()
		n.SubnetGatewayIpv4Address = cidr.Masked().Addr().Next().String() + "/" + strconv.Itoa(cidr.Bits())
	}
	return n
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return strings.TrimSpace(*p)
}
