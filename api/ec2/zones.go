package ec2

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// DescribeAvailabilityZonesInput asks what zones the region has.
type DescribeAvailabilityZonesInput struct {
	DryRun               *bool
	ZoneNames            []string `wire:"ZoneName"`
	ZoneIds              []string `wire:"ZoneId"`
	AllAvailabilityZones *bool
	Filters              []Filter `wire:"Filter"`
}

// DescribeAvailabilityZonesOutput is all of them.
type DescribeAvailabilityZonesOutput struct {
	AvailabilityZones []Zone `wire:"availabilityZoneInfo"`
}

// Zone is an Availability Zone.
type Zone struct {
	State              string `wire:"zoneState"`
	OptInStatus        string
	Messages           []struct{} `wire:"messageSet"`
	RegionName         string
	ZoneName           string
	ZoneId             string
	GroupName          string
	NetworkBorderGroup string
	ZoneType           string
}

func describeAvailabilityZones(tx *store.Tx, in *DescribeAvailabilityZonesInput) (*DescribeAvailabilityZonesOutput, error) {
	region := tx.Scope().Region
	zones := []Zone{}
	for _, z := range handler.Zones(tx.Scope()) {
		zones = append(zones, Zone{"available", "opt-in-not-required", []struct{}{}, region, z.Name, z.ID, region + "-zg-1", region, "availability-zone"})
	}
	if err := noneMissing("Invalid availability zone: [%s]", zones, in.ZoneNames, zoneName); err != nil {
		return nil, err
	}
	if err := noneMissing("Invalid availability zone-id: [%s]", zones, in.ZoneIds, zoneIDOf); err != nil {
		return nil, err
	}
	zones, err := filtered(only(only(zones, in.ZoneNames, zoneName), in.ZoneIds, zoneIDOf), zoneProperties, in.Filters)
	return &DescribeAvailabilityZonesOutput{zones}, err
}

func zoneName(z Zone) string { return z.ZoneName }
func zoneIDOf(z Zone) string { return z.ZoneId }

var zoneProperties = properties[Zone]{by: map[string]func(Zone) []string{
	"group-name":           one(func(z Zone) string { return z.GroupName }),
	"network-border-group": one(func(z Zone) string { return z.NetworkBorderGroup }),
	"opt-in-status":        one(func(z Zone) string { return z.OptInStatus }),
	"region-name":          one(func(z Zone) string { return z.RegionName }),
	"state":                one(func(z Zone) string { return z.State }),
	"zone-id":              one(zoneIDOf),
	"zone-name":            one(zoneName),
	"zone-type":            one(func(z Zone) string { return z.ZoneType }),
}}

// noneMissing reports the wanted names that no element has.
func noneMissing[T any](message string, all []T, wanted []string, name func(T) string) error {
	for _, w := range wanted {
		if !slices.ContainsFunc(all, func(v T) bool { return name(v) == w }) {
			return fail("InvalidParameterValue", message, w)
		}
	}
	return nil
}

// only keeps the elements with a wanted name, all of them when none are wanted.
func only[T any](all []T, wanted []string, name func(T) string) []T {
	if len(wanted) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(v T) bool { return !slices.Contains(wanted, name(v)) })
}

// DescribeRegionsInput asks what regions there are.
type DescribeRegionsInput struct {
	DryRun      *bool
	RegionNames []string `wire:"RegionName"`
	AllRegions  *bool
	Filters     []Filter `wire:"Filter"`
}

// DescribeRegionsOutput is all of them.
type DescribeRegionsOutput struct {
	Regions []Region `wire:"regionInfo"`
}

// Region is a region.
type Region struct {
	RegionName  string
	Endpoint    string `wire:"regionEndpoint"`
	OptInStatus string
}

// regions are those that accounts have without opting in, by partition. Every other name of a region
// works here as well.
//
// Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
var regions = map[string]string{
	"aws": `ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1
		eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2`,
	"aws-cn":     "cn-north-1 cn-northwest-1",
	"aws-us-gov": "us-gov-east-1 us-gov-west-1",
}

// optIn are the regions that are listed only when all are asked for.
const optIn = `af-south-1 ap-east-1 ap-east-2 ap-south-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-7 ca-west-1 eu-central-2
	eu-south-1 eu-south-2 il-central-1 me-central-1 me-south-1 mx-central-1`

func describeRegions(tx *store.Tx, in *DescribeRegionsInput) (*DescribeRegionsOutput, error) {
	partition, mine := tx.Scope().Partition(), tx.Scope().Region
	names := strings.Fields(regions[partition])
	if !slices.Contains(names, mine) {
		names = append(names, mine)
	}
	status := map[string]string{}
	if partition == "aws" && (len(in.RegionNames) > 0 || in.AllRegions != nil && *in.AllRegions) {
		for name := range strings.FieldsSeq(optIn) {
			if name != mine {
				names, status[name] = append(names, name), "not-opted-in"
			}
		}
	}
	slices.Sort(names)
	all := make([]Region, 0, len(names))
	for _, name := range names {
		r := Region{name, "ec2." + name + "." + domain(name), "opt-in-not-required"}
		if status[name] != "" {
			r.OptInStatus = status[name]
		}
		all = append(all, r)
	}
	if err := noneMissing("Invalid region provided '%s'", all, in.RegionNames, regionName); err != nil {
		return nil, err
	}
	all, err := filtered(only(all, in.RegionNames, regionName), regionProperties, in.Filters)
	return &DescribeRegionsOutput{all}, err
}

func regionName(r Region) string { return r.RegionName }

func domain(region string) string {
	if (model.Scope{Region: region}).Partition() == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

var regionProperties = properties[Region]{by: map[string]func(Region) []string{
	"endpoint":      one(func(r Region) string { return r.Endpoint }),
	"opt-in-status": one(func(r Region) string { return r.OptInStatus }),
	"region-name":   one(regionName),
}}
