// Package netbox is what the daemon and the process that owns a network namespace say to each other:
// how the namespace is to be, and what comes from inside it. That process (package box) runs in
// containers of the image drydock/probe, as "drydock netbox ROLE", with CAP_NET_ADMIN and nothing
// else. The daemon speaks to it over the container's standard input and output, attached through the
// engine: no route leads from a container to the daemon, and none is needed.
//
// Both sides write one JSON value a line. The daemon sends Orders, the box Reports. The box says
// Ready first, and again on every hello; whoever asks gives an ID, and the answer has the same.
// Either side may find the other's line cut short by a predecessor: a daemon begins with an empty
// line, and passes over what is no Report until its hello is answered.
package netbox

import (
	"net/netip"

	"github.com/drydock-ecs/drydock/internal/engine"
)

// The roles of a box: its container's purpose, for people who look at the engine.
const (
	RolePause    = "pause"    // namespace of one task, or of one container in bridge mode
	RoleInstance = "instance" // machine of an instance
	RoleGateway  = "gateway"  // load balancers of a VPC
)

// Config is how a namespace is to be, as a whole. Setting it again changes only what differs;
// connections go on. The zero value is a namespace without network: lo alone.
type Config struct {
	// Underlay is the engine's subnet of the VPC network: the link with an address in it is the VPC's,
	// or, with Keep, carries it.
	Underlay netip.Prefix `json:",omitzero"`
	// VPC is the VPC's own CIDR; all of it is on that link.
	VPC netip.Prefix `json:",omitzero"`
	// Router is the next hop for everything else, the engine's address on that link.
	Router netip.Addr `json:",omitzero"`
	// Keep says that Underlay is not VPC, because others have those addresses on the engine's machine. The
	// VPC's link is a VXLAN over the engine's then, whose packets no filter of the machine reads; the
	// engine's link keeps its address, as the source of what leaves the VPC.
	Keep bool `json:",omitempty"`
	// NICs are the network interfaces on that link. The first one's MAC is the link's.
	NICs []engine.NIC `json:",omitempty"`

	// Bridge is the instance's own address on the bridge that its containers in bridge mode are on, and
	// the bridge's prefix length: the instance routes for it, and hides it behind its first NIC's address.
	Bridge netip.Prefix `json:",omitzero"`
	// Forwards are the host ports of an instance.
	Forwards []Forward `json:",omitempty"`
	// Address is a container's on the bridge of its instance, with the bridge's prefix length; Via is the
	// instance's there, its default gateway. The instance's box made the link: see OpLink.
	Address netip.Prefix `json:",omitzero"`
	Via     netip.Addr   `json:",omitzero"`

	// What answers within the namespace, by the daemon: see Report.
	Credentials bool `json:",omitempty"` // 169.254.170.2, port 80, and APIs
	Metadata    bool `json:",omitempty"` // 169.254.169.254, port 80
	DNS         bool `json:",omitempty"` // 169.254.169.253, port 53
	// Names are lines for /etc/hosts of all containers in the namespace: "address name…".
	Names []string `json:",omitempty"`
	// Servers are where all containers in the namespace ask for names, and Search the domains that they
	// try: what /etc/resolv.conf says. Without any it stays the engine's.
	Servers []string `json:",omitempty"`
	Search  []string `json:",omitempty"`
}

// Forward is one host port of an instance, or several in a row, and where in Bridge they lead.
type Forward struct {
	Protocol string // tcp or udp
	Port     int    // host port; the first of a range
	Count    int    // how many
	To       netip.AddrPort
}

// The operations of an Order.
const (
	OpHello  = "hello"  // asks for Ready
	OpSet    = "set"    // Config is to be so; answered once it is
	OpAnswer = "answer" // to the Report of that ID
	OpWatch  = "watch"  // Flows are told from now on, every Every milliseconds; 0 ends it
	// OpLink, to an instance, connects the namespace of the process PID, of its PID namespace, with its
	// bridge; the answer has the Address that is free there. No other order undoes it: the link goes with
	// that namespace.
	OpLink = "link"
)

// Order is what the daemon says.
type Order struct {
	ID     int64
	Op     string
	Config *Config   `json:",omitempty"`
	HTTP   *Response `json:",omitempty"`
	DNS    []byte    `json:",omitempty"`
	Every  int       `json:",omitempty"`
	PID    int       `json:",omitempty"`
}

// The events of a Report.
const (
	EvReady = "ready" // Ports and Config are how it stands; told once the process listens
	EvDone  = "done"  // the Order of that ID; Err says what failed
	EvHTTP  = "http"  // a request to one of the addresses that the daemon answers
	EvDNS   = "dns"   // a query, as it came
	EvFlows = "flows" // what the interfaces let through and refused
	EvTaken = "taken" // the part of the answer of that ID was passed on; with Err nobody listens any more
	EvWarn  = "warn"  // Err: something failed that no Order asked for
)

// Report is what a box says.
type Report struct {
	ID     int64   `json:",omitempty"`
	Ev     string  `json:",omitempty"`
	Err    string  `json:",omitempty"`
	Ports  [2]int  `json:",omitzero"` // first and last of the kernel's ephemeral range
	Config *Config `json:",omitempty"`
	PID    int     `json:",omitempty"` // of the box in its PID namespace, with Ready
	// Address is a container's on the bridge, as an OpLink found it free.
	Address netip.Prefix  `json:",omitzero"`
	HTTP    *Request      `json:",omitempty"`
	DNS     []byte        `json:",omitempty"`
	TCP     bool          `json:",omitempty"` // the query came over TCP: its answer may be of any length
	Flows   []engine.Flow `json:",omitempty"`
	Lost    int           `json:",omitempty"` // reports of flows before this one that the daemon was too slow for
}

// APIs is where the AWS APIs answer within a namespace.
const APIs = "169.254.170.2:4566"

// Request is an HTTP request from inside a namespace.
type Request struct {
	Method, URI string
	Address     string // that it was sent to: 169.254.170.2, APIs or 169.254.169.254
	Host        string `json:",omitempty"` // the name that it was called by
	Remote      string // address and port that it came from
	Parts       bool   `json:",omitempty"` // the answer may be told in parts
	Header      map[string][]string
	Body        []byte
}

// Response answers it, in whole or, with More, in part: once that is passed on (EvTaken) comes the next
// Order of the same ID, of which only Body and More count. An answer without HTTP breaks it off.
type Response struct {
	Status int
	Header map[string][]string
	Body   []byte
	More   bool `json:",omitempty"`
}

// GateSocket is where in its container a gateway listens for Calls of the daemon, in a directory
// that both share.
const GateSocket = "/run/drydock/gate.sock"

// The operations of a Call.
const (
	CallDial   = "dial"   // a connection From an address of the namespace To another
	CallListen = "listen" // a TCP listener At an address of the namespace
)

// Call asks a gateway for a socket in its namespace; there is one on each connection to GateSocket.
// It is answered by a Gift, and with it comes the socket itself (SCM_RIGHTS). Both are one line.
//
// Over streams that cannot carry sockets, those of yamux over the standard input and output of
// "drydock netbox relay", of which the daemon is the client, the same Calls stand: the bytes of a
// dialled connection follow its Gift; of udp, each datagram after its length in two bytes, big-endian.
// Each connection that a listener accepted is a stream that the relay opens: an Arrival in one line,
// then its bytes. The listener ends with the stream that asked for it.
type Call struct {
	Op      string
	Network string         `json:",omitempty"` // of a dial: tcp, which is also meant by nothing, or udp
	From    netip.Addr     `json:",omitzero"`
	To      netip.AddrPort `json:",omitzero"`
	At      netip.AddrPort `json:",omitzero"`
	Timeout int            `json:",omitempty"` // milliseconds
}

// Gift answers a Call. Err is as the kernel has it.
type Gift struct {
	Err   string         `json:",omitempty"`
	Local netip.AddrPort `json:",omitzero"` // of what was dialled
}

// Arrival is a connection that came in At a listener.
type Arrival struct{ At, From netip.AddrPort }
