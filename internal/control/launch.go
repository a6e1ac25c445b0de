package control

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/identity"
	"github.com/drydock-ecs/drydock/internal/ids"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/place"
	"github.com/drydock-ecs/drydock/internal/rollout"
	"github.com/drydock-ecs/drydock/internal/store"
	"github.com/drydock-ecs/drydock/scheduler"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// batch is how many tasks one event names at most: ECS launches and tells in batches of ten.
const batch = 10

// assumeAgain is when a launch is tried again after ECS could not assume a role of the task.
const assumeAgain = 30 * time.Second

// start makes the tasks that the plan asks for, as many of them as find a place. Those that find none
// do not come to be: as on ECS, an event says why, and the service waits for capacity to change.
func (v *visit) start(plan rollout.Plan, replacing int) {
	s := v.svc
	d := s.Primary()
	if def, ok := store.TaskDefs.Get(v.tx, d.Def); ok {
		v.launchTasks(def, plan)
	}
	if n := len(v.launch.started); n > 0 {
		d.Started += n
		s.Deployments[0] = d
		note := ""
		if replacing > 0 {
			note = fmt.Sprintf(" Amazon ECS replaced %d tasks due to an unhealthy status.", min(replacing, n))
		}
		v.tellTasks("has started %d tasks:", v.launch.started, note)
	}
	if v.launch.refused == "" || cause(v.launch.refused) != cause(s.Waiting) { // else it is perhaps of another instance
		s.Waiting = v.launch.refused
	}
	if v.launch.refused != "" {
		v.still(v.launch.refused)
	}
}

// site is where one task is to run.
type site struct {
	only     string // container instance id; empty for any
	provider string // capacity provider; empty for any
	zone     string // Availability Zone; empty for any
}

// sites returns where the tasks that the plan asks for are to run: a daemon's on its instances, those
// of a capacity provider strategy as it splits them.
func (v *visit) sites(plan rollout.Plan) []site {
	all := make([]site, plan.Start)
	for i := range plan.On {
		all[i].only = plan.On[i]
	}
	for i, p := range scheduler.Split(v.svc.Primary().Capacity.Strategy, plan.Fresh, plan.Start) {
		all[i].provider = p
	}
	return all
}

// launchTasks places tasks one after the other. What one replica does not find the next one of the same
// capacity provider will not find either; every daemon has an instance of its own.
func (v *visit) launchTasks(def model.TaskDef, plan rollout.Plan) {
	if arn := identity.NotForTasks(v.tx, def.TaskRole(nil), def.ExecutionRole(nil)); arn != "" && plan.Start > 0 {
		v.launch.refused = fmt.Sprintf("(service %s) failed to launch a task with (error %s).", v.svc.Name, identity.CannotAssume(arn))
		v.again(store.Services.Name(), v.svc.Key(), v.now.Add(v.Scale.Of(assumeAgain)))
		return
	}
	full := map[site]bool{}
	for _, at := range v.sites(plan) {
		if full[at] {
			continue
		}
		t, refusal := v.place(def, at)
		if refusal == nil {
			v.putTask(t)
			v.launch.started = append(v.launch.started, t.ID)
			continue
		}
		full[at] = true
		if v.launch.refused == "" {
			v.launch.refused = refusal.Sentence(v.svc.Name)
		}
	}
}

// cause returns a refusal without the instance it names: ECS omits repetitions until the cause is
// resolved, and which of many full instances is the closest match is no other cause.
func cause(sentence string) string {
	before, rest, found := strings.Cut(sentence, "(container-instance ")
	if !found {
		return sentence
	}
	_, after, _ := strings.Cut(rest, ")")
	return before + after
}

// place makes one task of def and finds a place for it.
func (v *visit) place(def model.TaskDef, at site) (model.Task, *scheduler.Refusal) {
	s := v.svc
	d := s.Primary()
	birth := model.Birth{Cluster: s.Cluster, Group: "service:" + s.Name, StartedBy: d.ID, Service: s.Name, Deployment: d.ID}
	t := def.NewTask(ids.Hex(32), birth.On(d.Capacity, at.provider), ids.UUID, v.now)
	t.Tags = v.tags(def)
	var room *scheduler.Room
	if !t.OnFargate() {
		room = v.room(s.Cluster)
	}
	ask := scheduler.Ask{Constraints: constraints(s, def), Strategy: s.Spec.Strategy, Only: at.only}
	if at.zone != "" {
		ask.Zones = []string{at.zone}
	}
	refusal := place.Task(v.tx, room, &t, ask, d.Capacity.Network, v.Public)
	if refusal != nil {
		v.wait(place.Ask(v.tx, &t, ask, d.Capacity.Network), refusal)
	}
	return t, refusal
}

// constraints are the service's and the task definition's.
func constraints(s *model.Service, def model.TaskDef) []types.PlacementConstraint {
	all := slices.Clone(s.Spec.Constraints)
	for _, c := range def.Doc.PlacementConstraints {
		all = append(all, types.PlacementConstraint{Type: types.PlacementConstraintType(c.Type), Expression: c.Expression})
	}
	return all
}

// tags are what a task of the service gets: what propagateTags says, and ECS's own.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
func (v *visit) tags(def model.TaskDef) (tags model.Tags) {
	s := v.svc
	if s.Spec.ManagedTags {
		tags = append(tags, model.Tag{Key: "aws:ecs:clusterName", Value: s.Cluster}, model.Tag{Key: "aws:ecs:serviceName", Value: s.Name})
	}
	switch types.PropagateTags(s.Spec.PropagateTags) {
	case types.PropagateTagsService:
		tags = append(tags, s.Tags...)
	case types.PropagateTagsTaskDefinition:
		tags = append(tags, def.Tags...)
	}
	return tags
}

// note takes note of the tasks that ended since the last visit. Those of the primary deployment that
// never ran feed the throttle, which a newer deployment or a task that ran ends; those that ended by
// themselves before they were healthy count as failed.
func (v *visit) note(ended []model.Task) {
	s := v.svc
	if s.Throttle != (model.Throttle{}) && (s.Throttle.Deployment != s.Primary().ID || v.ranSince()) {
		s.Throttle = model.Throttle{}
	}
	defer v.impaired()
	slices.SortFunc(ended, func(a, b model.Task) int {
		return cmp.Or(a.Times.Stopped.Compare(b.Times.Stopped), strings.Compare(a.ID, b.ID))
	})
	l := v.lens()
	for _, t := range ended {
		t.Noted = true
		store.Tasks.Put(v.tx, t)
		switch {
		case t.Birth.Deployment != s.Primary().ID || !byItself(t) || s.Status == "DRAINING":
		case t.Times.Started.IsZero():
			v.countFailure(t)
			v.slow(t)
		default:
			if t.Times.Started.After(s.Throttle.At) {
				s.Throttle = model.Throttle{}
			}
			if !l.wasHealthy(&t) {
				v.countFailure(t)
			}
		}
	}
}

// slow counts a task that never ran with the throttle.
func (v *visit) slow(t model.Task) {
	s := v.svc
	s.Throttle.Deployment = t.Birth.Deployment
	s.Throttle = rollout.Fail(s.Throttle, t.Times.Created, v.now, v.Scale.Of)
}

// impaired says that tasks keep failing, if they do.
func (v *visit) impaired() {
	if rollout.Impaired(v.svc.Throttle) {
		v.still(v.own("is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."))
	}
}

// ranSince reports whether a task of the throttled deployment ran after the last failure.
func (v *visit) ranSince() bool {
	for t := range store.TasksByService.Each(v.tx, v.svc.Key()) {
		if t.Birth.Deployment == v.svc.Throttle.Deployment && t.Times.Started.After(v.svc.Throttle.At) {
			return true
		}
	}
	return false
}

// byItself reports whether nobody asked for t to stop.
func byItself(t model.Task) bool {
	switch types.TaskStopCode(t.Stop.Code) {
	case types.TaskStopCodeUserInitiated, types.TaskStopCodeServiceSchedulerInitiated, types.TaskStopCodeTerminationNotice, types.TaskStopCodeSpotInterruption:
		return false
	}
	return true
}

// countFailure counts t with its deployment, while that is being rolled out.
func (v *visit) countFailure(t model.Task) {
	if d := v.svc.Primary(); d.ID == t.Birth.Deployment && d.State == string(types.DeploymentRolloutStateInProgress) {
		d.Failed++
		v.svc.Deployments[0] = d
	}
}

// say writes an event of the service, or of the task set, in ECS's form.
func (v *visit) say(what string) {
	v.tell("service", v.svc.Cluster, v.svc.Name, v.own(what))
}

// announce writes an event of the service, whosesoever visit this is.
func (v *visit) announce(what string) {
	v.tell("service", v.svc.Cluster, v.svc.Name, v.ours(what))
}

// own is a sentence about the service, or about the task set in the visit of one.
func (v *visit) own(what string) string {
	if v.set == "" {
		return v.ours(what)
	}
	return "(service " + v.svc.Name + ", taskSet " + v.set + ") " + what
}

// ours is a sentence about the service.
func (v *visit) ours(what string) string { return "(service " + v.svc.Name + ") " + what }

// tellTasks writes events that name tasks: what has a %d for their number, note follows the list.
func (v *visit) tellTasks(what string, ids []string, note string) {
	for some := range slices.Chunk(ids, batch) {
		var b strings.Builder
		fmt.Fprintf(&b, what, len(some))
		for _, id := range some {
			fmt.Fprintf(&b, " (task %s)", id)
		}
		v.say(b.String() + "." + note)
	}
}

// sick says in an event why t is stopped for its health, and returns the reason for its row.
//
// Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func (v *visit) sick(t model.Task) string {
	for g := range store.TargetsByTask.Each(v.tx, t.ID) {
		if !g.Failing() {
			continue
		}
		who := "(instance " + g.ID + ")"
		if group, _ := store.TargetGroups.Get(v.tx, g.Group); group.TargetType == "ip" {
			who = "(task " + t.ID + ")"
		}
		arn := v.groupARN(g.Group)
		v.say(fmt.Sprintf("%s (port %d) is unhealthy in (target-group %s) due to (reason %s).", who, g.Port, arn, strings.TrimSuffix(g.Health.Description, ".")))
		return "Task failed ELB health checks in (target-group " + arn + ")"
	}
	v.say("(task " + t.ID + ") failed container health checks.")
	return "Task failed container health checks"
}

// groupARN returns the ARN of a target group.
func (p *pass) groupARN(key string) string {
	return p.tx.Scope().ARN("elasticloadbalancing", "targetgroup/"+key)
}
