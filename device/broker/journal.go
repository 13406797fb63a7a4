package broker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// The journal is where sessions put what is to be stored, so that nobody has to wait for the store
// with a lock held. One goroutine writes the changes of all sessions in the order in which they
// were queued, as many as have gathered in one Apply. A store that fails is tried again until the
// broker stops: sessions rely on everything queued being stored. Only when the node was given up
// (ErrLost), or the broker is told so (Abandon), the journal drops what it has: others have the
// sessions then.

const (
	// maxBatch and maxBatchBytes limit one Apply, so that it does not delay the other users of the
	// store for long.
	maxBatch      = 4096
	maxBatchBytes = 1 << 20
	// retryInterval is the pause after an Apply that failed.
	retryInterval = time.Second
)

// A journal queues changes and writes them to the store.
type journal struct {
	store Sessions
	limit int // Config.MaxPendingBytes
	log   *slog.Logger

	mu      sync.Mutex // guards what follows; it is never held while the store works
	changed sync.Cond  // pending or closed has changed
	shrunk  sync.Cond  // bytes has become less, or closed is set
	pending []pendingChange
	bytes   int // of all changes that are not written, pending or in an Apply
	closed  bool
	// lost is set when the store has said that the node was given up. What is queued then is
	// dropped, until abandon is called.
	lost bool
	// ctx is that of the calls of Apply. abandon ends it, and sets another. What was taken from
	// pending under a ctx that has ended is dropped.
	ctx    context.Context
	cancel context.CancelFunc
	busy   bool      // the writing goroutine has changes that are not in pending
	idle   sync.Cond // busy has become false

	closing chan struct{} // closed when closed is set
	done    chan struct{} // closed when the writing goroutine has ended
}

// A pendingChange is a change that is not written yet. A message is encoded only when it is
// written, so one that waits for many sessions is in memory once.
type pendingChange struct {
	client  string
	value   []byte       // as in Change; not set if there is a message
	message entry        // its seq is that of the change; its m is nil if there is no message
	away    *session     // gets a call of unload for the message when it is stored; nil: nobody
	written chan<- error // gets the outcome; nil: nobody waits for it
}

// size is what a change counts against the limits, without its message: its bytes, and something
// for the struct.
func (c *pendingChange) size() int { return 128 + len(c.value) }

// empty reports whether there is nothing to write: the change only waits for those before it.
func (c *pendingChange) empty() bool {
	return c.client == "" && (c.message.seq == 0 || c.message.m == nil && c.away != nil)
}

// count adds a change to the bytes that are not written. A message counts once, for however many
// sessions it waits. The caller holds mu, as for discount.
func (j *journal) count(c *pendingChange) {
	j.bytes += c.size()
	if m := c.message.m; m != nil {
		if m.pending++; m.pending == 1 {
			j.bytes += m.size()
		}
	}
}

// discount undoes count.
func (j *journal) discount(c *pendingChange) {
	j.bytes -= c.size()
	if m := c.message.m; m != nil {
		if m.pending--; m.pending == 0 {
			j.bytes -= m.size()
		}
	}
}

func newJournal(store Sessions, limit int, log *slog.Logger) *journal {
	j := &journal{
		store:   store,
		limit:   limit,
		log:     log,
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	j.changed.L, j.shrunk.L, j.idle.L = &j.mu, &j.mu, &j.mu
	j.ctx, j.cancel = context.WithCancel(context.Background())
	go j.run()
	return j
}

// write queues a change. It does not wait.
func (j *journal) write(c Change) {
	j.enqueue(pendingChange{client: c.Client, value: c.Value, message: entry{seq: c.Seq}})
}

// writeMessage queues a change that stores a message under a client id. If the client of a session
// is away, the session unloads the message afterwards.
func (j *journal) writeMessage(client string, e entry, away *session) {
	j.enqueue(pendingChange{client: client, message: e, away: away})
}

// unloadLater lets a session unload a message when all changes that were queued before are written:
// the message was stored by one of them. The empty change is not written.
func (j *journal) unloadLater(e entry, away *session) {
	e.m = nil
	j.enqueue(pendingChange{message: e, away: away})
}

// writeNotify queues a change and returns a channel that gets nil when it, and all before it, are
// durable, or the error of the first Apply that failed. After an error the change stays queued like
// any other.
func (j *journal) writeNotify(c Change) <-chan error {
	written := make(chan error, 1)
	j.enqueue(pendingChange{
		client:  c.Client,
		value:   c.Value,
		message: entry{seq: c.Seq},
		written: written,
	})
	return written
}

// flushed is writeNotify for all that was queued before. The empty change is not written.
func (j *journal) flushed() <-chan error { return j.writeNotify(Change{}) }

func (j *journal) enqueue(c pendingChange) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || j.lost {
		err := ErrLost
		if j.closed {
			err = context.Canceled
		}
		report([]pendingChange{c}, err)
		return
	}
	j.pending = append(j.pending, c)
	j.count(&c)
	if len(j.pending) == 1 {
		j.changed.Signal()
	}
}

// givenUp reports whether the store has said that the node was given up.
func (j *journal) givenUp() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lost
}

// full reports whether a client should wait before it causes more changes.
func (j *journal) full() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes > j.limit && !j.closed
}

// wait returns when the journal is not full.
func (j *journal) wait() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for j.bytes > j.limit && !j.closed {
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
	j.mu.Lock()
	j.cancel()
	j.mu.Unlock()
}

// abandon drops what is not written, and returns when nothing of it is being written any more. What
// is queued afterwards is written again.
func (j *journal) abandon() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cancel()
	j.ctx, j.cancel = context.WithCancel(context.Background())
	j.dropPending()
	for j.busy {
		j.idle.Wait()
	}
	j.lost = false
}

// dropPending drops what is queued. The caller holds mu.
func (j *journal) dropPending() {
	report(j.pending, ErrLost)
	for i := range j.pending {
		j.discount(&j.pending[i])
	}
	j.pending = nil
	j.shrunk.Broadcast()
}

// run is the writing goroutine.
func (j *journal) run() {
	defer close(j.done)
	for {
		j.mu.Lock()
		j.busy = false
		j.idle.Broadcast()
		for len(j.pending) == 0 && !j.closed {
			j.changed.Wait()
		}
		changes, ctx := j.pending, j.ctx
		j.pending = nil
		j.busy = len(changes) > 0
		j.mu.Unlock()
		if len(changes) == 0 {
			return
		}
		for len(changes) > 0 {
			batch := changes[:nextBatch(changes)]
			changes = changes[len(batch):]
			if j.apply(ctx, batch) {
				unload(batch)
			}
			j.mu.Lock()
			for i := range batch {
				j.discount(&batch[i])
			}
			j.shrunk.Broadcast()
			j.mu.Unlock()
			clear(batch)
		}
	}
}

// nextBatch says how many changes go into the next Apply. Of the entries of one message, which
// mostly follow each other, only the first counts the message.
func nextBatch(changes []pendingChange) (n int) {
	size := 0
	var last *message
	for n < min(len(changes), maxBatch) && size < maxBatchBytes {
		c := &changes[n]
		size += c.size()
		if m := c.message.m; m != nil && m != last {
			size += m.size()
			last = m
		}
		n++
	}
	return n
}

// unload lets the sessions of a batch that was written unload its messages.
func unload(batch []pendingChange) {
	for i := range batch {
		if c := &batch[i]; c.away != nil {
			c.away.unload(c.message.seq, c.message.stored)
		}
	}
}

// apply writes a batch, again and again until the store accepts it. Whoever waits for a change, of
// this batch or of a later one, gets the first error. Once the journal is closed a batch that fails
// is lost, so that a broken store does not keep the broker from stopping: then apply reports false,
// as it does for a batch that is dropped because the node was given up.
func (j *journal) apply(ctx context.Context, batch []pendingChange) (written bool) {
	changes := effective(batch)
	for {
		err := j.tryApply(ctx, changes)
		report(batch, err)
		if err == nil {
			return true
		}
		if !errors.Is(err, ErrLost) {
			j.log.Error("store sessions", "changes", len(changes), "err", err)
		}
		if !j.triesAgain(ctx, err) {
			return false
		}
		select {
		case <-time.After(retryInterval):
		case <-j.closing:
		case <-ctx.Done():
		}
	}
}

// tryApply calls Apply unless there is nothing to write, or the node was given up.
func (j *journal) tryApply(ctx context.Context, changes []Change) error {
	j.mu.Lock()
	lost := j.lost
	j.mu.Unlock()
	switch {
	case lost || ctx.Err() != nil:
		return ErrLost
	case len(changes) == 0:
		return nil
	}
	return j.store.Apply(ctx, changes)
}

// triesAgain reports whether a batch that was not written is tried again. It hands the error to
// those who wait behind the batch.
func (j *journal) triesAgain(ctx context.Context, err error) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return false // abandon has dropped what was pending
	case errors.Is(err, ErrLost):
		j.lost = true
		j.dropPending()
		return false
	}
	report(j.pending, err)
	return !j.closed
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
	for i := range batch {
		if c := &batch[i]; !c.empty() {
			last[key{c.client, c.message.seq}] = i
		}
	}
	changes := make([]Change, 0, len(batch))
	var bodies sharedBodies
	for i := range batch {
		c := &batch[i]
		seq := c.message.seq
		if c.empty() || seq != 0 && last[key{c.client, seq}] != i {
			continue
		}
		changes = append(changes, Change{Client: c.client, Seq: seq, Value: c.value})
		if c.message.m != nil {
			bodies.encode(&changes[len(changes)-1], &c.message)
		}
	}
	return changes
}

// sharedBodies are the shared bodies of a batch: each is encoded once.
type sharedBodies map[*message][]byte

// encode sets what a change stores of a message.
func (s *sharedBodies) encode(c *Change, e *entry) {
	if e.stub.shared == 0 {
		c.Value = appendHead(nil, e)
		c.Body = appendBody(nil, e.m)
		return
	}
	body, exists := (*s)[e.m]
	if !exists {
		if *s == nil {
			*s = sharedBodies{}
		}
		body = appendBody(nil, e.m)
		(*s)[e.m] = body
	}
	c.Value, c.Body, c.Shared = appendHead(nil, e), body, e.stub.shared
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
