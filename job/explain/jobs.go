package explain

import (
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
)

// What a job waits for. The same reasons stand in front of a thing that has not had its turn.

// Job explains what a job waits for. It must be as its schedule has it (job.Job.ApplySchedule).
func Job(j job.Job, now time.Time) Explanation {
	e := &Explanation{}
	switch {
	case j.Sweep == job.SweepAll:
		e.deleting(j)
	case !j.Status.Active():
		e.over(j, "")
		if j.Sweep != job.NoSweep {
			e.add(BackgroundWork, "The server cancels its executions.").since(j.UpdatedAt)
		}
		e.pending(j)
	default:
		e.active(j, now)
	}
	return e.conclude()
}

// active explains a job that has not ended.
func (e *Explanation) active(j job.Job, now time.Time) {
	e.heldBack(j, now)
	if j.Creates() {
		e.background(j, now)
		e.gate(j)
	}
	most, waits := j.AtMostOutstanding()
	switch {
	case !j.Creates():
	case waits:
		e.outstanding(j, most)
	case len(e.Reasons) == 0 && !j.Progress.NextTick.IsZero():
		e.add(RolloutGoesOn, "It releases up to %s, the next in the next tick.", rate(j)).
			Expected = j.Progress.NextTick
	}
	if s := j.Steered; s != nil && s.RetriesWaiting > 0 {
		e.add(RetryWaits, "%s", plural(int(s.RetriesWaiting), "1 retry is created when it goes on.",
			"%d retries are created when it goes on."))
	}
	e.pending(j)
	continuous := j.TargetSelection == job.Continuous && !j.RolloutEnded
	if continuous && (j.Progress.Finished || len(e.Reasons) == 0) {
		r := e.add(ContinuousJob, "It is CONTINUOUS, and goes on for things that enter its groups.")
		if j.Schedule != nil {
			r.until(j.Schedule.EndAt)
		}
	}
	if len(e.Reasons) == 0 {
		e.defect("Job %s is active and waits for nothing", j.ID)
	}
}

// defect adds that something waits for nothing, which must not be.
func (e *Explanation) defect(format string, args ...any) {
	e.add(NothingToWaitFor,
		format+". That is a defect of the server: please report it, with this answer "+
			"and that of DescribeJob.", args...)
}

// pending adds how many executions have not ended.
func (e *Explanation) pending(j job.Job) {
	queued, working := j.Counts[job.ExecutionQueued], j.Counts[job.ExecutionInProgress]
	if queued+working > 0 {
		e.add(ExecutionsPending,
			"Executions that have not ended: %d QUEUED, %d IN_PROGRESS.", queued, working)
	}
}

// background adds work of the job that waits for processor time only.
func (e *Explanation) background(j job.Job, now time.Time) {
	switch work := j.Next(now); work {
	case job.WorkNone, job.WorkRecompute:
	default:
		e.add(BackgroundWork, "The server is about to %s.", works[work])
	}
}

// works are the kinds of work in words.
var works = map[job.Work]string{
	job.WorkDelete:       "delete executions",
	job.WorkSweep:        "cancel executions",
	job.WorkOpenWindow:   "begin or go on: its time has come",
	job.WorkNotifyWindow: "notify devices of what they see or do not see any more",
	job.WorkRetries:      "create the retries that waited",
	job.WorkLateJoiners:  "create executions for things that joined meanwhile",
	job.WorkBackfill:     "create executions for the members of groups that were associated",
	job.WorkRetryFailed:  "try again what an operator has asked for",
	job.WorkWave:         "begin the next wave, or judge the gate before it",
	job.WorkRelease:      "release executions",
}

// heldBack adds why the job creates no executions now and hides those that are QUEUED: its
// schedule, then a pause. One that reaches its end time before ends then.
func (e *Explanation) heldBack(j job.Job, now time.Time) {
	if j.Status == job.Scheduled {
		until, ends := j.WindowEdge, ""
		if end := j.Schedule.EndAt; !end.IsZero() && end.Before(until) {
			until, ends = end, ", and ends before"
		}
		switch {
		case j.ReachedWindowEdge(now):
			e.add(BackgroundWork, "The server is about to %s.", works[job.WorkOpenWindow])
		case j.RolloutStarted():
			e.add(WindowClosed, "Job %s waits for its next maintenance window%s.", j.ID, ends).
				since(j.ClosedSince(now)).until(until)
		default:
			e.add(StartTime, "Job %s has not begun%s.", j.ID, ends).since(j.CreatedAt).until(until)
		}
	}
	if j.Paused != "" && j.Status.Active() {
		e.paused(j)
	}
}

// pauses are the ways in which the server pauses a job by itself, by how their reasons begin and
// end (R-STR-13).
var pauses = []struct {
	begins, ends string
	code         Code
	says         string
}{
	{"abort: ", "", PausedByAbort, "An abort criterion has paused job %s (%s)."},
	{"guard: ", "", PausedByGuard, "The guard has paused job %s (%s)."},
	{"wave: ", " waits for approval", WaveApproval, "Job %s waits for an operator (%s)."},
	{"wave: ", "", WaveStopped, "The gate behind a wave has paused job %s (%s)."},
	{"", "", JobPaused, "Job %s is paused: %s."},
}

// paused adds that the job is paused, by whom and why.
func (e *Explanation) paused(j job.Job) {
	for _, p := range pauses {
		if strings.HasPrefix(j.Paused, p.begins) && strings.HasSuffix(j.Paused, p.ends) {
			e.add(p.code, p.says, j.ID, j.Paused).since(j.PausedAt)
			return
		}
	}
}

// gate adds that the rollout waits behind a wave.
func (e *Explanation) gate(j job.Job) {
	w := j.WaitingGate()
	if w == nil {
		return
	}
	when := "when its soak time is over"
	if left := w.State.Created - w.State.Ended + w.State.Confirming; !w.Soaks {
		when = plural(int(left), "when its last execution has ended",
			"when the last %d of its executions have ended")
	}
	e.add(WaveGate, "Wave %d (%s) is released; its gate is judged %s.", w.Number, w.Takes, when).
		since(w.State.LastRelease).until(w.Judged)
}

// outstanding adds that as many executions are pending as may be.
func (e *Explanation) outstanding(j job.Job, most int64) {
	e.add(MaxOutstanding,
		"Job %s has as many executions pending as drover:max-outstanding = %d allows: "+
			"the next is created when one has ended.", j.ID, most)
}

// deleting says that the job is being deleted.
func (e *Explanation) deleting(j job.Job) {
	e.add(JobBeingDeleted, "Job %s is being deleted, with its executions.", j.ID).since(j.UpdatedAt)
}

// over says that the job has ended, and what else is to be said about that.
func (e *Explanation) over(j job.Job, more string) {
	if j.Status == job.Canceled {
		e.canceled(j, more)
		return
	}
	e.add(JobCompleted, "Job %s is %s%s.", j.ID, j.Status, more).since(j.CompletedAt)
}

// canceled says that the job is canceled and why, and what else is to be said about that.
func (e *Explanation) canceled(j job.Job, more string) {
	e.add(JobCanceled, "Job %s is CANCELED%s%s.", j.ID, why(j), more).since(j.UpdatedAt)
}

// why says why a job was canceled, if it says so.
func why(j job.Job) string {
	parts := []string{}
	for _, part := range []string{j.ReasonCode, j.Comment} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ": ") + ")"
}
