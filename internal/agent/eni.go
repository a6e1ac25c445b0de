package agent

import "github.com/drydock-ecs/drydock/internal/model"

// eni returns the task's network interface with the address that the engine gave it.
func (v view) eni(e *model.ENI) *model.ENI {
	if e == nil {
		return nil
	}
	for i := range v.facts {
		n := &v.facts[i].made.Net
		if v.facts[i].phase != running || n.IP == "" || e.IP == n.IP && e.MAC == n.MAC {
			continue
		}
		with := *e
		with.IP, with.MAC = n.IP, n.MAC
		return &with
	}
	return e
}

// unplugged reports whether a container runs in a network that is gone. As on ECS, where the pause
// container is an essential one, the task does not live on without.
//
// Source: amazon-ecs-agent, agent/api/task/task.go (the pause container of awsvpc tasks).
func (v view) unplugged() bool {
	return v.cut != "" && v.any(func(v view, i int) bool { return v.facts[i].phase == running && v.facts[i].made.Net.ID == v.cut })
}

func sameENI(a, b *model.ENI) bool {
	return a == b || a != nil && b != nil && *a == *b
}
