package ec2

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/model"
)

// cli runs `aws ec2` against a server over w.
type cli struct {
	t   *testing.T
	url string
	dir string
}

func newCLI(t *testing.T, w *world) *cli {
	t.Helper()
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS command line is not installed")
	}
	srv := httptest.NewServer(wire.New([]wire.Service{Service(w.store, Options{Hosts: w.hosts, Vault: w.vault})}, wire.Options{Default: home}))
	t.Cleanup(srv.Close)
	return &cli{t, srv.URL, t.TempDir()}
}

// run returns what the command printed, fields split by single spaces, lines by "; ".
func (c *cli) run(args ...string) (string, error) {
	cmd := exec.CommandContext(c.t.Context(), "aws", append([]string{"--endpoint-url", c.url, "--region", home.Region, "--output", "text", "ec2"}, args...)...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_CONFIG_FILE="+filepath.Join(c.dir, "none"),
		"AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "HOME="+c.dir)
	out, err := cmd.CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
		lines[i] = strings.Replace(lines[i], " (reached max retries: 0)", "", 1) // as some versions add
	}
	return strings.Join(lines, "; "), err
}

func (c *cli) want(want string, args ...string) {
	c.t.Helper()
	if got, err := c.run(args...); err != nil || got != want {
		c.t.Errorf("aws ec2 %s\n got %s (%v)\nwant %s", strings.Join(args, " "), got, err, want)
	}
}

func (c *cli) wantError(want string, args ...string) {
	c.t.Helper()
	if got, err := c.run(args...); err == nil || !strings.Contains(got, want) {
		c.t.Errorf("aws ec2 %s\n got %s (%v)\nwant %s", strings.Join(args, " "), got, err, want)
	}
}

func TestTheCommandLineLaunchesAndTerminates(t *testing.T) {
	w := newWorld(t)
	c := newCLI(t, w)
	script := filepath.Join(c.dir, "user-data.sh")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho ECS_CLUSTER=demo >>/etc/ecs/ecs.config\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.want("pending t3.small 172.31.16.4; pending t3.small 172.31.16.5", "run-instances", "--image-id", "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2/recommended/image_id",
		"--instance-type", "t3.small", "--count", "2", "--user-data", "file://"+script, "--placement", "AvailabilityZone=us-east-1b",
		"--iam-instance-profile", "Name=ecsInstanceRole", "--tag-specifications", "ResourceType=instance,Tags=[{Key=Name,Value=demo}]",
		"--query", "Instances[].[State.Name,InstanceType,PrivateIpAddress]")
	is, _ := w.describe(&DescribeInstancesInput{})
	a, b := is[0].InstanceId, is[1].InstanceId
	if row := w.row(b); row.ClusterName() != "demo" {
		t.Errorf("got %+v", row)
	}
	for _, i := range is {
		w.set(i.InstanceId, func(i *model.Instance) { i.State = "running" })
	}
	c.want("", "wait", "instance-running", "--instance-ids", a, b)
	c.want("", "wait", "instance-status-ok", "--instance-ids", a, b)
	c.want("demo 127.66.0.1 us-east-1b running default 16; demo 127.66.0.2 us-east-1b running default 16", "describe-instances", "--filters", "Name=tag:Name,Values=d*",
		"Name=instance-state-name,Values=running", "--query",
		"Reservations[].Instances[].[Tags[0].Value,PublicIpAddress,Placement.AvailabilityZone,State.Name,SecurityGroups[0].GroupName,State.Code]")
	c.want(a+" shutting-down running", "terminate-instances", "--instance-ids", a, "--query", "TerminatingInstances[].[InstanceId,CurrentState.Name,PreviousState.Name]")
	c.wantError("(InvalidInstanceID.NotFound)", "terminate-instances", "--instance-ids", "i-0123456789abcdef0")
	c.wantError("(DryRunOperation)", "terminate-instances", "--dry-run", "--instance-ids", b)
	c.wantError("(UnsupportedOperation) when calling the StopInstances operation: Drydock does not serve ec2:StopInstances.", "stop-instances", "--instance-ids", b)
	c.wantError("Drydock does not support the parameter BlockDeviceMapping.", "run-instances", "--image-id", "ami-1", "--block-device-mappings", "DeviceName=/dev/xvda,Ebs={VolumeSize=30}")
	c.wantError("Drydock does not support the parameter InstanceMarketOptions.", "run-instances", "--image-id", "ami-1", "--instance-market-options", "MarketType=spot")
}

func TestTheCommandLineFindsItsWayAroundTheNetwork(t *testing.T) {
	w := newWorld(t)
	c := newCLI(t, w)
	vpc := w.subnet("us-east-1a").VPC
	c.want(vpc+" True 172.31.0.0/16", "describe-vpcs", "--filters", "Name=isDefault,Values=true", "--query", "Vpcs[].[VpcId,IsDefault,CidrBlock]")
	c.want("us-east-1a 4091 True; us-east-1b 4091 True", "describe-subnets", "--filters", "Name=vpc-id,Values="+vpc, "Name=availability-zone,Values=us-east-1a,us-east-1b",
		"--query", "sort_by(Subnets,&AvailabilityZone)[].[AvailabilityZone,AvailableIpAddressCount,DefaultForAz]")
	c.want("default -1", "describe-security-groups", "--query", "SecurityGroups[].[GroupName,IpPermissionsEgress[0].IpProtocol]")
	c.want("us-east-1a use1-az1; us-east-1b use1-az2; us-east-1c use1-az3", "describe-availability-zones", "--query", "AvailabilityZones[].[ZoneName,ZoneId]")
	c.want("eu-west-1 ec2.eu-west-1.amazonaws.com", "describe-regions", "--region-names", "eu-west-1", "--query", "Regions[].[RegionName,Endpoint]")
	c.want("t3.medium 2 4096 x86_64 2", "describe-instance-types", "--instance-types", "t3.medium", "--query",
		"InstanceTypes[].[InstanceType,VCpuInfo.DefaultVCpus,MemoryInfo.SizeInMiB,ProcessorInfo.SupportedArchitectures[0],VCpuInfo.DefaultThreadsPerCore]")
	id, err := c.run("create-security-group", "--group-name", "web", "--description", "for the web", "--query", "GroupId")
	if err != nil {
		t.Fatal(id, err)
	}
	c.want("", "create-tags", "--resources", id, "--tags", "Key=team,Value=shop")
	c.want("TAGS team "+id+" security-group shop", "describe-tags", "--filters", "Name=key,Values=team")
	c.wantError("(InvalidGroup.Duplicate)", "create-security-group", "--group-name", "web", "--description", "for the web")
	if out, err := c.run("delete-security-group", "--group-id", id); err != nil {
		t.Error(out, err)
	}
}

func TestTheCommandLineOpensAndClosesPorts(t *testing.T) {
	w := newWorld(t)
	c := newCLI(t, w)
	web, err := c.run("create-security-group", "--group-name", "web", "--description", "for the web", "--query", "GroupId")
	if err != nil {
		t.Fatal(web, err)
	}
	c.want("True False tcp 80 80 0.0.0.0/0", "authorize-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "80", "--cidr", "0.0.0.0/0",
		"--query", "[Return,SecurityGroupRules[0].IsEgress,SecurityGroupRules[0].IpProtocol,SecurityGroupRules[0].FromPort,SecurityGroupRules[0].ToPort,SecurityGroupRules[0].CidrIpv4]")
	c.want("True", "authorize-security-group-ingress", "--group-name", "web", "--source-group", "default", "--protocol", "udp", "--port", "53-54", "--query", "Return")
	c.want("shop office", "authorize-security-group-ingress", "--group-id", web, "--ip-permissions",
		"IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=10.0.0.0/8,Description=office}]", "--tag-specifications", "ResourceType=security-group-rule,Tags=[{Key=team,Value=shop}]",
		"--query", "[SecurityGroupRules[0].Tags[0].Value,SecurityGroupRules[0].Description]")
	c.want("22 22 10.0.0.0/8 None; 80 80 0.0.0.0/0 None; 53 54 None "+home.Account, "describe-security-groups", "--group-ids", web, "--query",
		"SecurityGroups[].IpPermissions[].[FromPort,ToPort,IpRanges[0].CidrIp,UserIdGroupPairs[0].UserId]")
	c.wantError("(InvalidPermission.Duplicate)", "authorize-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "80", "--cidr", "0.0.0.0/0")
	c.wantError("(InvalidParameterValue) when calling the AuthorizeSecurityGroupIngress operation: CIDR block 10.0.0 is malformed",
		"authorize-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "80", "--cidr", "10.0.0")
	rule, err := c.run("describe-security-group-rules", "--filters", "Name=tag:team,Values=shop", "--query", "SecurityGroupRules[0].SecurityGroupRuleId")
	if err != nil {
		t.Fatal(rule, err)
	}
	c.want("True", "modify-security-group-rules", "--group-id", web, "--query", "Return", "--security-group-rules",
		"SecurityGroupRuleId="+rule+",SecurityGroupRule={IpProtocol=tcp,FromPort=2222,ToPort=2222,CidrIpv4=10.0.0.0/8,Description=moved}")
	c.want("True", "update-security-group-rule-descriptions-ingress", "--group-id", web, "--security-group-rule-descriptions",
		"SecurityGroupRuleId="+rule+",Description=again", "--query", "Return")
	c.want("2222 again", "describe-security-group-rules", "--security-group-rule-ids", rule, "--query", "SecurityGroupRules[].[FromPort,Description]")
	c.want("True", "revoke-security-group-ingress", "--group-id", web, "--security-group-rule-ids", rule, "--query", "Return")
	c.want("True 80", "revoke-security-group-ingress", "--group-id", web, "--protocol", "tcp", "--port", "80", "--cidr", "0.0.0.0/0", "--query", "[Return,RevokedSecurityGroupRules[0].FromPort]")
	c.want("True", "revoke-security-group-egress", "--group-id", web, "--ip-permissions", "IpProtocol=-1,IpRanges=[{CidrIp=0.0.0.0/0}]", "--query", "Return")
	c.want("True", "authorize-security-group-egress", "--group-id", web, "--ip-permissions", "IpProtocol=icmp,FromPort=-1,ToPort=-1,IpRanges=[{CidrIp=0.0.0.0/0}]", "--query", "Return")
	c.want("udp 53; icmp -1", "describe-security-groups", "--filters", "Name=group-name,Values=web", "--query",
		"SecurityGroups[].[IpPermissions,IpPermissionsEgress][][].[IpProtocol,FromPort]")
}

func TestTheCommandLineMakesAVPC(t *testing.T) {
	w := newWorld(t)
	c := newCLI(t, w)
	vpc, err := c.run("create-vpc", "--cidr-block", "10.0.0.0/16", "--tag-specifications", "ResourceType=vpc,Tags=[{Key=Name,Value=lab}]", "--query", "Vpc.VpcId")
	if err != nil {
		t.Fatal(vpc, err)
	}
	c.want("", "wait", "vpc-available", "--vpc-ids", vpc)
	subnet, err := c.run("create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.1.0/24", "--availability-zone", "us-east-1b", "--query", "Subnet.SubnetId")
	if err != nil {
		t.Fatal(subnet, err)
	}
	c.want("", "wait", "subnet-available", "--subnet-ids", subnet)
	c.want("", "modify-subnet-attribute", "--subnet-id", subnet, "--map-public-ip-on-launch")
	c.want("10.0.1.0/24 us-east-1b use1-az2 251 True False", "describe-subnets", "--filters", "Name=vpc-id,Values="+vpc, "--query",
		"Subnets[].[CidrBlock,AvailabilityZone,AvailabilityZoneId,AvailableIpAddressCount,MapPublicIpOnLaunch,DefaultForAz]")
	c.want("", "modify-vpc-attribute", "--vpc-id", vpc, "--enable-dns-hostnames", `{"Value":true}`)
	c.want("True", "describe-vpc-attribute", "--vpc-id", vpc, "--attribute", "enableDnsHostnames", "--query", "EnableDnsHostnames.Value")
	c.want("True 100 allow "+subnet, "describe-network-acls", "--filters", "Name=vpc-id,Values="+vpc, "--query",
		"NetworkAcls[].[IsDefault,Entries[0].RuleNumber,Entries[0].RuleAction,Associations[0].SubnetId]")
	c.want("lab", "describe-vpcs", "--filters", "Name=is-default,Values=false", "--query", "Vpcs[].Tags[].Value")
	c.wantError("(InvalidSubnet.Conflict)", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.0.1.0/25")
	c.wantError("(DependencyViolation) when calling the DeleteVpc operation: The vpc '"+vpc+"' has dependencies and cannot be deleted.", "delete-vpc", "--vpc-id", vpc)
	c.want("", "delete-subnet", "--subnet-id", subnet)
	c.want("", "delete-vpc", "--vpc-id", vpc)
	c.wantError("(InvalidVpcID.NotFound)", "describe-vpcs", "--vpc-ids", vpc)
}

func TestTheCommandLineMakesASubnetPublic(t *testing.T) {
	w := newWorld(t)
	c := newCLI(t, w)
	vpc := w.makeVPC("10.0.0.0/16")
	subnet := w.makeSubnet(vpc, "10.0.0.0/24")
	gateway, err := c.run("create-internet-gateway", "--query", "InternetGateway.InternetGatewayId")
	if err != nil {
		t.Fatal(gateway, err)
	}
	c.want("", "attach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc)
	c.want("available "+vpc, "describe-internet-gateways", "--internet-gateway-ids", gateway, "--query", "InternetGateways[].Attachments[].[State,VpcId]")
	table, err := c.run("create-route-table", "--vpc-id", vpc, "--query", "RouteTable.RouteTableId")
	if err != nil {
		t.Fatal(table, err)
	}
	c.want("True", "create-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", gateway, "--query", "Return")
	association, err := c.run("associate-route-table", "--route-table-id", table, "--subnet-id", subnet, "--query", "AssociationId")
	if err != nil || !strings.HasPrefix(association, "rtbassoc-") || w.routed(subnet) != "+" {
		t.Fatal(association, err)
	}
	c.want("10.0.0.0/16 local CreateRouteTable active; 0.0.0.0/0 "+gateway+" CreateRoute active", "describe-route-tables", "--filters", "Name=association.subnet-id,Values="+subnet,
		"--query", "RouteTables[].Routes[].[DestinationCidrBlock,GatewayId,Origin,State]")
	c.wantError("(UnsupportedOperation) when calling the CreateNatGateway operation: Drydock does not serve ec2:CreateNatGateway.", "create-nat-gateway", "--subnet-id", subnet)
	c.wantError("Drydock does not support the parameter NatGatewayId.", "create-route", "--route-table-id", table, "--destination-cidr-block", "10.9.0.0/16", "--nat-gateway-id", "nat-1")
	c.wantError("(RouteAlreadyExists)", "create-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0", "--gateway-id", gateway)
	c.want("", "delete-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0")
	c.want("", "disassociate-route-table", "--association-id", association)
	c.want("", "delete-route-table", "--route-table-id", table)
	c.want("", "detach-internet-gateway", "--internet-gateway-id", gateway, "--vpc-id", vpc)
	c.want("", "delete-internet-gateway", "--internet-gateway-id", gateway)
}

func TestTheCommandLineMovesAddressesAndInterfaces(t *testing.T) {
	w := newWorld(t)
	c := newCLI(t, w)
	i := w.run(1, nil)[0]
	allocation, err := c.run("allocate-address", "--domain", "vpc", "--query", "AllocationId")
	if err != nil {
		t.Fatal(allocation, err)
	}
	association, err := c.run("associate-address", "--allocation-id", allocation, "--instance-id", i.InstanceId, "--query", "AssociationId")
	if err != nil {
		t.Fatal(association, err)
	}
	c.want(i.InstanceId+" "+i.PrivateIpAddress+" "+association, "describe-addresses", "--allocation-ids", allocation, "--query", "Addresses[].[InstanceId,PrivateIpAddress,AssociationId]")
	c.want("in-use "+allocation+" attached True default", "describe-network-interfaces", "--filters", "Name=attachment.instance-id,Values="+i.InstanceId, "--query",
		"NetworkInterfaces[].[Status,Association.AllocationId,Attachment.Status,Attachment.DeleteOnTermination,Groups[0].GroupName]")
	c.want("", "disassociate-address", "--association-id", association)
	c.want("", "release-address", "--allocation-id", allocation)
	c.wantError("(InvalidAllocationID.NotFound) when calling the ReleaseAddress operation: The allocation ID '"+allocation+"' does not exist", "release-address", "--allocation-id", allocation)
	web := w.group("web", "")
	eni, err := c.run("create-network-interface", "--subnet-id", w.subnet("us-east-1a").ID, "--groups", web, "--description", "spare", "--query", "NetworkInterface.NetworkInterfaceId")
	if err != nil {
		t.Fatal(eni, err)
	}
	c.wantError("(DependencyViolation)", "delete-security-group", "--group-id", web)
	c.want("", "modify-network-interface-attribute", "--network-interface-id", eni, "--description", "Value=renamed")
	c.want("renamed", "describe-network-interface-attribute", "--network-interface-id", eni, "--attribute", "description", "--query", "Description.Value")
	c.wantError("Drydock does not serve ec2:AttachNetworkInterface.", "attach-network-interface", "--network-interface-id", eni, "--instance-id", i.InstanceId, "--device-index", "1")
	c.want("", "wait", "network-interface-available", "--network-interface-ids", eni)
	c.want("", "delete-network-interface", "--network-interface-id", eni)
	c.want("", "modify-instance-attribute", "--instance-id", i.InstanceId, "--groups", web)
	c.want("web", "describe-instances", "--query", "Reservations[].Instances[].NetworkInterfaces[].Groups[].GroupName")
}

// TestThePageOfNetworksIsTrue runs the commands of docs/networks.md, but for those that need an engine.
func TestThePageOfNetworksIsTrue(t *testing.T) {
	w := newWorld(t)
	c := newCLI(t, w)
	page, err := os.ReadFile("../../docs/networks.md")
	if err != nil {
		t.Fatal(err)
	}
	script := "set -e\n"
	for i, part := range strings.Split(string(page), "```") {
		if block, ok := strings.CutPrefix(part, "sh\n"); ok && i%2 == 1 && !strings.Contains(block, "docker ") {
			script += block
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script+`echo "subnet=$SUBNET"`)
	cmd.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+c.url, "AWS_DEFAULT_REGION="+home.Region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE="+filepath.Join(c.dir, "none"), "AWS_PAGER=", "AWS_MAX_ATTEMPTS=1", "HOME="+c.dir)
	out, err := cmd.CombinedOutput()
	_, subnet, ok := strings.Cut(strings.TrimSpace(string(out)), "subnet=")
	if err != nil || !ok || w.routed(subnet) != "+" {
		t.Errorf("%v\n%s", err, out)
	}
}
