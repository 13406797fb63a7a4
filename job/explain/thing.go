package explain

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/job"
)

// Why a thing has, or has not, done a job. What is asked first is what stands in front: whether
// there is an execution, then whether its device sees it, then whether the device hears of it and
// may work on it.

// Unknown is the answer about a name of no thing. connected says that a client of this name is
// connected all the same.
func Unknown(thing string, connected bool) Explanation {
	var e Explanation
	if connected {
		e.add(ThingUnknown, "There is no thing %s; a client of this name is connected, and no job "+
			"reaches it before the thing is created.", thing)
	} else {
		e.add(ThingUnknown, "There is no thing %s.", thing)
	}
	return e.conclude()
}

// Nothing is the answer about a thing of which no job was asked and none is pending or to come.
// last is its newest execution, nil when it never had one.
func Nothing(thing string, last *job.Execution, jobID string) Explanation {
	var e Explanation
	if last == nil {
		e.add(NothingPending,
			"Nothing is pending for %s, and it has no execution of any job.", thing)
	} else {
		e.add(NothingPending, "Nothing is pending for %s; its newest execution, of job %s, is %s.",
			thing, jobID, last.Status).since(last.UpdatedAt)
	}
	return e.conclude()
}

// Thing explains how far a thing is with a job.
func Thing(f Facts) Explanation {
	e := &Explanation{}
	switch x := f.Latest; {
	case f.Job.Sweep == job.SweepAll:
		e.deleting(f.Job)
	case x == nil || f.LateJoiner && x.Status.Terminal():
		e.withoutExecution(f)
	case x.Status.Terminal():
		e.ended(f, *x)
	case f.aboutTo(*x) != "":
		e.add(BackgroundWork, "The server is about to %s.", f.aboutTo(*x))
	case x.Status == job.ExecutionInProgress:
		e.works(f, *x)
	default:
		e.queued(f, *x)
	}
	return e.conclude()
}

// aboutTo says what the server does to a pending execution as soon as it comes to it, empty for
// nothing.
func (f Facts) aboutTo(x job.Execution) string {
	name := fmt.Sprintf("execution %d of job %s", x.Number, f.Job.ID)
	switch f.Job.NextFor(x, f.Now) {
	case job.ExecutionWorkSweep:
		return "cancel " + name + ", as its job is CANCELED" + why(f.Job)
	case job.ExecutionWorkTimeOut:
		return "end " + name + ", whose timer has run out"
	case job.ExecutionWorkShow:
		return "show " + name + ", which has waited long enough"
	}
	if x.Status == job.ExecutionQueued && !f.Target.Is() {
		return "remove " + name + ", as " + f.Thing + " has left the targets"
	}
	return ""
}

// works explains an execution that is IN_PROGRESS.
func (e *Explanation) works(f Facts, x job.Execution) {
	timer := "no timer ends it"
	switch at := x.TimesOutAt(); {
	case at.IsZero():
	case at.Equal(x.StepDeadline):
		timer = "its step timer ends it unless it reports before"
	default:
		timer = "its in-progress timer ends it"
	}
	e.add(DeviceWorks, "The device works on execution %d and reported last at %s; %s.", x.Number,
		stamp(x.UpdatedAt), timer).since(x.StartedAt).until(x.TimesOutAt())
	if f.Job.Status == job.Canceled {
		e.canceled(f.Job, "; what is IN_PROGRESS may end")
	}
	e.notConnected(f)
}

// queued explains an execution that is QUEUED: why its device does not see it, or why that does not
// start it.
func (e *Explanation) queued(f Facts, x job.Execution) {
	e.heldBack(f.Job, f.Now)
	e.held(f)
	if !x.ShowAt.IsZero() {
		e.add(RetryBacksOff, "Retry %d waits because of drover:retry-backoff.", x.Attempt).
			since(x.QueuedAt).until(x.ShowAt)
	}
	if at := f.Front; at != nil {
		e.behind(*at)
	}
	e.reaches(f, x.QueuedAt)
}

// held adds that the thing is held.
func (e *Explanation) held(f Facts) {
	switch h := f.Hold; {
	case h == nil:
	case !h.Until.IsZero() && !h.Until.After(f.Now):
		e.add(BackgroundWork, "The server is about to release %s, which was held.", f.Thing)
	default:
		e.add(ThingHeld,
			"An operator holds %s: %s.", f.Thing, h.Reason).since(h.Since).until(h.Until)
	}
}

// behind adds that another execution comes first.
func (e *Explanation) behind(front Front) {
	x, more := front.Execution, ""
	if front.More > 0 {
		more = plural(front.More, ", and 1 other comes between", ", and %d others come between")
	}
	r := e.add(BehindAnother,
		"Execution %d of job %s is %s and comes first%s.", x.Number, front.JobID,
		x.Status, more)
	if r.since(x.QueuedAt); x.Status == job.ExecutionInProgress {
		r.since(x.StartedAt)
		if front.More == 0 {
			r.until(x.Deadline)
		}
	}
}

// endCodes are the codes of executions that have ended.
var endCodes = map[job.ExecutionStatus]Code{
	job.ExecutionSucceeded: ExecutionSucceeded,
	job.ExecutionFailed:    ExecutionFailed,
	job.ExecutionTimedOut:  ExecutionTimedOut,
	job.ExecutionRejected:  ExecutionRejected,
	job.ExecutionRemoved:   ExecutionRemoved,
	job.ExecutionCanceled:  ExecutionCanceled,
}

// ended explains an execution that has ended: whether it is tried again, and if not, why.
func (e *Explanation) ended(f Facts, x job.Execution) {
	switch {
	case f.RetryWaits:
		e.heldBack(f.Job, f.Now)
		e.add(RetryWaits,
			"Execution %d is %s, and its retry is created when job %s goes on.", x.Number,
			x.Status, f.Job.ID).since(x.UpdatedAt)
		return
	case f.RetryAskedFor:
		e.heldBack(f.Job, f.Now)
		r := e.add(RetryAskedFor,
			"Execution %d is %s, and an operator has asked for another attempt, which "+
				"has its turn in one of the next ticks.", x.Number, x.Status).since(x.UpdatedAt)
		if f.Job.Creates() {
			r.Expected = f.Job.Progress.NextTick
		}
		return
	case x.Status == job.ExecutionRemoved && !f.Target.Is():
		e.add(LeftTargets,
			"%s has left the targets of job %s, and execution %d was removed.", f.Thing,
			f.Job.ID, x.Number).since(x.UpdatedAt)
		return
	}
	e.add(endCodes[x.Status], "Execution %d is %s%s.", x.Number, x.Status, e.afterwards(f, x)).
		since(x.UpdatedAt)
	if x.Silent {
		e.add(NotConfirmed,
			"The device was not heard of again after that in time (drover:confirm).")
	}
	if c := f.Confirmation; c != nil {
		e.add(ToBeConfirmed, "Whether the device goes on is not seen yet (drover:confirm).").
			since(c.ReportedAt).until(c.Until)
	}
}

// afterwards says why an execution is not tried again.
func (e *Explanation) afterwards(f Facts, x job.Execution) string {
	reason := ""
	if text := x.Details["reason"]; text != "" {
		reason = " (" + text + ")"
	}
	spent, of := f.Job.Retry.Budget(x.Status, x.RetriesUsed)
	switch {
	case x.Status == job.ExecutionCanceled && f.Job.Status == job.Canceled:
		return reason + ", as its job is" + why(f.Job)
	case x.Status != job.ExecutionFailed && x.Status != job.ExecutionTimedOut:
		return reason
	case of > 0 && spent >= of:
		return reason + plural(of, " after the only retry that it may have",
			" after all %d retries that it may have")
	case of > 0 && !f.Job.Status.Active():
		return reason + ", and is not tried again: the job is " + string(f.Job.Status)
	case of > 0:
		return reason + ", and is not tried again"
	}
	return reason + ", and the job has no retries for that"
}

// stamp is a time inside a sentence.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
