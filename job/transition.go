package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// Event is what happened to an execution.
type Event uint8

// The events. Reports come from the device, the others from timers, operators and the registry.
const (
	ReportQueued Event = iota // no transition has it: a device may not report QUEUED (R-HTTP-17)
	ReportInProgress
	ReportSucceeded
	ReportFailed
	ReportRejected
	StartNext
	TimeOut
	Cancel       // without force
	ForcedCancel // with force
	Leave        // the thing stops being a target
	ThingDeleted
	events int = iota
)

var eventNames = [events]string{
	"report QUEUED", "report IN_PROGRESS", "report SUCCEEDED", "report FAILED", "report REJECTED",
	"start next", "time out", "cancel", "forced cancel", "leave", "thing deleted",
}

func (e Event) String() string { return eventNames[e] }

type transition struct {
	from  ExecutionStatus
	event Event
	to    ExecutionStatus
	rule  string
}

// transitions lists every legal move of a job execution. A move that is not here is refused; nothing leads out of a
// terminal status (R-EXE-5).
var transitions = []transition{
	{Queued, ReportInProgress, Running, "R-HTTP-16"},
	{Queued, StartNext, Running, "R-HTTP-14"},
	{Queued, ReportSucceeded, Succeeded, "R-EXE-3"},
	{Queued, ReportFailed, Failed, "R-EXE-3"},
	{Queued, ReportRejected, Rejected, "R-EXE-3"},
	{Queued, Cancel, CanceledExecution, "R-EXE-30"},
	{Queued, ForcedCancel, CanceledExecution, "R-EXE-30"},
	{Queued, Leave, Removed, "R-EXE-20"},
	{Queued, ThingDeleted, Removed, "R-EXE-23"},
	{Running, ReportInProgress, Running, "R-EXE-4"},
	{Running, ReportSucceeded, Succeeded, "R-HTTP-16"},
	{Running, ReportFailed, Failed, "R-HTTP-16"},
	{Running, ReportRejected, Rejected, "R-HTTP-16"},
	{Running, TimeOut, TimedOut, "R-TMO-8"},
	{Running, ForcedCancel, CanceledExecution, "R-EXE-31"},
	{Running, ThingDeleted, Removed, "R-EXE-23"},
}

// moves is transitions as a matrix: where an event leads from a status, and whether it is legal.
var moves = func() (m [statuses][events]struct {
	to    ExecutionStatus
	legal bool
}) {
	for _, t := range transitions {
		m[t.from][t.event].to, m[t.from][t.event].legal = t.to, true
	}
	return m
}()

// moved is e after a stored change: the next version, at this time (R-EXE-7).
func (e Execution) moved(to ExecutionStatus, now time.Time) Execution {
	e.Status = to
	e.Version++
	e.UpdatedAt = now
	if to.Terminal() {
		e.Deadline, e.StepDeadline = time.Time{}, time.Time{} // R-TMO-11
	}
	return e
}

// refuse is the fault of an event that the status does not allow. It carries the state for the device (R-HTTP-27).
func (e Execution) refuse(event Event) error {
	f := fault.New(fault.BadTransition, "%s is not possible: the execution is %s", event, e.Status)
	f.State = e
	return f
}

// Outcome is what one event did: the execution after it, the retry that its job's budget allows, if any, and the job.
type Outcome struct {
	Job       Job
	Execution Execution
	// Retry is the next attempt, without Number and Sequence, which the caller assigns; nil when there is none.
	Retry *Execution
}

// Move applies an event to the latest execution of a thing and draws the consequences for the job in the order of
// R-CON-22: status, counters, retry, abort, completion.
func Move(j Job, e Execution, event Event, now time.Time) (Outcome, error) {
	move := moves[e.Status][event]
	if !move.legal {
		return Outcome{}, e.refuse(event)
	}
	after := e.moved(move.to, now)
	if e.Status == Queued && move.to == Running {
		after.StartedAt = now
		if j.Timeout != nil && j.Timeout.InProgressMinutes > 0 {
			after.Deadline = now.Add(time.Duration(j.Timeout.InProgressMinutes) * time.Minute) // R-TMO-1
		}
	}
	after.ForceCanceled = event == ForcedCancel
	out := Outcome{Job: j, Execution: after}
	out.Job.Counts.Move(e.Status, move.to)
	if move.to.Terminal() {
		out.end(now)
	}
	return out, nil
}

// end draws what follows from an execution that ended.
func (o *Outcome) end(now time.Time) {
	if o.Job.Status.Active() && !o.Job.Ended {
		if used, again := o.Job.Retry.retries(o.Execution.Status, o.Execution.Used); again {
			retry := NewExecution(o.Execution.ExecutionKey, now)
			retry.Attempt, retry.Used = o.Execution.Attempt+1, used
			o.Retry = &retry
			o.Job.Counts[Queued]++
		}
	}
	switch o.Execution.Status {
	case Succeeded, Failed, Rejected, TimedOut:
		o.Job.judge(now) // R-ABT-9: only what a device or its timer brought about is judged
	}
	o.Job.Settle(now)
}

// DropRetry takes the retry back, because its thing has stopped being a target (R-RTY-9).
func (o *Outcome) DropRetry(now time.Time) {
	o.Retry = nil
	o.Job.Counts[Queued]--
	o.Job.Settle(now)
}

// NewExecution is a fresh QUEUED execution (R-EXE-1).
func NewExecution(key ExecutionKey, now time.Time) Execution {
	return Execution{ExecutionKey: key, Status: Queued, Version: 1, QueuedAt: now, UpdatedAt: now}
}
