package rules

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
)

// reportable are the statuses that a report may name.
var reportable = []string{"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "QUEUED"}

// checkUpdate checks the answer to a report, in the order of R-HTTP-21.
func (a *answer) checkUpdate() {
	if !slices.Contains(reportable, a.q.report.Status) {
		if a.m.Code != "InvalidRequest" {
			a.ch.fail("R-HTTP-17", "%s is answered %+v", a.q.report.Status, a.m)
		}
		return
	}
	want, changes := a.expectedCode()
	if a.m.Code != want {
		a.ch.fail("R-HTTP-21", "%+v is answered %q, expected %q: it was %+v",
			a.q.report, a.m.Code, want, a.q.latest)
	}
	if want == "" && !a.ch.broken {
		a.checkApplied(changes)
	}
}

// expectedCode says with which code a report must be answered, "" when it must be accepted; and
// whether it changes the execution. A report that is delivered again is accepted once more and
// changes nothing (R-HTTP-24).
func (a *answer) expectedCode() (code string, changes bool) {
	x, in := a.q.latest, a.q.report
	possible := slices.ContainsFunc(nextStatuses[x.Status], func(to job.ExecutionStatus) bool {
		return to.String() == in.Status
	})
	if a.q.latestExists && in.Status == "IN_PROGRESS" && !a.ch.visible(x) {
		possible = false // nothing begins outside a window (R-SCH-17)
	}
	current := in.ExpectedVersion == nil || *in.ExpectedVersion == x.Version
	switch {
	case a.q.latestExists && (a.repeats(x) || a.repeatsEnd()):
		return "", false
	case !a.q.latestExists || in.ExecutionNumber != nil && *in.ExecutionNumber != x.Number:
		return "ResourceNotFound", false
	case !possible:
		return "InvalidStateTransition", false
	case !current:
		return "VersionMismatch", false
	}
	return "", true
}

// repeats says whether a report is delivered again that was the last to change an execution, which
// has had no other status since.
func (a *answer) repeats(x job.Execution) bool {
	sameMessage := a.q.redelivered && a.q.message == x.Message
	return sameMessage && a.q.report.Status == x.Status.String()
}

// repeatsEnd says whether a report ended the attempt before, and is delivered again when there is
// a further one: it is accepted again and does nothing (R-HTTP-24). The question is then about the
// attempt before.
func (a *answer) repeatsEnd() bool {
	key := a.q.latest.ExecutionKey
	key.Number--
	before, exists := a.ch.jobs[key.Job].executions[key]
	if !exists || !a.repeats(before) {
		return false
	}
	a.q.latest = before
	return true
}

// checkApplied checks what an accepted report did to its execution (R-HTTP-16). A step timeout
// sets the step timer, -1 stops it, and a report without one leaves it as it was (R-TMO-3,
// R-TMO-5).
func (a *answer) checkApplied(changes bool) {
	was, in := a.q.latest, a.q.report
	x := a.ch.jobs[was.Job].executions[was.ExecutionKey]
	step := was.StepDeadline
	if in.StepTimeoutInMinutes != nil && in.Status == "IN_PROGRESS" {
		step = a.inMinutes(*in.StepTimeoutInMinutes)
		if *in.StepTimeoutInMinutes == -1 {
			step = time.Time{}
		}
	}
	version := was.Version
	if changes {
		version++
	}
	switch {
	case x.Status.String() != in.Status || x.Version != version:
		a.ch.fail("R-HTTP-16", "the report %+v makes %+v of %+v", in, x, was)
	case changes && in.Status == "IN_PROGRESS" && !x.StepDeadline.Equal(step):
		a.ch.fail("R-TMO-3, R-TMO-5", "the report makes %+v of %+v, its step deadline should be %s",
			x, was, step)
	}
}
