// Package record is what stands in flow logs: the fields that a format names, and the lines that follow
// from what passed a network interface. It is pure: same arguments, same line.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
package record

import (
	"strconv"
	"time"
)

// field is one that a format can name.
type field struct {
	name    string
	version int                 // of flow logs in which it came
	always  bool                // it stands in records of the log status NODATA and SKIPDATA too
	value   func(Record) string // nil is what nothing here ever has: AWS writes "-" for it too
}

// fields are all that can be named, those of the default format first. Their values come from the
// kernel, or from what the API shows of the interface.
var fields = []field{
	{"version", 2, true, func(r Record) string { return strconv.Itoa(r.Version) }},
	{"account-id", 2, true, func(r Record) string { return r.Account }},
	{"interface-id", 2, true, func(r Record) string { return r.NIC.ID }},
	{"srcaddr", 2, false, func(r Record) string { return r.Flow.Src.String() }},
	{"dstaddr", 2, false, func(r Record) string { return r.Flow.Dst.String() }},
	{"srcport", 2, false, func(r Record) string { return strconv.Itoa(int(r.Flow.SrcPort)) }},
	{"dstport", 2, false, func(r Record) string { return strconv.Itoa(int(r.Flow.DstPort)) }},
	{"protocol", 2, false, func(r Record) string { return strconv.Itoa(int(r.Flow.Protocol)) }},
	{"packets", 2, false, func(r Record) string { return strconv.FormatUint(r.Flow.Packets, 10) }},
	{"bytes", 2, false, func(r Record) string { return strconv.FormatUint(r.Flow.Bytes, 10) }},
	{"start", 2, true, func(r Record) string { return seconds(r.Flow.Start) }},
	{"end", 2, true, func(r Record) string { return seconds(r.Flow.End) }},
	{"action", 2, false, action},
	{"log-status", 2, true, func(r Record) string { return r.Status }},

	{"vpc-id", 3, false, func(r Record) string { return r.NIC.VPC }},
	{"subnet-id", 3, false, func(r Record) string { return r.NIC.Subnet }},
	{"instance-id", 3, false, func(r Record) string { return r.NIC.Instance }},
	{"tcp-flags", 3, false, func(r Record) string { return strconv.Itoa(int(r.Flow.TCPFlags)) }},
	{"type", 3, false, func(Record) string { return "IPv4" }},
	{"pkt-srcaddr", 3, false, func(r Record) string { return r.Flow.Src.String() }},
	{"pkt-dstaddr", 3, false, func(r Record) string { return r.Flow.Dst.String() }},

	{"region", 4, false, func(r Record) string { return r.Region }},
	{"az-id", 4, false, func(r Record) string { return r.NIC.ZoneID }},
	{"sublocation-type", 4, false, nil},
	{"sublocation-id", 4, false, nil},

	{"pkt-src-aws-service", 5, false, nil}, // no address in a VPC is one of AWS's public ones
	{"pkt-dst-aws-service", 5, false, nil},
	{"flow-direction", 5, false, direction},
	{"traffic-path", 5, false, path},

	{"ecs-cluster-arn", 7, false, func(r Record) string { return r.Task.ClusterARN }},
	{"ecs-cluster-name", 7, false, func(r Record) string { return r.Task.Cluster }},
	{"ecs-container-instance-arn", 7, false, func(r Record) string { return r.Task.ContainerInstanceARN }},
	{"ecs-container-instance-id", 7, false, func(r Record) string { return r.Task.ContainerInstance }},
	{"ecs-container-id", 7, false, func(r Record) string { return r.Task.container(0) }},
	{"ecs-second-container-id", 7, false, func(r Record) string { return r.Task.container(1) }},
	{"ecs-service-name", 7, false, func(r Record) string { return r.Task.Service }},
	{"ecs-task-definition-arn", 7, false, func(r Record) string { return r.Task.DefinitionARN }},
	{"ecs-task-arn", 7, false, func(r Record) string { return r.Task.ARN }},
	{"ecs-task-id", 7, false, func(r Record) string { return r.Task.ID }},

	{"reject-reason", 8, false, nil}, // block public access, which there is not
	{"resource-id", 9, false, nil},   // regional NAT gateways, which there are not
}

// beyond are fields of AWS's that cannot be told truly here.
var beyond = map[string]bool{
	"encryption-status": true, "instance-tag": true, "instance-tag-2": true, "interface-tag": true, "interface-tag-2": true,
	"asg-tag": true, "asg-tag-2": true, "interface-type": true, "next-hop-interface-id": true, "next-hop-subnet-id": true,
	"next-hop-az-id": true, "next-hop-vpc-id": true, "next-hop-interface-type": true,
}

func action(r Record) string {
	if r.Flow.Accept {
		return "ACCEPT"
	}
	return "REJECT"
}

func direction(r Record) string {
	if r.Flow.Egress {
		return "egress"
	}
	return "ingress"
}

// The paths that egress traffic can take here.
const (
	pathVPC          = "1" // to another resource of the VPC
	pathGateway      = "2" // through an internet gateway
	pathGatewayNitro = "8" // the same, from a Nitro-based instance
)

// path is the way that egress traffic takes.
func path(r Record) string {
	switch {
	case !r.Flow.Egress:
		return ""
	case r.NIC.CIDR.Contains(r.Flow.Dst):
		return pathVPC
	case r.NIC.Nitro:
		return pathGatewayNitro
	}
	return pathGateway
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }
