package broker

import (
	"context"
	"log/slog"
	"sync"
)

// maxBatch bounds one Apply.
const maxBatch = 4096

// A journal gathers the changes of all sessions and writes them in groups: one Apply at a time, in order, each taking
// what has gathered meanwhile.
type journal struct {
	store Sessions
	log   *slog.Logger

	mu      sync.Mutex
	wake    sync.Cond // pending or closed has changed
	pending []pendingChange
	closed  bool
	done    chan struct{}
}

type pendingChange struct {
	Change
	written chan<- error // nil: nobody waits
}

func newJournal(store Sessions, log *slog.Logger) *journal {
	j := &journal{store: store, log: log, done: make(chan struct{})}
	j.wake.L = &j.mu
	go j.run()
	return j
}

// write queues a change and returns at once. Changes that cannot be stored are logged and lost; what is in memory
// stays, and a session's next change writes it whole.
func (j *journal) write(c Change) { j.put(pendingChange{Change: c}) }

// begin queues a change and returns where it will be said that it, and all before it, are durable.
func (j *journal) begin(c Change) <-chan error {
	written := make(chan error, 1)
	j.put(pendingChange{c, written})
	return written
}

func (j *journal) put(c pendingChange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		if c.written != nil {
			c.written <- context.Canceled
		}
		return
	}
	j.pending = append(j.pending, c)
	if len(j.pending) == 1 {
		j.wake.Signal()
	}
}

// close writes what is pending and stops.
func (j *journal) close() {
	j.mu.Lock()
	j.closed = true
	j.wake.Signal()
	j.mu.Unlock()
	<-j.done
}

func (j *journal) run() {
	defer close(j.done)
	for {
		j.mu.Lock()
		for len(j.pending) == 0 && !j.closed {
			j.wake.Wait()
		}
		group := j.pending
		j.pending = nil
		j.mu.Unlock()
		if len(group) == 0 {
			return
		}
		for len(group) > 0 {
			n := min(len(group), maxBatch)
			j.apply(group[:n])
			group = group[n:]
		}
	}
}

func (j *journal) apply(group []pendingChange) {
	changes := make([]Change, len(group))
	for i := range group {
		changes[i] = group[i].Change
	}
	err := j.store.Apply(context.Background(), changes)
	if err != nil {
		j.log.Error("store sessions", "changes", len(changes), "error", err)
	}
	for i := range group {
		if group[i].written != nil {
			group[i].written <- err
		}
	}
}
