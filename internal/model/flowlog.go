package model

import "time"

// FlowLog has what passes the network interfaces of a resource written down.
//
// Writers: ec2; Error is flowlog's.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
type FlowLog struct {
	ID           string // fl- and 17 hex digits
	Resource     string // id of a VPC, a subnet or a network interface
	ResourceType string // VPC, Subnet or NetworkInterface
	Traffic      string // ACCEPT, REJECT or ALL
	Format       string // as it was given; the default one else
	Interval     time.Duration
	Created      time.Time
	Tags         Tags `json:",omitzero"`

	// Where to: a log group, or a directory of this machine.
	Group       string `json:",omitzero"` // name
	Role        string `json:",omitzero"` // ARN of the role that writes to it
	Directory   string `json:",omitzero"` // absolute path
	Destination string `json:",omitzero"` // as it was given; empty for a Group that was named
	Hive        bool   `json:",omitzero"` // folders of a Directory are key=value
	Hourly      bool   `json:",omitzero"` // there is one for each hour

	Token   string `json:",omitzero"` // of the request that made it
	Request string `json:",omitzero"` // digest of that

	Error string `json:",omitzero"` // why the newest delivery failed; empty for none that did
}

// Key is the id.
func (l FlowLog) Key() string { return l.ID }

// DestinationType is the kind of destination, in AWS's words. A directory stands for a bucket.
func (l FlowLog) DestinationType() string {
	if l.Directory != "" {
		return "s3"
	}
	return "cloud-watch-logs"
}

// Covers reports whether a network interface is the resource, or in it.
func (l FlowLog) Covers(n NetworkInterface) bool {
	return l.Resource == n.ID || l.Resource == n.Subnet || l.Resource == n.VPC
}

// Wants reports whether traffic of that action is to be written down.
func (l FlowLog) Wants(accept bool) bool {
	return l.Traffic == "ALL" || accept == (l.Traffic == "ACCEPT")
}
