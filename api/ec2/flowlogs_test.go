package ec2

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

const flowRole = "arn:aws:iam::000000000000:role/flows"

// role makes the role that writes flow logs, trusted by a service.
func (w *world) role(service string) {
	w.t.Helper()
	err := w.store.Update(home.Global(), func(tx *store.Tx) error {
		store.Roles.Put(tx, model.Role{Name: "flows", Path: "/", ID: "AROAFLOWS",
			Trust: `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}}`})
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// toGroup is a request for a flow log of the default VPC.
func (w *world) toGroup(change func(*CreateFlowLogsInput)) *CreateFlowLogsInput {
	in := &CreateFlowLogsInput{ResourceType: ptr("VPC"), ResourceIds: []string{w.subnet("us-east-1a").VPC}, TrafficType: ptr("ALL"),
		LogGroupName: ptr("/vpc/flows"), DeliverLogsPermissionArn: ptr(flowRole)}
	if change != nil {
		change(in)
	}
	return in
}

func toDir(in *CreateFlowLogsInput) {
	in.LogGroupName, in.DeliverLogsPermissionArn = nil, nil
	in.LogDestinationType, in.LogDestination = ptr("s3"), ptr("dir:///srv/flows")
}

func TestFlowLogsAreMadeToldOfAndDeleted(t *testing.T) {
	w := newWorld(t)
	w.role(flowLogsService)
	in := w.toGroup(func(in *CreateFlowLogsInput) {
		in.ClientToken = ptr("once")
		in.TagSpecifications = []TagSpecification{{ptr("vpc-flow-log"), []Tag{{ptr("Name"), ptr("all")}}}}
	})
	first, err := call[CreateFlowLogsOutput](w, "CreateFlowLogs", in)
	if err != nil || len(first.FlowLogIds) != 1 || len(first.Unsuccessful) != 0 {
		t.Fatal(first, err)
	}
	again, err := call[CreateFlowLogsOutput](w, "CreateFlowLogs", in)
	if err != nil || again.FlowLogIds[0] != first.FlowLogIds[0] {
		t.Errorf("the same request made another: %v %v", again, err)
	}
	files, err := call[CreateFlowLogsOutput](w, "CreateFlowLogs", w.toGroup(func(in *CreateFlowLogsInput) {
		toDir(in)
		in.ResourceType, in.ResourceIds = ptr("Subnet"), []string{w.subnet("us-east-1a").ID, w.subnet("us-east-1b").ID}
		in.MaxAggregationInterval, in.LogFormat = ptr[int32](60), ptr("${srcaddr} ${tcp-flags}")
		in.DestinationOptions = &DestinationOptions{HiveCompatiblePartitions: ptr(true)}
	}))
	if err != nil || len(files.FlowLogIds) != 2 {
		t.Fatal(files, err)
	}
	out, err := call[DescribeFlowLogsOutput](w, "DescribeFlowLogs", &DescribeFlowLogsInput{Filter: []Filter{{ptr("tag:Name"), []string{"all"}}}})
	if err != nil || len(out.FlowLogs) != 1 {
		t.Fatal(out, err)
	}
	if l := out.FlowLogs[0]; *l.LogGroupName != "/vpc/flows" || l.LogDestination != nil || l.LogDestinationType != "cloud-watch-logs" || l.MaxAggregationInterval != 600 ||
		l.DeliverLogsStatus != "SUCCESS" || l.FlowLogStatus != "ACTIVE" || !strings.HasPrefix(l.LogFormat, "${version} ") || l.DestinationOptions != nil {
		t.Errorf("got %+v", l)
	}
	out, err = call[DescribeFlowLogsOutput](w, "DescribeFlowLogs", &DescribeFlowLogsInput{FlowLogIds: files.FlowLogIds[:1]})
	if err != nil || len(out.FlowLogs) != 1 {
		t.Fatal(out, err)
	}
	if l := out.FlowLogs[0]; *l.LogDestination != "dir:///srv/flows" || l.LogDestinationType != "s3" || *l.DestinationOptions != (FileOptions{"plain-text", true, false}) || l.MaxAggregationInterval != 60 {
		t.Errorf("got %+v", l)
	}
	if _, err := call[DeleteFlowLogsOutput](w, "DeleteFlowLogs", &DeleteFlowLogsInput{FlowLogIds: append(files.FlowLogIds, first.FlowLogIds...)}); err != nil {
		t.Error(err)
	}
	_, err = call[DeleteFlowLogsOutput](w, "DeleteFlowLogs", &DeleteFlowLogsInput{FlowLogIds: first.FlowLogIds})
	if code(err) != "InvalidFlowLogId.NotFound" || !strings.Contains(err.Error(), "[TotalCount: 1] "+first.FlowLogIds[0]) {
		t.Error(err)
	}
}

func TestFlowLogsThatCannotBeAreRefused(t *testing.T) {
	w := newWorld(t)
	w.role(flowLogsService)
	if _, err := call[CreateFlowLogsOutput](w, "CreateFlowLogs", w.toGroup(nil)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rule   string
		change func(*CreateFlowLogsInput)
		code   string
		says   string
	}{
		{"no type", func(in *CreateFlowLogsInput) { in.ResourceType = nil }, "MissingParameter", "ResourceType"},
		{"no resource", func(in *CreateFlowLogsInput) { in.ResourceIds = nil }, "MissingParameter", "ResourceId"},
		{"another type of resource", func(in *CreateFlowLogsInput) { in.ResourceType = ptr("Subnet") }, "InvalidSubnetID.Malformed", "vpc-"},
		{"a resource that is not there", func(in *CreateFlowLogsInput) {
			in.ResourceType, in.ResourceIds = ptr("NetworkInterface"), []string{"eni-00000000000000000"}
		}, "InvalidNetworkInterfaceID.NotFound", "eni-00000000000000000"},
		{"transit gateways", func(in *CreateFlowLogsInput) { in.ResourceType = ptr("TransitGateway") }, "UnsupportedOperation", "TransitGateway"},
		{"no traffic type", func(in *CreateFlowLogsInput) { in.TrafficType = nil }, "MissingParameter", "TrafficType"},
		{"another one", func(in *CreateFlowLogsInput) { in.TrafficType = ptr("SOME") }, "InvalidParameterValue", "SOME"},
		{"no destination", func(in *CreateFlowLogsInput) { in.LogGroupName = nil }, "InvalidParameter", "LogDestination can't be empty"},
		{"two destinations", func(in *CreateFlowLogsInput) { in.LogDestination = ptr("x") }, "InvalidParameter", "only provide"},
		{"a group as a bucket", func(in *CreateFlowLogsInput) { in.LogDestinationType = ptr("s3") }, "InvalidParameter", "must be cloud-watch-logs"},
		{"Firehose", func(in *CreateFlowLogsInput) { in.LogDestinationType = ptr("kinesis-data-firehose") }, "UnsupportedOperation", "kinesis-data-firehose"},
		{"no role", func(in *CreateFlowLogsInput) { in.DeliverLogsPermissionArn = nil }, "InvalidParameter", "DeliverLogsPermissionArn can't be empty"},
		{"a role that is not there", func(in *CreateFlowLogsInput) { in.DeliverLogsPermissionArn = ptr(flowRole + "2") }, "InvalidParameterValue", "Unable to assume given IAM role"},
		{"a group elsewhere", func(in *CreateFlowLogsInput) {
			in.LogGroupName, in.LogDestination = nil, ptr("arn:aws:logs:eu-west-1:000000000000:log-group:x")
		}, "InvalidParameterValue", "LogDestination"},
		{"all streams of a group", func(in *CreateFlowLogsInput) {
			in.LogGroupName, in.LogDestination = nil, ptr("arn:aws:logs:us-east-1:000000000000:log-group:x:*")
		}, "InvalidParameterValue", "logGroupName"},
		{"a bucket", func(in *CreateFlowLogsInput) { toDir(in); in.LogDestination = ptr("arn:aws:s3:::flows") }, "UnsupportedOperation", "there is no S3"},
		{"a directory from somewhere", func(in *CreateFlowLogsInput) { toDir(in); in.LogDestination = ptr("dir://flows") }, "InvalidParameterValue", "dir:///srv/flows"},
		{"a role for a directory", func(in *CreateFlowLogsInput) { toDir(in); in.DeliverLogsPermissionArn = ptr(flowRole) }, "InvalidParameter", "not applicable for s3"},
		{"Parquet", func(in *CreateFlowLogsInput) {
			toDir(in)
			in.DestinationOptions = &DestinationOptions{FileFormat: ptr("parquet")}
		}, "UnsupportedOperation", "parquet"},
		{"a format of nothing that is known", func(in *CreateFlowLogsInput) { in.LogFormat = ptr("${colour}") }, "InvalidParameterValue", "'logFormat' has an invalid format"},
		{"a format with a space too many", func(in *CreateFlowLogsInput) { in.LogFormat = ptr("${version} ") }, "InvalidParameterValue", "'logFormat' has an invalid format"},
		{"a field that nothing here has", func(in *CreateFlowLogsInput) { in.LogFormat = ptr("${version} ${encryption-status}") }, "UnsupportedOperation", "${encryption-status}"},
		{"another interval", func(in *CreateFlowLogsInput) { in.MaxAggregationInterval = ptr[int32](10) }, "InvalidParameter", "Invalid Flow Log Max Aggregation Interval"},
		{"tags of something else", func(in *CreateFlowLogsInput) {
			in.TagSpecifications = []TagSpecification{{ptr("vpc"), []Tag{{ptr("a"), ptr("b")}}}}
		}, "UnsupportedOperation", "vpc"},
		{"what is there already", nil, "FlowLogAlreadyExists", "There is an existing Flow Log"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			_, err := call[CreateFlowLogsOutput](w, "CreateFlowLogs", w.toGroup(tt.change))
			if code(err) != tt.code || !strings.Contains(fmt.Sprint(err), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	w.role("ecs-tasks.amazonaws.com")
	if _, err := call[CreateFlowLogsOutput](w, "CreateFlowLogs", w.toGroup(nil)); code(err) != "InvalidParameterValue" {
		t.Errorf("a role that trusts somebody else: %v", err)
	}
}

func TestOneOfSeveralResourcesIsToldOf(t *testing.T) {
	w := newWorld(t)
	a, b := w.subnet("us-east-1a").ID, w.subnet("us-east-1b").ID
	create := func(dir func(string) error, resources ...string) *CreateFlowLogsOutput {
		t.Helper()
		in := w.toGroup(toDir)
		in.ResourceType, in.ResourceIds = ptr("Subnet"), resources
		out, err := Service(w.store, Options{Hosts: w.hosts, Directory: dir}).Ops["CreateFlowLogs"].Do(context.Background(), wire.Call{Scope: home}, in)
		if err != nil {
			t.Fatal(err)
		}
		return out.(*CreateFlowLogsOutput)
	}
	create(func(string) error { // others can write rows meanwhile: a directory may not answer
		return w.store.Update(home, func(*store.Tx) error { return nil })
	}, a)
	out := create(nil, a, b)
	if len(out.FlowLogIds) != 1 || len(out.Unsuccessful) != 1 || out.Unsuccessful[0].ResourceId != a || out.Unsuccessful[0].Error.Code != "FlowLogAlreadyExists" {
		t.Errorf("got %+v", out)
	}
	out = create(func(string) error { return errors.New("no such directory") }, w.subnet("us-east-1c").ID)
	if len(out.FlowLogIds) != 0 || len(out.Unsuccessful) != 1 || out.Unsuccessful[0].Error.Code != "400" || !strings.Contains(out.Unsuccessful[0].Error.Message, "no such directory") {
		t.Errorf("got %+v", out)
	}
}

func TestTheCommandLineMakesFlowLogs(t *testing.T) {
	w := newWorld(t)
	w.role(flowLogsService)
	c := newCLI(t, w)
	vpc := w.subnet("us-east-1a").VPC
	id, err := c.run("create-flow-logs", "--resource-type", "VPC", "--resource-ids", vpc, "--traffic-type", "REJECT", "--log-group-name", "refused",
		"--deliver-logs-permission-arn", flowRole, "--query", "FlowLogIds[0]")
	if err != nil || !strings.HasPrefix(id, "fl-") {
		t.Fatal(id, err)
	}
	if out, err := c.run("create-flow-logs", "--resource-type", "VPC", "--resource-ids", vpc, "--traffic-type", "ALL", "--log-destination-type", "s3",
		"--log-destination", "dir:///srv/flows", "--destination-options", "FileFormat=plain-text,HiveCompatiblePartitions=false,PerHourPartition=true"); err != nil {
		t.Error(out, err)
	}
	c.want("refused REJECT ACTIVE SUCCESS 600", "describe-flow-logs", "--filter", "Name=log-group-name,Values=refused", "--query",
		"FlowLogs[].[LogGroupName,TrafficType,FlowLogStatus,DeliverLogsStatus,MaxAggregationInterval]")
	c.wantError("(FlowLogsLimitExceeded)", "create-flow-logs", "--resource-type", "VPC", "--resource-ids", vpc, "--traffic-type", "ALL", "--log-group-name", "third",
		"--deliver-logs-permission-arn", flowRole)
	c.want("", "create-tags", "--resources", id, "--tags", "Key=team,Value=shop")
	c.want("TAGS team "+id+" vpc-flow-log shop", "describe-tags", "--filters", "Name=key,Values=team")
	if out, err := c.run("delete-flow-logs", "--flow-log-ids", id); err != nil {
		t.Error(out, err)
	}
}

func TestFlowLogsOfAVPCGoWithIt(t *testing.T) {
	w := newWorld(t)
	made, err := call[CreateVpcOutput](w, "CreateVpc", &CreateVpcInput{CidrBlock: ptr("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	for _, vpc := range []string{made.Vpc.VpcId, w.subnet("us-east-1a").VPC} {
		if _, err := call[CreateFlowLogsOutput](w, "CreateFlowLogs", w.toGroup(func(in *CreateFlowLogsInput) { toDir(in); in.ResourceIds = []string{vpc} })); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := call[Done](w, "DeleteVpc", &DeleteVpcInput{VpcId: &made.Vpc.VpcId}); err != nil {
		t.Fatal(err)
	}
	if out, err := call[DescribeFlowLogsOutput](w, "DescribeFlowLogs", &DescribeFlowLogsInput{}); err != nil || len(out.FlowLogs) != 1 || out.FlowLogs[0].ResourceId == made.Vpc.VpcId {
		t.Errorf("got %+v, %v", out, err)
	}
}
