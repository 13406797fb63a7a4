package job

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// An operator may have an active job try again on things whose last attempt has failed (R-STR-60).
// That is a pass over the executions of the job, in bounded steps. Its retries take from the quotas
// of the rollout, and from no retry budget.

// MaxRetryThings is how many single things one request may name.
const MaxRetryThings = 50

// RetryPass is that pass.
type RetryPass struct {
	// Statuses are those of last attempts that are tried again.
	Statuses []ExecutionStatus `json:"statuses"`
	// Things are the only ones that are looked at, as far as they have not had their turn. Nil is
	// all things of the job.
	Things []registry.ThingID `json:"things,omitempty"`
	// After is the last thing that had its turn, in the order of their names.
	After ThingCursor `json:"after,omitzero"`
}

// ThingCursor is a place in the things of a job by name; things of one name go by key.
type ThingCursor struct {
	Name  string           `json:"name,omitzero"`
	Thing registry.ThingID `json:"thing,omitzero"`
}

// RetryFailed begins the pass. There is one at a time.
func (j *Job) RetryFailed(statuses []ExecutionStatus, things []registry.ThingID, now time.Time) error {
	if !j.Status.Active() || j.RolloutEnded {
		return fault.New(fault.Invalid, "job %s has ended, or its end time has passed: "+
			"create a job for these things, as drover jobs retry --as NEW-ID does", j.ID)
	}
	for _, status := range statuses {
		switch status {
		case ExecutionFailed, ExecutionTimedOut, ExecutionRejected:
		default:
			return fault.New(fault.Invalid,
				"statuses: %s is not one of FAILED, TIMED_OUT, REJECTED", status)
		}
	}
	if len(things) > MaxRetryThings {
		return fault.New(fault.Invalid, "things: %d are named, at most %d may be",
			len(things), MaxRetryThings)
	}
	if j.retryPass() != nil {
		return fault.New(fault.Conflict, "job %s is trying again what has failed already", j.ID)
	}
	j.steered().Retry = &RetryPass{Statuses: unique(statuses), Things: unique(things)}
	j.UpdatedAt = now
	j.tickForRetries(now)
	j.Recompute(now)
	return nil
}

// tickForRetries has the ticks of a rollout that has finished go on for the pass.
func (j *Job) tickForRetries(now time.Time) {
	if j.Progress.Finished && j.retryPass() != nil && j.Progress.NextTick.IsZero() {
		j.Progress.NextTick = later(now, j.Progress.Closed)
	}
}

// unique is a list without repeats, sorted. That of nil is nil.
func unique[T ExecutionStatus | registry.ThingID](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// retryPass is the pass that is under way, nil without one.
func (s State) retryPass() *RetryPass {
	if s.Steered == nil {
		return nil
	}
	return s.Steered.Retry
}

// retryFrom is when the pass goes on: at once within a tick, else at the next.
func (j *Job) retryFrom() time.Time {
	if j.retryPass() == nil || !j.Creates() {
		return time.Time{}
	}
	return timeIf(true, earliest(j.Progress.NextTick, atOnceIf(j.Progress.Quota > 0)))
}

// RetryTick opens the next tick if its time has come, and returns how many retries may be created
// now.
func (j *Job) RetryTick(now time.Time) int {
	if j.Recompute(now); !j.Creates() || j.retryPass() == nil {
		return 0
	}
	j.Progress.tick(j.Rollout, j.Counts[ExecutionSucceeded], now)
	j.Recompute(now)
	return j.Progress.Quota
}

// AskedRetry is the next attempt on a thing whose latest execution this is, without its Sequence;
// last is the largest number that an execution of it had. ok is false for one that has not ended in
// one of the statuses of the pass.
func (j Job) AskedRetry(latest Execution, last int64, now time.Time) (retry Execution, ok bool) {
	pass := j.retryPass()
	if pass == nil || !slices.Contains(pass.Statuses, latest.Status) {
		return retry, false
	}
	retry = NewExecution(latest.ExecutionKey, now)
	retry.Number, retry.RetriesUsed, retry.Wave = last+1, latest.RetriesUsed, latest.Wave
	retry.Held = latest.Held
	return retry, true
}

// HasYetToCome reports whether the pass has not come to a thing.
func (p RetryPass) HasYetToCome(name string, thing registry.ThingID) bool {
	if p.Things != nil {
		return slices.Contains(p.Things, thing)
	}
	return name > p.After.Name || name == p.After.Name && thing > p.After.Thing
}

// TookRetries records that a step of the pass has created retries and has come to a place, or to
// the end of the things that are left: done.
func (j *Job) TookRetries(created []Execution, left RetryPass, done bool, now time.Time) {
	s := j.steered()
	s.Retry = &left
	j.Progress.Quota -= len(created)
	for _, x := range created {
		j.queuedAgain(x)
	}
	if done {
		j.endRetryPass()
	}
	j.Recompute(now)
}

// endRetryPass ends the pass. The ticks of a rollout that has finished end with it.
func (j *Job) endRetryPass() {
	if j.retryPass() == nil {
		return
	}
	j.steered().Retry = nil
	if j.Progress.Finished {
		j.Progress.finish()
	}
}
