package rules

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// created creates the job as it is.
func created(h *history) { h.create(nil) }

// allQueued has one QUEUED execution for each member.
func allQueued(h *history) {
	h.create(nil)
	h.release(a, b, c)
}

// allStarted has one execution IN_PROGRESS for each member, with a timeout of five minutes.
func allStarted(h *history) {
	h.create(func(j *job.Job) { j.Timeout = &job.TimeoutConfig{InProgressMinutes: 5} })
	h.release(a, b, c)
	h.updateAll(job.ExecutionInProgress, a, b, c)
}

// first edits the first updated execution of a commit.
func first(edit func(*job.Execution)) func(*store.Changes) {
	return func(changes *store.Changes) { edit(&changes.Job.UpdatedExecutions[0]) }
}

// leave takes thing a out of the group, with what the same commit changes.
func leave(h *history, updated ...job.Execution) {
	changes := store.Changes{}
	changes.Registry.RemovedMemberships = []registry.Membership{h.membership(a)}
	changes.Job.UpdatedExecutions = updated
	h.write(changes)
}

func TestExecutions(t *testing.T) {
	t.Parallel()
	run(t, []ruleCase{
		{
			rule:   "R-EXE-1",
			name:   "a new execution has not started",
			before: created,
			keeps:  func(h *history) { h.release(a) },
			spoil:  func(c *store.Changes) { c.Job.CreatedExecutions[0].StartedAt = noon },
		},
		{
			rule:   "R-CON-14",
			name:   "numbers go up by one",
			before: created,
			keeps:  func(h *history) { h.release(a) },
			spoil:  func(c *store.Changes) { c.Job.CreatedExecutions[0].Number = 2 },
		},
		{
			rule:   "R-EXE-7",
			name:   "each change has a time",
			before: allQueued,
			keeps:  func(h *history) { h.update(a, job.ExecutionInProgress) },
			spoil:  first(func(x *job.Execution) { x.UpdatedAt = noon.Add(-time.Second) }),
		},
		{
			rule:   "R-EXE-5, docs/spec/21 section 2",
			name:   "IN_PROGRESS is not QUEUED again",
			before: allStarted,
			keeps:  func(h *history) { h.update(a, job.ExecutionSucceeded) },
			breaks: func(h *history) { h.update(a, job.ExecutionQueued) },
		},
		{
			rule:   "R-EXE-20, R-EXE-25",
			name:   "REMOVED once the thing has left",
			before: allQueued,
			keeps:  func(h *history) { leave(h, h.updated(a, job.ExecutionRemoved)) },
			breaks: func(h *history) { h.update(a, job.ExecutionRemoved) },
		},
		{
			rule:   "R-EXE-22",
			name:   "IN_PROGRESS goes on when the thing has left",
			before: allStarted,
			keeps:  func(h *history) { leave(h) },
			breaks: func(h *history) { leave(h, h.updated(a, job.ExecutionRemoved)) },
		},
		{
			rule:   "R-EXE-20, R-EXE-23",
			name:   "QUEUED does not wait for a thing that has left",
			before: allQueued,
			keeps: func(h *history) {
				leave(h, h.updated(a, job.ExecutionRemoved))
				h.settled()
			},
			breaks: func(h *history) {
				leave(h)
				h.settled()
			},
		},
		{
			rule:   "R-HTTP-14",
			name:   "only the step timer changes without a version",
			before: allStarted,
			keeps: func(h *history) {
				x := h.latest[a]
				x.StepDeadline = h.now.Add(time.Minute)
				changes := store.Changes{}
				changes.Job.AmendedExecutions = []job.Execution{x}
				h.write(changes)
			},
			spoil: func(c *store.Changes) { c.Job.AmendedExecutions[0].Message = "t" },
		},
		{
			rule:   "R-JOB-20, R-ROLL-17",
			name:   "nothing is queued in a job that has ended",
			before: created,
			keeps:  func(h *history) { h.release(a) },
			breaks: func(h *history) {
				h.state("CANCELED", "")
				h.release(a)
			},
		},
		{
			rule:   "R-CON-25",
			name:   "the store holds what was written",
			before: allQueued,
			keeps:  func(h *history) { h.update(a, job.ExecutionInProgress) },
			breaks: func(h *history) {
				h.show = first(func(x *job.Execution) { x.Message = "t" })
				h.update(a, job.ExecutionInProgress)
			},
		},
	})
}

func TestTimers(t *testing.T) {
	t.Parallel()
	almost := 5*time.Minute - time.Millisecond
	run(t, []ruleCase{
		{
			rule: "R-TMO-1",
			name: "the timer starts with the execution",
			before: func(h *history) {
				h.create(func(j *job.Job) { j.Timeout = &job.TimeoutConfig{InProgressMinutes: 5} })
				h.release(a)
			},
			keeps: func(h *history) { h.update(a, job.ExecutionInProgress) },
			spoil: first(func(x *job.Execution) { x.Deadline = x.Deadline.Add(time.Second) }),
		},
		{
			rule:   "R-TMO-2, R-EXE-4",
			name:   "progress does not move the deadline",
			before: allStarted,
			keeps: func(h *history) {
				h.advance(time.Minute)
				h.update(a, job.ExecutionInProgress)
			},
			spoil: first(func(x *job.Execution) { x.Deadline = x.Deadline.Add(time.Minute) }),
		},
		{
			rule:   "R-TMO-9",
			name:   "not before the deadline",
			before: allStarted,
			keeps: func(h *history) {
				h.advance(5 * time.Minute)
				h.update(a, job.ExecutionTimedOut)
			},
			breaks: func(h *history) {
				h.advance(almost)
				h.update(a, job.ExecutionTimedOut)
			},
		},
		{
			rule:   "R-TMO-9",
			name:   "not later than when nothing is left to do",
			before: allStarted,
			keeps: func(h *history) {
				h.advance(almost)
				h.settled()
			},
			breaks: func(h *history) {
				h.advance(5 * time.Minute)
				h.settled()
			},
		},
		{
			rule:   "R-TMO-8",
			name:   "details are kept",
			before: allStarted,
			keeps: func(h *history) {
				h.advance(5 * time.Minute)
				h.update(a, job.ExecutionTimedOut)
			},
			spoil: first(func(x *job.Execution) { x.Details = map[string]string{"k": "v"} }),
		},
		{
			rule:   "R-TMO-10",
			name:   "a report at the deadline is too late",
			before: allStarted,
			keeps: func(h *history) {
				h.advance(almost)
				h.update(a, job.ExecutionSucceeded)
			},
			breaks: func(h *history) {
				h.advance(5 * time.Minute)
				h.update(a, job.ExecutionSucceeded)
			},
		},
		{
			rule:   "R-TMO-11",
			name:   "what has ended has no timer",
			before: allStarted,
			keeps:  func(h *history) { h.update(a, job.ExecutionFailed) },
			spoil:  first(func(x *job.Execution) { x.Deadline = noon.Add(time.Hour) }),
		},
	})
}

func TestRetries(t *testing.T) {
	t.Parallel()
	once := func(h *history) {
		h.create(func(j *job.Job) {
			j.Retry = &job.RetryConfig{
				Criteria: []job.RetryCriterion{{FailureType: "FAILED", Retries: 1}},
			}
		})
		h.release(a)
	}
	run(t, []ruleCase{
		{
			rule:   "R-RTY-5, R-RTY-10",
			name:   "a retry that is due",
			before: once,
			keeps:  func(h *history) { h.retry(a, job.ExecutionFailed) },
			breaks: func(h *history) { h.update(a, job.ExecutionFailed) },
		},
		{
			rule:   "R-RTY-5, R-RTY-9",
			name:   "no retry for another status",
			before: once,
			keeps:  func(h *history) { h.update(a, job.ExecutionRejected) },
			breaks: func(h *history) { h.retry(a, job.ExecutionRejected) },
		},
		{
			rule: "R-RTY-5, R-RTY-9",
			name: "no second retry",
			before: func(h *history) {
				once(h)
				h.retry(a, job.ExecutionFailed)
			},
			keeps:  func(h *history) { h.update(a, job.ExecutionFailed) },
			breaks: func(h *history) { h.retry(a, job.ExecutionFailed) },
		},
		{
			rule:   "R-RTY-3",
			name:   "attempts are counted",
			before: once,
			keeps:  func(h *history) { h.retry(a, job.ExecutionFailed) },
			spoil:  func(c *store.Changes) { c.Job.CreatedExecutions[0].Attempt = 2 },
		},
	})
}
