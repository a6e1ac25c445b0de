package ec2

import (
	"net/netip"
	"slices"
)

// The sizes of a VPC and of a subnet, as lengths of their prefixes.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
const (
	largest  = 16
	smallest = 28
)

// block reads a range of addresses, in canonical form as AWS has it. code is the error of one that
// has a size that cannot be.
func block(given *string, code string) (netip.Prefix, error) {
	if str(given) == "" {
		return netip.Prefix{}, missing("cidrBlock")
	}
	p, err := netip.ParsePrefix(*given)
	if err != nil || !p.Addr().Is4() {
		return p, fail("InvalidParameterValue", "Value (%s) for parameter cidrBlock is invalid. This is not a valid CIDR block.", *given)
	}
	if p.Bits() < largest || p.Bits() > smallest {
		return p, fail(code, "The CIDR '%s' is invalid.", *given)
	}
	return p.Masked(), nil
}

// special are ranges that no VPC can have: they mean something else on every machine.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
var special = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("224.0.0.0/3")}

func isSpecial(p netip.Prefix) bool {
	return slices.ContainsFunc(special, func(s netip.Prefix) bool { return s.Overlaps(p) })
}

// inside reports whether all of a range is in another.
func inside(p, in netip.Prefix) bool { return in.Contains(p.Addr()) && p.Bits() >= in.Bits() }
