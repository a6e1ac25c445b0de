package imds

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// tree is what is known of an instance: values by their paths below the version.
type tree map[string]string

// at returns a value or, at a directory, the names in it.
func (t tree) at(path string) (string, bool) {
	path = strings.Trim(path, "/")
	if v, ok := t[path]; ok {
		return v, true
	}
	under := path + "/"
	if path == "" {
		under = ""
	}
	var names []string
	for p := range t {
		rest, ok := strings.CutPrefix(p, under)
		if !ok {
			continue
		}
		name, _, deeper := strings.Cut(rest, "/")
		if deeper && path != "" { // the outermost are told without
			name += "/"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, "\n"), len(names) > 0
}

// fill adds what the rows say. What does not apply is not there.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html#instancedata-data-categories
func (t tree) fill(tx *store.Tx, i model.Instance) {
	sc := tx.Scope()
	const meta = "meta-data/"
	subnet, _ := store.Subnets.Get(tx, i.Subnet)
	for path, value := range map[string]string{
		"ami-id": i.Image, "ami-launch-index": strconv.Itoa(i.Launch.Index), "ami-manifest-path": "(unknown)", "hostname": sc.PrivateName(i.PrivateIP),
		"instance-action": "none", "instance-id": i.ID, "instance-life-cycle": "on-demand", "instance-type": i.Type.Name,
		"local-hostname": sc.PrivateName(i.PrivateIP), "local-ipv4": i.PrivateIP, "placement/availability-zone": i.Zone,
		"placement/availability-zone-id": subnet.ZoneID, "placement/region": sc.Region, "profile": "default-hvm", "reservation-id": i.Launch.Reservation,
		"services/domain": domain(sc), "services/partition": sc.Partition(), "system": "nitro", "events/maintenance/history": "[]", "events/maintenance/scheduled": "[]",
	} {
		t[meta+path] = value
	}
	for n := range store.NetworkInterfacesByOwner.Each(tx, i.ID) {
		t.nic(tx, n)
	}
	if !i.Gone.IsZero() {
		at := i.Gone.UTC().Format(time.RFC3339)
		t[meta+"spot/instance-action"], t[meta+"spot/termination-time"] = `{"action":"terminate","time":"`+at+`"}`, at
	}
	if i.Launch.Metadata.Tags {
		for _, tag := range i.Tags {
			t[meta+"tags/instance/"+tag.Key] = tag.Value
		}
	}
	if i.UserData != "" {
		t["user-data"] = i.UserData
	}
	t["dynamic/instance-identity/document"] = identityDocument(sc, i)
}

// domain is that of the region's endpoints.
func domain(sc model.Scope) string {
	if sc.Partition() == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// nic adds a network interface; the first one's groups and public address are the instance's.
func (t tree) nic(tx *store.Tx, n model.NetworkInterface) {
	sc, own := tx.Scope(), "meta-data/network/interfaces/macs/"+n.MAC+"/"
	subnet, _ := store.Subnets.Get(tx, n.Subnet)
	vpc, _ := store.VPCs.Get(tx, n.VPC)
	var names []string
	for _, id := range n.Groups {
		if g, ok := store.SecurityGroups.Get(tx, id); ok {
			names = append(names, g.Name)
		}
	}
	groups := strings.Join(names, "\n")
	for path, value := range map[string]string{
		"device-number": strconv.Itoa(n.Device), "interface-id": n.ID, "local-hostname": sc.PrivateName(n.IP), "local-ipv4s": n.IP, "mac": n.MAC,
		"owner-id": sc.Account, "security-group-ids": strings.Join(n.Groups, "\n"), "security-groups": groups, "subnet-id": n.Subnet,
		"subnet-ipv4-cidr-block": subnet.CIDR, "vpc-id": n.VPC, "vpc-ipv4-cidr-block": vpc.CIDR, "vpc-ipv4-cidr-blocks": vpc.CIDR,
	} {
		t[own+path] = value
	}
	public := func(in string, plural string) {
		t[in+"public-ipv4"+plural] = n.Public
		if vpc.Hostnames {
			t[in+"public-hostname"] = sc.PublicName(n.Public)
		}
	}
	if n.Public != "" {
		t[own+"ipv4-associations/"+n.Public] = n.IP
		public(own, "s")
	}
	if n.Device != 0 {
		return
	}
	t["meta-data/mac"], t["meta-data/security-groups"] = n.MAC, groups
	if n.Public != "" {
		public("meta-data/", "")
	}
}

// identityDocument is the instance's, without a signature: nobody here could give one that AWS's
// certificates prove.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/retrieve-iid.html
func identityDocument(sc model.Scope, i model.Instance) string {
	lines := []string{}
	for _, m := range [][2]string{{"accountId", sc.Account}, {"architecture", i.Type.Arch}, {"availabilityZone", i.Zone}, {"billingProducts"},
		{"devpayProductCodes"}, {"marketplaceProductCodes"}, {"imageId", i.Image}, {"instanceId", i.ID}, {"instanceType", i.Type.Name}, {"kernelId"},
		{"pendingTime", i.Launch.At.UTC().Format(time.RFC3339)}, {"privateIp", i.PrivateIP}, {"ramdiskId"}, {"region", sc.Region}, {"version", "2017-09-30"}} {
		value := "null"
		if m[1] != "" {
			value = strconv.Quote(m[1])
		}
		lines = append(lines, `  "`+m[0]+`" : `+value)
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}"
}
