package console

import (
	"fmt"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Step is what was decided for a service at one moment.
type Step struct {
	At         time.Time `json:"at"`
	Since      time.Time `json:"since"` // when it was first found like this
	Deployment string    `json:"deployment,omitempty"`
	State      string    `json:"rolloutState,omitempty"`
	Desired    int       `json:"desired"`
	Live       int       `json:"live"` // tasks that were not asked to stop
	Ready      int       `json:"ready"`
	AtMost     int       `json:"atMostLive"`
	AtLeast    int       `json:"atLeastReady"`
	Did        []Did     `json:"did"`
	Held       []Held    `json:"held"`
	Steady     bool      `json:"steady"`
}

// Did is what a step started or stopped.
type Did struct {
	What  string   `json:"what"` // start or stop
	Rule  string   `json:"rule,omitempty"`
	Count int      `json:"count"`
	Tasks []string `json:"tasks"` // the first of them
	Text  string   `json:"text"`
}

// Held is one thing that holds a service back.
type Held struct {
	Service    string    `json:"service"`
	Cluster    string    `json:"cluster,omitempty"`
	Deployment string    `json:"deployment,omitempty"` // or task set
	By         string    `json:"by"`                   // maximumPercent, minimumHealthyPercent, throttle, health, place, …
	Count      int       `json:"count"`
	Tasks      []string  `json:"tasks,omitempty"` // the first of them
	Until      time.Time `json:"until,omitzero"`
	Text       string    `json:"text"`
}

func showStep(service string, s *model.Step) Step {
	f := &s.Found
	v := Step{At: s.At, Since: s.Since, Deployment: s.Deployment, State: s.State, Desired: f.Desired, Live: f.Live, Ready: f.Ready,
		AtMost: f.Most, AtLeast: f.Least, Did: []Did{}, Held: []Held{}, Steady: s.Steady}
	if s.Started.N > 0 {
		v.Did = append(v.Did, Did{What: "start", Count: s.Started.N, Tasks: s.Started.IDs, Text: fmt.Sprintf("%d of %d tasks of the deployment were there", f.Current, f.Desired)})
	}
	if s.Moved.N > 0 {
		v.Did = append(v.Did, Did{What: "start", Rule: string(model.RuleBalanced), Count: s.Moved.N, Tasks: s.Moved.IDs, Text: "to balance the zones: tasks elsewhere make way once these are healthy"})
	}
	for _, by := range s.Stopped {
		v.Did = append(v.Did, Did{What: "stop", Rule: string(by.Rule), Count: by.Tasks.N, Tasks: by.Tasks.IDs, Text: ruleWords(by.Rule, f)})
	}
	for _, h := range s.Holds {
		v.Held = append(v.Held, showHold(model.Service{Name: service}, s, h, nil))
	}
	return v
}

// ruleWords says what a rule by which tasks are stopped means.
func ruleWords(r model.Rule, f *model.Found) string {
	switch r {
	case model.RuleEnding:
		return "the service is being deleted"
	case model.RuleSurplus:
		return fmt.Sprintf("%d are desired, and there were more", f.Desired)
	case model.RuleOld:
		return fmt.Sprintf("of an older deployment, and enough others were ready (at least %d have to be)", f.Least)
	case model.RuleOldIdle:
		return "of an older deployment, and it did not serve yet"
	case model.RuleLeaving:
		return "its instance drains or left"
	case model.RuleBarred:
		return "its instance does not meet the placement constraints of the daemon any more"
	case model.RuleFailing:
		return "its health checks failed"
	case model.RuleDouble:
		return "a daemon runs once on each instance, and an older one was there"
	case model.RuleBalanced:
		return "to balance the zones: a healthy task in another zone took over"
	}
	return string(r)
}

// showHold tells what holds a service back. newest is the newest decision for its tasks, nil for none.
func showHold(s model.Service, step *model.Step, h model.Hold, newest *model.Decision) Held {
	v := Held{Service: s.Name, Cluster: s.Cluster, Deployment: step.Deployment, By: string(h.Bar), Count: h.N, Tasks: h.Tasks.IDs, Until: h.Until, Text: holdWords(&h, step)}
	if h.Bar == model.BarPlace && newest != nil && !newest.Placed() {
		v.Text = fmt.Sprintf("%s wanted, %s. It is tried again whenever capacity changes", tasks(h.N), decisionWords(newest))
	}
	return v
}

func holdWords(h *model.Hold, step *model.Step) string {
	f := &step.Found
	switch h.Bar {
	case model.BarMaximum:
		return fmt.Sprintf("maximumPercent %d of %d desired lets at most %d live: %d more wait", f.Max, f.Desired, f.Most, h.N)
	case model.BarMinimum:
		return fmt.Sprintf("minimumHealthyPercent %d of %d desired keeps at least %d ready, and %d were: %s to go, once others are ready", f.Min, f.Desired, f.Least, f.Ready, is(h.N))
	case model.BarThrottle:
		return fmt.Sprintf("the restart throttle holds %s back, because those before failed to start", tasks(h.N))
	case model.BarHealth:
		return fmt.Sprintf("%s not healthy yet: %s", is(h.N), h.Detail)
	case model.BarStarting:
		return fmt.Sprintf("%s not running yet", is(h.N))
	case model.BarStopping:
		return fmt.Sprintf("%s still stopping", is(h.N))
	case model.BarGuarded:
		return fmt.Sprintf("%s to go, and protected from being stopped", is(h.N))
	case model.BarFailed:
		return "the deployment failed: it starts nothing more, and nothing makes way for it"
	case model.BarOthers:
		return fmt.Sprintf("%s last to go: other tasks still run on the draining instance", is(h.N))
	case model.BarUneven:
		return "a task would balance the zones, but finds no place in " + h.Detail
	case model.BarPlace:
		return fmt.Sprintf("%s wanted, and no place found", tasks(h.N))
	}
	return string(h.Bar) + " " + h.Detail
}

func is(n int) string {
	if n == 1 {
		return "1 task is"
	}
	return fmt.Sprintf("%d tasks are", n)
}
