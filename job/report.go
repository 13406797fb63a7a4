package job

import (
	"maps"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// Report is what a device says about its latest execution of a job.
type Report struct {
	Event   Event // one of the Report… events
	Details map[string]string
	// Number names the attempt meant; nil means the latest.
	Number          *int64
	ExpectedVersion *int64
	// StepMinutes arms the step timer (1..10080) or, as -1, drops it; nil leaves it (R-TMO-3 to R-TMO-5).
	StepMinutes *int64
	Token       string // clientToken, empty when there was none
}

// ParseReportedStatus returns the event of a status that a device reports. Statuses that only the server sets, and unknown
// ones, are invalid (R-HTTP-17); QUEUED parses, and is then refused as a transition.
func ParseReportedStatus(status string) (Event, error) {
	switch status {
	case "IN_PROGRESS":
		return ReportInProgress, nil
	case "SUCCEEDED":
		return ReportSucceeded, nil
	case "FAILED":
		return ReportFailed, nil
	case "REJECTED":
		return ReportRejected, nil
	case "QUEUED":
		return ReportQueued, nil
	}
	return 0, fault.New(fault.Invalid,
		"status: %q is not one of IN_PROGRESS, SUCCEEDED, FAILED, REJECTED", status)
}

// ApplyReport applies a device's report to the latest execution of the job on its thing. Checks in the order of
// R-HTTP-21: attempt, transition, version. A repeat of the last accepted update changes nothing and is accepted again
// (R-HTTP-24): Outcome.Execution is then e itself.
func ApplyReport(j Job, e Execution, r Report, now time.Time) (Outcome, error) {
	if r.Number != nil && *r.Number != e.Number {
		return Outcome{}, fault.New(fault.NotFound,
			"executionNumber: %d is not the latest execution, which is %d", *r.Number, e.Number)
	}
	move := transitionMatrix[e.Status][r.Event]
	stale := r.ExpectedVersion != nil && *r.ExpectedVersion != e.Version
	if (!move.legal || stale) && e.Repeats(r) {
		return Outcome{Job: j, Execution: e}, nil
	}
	if !move.legal {
		return Outcome{}, e.illegalTransition(r.Event)
	}
	if r.Event == ReportInProgress && j.HiddenByWindow(e.Status) { // R-SCH-17: nothing begins outside a window
		f := fault.New(fault.BadTransition, "the execution cannot start: its job waits for the next maintenance window")
		f.State = e
		return Outcome{}, f
	}
	if stale {
		return Outcome{}, e.versionConflict(*r.ExpectedVersion)
	}
	out, err := ApplyEvent(j, e, r.Event, now)
	if err != nil {
		return Outcome{}, err
	}
	out.Execution.setDetails(r.Details)
	out.Execution.setStepTimer(r.StepMinutes, now)
	out.Execution.Token = r.Token
	return out, nil
}

// Start applies StartNextPendingJobExecution to the head of the pending executions of its thing (R-HTTP-14). An
// execution that runs already is returned as it is; only its step timer may be armed anew, which is no new version:
// rearmed is true then.
func Start(j Job, e Execution, details map[string]string, stepMinutes *int64, now time.Time) (out Outcome, rearmed bool, err error) {
	if e.Status == ExecutionInProgress {
		e.setStepTimer(stepMinutes, now)
		return Outcome{Job: j, Execution: e}, stepMinutes != nil, nil
	}
	out, err = ApplyEvent(j, e, StartNext, now)
	if err != nil {
		return Outcome{}, false, err
	}
	out.Execution.setDetails(details)
	out.Execution.setStepTimer(stepMinutes, now)
	out.Execution.Token = ""
	return out, false, nil
}

// Repeats reports whether r is the update that was accepted last, sent once more.
func (e Execution) Repeats(r Report) bool {
	return r.Token != "" && r.Token == e.Token && transitionMatrix[ExecutionInProgress][r.Event].legal && transitionMatrix[ExecutionInProgress][r.Event].to == e.Status
}

// versionConflict is the fault of an expectedVersion that is not the stored one (R-EXE-8).
func (e Execution) versionConflict(expected int64) error {
	f := fault.New(fault.VersionDiffers, "expectedVersion %d does not match %d", expected, e.Version)
	f.State = e
	return f
}

// setDetails replaces the whole details map; an absent or empty one leaves it (R-EXE-9).
func (e *Execution) setDetails(details map[string]string) {
	if len(details) > 0 {
		e.Details = maps.Clone(details)
	}
}

// setStepTimer arms or drops the step timer of a running execution; elsewhere it has no effect (R-TMO-14).
func (e *Execution) setStepTimer(minutes *int64, now time.Time) {
	if minutes == nil || e.Status != ExecutionInProgress {
		return
	}
	if *minutes == -1 {
		e.StepDeadline = time.Time{}
		return
	}
	e.StepDeadline = now.Add(time.Duration(*minutes) * time.Minute)
}
