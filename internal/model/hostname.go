package model

import "strings"

// PrivateZone is the DNS zone of the private names of a region, without a dot at its end.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-naming.html
func (s Scope) PrivateZone() string {
	if s.Region == "us-east-1" {
		return "ec2.internal"
	}
	return s.Region + ".compute.internal"
}

// PublicZone is the DNS zone of the names of public addresses of a region, without a dot at its end.
func (s Scope) PublicZone() string {
	switch {
	case s.Region == "us-east-1":
		return "compute-1.amazonaws.com"
	case s.Partition() == "aws-cn":
		return s.Region + ".compute.amazonaws.com.cn"
	}
	return s.Region + ".compute.amazonaws.com"
}

// PrivateName is the private DNS name of an address: ip-172-31-16-5.ec2.internal.
func (s Scope) PrivateName(ip string) string { return dashed("ip-", ip) + "." + s.PrivateZone() }

// PublicName is the DNS name of a public address: ec2-203-0-113-25.compute-1.amazonaws.com.
func (s Scope) PublicName(ip string) string { return dashed("ec2-", ip) + "." + s.PublicZone() }

func dashed(prefix, ip string) string { return prefix + strings.ReplaceAll(ip, ".", "-") }
