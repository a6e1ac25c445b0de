package scheduler

import (
	"slices"
	"strings"

	"github.com/drydock-ecs/drydock/internal/model"
)

// Rows is where a room reads what tasks hold. Only tasks that are wanted count in groups; ports are
// those of every live task.
type Rows interface {
	// Candidate returns an instance of the room's cluster as it is now.
	Candidate(id string) (Candidate, bool)
	// Group returns how many tasks of a group are on each instance, by its id.
	Group(group string) map[string]int
	// Count returns how many tasks of a group are on one instance.
	Count(group, id string) int
	// Tasks returns how many tasks of each group are on one instance, and the ports of all its tasks.
	Tasks(id string) (groups map[string]int, ports []model.HostPort)
}

// Room is what the container instances of one cluster have left. Placing a task takes from it.
// It may be kept from one transaction to the next: see Sync. It is not for concurrent use.
type Room struct {
	candidates []Candidate // by id
	at         map[string]int32
	rows       Rows
	tallies    map[string]*tally
	fields     map[string]*field
	held       []*held // by candidate; nil while nobody asked
	plans      map[string]*plan
	key        []byte  // of plans, reused
	asked      int     // how often a plan was asked for
	changes    []int32 // candidates in the order in which they changed, for the rankings to follow
	dropped    int     // changes that are no longer in the list
	taken      []take  // since the last Sync
	indexed    int     // candidates in rankings of single groups, which are bounded
}

// take is what a placed task took, until the rows say so.
type take struct {
	candidate int32
	group     string
	ports     []model.HostPort
}

// tally counts the tasks of one group.
type tally struct {
	on     map[int32]int    // by candidate; no zeros
	fields map[*field][]int // by bucket of a field that tasks are spread over
	looked int              // at how many instances, one by one, instead of making a ranking
}

// field is an attribute that tasks are spread over. Candidates with the same value share a bucket;
// those without one share the last bucket.
type field struct {
	bucket  []int32 // by candidate
	buckets int
}

// none is the bucket of the candidates without the attribute.
func (f *field) none() int32 { return int32(f.buckets - 1) }

// held is what tasks hold on one candidate.
type held struct {
	groups map[string]int
	ports  map[model.HostPort]struct{}
}

// each yields the groups that have a task there.
func (h *held) each(yield func(string) bool) {
	for g, n := range h.groups {
		if n > 0 && !yield(g) {
			return
		}
	}
}

// NewRoom returns a room of candidates. rows is asked only for what a strategy or a constraint
// needs to know, and once for each; nil stands for no tasks.
func NewRoom(cs []Candidate, rows Rows) *Room {
	slices.SortFunc(cs, func(a, b Candidate) int { return strings.Compare(a.ID, b.ID) })
	r := &Room{candidates: cs, rows: rows, at: make(map[string]int32, len(cs)), tallies: map[string]*tally{}, fields: map[string]*field{},
		held: make([]*held, len(cs)), plans: map[string]*plan{}}
	for i := range cs {
		r.at[cs[i].ID] = int32(i)
	}
	return r
}

// Touch names an instance on which something changed, and the group of the task that changed it;
// empty for a change of the instance itself.
type Touch struct{ Instance, Group string }

// Sync brings a kept room up to date with rows: with what was touched since the last time, and with
// what was taken since then, whether it was written or not. It returns false when the room cannot
// follow, because instances joined or left or are not what they were; it is then of no more use.
func (r *Room) Sync(rows Rows, touched []Touch) bool {
	r.rows = rows
	for _, t := range r.taken {
		touched = append(touched, Touch{r.candidates[t.candidate].ID, t.group})
	}
	r.taken = r.taken[:0]
	last := int32(-1)
	seen := make(map[Touch]struct{}, len(touched))
	for _, t := range touched {
		if _, again := seen[t]; again {
			continue
		}
		seen[t] = struct{}{}
		i, known := r.at[t.Instance]
		c, there := rows.Candidate(t.Instance)
		if known != there {
			return false
		}
		if !known {
			continue
		}
		if g, ok := r.tallies[t.Group]; ok {
			g.set(i, rows.Count(t.Group, t.Instance))
		}
		if i == last {
			r.changed(i)
			continue
		}
		if was := &r.candidates[i]; was.Zone != c.Zone || was.EC2 != c.EC2 || !slices.Equal(was.Attributes, c.Attributes) {
			return false
		}
		if was := &r.candidates[i]; was.Connected != c.Connected || was.Provider != c.Provider || was.Agent != c.Agent || !was.Registered.Equal(c.Registered) {
			for _, p := range r.plans {
				p.answers[i] = unknown
			}
		}
		r.candidates[i], r.held[i] = c, nil
		r.changed(i)
		last = i
	}
	return true
}

// Len returns the number of candidates.
func (r *Room) Len() int { return len(r.candidates) }

// changed notes that candidate i is not what it was.
func (r *Room) changed(i int32) {
	r.changes = append(r.changes, i)
	if len(r.changes) > 2*len(r.candidates)+1024 {
		half := len(r.changes) / 2
		r.changes = append(r.changes[:0], r.changes[half:]...)
		r.dropped += half
	}
}

// take gives the room on candidate i to the task that asked.
func (r *Room) take(i int32, a *Ask) {
	c := &r.candidates[i]
	c.CPU -= a.Needs.CPU
	c.Memory -= a.Needs.Memory
	c.ENIs -= a.Needs.ENIs
	if t, ok := r.tallies[a.Group]; ok {
		t.set(i, t.on[i]+1)
	}
	t := take{i, a.Group, a.Needs.Ports}
	if h := r.held[i]; h != nil {
		h.add(t)
	}
	r.taken = append(r.taken, t)
	r.changed(i)
}

func (h *held) add(t take) {
	h.groups[t.group]++
	for _, p := range t.ports {
		h.ports[p] = struct{}{}
	}
}

// hold returns what tasks hold on candidate i. What was taken and is in the rows already counts
// twice, which makes no difference: only whether there is some is ever asked.
func (r *Room) hold(i int32) *held {
	if h := r.held[i]; h != nil {
		return h
	}
	h := &held{groups: map[string]int{}, ports: map[model.HostPort]struct{}{}}
	if r.rows != nil {
		groups, ports := r.rows.Tasks(r.candidates[i].ID)
		for g, n := range groups {
			h.groups[g] = n
		}
		for _, p := range ports {
			h.ports[p] = struct{}{}
		}
	}
	for _, t := range r.taken {
		if t.candidate == i {
			h.add(t)
		}
	}
	r.held[i] = h
	return h
}

// maxTallies bounds for how many groups a room counts.
const maxTallies = 4096

// tally returns the counts of a group.
func (r *Room) tally(group string) *tally {
	t, known := r.tallies[group]
	if !known {
		if len(r.tallies) >= maxTallies {
			clear(r.tallies)
			r.forget()
		}
		t = &tally{on: map[int32]int{}, fields: map[*field][]int{}}
		if r.rows != nil {
			for id, n := range r.rows.Group(group) {
				if i, ok := r.at[id]; ok {
					t.on[i] = n
				}
			}
		}
		r.tallies[group] = t
	}
	return t
}

// set makes n the count on candidate i.
func (t *tally) set(i int32, n int) {
	for f, counts := range t.fields {
		counts[f.bucket[i]] += n - t.on[i]
	}
	if n == 0 {
		delete(t.on, i)
	} else {
		t.on[i] = n
	}
}

// by returns the counts by bucket of a field.
func (t *tally) by(f *field) []int {
	counts, known := t.fields[f]
	if !known {
		counts = make([]int, f.buckets)
		for i, n := range t.on {
			counts[f.bucket[i]] += n
		}
		t.fields[f] = counts
	}
	return counts
}

// field returns the buckets of an attribute.
func (r *Room) field(name string) *field {
	f, known := r.fields[name]
	if !known {
		values := map[string]int32{}
		f = &field{bucket: make([]int32, len(r.candidates))}
		for i := range r.candidates {
			value, ok := r.candidates[i].attribute(name)
			b, seen := values[value]
			switch {
			case !ok:
				b = -1
			case !seen:
				b = int32(len(values))
				values[value] = b
			}
			f.bucket[i] = b
		}
		f.buckets = len(values) + 1
		for i, b := range f.bucket {
			if b < 0 {
				f.bucket[i] = f.none()
			}
		}
		r.fields[name] = f
	}
	return f
}

// attribute returns the value of an attribute and whether the instance has it.
func (c *Candidate) attribute(name string) (string, bool) {
	if name == "ecs.availability-zone" {
		return c.Zone, true
	}
	for n := range c.Attributes {
		if a := &c.Attributes[n]; a.Name == name {
			return a.Value, true
		}
	}
	return "", false
}
