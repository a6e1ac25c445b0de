package ecs

import (
	"slices"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// platforms are Fargate's platform versions for Linux that can be asked for.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html
var platforms = []string{model.NewestPlatform, model.LatestPlatform, "1.3.0"}

// platform checks the platform version that tasks of def on Fargate are to have.
func platform(def model.TaskDef, version *string) (string, error) {
	v := or(aws.ToString(version), model.NewestPlatform)
	switch {
	case !slices.Contains(platforms, v):
		return "", &types.PlatformUnknownException{Message: aws.String("The specified platform version does not exist.")}
	case v == "1.3.0" && newPlatform(def.Doc):
		return "", &types.PlatformTaskDefinitionIncompatibilityException{
			Message: aws.String("The specified platform version does not satisfy the required capabilities of the task definition.")}
	}
	return v, nil
}

// newPlatform reports whether a definition uses what came with platform version 1.4.0.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-linux-fargate.html,
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html
func newPlatform(d types.TaskDefinition) bool {
	if d.EphemeralStorage != nil || d.PidMode != "" || d.RuntimePlatform != nil && d.RuntimePlatform.CpuArchitecture == types.CPUArchitectureArm64 {
		return true
	}
	return slices.ContainsFunc(d.ContainerDefinitions, func(c types.ContainerDefinition) bool {
		traces := c.LinuxParameters != nil && c.LinuxParameters.Capabilities != nil && len(c.LinuxParameters.Capabilities.Add) > 0
		return traces || len(c.SystemControls) > 0 || c.RestartPolicy != nil
	})
}

// showPlatform is the platform version as the client asked for it, and the family.
func showPlatform(c model.Capacity) (version, family *string) {
	if !c.OnFargate() {
		return nil, nil
	}
	return aws.String(or(c.Platform, model.NewestPlatform)), aws.String(linux)
}

// showResolved is the platform version that it resolves to, as deployments and revisions have it.
//
// Source: the answers of https://docs.aws.amazon.com/cli/latest/reference/ecs/update-service.html
func showResolved(c model.Capacity) (version, family *string) {
	c.Platform = c.Resolved()
	return showPlatform(c)
}

const linux = "Linux" // the platform family; Windows is refused at registration
