package docker

import (
	"testing"

	"github.com/drydock-ecs/drydock/internal/engine"
	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/netbox"

	"github.com/docker/docker/api/types/container"
)

// listed is a container as the engine lists it, in the network of another.
func listed(id, state, joins string, labels map[string]string) container.Summary {
	c := container.Summary{ID: id, Names: []string{"/" + id}, State: state, Labels: labels}
	c.HostConfig.NetworkMode = joins
	return c
}

func TestWhoseAListedPauseIs(t *testing.T) {
	sc := model.Scope{Account: "123456789012", Region: "us-east-1"}
	pause := func(id string) container.Summary {
		return listed(id, container.StateRunning, "net", map[string]string{labelBox: netbox.RolePause, labelAccount: sc.Account, labelRegion: sc.Region, labelInstance: "i-1"})
	}
	user := func(task, mode, joins string) container.Summary {
		return listed(task, container.StateRunning, joins, map[string]string{labelAccount: sc.Account, labelRegion: sc.Region,
			labelTask: task, labelContainer: "web", labelInstance: "i-1", labelNetwork: mode})
	}
	var r Runtime
	cs := []container.Summary{pause("spare"), pause("own"), pause("shared"), user("a", "bridge", "container:own"),
		user("b", engine.NetworkTask, "container:shared"), user("c", "host", "container:machine"), user("d", "bridge", "container:gone")}
	r.claimed(cs)
	for id, want := range map[string]engine.Place{
		"spare":  {Scope: sc, Instance: "i-1"},
		"own":    {Scope: sc, Instance: "i-1", Task: "a", Container: "web"},
		"shared": {Scope: sc, Instance: "i-1", Task: "b"},
	} {
		if got := r.whose(id, pause(id).Labels); got != want {
			t.Errorf("%s is of %+v, want %+v", id, got, want)
		}
	}
	for _, id := range []string{"machine", "gone"} {
		if _, noted := r.claims.Load(id); noted {
			t.Errorf("%s is claimed", id)
		}
	}
}
