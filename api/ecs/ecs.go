// Package ecs answers the ECS API. A handler is one transaction: it checks, writes or reads rows,
// and returns the SDK's own output type or error. It starts nothing and waits for nothing: what a
// row asks for is done by control and the agents, what they wrote down is what is answered here.
//
// A parameter that ECS knows and that has no effect here is refused by name, never ignored.
package ecs

import (
	"maps"
	"net/netip"
	"runtime"

	"github.com/drydock-ecs/drydock/api/handler"
	"github.com/drydock-ecs/drydock/api/wire"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/internal/tempo"
)

// Options is what the handlers know besides the rows.
type Options struct {
	// Arch is the container engine's architecture as Go names it; empty means this program's own.
	Arch string
	// AgentVersion and DockerVersion are shown as the versionInfo of container instances, such as
	// "1.2.0" and "20.10.24". Empty ones are left out.
	AgentVersion, DockerVersion string
	// Scale divides how long task protection lasts.
	Scale tempo.Scale
	// Public are the addresses of this machine that tasks with a public address get one of.
	Public netip.Prefix
}

// handlers are those operations that need Options.
type handlers struct {
	arch          string
	agent, docker string
	scale         tempo.Scale
	public        netip.Prefix
}

// Service returns the ECS API over s.
func Service(s *store.Store, o Options) wire.Service {
	if o.Arch == "" {
		o.Arch = runtime.GOARCH
	}
	return wire.Service{Name: "ecs", Protocol: wire.JSON11, Target: "AmazonEC2ContainerServiceV20141113", Version: "2014-11-13",
		Ops: handler.Ops(s, operations(handlers{arch: o.Arch, agent: o.AgentVersion, docker: o.DockerVersion, scale: o.Scale, public: o.Public})), Known: known}
}

// operations are those that act.
func operations(h handlers) map[string]handler.Bind {
	all := h.forTasks()
	maps.Copy(all, forServices())
	maps.Copy(all, h.forInstances())
	maps.Copy(all, forAccounts())
	return all
}

// forTasks are those about task definitions and tasks.
func (h handlers) forTasks() map[string]handler.Bind {
	return map[string]handler.Bind{
		"RegisterTaskDefinition":     handler.Write(h.registerTaskDefinition),
		"DescribeTaskDefinition":     handler.Read(describeTaskDefinition),
		"ListTaskDefinitions":        handler.Read(listTaskDefinitions),
		"ListTaskDefinitionFamilies": handler.Read(listTaskDefinitionFamilies),
		"DeregisterTaskDefinition":   handler.Write(deregisterTaskDefinition),
		"DeleteTaskDefinitions":      handler.Write(deleteTaskDefinitions),

		"RunTask":       handler.Write(h.runTask),
		"StartTask":     handler.Write(h.startTask),
		"StopTask":      handler.Write(stopTask),
		"DescribeTasks": handler.Read(describeTasks),
		"ListTasks":     handler.Read(listTasks),

		"GetTaskProtection":    handler.Read(getTaskProtection),
		"UpdateTaskProtection": handler.Write(h.updateTaskProtection),
	}
}

// forServices are those about services, their deployments and task sets.
func forServices() map[string]handler.Bind {
	return map[string]handler.Bind{
		"CreateService":    handler.Write(createService),
		"UpdateService":    handler.Write(updateService),
		"DeleteService":    handler.Write(deleteService),
		"DescribeServices": handler.Read(describeServices),
		"ListServices":     handler.Read(listServices),

		"CreateTaskSet":               handler.Write(createTaskSet),
		"UpdateTaskSet":               handler.Write(updateTaskSet),
		"DeleteTaskSet":               handler.Write(deleteTaskSet),
		"DescribeTaskSets":            handler.Read(describeTaskSets),
		"UpdateServicePrimaryTaskSet": handler.Write(updateServicePrimaryTaskSet),

		"ListServiceDeployments":     handler.Read(listServiceDeployments),
		"DescribeServiceDeployments": handler.Read(describeServiceDeployments),
		"StopServiceDeployment":      handler.Write(stopServiceDeployment),
		"DescribeServiceRevisions":   handler.Read(describeServiceRevisions),
	}
}

// forInstances are those about clusters and their capacity.
func (h handlers) forInstances() map[string]handler.Bind {
	return map[string]handler.Bind{
		"CreateCluster":         handler.Write(createCluster),
		"DescribeClusters":      handler.Read(describeClusters),
		"ListClusters":          handler.Read(listClusters),
		"UpdateCluster":         handler.Write(updateCluster),
		"UpdateClusterSettings": handler.Write(updateClusterSettings),
		"DeleteCluster":         handler.Write(deleteCluster),

		"CreateCapacityProvider":      handler.Write(createCapacityProvider),
		"UpdateCapacityProvider":      handler.Write(updateCapacityProvider),
		"DeleteCapacityProvider":      handler.Write(deleteCapacityProvider),
		"DescribeCapacityProviders":   handler.Read(describeCapacityProviders),
		"PutClusterCapacityProviders": handler.Write(putClusterCapacityProviders),

		"ListContainerInstances":        handler.Read(listContainerInstances),
		"DescribeContainerInstances":    handler.Read(h.describeContainerInstances),
		"DeregisterContainerInstance":   handler.Write(h.deregisterContainerInstance),
		"UpdateContainerInstancesState": handler.Write(h.updateContainerInstancesState),
		"PutAttributes":                 handler.Write(putAttributes),
		"DeleteAttributes":              handler.Write(deleteAttributes),
		"ListAttributes":                handler.Read(listAttributes),
	}
}

// forAccounts are those about settings and tags.
func forAccounts() map[string]handler.Bind {
	return map[string]handler.Bind{
		"ListAccountSettings":      handler.Read(listAccountSettings),
		"PutAccountSetting":        handler.Write(putAccountSetting),
		"PutAccountSettingDefault": handler.Write(putAccountSettingDefault),
		"DeleteAccountSetting":     handler.Write(deleteAccountSetting),

		"TagResource":         handler.Write(tagResource),
		"UntagResource":       handler.Write(untagResource),
		"ListTagsForResource": handler.Read(listTagsForResource),
	}
}

// known are the operations of the ECS API that are refused as not supported.
var known = []string{
	"AssociateGatewayWithCluster", "ContinueServiceDeployment", "CreateDaemon",
	"CreateExpressGatewayService", "CreateGateway",
	"DeleteDaemon", "DeleteDaemonTaskDefinition", "DeleteExpressGatewayService", "DeleteGateway",
	"DescribeDaemon",
	"DescribeDaemonDeployments", "DescribeDaemonRevisions", "DescribeDaemonTaskDefinition",
	"DescribeExpressGatewayService", "DescribeGateway", "DescribeGatewayResources", "DescribeGatewayRoute",
	"DisassociateGatewayFromCluster",
	"DiscoverPollEndpoint", "ExecuteCommand", "ListDaemonDeployments", "ListDaemonTaskDefinitions",
	"ListDaemons", "ListGatewayClusterAssociations", "ListGatewayRoutes", "ListGateways",
	"ListServicesByNamespace",
	"RegisterContainerInstance", "RegisterDaemonTaskDefinition",
	"SubmitAttachmentStateChanges", "SubmitContainerStateChange", "SubmitTaskStateChange",
	"UpdateContainerAgent", "UpdateDaemon", "UpdateExpressGatewayService", "UpdateGateway",
}
