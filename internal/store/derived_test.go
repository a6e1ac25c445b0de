package store

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/drydock-ecs/drydock/internal/model"
)

// TestDerivedStateFollowsTheRows writes random tasks and compares every index and rollup with what
// the rows say, in the same process and after a restart.
func TestDerivedStateFollowsTheRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := open(t, path)
	rnd := rand.New(rand.NewPCG(1, 2))
	rows := map[string]model.Task{}
	for step := range 300 {
		update(t, s, east, func(tx *Tx) {
			for range 1 + rnd.IntN(4) {
				id := fmt.Sprintf("t%02d", rnd.IntN(40))
				if rnd.IntN(4) == 0 {
					Tasks.Delete(tx, id)
					delete(rows, id)
					continue
				}
				row := randomTask(rnd, id)
				Tasks.Put(tx, row)
				rows[id] = row
			}
			if step%10 == 0 {
				compare(t, tx, rows)
			}
		})
		if step%100 == 99 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, path)
		}
		view(t, s, east, func(tx *Tx) { compare(t, tx, rows) })
		if t.Failed() {
			t.Fatalf("at step %d", step)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func randomTask(rnd *rand.Rand, id string) model.Task {
	t := task(id, []string{"a", "b"}[rnd.IntN(2)], []string{"", "web", "api"}[rnd.IntN(3)], []string{"", "c1", "c2"}[rnd.IntN(3)])
	t.Want, t.Is = []model.Status{model.Running, model.Stopped}[rnd.IntN(2)], model.Status(rnd.IntN(8))
	t.Needs.CPU = rnd.IntN(3)
	t.Containers[0].Bindings[0].HostPort = 30000 + rnd.IntN(4)
	return t
}

// sums is what the rows say that indexes and rollups hold.
type sums struct {
	counts map[string]Count
	used   map[string]Used
	ports  map[string][]model.HostPort
	groups map[string]int
	found  map[string][]string
}

func (s sums) add(r model.Task) {
	b := r.Birth
	find := func(key string) { s.found[key] = append(s.found[key], r.ID) }
	find("want/" + b.Cluster + "/" + r.Want.String())
	if !r.Live() {
		find("stopped")
		return
	}
	s.count(r, b.Cluster)
	if b.Service != "" {
		s.count(r, b.Cluster+"/"+b.Service)
		s.count(r, b.Cluster+"/"+b.Service+"/"+b.Deployment)
		find("service/" + b.Cluster + "/" + b.Service)
	}
	if r.Instance == "" {
		return
	}
	find("instance/" + r.Instance)
	u := s.used[r.Instance]
	u.CPU, u.Memory = u.CPU+r.Needs.CPU, u.Memory+r.Needs.Memory
	s.ports[r.Instance] = append(s.ports[r.Instance], r.HostPorts()...)
	if r.Is == model.Running {
		u.Running++
	} else if r.Is < model.Running {
		u.Pending++
	}
	s.used[r.Instance] = u
	if r.Want == model.Running {
		s.groups[GroupPrefix(b.Cluster, b.Group)+r.Instance]++
	}
}

func (s sums) count(r model.Task, key string) {
	n := s.counts[key]
	n.Live++
	if r.Is == model.Running {
		n.Running++
	} else if r.Is < model.Running && r.Want == model.Running {
		n.Pending++
	}
	s.counts[key] = n
}

// compare checks every key that could be there.
func compare(t *testing.T, tx *Tx, rows map[string]model.Task) {
	t.Helper()
	s := sums{map[string]Count{}, map[string]Used{}, map[string][]model.HostPort{}, map[string]int{}, map[string][]string{}}
	for _, id := range slices.Sorted(maps.Keys(rows)) {
		s.add(rows[id])
	}
	for _, k := range []string{"a", "b", "a/web", "b/web", "a/api", "b/api", "a/web/ecs-svc/1", "b/api/ecs-svc/1"} {
		if got := Counts.Get(tx, k); got != s.counts[k] {
			t.Errorf("counts of %s: got %+v, want %+v", k, got, s.counts[k])
		}
	}
	for _, k := range []string{"c1", "c2"} {
		if got, want := Usage.Get(tx, k), s.used[k]; got != want {
			t.Errorf("usage of %s: got %+v, want %+v", k, got, want)
		}
		if got, want := ordered(Ports(tx, k)), ordered(s.ports[k]); !slices.Equal(got, want) {
			t.Errorf("ports of %s: got %+v, want %+v", k, got, want)
		}
	}
	if got := maps.Collect(Groups.Each(tx, "")); !maps.Equal(got, s.groups) {
		t.Errorf("groups: got %v, want %v", got, s.groups)
	}
	compareIndexes(t, tx, s.found)
}

func compareIndexes(t *testing.T, tx *Tx, found map[string][]string) {
	t.Helper()
	check := func(ix Index[model.Task], value, key string) {
		t.Helper()
		var got []string
		for row := range ix.Each(tx, value) {
			got = append(got, row.ID)
		}
		want := found[key]
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
		if ix.Any(tx, value) != (len(want) > 0) {
			t.Errorf("Any of %s", key)
		}
		if len(want) > 1 { // a page begins after the key given
			var page []string
			for row := range ix.From(tx, value, want[0]) {
				page = append(page, row.ID)
			}
			if !slices.Equal(page, want[1:]) {
				t.Errorf("%s after %s: %v", key, want[0], page)
			}
		}
	}
	check(TasksStopped, "stopped", "stopped")
	for _, c := range []string{"a", "b"} {
		check(TasksByWant, c+"/RUNNING", "want/"+c+"/RUNNING")
		check(TasksByWant, c+"/STOPPED", "want/"+c+"/STOPPED")
		check(TasksByService, c+"/web", "service/"+c+"/web")
		check(TasksByService, c+"/api", "service/"+c+"/api")
	}
	check(TasksByInstance, "c1", "instance/c1")
	check(TasksByInstance, "c2", "instance/c2")
}

func ordered(ps []model.HostPort) []model.HostPort {
	return slices.SortedFunc(slices.Values(ps), func(a, b model.HostPort) int { return a.Port - b.Port })
}

// TestPagesFollowTheKeys: From starts after any key, there or not, and stays within its prefix.
func TestPagesFollowTheKeys(t *testing.T) {
	s := temp(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	var names []string
	update(t, s, east, func(tx *Tx) {
		for range 200 {
			name := randomName(rnd)
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			Families.Put(tx, model.Family{Name: name})
			Families.Put(tx.In(west), model.Family{Name: "w" + name})
		}
	})
	slices.Sort(names)
	view(t, s, east, func(tx *Tx) {
		for range 300 {
			prefix, after := randomName(rnd)[:1], randomName(rnd)
			if rnd.IntN(3) == 0 {
				after = ""
			}
			if after != "" {
				after = prefix + after[1:]
			}
			var got, want []string
			for f := range Families.From(tx, prefix, after) {
				got = append(got, f.Name)
			}
			for _, n := range names {
				if n[:1] == prefix && n > after {
					want = append(want, n)
				}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("prefix %q after %q:\n got %v\nwant %v", prefix, after, got, want)
			}
		}
	})
}

func randomName(rnd *rand.Rand) string {
	b := make([]byte, 1+rnd.IntN(4))
	for i := range b {
		b[i] = "ab-/"[rnd.IntN(4)]
	}
	return string(b)
}
