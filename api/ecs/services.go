package ecs

import (
	"reflect"
	"slices"
	"time"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// createService writes down a service with its first deployment; the services stage starts tasks.
// The same call once more answers the service that is there.
func createService(tx *store.Tx, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	if err := checkCreate(in); err != nil {
		return nil, err
	}
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	s, err := newService(tx, c, in)
	if err != nil {
		return nil, err
	}
	switch old, ok := store.Services.Get(tx, s.Key()); {
	case ok && old.Status == draining:
		return nil, invalid("Unable to Start a service that is still Draining.")
	case ok && old.Status == active:
		if !sameService(old, s) {
			return nil, invalid("Creation of service was not idempotent.")
		}
		return &ecs.CreateServiceOutput{Service: new(showService(tx, old, len(old.Tags) > 0))}, nil
	}
	if !s.External() {
		openDeployment(tx, &s)
	}
	store.Services.Put(tx, s)
	return &ecs.CreateServiceOutput{Service: new(showService(tx, s, len(s.Tags) > 0))}, nil
}

func checkCreate(in *ecs.CreateServiceInput) error {
	switch name := aws.ToString(in.ServiceName); {
	case name == "":
		return invalid("Service name can not be blank.")
	case !validName(name):
		return invalid("Service name must be 1 to 255 letters, numbers, hyphens and underscores.")
	case len(aws.ToString(in.ClientToken)) > 36:
		return invalid("Client token can have at most 36 characters.")
	}
	if in.SchedulingStrategy != "" && !slices.Contains(in.SchedulingStrategy.Values(), in.SchedulingStrategy) {
		return invalid("Invalid scheduling strategy: %s", in.SchedulingStrategy)
	}
	return refuseIn(in, serviceSupport)
}

// newService is the row of a service that was checked, with its first deployment.
func newService(tx *store.Tx, c model.Cluster, in *ecs.CreateServiceInput) (s model.Service, err error) {
	if external(in.DeploymentController) {
		return newExternal(tx, c.Name, in)
	}
	def, err := serviceTaskDef(tx, in.TaskDefinition)
	if err != nil {
		return s, err
	}
	daemon := in.SchedulingStrategy == types.SchedulingStrategyDaemon
	if in.DesiredCount == nil && !daemon {
		return s, invalid("Desired count must be specified for the REPLICA scheduling strategy.")
	}
	s = model.Service{Name: *in.ServiceName, Cluster: c.Name, Status: active, Created: tx.Now(), Creator: tx.Caller().Entity(),
		Token: aws.ToString(in.ClientToken), Spec: model.ServiceSpec{MinPercent: 100, MaxPercent: 200,
			Scheduling: string(or(in.SchedulingStrategy, types.SchedulingStrategyReplica)), PropagateTags: string(types.PropagateTagsNone),
			ManagedTags: in.EnableECSManagedTags}}
	if daemon {
		s.Spec.MinPercent, s.Spec.MaxPercent = 0, 100
	}
	if s.Tags, err = newTags(in.Tags); err != nil {
		return s, err
	}
	lbs, err := serviceLBs(tx, def, in.LoadBalancers)
	if err != nil {
		return s, err
	}
	where, err := capacity(tx, c, def, wish{LaunchType: in.LaunchType, Strategy: in.CapacityProviderStrategy, Platform: in.PlatformVersion,
		Network: in.NetworkConfiguration, Constraints: in.PlacementConstraints, Placement: in.PlacementStrategy, Daemon: daemon})
	if err != nil {
		return s, err
	}
	s.Deployments = []model.Deployment{newDeployment(tx, def, lbs, where)}
	return s, setService(&s, serviceChange{Desired: in.DesiredCount, Config: in.DeploymentConfiguration, Controller: in.DeploymentController,
		Grace: in.HealthCheckGracePeriodSeconds, Constraints: full(in.PlacementConstraints), Strategy: full(in.PlacementStrategy),
		Propagate: in.PropagateTags, Rebalancing: in.AvailabilityZoneRebalancing})
}

// sameService reports whether a repeated CreateService asks for what is there.
func sameService(old, s model.Service) bool {
	o, n := old.Primary(), s.Primary()
	daemon := s.Spec.Scheduling == string(types.SchedulingStrategyDaemon) // its count is not the client's
	same := old.External() || o.Def == n.Def && slices.Equal(o.LBs, n.LBs) && sameCapacity(o.Capacity, n.Capacity)
	return same && old.Token == s.Token && (daemon || old.Desired == s.Desired) &&
		reflect.DeepEqual(old.Spec, s.Spec) && slices.Equal(old.Tags, s.Tags)
}

func newDeployment(tx *store.Tx, def model.TaskDef, lbs []model.ServiceLB, where model.Capacity) model.Deployment {
	id := ids.Deployment()
	return model.Deployment{ID: id, Status: primary, Def: def.Key(), LBs: lbs, Capacity: where, Created: tx.Now(), Updated: tx.Now(),
		State: string(types.DeploymentRolloutStateInProgress), Reason: "ECS deployment " + id + " in progress."}
}

// serviceTaskDef finds the task definition of a service, which must be ACTIVE.
func serviceTaskDef(tx *store.Tx, ref *string) (model.TaskDef, error) {
	d, ok, err := taskDef(tx, ref)
	switch {
	case err != nil:
		return d, err
	case !ok:
		return d, refused("TaskDefinition not found.")
	case d.Status != active:
		return d, refused("TaskDefinition is inactive")
	}
	return d, nil
}

// updateService changes a service. Another definition or other load balancers, or force, make a new
// PRIMARY deployment; the former ones are ACTIVE until their tasks are gone.
func updateService(tx *store.Tx, in *ecs.UpdateServiceInput) (*ecs.UpdateServiceOutput, error) {
	if err := refuseIn(in, serviceSupport); err != nil {
		return nil, err
	}
	s, err := service(tx, in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if s.Status != active {
		return nil, serviceNotActive()
	}
	before := s.Primary().ID
	if err := redeploy(tx, &s, in); err != nil {
		return nil, err
	}
	if in.EnableECSManagedTags != nil {
		s.Spec.ManagedTags = *in.EnableECSManagedTags
	}
	if err := setService(&s, serviceChange{Desired: in.DesiredCount, Config: in.DeploymentConfiguration, Controller: in.DeploymentController,
		Grace: in.HealthCheckGracePeriodSeconds, Constraints: in.PlacementConstraints, Strategy: in.PlacementStrategy,
		Propagate: in.PropagateTags, Rebalancing: in.AvailabilityZoneRebalancing}); err != nil {
		return nil, err
	}
	if s.Primary().ID != before {
		openDeployment(tx, &s)
	}
	store.Services.Put(tx, s)
	return &ecs.UpdateServiceOutput{Service: new(showService(tx, s, false))}, nil
}

// redeploy puts a new PRIMARY deployment first if the call asks for one.
func redeploy(tx *store.Tx, s *model.Service, in *ecs.UpdateServiceInput) error {
	if s.External() {
		return checkExternalUpdate(in)
	}
	ref, now := in.TaskDefinition, s.Primary()
	if ref == nil {
		ref = &now.Def
	}
	def, err := serviceTaskDef(tx, ref)
	if in.TaskDefinition == nil && !in.ForceNewDeployment && in.LoadBalancers == nil && !moves(in) {
		return nil // a definition that became INACTIVE meanwhile goes on
	}
	if err != nil {
		return err
	}
	lbs := now.LBs
	if in.LoadBalancers != nil {
		lbs, err = serviceLBs(tx, def, in.LoadBalancers)
	} else {
		err = checkLBs(tx, def, lbs)
	}
	if err != nil {
		return err
	}
	where, err := newCapacity(tx, s, def, in)
	if err != nil {
		return err
	}
	if !in.ForceNewDeployment && def.Key() == now.Def && slices.Equal(lbs, now.LBs) && sameCapacity(where, now.Capacity) {
		return nil
	}
	s.Deployments = append([]model.Deployment{newDeployment(tx, def, lbs, where)}, marked(s.Deployments, active, tx.Now())...)
	return nil
}

// marked returns deployments, or task sets, with a status that all of them come to.
func marked(ds []model.Deployment, status string, now time.Time) []model.Deployment {
	ds = slices.Clone(ds)
	for i := range ds {
		if ds[i].Status != status {
			ds[i].Status, ds[i].Updated = status, now
		}
	}
	return ds
}

// deleteService makes a service that was scaled to 0, a daemon, or any with force, DRAINING; the
// services stage stops what runs and makes it INACTIVE.
func deleteService(tx *store.Tx, in *ecs.DeleteServiceInput) (*ecs.DeleteServiceOutput, error) {
	s, err := service(tx, in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	switch {
	case s.Status == inactive:
		return nil, serviceNotFound()
	case s.Status == active && s.Desired > 0 && !aws.ToBool(in.Force) && s.Spec.Scheduling != string(types.SchedulingStrategyDaemon):
		return nil, invalid("The service cannot be stopped while it is scaled above 0.")
	case s.Status == active && s.External() && len(s.Deployments) > 0 && !aws.ToBool(in.Force):
		return nil, invalid("The service cannot be stopped while deployments are active.")
	}
	closeDeployment(tx, &s, "Service deployment stopped because the service was deleted.")
	s.Status, s.Desired = draining, 0
	if s.External() {
		s.Deployments = marked(s.Deployments, draining, tx.Now())
	}
	store.Services.Put(tx, s)
	return &ecs.DeleteServiceOutput{Service: new(showService(tx, s, false))}, nil
}

// service finds the service that a call means.
func service(tx *store.Tx, cluster, ref *string) (model.Service, error) {
	c, err := activeCluster(tx, cluster)
	if err != nil {
		return model.Service{}, err
	}
	if aws.ToString(ref) == "" {
		return model.Service{}, invalid("Service can not be blank.")
	}
	name, err := within(tx, "service", c.Name, *ref)
	if err != nil {
		return model.Service{}, err
	}
	s, ok := store.Services.Get(tx, c.Name+"/"+name)
	if !ok {
		return s, serviceNotFound()
	}
	return s, nil
}

func describeServices(tx *store.Tx, in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	switch n := len(in.Services); {
	case n == 0:
		return nil, invalid("Services cannot be empty.")
	case n > 10:
		return nil, invalid("Services can have at most 10 items.")
	}
	out := &ecs.DescribeServicesOutput{Services: []types.Service{}, Failures: []types.Failure{}}
	for _, ref := range in.Services {
		name, err := within(tx, "service", c.Name, ref)
		if err != nil {
			return nil, err
		}
		s, ok := store.Services.Get(tx, c.Name+"/"+name)
		if !ok {
			out.Failures = append(out.Failures, missing(serviceARN(tx, c.Name, name)))
			continue
		}
		out.Services = append(out.Services, showService(tx, s, slices.Contains(in.Include, types.ServiceFieldTags)))
	}
	return out, nil
}

// listServices lists the services of a cluster that are not INACTIVE.
func listServices(tx *store.Tx, in *ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
	switch {
	case in.LaunchType != "" && !slices.Contains(in.LaunchType.Values(), in.LaunchType):
		return nil, invalid("Invalid launch type: %s", in.LaunchType)
	case in.SchedulingStrategy != "" && !slices.Contains(in.SchedulingStrategy.Values(), in.SchedulingStrategy):
		return nil, invalid("Invalid scheduling strategy: %s", in.SchedulingStrategy)
	case in.ResourceManagementType != "" && !slices.Contains(in.ResourceManagementType.Values(), in.ResourceManagementType):
		return nil, invalid("Invalid resource management type: %s", in.ResourceManagementType)
	}
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return nil, err
	}
	p, err := newPage(in, in.NextToken, in.MaxResults, 10)
	if err != nil {
		return nil, err
	}
	keep := func(s model.Service) bool {
		return s.Status != inactive && (in.LaunchType == "" || in.LaunchType == showLaunchType(serving(s).Capacity)) &&
			(in.SchedulingStrategy == "" || string(in.SchedulingStrategy) == s.Spec.Scheduling) &&
			in.ResourceManagementType != types.ResourceManagementTypeEcs // those of Express Mode
	}
	arns, next := take(p, store.Services.From(tx, c.Name+"/", p.after), keep,
		func(s model.Service) string { return serviceARN(tx, s.Cluster, s.Name) })
	return &ecs.ListServicesOutput{ServiceArns: arns, NextToken: next}, nil
}
