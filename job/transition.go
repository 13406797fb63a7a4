package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// The state machine of an execution is a table: from a status, an event leads to a status, by a
// rule. What is not in the table is refused. The diagram in docs/spec/21, section 2, and the
// exhaustive test are the same table.

// Event is what happened to an execution.
type Event uint8

// The events. Reports come from the device, the others from timers, operators and the registry.
const (
	ReportQueued Event = iota // in no row: a device may not report QUEUED (R-HTTP-17)
	ReportInProgress
	ReportSucceeded
	ReportFailed
	ReportRejected
	StartNext
	TimeOut
	Cancel           // by an operator or a sweep, without force
	ForcedCancel     // the same with force
	LeaveTargets     // the thing stops being a target
	ThingDeleted     // the thing is gone from the registry
	events       int = iota
)

var eventNames = [events]string{
	"report QUEUED", "report IN_PROGRESS", "report SUCCEEDED", "report FAILED", "report REJECTED",
	"start next", "time out", "cancel", "forced cancel", "leave", "thing deleted",
}

// String is the event as faults call it.
func (e Event) String() string { return eventNames[e] }

// transition is one row: the legal move, and the rule that allows it.
type transition struct {
	from  ExecutionStatus
	event Event
	to    ExecutionStatus
	rule  string
}

// transitions lists every legal move of a job execution. Nothing leads out of a final status
// (R-EXE-5).
var transitions = []transition{
	{ExecutionQueued, ReportInProgress, ExecutionInProgress, "R-HTTP-16"},
	{ExecutionQueued, StartNext, ExecutionInProgress, "R-HTTP-14"},
	{ExecutionQueued, ReportSucceeded, ExecutionSucceeded, "R-EXE-3"},
	{ExecutionQueued, ReportFailed, ExecutionFailed, "R-EXE-3"},
	{ExecutionQueued, ReportRejected, ExecutionRejected, "R-EXE-3"},
	{ExecutionQueued, Cancel, ExecutionCanceled, "R-EXE-30"},
	{ExecutionQueued, ForcedCancel, ExecutionCanceled, "R-EXE-30"},
	{ExecutionQueued, LeaveTargets, ExecutionRemoved, "R-EXE-20"},
	{ExecutionQueued, ThingDeleted, ExecutionRemoved, "R-EXE-23"},
	{ExecutionInProgress, ReportInProgress, ExecutionInProgress, "R-EXE-4"},
	{ExecutionInProgress, ReportSucceeded, ExecutionSucceeded, "R-HTTP-16"},
	{ExecutionInProgress, ReportFailed, ExecutionFailed, "R-HTTP-16"},
	{ExecutionInProgress, ReportRejected, ExecutionRejected, "R-HTTP-16"},
	{ExecutionInProgress, TimeOut, ExecutionTimedOut, "R-TMO-8"},
	{ExecutionInProgress, ForcedCancel, ExecutionCanceled, "R-EXE-31"},
	{ExecutionInProgress, ThingDeleted, ExecutionRemoved, "R-EXE-23"},
}

// transitionMatrix is transitions as a matrix: where an event leads from a status, if it is legal.
var transitionMatrix = func() (m [statuses][events]struct {
	to    ExecutionStatus
	legal bool
}) {
	for _, t := range transitions {
		m[t.from][t.event].to, m[t.from][t.event].legal = t.to, true
	}
	return m
}()

// withStatus is e after a change: the next version, at this time (R-EXE-7). Its timers stop when it
// has ended (R-TMO-11).
func (e Execution) withStatus(to ExecutionStatus, now time.Time) Execution {
	e.Status, e.ShowAt = to, time.Time{}
	e.Version++
	e.UpdatedAt = now
	if to.Terminal() {
		e.Deadline, e.StepDeadline = time.Time{}, time.Time{}
	}
	return e
}

// illegalTransition is the fault of an event that the status does not allow. It carries the state,
// so that the device can see where it stands (R-HTTP-27).
func (e Execution) illegalTransition(event Event) error {
	f := fault.New(fault.BadTransition, "%s is not possible: the execution is %s", event, e.Status)
	f.State = e
	return f
}

// Outcome is what one event did.
type Outcome struct {
	Job       Job       // with its new counts, and what follows from them
	Execution Execution // after the event
	// Retry is the next attempt, without Number and Sequence, which the caller assigns. Nil when
	// there is none.
	Retry *Execution
	// Confirmation is what an execution that has succeeded waits for; nil when it waits for nothing.
	Confirmation *Confirmation
	// RetryWaits says that there would be a retry, and that it waits for the job to be resumed
	// (R-STR-10).
	RetryWaits bool
}

// ApplyEvent applies an event to the latest execution of a thing and draws the consequences for the
// job in the order of R-CON-22: status, counters, retry, abort, guard, completion. So a last failure that
// is retried does not complete the job (R-JOB-14), and the retry of one that aborts the job is
// canceled (R-RTY-10).
func ApplyEvent(j Job, e Execution, event Event, now time.Time) (Outcome, error) {
	move := transitionMatrix[e.Status][event]
	if !move.legal {
		return Outcome{}, e.illegalTransition(event)
	}
	after := e.withStatus(move.to, now)
	if e.Status == ExecutionQueued && move.to == ExecutionInProgress {
		after.StartedAt = now
		if j.Timeout != nil && j.Timeout.InProgressMinutes > 0 {
			// R-TMO-1
			after.Deadline = now.Add(time.Duration(j.Timeout.InProgressMinutes) * time.Minute)
		}
	}
	after.ForceCanceled = event == ForcedCancel
	out := Outcome{Job: j, Execution: after}
	out.Job.Counts.Transfer(e.Status, move.to)
	if move.to.Terminal() {
		out.Job.countInWave(e.Wave, func(w *WaveState) { w.end(move.to, 1) })
		out.drawConsequences(e, now)
	} else if e.Status == ExecutionQueued && j.guard() != nil {
		out.Job.guardChange(e, after, now)
		out.Job.Recompute(now)
	}
	return out, nil
}

// drawConsequences draws what follows for the job from an execution that has ended; before is what
// it was. Only what a
// device or its timer brought about may abort the job (R-ABT-9).
func (o *Outcome) drawConsequences(before Execution, now time.Time) {
	if o.Job.Status.Active() && !o.Job.RolloutEnded {
		o.Retry = o.Job.nextAttempt(o.Execution, now)
		switch {
		case o.Retry == nil:
		case o.Job.paused():
			o.Retry, o.RetryWaits = nil, true
			o.Job.steered().RetriesWaiting++
		default:
			o.Job.queuedAgain(*o.Retry)
		}
	}
	switch o.Execution.Status {
	case ExecutionSucceeded, ExecutionFailed, ExecutionRejected, ExecutionTimedOut:
		o.Job.applyAbortCriteria(now)
	}
	o.Job.guardChange(before, o.Execution, now)
	o.awaitConfirmation(now)
	o.Job.Recompute(now)
}

// nextAttempt is the retry of an execution that has ended, nil when it is not tried again.
func (j Job) nextAttempt(ended Execution, now time.Time) *Execution {
	used, again := j.Retry.retries(ended.Status, ended.RetriesUsed)
	if !again {
		return nil
	}
	retry := NewExecution(ended.ExecutionKey, now)
	retry.Attempt, retry.RetriesUsed, retry.Wave = used.Failed+used.TimedOut, used, ended.Wave
	retry.Held, retry.ShowAt = ended.Held, j.showAt(retry, ended.UpdatedAt, now)
	return &retry
}

// queuedAgain records a further attempt.
func (j *Job) queuedAgain(x Execution) {
	j.Counts[ExecutionQueued]++
	j.countInWave(x.Wave, func(w *WaveState) { w.Created++ })
}

// WithdrawRetry removes the retry, also one that would wait, because its thing is no target any more
// (R-RTY-9).
func (o *Outcome) WithdrawRetry(now time.Time) {
	if o.RetryWaits {
		o.RetryWaits = false
		o.Job.steered().RetriesWaiting--
		o.Job.Recompute(now)
		return
	}
	o.Job.countInWave(o.Retry.Wave, func(w *WaveState) { w.Created-- })
	o.Retry = nil
	o.Job.Counts[ExecutionQueued]--
	o.Job.Recompute(now)
}

// NewExecution is a fresh QUEUED execution (R-EXE-1).
func NewExecution(key ExecutionKey, now time.Time) Execution {
	return Execution{
		ExecutionKey: key,
		Status:       ExecutionQueued,
		Version:      1,
		QueuedAt:     now,
		UpdatedAt:    now,
	}
}
