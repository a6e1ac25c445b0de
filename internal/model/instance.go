package model

import (
	"strings"
	"time"
)

// Instance is one EC2 instance: a machine with an address and a host-port space of its own. What its
// network interfaces are is in their rows.
//
// Writers: API for birth, State towards shutting-down, Gone; package vpc for Up and Fault; the instances
// stage for Refused and the steps pending → running → (joins its cluster) and shutting-down → terminated.
type Instance struct {
	ID          string // i- and 17 hex digits
	Type        InstanceType
	Zone        string
	Subnet      string
	VPC         string
	PrivateIP   string // of its first network interface
	Host        string // address where its host ports answer: PrivateIP
	Image       string // AMI id as given
	UserData    string // decoded
	Tags        Tags
	State       string // pending, running, shutting-down or terminated
	StateReason string
	Up          bool   `json:",omitzero"` // its machine stands on the engine
	Refused     string `json:",omitzero"` // why its agent could not register with its cluster; empty if it did, or has none to register with
	Fault       string `json:",omitzero"` // why its machine ended, or was never there, as a StateReason; empty for no such thing
	Launch      Launch
	Gone        time.Time // when the capacity is taken away; zero while no notice was given
	Ended       time.Time // when it was terminated
}

// Launch is what one RunInstances call gave to each of its instances.
type Launch struct {
	Reservation string
	Index       int
	At          time.Time
	Token       string
	Request     string // digest of what was asked, to tell a repeated Token from a reused one
	Profile     string // instance profile name or ARN as given
	KeyName     string
	Metadata    MetadataOptions `json:",omitzero"`
}

// MetadataOptions say how an instance may ask at 169.254.169.254. The zero value is what the AMIs for
// ECS have: with a token or without, and from containers too.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceMetadataOptionsResponse.html
type MetadataOptions struct {
	Off      bool `json:",omitzero"` // HttpEndpoint is disabled
	Tokens   bool `json:",omitzero"` // HttpTokens is required
	HopLimit int  `json:",omitzero"` // HttpPutResponseHopLimit; 0 for 2
	Tags     bool `json:",omitzero"` // InstanceMetadataTags is enabled
}

// Hops is how far from the host a token gets: one in bridge mode is two hops away.
func (o MetadataOptions) Hops() int {
	if o.HopLimit == 0 {
		return 2
	}
	return o.HopLimit
}

// ProfileName is the name of the instance profile, which is given by name or ARN; empty for none.
func (i Instance) ProfileName() string {
	return i.Launch.Profile[strings.LastIndexByte(i.Launch.Profile, '/')+1:]
}

// ProfileKey is the key of the instance profile; empty for none.
func (i Instance) ProfileKey() string { return InstanceProfile{Name: i.ProfileName()}.Key() }

// Key is the instance id.
func (i Instance) Key() string { return i.ID }

// InstanceType is a size of instance.
type InstanceType struct {
	Name   string // t3.medium
	VCPU   int
	Memory int // MiB
	Arch   string
	ENIs   int // network interfaces it can have, its own first one included
}

// ContainerInstance is an instance whose agent registered it with a cluster.
//
// Writers: the instances stage makes it, for Agent, Provider and Refused, and for Status once the instance is to
// go; API for Status, Attributes and Tags; the agent for Connected. Each counts Version up. What tasks
// take from it is not stored, see store.Usage.
type ContainerInstance struct {
	ID           string // 32 hex digits
	Cluster      string // name
	EC2          string // instance id
	Zone         string
	Host         string
	Status       string // ACTIVE, DRAINING or INACTIVE
	StatusReason string
	Refused      string `json:",omitzero"` // why ECS refuses the calls of its agent; empty if it does not
	Connected    bool   // the engine answers, and ECS refuses nothing
	Agent        string // version of the agent that registered it
	Registered   time.Time
	CPU, Memory  int    // registered: CPU units and MiB that tasks may take
	ENIs         int    // registered: network interfaces that tasks may take
	Provider     string // capacity provider of its Auto Scaling group in this cluster; empty for none
	Ports        []HostPort
	Dynamic      PortRange `json:",omitzero"` // that dynamic host ports are from; zero for the kernel's
	Attributes   []Attribute
	Tags         Tags
	Version      int64
}

// PortRange is some ports in a row; the zero value is none.
type PortRange struct{ First, Last int }

// Key is the container instance's id.
func (c ContainerInstance) Key() string { return c.ID }

// VPC is a virtual network. Written by ec2 alone.
type VPC struct {
	ID, CIDR  string
	Default   bool
	NoDNS     bool `json:",omitzero"` // enableDnsSupport is off: nothing answers at the resolver's addresses
	Hostnames bool `json:",omitzero"` // enableDnsHostnames: public addresses have names
	Tags      Tags
}

// Key is the id.
func (v VPC) Key() string { return v.ID }

// Subnet is a part of a VPC in one Availability Zone.
type Subnet struct {
	ID, VPC, CIDR string
	Zone, ZoneID  string
	Default       bool
	MapPublic     bool // instances in it get a public address unless they say otherwise
	Next          int  // host number of the next private address to give
	Tags          Tags
}

// Key is the id.
func (s Subnet) Key() string { return s.ID }

// SecurityGroup is a named set of rules in a VPC.
type SecurityGroup struct {
	ID, Name, VPC, Description string
	Tags                       Tags
}

// Key is the id.
func (g SecurityGroup) Key() string { return g.ID }
