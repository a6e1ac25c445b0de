package docker

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// groupsIn returns groups in a directory, with the cgroup of the task and in it that of a container.
func groupsIn(t *testing.T) (g *groups, of, inner string) {
	t.Helper()
	g = &groups{dir: t.TempDir(), owner: "drydock-me", two: true, busy: map[string]int{}}
	of = filepath.Join(g.dir, g.owner, task)
	inner = filepath.Join(of, "container")
	if err := limits(inner); err != nil {
		t.Fatal(err)
	}
	return g, of, inner
}

func there(path string) bool { _, err := os.Stat(path); return err == nil }

// A cgroup stays while a start is under way, although nothing is in it yet.
func TestACgroupIsKeptForWhatStarts(t *testing.T) {
	g, of, _ := groupsIn(t)
	g.busy[task] = 2
	g.drop(task)
	g.sweep()
	g.leave(task)
	if !there(of) {
		t.Fatal("it is gone")
	}
	g.leave(task)
	if there(of) || len(g.busy) > 0 {
		t.Error("it stays")
	}
}

// A directory with a file in it stands for a cgroup that the kernel does not remove: in a real one no
// file is in the way.
func TestACgroupIsDropped(t *testing.T) {
	for _, c := range []struct {
		rule  string
		procs string
		held  time.Duration // for how long the kernel does not let go of it
		stays bool
		took  time.Duration
	}{
		{"at once when nothing is in it", "", 0, false, 0},
		{"not while a process is in it, and nothing is waited for", "42\n", time.Hour, true, 0},
		{"a moment later when the kernel lingers", "", 100 * time.Millisecond, false, 150 * time.Millisecond},
		{"not at all when that lasts, and no more is waited for it", "", time.Hour, true, 630 * time.Millisecond},
	} {
		t.Run(c.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, of, inner := groupsIn(t)
				began, procs := time.Now(), filepath.Join(inner, "cgroup.procs")
				if c.held > 0 {
					if err := os.WriteFile(procs, []byte(c.procs), 0o600); err != nil {
						t.Fatal(err)
					}
					time.AfterFunc(c.held, func() { _ = os.Remove(procs) })
				}
				g.drop(task)
				if took := time.Since(began); there(of) != c.stays || took != c.took {
					t.Errorf("it stays: %v, after %v", there(of), took)
				}
			})
		})
	}
}
