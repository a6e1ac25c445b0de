package ecs

import (
	"fmt"
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// fargate opens a world with the cluster demo and the definition api:1, which Fargate takes.
func fargate(t testing.TB) *world {
	w := seed(t)
	w.update(func(tx *store.Tx) {
		store.TaskDefs.Put(tx, apiDef())
		store.Families.Put(tx, model.Family{Name: "api", Last: 1})
	})
	return w
}

// apiDef is a definition that Fargate takes.
func apiDef() model.TaskDef {
	return model.TaskDef{Family: "api", Revision: 1, Status: active, Doc: types.TaskDefinition{NetworkMode: types.NetworkModeAwsvpc,
		Compatibilities: []types.Compatibility{types.CompatibilityEc2, types.CompatibilityFargate}, Cpu: aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("app"), Image: aws.String("nginx:1"), Essential: aws.Bool(true),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80)}}}}}}
}

// subnet returns the id of the default subnet in a zone.
func (w *world) subnet(letter string) (id string) {
	w.update(func(tx *store.Tx) {
		for s := range store.Subnets.All(tx) {
			if s.Zone == "us-east-1"+letter {
				id = s.ID
			}
		}
	})
	return id
}

// awsvpc is a network configuration of the default subnets in some zones.
func (w *world) awsvpc(letters ...string) *types.NetworkConfiguration {
	c := &types.AwsVpcConfiguration{}
	for _, l := range letters {
		c.Subnets = append(c.Subnets, w.subnet(l))
	}
	return &types.NetworkConfiguration{AwsvpcConfiguration: c}
}

func TestFargateTasksNeedNoInstance(t *testing.T) {
	w := fargate(t)
	out := w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate, Count: aws.Int32(4), NetworkConfiguration: w.awsvpc("a", "b")})
	zones := names(out.Tasks, func(t types.Task) string { return *t.AvailabilityZone })
	w.equal(zones, "[us-east-1a us-east-1a us-east-1b us-east-1b]")
	task := out.Tasks[0]
	w.equal(line(task.LaunchType, *task.PlatformVersion, *task.PlatformFamily, *task.LastStatus, task.ContainerInstanceArn == nil, *task.Attributes[0].Value),
		"FARGATE 1.4.0 Linux PROVISIONING true x86_64")
	w.update(func(tx *store.Tx) {
		row, _ := store.Tasks.Get(tx, (*task.TaskArn)[len(*task.TaskArn)-32:])
		if row.ENI == nil || row.ENI.Subnet != w.subnetOf(tx, row.ENI.Zone) || len(row.ENI.ID) != 21 || len(row.ENI.Attachment) != 36 {
			t.Errorf("got %+v", row.ENI)
		}
	})
	stopped := must(w.client.StopTask(w.Context(), &ecs.StopTaskInput{Cluster: aws.String("demo"), Task: out.Tasks[0].TaskArn}))(w)
	again := w.run(&ecs.RunTaskInput{TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("b", "a")})
	w.equal(*again.Tasks[0].AvailabilityZone, *stopped.Task.AvailabilityZone) // where fewest are wanted
	listed := must(w.client.ListTasks(w.Context(), &ecs.ListTasksInput{Cluster: aws.String("demo"), LaunchType: types.LaunchTypeFargate}))(w)
	w.equal(len(listed.TaskArns), 4)
}

func (w *world) subnetOf(tx *store.Tx, zone string) string {
	for s := range store.Subnets.All(tx) {
		if s.Zone == zone {
			return s.ID
		}
	}
	return ""
}

func TestRunTaskOnFargateRules(t *testing.T) {
	w := fargate(t)
	w.update(func(tx *store.Tx) {
		store.Subnets.Put(tx, model.Subnet{ID: "subnet-far", VPC: "vpc-other", Zone: "us-east-1z"})
		store.SecurityGroups.Put(tx, model.SecurityGroup{ID: "sg-far", VPC: "vpc-other"})
	})
	for _, c := range []struct {
		rule, code, message string
		edit                func(in *ecs.RunTaskInput)
	}{
		{"the definition must be fit for Fargate", "InvalidParameterException", "Task definition does not support launch_type FARGATE.",
			func(in *ecs.RunTaskInput) { in.TaskDefinition, in.NetworkConfiguration = aws.String("web"), nil }},
		{"a network is required", "InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
			func(in *ecs.RunTaskInput) { in.NetworkConfiguration = nil }},
		{"subnets are required", "InvalidParameterException", "subnets can not be empty.",
			func(in *ecs.RunTaskInput) { in.NetworkConfiguration.AwsvpcConfiguration.Subnets = []string{} }},
		{"at most 16 subnets", "InvalidParameterException", "subnets can have at most 16 items.",
			func(in *ecs.RunTaskInput) { in.NetworkConfiguration.AwsvpcConfiguration.Subnets = make([]string, 17) }},
		{"a subnet must exist", "InvalidParameterException", "Error retrieving subnet information for [subnet-1]: The subnet ID 'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
			func(in *ecs.RunTaskInput) { in.NetworkConfiguration.AwsvpcConfiguration.Subnets = []string{"subnet-1"} }},
		{"one VPC", "InvalidParameterException", "All subnets must belong to the same VPC.",
			func(in *ecs.RunTaskInput) {
				a := in.NetworkConfiguration.AwsvpcConfiguration
				a.Subnets = append(slices.Clip(a.Subnets), "subnet-far")
			}},
		{"a security group must exist", "InvalidParameterException", "Error retrieving security group information for [sg-1]: The security group 'sg-1' does not exist (ErrorCode: InvalidGroup.NotFound)",
			func(in *ecs.RunTaskInput) {
				in.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups = []string{"sg-1"}
			}},
		{"a security group is of the VPC", "InvalidParameterException", "Security group sg-far does not appear to belong to the same VPC as the input subnets.",
			func(in *ecs.RunTaskInput) {
				in.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups = []string{"sg-far"}
			}},
		{"at most 5 security groups", "InvalidParameterException", "securityGroups can have at most 5 items.",
			func(in *ecs.RunTaskInput) {
				in.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups = make([]string, 6)
			}},
		{"a security group has a name", "InvalidParameterException", "security group can not be blank.",
			func(in *ecs.RunTaskInput) {
				in.NetworkConfiguration.AwsvpcConfiguration.SecurityGroups = make([]string, 1)
			}},
		{"assignPublicIp has two values", "InvalidParameterException", "Invalid assignPublicIp: x",
			func(in *ecs.RunTaskInput) { in.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp = "x" }},
		{"public addresses are Fargate's", "InvalidParameterException", "Assign public IP is not supported for this launch type.",
			func(in *ecs.RunTaskInput) {
				in.LaunchType, in.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp = types.LaunchTypeEc2, types.AssignPublicIpEnabled
			}},
		{"platform versions exist or not", "PlatformUnknownException", "The specified platform version does not exist.",
			func(in *ecs.RunTaskInput) { in.PlatformVersion = aws.String("1.5.0") }},
		{"a platform version is Fargate's", "InvalidParameterException", "The platform version must be null when specifying an EC2 launch type.",
			func(in *ecs.RunTaskInput) {
				in.LaunchType, in.PlatformVersion = types.LaunchTypeEc2, aws.String("LATEST")
			}},
		{"no placement constraints", "InvalidParameterException", "Placement constraints are not supported with FARGATE launch type.",
			func(in *ecs.RunTaskInput) {
				in.PlacementConstraints = []types.PlacementConstraint{{Type: types.PlacementConstraintTypeDistinctInstance}}
			}},
		{"no placement strategies", "InvalidParameterException", "Placement strategies are not supported with FARGATE launch type.",
			func(in *ecs.RunTaskInput) {
				in.PlacementStrategy = []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}
			}},
		{"overrides are a size of Fargate's", "InvalidParameterException", "No Fargate configuration exists for given values: 256 CPU, 8192 memory. See the Amazon ECS documentation for the valid values.",
			func(in *ecs.RunTaskInput) { in.Overrides = &types.TaskOverride{Memory: aws.String("8192")} }},
		{"launch type or strategy", "InvalidParameterException", "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
			func(in *ecs.RunTaskInput) {
				in.CapacityProviderStrategy = []types.CapacityProviderStrategyItem{{CapacityProvider: aws.String("FARGATE"), Weight: 1}}
			}},
		{"EXTERNAL is refused", "InvalidParameterException", "Drydock does not support the launchType EXTERNAL: use EC2 or FARGATE.",
			func(in *ecs.RunTaskInput) { in.LaunchType = types.LaunchTypeExternal }},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a")}
			c.edit(in)
			_, err := w.client.RunTask(t.Context(), in)
			w.fails(err, c.code, c.message)
		})
	}
}

// interfaceOf prints how far the network interface of a task is, and what is told of it.
func (w *world) interfaceOf(t types.Task) string {
	a := t.Attachments[0]
	told := names(a.Details, func(d types.KeyValuePair) string { return *d.Name })
	addresses := names(t.Containers[0].NetworkInterfaces, func(n types.NetworkInterface) string { return *n.PrivateIpv4Address })
	return fmt.Sprint(*t.LastStatus, " ", *a.Status, " ", told, " ", addresses)
}

// moved does what the agent does: it moves a task on.
func (w *world) moved(t types.Task, to model.Status) types.Task {
	w.update(func(tx *store.Tx) {
		row, _ := store.Tasks.Get(tx, (*t.TaskArn)[len(*t.TaskArn)-32:])
		if err := row.Advance(to, tx.Now()); err != nil {
			w.Error(err)
		}
		store.Tasks.Put(tx, row)
	})
	out := must(w.client.DescribeTasks(w.Context(), &ecs.DescribeTasksInput{Cluster: aws.String("demo"), Tasks: []string{*t.TaskArn}}))(w)
	return out.Tasks[0]
}

func TestATaskHasANetworkInterface(t *testing.T) {
	w := fargate(t)
	groups := []string{"sg-1", "sg-2"}
	w.update(func(tx *store.Tx) {
		s, _ := store.Subnets.Get(tx, w.subnetOf(tx, "us-east-1a"))
		for _, g := range groups {
			store.SecurityGroups.Put(tx, model.SecurityGroup{ID: g, VPC: s.VPC, Name: g})
		}
	})
	for _, c := range []struct {
		rule string
		edit func(a *types.AwsVpcConfiguration)
		want string
	}{
		{"in the default group, without a public address", func(*types.AwsVpcConfiguration) {}, "1 default "},
		{"in the groups asked for", func(a *types.AwsVpcConfiguration) { a.SecurityGroups = groups }, "2 sg-1 "},
		{"with a public address", func(a *types.AwsVpcConfiguration) { a.AssignPublicIp = types.AssignPublicIpEnabled }, "1 default 127.66.0.1"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			in := &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a")}
			c.edit(in.NetworkConfiguration.AwsvpcConfiguration)
			task := must(w.client.RunTask(t.Context(), in))(t).Tasks[0]
			w.equal(w.interfaceOf(task), "PROVISIONING PRECREATED [subnetId] []")
			for _, c := range []struct {
				is   model.Status
				want string
			}{
				{model.Pending, "PENDING ATTACHING"}, {model.Activating, "ACTIVATING ATTACHED"}, {model.Running, "RUNNING ATTACHED"},
				{model.Deprovisioning, "DEPROVISIONING DETACHING"}, {model.Stopped, "STOPPED DELETED"},
			} {
				task = w.moved(task, c.is)
				w.equal(w.interfaceOf(task), c.want+" [macAddress networkInterfaceId privateDnsName privateIPv4Address subnetId] ["+*task.Containers[0].NetworkInterfaces[0].PrivateIpv4Address+"]")
			}
			details := map[string]string{}
			for _, d := range task.Attachments[0].Details {
				details[*d.Name] = *d.Value
			}
			w.update(func(tx *store.Tx) {
				n, _ := store.NetworkInterfaces.Get(tx, details["networkInterfaceId"])
				g, _ := store.SecurityGroups.Get(tx, n.Groups[0])
				w.equal(line(len(n.Groups), g.Name, n.Public), c.want)
				w.equal(line(n.IP, n.MAC, n.Subnet, n.Description, n.Requester),
					line(details["privateIPv4Address"], details["macAddress"], details["subnetId"], "arn:aws:ecs:us-east-1:000000000000:attachment/"+*task.Attachments[0].Id, "amazon-ecs"))
			})
		})
	}
}

func TestATaskWithoutAnAddressHasStopped(t *testing.T) {
	w := fargate(t)
	w.update(func(tx *store.Tx) {
		s, _ := store.Subnets.Get(tx, w.subnetOf(tx, "us-east-1a"))
		s.CIDR = "172.31.0.0/30"
		store.Subnets.Put(tx, s)
	})
	in := &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a")}
	task := must(w.client.RunTask(t.Context(), in))(t).Tasks[0]
	w.equal(line(*task.LastStatus, task.StopCode, *task.StoppedReason), "STOPPED TaskFailedToStart Unexpected EC2 error while attempting to Create Network Interface in subnet '"+
		in.NetworkConfiguration.AwsvpcConfiguration.Subnets[0]+"': InsufficientFreeAddressesInSubnet")
}

func TestOldPlatformLacksWhatCameLater(t *testing.T) {
	w := fargate(t)
	w.update(func(tx *store.Tx) {
		def, _ := store.TaskDefs.Get(tx, "api:1")
		def.Doc.PidMode = types.PidModeTask
		store.TaskDefs.Put(tx, def)
	})
	in := &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("api"), LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: w.awsvpc("a"), PlatformVersion: aws.String("1.3.0")}
	_, err := w.client.RunTask(t.Context(), in)
	w.fails(err, "PlatformTaskDefinitionIncompatibilityException", "The specified platform version does not satisfy the required capabilities of the task definition.")
	in.PlatformVersion = aws.String("1.4.0")
	must(w.client.RunTask(t.Context(), in))(w)
}

func TestAwsvpcOnInstancesNeedsAnInterfaceInTheRightZone(t *testing.T) {
	w := fargate(t)
	reasons := func(letter string) (out []string) {
		r := must(w.client.RunTask(w.Context(), &ecs.RunTaskInput{Cluster: aws.String("demo"), TaskDefinition: aws.String("api"), NetworkConfiguration: w.awsvpc(letter)}))(w)
		for _, f := range r.Failures {
			out = append(out, *f.Reason)
		}
		for _, t := range r.Tasks {
			out = append(out, *t.AvailabilityZone)
		}
		return out
	}
	w.equal(reasons("b"), "[LOCATION]")
	w.equal(reasons("a"), "[ATTRIBUTE]") // the instance is in no VPC, or in another one
	w.update(func(tx *store.Tx) {
		ci, _ := store.ContainerInstances.Get(tx, instanceOf(1))
		s, _ := store.Subnets.Get(tx, w.subnetOf(tx, "us-east-1a"))
		ci.Attributes = append(slices.Clone(ci.Attributes), model.Attribute{Name: "ecs.vpc-id", Value: s.VPC})
		store.ContainerInstances.Put(tx, ci)
	})
	w.equal(reasons("a"), "[RESOURCE:ENI]")
	w.update(func(tx *store.Tx) {
		ci, _ := store.ContainerInstances.Get(tx, instanceOf(1))
		ci.ENIs = 1
		store.ContainerInstances.Put(tx, ci)
	})
	w.equal(reasons("a"), "[us-east-1a]")
	w.equal(reasons("a"), "[RESOURCE:ENI]")
}

func TestFargateServices(t *testing.T) {
	w := fargate(t)
	in := &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("api"), TaskDefinition: aws.String("api"), DesiredCount: aws.Int32(2),
		LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a", "c")}
	s := must(w.client.CreateService(t.Context(), in))(w).Service
	d := s.Deployments[0]
	w.equal(line(s.LaunchType, *s.PlatformVersion, *s.PlatformFamily, s.NetworkConfiguration.AwsvpcConfiguration.Subnets, s.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp),
		fmt.Sprintf("FARGATE LATEST Linux %v DISABLED", []string{w.subnet("a"), w.subnet("c")}))
	w.equal(line(d.LaunchType, *d.PlatformVersion, len(d.NetworkConfiguration.AwsvpcConfiguration.Subnets)), "FARGATE 1.4.0 2")
	must(w.client.CreateService(t.Context(), in))(w) // idempotent
	in.PlatformVersion = aws.String("1.4.0")
	_, err := w.client.CreateService(t.Context(), in)
	w.fails(err, "InvalidParameterException", "Creation of service was not idempotent.")
	listed := must(w.client.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("demo"), LaunchType: types.LaunchTypeFargate}))(w)
	w.equal(len(listed.ServiceArns), 1)
	listed = must(w.client.ListServices(t.Context(), &ecs.ListServicesInput{Cluster: aws.String("demo"), LaunchType: types.LaunchTypeEc2}))(w)
	w.equal(len(listed.ServiceArns), 0)
}

func TestUpdateOfWhereAServiceRunsDeploysAnew(t *testing.T) {
	w := fargate(t)
	must(w.client.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("api"), TaskDefinition: aws.String("api"),
		DesiredCount: aws.Int32(0), LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a")}))(w)
	deployments := func(edit func(in *ecs.UpdateServiceInput)) string {
		in := &ecs.UpdateServiceInput{Cluster: aws.String("demo"), Service: aws.String("api")}
		edit(in)
		s := must(w.client.UpdateService(w.Context(), in))(w).Service
		return line(len(s.Deployments), *s.PlatformVersion, len(s.NetworkConfiguration.AwsvpcConfiguration.Subnets))
	}
	w.equal(deployments(func(in *ecs.UpdateServiceInput) { in.NetworkConfiguration = w.awsvpc("a") }), "1 LATEST 1")
	w.equal(deployments(func(in *ecs.UpdateServiceInput) { in.NetworkConfiguration = w.awsvpc("a", "b") }), "2 LATEST 2")
	w.equal(deployments(func(in *ecs.UpdateServiceInput) { in.PlatformVersion = aws.String("1.4.0") }), "3 1.4.0 2")
	w.equal(deployments(func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(1) }), "3 1.4.0 2")
	w.equal(deployments(func(in *ecs.UpdateServiceInput) { in.ForceNewDeployment = true }), "4 1.4.0 2")
	_, err := w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("demo"), Service: aws.String("api"),
		PlacementStrategy: []types.PlacementStrategy{{Type: types.PlacementStrategyTypeRandom}}})
	w.fails(err, "InvalidParameterException", "Placement strategies are not supported with FARGATE launch type.")
}

func TestFargateServiceRules(t *testing.T) {
	w := fargate(t)
	instances, ips := w.addGroup("instances", "instance", true), w.addGroup("ips", "ip", true)
	for _, c := range []struct {
		rule, message string
		edit          func(in *ecs.CreateServiceInput)
	}{
		{"no daemons", "The daemon scheduling strategy is not supported with the FARGATE launch type.",
			func(in *ecs.CreateServiceInput) {
				in.SchedulingStrategy, in.DesiredCount = types.SchedulingStrategyDaemon, nil
			}},
		{"target groups hold addresses", "The provided target group " + instances + " has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.",
			func(in *ecs.CreateServiceInput) {
				in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &instances, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}}
			}},
		{"and instances otherwise", "The provided target group " + ips + " has target type ip, which is incompatible with the bridge network mode specified in the task definition.",
			func(in *ecs.CreateServiceInput) {
				in.TaskDefinition, in.LaunchType, in.NetworkConfiguration = aws.String("web"), "", nil
				in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &ips, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}}
			}},
		{"no network but in awsvpc mode", "Network Configuration is not valid for the given networkMode of this task definition.",
			func(in *ecs.CreateServiceInput) { in.TaskDefinition, in.LaunchType = aws.String("web"), "" }},
	} {
		in := &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("x"), TaskDefinition: aws.String("api"), DesiredCount: aws.Int32(1),
			LaunchType: types.LaunchTypeFargate, NetworkConfiguration: w.awsvpc("a")}
		c.edit(in)
		_, err := w.client.CreateService(t.Context(), in)
		t.Log(c.rule)
		w.fails(err, "InvalidParameterException", c.message)
	}
}

func TestAnUpdateKeepsTheTargetGroupsOnlyIfTheyTakeItsTasks(t *testing.T) {
	w := fargate(t)
	group := w.addGroup("instances", "instance", true)
	must(w.client.CreateService(t.Context(), &ecs.CreateServiceInput{Cluster: aws.String("demo"), ServiceName: aws.String("web"), TaskDefinition: aws.String("web"),
		DesiredCount: aws.Int32(0), LoadBalancers: []types.LoadBalancer{{TargetGroupArn: &group, ContainerName: aws.String("app"), ContainerPort: aws.Int32(80)}}}))(w)
	_, err := w.client.UpdateService(t.Context(), &ecs.UpdateServiceInput{Cluster: aws.String("demo"), Service: aws.String("web"), TaskDefinition: aws.String("api"),
		NetworkConfiguration: w.awsvpc("a")})
	w.fails(err, "InvalidParameterException", "The provided target group "+group+" has target type instance, which is incompatible with the awsvpc network mode specified in the task definition.")
}
