package docker

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/drydock-ecs/drydock/internal/engine"

	"github.com/docker/docker/api/types/system"
)

// The cpu and memory of a task bind its containers together: they have one cgroup above their own,
// which carries the limits. The engine makes the cgroups of containers below the one it is named,
// so it is made here first, and removed here, by whoever finds that nothing is in it. The kernel
// refuses to remove one that is in use.
//
// Source: amazon-ecs-agent, agent/api/task/task_linux.go (BuildCgroupRoot, BuildLinuxResourceSpec).
const (
	cgroupRoot = "/sys/fs/cgroup"
	cpuPeriod  = 100_000 // µs, the kernel's own and the ECS agent's
)

// groups are the cgroups of this owner's tasks.
type groups struct {
	dir   string // what the kernel shows as cgroups
	owner string // the directory of this owner in each hierarchy
	two   bool   // one hierarchy for all, as in version 2 of the kernel's interface
	mu    sync.Mutex
	busy  map[string]int // starts under way, by task: their cgroup may be empty still
}

// newGroups returns the cgroups of an owner, or why the engine's are out of reach.
func (r *Runtime) newGroups(in system.Info) (g *groups, why string) {
	switch {
	case !r.near(in):
		return nil, "the engine is on another machine"
	case in.CgroupDriver != "cgroupfs":
		return nil, "the engine's cgroup driver is " + in.CgroupDriver + ", not cgroupfs"
	case !in.MemoryLimit || !in.CPUCfsQuota:
		return nil, "the kernel does not limit both"
	case os.Geteuid() != 0:
		return nil, "only root can make cgroups"
	case !sameCgroups(r.cli.DaemonHost()):
		return nil, "the engine's cgroups are not those that are seen from here"
	}
	g = &groups{dir: cgroupRoot, owner: "drydock-" + r.owner, two: in.CgroupVersion == "2", busy: map[string]int{}}
	if err := g.enter(engine.Spec{Task: "check", CPUs: 1024, TaskMemory: 1 << 30}); err != nil {
		why = err.Error()
	}
	g.leave("check")
	if why != "" {
		return nil, why
	}
	return g, ""
}

// taskGroups returns the cgroups of tasks, nil where they are out of reach.
func (r *Runtime) taskGroups(ctx context.Context) *groups {
	r.grouping.Do(func() {
		if in, err := r.cli.Info(ctx); err == nil {
			r.groups, _ = r.newGroups(in)
		}
	})
	return r.groups
}

// sized reports whether the task of s has limits of its own.
func sized(s engine.Spec) bool { return s.CPUs > 0 || s.TaskMemory > 0 }

// parent names the cgroup of a task as the engine takes it.
func (g *groups) parent(task string) string { return "/" + g.owner + "/" + task }

// enter makes sure that the cgroup of s's task is there with its limits, and stays until leave.
func (g *groups) enter(s engine.Spec) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy[s.Task]++
	if g.two {
		return g.makeTwo(s)
	}
	return g.makeOne(s)
}

// leave ends what enter began, and drops the cgroup: what was started may have ended, and be removed,
// meanwhile.
func (g *groups) leave(task string) {
	g.mu.Lock()
	if g.busy[task]--; g.busy[task] == 0 {
		delete(g.busy, task)
	}
	g.mu.Unlock()
	g.drop(task)
}

// The engine tells that a container is gone, and that a start failed, a moment before the kernel lets go
// of the container's cgroup. These are the pauses before it is asked again, 630 ms together.
var lingerWaits = []time.Duration{10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond,
	160 * time.Millisecond, 320 * time.Millisecond}

// drop removes the cgroup of a task, unless something is in it or about to be. It only waits while
// nothing is in it and the kernel keeps it all the same.
func (g *groups) drop(task string) {
	if g == nil || task == "" {
		return
	}
	for _, wait := range lingerWaits {
		if !g.remove(task) {
			return
		}
		time.Sleep(wait)
	}
	g.remove(task)
}

// sweep drops the cgroups of all tasks that have nothing running (what another daemon left behind,
// or what was removed past this one), and the owner's when there is no other left.
func (g *groups) sweep() {
	if g == nil {
		return
	}
	for _, h := range g.hierarchies() {
		entries, err := os.ReadDir(filepath.Join(h, g.owner))
		if err != nil {
			continue
		}
		for _, e := range entries {
			if e.IsDir() {
				g.drop(e.Name())
			}
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.busy) == 0 {
		for _, h := range g.hierarchies() {
			_ = os.Remove(filepath.Join(h, g.owner))
		}
	}
}

// hierarchies are the directories that have a cgroup for each of a container's. The engine makes
// the containers' in all of them.
func (g *groups) hierarchies() (dirs []string) {
	if g.two {
		return []string{g.dir}
	}
	entries, err := os.ReadDir(g.dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		dirs = append(dirs, filepath.Join(g.dir, e.Name()))
	}
	return dirs
}

// remove removes the cgroup of a task in every hierarchy, where it is empty and nothing is about to
// start in it. It reports whether one lingers: nobody is in it, but the kernel does not let go of it yet.
func (g *groups) remove(task string) (lingers bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.busy[task] > 0 {
		return false
	}
	for _, h := range g.hierarchies() {
		gone, used := clearOut(filepath.Join(h, g.owner, task))
		lingers = lingers || !gone && !used
	}
	return lingers
}

// clearOut removes a cgroup with those below it: an engine that could not remove a container's own
// does not come back to it. What has processes stays, and is used.
func clearOut(dir string) (gone, used bool) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.IsDir() {
			_, u := clearOut(filepath.Join(dir, e.Name()))
			used = used || u
		}
	}
	err := os.Remove(dir)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return true, false
	}
	procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
	busy := errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.ENOTEMPTY)
	return false, used || len(procs) > 0 || !busy // whatever else the kernel says is no matter of waiting
}

// makeOne makes the cgroups of a task in the cpu and memory hierarchies of version 1.
func (g *groups) makeOne(s engine.Spec) error {
	cpu, memory := filepath.Join(g.dir, "cpu", g.owner, s.Task), filepath.Join(g.dir, "memory", g.owner, s.Task)
	if s.CPUs > 0 {
		if err := limits(cpu, setting{"cpu.cfs_period_us", strconv.Itoa(cpuPeriod)}, setting{"cpu.cfs_quota_us", quota(s.CPUs)},
			setting{"cpu.shares", strconv.FormatInt(max(s.CPUs, minShares), 10)}); err != nil {
			return err
		}
	}
	if s.TaskMemory == 0 {
		return nil
	}
	// Kernels that account for children only when told so must be told before there are any.
	switch err := limits(filepath.Dir(memory), setting{"memory.use_hierarchy", "1"}); {
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !strings.Contains(err.Error(), "busy"):
		return err
	}
	return limits(memory, setting{"memory.limit_in_bytes", strconv.FormatInt(s.TaskMemory, 10)})
}

// makeTwo makes the cgroup of a task in version 2. Controllers act below a cgroup that hands them on.
func (g *groups) makeTwo(s engine.Spec) error {
	handed := setting{"cgroup.subtree_control", "+cpu +memory"}
	for _, dir := range []string{g.dir, filepath.Join(g.dir, g.owner)} {
		if err := limits(dir, handed); err != nil {
			return err
		}
	}
	var all []setting
	if s.CPUs > 0 {
		all = append(all, setting{"cpu.max", quota(s.CPUs) + " " + strconv.Itoa(cpuPeriod)})
	}
	if s.TaskMemory > 0 {
		all = append(all, setting{"memory.max", strconv.FormatInt(s.TaskMemory, 10)})
	}
	return limits(filepath.Join(g.dir, g.owner, s.Task), all...)
}

// quota is the time that so many CPU units have of each period; the kernel takes 1 ms at least.
func quota(units int64) string { return strconv.FormatInt(max(units*cpuPeriod/1024, 1000), 10) }

// setting is one file of a cgroup.
type setting struct{ name, value string }

// limits makes a cgroup where it is missing, and writes its settings.
func limits(dir string, all ...setting) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, s := range all {
		if err := os.WriteFile(filepath.Join(dir, s.name), []byte(s.value), 0o644); err != nil {
			return err
		}
	}
	return nil
}
