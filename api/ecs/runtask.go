package ecs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/place"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

const maxRun = 10 // tasks started by one call

var runTaskSupport = members(`TaskDefinition CapacityProviderStrategy ClientToken Cluster Count EnableECSManagedTags
	Group LaunchType NetworkConfiguration Overrides PlacementConstraints PlacementStrategy PlatformVersion PropagateTags StartedBy Tags`)

// runTask starts tasks where there is room for them, at once, and says of the instances why the
// others found none.
func (h handlers) runTask(tx *store.Tx, in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	ask := scheduler.Ask{}
	n, err := checkRunTask(in, &ask)
	if err != nil {
		return nil, err
	}
	l, err := h.newLaunch(tx, launchInput{Cluster: in.Cluster, TaskDefinition: in.TaskDefinition, Group: in.Group, StartedBy: in.StartedBy,
		Overrides: in.Overrides, Tags: in.Tags, PropagateTags: in.PropagateTags, ManagedTags: in.EnableECSManagedTags,
		Wish: wish{LaunchType: in.LaunchType, Strategy: in.CapacityProviderStrategy, Platform: in.PlatformVersion, Network: in.NetworkConfiguration,
			Constraints: in.PlacementConstraints, Placement: in.PlacementStrategy}})
	if err != nil {
		return nil, err
	}
	if token := aws.ToString(in.ClientToken); token != "" {
		l.birth.Token, l.birth.Request = token, fingerprint(in)
		before, err := sameRequest(tx, l.birth)
		if err != nil || len(before) > 0 {
			return &ecs.RunTaskOutput{Tasks: showTasks(tx, before, true), Failures: []types.Failure{}}, err
		}
	}
	ask.Constraints = append(slices.Clip(ask.Constraints), defConstraints(l.def.Doc.PlacementConstraints)...)
	tasks, refusals := l.run(tx, ask, n)
	out := &ecs.RunTaskOutput{Tasks: showTasks(tx, tasks, true), Failures: []types.Failure{}}
	for _, r := range refusals {
		if r.None && r.Provider == "" {
			return nil, invalid(scheduler.NoInstances)
		}
		out.Failures = append(out.Failures, r.Failures(tx.Scope(), l.birth.Cluster)...)
	}
	return out, nil
}

// run starts n tasks as the capacity provider strategy splits them. What one finds no place for the
// others of the same capacity provider do not find either.
func (l launch) run(tx *store.Tx, ask scheduler.Ask, n int) (tasks []model.Task, refusals []*scheduler.Refusal) {
	providers := scheduler.Split(l.capacity.Strategy, nil, n)
	if providers == nil {
		providers = make([]string, n)
	}
	full := map[string]bool{}
	for _, p := range providers {
		if full[p] {
			continue
		}
		t, refusal := l.start(tx, p, ask)
		if refusal == nil {
			tasks = append(tasks, t)
			continue
		}
		full[p] = true
		refusals = append(refusals, refusal)
	}
	return tasks, refusals
}

// checkRunTask checks what a call says by itself and returns how many tasks it asks for.
func checkRunTask(in *ecs.RunTaskInput, ask *scheduler.Ask) (n int, err error) {
	if err = refuse(in, runTaskSupport); err != nil {
		return 0, err
	}
	n = 1
	if in.Count != nil {
		n = int(*in.Count)
	}
	if n < 1 || n > maxRun {
		return 0, invalid("Count must be between 1 and %d.", maxRun)
	}
	if len(aws.ToString(in.ClientToken)) > 64 {
		return 0, invalid("Client token can have at most 64 characters.")
	}
	if in.ClientToken != nil && !printable(*in.ClientToken) {
		return 0, invalid("Client token contains invalid characters.")
	}
	if ask.Constraints, err = constraints(in.PlacementConstraints); err != nil {
		return 0, err
	}
	ask.Strategy, err = strategies(in.PlacementStrategy)
	return n, err
}

// printable reports whether s is ASCII without control characters, as ECS wants of a token.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 33 || r > 126 })
}

// fingerprint stands for everything that a call with a client token asks for.
func fingerprint(in *ecs.RunTaskInput) string {
	raw, _ := json.Marshal(in) // plain values only: unions were refused
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:16])
}

// sameRequest returns the tasks that an earlier call with the same client token started. It is a
// conflict if that call asked for something else.
func sameRequest(tx *store.Tx, b model.Birth) (before []model.Task, err error) {
	conflict := &types.ConflictException{Message: aws.String("The request with this client token conflicts with an earlier one that had other parameters.")}
	for t := range store.TasksByToken.Each(tx, b.Token) {
		if t.Birth.Token != b.Token {
			continue // the other token has this one and a slash as its beginning
		}
		before = append(before, t)
		if t.Birth.Request != b.Request {
			conflict.ResourceIds = append(conflict.ResourceIds, taskARN(tx, t.Birth.Cluster, t.ID))
		}
	}
	if conflict.ResourceIds != nil {
		return nil, conflict
	}
	return before, nil
}

// startTask starts one task on each instance that the client names.
func (h handlers) startTask(tx *store.Tx, in *ecs.StartTaskInput) (*ecs.StartTaskOutput, error) {
	if err := refuse(in, members(`ContainerInstances TaskDefinition Cluster EnableECSManagedTags Group
		NetworkConfiguration Overrides PropagateTags StartedBy Tags`)); err != nil {
		return nil, err
	}
	switch n := len(in.ContainerInstances); {
	case n == 0:
		return nil, invalid("Container instances cannot be empty.")
	case n > maxRun:
		return nil, invalid("Container instances can have at most %d items.", maxRun)
	}
	l, err := h.newLaunch(tx, launchInput{Cluster: in.Cluster, TaskDefinition: in.TaskDefinition, Group: in.Group, StartedBy: in.StartedBy,
		Overrides: in.Overrides, Tags: in.Tags, PropagateTags: in.PropagateTags, ManagedTags: in.EnableECSManagedTags,
		Wish: wish{LaunchType: types.LaunchTypeEc2, Network: in.NetworkConfiguration}})
	if err != nil {
		return nil, err
	}
	out := &ecs.StartTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, ref := range in.ContainerInstances {
		id, err := instanceID(tx, l.birth.Cluster, ref)
		if err != nil {
			return nil, err
		}
		t, refusal := l.start(tx, "", scheduler.Ask{Only: id, Constraints: defConstraints(l.def.Doc.PlacementConstraints)})
		if refusal != nil {
			out.Failures = append(out.Failures, refusal.Failures(tx.Scope(), l.birth.Cluster)...)
			continue
		}
		out.Tasks = append(out.Tasks, showTask(tx, t, true))
	}
	return out, nil
}

// launchInput is what RunTask and StartTask have in common.
type launchInput struct {
	Cluster, TaskDefinition, Group, StartedBy *string
	Overrides                                 *types.TaskOverride
	Wish                                      wish
	Tags                                      []types.Tag
	PropagateTags                             types.PropagateTags
	ManagedTags                               bool
}

// launch is a checked call: what each of its tasks is born with.
type launch struct {
	def      model.TaskDef
	capacity model.Capacity
	room     *scheduler.Room // nil on Fargate
	public   netip.Prefix    // that public addresses are of
	birth    model.Birth
	tags     model.Tags
}

func (h handlers) newLaunch(tx *store.Tx, in launchInput) (l launch, err error) {
	c, err := activeCluster(tx, in.Cluster)
	if err != nil {
		return l, err
	}
	l.public = h.public
	var ok bool
	switch l.def, ok, err = taskDef(tx, in.TaskDefinition); {
	case err != nil:
		return l, err
	case !ok:
		return l, refused("TaskDefinition not found.")
	case l.def.Status != active:
		return l, invalid("TaskDefinition is inactive")
	}
	if l.capacity, err = capacity(tx, c, l.def, in.Wish); err != nil {
		return l, err
	}
	if err := checkOverrides(l.def, in.Overrides); err != nil {
		return l, err
	}
	if err := checkFargateOverrides(l.def, l.capacity, in.Overrides); err != nil {
		return l, err
	}
	l.birth = model.Birth{Cluster: c.Name, Def: l.def.Key(), Group: aws.ToString(in.Group), StartedBy: aws.ToString(in.StartedBy),
		Overrides: withRoles(tx, wholeOverrides(in.Overrides))}
	if err := assumeRoles(tx, l.def, l.birth.Overrides); err != nil {
		return l, err
	}
	switch b := &l.birth; {
	case b.Group == "":
		b.Group = "family:" + l.def.Family
	case len(b.Group) > 255:
		return l, invalid("Group can have at most 255 characters.")
	case strings.HasPrefix(b.Group, "service:"):
		return l, invalid("Invalid group: the prefix service: is reserved for tasks of services.")
	}
	if len(l.birth.StartedBy) > 128 {
		return l, invalid("StartedBy can have at most 128 characters.")
	}
	if !l.capacity.OnFargate() {
		l.room = place.Room(tx, c.Name)
	}
	l.tags, err = launchTags(l.def, c.Name, in)
	return l, err
}

// launchTags are the tags of a standalone task: those given, those of the definition if they are to
// be propagated, and ECS's own.
func launchTags(def model.TaskDef, cluster string, in launchInput) (model.Tags, error) {
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	switch in.PropagateTags {
	case "", types.PropagateTagsNone:
	case types.PropagateTagsTaskDefinition:
		tags = merge(def.Tags, tags)
	case types.PropagateTagsService:
		return nil, invalid("Tags cannot be propagated from a service to a task that belongs to none.")
	default:
		return nil, invalid("Invalid propagateTags: %s", in.PropagateTags)
	}
	if len(tags) > model.MaxTags {
		return nil, invalid("Tags can have at most %d items.", model.MaxTags)
	}
	if in.ManagedTags {
		tags = append(slices.Clip(tags), model.Tag{Key: "aws:ecs:clusterName", Value: cluster})
	}
	return tags, nil
}

// start places one task, which takes a capacity provider or none, and writes its row.
func (l launch) start(tx *store.Tx, provider string, ask scheduler.Ask) (model.Task, *scheduler.Refusal) {
	t := l.def.NewTask(ids.Hex(32), l.birth.On(l.capacity, provider), ids.UUID, tx.Now())
	t.Tags = l.tags
	if refusal := place.Task(tx, l.room, &t, ask, l.capacity.Network, l.public); refusal != nil {
		return t, refusal
	}
	store.Tasks.Put(tx, t)
	return t, nil
}

// maxOverrides bounds the JSON of the container overrides, in bytes.
const maxOverrides = 8192

// checkOverrides checks that overrides name containers of the definition and set what acts here.
func checkOverrides(def model.TaskDef, o *types.TaskOverride) error {
	if o == nil {
		return nil
	}
	if err := refuseIn(o, overrideSupport); err != nil {
		return err
	}
	if err := checkRoles(o.TaskRoleArn, o.ExecutionRoleArn); err != nil {
		return err
	}
	if _, ok := taskCPU(aws.ToString(o.Cpu)); !ok {
		return invalid("Invalid 'cpu' setting for task.")
	}
	if _, ok := taskMemory(aws.ToString(o.Memory)); !ok {
		return invalid("Invalid 'memory' setting for task.")
	}
	size := 0
	for _, c := range o.ContainerOverrides {
		if _, ok := def.Container(aws.ToString(c.Name)); !ok {
			return invalid("Override for container named %s is not a container in the TaskDefinition.", aws.ToString(c.Name))
		}
		if err := checkOverrideMemory(def, o, c); err != nil {
			return err
		}
		if aws.ToInt32(c.Cpu) < 0 || c.Memory != nil && *c.Memory < 4 || c.MemoryReservation != nil && *c.MemoryReservation < 4 {
			return invalid("Invalid override of cpu or memory for container named %s.", *c.Name)
		}
		size += jsonSizeOf(c)
	}
	if size > maxOverrides {
		return invalid("Container Overrides length must be at most %d", maxOverrides)
	}
	return nil
}

// checkFargateOverrides checks that Fargate has tasks of the size that overrides give.
func checkFargateOverrides(def model.TaskDef, c model.Capacity, o *types.TaskOverride) error {
	if o == nil || !c.OnFargate() || o.Cpu == nil && o.Memory == nil {
		return nil
	}
	needs := def.Needs(wholeOverrides(o))
	if !fargateSize(needs.CPU, needs.Memory) {
		return invalid("No Fargate configuration exists for given values: %d CPU, %d memory. See the Amazon ECS documentation for the valid values.", needs.CPU, needs.Memory)
	}
	return nil
}

// checkOverrideMemory holds the memory of a container against its reservation, and against the task.
func checkOverrideMemory(def model.TaskDef, o *types.TaskOverride, c types.ContainerOverride) error {
	doc, _ := def.Container(*c.Name)
	hard, soft := doc.Memory, doc.MemoryReservation
	if c.Memory != nil {
		hard = c.Memory
	}
	if c.MemoryReservation != nil {
		soft = c.MemoryReservation
	}
	if hard != nil && soft != nil && *soft > *hard {
		return invalid("Invalid override for container named %s: its memory must not be less than its memoryReservation.", *c.Name)
	}
	total := aws.ToString(def.Doc.Memory)
	if o.Memory != nil {
		total = *o.Memory
	}
	if mib, ok := taskMemory(total); ok && mib > 0 && hard != nil && int(*hard) > mib {
		return invalid("Invalid override for container named %s: its memory must not be greater than that of the task.", *c.Name)
	}
	return nil
}

// wholeOverrides returns checked overrides with the task's size in CPU units and MiB.
func wholeOverrides(o *types.TaskOverride) *types.TaskOverride {
	if o == nil || !isSet(reflect.ValueOf(o)) {
		return nil
	}
	out := *o
	if n, _ := taskCPU(aws.ToString(o.Cpu)); n > 0 {
		out.Cpu = aws.String(strconv.Itoa(n))
	}
	if n, _ := taskMemory(aws.ToString(o.Memory)); n > 0 {
		out.Memory = aws.String(strconv.Itoa(n))
	}
	return &out
}
