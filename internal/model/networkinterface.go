package model

import "time"

// NetworkInterface is an elastic network interface (ENI): a private address in a subnet, and the
// security groups that filter its packets.
//
// Writers: whoever made it. Placement for tasks, RunInstances for instances, elbv2 for load balancers,
// ec2 for those that clients make; and ec2 for Groups, Description, Tags and the like of any. The one
// of a task or an instance goes when that ended, the one of a load balancer with it.
type NetworkInterface struct {
	ID          string // eni- and 17 hex digits
	VPC         string
	Subnet      string
	Zone        string
	IP          string   // private IPv4 address
	MAC         string   // 0a: and five more
	Groups      []string // security group ids
	Description string   `json:",omitzero"`
	Requester   string   `json:",omitzero"` // of one that a service manages, such as amazon-elb; empty for the account's own

	// What it belongs to; at most one of these.
	Instance     string `json:",omitzero"` // EC2 instance id
	Task         string `json:",omitzero"` // task id
	LoadBalancer string `json:",omitzero"` // key

	Attachment  string    `json:",omitzero"` // eni-attach- and 17 hex digits; empty while available
	Device      int       `json:",omitzero"` // index on the instance
	Attached    time.Time `json:",omitzero"`
	Keep        bool      `json:",omitzero"` // stays when the instance ends
	Public      string    `json:",omitzero"` // public IPv4 address; empty for none
	Allocation  string    `json:",omitzero"` // eipalloc- of Public; empty for an address of AWS's
	Association string    `json:",omitzero"` // eipassoc- of Allocation
	Auto        bool      `json:",omitzero"` // has an address of AWS's whenever it has no Allocation
	NoDestCheck bool      `json:",omitzero"` // sourceDestCheck is off
	Token       string    `json:",omitzero"` // ClientToken that made it
	Created     time.Time
	Tags        Tags `json:",omitzero"`
}

// Key is the id.
func (n NetworkInterface) Key() string { return n.ID }

// SecurityGroupRule is one rule of a security group. Written by ec2 alone.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroupRule.html
type SecurityGroupRule struct {
	ID          string // sgr- and 17 hex digits
	Group       string // whose rule it is
	Egress      bool
	Protocol    string // tcp, udp, icmp, icmpv6, -1 for all, or a number
	From, To    int    // ports; type and code of icmp; -1 for all
	CIDR        string `json:",omitzero"` // IPv4 peer; or
	CIDR6       string `json:",omitzero"` // IPv6 peer, which nothing here has; or
	Peer        string `json:",omitzero"` // security group id
	Description string `json:",omitzero"`
	Tags        Tags   `json:",omitzero"`
}

// Key is the id.
func (r SecurityGroupRule) Key() string { return r.ID }
