package console

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/gorilla/mux"
)

// Why is the answer of /_drydock/why: of one task, one service, one instance, one task group, or of all that waits.
type Why struct {
	Where
	Answer    []Because  `json:"answer"` // the short of it
	Task      *Task      `json:"task,omitempty"`
	Service   *Service   `json:"service,omitempty"`
	Held      []Held     `json:"held"`      // what holds services back now
	Decisions []Decision `json:"decisions"` // placements and refusals, newest first
	Steps     []Step     `json:"steps"`     // of the service, newest first
}

const (
	someDecisions = 10 // of a service or a group
	someRefusals  = 20 // of all that waits
)

// why answers why a task is where it is, why a service is as it is, or, without a subject, what waits
// and for what.
func (c *console) why(w http.ResponseWriter, r *http.Request, sc model.Scope) error {
	out := Why{Where: where(sc), Answer: []Because{}, Held: []Held{}, Decisions: []Decision{}, Steps: []Step{}}
	subject, cluster := mux.Vars(r)["subject"], r.URL.Query().Get("cluster")
	if err := c.store.View(sc, func(tx *store.Tx) error {
		if subject == "" {
			out.waiting(tx, cluster)
			return nil
		}
		return out.about(tx, strings.TrimSuffix(subject, "/"), cluster)
	}); err != nil {
		return err
	}
	return answer(w, out)
}

// about finds out what a subject is and answers that.
func (y *Why) about(tx *store.Tx, subject, cluster string) error {
	name := subject
	if strings.HasPrefix(subject, "arn:") {
		_, name, _ = strings.Cut(subject, "/")
	}
	if s, ok, err := findService(tx, name, cluster); ok || err != nil {
		y.ofService(tx, s)
		return err
	}
	id := name[strings.LastIndexByte(name, '/')+1:]
	if t, err := findTask(tx, id); err == nil {
		y.ofTask(tx, t)
		return nil
	} else if p, ok := errors.AsType[*problem](err); ok && p.status == http.StatusConflict {
		return err
	}
	if y.ofInstance(tx, name) || y.ofGroup(tx, name, cluster) {
		return nil
	}
	return &problem{http.StatusNotFound, fmt.Sprintf("nothing in %s is called %q: give a service (its name, or cluster/name), a task id or the beginning of one, an EC2 instance id, or a family whose tasks found no place; "+
		"`drydock ps --all` lists tasks, `drydock why` what waits", tx.Scope(), subject)}
}

// findService finds a service by name or by cluster/name.
func findService(tx *store.Tx, name, cluster string) (found model.Service, ok bool, err error) {
	if s, there := store.Services.Get(tx, name); there {
		return s, true, nil
	}
	if cluster != "" {
		s, there := store.Services.Get(tx, cluster+"/"+name)
		return s, there, nil
	}
	var keys []string
	for s := range store.Services.All(tx) {
		if s.Name == name && (s.Status != "INACTIVE" || len(keys) == 0) {
			found, keys = s, append(keys, s.Key())
		}
	}
	if len(keys) > 1 {
		return found, false, &problem{http.StatusConflict, fmt.Sprintf("there is more than one service %s: say which of %s", name, strings.Join(keys, ", "))}
	}
	return found, len(keys) == 1, nil
}

// ofService answers why a service is as it is.
func (y *Why) ofService(tx *store.Tx, s model.Service) {
	v := showService(tx, s)
	y.Service = &v
	story, _ := store.Stories.Get(tx, s.Key())
	for _, step := range slices.Backward(story.Steps) {
		if !step.At.Before(s.Created) { // an earlier service may have had the name
			y.Steps = append(y.Steps, showStep(s.Name, &step))
		}
	}
	y.decisions(newestOf(tx, store.GroupKey(s.Cluster, "service:"+s.Name)), tx)
	y.Held = heldNow(tx, s, &story)
	switch {
	case s.Status == "INACTIVE":
		y.say("service", "it was deleted; nothing is decided for it any more", s.Ended)
	case len(story.Steps) == 0:
		y.say("service", "nothing was decided for it yet", tx.Now())
	case len(y.Held) == 0:
		last := story.Steps[len(story.Steps)-1]
		y.say("service", "it has what it wants: nothing is to start or to stop", last.Since)
	default:
		y.outside(tx, s.Cluster)
	}
}

// heldNow tells what holds a service back as of the newest step: of one with task sets, of each set.
func heldNow(tx *store.Tx, s model.Service, story *model.Story) []Held {
	all, seen, newest := []Held{}, []string{}, lastOf(tx, store.GroupKey(s.Cluster, "service:"+s.Name))
	for _, step := range slices.Backward(story.Steps) {
		if slices.Contains(seen, step.Deployment) || len(seen) > 0 && !s.External() || s.Status == "INACTIVE" {
			continue
		}
		seen = append(seen, step.Deployment)
		if _, there := s.Deployment(step.Deployment); !there && s.External() {
			continue
		}
		for _, h := range step.Holds {
			all = append(all, showHold(s, &step, h, newest))
		}
	}
	return all
}

// ofGroup answers for tasks that belong to no service, most of which may never have come to be: by
// family, by task group, or by the id of a task whose row is gone.
func (y *Why) ofGroup(tx *store.Tx, name, cluster string) bool {
	if c, rest, found := strings.Cut(name, "/"); found && cluster == "" {
		cluster, name = c, rest
	}
	var found []model.Decision
	for d := range store.Decisions.All(tx) {
		family, _, _ := strings.Cut(d.Def, ":")
		is := d.Group == name || family == name || d.Def == name || len(name) >= 4 && d.Placed() && strings.HasPrefix(d.Task, name)
		if is && (cluster == "" || d.Cluster == cluster) {
			found = append(found, d)
		}
	}
	y.decisions(found[max(0, len(found)-someDecisions):], tx)
	if len(found) > 0 && !found[len(found)-1].Placed() {
		y.outside(tx, found[len(found)-1].Cluster)
	}
	return len(found) > 0
}

// waiting answers what waits in a cluster, in all when it is empty: services that something holds
// back, and what found no place.
func (y *Why) waiting(tx *store.Tx, cluster string) {
	for s := range store.Services.All(tx) {
		if s.Status == "INACTIVE" || cluster != "" && s.Cluster != cluster {
			continue
		}
		story, _ := store.Stories.Get(tx, s.Key())
		y.Held = append(y.Held, heldNow(tx, s, &story)...)
	}
	var refused []model.Decision
	for d := range store.Decisions.All(tx) {
		if !d.Placed() && (cluster == "" || d.Cluster == cluster) {
			refused = append(refused, d)
		}
	}
	y.decisions(refused[max(0, len(refused)-someRefusals):], tx)
	if len(y.Held) == 0 {
		y.say("services", "no service waits for anything", tx.Now())
	}
	y.outside(tx, cluster)
}

// newestOf returns the newest decisions under a value of the index, oldest first.
func newestOf(tx *store.Tx, value string) (found []model.Decision) {
	for d := range store.DecisionsBy.Each(tx, value) {
		if found = append(found, d); len(found) == 2*someDecisions {
			found = append(found[:0], found[someDecisions:]...)
		}
	}
	return found[max(0, len(found)-someDecisions):]
}

// lastOf returns the newest decision under a value of the index, nil for none.
func lastOf(tx *store.Tx, value string) (last *model.Decision) {
	for d := range store.DecisionsBy.Each(tx, value) {
		last = &d
	}
	return last
}

// decisions adds decisions, given oldest first.
func (y *Why) decisions(ds []model.Decision, tx *store.Tx) {
	for _, d := range slices.Backward(ds) {
		y.Decisions = append(y.Decisions, showDecision(tx, &d))
	}
}
