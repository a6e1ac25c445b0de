package scheduler

// Meets reports whether an instance is one that a daemon is to run on: ACTIVE, of the provider, in the
// zones, with the attributes that the task requires, and every expression holds. Resources, ports, other
// tasks of the group and whether the agent is connected are not asked.
func (r *Room) Meets(id string, a Ask) bool {
	i, ok := r.at[id]
	if !ok {
		return false
	}
	p := r.plan(&a)
	return r.candidates[i].Active && r.fixed(i, p) && r.member(i, p, p.moving)
}
