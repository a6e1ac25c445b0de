package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// agentOptions are the variables of the agent's configuration that act, with what they do to an
// instance that registers. ECS_CLUSTER is read before that, ECS_ENABLE_SPOT_INSTANCE_DRAINING later.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html,
// https://github.com/aws/amazon-ecs-agent (README.md)
var agentOptions = map[string]func(ci *model.ContainerInstance, value string) error{
	"ECS_CLUSTER":                                func(*model.ContainerInstance, string) error { return nil },
	"ECS_ENABLE_SPOT_INSTANCE_DRAINING":          isBool,
	"ECS_AWSVPC_BLOCK_IMDS":                      isBool, // acts on the tasks' namespaces
	"ECS_INSTANCE_ATTRIBUTES":                    addAttributes,
	"ECS_CONTAINER_INSTANCE_TAGS":                addTags,
	"ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM": oneOf("ec2_instance", "none"),
	"ECS_RESERVED_MEMORY":                        reserveMemory,
	"ECS_DYNAMIC_HOST_PORT_RANGE":                rangePorts,
	"ECS_RESERVED_PORTS":                         reservePorts("tcp"),
	"ECS_RESERVED_PORTS_UDP":                     reservePorts("udp"),
	"ECS_AVAILABLE_LOGGING_DRIVERS":              offerDrivers,
	"ECS_DISABLE_PRIVILEGED":                     disablePrivileged,
	// These say what is so here; another value would have to act.
	"ECS_IMAGE_PULL_BEHAVIOR":       oneOf("prefer-cached"),
	"ECS_ENABLE_TASK_CPU_MEM_LIMIT": oneOf("true"),
	"ECS_ENABLE_TASK_ENI":           oneOf("true"),
}

func isBool(_ *model.ContainerInstance, value string) error {
	_, err := strconv.ParseBool(value)
	return err
}

// agentKnows are the variables that the agent on AWS reads and that have nothing to act on here.
var agentKnows = strings.Fields(`ECS_AGENT_HEALTHCHECK_HOST ECS_ALLOW_OFFHOST_INTROSPECTION_ACCESS ECS_ALTERNATE_CREDENTIAL_PROFILE
	ECS_APPARMOR_CAPABLE ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES ECS_BACKEND_HOST ECS_CGROUP_CPU_PERIOD ECS_CGROUP_PATH
	ECS_CHECKPOINT ECS_CNI_PLUGINS_PATH ECS_CONTAINER_CREATE_TIMEOUT ECS_CONTAINER_START_TIMEOUT ECS_CONTAINER_STOP_TIMEOUT ECS_DATADIR
	ECS_DISABLE_DOCKER_HEALTH_CHECK ECS_DISABLE_IMAGE_CLEANUP ECS_DISABLE_METRICS ECS_EBSTA_SUPPORTED
	ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE ECS_ENABLE_CONTAINER_METADATA ECS_ENABLE_GPU_SUPPORT ECS_ENABLE_HIGH_DENSITY_ENI
	ECS_ENABLE_RUNTIME_STATS ECS_ENABLE_TASK_IAM_ROLE ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP
	ECS_ENGINE_AUTH_DATA ECS_ENGINE_AUTH_TYPE ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER
	ECS_EXCLUDE_IPV6_PORTBINDING ECS_EXCLUDE_UNTRACKED_IMAGE ECS_EXTERNAL ECS_FSX_WINDOWS_FILE_SERVER_SUPPORTED ECS_GMSA_SUPPORTED
	ECS_HOST_DATA_DIR ECS_IMAGE_CLEANUP_INTERVAL ECS_IMAGE_MINIMUM_CLEANUP_AGE ECS_IMAGE_PULL_INACTIVITY_TIMEOUT ECS_IMAGE_PULL_TIMEOUT
	ECS_LOGFILE ECS_LOGLEVEL ECS_LOGLEVEL_ON_INSTANCE ECS_LOG_DRIVER ECS_LOG_MAX_FILE_SIZE_MB ECS_LOG_MAX_ROLL_COUNT ECS_LOG_OPTS
	ECS_LOG_OUTPUT_FORMAT ECS_LOG_ROLLOVER_TYPE ECS_MANIFEST_PULL_TIMEOUT ECS_NUM_IMAGES_DELETE_PER_CYCLE ECS_NVIDIA_RUNTIME
	ECS_OFFHOST_INTROSPECTION_INTERFACE_NAME ECS_POLLING_METRICS_WAIT_DURATION ECS_POLL_METRICS ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT
	ECS_SELINUX_CAPABLE ECS_SHARED_VOLUME_MATCH_FULL_CONFIG ECS_SKIP_LOCALHOST_TRAFFIC_FILTER ECS_TASK_METADATA_RPS_LIMIT
	ECS_TASK_PIDS_LIMIT ECS_UPDATES_ENABLED ECS_WARM_POOLS_CHECK`)

// configure applies the agent's configuration in the user data of an instance to what it registers. It
// returns a sentence for each variable that does not act.
func configure(ci *model.ContainerInstance, in model.Instance) (told []string) {
	config := model.ReadAgentConfig(in.UserData)
	if copiesTags(config) {
		for _, t := range in.Tags {
			if !model.SystemTag(t.Key) {
				ci.Tags = withTag(ci.Tags, t)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(config)) {
		option, acts := agentOptions[name]
		switch {
		case !acts && slices.Contains(agentKnows, name):
			told = append(told, name+" in its user data does not act here.")
		case !acts: // as on AWS, but there nobody says so
			told = append(told, name+" in its user data does not act: the agent has no such variable.")
		case config[name] != "":
			if err := option(ci, config[name]); err != nil {
				told = append(told, fmt.Sprintf("%s in its user data does not act here: %v.", name, err))
			}
		}
	}
	return told
}

// copiesTags reports whether the agent gives the container instance the tags of the instance.
func copiesTags(config model.AgentConfig) bool {
	return config["ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM"] == "ec2_instance"
}

// drainsOnNotice reports whether the agent of an instance drains it once its capacity is to be taken away.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/spot-instance-draining-linux-container.html
func drainsOnNotice(in model.Instance) bool {
	drains, _ := strconv.ParseBool(model.ReadAgentConfig(in.UserData)["ECS_ENABLE_SPOT_INSTANCE_DRAINING"])
	return drains
}

// drainInstance makes the ACTIVE container instance of an instance DRAINING, if its agent may.
func (p *pass) drainInstance(in model.Instance) {
	for ci := range store.ContainerInstancesByEC2.Each(p.tx, in.ID) {
		if ci.Status != "ACTIVE" {
			continue
		}
		if err := p.mayDrain(in, ci); err != nil {
			p.Log.Warn("an agent cannot drain its instance, whose capacity goes", "instance", in.ID, "cluster", ci.Cluster, "err", err)
			continue
		}
		ci.Status, ci.Version = "DRAINING", ci.Version+1
		p.putContainerInstance(ci)
	}
}

// oneOf accepts some values.
func oneOf(values ...string) func(*model.ContainerInstance, string) error {
	return func(_ *model.ContainerInstance, value string) error {
		if !slices.Contains(values, value) {
			return fmt.Errorf("%q is not %s", value, strings.Join(values, " or "))
		}
		return nil
	}
}

func addAttributes(ci *model.ContainerInstance, value string) error {
	own, err := pairs(value)
	if err != nil {
		return err
	}
	if len(own) > model.MaxCustomAttributes {
		return fmt.Errorf("it has more than %d attributes", model.MaxCustomAttributes)
	}
	as := slices.Clone(ci.Attributes)
	for _, name := range slices.Sorted(maps.Keys(own)) {
		a := model.Attribute{Name: name, Value: own[name]}
		if problem := a.Problem(); problem != "" {
			return errors.New(problem)
		}
		as = append(as, a)
	}
	ci.Attributes = as
	return nil
}

func addTags(ci *model.ContainerInstance, value string) error {
	own, err := pairs(value)
	if err != nil {
		return err
	}
	tags := ci.Tags
	for _, key := range slices.Sorted(maps.Keys(own)) {
		t := model.Tag{Key: key, Value: own[key]}
		if problem := t.Problem(); problem != "" {
			return errors.New(strings.TrimSuffix(problem, "."))
		}
		tags = withTag(tags, t)
	}
	if len(tags) > model.MaxTags {
		return fmt.Errorf("these are more than %d tags", model.MaxTags)
	}
	ci.Tags = tags
	return nil
}

// withTag returns tags with t in the place of one of its key.
func withTag(tags model.Tags, t model.Tag) model.Tags {
	tags = slices.DeleteFunc(slices.Clone(tags), func(o model.Tag) bool { return o.Key == t.Key })
	return append(tags, t)
}

func pairs(value string) (own map[string]string, err error) {
	if json.Unmarshal([]byte(value), &own) != nil {
		return nil, fmt.Errorf("%s is no JSON object of strings", value)
	}
	return own, nil
}

// reserveMemory takes MiB from what tasks may have.
func reserveMemory(ci *model.ContainerInstance, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n >= ci.Memory {
		return fmt.Errorf("%q is no number of MiB below the %d of the instance", value, ci.Memory)
	}
	ci.Memory -= n
	return nil
}

// rangePorts says which ports dynamic host ports are from.
func rangePorts(ci *model.ContainerInstance, value string) error {
	first, last, two := strings.Cut(value, "-")
	low, err := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	high := low
	if two && err == nil {
		high, err = strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	}
	if err != nil || low < 1 || high < low {
		return fmt.Errorf("%q is no range of ports such as 49153-65535", value)
	}
	ci.Dynamic = model.PortRange{First: int(low), Last: int(high)}
	return nil
}

// reservePorts replaces the ports that the agent reserves of a protocol.
func reservePorts(protocol string) func(*model.ContainerInstance, string) error {
	return func(ci *model.ContainerInstance, value string) error {
		var ports []uint16
		if json.Unmarshal([]byte(value), &ports) != nil {
			return fmt.Errorf("%s is no JSON list of ports", value)
		}
		ci.Ports = slices.DeleteFunc(slices.Clone(ci.Ports), func(p model.HostPort) bool { return p.Protocol == protocol })
		for _, port := range ports {
			ci.Ports = append(ci.Ports, model.HostPort{Port: int(port), Protocol: protocol})
		}
		return nil
	}
}

const driverCapability = "com.amazonaws.ecs.capability.logging-driver."

// offerDrivers leaves of the log drivers those that are listed; one that is not there is told.
func offerDrivers(ci *model.ContainerInstance, value string) error {
	var drivers []string
	if json.Unmarshal([]byte(value), &drivers) != nil {
		return fmt.Errorf("%s is no JSON list of log drivers", value)
	}
	var missing []string
	for _, d := range drivers {
		if !slices.Contains(capabilities, driverCapability+d) {
			missing = append(missing, d)
		}
	}
	ci.Attributes = slices.DeleteFunc(slices.Clone(ci.Attributes), func(a model.Attribute) bool {
		driver, is := strings.CutPrefix(a.Name, driverCapability)
		return is && !slices.Contains(drivers, driver)
	})
	if len(missing) > 0 {
		return fmt.Errorf("there is no log driver %s", strings.Join(missing, ", "))
	}
	return nil
}

func disablePrivileged(ci *model.ContainerInstance, value string) error {
	disabled, err := strconv.ParseBool(value)
	if err == nil && disabled {
		ci.Attributes = slices.DeleteFunc(slices.Clone(ci.Attributes), func(a model.Attribute) bool {
			return a.Name == "com.amazonaws.ecs.capability.privileged-container"
		})
	}
	return err
}
