package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// maxGroup is how many requests one commit may carry: enough to share a sync widely, small enough to answer soon.
const maxGroup = 1024

// outcome is all that one decision wants: what is written, what devices are told, and what is done after the commit.
// Jobs are not written at once but kept in the group's hand; Changes.Job.Moved is filled from there.
type outcome struct {
	store.Changes
	jobs    map[job.Key]job.Job
	notices []store.Notice
	events  []store.Event // of executions, in order
	after   func()
}

// keep takes the new state of a job into the outcome.
func (o *outcome) keep(j job.Job) {
	if o.jobs == nil {
		o.jobs = map[job.Key]job.Job{}
	}
	o.jobs[j.Key] = j
}

// kept is an outcome that only keeps a job.
func kept(j job.Job) (o outcome) {
	o.keep(j)
	return o
}

// job returns a job as the outcome has it so far, else as the group has it.
func (o *outcome) job(g *group, key job.Key) (job.Job, error) {
	if j, ok := o.jobs[key]; ok {
		return j, nil
	}
	return g.Job(key)
}

// decision is one use case: it reads, and returns what it wants. It must not keep anything between calls, because a
// group that had to be given up is decided again.
type decision func(*group) (outcome, error)

type request struct {
	decide decision
	done   chan error
}

// group is one commit: requests decided in turn against one transaction. Jobs are kept in hand, because many requests
// of a group touch the same one; each is reviewed and written once, when the group ends (R-CON-22).
type group struct {
	store.Tx
	config  *Config
	now     time.Time
	keys    store.Keys
	jobs    map[job.Key]*job.Job // nil: deleted in this group
	byID    map[string]job.Key
	dirty   map[job.Key]bool
	was     map[job.Key]job.Status   // of dirty jobs, before the group
	notices map[registry.ThingID]int // index into told
	told    []store.Notice
	after   []func()
	inHand  struct { // the pending executions of the thing that was asked for last
		thing   registry.ThingID
		pending []job.Execution
		known   bool
	}

	queries   *compiled[fleetquery.Query]
	presences *presences
	turn      *job.Key
	pathNames map[registry.GroupID][]string // of static groups: they and their ancestors
	dynamic   struct {                      // the dynamic groups, until one changes
		groups []fleetquery.DynamicGroup
		known  bool
	}
	fresh   bool // a request of this group made work on the members of dynamic groups
	busy    bool // such work is left when the group ends
	crowded []crowded

	events    *EventConfigurations // as read in this group, nil before
	published []store.Event        // what is announced, in order

	access       bool  // an answer of Access may have changed
	announcement int64 // under which told is announced; 0 when there is nothing to tell
}

// update runs one use case in the next group and returns once its changes are on stable storage (R-CON-25).
func (e *Engine) update(ctx context.Context, decide decision) error {
	r := &request{decide: decide, done: make(chan error, 1)}
	if e.Stepped {
		return e.stepped(r)
	}
	select {
	case e.waiting <- r:
	case <-e.stopped:
		return errStopped
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "the request was given up before it was decided")
	}
	select {
	case err := <-r.done: // decided already or about to be: the outcome must be known
		return err
	case <-e.stopped:
		select {
		case err := <-r.done:
			return err
		default:
			return errStopped
		}
	}
}

var errStopped = fault.New(fault.Unavailable, "the server is shutting down")

// commitLoop takes all requests that wait, commits them together, and answers, until ctx ends and none waits.
func (e *Engine) commitLoop(ctx context.Context) {
	for {
		select {
		case first := <-e.waiting:
			e.serve(e.gather(first))
		case <-ctx.Done():
			if len(e.waiting) == 0 {
				return
			}
			e.serve(e.gather(<-e.waiting))
		}
	}
}

// serve commits a batch, unless a reset is under way: then after it.
func (e *Engine) serve(batch []*request) {
	e.committing.Lock()
	defer e.committing.Unlock()
	e.commit(batch)
}

// gather returns first and all others that wait, up to a full group.
func (e *Engine) gather(first *request) []*request {
	batch := []*request{first}
	for len(batch) < maxGroup {
		select {
		case r := <-e.waiting:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit decides and commits a batch. When the group as a whole fails, each request is tried alone, so that one bad
// request cannot fail its neighbours.
func (e *Engine) commit(batch []*request) {
	answers, g, err := e.attempt(batch)
	if err != nil && len(batch) > 1 {
		for _, r := range batch {
			e.commit([]*request{r})
		}
		return
	}
	if err != nil {
		batch[0].done <- fmt.Errorf("commit: %w", err)
		return
	}
	if g.access {
		e.accessVersion.Add(1)
	}
	for _, f := range g.after {
		f()
	}
	e.logStatuses(g)
	if g.announcement != 0 { // before the answers: who has one may wait for what it announces
		e.outbox.add(g.announcement)
	}
	for _, c := range g.crowded {
		e.Log.Info("thing is in too many groups", "thing", c.thing, "left out of", c.group)
	}
	if g.busy || g.dueBefore(g.now.Add(checkEvery)) {
		e.wakeUp()
	}
	for i, r := range batch {
		r.done <- answers[i]
	}
}

// logStatuses logs each job whose status the group changed.
func (e *Engine) logStatuses(g *group) {
	for _, key := range g.dirtyKeys() {
		if j := g.jobs[key]; j.Status != g.was[key] {
			e.Log.Info("job status", "job", j.ID, "from", string(g.was[key]), "to", string(j.Status), "reason", j.ReasonCode)
		}
	}
}

// dueBefore reports whether a job that the group changed wants to be looked at before then: the due loop sleeps no
// longer than checkEvery and finds everything later by itself.
func (g *group) dueBefore(then time.Time) bool {
	for key := range g.dirty {
		if due := g.jobs[key].Due; !due.IsZero() && due.Before(then) {
			return true
		}
	}
	return false
}

// attempt decides a batch in one transaction. The error is the group's own; answers holds each request's.
func (e *Engine) attempt(batch []*request) (answers []error, g *group, err error) {
	announced := e.outbox.confirmed()
	answers = make([]error, len(batch))
	err = e.Store.Write(context.Background(), func(tx store.Tx) error {
		g = newGroup(e, tx, e.Clock.Now())
		for i, r := range batch {
			if answers[i], err = g.run(r.decide); err != nil {
				return err
			}
		}
		if err := g.review(); err != nil {
			return err
		}
		clock, err := e.clockMoved(g.now)
		if err != nil {
			return err
		}
		return g.close(announced, clock)
	})
	if err == nil {
		e.outbox.forget(announced)
		e.clockKept = g.now
	}
	return answers, g, err
}

func newGroup(e *Engine, tx store.Tx, now time.Time) *group {
	return &group{
		Tx: tx, config: &e.Config, now: now, keys: tx.NextKeys(),
		jobs: map[job.Key]*job.Job{}, byID: map[string]job.Key{}, dirty: map[job.Key]bool{}, was: map[job.Key]job.Status{},
		notices: map[registry.ThingID]int{}, queries: &e.queries, presences: &e.presences, turn: &e.turn, pathNames: map[registry.GroupID][]string{},
	}
}

// run decides one request and takes its outcome. A fault is the request's answer; any other error is the group's.
func (g *group) run(decide decision) (answer, fatal error) {
	out, err := decide(g)
	if err != nil {
		if fault.Of(err) == nil {
			return nil, err
		}
		return err, nil
	}
	return nil, g.take(out)
}

// take applies an outcome: jobs into the hand, everything else into the transaction.
func (g *group) take(out outcome) error {
	g.inHand.known = false
	for _, created := range out.Job.CreatedJobs {
		g.byID[created.Job.ID] = created.Job.Key
	}
	g.published = append(g.published, out.events...)
	if err := g.takeJobs(out); err != nil {
		return err
	}
	if len(out.Settings) > 0 {
		g.events = nil
	}
	for _, notice := range out.notices {
		g.tell(notice)
	}
	if out.after != nil {
		g.after = append(g.after, out.after)
	}
	if len(out.Registry.CreatedGroups)+len(out.Registry.UpdatedGroups)+len(out.Registry.DeletedGroups) > 0 {
		g.dynamic.known = false
		g.fresh = g.fresh || hasWork(out.Registry.CreatedGroups) || hasWork(out.Registry.UpdatedGroups)
	}
	g.access = g.access || changesAccess(&out.Registry)
	return g.Apply(out.Changes)
}

// tell merges a notice: at most one of each kind for a thing in one commit (R-MQTT-39).
func (g *group) tell(n store.Notice) {
	at, known := g.notices[n.Thing]
	if !known {
		g.notices[n.Thing] = len(g.told)
		g.told = append(g.told, n)
		return
	}
	g.told[at].Notify = g.told[at].Notify || n.Notify
	g.told[at].NotifyNext = g.told[at].NotifyNext || n.NotifyNext
}

// hold keeps a job in hand, to be reviewed and written when the group ends.
func (g *group) hold(j job.Job) {
	if before := g.jobs[j.Key]; !g.dirty[j.Key] && before != nil {
		g.was[j.Key] = before.Status
	}
	g.jobs[j.Key] = &j
	g.byID[j.ID] = j.Key
	g.dirty[j.Key] = true
}

// Job returns a job as it is at this point of the group, whether written yet or not.
func (g *group) Job(key job.Key) (job.Job, error) {
	if held, ok := g.jobs[key]; ok {
		if held == nil {
			return job.Job{}, store.ErrNotFound
		}
		return *held, nil
	}
	j, err := g.Tx.Job(key)
	if err != nil {
		return job.Job{}, fmt.Errorf("job %d: %w", key, err)
	}
	g.jobs[key] = &j
	g.byID[j.ID] = key
	return j, nil
}

// JobByID returns a job by its id, as it is at this point of the group.
func (g *group) JobByID(id string) (job.Job, error) {
	if key, ok := g.byID[id]; ok && g.jobs[key] != nil {
		return *g.jobs[key], nil
	}
	j, err := g.Tx.JobByID(id)
	if err != nil {
		return job.Job{}, err
	}
	return g.Job(j.Key)
}

// jobByID is JobByID with a fault when there is none.
func (g *group) jobByID(id string) (job.Job, error) {
	j, err := g.JobByID(id)
	return j, either(err, noJob(id))
}

// dirtyKeys returns the keys of the jobs that this group changed, in order.
func (g *group) dirtyKeys() []job.Key {
	keys := make([]job.Key, 0, len(g.dirty))
	for key := range g.dirty {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// review looks once at every job that the group touched: what is due at once is done in this commit, as far as one
// small step goes (R-ROLL-21, R-JOB-62). The rest is left to the due loop.
func (g *group) review() error {
	if g.fresh { // R-ID-38: a small dynamic group is ready at once
		if err := g.membersStep(inlineThings+1, inlineThings+1); err != nil {
			return err
		}
	}
	for _, key := range g.dirtyKeys() {
		j := *g.jobs[key]
		if j.Due.IsZero() || j.Due.After(g.now) {
			continue
		}
		out, err := g.step(j, inlineStep)
		if err != nil {
			return fmt.Errorf("review job %s: %w", j.ID, err)
		}
		if err := g.take(out); err != nil {
			return err
		}
	}
	return nil
}

// flush writes the jobs in hand.
func (g *group) flush() error {
	var changes store.Changes
	for _, key := range g.dirtyKeys() {
		changes.Job.States = append(changes.Job.States, *g.jobs[key])
	}
	return g.Apply(changes)
}

// close writes the jobs in hand, what has to be announced and where the clock stands, and strikes out what was announced
// already.
func (g *group) close(announced []int64, clock []store.Setting) error {
	if err := g.flush(); err != nil {
		return err
	}
	var changes store.Changes
	if len(g.told) > 0 || len(g.published) > 0 {
		g.announcement = g.keys.Announcement()
		changes.Outbox.Added = []store.Announcement{{ID: g.announcement, Notices: g.told, Events: g.published}}
	}
	changes.Outbox.Done, changes.Settings = announced, clock
	return g.Apply(changes)
}

func noJob(id string) *fault.Error { return fault.New(fault.NotFound, "job %s does not exist", id) }
