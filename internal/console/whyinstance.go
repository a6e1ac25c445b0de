package console

import (
	"fmt"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// mostOutside is how many instances whose agents ECS refuses are told one by one.
const mostOutside = 5

// ofInstance answers why an instance is in its cluster or in none; false when there is no such instance.
func (y *Why) ofInstance(tx *store.Tx, id string) bool {
	i, ok := store.Instances.Get(tx, id)
	if !ok {
		return false
	}
	said := false
	for ci := range store.ContainerInstancesByEC2.Each(tx, id) {
		said = true
		y.say("instance", fmt.Sprintf("instance %s is in cluster %s as container instance %s, %s", id, ci.Cluster, ci.ID, ci.Status), ci.Registered)
		if ci.Refused != "" {
			y.say("instance", cutOffWords(ci), tx.Now())
		}
	}
	switch {
	case said:
	case i.Refused != "":
		y.say("instance", refusedWords(i), tx.Now())
	case i.State == "running":
		y.say("instance", fmt.Sprintf("instance %s waits for cluster %s, which its user data names: there is no ACTIVE one of that name", id, i.ClusterName()), tx.Now())
	default:
		y.say("instance", strings.TrimSuffix(fmt.Sprintf("instance %s is %s: %s", id, i.State, i.StateReason), ": "), tx.Now())
	}
	return true
}

// outside tells of the instances whose agents ECS refuses: of those of one cluster, or of all when it is empty.
func (y *Why) outside(tx *store.Tx, cluster string) {
	var all []string
	for i := range store.Instances.All(tx) {
		if i.Refused != "" && (cluster == "" || i.ClusterName() == cluster) {
			all = append(all, refusedWords(i))
		}
	}
	for ci := range store.ContainerInstances.All(tx) {
		if ci.Refused != "" && (cluster == "" || ci.Cluster == cluster) {
			all = append(all, cutOffWords(ci))
		}
	}
	for _, words := range all[:min(len(all), mostOutside)] {
		y.say("instance", words, tx.Now())
	}
	if more := len(all) - mostOutside; more > 0 {
		y.say("instance", fmt.Sprintf("ECS refuses the agents of %d more instances", more), tx.Now())
	}
}

func cutOffWords(ci model.ContainerInstance) string {
	return fmt.Sprintf("ECS refuses the agent of instance %s, which is disconnected: %s", ci.EC2, strings.TrimSuffix(ci.Refused, "."))
}

func refusedWords(i model.Instance) string {
	return fmt.Sprintf("instance %s has not registered with cluster %s: %s", i.ID, i.ClusterName(), strings.TrimSuffix(i.Refused, "."))
}
