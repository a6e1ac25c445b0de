package ec2

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/nic"
	"github.com/drydock-ecs/drydock/internal/store"
)

// Reservation is the instances of one request.
type Reservation struct {
	ReservationId string
	OwnerId       string
	Groups        []GroupIdentifier `wire:"groupSet"`
	Instances     []Instance        `wire:"instancesSet"`
}

// Instance is an instance as EC2 tells of it. PublicIpAddress is an address of this machine, where the
// ports that its tasks bound answer too.
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
	PublicIpAddress          *string `wire:"ipAddress"`
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
	NetworkInterfaces        []InstanceInterface `wire:"networkInterfaceSet"`
	IamInstanceProfile       *Profile
	EbsOptimized             bool
	EnaSupport               bool
	CpuOptions               CpuOptions
	MetadataOptions          MetadataOptions
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
		Tags: renderTags(i.Tags), Hypervisor: "xen", NetworkInterfaces: []InstanceInterface{}, IamInstanceProfile: renderProfile(tx, i), EnaSupport: true, MetadataOptions: renderMetadata(i.Launch.Metadata),
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
	r.SubnetId, r.VpcId, r.PrivateIpAddress, r.PrivateDnsName = i.Subnet, i.VPC, i.PrivateIP, ptr(tx.Scope().PrivateName(i.PrivateIP))
	r.NetworkInterfaces = instanceInterfaces(tx, i)
	if first, ok := nic.Primary(tx, i.ID); ok {
		r.SourceDestCheck, r.SecurityGroups = ptr(!first.NoDestCheck), identifiers(tx, first.Groups)
		if first.Public != "" {
			r.PublicIpAddress, r.PublicDnsName = &first.Public, ptr(publicName(tx, first))
		}
	}
	return r
}

// derived returns 17 hex digits that name one part of a thing.
func derived(id, part string) string {
	sum := sha256.Sum256([]byte(id + "/" + part))
	return hex.EncodeToString(sum[:])[:17]
}

func renderProfile(tx *store.Tx, i model.Instance) *Profile {
	arn := i.Launch.Profile
	switch {
	case arn == "":
		return nil
	case !strings.HasPrefix(arn, "arn:"):
		arn = "arn:" + tx.Scope().Partition() + ":iam::" + tx.Scope().Account + ":instance-profile/" + arn
	}
	if p, ok := store.InstanceProfiles.Get(tx.In(tx.Scope().Global()), model.InstanceProfile{Name: arn[strings.LastIndexByte(arn, '/')+1:]}.Key()); ok {
		return &Profile{p.ARN(tx.Scope()), p.ID}
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
