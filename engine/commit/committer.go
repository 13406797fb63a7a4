package commit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// Config is what a committer works with.
type Config struct {
	Store store.Store
	Clock clock.Clock
	Log   *slog.Logger
	Hooks Hooks
	// Follow is called in each commit with the time of the store's own clock, if it has one, before
	// Clock is asked. May be nil.
	Follow func(time.Time)
	// Node is how this server shows in the list of nodes.
	Node NodeConfig
	// Observe is called with each commit that was made or given up, before its requests are answered.
	// It must be quick. Nil measures nothing.
	Observe func(Made)
	// Traced has Made say of each request when it waited and was decided.
	Traced bool
	// Audit has what operators and the server itself change recorded in the audit log.
	Audit bool
	// Stepped is a committer without a loop: the goroutine that makes a request commits it; see
	// Together.
	Stepped bool
}

// Committer gathers requests into commits. Run must be running for requests to be answered, unless
// it is stepped.
type Committer struct {
	Config
	Outbox *Outbox

	waiting chan *request
	stopped chan struct{} // closed when no further request is decided

	committing sync.Mutex // held while a batch is decided, committed and answered
	clockSaved time.Time  // the time that was stored last (timeSetting); guarded by committing
	member     member
	head       *audit.Link // of the audit log, see knowHead; guarded by committing

	hang    hang         // see Busy
	written atomic.Int64 // see LastWritten

	// Of a stepped committer: a request waits for its batch; nil outside Together.
	together chan struct{}
}

// request is one decision and the caller that waits for its answer.
type request struct {
	thing   string // see DoFor
	decide  Decision
	answer  chan error
	audited Audited         // nil for a request that leaves no record
	ctx     context.Context // of an audited or traced request
	waits   time.Time       // since when it does, of a traced request
}

// New returns a committer over a store.
func New(c Config) *Committer {
	return &Committer{
		Config:  c,
		Outbox:  newOutbox(),
		member:  member{lost: make(chan struct{}, 1)},
		waiting: make(chan *request, maxRequests),
		stopped: make(chan struct{}),
	}
}

var errStopped = fault.New(fault.Unavailable, "the server is shutting down")

// step commits a request of a stepped committer at once, or leaves it to the batch that Together
// makes.
func (c *Committer) step(r *request) error {
	if c.together == nil {
		c.serve([]*request{r})
		return <-r.answer
	}
	c.waiting <- r
	c.together <- struct{}{}
	return <-r.answer
}

// Do runs one use case in the next commit and returns once its changes are on stable storage
// (R-CON-25). A caller that gives up while its request waits still gets the true answer, because it
// may have been committed already.
func (c *Committer) Do(ctx context.Context, decide Decision) error {
	return c.DoFor(ctx, "", decide)
}

// DoFor is Do for a request that asks first for the thing of a name and its pending executions, as
// those of devices do. That is a hint: the commit may read them ahead.
func (c *Committer) DoFor(ctx context.Context, thing string, decide Decision) error {
	r := &request{thing: thing, decide: decide, answer: make(chan error, 1)}
	if c.Audit {
		if r.audited = AuditedOf(ctx); r.audited != nil {
			r.ctx = ctx
		}
	}
	if c.Traced {
		r.ctx, r.waits = ctx, machineTime()
	}
	if c.Stepped {
		return c.step(r)
	}
	select {
	case c.waiting <- r:
	case <-c.stopped:
		return errStopped
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "the request was given up before it was decided")
	}
	select {
	case err := <-r.answer:
		return err
	case <-c.stopped:
		select {
		case err := <-r.answer:
			return err
		default:
			return errStopped
		}
	}
}

// Run commits what waits, batch after batch, until ctx ends and nothing waits any more.
func (c *Committer) Run(ctx context.Context) {
	for {
		select {
		case first := <-c.waiting:
			c.serve(c.gather(first))
		case <-ctx.Done():
			if len(c.waiting) == 0 {
				return
			}
			c.serve(c.gather(<-c.waiting))
		}
	}
}

// Waiting returns how many requests wait for the next commit.
func (c *Committer) Waiting() int { return len(c.waiting) }

// Stop refuses whatever comes after Run has returned.
func (c *Committer) Stop() { close(c.stopped) }

// Exclusive runs f between two commits.
func (c *Committer) Exclusive(f func() error) error {
	c.committing.Lock()
	defer c.committing.Unlock()
	return f()
}

// Reset empties the store and forgets what waited to be announced. Requests are decided wholly
// before it or wholly after it.
func (c *Committer) Reset(ctx context.Context) error {
	return c.Exclusive(func() error {
		if err := c.Store.Reset(ctx); err != nil {
			return err
		}
		c.Outbox.clear()
		c.member.forget() // it joins anew
		c.head = nil
		c.clockSaved = time.Time{}
		return nil
	})
}

// gather returns first and all others that wait, as many as one commit may have.
func (c *Committer) gather(first *request) []*request { return c.fill([]*request{first}) }

// fill appends the requests that wait to a batch, as many as one commit may have.
func (c *Committer) fill(batch []*request) []*request {
	for len(batch) < maxRequests {
		select {
		case r := <-c.waiting:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// serve answers a batch, in as many commits as it takes.
func (c *Committer) serve(batch []*request) {
	for len(batch) > 0 {
		c.hang.begin()
		_ = c.Exclusive(func() error {
			batch = c.commit(batch, !c.Stepped)
			return nil
		})
	}
	c.hang.end()
}

// commit decides and commits requests from the front of a batch until the commit is full, answers
// them, and returns the others. With fill, requests that came while the store was waited for are
// decided too. When the commit as a whole fails, each of them is tried alone, so that one that the
// store refuses cannot fail its neighbours; unless the store cannot be reached, which would be the
// same for each.
func (c *Committer) commit(batch []*request, fill bool) (rest []*request) {
	batch, answers, tx, err := c.attempt(batch, fill)
	if err == nil || !fault.Is(err, fault.Unavailable) {
		decided := max(1, len(answers))
		batch, rest = batch[:decided], batch[decided:]
	}
	if err != nil && len(batch) > 1 && !fault.Is(err, fault.Unavailable) {
		for _, r := range batch {
			c.commit([]*request{r}, false)
		}
		return rest
	}
	if err != nil {
		for _, r := range batch {
			r.answer <- fmt.Errorf("commit: %w", err)
		}
		return rest
	}
	c.logStatuses(tx)
	if tx.announced != 0 { // before the answers: who gets one may wait for what it announces
		c.Outbox.add(tx.announced)
	}
	for _, f := range c.Hooks.Committed {
		f(tx)
	}
	for _, f := range tx.after {
		f()
	}
	for i, r := range batch {
		r.answer <- answers[i]
	}
	return rest
}

// attempt decides requests from the front of a batch in one transaction, until the commit is full.
// err is that of the commit; answers holds the answer of each request that was decided, taken is the
// batch with what was filled in. A node waits for its turn to write, perhaps while two others make
// whole commits. What its devices have sent meanwhile does not wait for its next turn.
func (c *Committer) attempt(
	batch []*request, fill bool,
) (taken []*request, answers []error, tx *Tx, err error) {
	saved := c.clockSaved
	position, _ := c.Outbox.Position()
	var nodes store.NodeChanges
	made := Made{Began: c.began()}
	err = c.Store.Write(context.Background(), func(inner store.Tx) error {
		made.Turn, made.Traced = c.began(), nil
		if fill {
			batch = c.fill(batch)
		}
		now, err := c.now(inner)
		if err != nil {
			return err
		}
		tx = newTx(inner, &c.Hooks, now)
		tx.keepsRecords, tx.head = c.Audit, c.head
		if nodes, err = c.sign(tx, position); err != nil {
			return err
		}
		if err := tx.ahead.read(inner, batch); err != nil {
			return err
		}
		if answers, err = tx.decideAll(batch, c.traces(&made)); err != nil {
			return err
		}
		for _, review := range c.Hooks.Review {
			if err := review(tx); err != nil {
				return err
			}
		}
		clock, err := timeSetting(c.Clock, c.clockSaved, tx.Now, tx.clockBack)
		if err != nil {
			return err
		}
		if len(clock) > 0 {
			saved = tx.Now
		}
		if tx.leaves {
			nodes = store.NodeChanges{}
		}
		err = tx.close(nodes, clock)
		made.Decided = c.began()
		return err
	})
	c.observe(&made, tx, answers, err)
	switch {
	case err == nil:
		c.signed(tx, nodes)
		c.clockSaved = saved
		c.knowHead(tx)
	case errors.Is(err, store.ErrNodeLost):
		err = c.lost(err)
	}
	return batch, answers, tx, err
}

// decideAll decides requests until the commit is full, and returns their answers. err is one that
// fails the commit. traced, if it is not nil, is given what is known of each.
func (tx *Tx) decideAll(batch []*request, traced func(Traced)) (answers []error, err error) {
	for _, r := range batch {
		var one Traced
		if traced != nil {
			one = Traced{Context: r.ctx, Waited: r.waits, Began: machineTime()}
		}
		answer, err := tx.decideRequest(r)
		answers = append(answers, answer)
		if traced != nil {
			one.Decided, one.Refused = machineTime(), answer
			traced(one)
		}
		if err != nil || tx.full() {
			return answers, err
		}
	}
	return answers, nil
}

// logStatuses logs each job whose status the commit changed.
func (c *Committer) logStatuses(tx *Tx) {
	for _, j := range tx.ChangedJobs() {
		before := tx.statusBefore[j.Key]
		if j.Status != before {
			c.Log.Info("job status", "job", j.ID, "from", string(before), "to", string(j.Status),
				"reason", j.ReasonCode)
		}
	}
}
