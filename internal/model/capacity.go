package model

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The capacity providers that every account has. Their tasks run on Fargate.
const (
	Fargate     = "FARGATE"
	FargateSpot = "FARGATE_SPOT"
)

// Capacity is where the tasks of a deployment run, and with what network.
type Capacity struct {
	LaunchType string                     `json:",omitzero"` // EC2 or FARGATE; empty with a strategy
	Strategy   []ProviderShare            `json:",omitzero"` // of capacity providers; empty with a launch type
	Platform   string                     `json:",omitzero"` // Fargate's platform version as asked for: NewestPlatform or a number; empty on EC2
	Network    *types.AwsVpcConfiguration `json:",omitzero"` // of tasks in awsvpc mode; nil for the others
}

// OnFargate reports whether its tasks run without container instances.
func (c Capacity) OnFargate() bool {
	if len(c.Strategy) > 0 {
		return IsFargate(c.Strategy[0].Provider) // providers of both kinds do not mix
	}
	return c.LaunchType == string(types.LaunchTypeFargate)
}

// LatestPlatform is Fargate's newest platform version for Linux.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html
const LatestPlatform = "1.4.0"

// NewestPlatform asks for whatever is Fargate's newest platform version.
const NewestPlatform = "LATEST"

// Resolved returns the platform version that c comes to; empty on EC2.
func (c Capacity) Resolved() string {
	switch {
	case !c.OnFargate():
		return ""
	case c.Platform == "" || c.Platform == NewestPlatform:
		return LatestPlatform
	}
	return c.Platform
}

// On returns b as that of a task of c, which takes a capacity provider of c's strategy; empty when c
// has a launch type.
func (b Birth) On(c Capacity, provider string) Birth {
	b.LaunchType, b.Provider, b.Platform = string(types.LaunchTypeEc2), provider, c.Resolved()
	if c.OnFargate() {
		b.LaunchType = string(types.LaunchTypeFargate)
	}
	return b
}

// IsFargate reports whether a capacity provider is one of Fargate's.
func IsFargate(provider string) bool { return provider == Fargate || provider == FargateSpot }

// ProviderShare is one item of a capacity provider strategy: the first Base tasks run on the
// provider, and of the others the part that Weight is of all weights.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
type ProviderShare struct {
	Provider     string
	Base, Weight int
}

// CapacityProvider lends the instances of an Auto Scaling group to clusters. Those of Fargate are no
// rows.
//
// Writers: the API.
type CapacityProvider struct {
	Name    string
	Status  string // ACTIVE or INACTIVE
	Group   string // ARN of the Auto Scaling group, as given
	Created time.Time
	Tags    Tags
	// Update tells how the last change or deletion went, as a types.CapacityProviderUpdateStatus.
	Update string
	Reason string // why the last change or deletion failed; empty when it did not
	// Doc is the rest of what the client gave, echoed.
	Doc types.AutoScalingGroupProvider
}

// GroupTag is the EC2 tag that names the Auto Scaling group of an instance.
const GroupTag = "drydock:auto-scaling-group"

// Group returns the name of the Auto Scaling group that i is in; empty for none.
func (i Instance) Group() string {
	for _, t := range i.Tags {
		if t.Key == GroupTag {
			return t.Value
		}
	}
	return ""
}

// GroupName returns the name of the Auto Scaling group: the ARN may be given in full or be the name.
func (p CapacityProvider) GroupName() string {
	if i := strings.LastIndex(p.Group, groupName); i >= 0 {
		return p.Group[i+len(groupName):]
	}
	return p.Group
}

// groupName is what stands before the name in the ARN of a group.
const groupName = ":autoScalingGroupName/"

// Key is the name.
func (p CapacityProvider) Key() string { return p.Name }
