package ec2

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

func (w *world) describe(in *DescribeInstancesInput) (is []Instance, next *string) {
	w.t.Helper()
	out, err := call[DescribeInstancesOutput](w, "DescribeInstances", in)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range out.Reservations {
		is = append(is, r.Instances...)
	}
	return is, out.NextToken
}

func TestAnInstanceIsToldOfToItsEnd(t *testing.T) {
	w := newWorld(t)
	id := w.run(1, nil)[0].InstanceId
	w.set(id, func(i *model.Instance) { i.State = "running" })
	out, err := call[TerminateInstancesOutput](w, "TerminateInstances", &TerminateInstancesInput{InstanceIds: []string{id, id}})
	if err != nil {
		t.Fatal(err)
	}
	if want := (StateChange{id, State{32, "shutting-down"}, State{16, "running"}}); len(out.TerminatingInstances) != 1 || out.TerminatingInstances[0] != want {
		t.Errorf("got %+v", out)
	}
	i, _ := w.describe(&DescribeInstancesInput{InstanceIds: []string{id}})
	if r := i[0]; r.State.Code != 32 || r.StateReason.Code != "Client.UserInitiatedShutdown" || r.PrivateIpAddress == "" {
		t.Errorf("got %+v", r)
	}
	w.set(id, func(i *model.Instance) {
		i.State, i.Ended = "terminated", time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	})
	i, _ = w.describe(&DescribeInstancesInput{})
	if r := i[0]; r.State != (State{48, "terminated"}) || r.StateReason.Message != "Client.UserInitiatedShutdown: User initiated shutdown" ||
		*r.StateTransitionReason != "User initiated (2026-01-02 03:04:05 GMT)" || r.PrivateIpAddress+r.SubnetId+r.VpcId != "" || r.PublicIpAddress != nil || len(r.NetworkInterfaces) > 0 {
		t.Errorf("got %+v", r)
	}
	out, err = call[TerminateInstancesOutput](w, "TerminateInstances", &TerminateInstancesInput{InstanceIds: []string{id}})
	if err != nil || out.TerminatingInstances[0].CurrentState.Name != "terminated" {
		t.Error(out, err)
	}
}

func TestInstancesThatAreNotThereAreNamed(t *testing.T) {
	w := newWorld(t)
	real := w.run(1, nil)[0].InstanceId
	for _, tt := range []struct {
		ids     []string
		code    string
		message string
	}{
		{nil, "MissingParameter", "InstanceId"},
		{[]string{"web"}, "InvalidInstanceID.Malformed", `Invalid id: "web" (expecting "i-...")`},
		{[]string{"i-xyz"}, "InvalidInstanceID.Malformed", `Invalid id: "i-xyz"`},
		{[]string{real, "i-00000000"}, "InvalidInstanceID.NotFound", "The instance ID 'i-00000000' does not exist"},
		{[]string{"i-00000000", real, "i-00000000000000001"}, "InvalidInstanceID.NotFound", "The instance IDs 'i-00000000, i-00000000000000001' do not exist"},
	} {
		_, err := call[TerminateInstancesOutput](w, "TerminateInstances", &TerminateInstancesInput{InstanceIds: tt.ids})
		if code(err) != tt.code || !strings.Contains(err.Error(), tt.message) {
			t.Errorf("%v: got %v", tt.ids, err)
		}
	}
	if w.row(real).State != "pending" {
		t.Error("a refused request terminated an instance")
	}
}

func TestFiltersKeepWhatMatchesAllOfThem(t *testing.T) {
	w := newWorld(t)
	name := func(zone, name string) func(*RunInstancesInput) {
		return func(in *RunInstancesInput) {
			in.Placement = &PlacementSpecification{AvailabilityZone: &zone}
			in.TagSpecifications = []TagSpecification{{ptr("instance"), []Tag{{ptr("Name"), &name}}}}
		}
	}
	w.run(1, name("us-east-1a", "web-1"))
	w.run(1, name("us-east-1b", "web-2"))
	gone := w.run(1, name("us-east-1b", "db*"))[0].InstanceId
	w.set(gone, func(i *model.Instance) { i.State = "terminated" })
	f := func(name string, values ...string) Filter { return Filter{&name, values} }
	for _, tt := range []struct {
		rule    string
		filters []Filter
		want    string
	}{
		{"none keep all", nil, "web-1 web-2 db*"},
		{"a wildcard", []Filter{f("tag:Name", "web-*")}, "web-1 web-2"},
		{"a question mark", []Filter{f("tag:Name", "?eb-2")}, "web-2"},
		{"an escaped wildcard", []Filter{f("tag:Name", `db\*`)}, "db*"},
		{"values are alternatives", []Filter{f("tag:Name", "web-1", "web-2")}, "web-1 web-2"},
		{"filters are all of them", []Filter{f("tag:Name", "web-*"), f("availability-zone", "us-east-1b")}, "web-2"},
		{"states", []Filter{f("instance-state-name", "pending", "running")}, "web-1 web-2"},
		{"tag keys", []Filter{f("tag-key", "Name")}, "web-1 web-2 db*"},
		{"terminated instances left their VPC", []Filter{f("vpc-id", "vpc-*")}, "web-1 web-2"},
		{"nothing", []Filter{f("instance-type", "t3.large")}, ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			var got []string
			is, _ := w.describe(&DescribeInstancesInput{Filters: tt.filters})
			for _, i := range is {
				got = append(got, *i.Tags[0].Value)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
	for _, bad := range []Filter{f("colour", "red"), f("vpc-id"), {}} {
		if _, err := call[DescribeInstancesOutput](w, "DescribeInstances", &DescribeInstancesInput{Filters: []Filter{bad}}); code(err) != "InvalidParameterValue" {
			t.Errorf("%v: got %v", bad, err)
		}
	}
}

func TestPagesHoldEveryInstanceOnce(t *testing.T) {
	w := newWorld(t)
	w.run(7, nil)
	w.run(6, nil)
	var seen []string
	in := &DescribeInstancesInput{MaxResults: ptr[int32](5)}
	sizes := ""
	for {
		is, next := w.describe(in)
		sizes += fmt.Sprint(len(is), " ")
		for _, i := range is {
			seen = append(seen, i.InstanceId)
		}
		if next == nil {
			break
		}
		in.NextToken = next
	}
	slices.Sort(seen)
	if seen = slices.Compact(seen); len(seen) != 13 || sizes != "5 5 3 " {
		t.Errorf("got %d instances in pages of %s", len(seen), sizes)
	}
	for _, tt := range []struct {
		in   DescribeInstancesInput
		code string
	}{
		{DescribeInstancesInput{MaxResults: ptr[int32](4)}, "InvalidParameterValue"},
		{DescribeInstancesInput{MaxResults: ptr[int32](1001)}, "InvalidParameterValue"},
		{DescribeInstancesInput{NextToken: ptr("?")}, "InvalidPaginationToken"},
		{DescribeInstancesInput{MaxResults: ptr[int32](5), InstanceIds: seen[:1]}, "InvalidParameterCombination"},
	} {
		if _, err := call[DescribeInstancesOutput](w, "DescribeInstances", &tt.in); code(err) != tt.code {
			t.Errorf("%+v: got %v", tt.in, err)
		}
	}
}

func TestStatusIsOfRunningInstancesUnlessAllAreAskedFor(t *testing.T) {
	w := newWorld(t)
	is := w.run(2, nil)
	w.set(is[0].InstanceId, func(i *model.Instance) { i.State = "running" })
	out, err := call[DescribeInstanceStatusOutput](w, "DescribeInstanceStatus", &DescribeInstanceStatusInput{})
	if err != nil || len(out.InstanceStatuses) != 1 || out.InstanceStatuses[0].InstanceStatus.Status != "ok" {
		t.Error(out, err)
	}
	out, err = call[DescribeInstanceStatusOutput](w, "DescribeInstanceStatus", &DescribeInstanceStatusInput{IncludeAllInstances: ptr(true)})
	if err != nil || len(out.InstanceStatuses) != 2 {
		t.Error(out, err)
	}
}

func TestInstanceTypesAreAsAWSHasThem(t *testing.T) {
	for _, want := range []model.InstanceType{
		{Name: "t2.micro", VCPU: 1, Memory: 1024, Arch: "x86_64", ENIs: 2}, {Name: "t3.nano", VCPU: 2, Memory: 512, Arch: "x86_64", ENIs: 2},
		{Name: "t4g.small", VCPU: 2, Memory: 2048, Arch: "arm64", ENIs: 3}, {Name: "m5.large", VCPU: 2, Memory: 8192, Arch: "x86_64", ENIs: 3},
		{Name: "m6g.medium", VCPU: 1, Memory: 4096, Arch: "arm64", ENIs: 2}, {Name: "m7i.48xlarge", VCPU: 192, Memory: 786432, Arch: "x86_64", ENIs: 15},
		{Name: "c5.9xlarge", VCPU: 36, Memory: 73728, Arch: "x86_64", ENIs: 8}, {Name: "c6i.32xlarge", VCPU: 128, Memory: 262144, Arch: "x86_64", ENIs: 15},
		{Name: "r5.24xlarge", VCPU: 96, Memory: 786432, Arch: "x86_64", ENIs: 15}, {Name: "r6g.metal", VCPU: 64, Memory: 524288, Arch: "arm64", ENIs: 15},
	} {
		if got, ok := Type(want.Name); !ok || got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	w := newWorld(t)
	one, err := call[DescribeInstanceTypesOutput](w, "DescribeInstanceTypes", &DescribeInstanceTypesInput{InstanceTypes: []string{"t3.medium"}})
	if err != nil || len(one.InstanceTypes) != 1 || one.InstanceTypes[0].VCpuInfo != (VCpuInfo{2, 1, 2}) || one.InstanceTypes[0].MemoryInfo.SizeInMiB != 4096 || one.InstanceTypes[0].NetworkInfo.MaximumNetworkInterfaces != 3 {
		t.Error(one, err)
	}
	_, err = call[DescribeInstanceTypesOutput](w, "DescribeInstanceTypes", &DescribeInstanceTypesInput{InstanceTypes: []string{"t3.medium", "x9.y"}})
	if code(err) != "InvalidInstanceType" || !strings.Contains(err.Error(), "[x9.y]") {
		t.Error(err)
	}
	n, in := 0, &DescribeInstanceTypesInput{}
	for {
		out, err := call[DescribeInstanceTypesOutput](w, "DescribeInstanceTypes", in)
		if err != nil {
			t.Fatal(err)
		}
		if n += len(out.InstanceTypes); out.NextToken == nil {
			break
		}
		in.NextToken = out.NextToken
	}
	if n != len(types) {
		t.Errorf("%d of %d types", n, len(types))
	}
}

func TestSecurityGroupsAreMadeAndDeleted(t *testing.T) {
	w := newWorld(t)
	create := func(name, vpc string) (*CreateSecurityGroupOutput, error) {
		return call[CreateSecurityGroupOutput](w, "CreateSecurityGroup", &CreateSecurityGroupInput{GroupName: &name, Description: ptr("for the web"), VpcId: &vpc})
	}
	made, err := create("web", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, vpc, code string }{
		{"web", "", "InvalidGroup.Duplicate"}, {"", "", "MissingParameter"}, {"default", "", "InvalidParameterValue"}, {"sg-web", "", "InvalidParameterValue"},
		{"db", "vpc-00000000000000000", "InvalidVpcID.NotFound"}, {"db", "x", "InvalidVpcID.Malformed"},
	} {
		if _, err := create(tt.name, tt.vpc); code(err) != tt.code {
			t.Errorf("%+v: got %v", tt, err)
		}
	}
	id := w.run(1, func(in *RunInstancesInput) { in.SecurityGroupIds = []string{made.GroupId} })[0].InstanceId
	remove := func(id string) error {
		_, err := call[DeleteSecurityGroupOutput](w, "DeleteSecurityGroup", &DeleteSecurityGroupInput{GroupId: &id})
		return err
	}
	if err := remove(made.GroupId); code(err) != "DependencyViolation" {
		t.Error(err)
	}
	w.set(id, func(i *model.Instance) { i.State = "terminated" })
	if err := remove(made.GroupId); err != nil {
		t.Error(err)
	}
	if err := remove(made.GroupId); code(err) != "InvalidGroup.NotFound" {
		t.Error(err)
	}
	all, err := call[DescribeSecurityGroupsOutput](w, "DescribeSecurityGroups", &DescribeSecurityGroupsInput{GroupNames: []string{"default"}})
	if err != nil || len(all.SecurityGroups) != 1 {
		t.Fatal(all, err)
	}
	if err := remove(all.SecurityGroups[0].GroupId); code(err) != "CannotDelete" {
		t.Error(err)
	}
}

func TestTagsArePutOnAndTakenOff(t *testing.T) {
	w := newWorld(t)
	id, subnet := w.run(1, nil)[0].InstanceId, w.subnet("us-east-1a").ID
	create := func(ids []string, tags ...Tag) error {
		_, err := call[CreateTagsOutput](w, "CreateTags", &CreateTagsInput{Resources: ids, Tags: tags})
		return err
	}
	list := func() string {
		out, err := call[DescribeTagsOutput](w, "DescribeTags", &DescribeTagsInput{})
		if err != nil {
			t.Fatal(err)
		}
		var s []string
		for _, d := range out.Tags {
			s = append(s, d.ResourceType+" "+d.Key+"="+*d.Value)
		}
		return strings.Join(s, ", ")
	}
	if err := create([]string{id, subnet}, Tag{ptr("a"), ptr("1")}, Tag{ptr("b"), nil}); err != nil {
		t.Fatal(err)
	}
	if err := create([]string{id}, Tag{ptr("a"), ptr("2")}); err != nil {
		t.Fatal(err)
	}
	if got := list(); got != "instance a=2, instance b=, subnet a=1, subnet b=" {
		t.Errorf("got %s", got)
	}
	for _, tt := range []struct {
		id, code string
	}{{"i-00000000", "InvalidInstanceID.NotFound"}, {"vol-00000000", "InvalidID"}, {"sg-00000000", "InvalidGroup.NotFound"}} {
		if err := create([]string{id, tt.id}, Tag{ptr("c"), ptr("3")}); code(err) != tt.code {
			t.Errorf("%s: %v", tt.id, err)
		}
	}
	if _, err := call[DeleteTagsOutput](w, "DeleteTags", &DeleteTagsInput{Resources: []string{id, subnet}, Tags: []Tag{{ptr("a"), ptr("1")}, {ptr("b"), nil}}}); err != nil {
		t.Fatal(err)
	}
	if got := list(); got != "instance a=2" {
		t.Errorf("got %s", got)
	}
	var many []Tag
	for i := range 50 {
		many = append(many, Tag{ptr(fmt.Sprint("k", i)), nil})
	}
	if err := create([]string{id}, many...); code(err) != "TagLimitExceeded" {
		t.Error(err)
	}
}

func TestRegionsAndZones(t *testing.T) {
	w := newWorld(t)
	zones, err := call[DescribeAvailabilityZonesOutput](w, "DescribeAvailabilityZones", &DescribeAvailabilityZonesInput{})
	if err != nil || len(zones.AvailabilityZones) != 3 || zones.AvailabilityZones[0].ZoneId != "use1-az1" {
		t.Error(zones, err)
	}
	if _, err := call[DescribeAvailabilityZonesOutput](w, "DescribeAvailabilityZones", &DescribeAvailabilityZonesInput{ZoneNames: []string{"us-east-1z"}}); code(err) != "InvalidParameterValue" {
		t.Error(err)
	}
	for _, tt := range []struct {
		in   DescribeRegionsInput
		n    int
		code string
	}{
		{DescribeRegionsInput{}, 17, ""}, {DescribeRegionsInput{AllRegions: ptr(true)}, 33, ""}, {DescribeRegionsInput{RegionNames: []string{"eu-south-1"}}, 1, ""},
		{DescribeRegionsInput{RegionNames: []string{"moon-1"}}, 0, "InvalidParameterValue"},
		{DescribeRegionsInput{Filters: []Filter{{ptr("region-name"), []string{"us-*"}}}}, 4, ""},
	} {
		out, err := call[DescribeRegionsOutput](w, "DescribeRegions", &tt.in)
		if code(err) != tt.code || err == nil && len(out.Regions) != tt.n {
			t.Errorf("%+v: got %+v %v", tt.in, out, err)
		}
	}
}

func TestASubnetCountsItsFreeAddresses(t *testing.T) {
	w := newWorld(t)
	w.run(3, nil)
	out, err := call[DescribeSubnetsOutput](w, "DescribeSubnets", &DescribeSubnetsInput{Filters: []Filter{{ptr("availabilityZone"), []string{"us-east-1a"}}}})
	if err != nil || len(out.Subnets) != 1 || out.Subnets[0].AvailableIpAddressCount != 4096-5-3 {
		t.Error(out, err)
	}
}

func TestReadingWritesNothing(t *testing.T) {
	w := newWorld(t)
	w.run(1, nil)
	before := w.store.Commits()
	w.describe(&DescribeInstancesInput{})
	if _, err := call[DescribeVpcsOutput](w, "DescribeVpcs", &DescribeVpcsInput{}); err != nil {
		t.Fatal(err)
	}
	if w.store.Commits() != before {
		t.Error("a describe call wrote to the store")
	}
}

func TestWildcards(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"*", "", true}, {"a*", "abc", true}, {"*c", "abc", true}, {"a*b*c", "axxbyyc", true}, {"a*b*c", "axxbyy", false},
		{"a?c", "abc", true}, {"a?c", "ac", false}, {`a\?c`, "a?c", true}, {`a\?c`, "abc", false}, {`\*`, "x", false}, {"a", "ab", false}, {"ab", "a", false},
		{"**", "x", true}, {"*a", "aaab", false},
	} {
		if got := match(tt.pattern, tt.s); got != tt.want {
			t.Errorf("match(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}
