package scheduler

import (
	"slices"
	"sort"
)

// sorted is an ordered list of candidates in blocks. Each block knows the most CPU and memory that
// one of its entries has left, so that full instances are passed by the block.
type sorted struct{ blocks []*block }

type block struct {
	cpu, memory int
	entries     []entry
}

type entry struct {
	cpu, memory int
	candidate   int32
}

const blockSize = 128

// want is what an entry must have.
type want struct {
	cpu, memory int
	skip        map[int32]int // candidates that do not count
	seed        uint64
}

func (w *want) takes(e *entry) bool {
	return w.cpu <= e.cpu && w.memory <= e.memory && (len(w.skip) == 0 || w.skip[e.candidate] == 0)
}

func (b *block) measure() {
	b.cpu, b.memory = b.entries[0].cpu, b.entries[0].memory
	for i := range b.entries {
		b.cpu, b.memory = max(b.cpu, b.entries[i].cpu), max(b.memory, b.entries[i].memory)
	}
}

// fill makes s the list of candidates that are in order.
func (s *sorted) fill(r *Room, is []int32) {
	s.blocks = nil
	for part := range slices.Chunk(is, blockSize/2) {
		b := &block{entries: make([]entry, len(part), blockSize)}
		for n, i := range part {
			b.entries[n] = entry{r.candidates[i].CPU, r.candidates[i].Memory, i}
		}
		b.measure()
		s.blocks = append(s.blocks, b)
	}
}

// find returns the block and the place in it of candidate i, there or not.
func (s *sorted) find(k *ranking, i int32) (at, n int) {
	at = sort.Search(len(s.blocks), func(x int) bool { return k.order(s.blocks[x].entries[0].candidate, i) > 0 })
	at = max(0, at-1)
	if len(s.blocks) == 0 {
		return 0, 0
	}
	entries := s.blocks[at].entries
	return at, sort.Search(len(entries), func(x int) bool { return k.order(entries[x].candidate, i) >= 0 })
}

func (s *sorted) insert(k *ranking, r *Room, i int32) {
	e := entry{r.candidates[i].CPU, r.candidates[i].Memory, i}
	at, n := s.find(k, i)
	if len(s.blocks) == 0 {
		s.blocks = append(s.blocks, &block{e.cpu, e.memory, []entry{e}})
		return
	}
	b := s.blocks[at]
	b.entries = slices.Insert(b.entries, n, e)
	b.cpu, b.memory = max(b.cpu, e.cpu), max(b.memory, e.memory)
	if len(b.entries) < blockSize {
		return
	}
	rest := &block{entries: append(make([]entry, 0, blockSize), b.entries[blockSize/2:]...)}
	b.entries = b.entries[:blockSize/2]
	b.measure()
	rest.measure()
	s.blocks = slices.Insert(s.blocks, at+1, rest)
}

// remove takes out candidate i, whose key is still the one it was put in with.
func (s *sorted) remove(k *ranking, i int32) {
	at, n := s.find(k, i)
	b := s.blocks[at]
	e := b.entries[n]
	b.entries = slices.Delete(b.entries, n, n+1)
	switch {
	case len(b.entries) == 0:
		s.blocks = slices.Delete(s.blocks, at, at+1)
	case e.cpu == b.cpu || e.memory == b.memory:
		b.measure()
	}
}

// first returns the first candidate that takes the task, or of those that are equal to it a random
// one if the plan says so; -1 for none.
func (s *sorted) first(k *ranking, w *want) int32 {
	for at, b := range s.blocks {
		if w.cpu > b.cpu || w.memory > b.memory {
			continue
		}
		for n := range b.entries {
			if w.takes(&b.entries[n]) {
				if k.plan.random {
					return s.any(k, w, at, n)
				}
				return b.entries[n].candidate
			}
		}
	}
	return -1
}

// any returns one of the candidates that are equal to the entry n of block at, which is the first of
// them that takes the task. A few are drawn; when none of them does, the next one after the last
// drawn takes it.
func (s *sorted) any(k *ranking, w *want, at, n int) int32 {
	low := k.keys[s.blocks[at].entries[n].candidate]
	end := at + 1 + sort.Search(len(s.blocks)-at-1, func(x int) bool {
		return k.keys[s.blocks[at+1+x].entries[0].candidate].compare(&low) > 0
	}) // the block after the last one with an equal
	size := -n
	for _, b := range s.blocks[at : end-1] {
		size += len(b.entries)
	}
	last := s.blocks[end-1].entries
	size += sort.Search(len(last), func(x int) bool { return k.keys[last[x].candidate].compare(&low) > 0 })
	x, seed := 0, w.seed
	for range 8 {
		seed = avalanche(seed + 0x9e3779b97f4a7c15)
		x = int(seed % uint64(size))
		if b, m := s.offset(at, n+x); w.takes(&s.blocks[b].entries[m]) {
			return s.blocks[b].entries[m].candidate
		}
	}
	b, m := s.offset(at, n+x)
	for range size {
		if e := &s.blocks[b].entries[m]; w.takes(e) {
			return e.candidate
		}
		if x++; x == size {
			x, b, m = 0, at, n
		} else if m++; m == len(s.blocks[b].entries) {
			b, m = b+1, 0
		}
	}
	return s.blocks[at].entries[n].candidate
}

// offset returns the block and place of the x-th entry from the beginning of block at.
func (s *sorted) offset(at, x int) (b, n int) {
	for b = at; x >= len(s.blocks[b].entries); b++ {
		x -= len(s.blocks[b].entries)
	}
	return b, x
}
