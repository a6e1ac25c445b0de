package agent

// unplugged reports whether a container runs in a network that is gone. As on ECS, where the pause
// container is an essential one, the task does not live on without.
//
// Source: amazon-ecs-agent, agent/api/task/task.go (the pause container of awsvpc tasks).
func (v view) unplugged() bool {
	return v.cut != "" && v.any(func(v view, i int) bool { return v.facts[i].phase == running && v.facts[i].made.Net.ID == v.cut })
}
