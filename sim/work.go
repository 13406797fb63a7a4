package sim

import (
	"fmt"
	"time"
)

// The life of an execution on its device.

// startNext asks for the next execution and starts it.
func (d *device) startNext() {
	body := map[string]any{}
	if d.habits.tokens {
		body["clientToken"] = d.token()
	}
	if d.habits.steps && d.chance(0.5) {
		body["stepTimeoutInMinutes"] = d.between(1, 45)
	}
	if d.chance(0.3) {
		body["statusDetails"] = map[string]string{"phase": "start"}
	}
	d.send("start-next", body)
}

// consider is told what is next, and may begin with it.
func (d *device) consider(next *execution) {
	if next == nil {
		return
	}
	known := d.work[next.JobID]
	switch {
	case known != nil && known.number == next.ExecutionNumber && !d.habits.impatient:
	case d.chance(0.05): // busy, or asleep
	case d.chance(0.03):
		d.begin(*next)
		d.end(next.JobID) // straight from QUEUED
	case d.habits.startsNext:
		d.startNext()
	default:
		d.begin(*next)
		d.update(next.JobID, "IN_PROGRESS")
	}
}

// pickFrom begins with any of those that are pending.
func (d *device) pickFrom(pending []execution) {
	if len(pending) > 0 && len(d.work) == 0 {
		d.consider(&pending[d.r.IntN(len(pending))])
	}
}

// started is told that an execution is in progress, and works on it unless it does already.
func (d *device) started(x execution) {
	known := d.work[x.JobID]
	if known != nil && known.number == x.ExecutionNumber && !d.habits.impatient && d.chance(0.5) {
		known.version = x.VersionNumber // goes on with what it does
		return
	}
	d.begin(x)
	if x.Seconds > 1 && d.chance(0.25) { // just before it times out, or just after
		w := d.work[x.JobID]
		w.steps = 0
		d.after(time.Duration(x.Seconds-1)*time.Second+d.upTo(1500*time.Millisecond), func() { d.resume(x.JobID, w) })
		return
	}
	d.workOn(x.JobID)
}

// begin takes an execution on.
func (d *device) begin(x execution) {
	d.work[x.JobID] = &work{number: x.ExecutionNumber, version: x.VersionNumber, steps: d.pick(0, 0, 1, 1, 2, 4)}
}

// workOn works for a while and then reports progress or the end; it may also hang and never report again, or only late.
func (d *device) workOn(job string) {
	w := d.work[job]
	if d.chance(d.Faults.Hang) {
		d.trace("%s hangs in %s #%d", d.name, job, w.number)
		if d.chance(0.5) {
			d.after(d.span(time.Hour, 20*time.Hour), func() { d.resume(job, w) })
		}
		return
	}
	d.after(time.Second+d.upTo(d.habits.pace), func() { d.resume(job, w) })
}

// resume goes on with work, if it is still the one that was begun.
func (d *device) resume(job string, w *work) {
	if d.work[job] != w {
		return
	}
	if !d.online { // reports when it is back
		d.after(d.span(time.Minute, 5*time.Hour), func() { d.resume(job, w) })
		return
	}
	if w.steps > 0 {
		w.steps--
		d.update(job, "IN_PROGRESS")
		return
	}
	d.end(job)
}

// end reports how the work ended.
func (d *device) end(job string) {
	status := "SUCCEEDED"
	switch {
	case d.chance(d.Faults.Fail):
		status = "FAILED"
	case d.chance(d.Faults.Reject):
		status = "REJECTED"
	}
	d.work[job].gives = 3
	d.update(job, status)
}

// update reports a status. A device that got no answer sends the same once more.
func (d *device) update(job, status string) {
	w := d.work[job]
	body := map[string]any{"status": status}
	if d.habits.guards {
		body["expectedVersion"], body["executionNumber"] = w.version, w.number
	}
	if d.chance(0.7) || d.habits.guards {
		body["includeJobExecutionState"] = true
	}
	if d.habits.steps && status == "IN_PROGRESS" && d.chance(0.6) {
		body["stepTimeoutInMinutes"] = d.pick(-1, 1, 2, 5, 30, 60)
	}
	if d.chance(0.4) {
		body["statusDetails"] = map[string]string{"left": fmt.Sprint(w.steps)}
	}
	if d.habits.tokens {
		token := d.token()
		body["clientToken"] = token
		d.after(30*time.Second, func() { d.again(token, w) })
	}
	d.send(job+"/update", body)
}

// again repeats a request that was not answered.
func (d *device) again(token string, w *work) {
	r := d.sent[token]
	if r == nil || !d.online || w.gives <= 0 {
		return
	}
	w.gives--
	d.network.toServer(r)
	d.after(time.Minute, func() { d.again(token, w) })
}

// accepted goes on after a report was accepted.
func (d *device) accepted(job string, m message) {
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
	if w.gives > 0 { // the end was reported
		delete(d.work, job)
		return
	}
	d.workOn(job)
}

// rejected gives up, or learns the version and tries again.
func (d *device) rejected(job string, m message) {
	w := d.work[job]
	if w == nil {
		return
	}
	if m.Code == "VersionMismatch" && m.ExecutionState != nil && d.chance(0.8) {
		w.version = m.ExecutionState.VersionNumber
		d.workOn(job)
		return
	}
	delete(d.work, job)
	if d.chance(0.5) {
		d.startNext()
	}
}
