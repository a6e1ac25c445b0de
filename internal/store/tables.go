package store

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/drydock-ecs/drydock/internal/model"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The tables. Keys are those of the rows' Key methods.
var (
	Regions            = table[model.Region]("regions")
	Clusters           = table[model.Cluster]("clusters")
	Families           = table[model.Family]("families")
	TaskDefs           = table[model.TaskDef]("taskdefs")
	Tasks              = table[model.Task]("tasks")
	Services           = table[model.Service]("services")
	ServiceDeployments = table[model.ServiceDeployment]("servicedeployments")
	ServiceRevisions   = table[model.ServiceRevision]("servicerevisions")
	Instances          = table[model.Instance]("instances")
	ContainerInstances = table[model.ContainerInstance]("containerinstances")
	CapacityProviders  = table[model.CapacityProvider]("capacityproviders")
	AccountSettings    = table[model.AccountSetting]("accountsettings")
	VPCs               = table[model.VPC]("vpcs")
	Subnets            = table[model.Subnet]("subnets")
	SecurityGroups     = table[model.SecurityGroup]("securitygroups")
	SecurityGroupRules = table[model.SecurityGroupRule]("securitygrouprules")
	NetworkInterfaces  = table[model.NetworkInterface]("networkinterfaces")
	InternetGateways   = table[model.InternetGateway]("internetgateways")
	RouteTables        = table[model.RouteTable]("routetables")
	ElasticIPs         = table[model.ElasticIP]("elasticips")
	FlowLogs           = table[model.FlowLog]("flowlogs")
	LoadBalancers      = table[model.LoadBalancer]("loadbalancers")
	Listeners          = table[model.Listener]("listeners")
	TargetGroups       = table[model.TargetGroup]("targetgroups")
	Targets            = table[model.Target]("targets")
	Certificates       = table[model.Certificate]("certificates")
	Events             = table[model.Event]("events")
	Users              = table[model.User]("users")
	UserGroups         = table[model.Group]("usergroups")
	Roles              = table[model.Role]("roles")
	InstanceProfiles   = table[model.InstanceProfile]("instanceprofiles")
	ManagedPolicies    = table[model.ManagedPolicy]("managedpolicies")
	AccessKeys         = table[model.AccessKey]("accesskeys")
	Sessions           = table[model.Session]("sessions")
	Uses               = table[model.Use]("uses")
	DataKeys           = table[model.DataKey]("datakeys")
	Secrets            = table[model.Secret]("secrets")
	SecretVersions     = table[model.SecretVersion]("secretversions")
	LogGroups          = table[model.LogGroup]("loggroups")
	LogStreams         = table[model.LogStream]("logstreams")
	MetricFilters      = table[model.MetricFilter]("metricfilters")
	Subscriptions      = table[model.SubscriptionFilter]("subscriptionfilters")
	LogDestinations    = table[model.LogDestination]("logdestinations")
	Parameters         = table[model.Parameter]("parameters")
	ParameterVersions  = table[model.ParameterVersion]("parameterversions")
)

// The volatile tables.
var (
	Decisions = volatile[model.Decision]("decisions")
	Stories   = volatile[model.Story]("stories")
)

// The indexes, each named after what it finds its rows by.
var (
	// TasksByWant finds tasks by "cluster/RUNNING" or "cluster/STOPPED": their desired status.
	TasksByWant = index(Tasks, func(t model.Task) []string { return []string{t.Birth.Cluster + "/" + t.Want.String()} })
	// TasksByService finds the live tasks of a service by "cluster/service".
	TasksByService = index(Tasks, func(t model.Task) []string {
		if t.Birth.Service == "" || !t.Live() {
			return nil
		}
		return []string{t.Birth.Cluster + "/" + t.Birth.Service}
	})
	// TasksByInstance finds the live tasks of a container instance by its id.
	TasksByInstance = index(Tasks, func(t model.Task) []string {
		if t.Instance == "" || !t.Live() {
			return nil
		}
		return []string{t.Instance}
	})
	// TasksStopped finds stopped tasks under "stopped", for the reaper.
	TasksStopped = index(Tasks, func(t model.Task) []string {
		if t.Live() {
			return nil
		}
		return []string{"stopped"}
	})
	// TasksByToken finds tasks by the clientToken that started them.
	TasksByToken = index(Tasks, func(t model.Task) []string {
		if t.Birth.Token == "" {
			return nil
		}
		return []string{t.Birth.Token}
	})
	// ContainerInstancesByCluster finds container instances by cluster name, INACTIVE ones too.
	ContainerInstancesByCluster = index(ContainerInstances, func(c model.ContainerInstance) []string { return []string{c.Cluster} })
	// ContainerInstancesByEC2 finds container instances by their EC2 instance id.
	ContainerInstancesByEC2 = index(ContainerInstances, func(c model.ContainerInstance) []string { return []string{c.EC2} })
	// InstancesByCluster finds the instances that are not terminated by the cluster that their user data names.
	InstancesByCluster = index(Instances, func(i model.Instance) []string {
		if i.State == "terminated" {
			return nil
		}
		return []string{i.ClusterName()}
	})
	// InstancesByProfile finds the instances that are not terminated by the key of their instance profile.
	InstancesByProfile = index(Instances, func(i model.Instance) []string {
		if i.State == "terminated" {
			return nil
		}
		return given(i.ProfileKey())
	})
	// NetworkInterfacesByAddress finds network interfaces by "subnet/address".
	NetworkInterfacesByAddress = index(NetworkInterfaces, func(n model.NetworkInterface) []string { return []string{n.Subnet + "/" + n.IP} })
	// NetworkInterfacesByOwner finds them by the id of the task or instance, or the key of the load
	// balancer, that they belong to.
	NetworkInterfacesByOwner = index(NetworkInterfaces, func(n model.NetworkInterface) []string {
		if owner := cmp.Or(n.Task, n.Instance, n.LoadBalancer); owner != "" {
			return []string{owner}
		}
		return nil
	})
	// NetworkInterfacesByGroup finds them by the ids of their security groups.
	NetworkInterfacesByGroup = index(NetworkInterfaces, func(n model.NetworkInterface) []string { return n.Groups })
	// NetworkInterfacesByAllocation finds them by the Elastic IP address that they have.
	NetworkInterfacesByAllocation = index(NetworkInterfaces, func(n model.NetworkInterface) []string {
		if n.Allocation == "" {
			return nil
		}
		return []string{n.Allocation}
	})
	// RouteTablesFor finds the route table that subnets have as their own by the subnet's id, and the main
	// one of a VPC by the VPC's.
	RouteTablesFor = index(RouteTables, func(t model.RouteTable) (ids []string) {
		if t.Main != "" {
			ids = append(ids, t.VPC)
		}
		for _, s := range t.Subnets {
			ids = append(ids, s.Subnet)
		}
		return ids
	})
	// NetworkInterfacesByPublic finds them by their public addresses.
	NetworkInterfacesByPublic = index(NetworkInterfaces, func(n model.NetworkInterface) []string {
		if n.Public == "" {
			return nil
		}
		return []string{n.Public}
	})
	// ElasticIPsByAddress finds Elastic IP addresses by the address.
	ElasticIPsByAddress = index(ElasticIPs, func(a model.ElasticIP) []string { return []string{a.IP} })
	// NetworkInterfacesByVPC finds them by the ids of their VPCs.
	NetworkInterfacesByVPC = index(NetworkInterfaces, func(n model.NetworkInterface) []string { return []string{n.VPC} })
	// RulesByGroup finds the rules of a security group.
	RulesByGroup = index(SecurityGroupRules, func(r model.SecurityGroupRule) []string { return []string{r.Group} })
	// RulesByPeer finds the rules that refer to a security group.
	RulesByPeer = index(SecurityGroupRules, func(r model.SecurityGroupRule) []string {
		if r.Peer == "" {
			return nil
		}
		return []string{r.Peer}
	})
	// TargetsByTask finds the targets that ECS registered for a task.
	TargetsByTask = index(Targets, func(t model.Target) []string {
		if t.Task == "" {
			return nil
		}
		return []string{t.Task}
	})
	// ListenersByGroup finds listeners by the target groups that their actions forward to.
	ListenersByGroup = index(Listeners, model.Listener.Groups)
	// ServicesDaemon finds the services of the DAEMON strategy by cluster name.
	ServicesDaemon = index(Services, func(s model.Service) []string {
		if s.Spec.Scheduling != string(types.SchedulingStrategyDaemon) {
			return nil
		}
		return []string{s.Cluster}
	})
	// ServicesRebalancing finds the services that rebalance over Availability Zones by cluster name.
	ServicesRebalancing = index(Services, func(s model.Service) []string {
		if !s.Rebalances() {
			return nil
		}
		return []string{s.Cluster}
	})
	// ServicesByGroup finds services by the target groups that any of their deployments joins.
	ServicesByGroup = index(Services, func(s model.Service) []string {
		var groups []string
		for _, d := range s.Deployments {
			for _, l := range d.LBs {
				if !slices.Contains(groups, l.Group) {
					groups = append(groups, l.Group)
				}
			}
		}
		return groups
	})
)

// DecisionsBy finds decisions by the id of the task, and by the GroupKey.
var DecisionsBy = index(Decisions, func(d model.Decision) []string {
	group := GroupKey(d.Cluster, d.Group)
	if !d.Placed() {
		return []string{group}
	}
	return []string{d.Task, group}
})

// Zones counts the container instances that may take tasks, by "cluster/zone".
var Zones = rollup(ContainerInstances,
	func(c model.ContainerInstance) []string {
		if c.Status != "ACTIVE" || !c.Connected {
			return nil
		}
		return []string{c.Cluster + "/" + c.Zone}
	},
	func(n int, _ model.ContainerInstance, sign int) int { return n + sign },
	func(n int) bool { return n == 0 })

// Addresses counts the addresses of a subnet that interfaces have, by subnet id.
var Addresses = rollup(NetworkInterfaces,
	func(n model.NetworkInterface) []string { return []string{n.Subnet} },
	func(n int, _ model.NetworkInterface, sign int) int { return n + sign },
	func(n int) bool { return n == 0 })

// StandardParameters counts the parameters of the Standard tier, which are limited, at "".
var StandardParameters = rollup(Parameters,
	func(p model.Parameter) []string {
		if p.Tier != "Standard" {
			return nil
		}
		return []string{""}
	},
	func(n int, _ model.Parameter, sign int) int { return n + sign },
	func(n int) bool { return n == 0 })

// FiltersOfGroup counts the metric filters of a log group, by its name.
var FiltersOfGroup = rollup(MetricFilters,
	func(f model.MetricFilter) []string { return []string{f.Group} },
	func(n int, _ model.MetricFilter, sign int) int { return n + sign },
	func(n int) bool { return n == 0 })

// Used is what live tasks take from one container instance.
type Used struct {
	CPU, Memory      int
	ENIs             int // network interfaces
	Running, Pending int // tasks
}

// Usage sums what live tasks take, by container instance id.
var Usage = rollup(Tasks,
	func(t model.Task) []string {
		if t.Instance == "" || !t.Live() {
			return nil
		}
		return []string{t.Instance}
	},
	func(u Used, t model.Task, sign int) Used {
		u.CPU += sign * t.Needs.CPU
		u.Memory += sign * t.Needs.Memory
		u.ENIs += sign * t.Needs.ENIs
		if t.Is == model.Running {
			u.Running += sign
		} else if t.Is < model.Running {
			u.Pending += sign
		}
		return u
	},
	func(u Used) bool { return u == Used{} })

// Ports are the host ports that live tasks hold on one container instance: fixed ones and those the
// engine bound.
func Ports(tx *Tx, instance string) (ps []model.HostPort) {
	for t := range TasksByInstance.Each(tx, instance) {
		ps = append(ps, t.HostPorts()...)
	}
	return ps
}

// Count is how many tasks stand where. Tasks that were asked to stop count in neither Running nor
// Pending, as ECS counts them, until they stopped.
type Count struct {
	Running, Pending, Live         int
	RunningFargate, PendingFargate int // those on Fargate
}

// Counts counts tasks by "cluster", by "cluster/service" and by "cluster/service/deployment id".
var Counts = rollup(Tasks,
	func(t model.Task) []string {
		if !t.Live() {
			return nil
		}
		b := t.Birth
		if b.Service == "" {
			return []string{b.Cluster}
		}
		return []string{b.Cluster, b.Cluster + "/" + b.Service, b.Cluster + "/" + b.Service + "/" + b.Deployment}
	},
	func(n Count, t model.Task, sign int) Count {
		n.Live += sign
		fargate := 0
		if t.OnFargate() {
			fargate = sign
		}
		switch {
		case t.Is == model.Running:
			n.Running += sign
			n.RunningFargate += fargate
		case t.Is < model.Running && t.Want == model.Running:
			n.Pending += sign
			n.PendingFargate += fargate
		}
		return n
	},
	func(n Count) bool { return n == Count{} })

// Groups counts the tasks that are wanted on a container instance, by "cluster/group/instance id":
// what spreading and distinctInstance look at. Tasks that were asked to stop do not count.
var Groups = rollup(Tasks,
	func(t model.Task) []string {
		if t.Instance == "" || !t.Live() || t.Want != model.Running {
			return nil
		}
		return []string{GroupPrefix(t.Birth.Cluster, t.Birth.Group) + t.Instance}
	},
	func(n int, _ model.Task, sign int) int { return n + sign },
	func(n int) bool { return n == 0 })

// GroupSubnets counts the tasks that are wanted and have a network interface of their own, by
// "cluster/group/subnet id": what balancing over zones looks at. Tasks that were asked to stop do not
// count.
var GroupSubnets = rollup(Tasks,
	func(t model.Task) []string {
		if t.ENI == nil || !t.Live() || t.Want != model.Running {
			return nil
		}
		return []string{GroupPrefix(t.Birth.Cluster, t.Birth.Group) + t.ENI.Subnet}
	},
	func(n int, _ model.Task, sign int) int { return n + sign },
	func(n int) bool { return n == 0 })

// GroupKey names a task group of a cluster. A group may hold any character that a client likes, so it is
// quoted.
func GroupKey(cluster, group string) string { return cluster + "/" + strconv.Quote(group) }

// GroupPrefix is the key prefix in Groups and GroupSubnets of one task group of a cluster.
func GroupPrefix(cluster, group string) string { return GroupKey(cluster, group) + "/" }
