package rules

import (
	"reflect"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A Checker is shown everything that happens to a server and compares it with the rules. It
// remembers every execution as it was after the last commit, which is the "before" of the next one;
// the "after" is read from the store.
//
// Its methods are called in the order in which things happen, from one goroutine:
//
//   - Committed after each commit;
//   - Asked and Answered around each request of a device;
//   - BeforeUpdate, BeforeRetry, BeforeApprove, DeletingJob, BeforeCall and AfterCall around some calls of operators;
//   - Seen whenever the client of a thing connects or sends something;
//   - Explained, ExplainedTurn and ExplainedJob with answers to operators who ask why;
//   - Notified and Published for each message that the server sends by itself;
//   - Settled whenever the server has nothing to do, Restarted after a crash, Finished at the end.
type Checker struct {
	limits Limits
	report func(rule, text string)
	broken bool  // a rule was reported; the next ones would mostly follow from it
	state  State // of the method that runs

	jobs map[job.Key]*jobRecord
	// pending holds the executions of each thing that are QUEUED or IN_PROGRESS.
	pending map[registry.ThingID]map[job.ExecutionKey]job.Execution
	holds   map[registry.ThingID]job.Hold // of things that operators hold
	events  eventLog

	audiences []*audience // of each node
	// windowNotified are the things whose QUEUED executions a maintenance window showed or hid
	// since the server last had nothing to do. They are notified step by step, in later commits.
	windowNotified map[registry.ThingID]bool

	approve    string         // the job of the last ApproveWave, "" after the commit that follows it
	retry      *RetryCall     // the last RetryJobExecutions, nil after the commit that follows it
	startedAt  time.Time      // when a node has started last, after a crash
	promises   []promise      // of explanations
	update     *Update        // the last UpdateJob, nil after the commit that follows it
	call       *ExecutionCall // the call about one execution that is being made, nil for none
	deletingID string         // the id of the job that DeleteJob is being called for, "" for none
	idle       int            // how often the server had nothing to do since the last commit
	created    int            // executions, over the whole run
}

// Limits are the limits of the server that the rules depend on.
type Limits struct {
	// Concurrent is how many jobs may create executions at the same time. 0 is the limit of the
	// service itself, which no simulation reaches.
	Concurrent int
	// Nodes is how many servers share the store, 0 is one.
	Nodes int
	// Retention is how long a job is stored after it has ended. 0 is longer than any simulation
	// lasts.
	Retention time.Duration
}

// State is what a check reads: the store as it is now, and the present time of the simulation.
type State struct {
	Store store.Reader
	Now   time.Time
}

// New returns a Checker for an empty server. It calls report with the first rule that does not
// hold, and a text that says what was expected and what was found; never more than once.
func New(limits Limits, report func(rule, text string)) *Checker {
	ch := &Checker{
		limits:         limits,
		report:         report,
		jobs:           map[job.Key]*jobRecord{},
		pending:        map[registry.ThingID]map[job.ExecutionKey]job.Execution{},
		holds:          map[registry.ThingID]job.Hold{},
		events:         newEventLog(),
		windowNotified: map[registry.ThingID]bool{},
	}
	for range max(limits.Nodes, 1) {
		ch.audiences = append(ch.audiences, newAudience())
	}
	return ch
}

// Committed checks one commit: what was applied in it, in order, and the state after it.
func (ch *Checker) Committed(after State, applied []store.Changes) {
	if ch.broken {
		return
	}
	ch.state = after
	c := newCommit(ch)
	for _, changes := range applied {
		c.survey(changes)
	}
	c.gateApproved()
	defer c.retryAsked()()
	for _, changes := range applied {
		c.follow(changes)
	}
	c.checkEvents(applied)
	c.compareWithStore()
	for key := range c.jobs {
		c.checkJob(key)
	}
	c.checkNotices()
	ch.update, ch.idle = nil, -1
}

// Restarted compares all jobs and executions with the store after a crash: what was committed must
// be there (R-CON-25).
func (ch *Checker) Restarted(now State, node int) {
	ch.state, ch.startedAt = now, now.Now
	clear(ch.audiences[node].lastNext)
	ch.checkStored(now)
}

// checkStored compares all jobs and executions with the store.
func (ch *Checker) checkStored(now State) {
	jobs, err := now.Store.Jobs(store.JobQuery{Limit: everyRow})
	if err != nil || len(jobs) != len(ch.jobs) {
		ch.fail("R-CON-25", "there are %d jobs, there should be %d: %v",
			len(jobs), len(ch.jobs), err)
	}
	for key, rec := range ch.jobs {
		found, err := now.Store.SomeOfJob(key, everyRow)
		if err != nil {
			ch.must("read executions", err)
			return
		}
		stored := map[job.ExecutionKey]job.Execution{}
		for _, x := range found {
			stored[x.ExecutionKey] = ch.withoutHold(x)
		}
		if !reflect.DeepEqual(stored, rec.executions) {
			ch.fail("R-CON-25", "%s has executions %+v, acknowledged were %+v",
				rec.id, stored, rec.executions)
		}
	}
}

// everyRow is a page size that no simulated fleet reaches.
const everyRow = 1_000_000

// withoutHold is an execution without the mark that its thing is held, which must be right.
func (ch *Checker) withoutHold(x job.Execution) job.Execution {
	if _, held := ch.holds[x.Thing]; held != x.Held {
		ch.fail("R-STR-14", "%+v is read, its thing is held: %v", x, held)
	}
	x.Held = false
	return x
}

// remember stores an execution as it is now. The mark that its thing is held is not stored with it.
func (ch *Checker) remember(x job.Execution) {
	x.Held = false
	ch.jobs[x.Job].executions[x.ExecutionKey] = x
	of := ch.pending[x.Thing]
	switch {
	case !pending(x):
		delete(of, x.ExecutionKey)
	case of == nil:
		ch.pending[x.Thing] = map[job.ExecutionKey]job.Execution{x.ExecutionKey: x}
	default:
		of[x.ExecutionKey] = x
	}
}

// forget removes an execution that was deleted.
func (ch *Checker) forget(key job.ExecutionKey) {
	if rec := ch.jobs[key.Job]; rec != nil {
		delete(rec.executions, key)
	}
	delete(ch.pending[key.Thing], key)
}

// Executions lists all executions there are by job, thing and number, for callers that draw one of
// them.
func (ch *Checker) Executions() []job.ExecutionKey {
	var all []job.ExecutionKey
	for _, rec := range ch.jobs {
		for key := range rec.executions {
			all = append(all, key)
		}
	}
	sortKeys(all)
	return all
}

// JobID returns the id of a job that exists.
func (ch *Checker) JobID(key job.Key) string { return ch.jobs[key].id }

// Created counts the executions that were created, retries included.
func (ch *Checker) Created() int { return ch.created }
