package broker

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// maxBatch and maxBatchBytes bound one Apply, so that it does not hold up the other work of the store for long.
	maxBatch      = 4096
	maxBatchBytes = 1 << 20
	// maxJournal is how much may wait to be written before clients that cause more of it are read from no longer.
	maxJournal = 64 << 20
	// retryEvery is the pause after changes that the store did not take.
	retryEvery = time.Second
)

// A journal gathers the changes of all sessions and writes them in groups: one Apply at a time, in order, each taking
// what has gathered meanwhile.
type journal struct {
	store Sessions
	log   *slog.Logger

	mu      sync.Mutex
	wake    sync.Cond // pending or closed has changed
	room    sync.Cond // bytes has shrunk, or closed has changed
	pending []pendingChange
	bytes   int // of what is not written yet
	closed  bool
	closing chan struct{} // closed when closed is set
	done    chan struct{}
}

// A pendingChange is a change that is not written yet. A message becomes its Value only when it is written: one that
// waits for many sessions is in memory once.
type pendingChange struct {
	Change
	message entry        // instead of Value; without one in it the change is whole
	written chan<- error // nil: nobody waits
}

func (c *pendingChange) size() int {
	const fixed = 128
	if c.message.m != nil {
		return fixed + c.message.m.cost()
	}
	return fixed + len(c.Value)
}

func newJournal(store Sessions, log *slog.Logger) *journal {
	j := &journal{store: store, log: log, closing: make(chan struct{}), done: make(chan struct{})}
	j.wake.L, j.room.L = &j.mu, &j.mu
	go j.run()
	return j
}

// write queues a change and returns at once. It is written in its turn, however long the store takes or refuses to.
func (j *journal) write(c Change) { j.put(pendingChange{Change: c}) }

// writeMessage queues a change that stores a message of a client's session.
func (j *journal) writeMessage(client string, e entry) {
	j.put(pendingChange{Change: Change{Client: client, Seq: e.seq}, message: e})
}

// begin queues a change and returns where it will be said that it, and all before it, are durable. After an error it
// stays queued like any other.
func (j *journal) begin(c Change) <-chan error {
	written := make(chan error, 1)
	j.put(pendingChange{Change: c, written: written})
	return written
}

// flushed returns where it will be said that all that was queued before is durable.
func (j *journal) flushed() <-chan error { return j.begin(Change{}) }

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
	j.bytes += c.size()
	if len(j.pending) == 1 {
		j.wake.Signal()
	}
}

// full reports whether a client should wait before it causes more changes.
func (j *journal) full() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes > maxJournal && !j.closed
}

// wait returns when the journal is not full.
func (j *journal) wait() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.bytes > maxJournal && !j.closed {
		j.room.Wait()
	}
}

// close writes what is pending and stops.
func (j *journal) close() {
	j.mu.Lock()
	j.closed = true
	close(j.closing)
	j.wake.Signal()
	j.room.Broadcast()
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
			n, size := batch(group)
			j.apply(group[:n])
			clear(group[:n])
			group = group[n:]
			j.mu.Lock()
			j.bytes -= size
			j.room.Broadcast()
			j.mu.Unlock()
		}
	}
}

// batch says how many changes go into the next Apply, and their size.
func batch(group []pendingChange) (n, size int) {
	for n < min(len(group), maxBatch) && size < maxBatchBytes {
		size += group[n].size()
		n++
	}
	return n, size
}

// apply writes a group, again and again until the store takes it: sessions go by it that everything queued will be
// stored. Whoever waits for a change is told of the first failure. Once the journal is closed, what fails is lost.
func (j *journal) apply(group []pendingChange) {
	changes := newest(group)
	for {
		var err error
		if len(changes) > 0 {
			err = j.store.Apply(context.Background(), changes)
		}
		answer(group, err)
		if err == nil {
			return
		}
		j.log.Error("store sessions", "changes", len(changes), "err", err)
		j.mu.Lock()
		closed := j.closed
		answer(j.pending, err)
		j.mu.Unlock()
		if closed {
			return
		}
		select {
		case <-time.After(retryEvery):
		case <-j.closing:
		}
	}
}

// newest returns the changes of a group that count: of those about one message the last. Many messages of the service are
// acknowledged before it is their turn to be written.
func newest(group []pendingChange) []Change {
	type key struct {
		client string
		seq    uint64
	}
	last := make(map[key]int, len(group))
	for i, c := range group {
		last[key{c.Client, c.Seq}] = i
	}
	changes := make([]Change, 0, len(group))
	for i := range group {
		c := &group[i]
		switch {
		case c.Seq == 0 && c.Client == "": // somebody only waits
			continue
		case c.Seq != 0 && last[key{c.Client, c.Seq}] != i:
			continue
		case c.message.m != nil:
			c.Value = appendStored(nil, &c.message)
		}
		changes = append(changes, c.Change)
	}
	return changes
}

// answer tells those who wait for the changes of a group.
func answer(group []pendingChange, err error) {
	for i := range group {
		if group[i].written != nil {
			group[i].written <- err
			group[i].written = nil
		}
	}
}
