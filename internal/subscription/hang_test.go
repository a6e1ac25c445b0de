package subscription

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drydock-ecs/drydock/internal/model"
	"github.com/drydock-ecs/drydock/internal/store"
)

// hangs are directories in which writing waits.
type hangs struct {
	mu   sync.Mutex
	till map[string]chan struct{}
	busy map[string]int // how many wait
}

// hang has writing to a directory wait for what it returns.
func (w *world) hang(dir string) (till chan struct{}) {
	w.hangs.mu.Lock()
	defer w.hangs.mu.Unlock()
	if w.hangs.till == nil {
		w.hangs.till, w.hangs.busy = map[string]chan struct{}{}, map[string]int{}
	}
	till = make(chan struct{})
	w.hangs.till[dir] = till
	return till
}

func (w *world) waiting(dir string) int {
	w.hangs.mu.Lock()
	defer w.hangs.mu.Unlock()
	return w.hangs.busy[dir]
}

// hung is a write that may wait.
func (w *world) hung(write func(dir, name string, body []byte) error) func(dir, name string, body []byte) error {
	return func(dir, name string, body []byte) error {
		w.hangs.mu.Lock()
		till := w.hangs.till[dir]
		if till != nil {
			w.hangs.busy[dir]++
		}
		w.hangs.mu.Unlock()
		if till != nil {
			<-till
		}
		return write(dir, name, body)
	}
}

// destination makes a directory and a destination of it.
func (w *world) destination(name string) (dir string) {
	w.Helper()
	dir = filepath.Join(filepath.Dir(w.dir), name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		w.Fatal(err)
	}
	w.update(scope, func(tx *store.Tx) {
		store.LogDestinations.Put(tx, model.LogDestination{Name: name, Directory: dir, Role: scope.IAM("role/logs")})
	})
	return dir
}

// to makes filters that send everything to a destination.
func (w *world) to(destination string, names ...string) {
	w.Helper()
	for _, name := range names {
		w.update(scope, func(tx *store.Tx) {
			store.Subscriptions.Put(tx, model.SubscriptionFilter{Group: "g", Name: name, Destination: scope.LogDestinationARN(destination), Created: tx.Now(), Next: w.log.Next(w.group)})
		})
	}
}

func TestADirectoryThatHangsHoldsUpNoOther(t *testing.T) {
	play(t, func(w *world) {
		slow := w.destination("slow")
		back := w.hang(slow)
		w.to("slow", "a", "b", "c", "e", "h", "i")
		w.to("d", "f")
		stop := w.run()
		w.write(1, "one")
		time.Sleep(6 * time.Second)
		if n := w.count(`"one"`); n != 1 {
			t.Errorf("delivered %d times", n)
		}
		w.write(1, "two")
		time.Sleep(6 * time.Second)
		if n := w.count(`"two"`); n != 1 || w.waiting(slow) != mostTo {
			t.Errorf("then %d times, and %d wait for the directory", n, w.waiting(slow))
		}
		close(back)
		synctest.Wait()
		time.Sleep(6 * time.Second)
		w.dir = slow
		if one, two := w.count(`"one"`), w.count(`"two"`); one != 6 || two != 6 {
			t.Errorf("when it is back: %d and %d of 6", one, two)
		}
		stop()
	})
}

func TestWhatHangsIsNotWaitedFor(t *testing.T) {
	play(t, func(w *world) {
		slow := w.destination("slow")
		back := w.hang(slow)
		w.to("slow", "a", "b")
		stop := w.run()
		w.write(1, "one")
		time.Sleep(6 * time.Second)
		w.update(scope, func(tx *store.Tx) { // of the filter, another destination
			f, _ := store.Subscriptions.Get(tx, "g:a")
			f.Destination = scope.LogDestinationARN("d")
			store.Subscriptions.Put(tx, f)
		})
		synctest.Wait()
		if n := w.count(`"one"`); n != 1 {
			t.Errorf("of another destination: %d", n)
		}
		w.update(scope, func(tx *store.Tx) { // of the destination, another directory
			store.LogDestinations.Put(tx, model.LogDestination{Name: "slow", Directory: w.dir, Role: scope.IAM("role/logs")})
		})
		synctest.Wait()
		if n := w.count(`"one"`); n != 2 {
			t.Errorf("of another directory: %d", n)
		}
		later := w.hang(w.dir)
		w.write(1, "two")
		time.Sleep(6 * time.Second)
		begun := time.Now()
		stop()
		if took := time.Since(begun); took != patienceAtEnd {
			t.Errorf("the end took %s", took)
		}
		close(later)
		close(back)
		synctest.Wait()
		stop = w.run() // what it wrote down is true
		w.write(1, "three")
		time.Sleep(6 * time.Second)
		if one, two, three := w.count(`"one"`), w.count(`"two"`), w.count(`"three"`); one != 2 || two != 2 || three != 2 {
			t.Errorf("after another start: %d, %d, %d", one, two, three)
		}
		stop()
	})
}

func TestADirectoryThatHangsIsNotWrittenToTwice(t *testing.T) {
	play(t, func(w *world) {
		slow := w.destination("slow")
		back := w.hang(slow)
		w.to("slow", "a")
		stop := w.run()
		w.write(1, "one")
		time.Sleep(6 * time.Second)
		w.write(1, "two")
		w.update(scope, func(tx *store.Tx) {
			d, _ := store.LogDestinations.Get(tx, "slow")
			d.Policy = "{}"
			store.LogDestinations.Put(tx, d)
		})
		time.Sleep(6 * time.Second)
		if n := w.waiting(slow); n != 1 {
			t.Errorf("%d wait", n)
		}
		close(back)
		time.Sleep(6 * time.Second)
		if w.dir = slow; w.count(`"one"`) != 1 || w.count(`"two"`) != 1 {
			t.Errorf("got %v", w.files())
		}
		stop()
	})
}

func TestDeliveriesAreBounded(t *testing.T) {
	play(t, func(w *world) {
		back := map[string]chan struct{}{}
		for i := range 20 {
			name := fmt.Sprint("slow", i)
			dir := w.destination(name)
			back[dir] = w.hang(dir)
			for j := range 5 {
				w.to(name, fmt.Sprintf("f%d-%d", i, j))
			}
		}
		stop := w.run()
		w.write(1, "one")
		time.Sleep(time.Minute)
		waiting, files := 0, 0
		for dir := range back {
			waiting += w.waiting(dir)
		}
		if waiting != most {
			t.Errorf("%d wait", waiting)
		}
		for _, till := range back {
			close(till)
		}
		synctest.Wait()
		for dir := range back {
			w.dir = dir
			files += len(w.files())
		}
		if files != 100 {
			t.Errorf("%d files", files)
		}
		stop()
	})
}
