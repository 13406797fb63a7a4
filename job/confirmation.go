package job

import "time"

// With drover:confirm a success counts only when the thing was seen after it (R-STR-40): a release
// that installs, reports SUCCEEDED and then never comes up again is no success. The status stays
// SUCCEEDED, and the job may complete meanwhile (R-STR-41).

// Confirmation is a SUCCEEDED execution that waits to be confirmed. A thing has one at most for
// each job: that of the attempt that succeeded.
type Confirmation struct {
	ExecutionKey
	// ReportedAt is when it was reported as SUCCEEDED, or when the server was there again after it
	// had been down meanwhile (R-STR-42).
	ReportedAt time.Time
	Until      time.Time // from when on it is silent
}

// Sighting is that the client of a thing was seen: it has made a new connection, or sent something.
type Sighting struct {
	At        time.Time
	Connected bool // a new connection
}

// confirmAfter is how long after its report what a client sends confirms it: a device that is about
// to start anew, or to hang, sends for a moment more.
const confirmAfter = 30 * time.Second

// SeenAgain reports whether a sighting shows that the thing goes on after its report. With a report
// at 12:00:00, a connection at 12:00:05 does, and so does a ping at 12:00:30; one at 12:00:29 does
// not.
func (c Confirmation) SeenAgain(s Sighting) bool {
	if s.Connected {
		return !s.At.Before(c.ReportedAt)
	}
	return !s.At.Before(c.ReportedAt.Add(confirmAfter))
}

// ConfirmedBy reports whether a sighting confirms the execution: one that comes in time. up is
// since when the server has been there.
func (c Confirmation) ConfirmedBy(s Sighting, up time.Time) bool {
	return c.SeenAgain(s) && s.At.Before(c.Resumed(up).Until)
}

// Resumed is the confirmation when the server has been there since a time. One that waited while it
// was down has all of its time once more, from then on (R-STR-42).
//
// With a report at 12:00 and fifteen minutes, and a server that was down from 12:10 to 13:00, it
// waits until 13:15.
func (c Confirmation) Resumed(up time.Time) Confirmation {
	if up.After(c.ReportedAt) {
		c.ReportedAt, c.Until = up, up.Add(c.Until.Sub(c.ReportedAt))
	}
	return c
}

// ClockWentBack is a confirmation that waits from now, if it waited from a later time. changed is
// false when that was so already.
func (c Confirmation) ClockWentBack(now time.Time) (_ Confirmation, changed bool) {
	if !c.ReportedAt.After(now) {
		return c, false
	}
	c.ReportedAt, c.Until = now, now.Add(c.Until.Sub(c.ReportedAt))
	return c, true
}

// confirmWithin is for how long a success waits to be confirmed; 0: it does not.
func (d Definition) confirmWithin() time.Duration {
	if d.Steering == nil {
		return 0
	}
	return d.Steering.Confirm
}

// awaitConfirmation lets an execution that has succeeded wait to be confirmed, if the job asks for
// that.
func (o *Outcome) awaitConfirmation(now time.Time) {
	within := o.Job.confirmWithin()
	if within == 0 || o.Execution.Status != ExecutionSucceeded {
		return
	}
	o.Confirmation = &Confirmation{
		ExecutionKey: o.Execution.ExecutionKey,
		ReportedAt:   now,
		Until:        now.Add(within),
	}
	o.Job.steered().Confirming++
	o.Job.countInWave(o.Execution.Wave, func(w *WaveState) { w.Confirming++ })
}

// AwaitsConfirmation reports whether executions of the job wait to be confirmed.
func (s State) AwaitsConfirmation() bool { return s.Steered != nil && s.Steered.Confirming > 0 }

// ConfirmedExecution records that an execution was confirmed.
func (j *Job) ConfirmedExecution(x Execution, now time.Time) {
	j.endWait(x)
	j.steered().Confirmed++
	j.countInWave(x.Wave, func(w *WaveState) { w.Confirmed++ })
	j.Recompute(now)
}

// SilentExecution records that an execution was not confirmed in time: for the guard its thing has
// failed, if that counts silent ones and has not counted it yet (R-STR-30), and so it has for the
// gate of its wave (R-STR-53).
func (j *Job) SilentExecution(x Execution, now time.Time) {
	j.endWait(x)
	j.steered().Silent++
	j.countInWave(x.Wave, func(w *WaveState) { w.Silent++ })
	silent := x
	silent.Silent = true
	j.guardChange(x, silent, now)
	j.Recompute(now)
}

// DropConfirmation records that an execution waits no more and was neither: it was deleted, or its
// thing was, or another attempt waits in its place.
func (j *Job) DropConfirmation(x Execution, now time.Time) {
	j.endWait(x)
	j.Recompute(now)
}

// endWait counts one less that waits.
func (j *Job) endWait(x Execution) {
	s := j.steered()
	s.Confirming = max(0, s.Confirming-1)
	j.countInWave(x.Wave, func(w *WaveState) { w.Confirming = max(0, w.Confirming-1) })
}
