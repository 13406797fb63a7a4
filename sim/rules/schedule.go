package rules

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
)

// A schedule has a start time, an end time and maintenance windows, each of them optional. Before
// the start and between two windows an active job is SCHEDULED: its rollout waits, and devices do
// not see what is QUEUED. At the end time the job stops releasing, and is cancelled if its end
// behaviour says so.

// waitsForSchedule says whether a job must be SCHEDULED at a time, if it is active: before its
// start time, and between its windows (R-SCH-10 to R-SCH-12, R-SCH-16).
func (rec *jobRecord) waitsForSchedule(t time.Time) bool {
	schedule := rec.stored.Schedule
	if schedule == nil || rec.over(t) {
		return false
	}
	return t.Before(schedule.StartAt) || len(rec.windows) > 0 && !anyOpen(rec.windows, t)
}

// over says whether a job is past its end time, or past the last of its windows: nothing is
// released or retried any more (R-SCH-21, R-SCH-22).
func (rec *jobRecord) over(t time.Time) bool {
	schedule := rec.stored.Schedule
	if schedule == nil {
		return false
	}
	lastWindowClosed := len(rec.windows) > 0 && !t.Before(schedule.StartAt) &&
		!anyOpen(rec.windows, t) && !anyOpensAfter(rec.windows, t)
	return rec.pastEnd(t) || lastWindowClosed
}

// pastEnd says whether the end time of a job has come.
func (rec *jobRecord) pastEnd(t time.Time) bool {
	schedule := rec.stored.Schedule
	return schedule != nil && !schedule.EndAt.IsZero() && !t.Before(schedule.EndAt)
}

// cancelsAtEnd says whether a job is to be cancelled when its end time has come, by force or not
// (R-SCH-24 to R-SCH-26).
func (rec *jobRecord) cancelsAtEnd(forced bool) bool {
	want := job.EndBehavior("CANCEL")
	if forced {
		want = "FORCE_CANCEL"
	}
	return rec.stored.Schedule.EndBehavior == want
}

// scheduleDue says whether the schedule of a job asks for something at this moment that is not done
// yet. An answer to a device may then be the one before it or the one after it.
func (ch *Checker) scheduleDue(rec *jobRecord) bool {
	status, now := rec.stored.Status, ch.state.Now
	if !active(status) {
		return false
	}
	if (status == "SCHEDULED") != rec.waitsForSchedule(now) {
		return true
	}
	stays := []job.EndBehavior{"", "STOP_ROLLOUT"}
	return rec.pastEnd(now) && !slices.Contains(stays, rec.stored.Schedule.EndBehavior)
}

// visible says whether a device sees an execution: a QUEUED one is hidden while its job is
// SCHEDULED or paused (R-SCH-17, R-STR-10), while its thing is held, and while it backs off.
func (ch *Checker) visible(x job.Execution) bool {
	return x.Status != job.ExecutionQueued ||
		!hidesQueued(ch.jobs[x.Job].stored) && ch.visibleByItself(x)
}

// visibleByItself says whether a QUEUED execution would be seen if its job hides nothing: its thing
// is not held, and it has waited long enough (R-STR-14, R-STR-45).
func (ch *Checker) visibleByItself(x job.Execution) bool {
	_, held := ch.holds[x.Thing]
	return !held && x.ShowAt.IsZero()
}

// windowOpenedOrClosed follows a job that became SCHEDULED or ceased to be, or was paused or
// resumed. The things with something QUEUED are notified within the next commits, and in the first
// case the clock of its rollout stops or starts (R-ROLL-16).
func (c *commit) windowOpenedOrClosed(rec *jobRecord, j job.Job) {
	if hidesQueued(rec.stored) != hidesQueued(j) {
		for _, x := range rec.executions {
			if x.Status == job.ExecutionQueued {
				c.ch.windowNotified[x.Thing] = true
				c.verifyLater(x.Thing)
			}
		}
	}
	was, is := rec.stored.Status == "SCHEDULED", j.Status == "SCHEDULED"
	if was == is {
		return
	}
	if is {
		rec.rollout.quota, rec.rollout.nextTick, rec.rollout.clockRuns = 0, time.Time{}, false
	} else if j.Status == "IN_PROGRESS" {
		rec.startClock(c.now)
	}
}

// checkCanceledBySchedule checks a job that became CANCELED without a call: at its end time, as its
// end behaviour says, and not when everything is done already; or because too many jobs are
// IN_PROGRESS when it should begin (R-JOB-4).
func (c *commit) checkCanceledBySchedule(rec *jobRecord, j job.Job) {
	was := rec.stored
	if !active(was.Status) || j.Status != "CANCELED" {
		return
	}
	switch j.ReasonCode {
	case "SCHEDULE_END_CANCEL", "SCHEDULE_END_FORCE_CANCEL":
		forced := j.ReasonCode == "SCHEDULE_END_FORCE_CANCEL"
		hadPending := was.Counts[job.ExecutionQueued]+was.Counts[job.ExecutionInProgress] > 0
		asConfigured := rec.pastEnd(c.now) && rec.cancelsAtEnd(forced) && forced == j.ForceCanceled
		if !asConfigured || rec.started && !hadPending {
			c.fail("R-SCH-24, R-SCH-25", "%s is cancelled at its end: %+v, %+v",
				rec.id, j.Schedule, j.State)
		}
	case "JOB_CONCURRENCY_LIMIT":
		if was.Status != "SCHEDULED" || rec.waitsForSchedule(c.now) || c.ch.limits.Concurrent == 0 {
			c.fail("R-JOB-4", "%s is cancelled for a limit: %+v", rec.id, j.State)
		}
	}
}

// checkSchedule checks the status of an active job when the server has nothing to do (R-JOB-2,
// R-JOB-3, R-JOB-5, R-SCH-23).
func (ch *Checker) checkSchedule(rec *jobRecord) {
	now, status, schedule := ch.state.Now, rec.stored.Status, rec.stored.Schedule
	if !active(status) {
		return
	}
	if (status == "SCHEDULED") != rec.waitsForSchedule(now) {
		ch.fail("R-SCH-10 to R-SCH-18", "%s is %s at %s, its schedule is %+v",
			rec.id, status, now, schedule)
	}
	n := rec.counts()
	if rec.pastEnd(now) && (rec.cancelsAtEnd(false) || rec.cancelsAtEnd(true) || n.pending() == 0) {
		ch.fail("R-SCH-23 to R-SCH-26", "%s is %s after its end, with %v, its schedule is %+v",
			rec.id, status, n, schedule)
	}
}
