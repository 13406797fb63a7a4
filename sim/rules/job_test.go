package rules

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// firstState edits the state of the job that a commit writes.
func firstState(edit func(*job.Job)) func(*store.Changes) {
	return func(changes *store.Changes) { edit(&changes.Job.States[0]) }
}

// allEnded has a COMPLETED job.
func allEnded(h *history) {
	allQueued(h)
	h.updateAll(job.ExecutionSucceeded, a, b, c)
}

// cancel cancels the job and what is QUEUED with it.
func (h *history) cancel(reason string) {
	h.cancelState("CANCELED", reason)
	changes := store.Changes{}
	for _, x := range h.latest {
		if x.Status == job.ExecutionQueued {
			canceled := h.updated(x.Thing, job.ExecutionCanceled)
			changes.Job.UpdatedExecutions = append(changes.Job.UpdatedExecutions, canceled)
		}
	}
	h.write(changes)
}

// delete deletes the job with all its executions.
func (h *history) delete() {
	changes := store.Changes{}
	for key := range h.executions {
		changes.Job.DeletedExecutions = append(changes.Job.DeletedExecutions, key)
	}
	changes.Job.EndingJobs, changes.Job.DeletedJobs = []job.Key{1}, []job.Key{1}
	h.write(changes)
}

func TestJobs(t *testing.T) {
	t.Parallel()
	run(t, []ruleCase{
		{
			rule:   "R-JOB-45, R-JOB-49",
			name:   "counters count executions",
			before: created,
			keeps:  func(h *history) { h.release(a) },
			spoil:  firstState(func(j *job.Job) { j.Counts[job.ExecutionQueued] = 2 }),
		},
		{
			rule:   "docs/spec/20 section 2",
			name:   "COMPLETED is final",
			before: allEnded,
			keeps:  func(h *history) { h.state("DELETION_IN_PROGRESS", "") },
			breaks: func(h *history) { h.state("IN_PROGRESS", "") },
		},
		{
			rule:   "R-JOB-11 to R-JOB-13",
			name:   "not COMPLETED with something pending",
			before: allQueued,
			keeps:  func(h *history) { h.updateAll(job.ExecutionSucceeded, a, b) },
			breaks: func(h *history) { h.state("COMPLETED", "") },
		},
		{
			rule:   "R-JOB-11, R-JOB-13",
			name:   "COMPLETED with the last execution",
			before: allQueued,
			keeps:  func(h *history) { h.updateAll(job.ExecutionSucceeded, a, b, c) },
			spoil: firstState(func(j *job.Job) {
				j.Status, j.CompletedAt = "IN_PROGRESS", time.Time{}
			}),
		},
		{
			rule:   "R-JOB-17",
			name:   "a COMPLETED job has a time",
			before: allQueued,
			keeps:  func(h *history) { h.updateAll(job.ExecutionSucceeded, a, b, c) },
			spoil:  firstState(func(j *job.Job) { j.CompletedAt = time.Time{} }),
		},
		{
			rule:   "R-JOB-22, R-ABT-12",
			name:   "executions are cancelled with their job only",
			before: allQueued,
			keeps:  func(h *history) { h.cancel("") },
			breaks: func(h *history) { h.update(a, job.ExecutionCanceled) },
		},
		{
			rule:   "R-JOB-22, R-ABT-12",
			name:   "IN_PROGRESS is cancelled by force only",
			before: allStarted,
			keeps:  func(h *history) { h.cancel("") },
			breaks: func(h *history) {
				h.cancelState("CANCELED", "")
				h.update(a, job.ExecutionCanceled)
			},
		},
		{
			rule:   "R-JOB-21, R-JOB-22",
			name:   "nothing stays QUEUED in a CANCELED job",
			before: allQueued,
			keeps: func(h *history) {
				h.cancel("")
				h.settled()
			},
			breaks: func(h *history) {
				h.state("CANCELED", "")
				h.settled()
			},
		},
		{
			rule:   "R-JOB-8, R-LIM-44",
			name:   "jobs are deleted by a call",
			before: allEnded,
			keeps: func(h *history) {
				h.checker.DeletingJob("j")
				h.delete()
			},
			breaks: func(h *history) { h.delete() },
		},
		{
			rule:   "R-JOB-8, R-LIM-44",
			name:   "or purged after more than the retention",
			before: allEnded,
			keeps: func(h *history) {
				h.advance(24*time.Hour + time.Millisecond)
				h.delete()
			},
			breaks: func(h *history) {
				h.advance(24 * time.Hour)
				h.delete()
			},
		},
		{
			rule:   "R-JOB-10",
			name:   "executions go before their job",
			before: allEnded,
			keeps: func(h *history) {
				h.checker.DeletingJob("j")
				h.delete()
			},
			breaks: func(h *history) {
				h.show = func(changes *store.Changes) { changes.Job.DeletedExecutions = nil }
				h.checker.DeletingJob("j")
				h.delete()
			},
		},
		{
			rule:   "R-JOB-37",
			name:   "no execution outlives its job",
			before: allQueued,
			keeps:  func(h *history) { h.update(a, job.ExecutionInProgress) },
			breaks: func(h *history) {
				h.show = first(func(x *job.Execution) { x.Job = 2 })
				h.update(a, job.ExecutionInProgress)
			},
		},
		{
			rule:   "R-JOB-10, R-CON-26",
			name:   "a deletion comes to its end",
			before: allEnded,
			keeps: func(h *history) {
				h.checker.DeletingJob("j")
				h.delete()
				h.settled()
			},
			breaks: func(h *history) {
				h.state("DELETION_IN_PROGRESS", "")
				h.settled()
			},
		},
		{
			rule:   "R-CON-25",
			name:   "a restart finds what was committed",
			before: created,
			keeps:  func(h *history) { h.read(func(now State) { h.checker.Restarted(now, 0) }) },
			breaks: func(h *history) {
				h.store = newHistory(h.t).store
				h.read(func(now State) { h.checker.Restarted(now, 0) })
			},
		},
	})
}

func TestAborts(t *testing.T) {
	t.Parallel()
	// Half of the executions FAILED, as soon as two have ended.
	half := func(h *history) {
		h.create(func(j *job.Job) {
			j.Abort = &job.AbortConfig{Criteria: []job.AbortCriterion{
				{FailureType: "FAILED", ThresholdHundredths: 5000, MinExecuted: 2},
			}}
		})
		h.release(a, b, c)
	}
	abortWith := func(h *history, status job.ExecutionStatus) {
		h.cancelState("CANCELED", "ABORT_CRITERIA_MET")
		h.job.Comment = "criterion 1 (FAILED) was met"
		h.update(b, status)
	}
	oneFailed := func(h *history) {
		half(h)
		h.update(a, job.ExecutionFailed)
	}
	run(t, []ruleCase{
		{
			rule:   "R-ABT-2, R-ABT-15",
			name:   "a criterion that is met aborts",
			before: oneFailed,
			keeps:  func(h *history) { abortWith(h, job.ExecutionSucceeded) },
			breaks: func(h *history) { h.update(b, job.ExecutionSucceeded) },
		},
		{
			rule:   "R-ABT-2",
			name:   "too few have ended",
			before: half,
			keeps:  func(h *history) { h.update(b, job.ExecutionFailed) },
			breaks: func(h *history) { abortWith(h, job.ExecutionFailed) },
		},
		{
			rule:   "R-ABT-1",
			name:   "the comment names the criterion",
			before: oneFailed,
			keeps:  func(h *history) { abortWith(h, job.ExecutionFailed) },
			spoil:  firstState(func(j *job.Job) { j.Comment = "criterion 2 (ALL)" }),
		},
		{
			rule:   "R-ABT-2, R-ABT-15",
			name:   "new criteria are applied at once",
			before: oneFailed,
			keeps: func(h *history) {
				h.checker.BeforeUpdate(Update{JobID: "j", Abort: true})
				h.defineAbort(2)
			},
			breaks: func(h *history) {
				h.checker.BeforeUpdate(Update{JobID: "j", Abort: true})
				h.defineAbort(1)
			},
		},
	})
}

// defineAbort gives the job another number of executions that must have ended.
func (h *history) defineAbort(minimum int64) {
	h.job.Abort = &job.AbortConfig{Criteria: []job.AbortCriterion{
		{FailureType: "FAILED", ThresholdHundredths: 5000, MinExecuted: minimum},
	}}
	h.write(store.Changes{Job: store.JobChanges{Definitions: []job.Job{h.job}}})
}
