package docker

import (
	"context"
	"sync"
)

// turns lets one at a time make or remove what the containers of a task share. Those of different
// tasks do not wait for each other.
type turns struct {
	mu   sync.Mutex
	held map[string]chan struct{} // by task; closed when it is free again
}

// take waits for the task's turn; done gives it back.
func (t *turns) take(ctx context.Context, task string) (done func(), err error) {
	for {
		free, wait := t.try(task)
		if wait == nil {
			return free, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try takes the turn, or returns what to wait for.
func (t *turns) try(task string) (done func(), wait <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if held, taken := t.held[task]; taken {
		return nil, held
	}
	if t.held == nil {
		t.held = map[string]chan struct{}{}
	}
	mine := make(chan struct{})
	t.held[task] = mine
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.held, task)
		close(mine)
	}, nil
}
