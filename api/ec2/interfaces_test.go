package ec2

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

func (w *world) interfaces(filters ...Filter) []NetworkInterface {
	w.t.Helper()
	out, err := call[DescribeNetworkInterfacesOutput](w, "DescribeNetworkInterfaces", &DescribeNetworkInterfacesInput{Filters: filters})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.NetworkInterfaces
}

func (w *world) makeInterface(in CreateNetworkInterfaceInput) (NetworkInterface, error) {
	out, err := call[CreateNetworkInterfaceOutput](w, "CreateNetworkInterface", &in)
	if err != nil {
		return NetworkInterface{}, err
	}
	return out.NetworkInterface, nil
}

// put makes an interface as another part of Drydock does.
func (w *world) put(n model.NetworkInterface) (made model.NetworkInterface) {
	w.t.Helper()
	w.update(func(tx *store.Tx) {
		var err error
		if made, err = nic.New(tx, n); err != nil {
			w.t.Fatal(err)
		}
	})
	return made
}

func TestInterfacesAreToldOfByTheirOwner(t *testing.T) {
	w := newWorld(t)
	subnet := w.subnet("us-east-1a")
	i := w.run(1, func(in *RunInstancesInput) { in.SubnetId = &subnet.ID })[0]
	w.update(func(tx *store.Tx) {
		store.ContainerInstances.Put(tx, model.ContainerInstance{ID: "c1", EC2: i.InstanceId})
		store.Tasks.Put(tx, model.Task{ID: "t1", Instance: "c1"})
	})
	task := w.put(model.NetworkInterface{Subnet: subnet.ID, Task: "t1", Attachment: "eni-attach-1", Device: 1, Description: "arn:aws:ecs:task"})
	lb := w.put(model.NetworkInterface{Subnet: subnet.ID, LoadBalancer: "app/web/1", Requester: "amazon-elb", Attachment: "ela-attach-1", Device: 1, Description: "ELB app/web/1"})
	free, err := w.makeInterface(CreateNetworkInterfaceInput{SubnetId: &subnet.ID, Description: ptr("spare")})
	if err != nil {
		t.Fatal(err)
	}
	drawn := func(n NetworkInterface) string {
		s := fmt.Sprint(n.Status, " ", *n.Description, " managed=", n.RequesterManaged)
		if a := n.Attachment; a != nil {
			s += fmt.Sprintf(" %s@%s:%d delete=%v", a.InstanceOwnerId, strings.Replace(a.InstanceId, i.InstanceId, "i", 1), a.DeviceIndex, a.DeleteOnTermination)
		}
		if n.Association != nil {
			s += " public by " + n.Association.IpOwnerId
		}
		return s
	}
	for _, c := range []struct{ name, value, want string }{
		{"attachment.instance-id", i.InstanceId, "in-use  managed=false 000000000000@i:0 delete=true public by amazon; in-use arn:aws:ecs:task managed=false 000000000000@i:1 delete=true"},
		{"requester-managed", "true", "in-use ELB app/web/1 managed=true amazon-elb@:1 delete=false"},
		{"requester-id", "amazon-elb", "in-use ELB app/web/1 managed=true amazon-elb@:1 delete=false"},
		{"status", "available", "available spare managed=false"},
		{"network-interface-id", task.ID, "in-use arn:aws:ecs:task managed=false 000000000000@i:1 delete=true"},
		{"private-ip-address", lb.IP, "in-use ELB app/web/1 managed=true amazon-elb@:1 delete=false"},
		{"mac-address", free.MacAddress, "available spare managed=false"},
		{"association.public-ip", "*", "in-use  managed=false 000000000000@i:0 delete=true public by amazon"},
		{"attachment.attachment-id", "ela-attach-1", "in-use ELB app/web/1 managed=true amazon-elb@:1 delete=false"},
		{"group-name", "nobody", ""},
	} {
		var got []string
		for _, n := range w.interfaces(Filter{&c.name, []string{c.value}}) {
			got = append(got, drawn(n))
		}
		slices.Sort(got)
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s=%s:\n got %s\nwant %s", c.name, c.value, strings.Join(got, "; "), c.want)
		}
	}
	if n := w.interfaces(Filter{ptr("attachment.device-index"), []string{"0"}})[0]; *n.Association.PublicDnsName != "ec2-"+strings.ReplaceAll(n.Association.PublicIp, ".", "-")+".compute-1.amazonaws.com" ||
		n.AvailabilityZoneId != "use1-az1" || n.PrivateIpAddresses[0].PrivateIpAddress != *ptr(n.PrivateIpAddress) || len(n.Groups) != 1 {
		t.Errorf("got %+v", n)
	}
	for _, f := range []Filter{{ptr("network-interface.mac-address"), []string{i.NetworkInterfaces[0].MacAddress}}, {ptr("network-interface.group-name"), []string{"default"}},
		{ptr("dns-name"), []string{"ec2-*"}}, {ptr("network-interface.addresses.association.public-ip"), []string{*i.PublicIpAddress}}} {
		if is, _ := w.describe(&DescribeInstancesInput{Filters: []Filter{f}}); len(is) != 1 || *is[0].PublicDnsName == "" {
			t.Errorf("%s: got %+v", *f.Name, is)
		}
	}
	if _, err := call[DescribeNetworkInterfacesOutput](w, "DescribeNetworkInterfaces", &DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{task.ID}, MaxResults: ptr[int32](5)}); code(err) != "InvalidParameterCombination" {
		t.Error(err)
	}
}

func TestInterfacesThatCannotBe(t *testing.T) {
	w := newWorld(t)
	subnet, far := w.subnet("us-east-1a"), w.group("far", w.makeVPC("10.0.0.0/16"))
	var many []string
	for i := range 6 {
		many = append(many, w.group(fmt.Sprint("g", i), ""))
	}
	for _, c := range []struct {
		rule string
		in   CreateNetworkInterfaceInput
		want string
	}{
		{"an address", CreateNetworkInterfaceInput{PrivateIpAddress: ptr("172.31.0.100")}, ""},
		{"an address that is taken", CreateNetworkInterfaceInput{PrivateIpAddress: ptr("172.31.0.100")}, "InvalidIPAddress.InUse"},
		{"one that is AWS's", CreateNetworkInterfaceInput{PrivateIpAddress: ptr("172.31.0.3")}, "InvalidParameterValue"},
		{"one of another subnet", CreateNetworkInterfaceInput{PrivateIpAddress: ptr("172.31.16.9")}, "InvalidParameterValue"},
		{"a list of one", CreateNetworkInterfaceInput{PrivateIpAddresses: []AddressSpecification{{ptr(true), ptr("172.31.0.101")}}}, ""},
		{"a second address", CreateNetworkInterfaceInput{PrivateIpAddresses: []AddressSpecification{{ptr(true), ptr("172.31.0.102")}, {nil, ptr("172.31.0.103")}}}, "UnsupportedOperation"},
		{"both", CreateNetworkInterfaceInput{PrivateIpAddress: ptr("172.31.0.102"), PrivateIpAddresses: []AddressSpecification{{ptr(true), ptr("172.31.0.102")}}}, "InvalidParameterCombination"},
		{"five groups", CreateNetworkInterfaceInput{Groups: many[:5]}, ""},
		{"six groups", CreateNetworkInterfaceInput{Groups: many}, "SecurityGroupsPerInterfaceLimitExceeded"},
		{"a group of another VPC", CreateNetworkInterfaceInput{Groups: []string{far}}, "InvalidGroup.NotFound"},
		{"a kind that is not there", CreateNetworkInterfaceInput{InterfaceType: ptr("efa")}, "UnsupportedOperation"},
		{"IPv6", CreateNetworkInterfaceInput{Ipv6AddressCount: ptr[int32](1)}, "UnsupportedOperation"},
		{"no such subnet", CreateNetworkInterfaceInput{SubnetId: ptr("subnet-00000000")}, "InvalidSubnetID.NotFound"},
		{"a token", CreateNetworkInterfaceInput{ClientToken: ptr("once"), Description: ptr("a")}, ""},
		{"again", CreateNetworkInterfaceInput{ClientToken: ptr("once"), Description: ptr("a")}, ""},
		{"for something else", CreateNetworkInterfaceInput{ClientToken: ptr("once"), Description: ptr("b")}, "IdempotentParameterMismatch"},
	} {
		if c.in.SubnetId == nil {
			c.in.SubnetId = &subnet.ID
		}
		if _, err := w.makeInterface(c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	if n := len(w.interfaces()); n != 4 {
		t.Errorf("%d interfaces", n)
	}
}

func TestAttributesOfInterfaces(t *testing.T) {
	w := newWorld(t)
	subnet, web := w.subnet("us-east-1a"), w.group("web", "")
	i := w.run(1, nil)[0]
	lb := w.put(model.NetworkInterface{Subnet: subnet.ID, LoadBalancer: "app/web/1", Requester: "amazon-elb", Attachment: "ela-attach-1"})
	n := w.interfaces(Filter{ptr("attachment.instance-id"), []string{i.InstanceId}})[0]
	attribute := func(name string) string {
		out, err := call[DescribeNetworkInterfaceAttributeOutput](w, "DescribeNetworkInterfaceAttribute", &DescribeNetworkInterfaceAttributeInput{NetworkInterfaceId: &n.NetworkInterfaceId, Attribute: &name})
		switch {
		case err != nil:
			return code(err)
		case out.Description != nil:
			return *out.Description.Value
		case out.Groups != nil:
			return out.Groups[0].GroupName
		case out.Attachment != nil:
			return fmt.Sprint("delete=", out.Attachment.DeleteOnTermination)
		case out.SourceDestCheck != nil:
			return fmt.Sprint("check=", out.SourceDestCheck.on())
		}
		return fmt.Sprint("public=", *out.AssociatePublicIpAddress)
	}
	draw := func() string {
		return strings.Join([]string{attribute("description"), attribute("groupSet"), attribute("attachment"), attribute("sourceDestCheck"), attribute("associatePublicIpAddress")}, " ")
	}
	if got := draw() + " " + attribute("") + " " + attribute("x"); got != " default delete=true check=true public=true InvalidParameterCombination InvalidParameterValue" {
		t.Errorf("got %s", got)
	}
	for _, c := range []struct {
		rule string
		in   ModifyNetworkInterfaceAttributeInput
		want string
	}{
		{"a description", ModifyNetworkInterfaceAttributeInput{Description: &Text{ptr("first")}}, ""},
		{"groups", ModifyNetworkInterfaceAttributeInput{Groups: []string{web}}, ""},
		{"it stays when the instance goes", ModifyNetworkInterfaceAttributeInput{Attachment: &AttachmentChange{AttachmentId: &n.Attachment.AttachmentId, DeleteOnTermination: ptr(false)}}, ""},
		{"the attachment is named", ModifyNetworkInterfaceAttributeInput{Attachment: &AttachmentChange{AttachmentId: ptr("eni-attach-0"), DeleteOnTermination: ptr(false)}}, "InvalidAttachmentID.NotFound"},
		{"the check of addresses", ModifyNetworkInterfaceAttributeInput{SourceDestCheck: &Switch{ptr(true)}}, ""},
		{"which is on", ModifyNetworkInterfaceAttributeInput{SourceDestCheck: &Switch{ptr(false)}}, "UnsupportedOperation"},
		{"two", ModifyNetworkInterfaceAttributeInput{Description: &Text{}, Groups: []string{web}}, "InvalidParameterCombination"},
		{"none", ModifyNetworkInterfaceAttributeInput{}, "MissingParameter"},
		{"a load balancer's", ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &lb.ID, Groups: []string{web}}, "OperationNotPermitted"},
	} {
		if c.in.NetworkInterfaceId == nil {
			c.in.NetworkInterfaceId = &n.NetworkInterfaceId
		}
		if _, err := call[Done](w, "ModifyNetworkInterfaceAttribute", &c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	if got := draw(); got != "first web delete=false check=true public=true" {
		t.Errorf("got %s", got)
	}
	remove := func(id string) string {
		_, err := call[Done](w, "DeleteNetworkInterface", &DeleteNetworkInterfaceInput{NetworkInterfaceId: &id})
		return code(err)
	}
	if got := remove(n.NetworkInterfaceId) + " " + remove(lb.ID); got != "InvalidParameterValue OperationNotPermitted" {
		t.Errorf("got %s", got)
	}
	w.update(func(tx *store.Tx) { nic.Release(tx, i.InstanceId) })
	if got := remove(n.NetworkInterfaceId) + " " + remove(n.NetworkInterfaceId); got != " InvalidNetworkInterfaceID.NotFound" {
		t.Errorf("got %s", got)
	}
}

func TestTagsOfALaunchGoWhereTheyBelong(t *testing.T) {
	w := newWorld(t)
	i := w.run(1, func(in *RunInstancesInput) {
		in.TagSpecifications = []TagSpecification{{ptr("instance"), []Tag{{ptr("of"), ptr("instance")}}}, {ptr("network-interface"), []Tag{{ptr("of"), ptr("interface")}}}}
	})[0]
	n := w.interfaces(Filter{ptr("tag:of"), []string{"interface"}})
	if len(n) != 1 || len(i.Tags) != 1 || *i.Tags[0].Value != "instance" || n[0].Attachment.InstanceId != i.InstanceId {
		t.Errorf("got %+v of %+v", n, i)
	}
}

func TestAnInstancesGroupsChange(t *testing.T) {
	w := newWorld(t)
	web, i := w.group("web", ""), w.run(1, nil)[0]
	for _, c := range []struct {
		rule string
		in   ModifyInstanceAttributeInput
		want string
	}{
		{"to others", ModifyInstanceAttributeInput{Groups: []string{web}}, ""},
		{"that are there", ModifyInstanceAttributeInput{Groups: []string{"sg-00000000"}}, "InvalidGroup.NotFound"},
		{"and nothing else does", ModifyInstanceAttributeInput{InstanceType: &Text{ptr("t3.large")}}, "UnsupportedOperation"},
		{"the check stays", ModifyInstanceAttributeInput{SourceDestCheck: &Switch{ptr(false)}}, "UnsupportedOperation"},
		{"nothing", ModifyInstanceAttributeInput{}, "InvalidParameterCombination"},
	} {
		c.in.InstanceId = &i.InstanceId
		if _, err := call[Done](w, "ModifyInstanceAttribute", &c.in); code(err) != c.want {
			t.Errorf("%s: got %v", c.rule, err)
		}
	}
	shown := map[string]string{}
	for _, name := range []string{"groupSet", "instanceType", "sourceDestCheck", "disableApiTermination", "userData", "kernel", "", "x"} {
		out, err := call[DescribeInstanceAttributeOutput](w, "DescribeInstanceAttribute", &DescribeInstanceAttributeInput{InstanceId: &i.InstanceId, Attribute: &name})
		switch {
		case err != nil:
			shown[name] = code(err)
		case out.Groups != nil:
			shown[name] = out.Groups[0].GroupName
		case out.InstanceType != nil:
			shown[name] = *out.InstanceType.Value
		default:
			shown[name] = fmt.Sprint(out.SourceDestCheck.on(), out.DisableApiTermination.on(), out.UserData != nil, out.KernelId != nil)
		}
	}
	if got := fmt.Sprint(shown); got != "map[:MissingParameter disableApiTermination:false false false false groupSet:web instanceType:t3.medium kernel:false false false true "+
		"sourceDestCheck:true false false false userData:false false true false x:InvalidParameterValue]" {
		t.Errorf("got %s", got)
	}
	is, _ := w.describe(&DescribeInstancesInput{Filters: []Filter{{ptr("instance.group-name"), []string{"web"}}}})
	if len(is) != 1 || is[0].SecurityGroups[0].GroupId != web || is[0].NetworkInterfaces[0].Groups[0].GroupId != web {
		t.Errorf("got %+v", is)
	}
}
