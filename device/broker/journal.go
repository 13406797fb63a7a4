package broker

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// The journal is where sessions put what is to be stored, so that nobody has to wait for the store
// with a lock held. One goroutine writes the changes of all sessions in the order in which they
// were queued, as many as have gathered in one Apply. A store that fails is tried again until the
// broker stops: sessions rely on everything queued being stored.

const (
	// maxBatch and maxBatchBytes limit one Apply, so that it does not delay the other users of the
	// store for long.
	maxBatch      = 4096
	maxBatchBytes = 1 << 20
	// maxJournal is how many bytes may wait to be written before clients that cause more are read
	// from no longer (R-BRK-35).
	maxJournal = 64 << 20
	// retryInterval is the pause after an Apply that failed.
	retryInterval = time.Second
)

// A journal queues changes and writes them to the store.
type journal struct {
	store Sessions
	log   *slog.Logger

	mu      sync.Mutex // guards what follows; it is never held while the store works
	changed sync.Cond  // pending or closed has changed
	shrunk  sync.Cond  // bytes has become less, or closed is set
	pending []pendingChange
	bytes   int // of all changes that are not written, pending or in an Apply
	closed  bool

	closing chan struct{} // closed when closed is set
	done    chan struct{} // closed when the writing goroutine has ended
}

// A pendingChange is a change that is not written yet. A message is encoded only when it is
// written, so one that waits for many sessions is in memory once.
type pendingChange struct {
	Change               // Value is not set if there is a message
	message entry        // its m is nil if there is none
	written chan<- error // gets the outcome; nil: nobody waits for it
}

// size is what a change counts against the limits: its bytes, and something for the struct.
func (c *pendingChange) size() int {
	const fixed = 128
	if c.message.m != nil {
		return fixed + c.message.m.size()
	}
	return fixed + len(c.Value)
}

func newJournal(store Sessions, log *slog.Logger) *journal {
	j := &journal{
		store:   store,
		log:     log,
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	j.changed.L, j.shrunk.L = &j.mu, &j.mu
	go j.run()
	return j
}

// write queues a change. It does not wait.
func (j *journal) write(c Change) { j.enqueue(pendingChange{Change: c}) }

// writeMessage queues a change that stores a message of a client's session.
func (j *journal) writeMessage(client string, e entry) {
	j.enqueue(pendingChange{Change: Change{Client: client, Seq: e.seq}, message: e})
}

// writeNotify queues a change and returns a channel that gets nil when it, and all before it, are
// durable, or the error of the first Apply that failed. After an error the change stays queued like
// any other.
func (j *journal) writeNotify(c Change) <-chan error {
	written := make(chan error, 1)
	j.enqueue(pendingChange{Change: c, written: written})
	return written
}

// flushed is writeNotify for all that was queued before. The empty change is not written.
func (j *journal) flushed() <-chan error { return j.writeNotify(Change{}) }

func (j *journal) enqueue(c pendingChange) {
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
		j.changed.Signal()
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
		j.shrunk.Wait()
	}
}

// close writes what is pending and ends the writing goroutine.
func (j *journal) close() {
	j.mu.Lock()
	j.closed = true
	close(j.closing)
	j.changed.Signal()
	j.shrunk.Broadcast()
	j.mu.Unlock()
	<-j.done
}

// run is the writing goroutine.
func (j *journal) run() {
	defer close(j.done)
	for {
		j.mu.Lock()
		for len(j.pending) == 0 && !j.closed {
			j.changed.Wait()
		}
		changes := j.pending
		j.pending = nil
		j.mu.Unlock()
		if len(changes) == 0 {
			return
		}
		for len(changes) > 0 {
			n, size := nextBatch(changes)
			j.apply(changes[:n])
			clear(changes[:n])
			changes = changes[n:]
			j.mu.Lock()
			j.bytes -= size
			j.shrunk.Broadcast()
			j.mu.Unlock()
		}
	}
}

// nextBatch says how many changes go into the next Apply, and their size.
func nextBatch(changes []pendingChange) (n, size int) {
	for n < min(len(changes), maxBatch) && size < maxBatchBytes {
		size += changes[n].size()
		n++
	}
	return n, size
}

// apply writes a batch, again and again until the store accepts it. Whoever waits for a change, of
// this batch or of a later one, gets the first error. Once the journal is closed a batch that fails
// is lost, so that a broken store does not keep the broker from stopping.
func (j *journal) apply(batch []pendingChange) {
	changes := effective(batch)
	for {
		var err error
		if len(changes) > 0 {
			err = j.store.Apply(context.Background(), changes)
		}
		report(batch, err)
		if err == nil {
			return
		}
		j.log.Error("store sessions", "changes", len(changes), "err", err)
		j.mu.Lock()
		closed := j.closed
		report(j.pending, err)
		j.mu.Unlock()
		if closed {
			return
		}
		select {
		case <-time.After(retryInterval):
		case <-j.closing:
		}
	}
}

// effective returns the changes of a batch that make a difference: of those about one message the
// last. Many messages are acknowledged before they are written, and then only their deletion is.
// Changes of a session itself are all written, because deleting a session deletes its messages.
func effective(batch []pendingChange) []Change {
	type key struct {
		client string
		seq    uint64
	}
	last := make(map[key]int, len(batch))
	for i, c := range batch {
		last[key{c.Client, c.Seq}] = i
	}
	changes := make([]Change, 0, len(batch))
	for i := range batch {
		c := &batch[i]
		switch {
		case c.Seq == 0 && c.Client == "": // the empty change of flushed
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

// report sends an outcome to those who wait for one of the changes. They get one outcome each.
func report(changes []pendingChange, err error) {
	for i := range changes {
		if changes[i].written != nil {
			changes[i].written <- err
			changes[i].written = nil
		}
	}
}
