package ec2

import (
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// family is a line of instance types in which memory is proportional to processors.
type family struct {
	name  string
	gib   int      // memory of each vCPU
	arch  string   // x86_64 or arm64
	sizes []string // size=vCPUs
}

// families are the ones that container instances commonly are.
//
// Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html and its neighbours
var families = []family{
	{"m5", 4, "x86_64", intel5},
	{"m6i", 4, "x86_64", intel6},
	{"m6g", 4, "arm64", graviton},
	{"m7i", 4, "x86_64", intel7},
	{"m7g", 4, "arm64", graviton},
	{"c5", 2, "x86_64", []string{"large=2", "xlarge=4", "2xlarge=8", "4xlarge=16", "9xlarge=36", "12xlarge=48", "18xlarge=72", "24xlarge=96", "metal=96"}},
	{"c6i", 2, "x86_64", intel6},
	{"c6g", 2, "arm64", graviton},
	{"c7i", 2, "x86_64", intel7},
	{"c7g", 2, "arm64", graviton},
	{"r5", 8, "x86_64", intel5},
	{"r6i", 8, "x86_64", intel6},
	{"r6g", 8, "arm64", graviton},
}

var (
	intel5 = []string{"large=2", "xlarge=4", "2xlarge=8", "4xlarge=16", "8xlarge=32", "12xlarge=48", "16xlarge=64", "24xlarge=96", "metal=96"}
	intel6 = []string{"large=2", "xlarge=4", "2xlarge=8", "4xlarge=16", "8xlarge=32", "12xlarge=48", "16xlarge=64", "24xlarge=96", "32xlarge=128", "metal=128"}
	intel7 = []string{"large=2", "xlarge=4", "2xlarge=8", "4xlarge=16", "8xlarge=32", "12xlarge=48", "16xlarge=64", "24xlarge=96", "48xlarge=192",
		"metal-24xl=96", "metal-48xl=192"}
	graviton = []string{"medium=1", "large=2", "xlarge=4", "2xlarge=8", "4xlarge=16", "8xlarge=32", "12xlarge=48", "16xlarge=64", "metal=64"}
)

// burstable types follow no proportion.
var burstable = []struct {
	families, size string
	vcpu, memory   int
}{
	{"t2", "nano", 1, 512}, {"t2", "micro", 1, 1024}, {"t2", "small", 1, 2048},
	{"t3 t3a t4g", "nano", 2, 512}, {"t3 t3a t4g", "micro", 2, 1024}, {"t3 t3a t4g", "small", 2, 2048},
	{"t2 t3 t3a t4g", "medium", 2, 4096}, {"t2 t3 t3a t4g", "large", 2, 8192},
	{"t2 t3 t3a t4g", "xlarge", 4, 16384}, {"t2 t3 t3a t4g", "2xlarge", 8, 32768},
}

// types holds every instance type, by name. m1.small is there because RunInstances falls back on it.
var types = listTypes()

const fallbackType = "m1.small"

func listTypes() []model.InstanceType {
	all := []model.InstanceType{{Name: fallbackType, VCPU: 1, Memory: 1740, Arch: "x86_64", ENIs: 2}}
	for _, b := range burstable {
		for f := range strings.FieldsSeq(b.families) {
			arch := "x86_64"
			if f == "t4g" {
				arch = "arm64"
			}
			all = append(all, model.InstanceType{Name: f + "." + b.size, VCPU: b.vcpu, Memory: b.memory, Arch: arch, ENIs: burstableENIs(f, b.size)})
		}
	}
	for _, f := range families {
		for _, s := range f.sizes {
			size, n, _ := strings.Cut(s, "=")
			vcpu, _ := strconv.Atoi(n)
			all = append(all, model.InstanceType{Name: f.name + "." + size, VCPU: vcpu, Memory: vcpu * f.gib * 1024, Arch: f.arch, ENIs: enis(vcpu)})
		}
	}
	slices.SortFunc(all, func(a, b model.InstanceType) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// enis returns how many network interfaces an instance of one of the families can have.
//
// Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/gp.html (network specifications) and its neighbours
func enis(vcpu int) int {
	switch {
	case vcpu <= 1:
		return 2
	case vcpu <= 2:
		return 3
	case vcpu <= 8:
		return 4
	case vcpu <= 48:
		return 8
	}
	return 15
}

// burstableENIs is enis for burstable types.
func burstableENIs(family, size string) int {
	switch {
	case size == "nano" || size == "micro" || family == "t3a" && size == "small":
		return 2
	case family == "t2" || !strings.HasSuffix(size, "xlarge"):
		return 3
	}
	return 4
}

// Type returns the instance type of a name.
func Type(name string) (model.InstanceType, bool) {
	i, ok := slices.BinarySearchFunc(types, name, func(t model.InstanceType, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return model.InstanceType{}, false
	}
	return types[i], true
}

// DescribeInstanceTypesInput asks what instance types there are.
type DescribeInstanceTypesInput struct {
	DryRun        *bool
	InstanceTypes []string `wire:"InstanceType"`
	Filters       []Filter `wire:"Filter"`
	MaxResults    *int32
	NextToken     *string
}

// DescribeInstanceTypesOutput is one page of them.
type DescribeInstanceTypesOutput struct {
	InstanceTypes []TypeInfo `wire:"instanceTypeSet"`
	NextToken     *string
}

// TypeInfo is what EC2 says of an instance type, as far as it is true here.
type TypeInfo struct {
	InstanceType                  string
	CurrentGeneration             bool
	FreeTierEligible              bool
	SupportedUsageClasses         []string
	SupportedRootDeviceTypes      []string
	SupportedVirtualizationTypes  []string
	BareMetal                     bool
	Hypervisor                    string
	ProcessorInfo                 ProcessorInfo
	VCpuInfo                      VCpuInfo
	MemoryInfo                    MemoryInfo
	NetworkInfo                   NetworkInfo
	InstanceStorageSupported      bool
	HibernationSupported          bool
	BurstablePerformanceSupported bool
	DedicatedHostsSupported       bool
	AutoRecoverySupported         bool
}

// ProcessorInfo names the architecture of a type.
type ProcessorInfo struct{ SupportedArchitectures []string }

// VCpuInfo counts the processors of a type.
type VCpuInfo struct {
	DefaultVCpus          int `wire:"defaultVCpus"`
	DefaultCores          int
	DefaultThreadsPerCore int
}

// MemoryInfo is the memory of a type.
type MemoryInfo struct {
	SizeInMiB int `wire:"sizeInMiB"`
}

// NetworkInfo is how many network interfaces an instance of a type can have.
type NetworkInfo struct{ MaximumNetworkInterfaces int }

func describeInstanceTypes(_ *store.Tx, in *DescribeInstanceTypesInput) (*DescribeInstanceTypesOutput, error) {
	if len(in.InstanceTypes) > 100 {
		return nil, fail("InvalidParameterValue", "You can specify up to 100 instance types.")
	}
	if len(in.InstanceTypes) > 0 && in.MaxResults != nil {
		return nil, fail("InvalidParameterCombination", "The parameter InstanceTypes cannot be used with the parameter MaxResults")
	}
	var unknown []string
	for _, name := range in.InstanceTypes {
		if _, ok := Type(name); !ok {
			unknown = append(unknown, name)
		}
	}
	if unknown != nil {
		return nil, fail("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", strings.Join(unknown, ", "))
	}
	infos := make([]TypeInfo, 0, len(types))
	for _, t := range types {
		if len(in.InstanceTypes) == 0 || slices.Contains(in.InstanceTypes, t.Name) {
			infos = append(infos, typeInfo(t))
		}
	}
	infos, err := filtered(infos, typeProperties, in.Filters)
	if err != nil {
		return nil, err
	}
	infos, next, err := page(infos, func(t TypeInfo) string { return t.InstanceType }, paging{in.MaxResults, in.NextToken, 5, 100, 100})
	return &DescribeInstanceTypesOutput{infos, next}, err
}

func typeInfo(t model.InstanceType) TypeInfo {
	f, size, _ := strings.Cut(t.Name, ".")
	old, metal := f == "m1" || f == "t2", strings.HasPrefix(size, "metal")
	i := TypeInfo{InstanceType: t.Name, CurrentGeneration: f != "m1", FreeTierEligible: size == "micro" && (f == "t2" || f == "t3"),
		SupportedUsageClasses: []string{"on-demand"}, SupportedRootDeviceTypes: []string{"ebs"}, SupportedVirtualizationTypes: []string{"hvm"},
		BareMetal: metal, Hypervisor: "nitro", ProcessorInfo: ProcessorInfo{[]string{t.Arch}}, MemoryInfo: MemoryInfo{t.Memory}, NetworkInfo: NetworkInfo{t.ENIs},
		VCpuInfo: VCpuInfo{t.VCPU, t.VCPU, 1}, BurstablePerformanceSupported: f[0] == 't'}
	switch {
	case metal:
		i.Hypervisor = ""
	case old:
		i.Hypervisor = "xen"
	}
	if t.Arch == "x86_64" && !old {
		i.VCpuInfo.DefaultCores, i.VCpuInfo.DefaultThreadsPerCore = t.VCPU/2, 2
	}
	return i
}

var typeProperties = properties[TypeInfo]{by: map[string]func(TypeInfo) []string{
	"auto-recovery-supported":                 one(func(t TypeInfo) string { return strconv.FormatBool(t.AutoRecoverySupported) }),
	"bare-metal":                              one(func(t TypeInfo) string { return strconv.FormatBool(t.BareMetal) }),
	"burstable-performance-supported":         one(func(t TypeInfo) string { return strconv.FormatBool(t.BurstablePerformanceSupported) }),
	"current-generation":                      one(func(t TypeInfo) string { return strconv.FormatBool(t.CurrentGeneration) }),
	"free-tier-eligible":                      one(func(t TypeInfo) string { return strconv.FormatBool(t.FreeTierEligible) }),
	"hypervisor":                              one(func(t TypeInfo) string { return t.Hypervisor }),
	"instance-storage-supported":              one(func(t TypeInfo) string { return strconv.FormatBool(t.InstanceStorageSupported) }),
	"instance-type":                           one(func(t TypeInfo) string { return t.InstanceType }),
	"memory-info.size-in-mib":                 one(func(t TypeInfo) string { return strconv.Itoa(t.MemoryInfo.SizeInMiB) }),
	"network-info.maximum-network-interfaces": one(func(t TypeInfo) string { return strconv.Itoa(t.NetworkInfo.MaximumNetworkInterfaces) }),
	"processor-info.supported-architecture":   func(t TypeInfo) []string { return t.ProcessorInfo.SupportedArchitectures },
	"supported-root-device-type":              func(t TypeInfo) []string { return t.SupportedRootDeviceTypes },
	"supported-usage-class":                   func(t TypeInfo) []string { return t.SupportedUsageClasses },
	"supported-virtualization-type":           func(t TypeInfo) []string { return t.SupportedVirtualizationTypes },
	"vcpu-info.default-cores":                 one(func(t TypeInfo) string { return strconv.Itoa(t.VCpuInfo.DefaultCores) }),
	"vcpu-info.default-threads-per-core":      one(func(t TypeInfo) string { return strconv.Itoa(t.VCpuInfo.DefaultThreadsPerCore) }),
	"vcpu-info.default-vcpus":                 one(func(t TypeInfo) string { return strconv.Itoa(t.VCpuInfo.DefaultVCpus) }),
}}
