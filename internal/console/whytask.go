package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Because is one sentence of an answer: what it is about ("started", "placed", "stopped", "service",
// "services", "instance") and why that is so.
type Because struct {
	What string    `json:"what"`
	At   time.Time `json:"at,omitzero"`
	Text string    `json:"text"`
}

func (y *Why) say(what, text string, at time.Time) {
	y.Answer = append(y.Answer, Because{What: what, At: at, Text: text})
}

// ofTask answers why a task was started, why it is where it is, and why it stopped.
func (y *Why) ofTask(tx *store.Tx, t model.Task) {
	v := showTask(tx, t)
	y.Task = &v
	y.decisions(slices.Collect(store.DecisionsBy.Each(tx, t.ID)), tx)
	story, _ := store.Stories.Get(tx, t.Birth.Cluster+"/"+t.Birth.Service)
	y.say("started", startedWords(&t, &story), t.Times.Created)
	if t.Birth.Provider != "" {
		y.say("provider", providerWords(tx, &t), t.Times.Created)
	}
	switch {
	case len(y.Decisions) > 0:
		y.say("placed", y.Decisions[0].Answer, y.Decisions[0].At)
	case t.OnFargate():
		y.say("placed", "on Fargate, which has room for every task: no instance had to be chosen"+zoneWords(&t), t.Times.Created)
	case t.Instance == "":
		y.say("placed", "it has no place", t.Times.Created)
	default:
		y.say("placed", lostWords(tx, &t), t.Times.Created)
	}
	if t.Want == model.Stopped {
		y.say("stopped", stoppedWords(&t, &story), t.Times.Stopping)
	}
}

// startedWords says what made a task come to be.
func startedWords(t *model.Task, story *model.Story) string {
	switch {
	case t.Birth.Service != "":
		for _, s := range story.Steps {
			if s.At.Equal(t.Times.Created) && s.Deployment == t.Birth.Deployment {
				if slices.Contains(s.Moved.IDs, t.ID) {
					return fmt.Sprintf("service %s balances its zones: a task elsewhere makes way for it once it is healthy", t.Birth.Service)
				}
				return fmt.Sprintf("service %s had %d of %d tasks of deployment %s", t.Birth.Service, s.Found.Current, s.Found.Desired, s.Deployment)
			}
		}
		return fmt.Sprintf("service %s wanted it for deployment %s", t.Birth.Service, t.Birth.Deployment)
	case t.Birth.StartedBy != "":
		return "a client asked for it, as " + t.Birth.StartedBy
	}
	return "a client asked for it"
}

// providerWords says by what a task came to its capacity provider.
func providerWords(tx *store.Tx, t *model.Task) string {
	s, _ := store.Services.Get(tx, t.Birth.Cluster+"/"+t.Birth.Service)
	d, _ := s.Deployment(t.Birth.Deployment)
	var shares []string
	for _, p := range d.Capacity.Strategy {
		shares = append(shares, fmt.Sprintf("%s base %d weight %d", p.Provider, p.Base, p.Weight))
	}
	if len(shares) == 0 {
		return "on capacity provider " + t.Birth.Provider + ", by the strategy that the client or its cluster gave"
	}
	return fmt.Sprintf("on capacity provider %s, which was next by the strategy (%s)", t.Birth.Provider, strings.Join(shares, ", "))
}

// zoneWords says in which zone a task on Fargate is.
func zoneWords(t *model.Task) string {
	if t.ENI == nil {
		return ""
	}
	return fmt.Sprintf("; its subnet is %s in %s", t.ENI.Subnet, t.ENI.Zone)
}

// stoppedWords says why a task stops or stopped.
func stoppedWords(t *model.Task, story *model.Story) string {
	for _, s := range story.Steps {
		for _, by := range s.Stopped {
			if s.At.Equal(t.Times.Stopping) && slices.Contains(by.Tasks.IDs, t.ID) {
				return ruleWords(by.Rule, &s.Found)
			}
		}
	}
	if t.Stop.Reason == "" {
		return "no reason was given"
	}
	return strings.TrimSuffix(t.Stop.Reason, ".") + exits(*t)
}

// lostWords says what can still be said of a placement whose decision is not kept any more.
func lostWords(tx *store.Tx, t *model.Task) string {
	ci, _ := store.ContainerInstances.Get(tx, t.Instance)
	text := fmt.Sprintf("on %s (%s); why there is not kept any more: decisions are kept in memory, the newest ones since the daemon started", ci.EC2, ci.Zone)
	if s, ok := store.Services.Get(tx, t.Birth.Cluster+"/"+t.Birth.Service); ok && len(s.Spec.Strategy) > 0 {
		var chain []string
		for _, p := range s.Spec.Strategy {
			chain = append(chain, strings.TrimSpace(string(p.Type)+" "+aws.ToString(p.Field)))
		}
		text += ". The service's strategy today: " + strings.Join(chain, ", ")
	}
	return text
}
