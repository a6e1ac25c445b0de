package agent

import (
	"container/heap"
	"slices"
	"time"
)

const (
	keepFor  = 10 * time.Minute // how long the containers of a stopped task stay, for their logs
	keepMost = 50               // of how many stopped tasks
)

// kept is a stopped task whose containers are still there.
type kept struct {
	at   time.Time // when it stopped
	task key
}

// keep puts the remains of a stopped task on the list, or forgets a task of which nothing is left.
func (a *Agent) keep(k key, w *work, at time.Time) {
	if !w.present() {
		delete(a.work, k)
		return
	}
	if w.kept {
		return
	}
	w.kept = true
	i := len(a.kept)
	for i > 0 && a.kept[i-1].at.After(at) {
		i--
	}
	a.kept = slices.Insert(a.kept, i, kept{at, k})
	if len(a.kept) > keepMost {
		a.drop()
	}
}

// drop lets go of the oldest remains.
func (a *Agent) drop() {
	k := a.kept[0].task
	a.kept = slices.Delete(a.kept, 0, 1)
	if w := a.work[k]; w != nil {
		w.expired = true
		a.dirty.add(k)
	}
}

// expiry returns when the oldest remains are due; zero when there are none.
func (a *Agent) expiry() time.Time {
	if len(a.kept) == 0 || !a.link.up {
		return time.Time{}
	}
	return a.kept[0].at.Add(a.c.Scale.Of(keepFor))
}

// expire lets go of the remains that are due.
func (a *Agent) expire(now time.Time) {
	for at := a.expiry(); !at.IsZero() && !at.After(now); at = a.expiry() {
		a.drop()
	}
}

// alarms are the moments at which tasks are to be looked at again.
type alarms []alarm

type alarm struct {
	at   time.Time
	task key
}

func (s alarms) Len() int           { return len(s) }
func (s alarms) Less(i, j int) bool { return s[i].at.Before(s[j].at) }
func (s alarms) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Push is part of heap.Interface.
func (s *alarms) Push(x any) { *s = append(*s, x.(alarm)) }

// Pop is part of heap.Interface.
func (s *alarms) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

func (s *alarms) set(at time.Time, k key) { heap.Push(s, alarm{at, k}) }

func (s alarms) first() time.Time {
	if len(s) == 0 {
		return time.Time{}
	}
	return s[0].at
}

// ring marks the tasks whose time has come.
func (a *Agent) ring(now time.Time) {
	for len(a.alarms) > 0 && !a.alarms[0].at.After(now) {
		k := heap.Pop(&a.alarms).(alarm).task
		if w := a.work[k]; w != nil {
			w.again = time.Time{}
		}
		a.dirty.add(k)
	}
}
