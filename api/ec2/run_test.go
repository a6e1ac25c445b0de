package ec2

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

func TestANewInstanceIsPendingWithAnAddressAndAPlace(t *testing.T) {
	w := newWorld(t)
	is := w.run(2, func(in *RunInstancesInput) {
		in.UserData = encoded("#!/bin/bash\necho ECS_CLUSTER=demo >> /etc/ecs/ecs.config\n")
		in.IamInstanceProfile = &ProfileSpecification{Name: ptr("ecsInstanceRole")}
		in.KeyName = ptr("me")
		in.TagSpecifications = []TagSpecification{{ptr("instance"), []Tag{{ptr("Name"), ptr("one")}}}}
	})
	a, b := is[0], is[1]
	if a.State != (State{0, "pending"}) || a.PrivateIpAddress != "172.31.0.4" || b.PrivateIpAddress != "172.31.0.5" ||
		*a.PublicIpAddress != "127.66.0.1" || *b.PublicIpAddress != "127.66.0.2" || a.Placement.AvailabilityZone != "us-east-1a" ||
		a.IamInstanceProfile.Arn != "arn:aws:iam::000000000000:instance-profile/ecsInstanceRole" || a.KeyName != "me" || b.AmiLaunchIndex != 1 ||
		*a.PrivateDnsName != "ip-172-31-0-4.ec2.internal" || a.SecurityGroups[0].GroupName != "default" || *a.Tags[0].Value != "one" {
		t.Errorf("got %+v", a)
	}
	row := w.row(b.InstanceId)
	if row.ClusterName() != "demo" || row.Type != (model.InstanceType{Name: "t3.medium", VCPU: 2, Memory: 4096, Arch: "x86_64", ENIs: 3}) || row.Host != "172.31.0.5" {
		t.Errorf("got %+v", row)
	}
}

func TestWhatRunInstancesRefuses(t *testing.T) {
	w := newWorld(t)
	other := w.subnet("us-east-1b")
	for _, tt := range []struct {
		rule   string
		change func(*RunInstancesInput)
		code   string
	}{
		{"an image is needed", func(in *RunInstancesInput) { in.ImageId = nil }, "MissingParameter"},
		{"an image is an AMI", func(in *RunInstancesInput) { in.ImageId = ptr("nginx") }, "InvalidAMIID.Malformed"},
		{"the ECS image may be named by its parameter", func(in *RunInstancesInput) {
			in.ImageId = ptr("resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")
		}, ""},
		{"a type must be known", func(in *RunInstancesInput) { in.InstanceType = ptr("t9.huge") }, "InvalidParameterValue"},
		{"a type has a default", func(in *RunInstancesInput) { in.InstanceType = nil }, ""},
		{"at least one", func(in *RunInstancesInput) { in.MinCount = ptr[int32](0) }, "InvalidParameterValue"},
		{"no fewer than the minimum", func(in *RunInstancesInput) { in.MinCount = ptr[int32](2) }, "InvalidParameterValue"},
		{"counts are needed", func(in *RunInstancesInput) { in.MaxCount = nil }, "MissingParameter"},
		{"more than there are addresses", func(in *RunInstancesInput) { in.MinCount, in.MaxCount = ptr[int32](900), ptr[int32](900) }, "InsufficientAddressCapacity"},
		{"far too many", func(in *RunInstancesInput) { in.MinCount, in.MaxCount = ptr[int32](1e9), ptr[int32](1e9) }, "InstanceLimitExceeded"},
		{"an instance profile must exist", func(in *RunInstancesInput) { in.IamInstanceProfile = &ProfileSpecification{Name: ptr("nobody")} }, "InvalidParameterValue"},
		{"user data is base64", func(in *RunInstancesInput) { in.UserData = ptr("#!/bin/bash") }, "InvalidParameterValue"},
		{"user data is bounded", func(in *RunInstancesInput) { in.UserData = encoded(strings.Repeat("x", 16385)) }, "InvalidParameterValue"},
		{"user data is text", func(in *RunInstancesInput) { in.UserData = encoded("\xff\xfe") }, "UnsupportedOperation"},
		{"a subnet must exist", func(in *RunInstancesInput) { in.SubnetId = ptr("subnet-00000000000000000") }, "InvalidSubnetID.NotFound"},
		{"a subnet's id is well formed", func(in *RunInstancesInput) { in.SubnetId = ptr("net-1") }, "InvalidSubnetID.Malformed"},
		{"a subnet lies in the zone asked for", func(in *RunInstancesInput) {
			in.SubnetId, in.Placement = &other.ID, &PlacementSpecification{AvailabilityZone: ptr("us-east-1a")}
		}, "InvalidParameterValue"},
		{"a zone must exist", func(in *RunInstancesInput) {
			in.Placement = &PlacementSpecification{AvailabilityZone: ptr("us-east-1z")}
		}, "InvalidParameterValue"},
		{"tenancy is shared", func(in *RunInstancesInput) { in.Placement = &PlacementSpecification{Tenancy: ptr("dedicated")} }, "UnsupportedOperation"},
		{"a group must exist", func(in *RunInstancesInput) { in.SecurityGroupIds = []string{"sg-00000000000000000"} }, "InvalidGroup.NotFound"},
		{"a group's name must exist", func(in *RunInstancesInput) { in.SecurityGroups = []string{"nobody"} }, "InvalidGroup.NotFound"},
		{"a group may be named", func(in *RunInstancesInput) { in.SecurityGroups = []string{"default"} }, ""},
		{"a private address lies in the subnet", func(in *RunInstancesInput) { in.PrivateIpAddress = ptr("172.31.200.4") }, "InvalidParameterValue"},
		{"the first addresses are AWS's", func(in *RunInstancesInput) { in.PrivateIpAddress = ptr("172.31.0.3") }, "InvalidParameterValue"},
		{"the last address is AWS's", func(in *RunInstancesInput) { in.PrivateIpAddress = ptr("172.31.15.255") }, "InvalidParameterValue"},
		{"a private address can be asked for", func(in *RunInstancesInput) { in.PrivateIpAddress = ptr("172.31.15.254") }, ""},
		{"but not twice", func(in *RunInstancesInput) { in.PrivateIpAddress = ptr("172.31.15.254") }, "InvalidIPAddress.InUse"},
		{"nor for two", func(in *RunInstancesInput) {
			in.PrivateIpAddress, in.MaxCount = ptr("172.31.0.99"), ptr[int32](2)
		}, "InvalidParameterCombination"},
		{"detailed monitoring", func(in *RunInstancesInput) { in.Monitoring = &Enabling{ptr(true)} }, "UnsupportedOperation"},
		{"what is switched off is tolerated", func(in *RunInstancesInput) {
			in.Monitoring, in.EbsOptimized = &Enabling{ptr(false)}, ptr(false)
		}, ""},
		{"shutdown behaviour", func(in *RunInstancesInput) { in.InstanceInitiatedShutdownBehavior = ptr("terminate") }, "UnsupportedOperation"},
		{"tags on volumes", func(in *RunInstancesInput) {
			in.TagSpecifications = []TagSpecification{{ptr("volume"), []Tag{{ptr("a"), ptr("b")}}}}
		}, "UnsupportedOperation"},
		{"tags of AWS's own", func(in *RunInstancesInput) {
			in.TagSpecifications = []TagSpecification{{ptr("instance"), []Tag{{ptr("aws:x"), ptr("b")}}}}
		}, "InvalidParameterValue"},
		{"two interfaces", func(in *RunInstancesInput) { in.NetworkInterfaces = make([]InterfaceSpecification, 2) }, "UnsupportedOperation"},
		{"an interface next to a subnet", func(in *RunInstancesInput) {
			in.NetworkInterfaces, in.SubnetId = []InterfaceSpecification{{DeviceIndex: ptr[int32](0)}}, &other.ID
		}, "InvalidParameterCombination"},
		{"an interface", func(in *RunInstancesInput) {
			in.NetworkInterfaces = []InterfaceSpecification{{DeviceIndex: ptr[int32](0), SubnetId: &other.ID, AssociatePublicIpAddress: ptr(true)}}
		}, ""},
		{"a dry run", func(in *RunInstancesInput) { in.DryRun = ptr(true) }, "DryRunOperation"},
		{"a dry run that fails", func(in *RunInstancesInput) { in.DryRun, in.ImageId = ptr(true), nil }, "MissingParameter"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			if _, err := call[RunInstancesOutput](w, "RunInstances", asked(1, tt.change)); code(err) != tt.code {
				t.Errorf("got %v, want %q", err, tt.code)
			}
		})
	}
}

func TestADryRunLaunchesNothing(t *testing.T) {
	w := newWorld(t)
	_, _ = call[RunInstancesOutput](w, "RunInstances", asked(1, func(in *RunInstancesInput) { in.DryRun = ptr(true) }))
	if out, err := call[DescribeInstancesOutput](w, "DescribeInstances", &DescribeInstancesInput{}); err != nil || len(out.Reservations) > 0 {
		t.Error(out, err)
	}
}

func TestATokenLaunchesOnce(t *testing.T) {
	w := newWorld(t)
	token := func(in *RunInstancesInput) { in.ClientToken = ptr("t") }
	first, again := w.run(2, token), w.run(2, token)
	if len(again) != 2 || again[0].InstanceId != first[0].InstanceId || again[1].InstanceId != first[1].InstanceId {
		t.Errorf("got %+v, then %+v", first, again)
	}
	if _, err := call[RunInstancesOutput](w, "RunInstances", asked(1, token)); code(err) != "IdempotentParameterMismatch" {
		t.Error(err)
	}
}

func TestGzippedUserDataIsRead(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte("ECS_CLUSTER=zipped"))
	_ = z.Close()
	w := newWorld(t)
	is := w.run(1, func(in *RunInstancesInput) { in.UserData = encoded(b.String()) })
	if got := w.row(is[0].InstanceId).ClusterName(); got != "zipped" {
		t.Errorf("got %q", got)
	}
}

func TestAPublicAddressIsGivenAgainOnceTheOthersWere(t *testing.T) {
	w := newWorld(t)
	w.hosts = netip.MustParsePrefix("127.66.3.0/29") // .1 to .6
	end := func(i Instance) { w.set(i.InstanceId, func(r *model.Instance) { r.State = "terminated" }) }
	is := w.run(5, nil)
	end(is[2])
	if got := *w.run(1, nil)[0].PublicIpAddress; got != "127.66.3.6" {
		t.Errorf("got %s, want the one that nobody had", got)
	}
	more, most := ptr[int32](1), ptr[int32](9)
	got := w.run(1, func(in *RunInstancesInput) { in.MinCount, in.MaxCount = more, most })
	if len(got) != 1 || *got[0].PublicIpAddress != "127.66.3.3" {
		t.Errorf("as many as there are addresses: got %+v", got)
	}
	if _, err := call[RunInstancesOutput](w, "RunInstances", asked(1, nil)); code(err) != "InsufficientAddressCapacity" {
		t.Fatal(err)
	}
	private := w.run(2, func(in *RunInstancesInput) {
		in.NetworkInterfaces = []InterfaceSpecification{{DeviceIndex: ptr[int32](0), AssociatePublicIpAddress: ptr(false)}}
	})
	if len(private) != 2 || private[0].PublicIpAddress != nil || private[0].NetworkInterfaces[0].Association != nil {
		t.Errorf("without a public address: got %+v", private)
	}
}

func TestAnInterfaceEndsWithItsInstanceUnlessItIsToStay(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		rule string
		keep *bool
		left int
	}{{"it goes", nil, 0}, {"it stays", ptr(false), 1}} {
		t.Run(c.rule, func(t *testing.T) {
			i := w.run(1, func(in *RunInstancesInput) {
				in.NetworkInterfaces = []InterfaceSpecification{{DeviceIndex: ptr[int32](0), DeleteOnTermination: c.keep, Description: ptr("first")}}
			})[0]
			n := i.NetworkInterfaces[0]
			if !strings.HasPrefix(n.MacAddress, "0a:") || n.PrivateIpAddress != i.PrivateIpAddress || *n.Description != "first" || n.Attachment.DeleteOnTermination != (c.keep == nil) {
				t.Errorf("got %+v", n)
			}
			w.set(i.InstanceId, func(r *model.Instance) { r.State = "terminated" })
			left := 0
			_ = w.store.View(home, func(tx *store.Tx) error {
				for row := range store.NetworkInterfaces.All(tx) {
					if left++; row.Instance != "" || row.Attachment != "" || row.Public != "" {
						t.Errorf("got %+v", row)
					}
				}
				return nil
			})
			if left != c.left {
				t.Errorf("%d left", left)
			}
		})
	}
}

func TestScopesShareTheAddressesOfTheMachine(t *testing.T) {
	w := newWorld(t)
	w.run(1, nil)
	was := home
	defer func() { home = was }()
	home = model.Scope{Account: "123456789012", Region: "eu-west-1"}
	got := w.run(1, nil)[0]
	if *got.PublicIpAddress != "127.66.0.2" || got.PrivateIpAddress != "172.31.0.4" || *got.PrivateDnsName != "ip-172-31-0-4.eu-west-1.compute.internal" {
		t.Errorf("got %+v", got)
	}
}

func TestASubnetsAddressesRunOutAndComeBack(t *testing.T) {
	w := newWorld(t)
	subnet := model.Subnet{ID: "subnet-00000000000000001", CIDR: "10.0.0.0/28", VPC: w.subnet("us-east-1a").VPC, Zone: "us-east-1a", Next: 4}
	w.putSubnet(subnet)
	in := func(in *RunInstancesInput) { in.SubnetId = &subnet.ID }
	is := w.run(11, in) // 16, less four and the last one
	if _, err := call[RunInstancesOutput](w, "RunInstances", asked(1, in)); code(err) != "InsufficientFreeAddressesInSubnet" {
		t.Fatal(err)
	}
	w.set(is[6].InstanceId, func(r *model.Instance) { r.State = "terminated" })
	if got := w.run(1, in)[0]; got.PrivateIpAddress != "10.0.0.10" || got.PublicIpAddress != nil {
		t.Errorf("got %+v", got)
	}
}

func BenchmarkRunInstances(b *testing.B) {
	w := newWorld(b)
	w.hosts = netip.MustParsePrefix("127.66.0.0/16")
	w.run(1000, nil)
	w.run(1000, nil)
	b.ResetTimer()
	for i := 0; b.Loop(); i++ {
		w.run(1, func(in *RunInstancesInput) { in.ClientToken = ptr(fmt.Sprint("t", i)) })
	}
}
