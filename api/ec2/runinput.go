package ec2

// RunInstancesInput is what can be asked of new instances. Members of type any exist on AWS and do
// not act here: a request that sends one is refused by the codec, which names it.
type RunInstancesInput struct {
	DryRun             *bool
	ClientToken        *string
	ImageId            *string
	InstanceType       *string
	MinCount, MaxCount *int32
	KeyName            *string
	UserData           *string // base64
	SubnetId           *string
	PrivateIpAddress   *string
	SecurityGroupIds   []string `wire:"SecurityGroupId"`
	SecurityGroups     []string `wire:"SecurityGroup"`
	IamInstanceProfile *ProfileSpecification
	Placement          *PlacementSpecification
	NetworkInterfaces  []InterfaceSpecification `wire:"NetworkInterface"`
	TagSpecifications  []TagSpecification       `wire:"TagSpecification"`

	Monitoring                        *Enabling
	EbsOptimized                      *bool `acts:"no"`
	DisableApiTermination             *bool `acts:"no"`
	DisableApiStop                    *bool `acts:"no"`
	EnablePrimaryIpv6                 *bool `acts:"no"`
	InstanceInitiatedShutdownBehavior *string
	HibernationOptions                *Configuring
	EnclaveOptions                    *Enabling

	AdditionalInfo                   any
	BlockDeviceMappings              any `wire:"BlockDeviceMapping"`
	CapacityReservationSpecification any
	CpuOptions                       any
	CreditSpecification              any
	ElasticGpuSpecification          any
	ElasticInferenceAccelerators     any `wire:"ElasticInferenceAccelerator"`
	InstanceMarketOptions            any
	Ipv6AddressCount                 any
	Ipv6Addresses                    any `wire:"Ipv6Address"`
	KernelId                         any
	LaunchTemplate                   any
	LicenseSpecifications            any `wire:"LicenseSpecification"`
	MaintenanceOptions               any
	MetadataOptions                  *MetadataSpecification
	NetworkPerformanceOptions        any
	Operator                         any
	PrivateDnsNameOptions            any
	RamdiskId                        any
	SecondaryInterfaces              any `wire:"SecondaryInterface"`
}

// Enabling asks for something that can be enabled.
type Enabling struct {
	Enabled *bool `acts:"no"`
}

// Configuring asks for something that can be configured.
type Configuring struct {
	Configured *bool `acts:"no"`
}

// ProfileSpecification names an instance profile.
type ProfileSpecification struct{ Arn, Name *string }

// PlacementSpecification says where an instance should stand.
type PlacementSpecification struct {
	AvailabilityZone     *string
	AvailabilityZoneId   *string
	Tenancy              *string
	Affinity             any
	GroupId              any
	GroupName            *string `acts:"no"`
	HostId               any
	HostResourceGroupArn any
	PartitionNumber      any
	SpreadDomain         any
}

// InterfaceSpecification is the one network interface of an instance.
type InterfaceSpecification struct {
	DeviceIndex              *int32
	NetworkCardIndex         *int32
	SubnetId                 *string
	PrivateIpAddress         *string
	Groups                   []string `wire:"SecurityGroupId"`
	AssociatePublicIpAddress *bool
	DeleteOnTermination      *bool
	Description              *string

	AssociateCarrierIpAddress       any
	ConnectionTrackingSpecification any
	EnaQueueCount                   any
	EnaSrdSpecification             any
	InterfaceType                   any
	Ipv4Prefixes                    any `wire:"Ipv4Prefix"`
	Ipv4PrefixCount                 any
	Ipv6AddressCount                any
	Ipv6Addresses                   any
	Ipv6Prefixes                    any `wire:"Ipv6Prefix"`
	Ipv6PrefixCount                 any
	NetworkInterfaceId              any
	PrimaryIpv6                     any
	PrivateIpAddresses              any
	SecondaryPrivateIpAddressCount  any
}

// RunInstancesOutput is the reservation of the new instances.
type RunInstancesOutput = Reservation
