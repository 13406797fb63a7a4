package sim

import (
	"fmt"
	"time"
)

// The life of an execution on its device: it learns of one, starts it, works on it in steps,
// reports progress and the end, and sends a report again when it gets no answer.

// work is an execution that a device works on.
type work struct {
	number, version int64
	steps           int  // how many steps are still to do
	ended           bool // the end of the work was reported
}

// startNext asks the server to start the next execution, and to say which one that is.
func (d *device) startNext() {
	body := map[string]any{}
	if d.habits.sendsToken {
		body["clientToken"] = d.token()
	}
	if d.habits.usesStepTimer && d.rand.chance(0.5) {
		body["stepTimeoutInMinutes"] = d.rand.between(1, 45)
	}
	if d.rand.chance(0.3) {
		body["statusDetails"] = map[string]string{"phase": "start"}
	}
	d.send("start-next", body)
}

// onNext handles a message that says which execution is next. The device may start it.
func (d *device) onNext(next *execution) {
	if next == nil {
		return
	}
	known := d.work[next.JobID]
	switch {
	case known != nil && known.number == next.ExecutionNumber && !d.habits.finishesAll:
	case d.rand.chance(0.05): // busy, or asleep
	case d.rand.chance(0.03):
		d.newWork(*next)
		d.reportEnd(next.JobID) // straight from QUEUED
	case d.habits.startsNext:
		d.startNext()
	default:
		d.newWork(*next)
		d.report(next.JobID, "IN_PROGRESS")
	}
}

// onList handles a list of all pending executions. A device without work may start any of them.
func (d *device) onList(pending []execution) {
	if len(pending) > 0 && len(d.work) == 0 {
		d.onNext(&pending[d.rand.index(len(pending))])
	}
}

// onStarted handles the message that an execution is IN_PROGRESS. The device works on it unless it
// does already. Sometimes it sleeps first, until just before the execution times out or just after
// it.
func (d *device) onStarted(x execution) {
	known := d.work[x.JobID]
	worksOnIt := known != nil && known.number == x.ExecutionNumber
	if worksOnIt && !d.habits.finishesAll && d.rand.chance(0.5) {
		known.version = x.VersionNumber // it goes on with what it does
		return
	}
	d.newWork(x)
	if x.SecondsLeft > 1 && d.rand.chance(0.25) {
		w := d.work[x.JobID]
		w.steps = 0
		asleep := time.Duration(x.SecondsLeft-1)*time.Second + d.rand.upTo(1500*time.Millisecond)
		d.time.after(asleep, func() { d.nextStep(x.JobID, w) })
		return
	}
	d.workOn(x.JobID)
}

// newWork makes an execution the work of its job, in place of any that the device had.
func (d *device) newWork(x execution) {
	steps := d.rand.pick(0, 0, 1, 1, 2, 4)
	d.work[x.JobID] = &work{number: x.ExecutionNumber, version: x.VersionNumber, steps: steps}
}

// workOn works for a while and then reports. The device may also hang, and report hours later or
// never.
func (d *device) workOn(job string) {
	w := d.work[job]
	if d.rand.chance(d.faults.Hang) {
		d.log.trace("%s hangs in %s #%d", d.name, job, w.number)
		if d.rand.chance(0.5) {
			d.time.after(d.rand.span(time.Hour, 20*time.Hour), func() { d.nextStep(job, w) })
		}
		return
	}
	d.time.after(time.Second+d.rand.upTo(d.habits.pace), func() { d.nextStep(job, w) })
}

// nextStep reports progress, or the end after the last step. It does nothing when the device works
// on something else by now, and waits while the device is not connected.
func (d *device) nextStep(job string, w *work) {
	if d.work[job] != w {
		return
	}
	if !d.online {
		d.time.after(d.rand.span(time.Minute, 5*time.Hour), func() { d.nextStep(job, w) })
		return
	}
	if w.steps > 0 {
		w.steps--
		d.report(job, "IN_PROGRESS")
		return
	}
	d.reportEnd(job)
}

// reportEnd reports how the work ended.
func (d *device) reportEnd(job string) {
	status := "SUCCEEDED"
	switch {
	case d.rand.chance(d.faults.Fail):
		status = "FAILED"
	case d.rand.chance(d.faults.Reject):
		status = "REJECTED"
	}
	d.work[job].ended = true
	d.report(job, status)
}

// report reports a status, with those of the optional members that the firmware uses.
func (d *device) report(job, status string) {
	w := d.work[job]
	body := map[string]any{"status": status}
	if d.habits.sendsVersion {
		body["expectedVersion"], body["executionNumber"] = w.version, w.number
	}
	if d.rand.chance(0.7) || d.habits.sendsVersion {
		body["includeJobExecutionState"] = true
	}
	if d.habits.usesStepTimer && status == "IN_PROGRESS" && d.rand.chance(0.6) {
		body["stepTimeoutInMinutes"] = d.rand.pick(-1, 1, 2, 5, 30, 60)
	}
	if d.rand.chance(0.4) {
		body["statusDetails"] = map[string]string{"left": fmt.Sprint(w.steps)}
	}
	if d.habits.sendsToken {
		body["clientToken"] = d.token()
	}
	r := d.send(job+"/update", body)
	d.time.after(30*time.Second, func() { d.resend(r) })
}

// resend sends a report at QoS 1 again that was not answered, and once more every minute, up to
// three times. The server may have the report already: then it must accept the repeat (R-HTTP-24).
func (d *device) resend(r *request) {
	if r.answered || r.packetID == 0 || r.sends > 3 {
		return
	}
	if d.online {
		d.network.toServer(r)
	}
	d.time.after(time.Minute, func() { d.resend(r) })
}

// onAccepted goes on after a report was accepted: with the next step, or with nothing when the
// report was of the end. An answer without the state of the execution only says that its version
// has grown.
func (d *device) onAccepted(job string, m message) {
	w := d.work[job]
	if w == nil {
		return
	}
	w.version++
	if m.ExecutionState != nil {
		w.version = m.ExecutionState.VersionNumber
		if m.ExecutionState.Status != "IN_PROGRESS" {
			delete(d.work, job)
			return
		}
	}
	if w.ended {
		delete(d.work, job)
		return
	}
	d.workOn(job)
}

// onRejected learns the version and tries again when somebody else has changed the execution,
// mostly. Otherwise it gives up, and may ask what is next.
func (d *device) onRejected(job string, m message) {
	w := d.work[job]
	if w == nil {
		return
	}
	if m.Code == "VersionMismatch" && m.ExecutionState != nil && d.rand.chance(0.8) {
		w.version = m.ExecutionState.VersionNumber
		d.workOn(job)
		return
	}
	delete(d.work, job)
	if d.rand.chance(0.5) {
		d.startNext()
	}
}
