package sim

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
)

// held says whether its schedule holds an active job back at a time: before its start time, and between its windows
// (R-SCH-10 to R-SCH-12, R-SCH-16). It is SCHEDULED then.
func (m *model) held(t time.Time) bool {
	c := m.row.Schedule
	if c == nil || m.over(t) {
		return false
	}
	return t.Before(c.StartAt) || len(m.windows) > 0 && !open(m.windows, t)
}

// over says whether a job is past its end time, or past the last of its windows: nothing is released or retried any more
// (R-SCH-21, R-SCH-22).
func (m *model) over(t time.Time) bool {
	c := m.row.Schedule
	if c == nil {
		return false
	}
	spent := len(m.windows) > 0 && !t.Before(c.StartAt) && !open(m.windows, t) && !opensAfter(m.windows, t)
	return m.past(t) || spent
}

// past says whether a job's end time has come.
func (m *model) past(t time.Time) bool {
	c := m.row.Schedule
	return c != nil && !c.EndAt.IsZero() && !t.Before(c.EndAt)
}

// visible says whether a device sees an execution: a QUEUED one is hidden while its job is SCHEDULED (R-SCH-17).
func (r *rules) visible(x job.Execution) bool {
	return x.Status != job.ExecutionQueued || r.jobs[x.Job].row.Status != "SCHEDULED"
}

// flipped notes that a job went into or out of SCHEDULED. The rollout's clock stops and starts (R-ROLL-16), and the
// things with something QUEUED will be told within some commits.
func (c *commit) flipped(m *model, j job.Job) {
	was, is := m.row.Status == "SCHEDULED", j.Status == "SCHEDULED"
	if was == is {
		return
	}
	for _, x := range m.rows {
		if x.Status == job.ExecutionQueued {
			c.retold[x.Thing] = true
			c.stir(x.Thing)
		}
	}
	if is {
		m.ramp.quota, m.ramp.next, m.resumed = 0, time.Time{}, false
	} else if j.Status == "IN_PROGRESS" {
		c.resume(m)
	}
}

// resume starts the rollout's clock again, once per opening.
func (c *commit) resume(m *model) {
	if !m.resumed && m.started {
		m.resumed, m.ramp.next = true, c.now
	}
}

// cancelsAtEnd says whether a job whose end time has come is to be cancelled (R-SCH-24 to R-SCH-26).
func (m *model) cancelsAtEnd(forced bool) bool {
	want := job.EndBehavior("CANCEL")
	if forced {
		want = "FORCE_CANCEL"
	}
	return m.row.Schedule.EndBehavior == want
}

// byItself checks a job that the schedule cancelled: at its end time, as asked for, and not when all is done already.
func (c *commit) byItself(m *model, j job.Job) {
	if !active(m.row.Status) || j.Status != "CANCELED" {
		return
	}
	pendingBefore := m.row.Counts[job.ExecutionQueued]+m.row.Counts[job.ExecutionInProgress] > 0
	switch forced := j.ReasonCode == "SCHEDULE_END_FORCE_CANCEL"; j.ReasonCode {
	case "SCHEDULE_END_CANCEL", "SCHEDULE_END_FORCE_CANCEL":
		if !m.past(c.now) || !m.cancelsAtEnd(forced) || forced != j.ForceCanceled || m.started && !pendingBefore {
			c.fail("R-SCH-24, R-SCH-25", "%s is cancelled at its end: %+v, %+v", m.id, j.Schedule, j.State)
		}
	case "JOB_CONCURRENCY_LIMIT":
		if m.row.Status != "SCHEDULED" || m.held(c.now) || c.server.limits.Concurrent == 0 {
			c.fail("R-JOB-4", "%s is cancelled for a limit: %+v", m.id, j.State)
		}
	}
}

// scheduled checks the status of an active job when nothing is due (R-JOB-2, R-JOB-3, R-JOB-5, R-SCH-23).
func (r *rules) scheduled(m *model) {
	now, is := r.clock.Now(), m.row.Status
	if !active(is) {
		return
	}
	if (is == "SCHEDULED") != m.held(now) {
		r.fail("R-SCH-10 to R-SCH-18", "%s is %s at %s, its schedule is %+v", m.id, is, now, m.row.Schedule)
	}
	if m.past(now) && (m.cancelsAtEnd(false) || m.cancelsAtEnd(true) || m.counts().pending() == 0) {
		r.fail("R-SCH-23 to R-SCH-26", "%s is %s after its end, with %v, its schedule is %+v", m.id, is, m.counts(), m.row.Schedule)
	}
}

// edge says whether the schedule of a job asks for something at this moment that is not done yet.
func (r *rules) edge(m *model) bool {
	now := r.clock.Now()
	return active(m.row.Status) && ((m.row.Status == "SCHEDULED") != m.held(now) || m.past(now) && !slices.Contains([]job.EndBehavior{"", "STOP_ROLLOUT"}, m.row.Schedule.EndBehavior))
}
