package ec2

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Reservation is the instances of one request.
type Reservation struct {
	ReservationId string
	OwnerId       string
	Groups        []GroupIdentifier `wire:"groupSet"`
	Instances     []Instance        `wire:"instancesSet"`
}

// Instance is an instance as EC2 tells of it. PublicIpAddress is the address of this machine where
// its host ports are bound.
type Instance struct {
	InstanceId               string
	ImageId                  string
	State                    State `wire:"instanceState"`
	PrivateDnsName           *string
	PublicDnsName            *string `wire:"dnsName"`
	StateTransitionReason    *string `wire:"reason"`
	KeyName                  string
	AmiLaunchIndex           int
	ProductCodes             []struct{}
	InstanceType             string
	LaunchTime               time.Time
	Placement                Placement
	PlatformDetails          string
	Monitoring               MonitoringState
	SubnetId                 string
	VpcId                    string
	PrivateIpAddress         string
	PublicIpAddress          string `wire:"ipAddress"`
	SourceDestCheck          *bool
	SecurityGroups           []GroupIdentifier `wire:"groupSet"`
	StateReason              *StateReason
	Architecture             string
	RootDeviceType           string
	RootDeviceName           string
	BlockDeviceMappings      []struct{} `wire:"blockDeviceMapping"`
	VirtualizationType       string
	ClientToken              string
	Tags                     []Tag `wire:"tagSet"`
	Hypervisor               string
	NetworkInterfaces        []NetworkInterface `wire:"networkInterfaceSet"`
	IamInstanceProfile       *Profile
	EbsOptimized             bool
	EnaSupport               bool
	CpuOptions               CpuOptions
	HibernationOptions       struct{ Configured bool }
	EnclaveOptions           struct{ Enabled bool }
	UsageOperation           string
	UsageOperationUpdateTime time.Time
}

// State is a state's name and number.
type State struct {
	Code int
	Name string
}

// GroupIdentifier is a security group's id and name.
type GroupIdentifier struct{ GroupId, GroupName string }

// Placement is where an instance stands.
type Placement struct {
	AvailabilityZone   string
	AvailabilityZoneId string
	GroupName          *string
	Tenancy            string
}

// MonitoringState is always disabled.
type MonitoringState struct{ State string }

// StateReason says why an instance is not running.
type StateReason struct{ Code, Message string }

// Profile is an instance profile.
type Profile struct{ Arn, Id string }

// CpuOptions are an instance's processors.
type CpuOptions struct{ CoreCount, ThreadsPerCore int }

// NetworkInterface is the one interface of an instance.
type NetworkInterface struct {
	Association        Association
	Attachment         Attachment
	Description        *string
	Groups             []GroupIdentifier `wire:"groupSet"`
	Ipv6Addresses      []struct{}        `wire:"ipv6AddressesSet"`
	NetworkInterfaceId string
	OwnerId            string
	PrivateDnsName     string
	PrivateIpAddress   string
	PrivateIpAddresses []PrivateIP `wire:"privateIpAddressesSet"`
	SourceDestCheck    bool
	Status             string
	SubnetId           string
	VpcId              string
	InterfaceType      string
}

// Association is the public address of an interface.
type Association struct {
	IpOwnerId     string
	PublicDnsName *string
	PublicIp      string
}

// Attachment ties an interface to its instance.
type Attachment struct {
	AttachTime          time.Time
	AttachmentId        string
	DeleteOnTermination bool
	DeviceIndex         int
	Status              string
	NetworkCardIndex    int
}

// PrivateIP is a private address of an interface.
type PrivateIP struct {
	Association      Association
	Primary          bool
	PrivateDnsName   string
	PrivateIpAddress string
}

// stateCodes are the numbers of the states.
//
// Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html
var stateCodes = map[string]string{"pending": "0", "running": "16", "shutting-down": "32", "terminated": "48"}

func state(name string) State {
	code, _ := strconv.Atoi(stateCodes[name])
	return State{code, name}
}

func stateReasonCode(i model.Instance) string {
	code, _, _ := strings.Cut(i.StateReason, ":")
	return code
}

// render tells of an instance. One that is terminated has given back its place in the network.
func render(tx *store.Tx, i model.Instance) Instance {
	info := typeInfo(i.Type)
	r := Instance{InstanceId: i.ID, ImageId: i.Image, State: state(i.State), PrivateDnsName: new(string), PublicDnsName: new(string),
		StateTransitionReason: new(string), KeyName: i.Launch.KeyName, AmiLaunchIndex: i.Launch.Index, ProductCodes: []struct{}{},
		InstanceType: i.Type.Name, LaunchTime: i.Launch.At, Placement: Placement{i.Zone, zoneID(tx, i.Subnet), new(string), "default"},
		PlatformDetails: "Linux/UNIX", Monitoring: MonitoringState{"disabled"}, SecurityGroups: []GroupIdentifier{}, Architecture: i.Type.Arch,
		RootDeviceType: "ebs", RootDeviceName: "/dev/xvda", BlockDeviceMappings: []struct{}{}, VirtualizationType: "hvm", ClientToken: i.Launch.Token,
		Tags: renderTags(i.Tags), Hypervisor: "xen", NetworkInterfaces: []NetworkInterface{}, IamInstanceProfile: renderProfile(tx, i), EnaSupport: true,
		CpuOptions: CpuOptions{info.VCpuInfo.DefaultCores, info.VCpuInfo.DefaultThreadsPerCore}, UsageOperation: "RunInstances", UsageOperationUpdateTime: i.Launch.At}
	if i.StateReason != "" {
		r.StateReason = &StateReason{stateReasonCode(i), i.StateReason}
		if stateReasonCode(i) == "Client.UserInitiatedShutdown" {
			r.StateTransitionReason = ptr("User initiated")
		}
	}
	if i.State == "terminated" {
		if *r.StateTransitionReason != "" {
			*r.StateTransitionReason += " (" + moment(i.Ended) + ")"
		}
		return r
	}
	r.SubnetId, r.VpcId, r.PrivateIpAddress, r.PublicIpAddress = i.Subnet, i.VPC, i.PrivateIP, i.Host
	r.PrivateDnsName, r.SourceDestCheck, r.SecurityGroups = ptr(privateName(tx, i)), ptr(true), identifiers(tx, i.Groups)
	r.NetworkInterfaces = []NetworkInterface{renderInterface(tx, i, r)}
	return r
}

func renderInterface(tx *store.Tx, i model.Instance, r Instance) NetworkInterface {
	public := Association{"amazon", r.PublicDnsName, i.Host}
	return NetworkInterface{Association: public, Description: new(string), Groups: r.SecurityGroups, Ipv6Addresses: []struct{}{},
		NetworkInterfaceId: "eni-" + derived(i.ID, "eni"), OwnerId: tx.Scope().Account, PrivateDnsName: *r.PrivateDnsName, PrivateIpAddress: i.PrivateIP,
		PrivateIpAddresses: []PrivateIP{{public, true, *r.PrivateDnsName, i.PrivateIP}}, SourceDestCheck: true, Status: "in-use",
		SubnetId: i.Subnet, VpcId: i.VPC, InterfaceType: "interface",
		Attachment: Attachment{AttachTime: i.Launch.At, AttachmentId: "eni-attach-" + derived(i.ID, "attachment"), DeleteOnTermination: true, Status: "attached"}}
}

// derived returns 17 hex digits that name one part of a thing.
func derived(id, part string) string {
	sum := sha256.Sum256([]byte(id + "/" + part))
	return hex.EncodeToString(sum[:])[:17]
}

// privateName is the name of an instance within its VPC.
//
// Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
func privateName(tx *store.Tx, i model.Instance) string {
	domain := tx.Scope().Region + ".compute.internal"
	if tx.Scope().Region == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(i.PrivateIP, ".", "-") + "." + domain
}

func renderProfile(tx *store.Tx, i model.Instance) *Profile {
	arn := i.Launch.Profile
	switch {
	case arn == "":
		return nil
	case !strings.HasPrefix(arn, "arn:"):
		arn = "arn:" + tx.Scope().Partition() + ":iam::" + tx.Scope().Account + ":instance-profile/" + arn
	}
	return &Profile{arn, "AIPA" + strings.ToUpper(derived(arn, "profile"))}
}

func zoneID(tx *store.Tx, subnet string) string {
	s, _ := store.Subnets.Get(tx, subnet)
	return s.ZoneID
}

// identifiers returns the groups with their names.
func identifiers(tx *store.Tx, groups []string) []GroupIdentifier {
	out := []GroupIdentifier{}
	for _, id := range groups {
		g, _ := store.SecurityGroups.Get(tx, id)
		out = append(out, GroupIdentifier{id, g.Name})
	}
	return out
}

func groupNames(tx *store.Tx, groups []string) (names []string) {
	for _, g := range identifiers(tx, groups) {
		names = append(names, g.GroupName)
	}
	return names
}
