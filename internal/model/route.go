package model

// InternetGateway is how a VPC reaches what is outside of it, and is reached. Written by ec2 alone.
type InternetGateway struct {
	ID   string // igw- and 17 hex digits
	VPC  string `json:",omitzero"` // that it is attached to; empty for none
	Tags Tags   `json:",omitzero"`
}

// Key is the id.
func (g InternetGateway) Key() string { return g.ID }

// RouteTable says where packets that leave a subnet go. What is for the VPC itself stays in the VPC:
// that route is in every table and is not kept. Written by ec2 alone.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html
type RouteTable struct {
	ID      string // rtb- and 17 hex digits
	VPC     string
	Main    string         `json:",omitzero"` // rtbassoc- and 17 hex digits of the VPC's main table, that of all subnets without one of their own
	Subnets []SubnetRoutes `json:",omitzero"` // that have this table as their own
	Routes  []Route        `json:",omitzero"`
	Token   string         `json:",omitzero"` // ClientToken that made it
	Tags    Tags           `json:",omitzero"`
}

// SubnetRoutes ties a subnet to its route table.
type SubnetRoutes struct {
	ID     string // rtbassoc- and 17 hex digits
	Subnet string
}

// Route is where packets to a range of addresses go.
type Route struct {
	CIDR    string // 0.0.0.0/0
	Gateway string // internet gateway id
}

// Key is the id.
func (t RouteTable) Key() string { return t.ID }

// ElasticIP is a public address that an account holds, for an interface or for none: the interface
// names it as its Allocation. Written by ec2 alone.
type ElasticIP struct {
	ID   string // eipalloc- and 17 hex digits
	IP   string // a loopback address of this machine
	Tags Tags   `json:",omitzero"`
}

// Key is the id.
func (a ElasticIP) Key() string { return a.ID }
