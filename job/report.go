package job

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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
	// StepMinutes arms the step timer (1..10080) or, as -1, drops it; nil leaves it (R-TMO-3 to
	// R-TMO-5).
	StepMinutes *int64
	// Message identifies the message that carried the report, empty when it came in a way that
	// delivers nothing twice. Redelivered says that it was sent before: the sender does not know
	// whether it arrived (R-HTTP-24).
	Message     string
	Redelivered bool
}

// MessageID identifies an MQTT message at QoS 1 by what a client must not change when it delivers
// the message again: the packet identifier and the payload. A clientToken would not do, as some
// clients send the same one with everything. The text is short, because it is stored with each
// execution: 96 bits of a SHA-256.
func MessageID(packetID uint16, payload []byte) string {
	hash := sha256.New()
	hash.Write(binary.BigEndian.AppendUint16(nil, packetID))
	hash.Write(payload)
	return base64.RawStdEncoding.EncodeToString(hash.Sum(nil)[:12])
}

// ParseReportedStatus returns the event of a status that a device reports. Statuses that only the
// server sets, and unknown ones, are invalid (R-HTTP-17). QUEUED is not: it is refused later, as a
// transition.
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

// ApplyReport applies a device's report to the latest execution of the job on its thing. It checks
// in the order of R-HTTP-21: attempt, transition, version. The report must not be a repeat.
func ApplyReport(j Job, e Execution, r Report, now time.Time) (Outcome, error) {
	if r.Number != nil && *r.Number != e.Number {
		return Outcome{}, fault.New(fault.NotFound,
			"executionNumber: %d is not the latest execution, which is %d", *r.Number, e.Number)
	}
	if !transitionMatrix[e.Status][r.Event].legal {
		return Outcome{}, e.illegalTransition(r.Event)
	}
	if r.Event == ReportInProgress && j.Hidden(e) {
		return Outcome{}, j.cannotStart(e)
	}
	if r.ExpectedVersion != nil && *r.ExpectedVersion != e.Version {
		return Outcome{}, e.versionConflict(*r.ExpectedVersion)
	}
	out, err := ApplyEvent(j, e, r.Event, now)
	if err != nil {
		return Outcome{}, err
	}
	out.Execution.setDetails(r.Details)
	out.Execution.setStepTimer(r.StepMinutes, now)
	out.Execution.Message = r.Message
	return out, nil
}

// Start applies StartNextPendingJobExecution to the head of the pending executions of its thing
// (R-HTTP-14). An execution that is IN_PROGRESS already is returned as it is. Only its step timer
// may be armed anew, which is no new version: rearmed is true then.
func Start(
	j Job, e Execution, details map[string]string, stepMinutes *int64, now time.Time,
) (out Outcome, rearmed bool, err error) {
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
	out.Execution.Message = ""
	return out, false, nil
}

// Repeats reports whether r is the update that was accepted last for this execution, delivered once
// more. What counts is what the transport says: a report with equal words is a new one unless its
// message was sent before (R-HTTP-24). It is no repeat either when something else has changed the
// status since: then the device must hear of that.
func (e Execution) Repeats(r Report) bool {
	move := transitionMatrix[ExecutionInProgress][r.Event]
	same := r.Redelivered && r.Message != "" && r.Message == e.Message
	return same && move.legal && move.to == e.Status
}

// EarlierAttempt returns the number of the attempt before e when r may be the update that ended
// that one, delivered once more; ok is false when it cannot be. By then there is a further attempt,
// which a redelivered failure must not end: attempt 1 FAILED, attempt 2 is QUEUED, and the report
// of the failure arrives a second time. Whether it is a repeat, Repeats of the earlier attempt says
// (R-HTTP-24).
func (e Execution) EarlierAttempt(r Report) (number int64, ok bool) {
	return e.Number - 1, e.Number > 1 && r.Redelivered
}

// versionConflict is the fault of an expectedVersion that is not the stored one (R-EXE-8).
func (e Execution) versionConflict(expected int64) error {
	f := fault.New(fault.VersionDiffers,
		"expectedVersion %d does not match %d", expected, e.Version)
	f.State = e
	return f
}

// setDetails replaces the details as a whole; an absent or empty map changes nothing (R-EXE-9).
func (e *Execution) setDetails(details map[string]string) {
	if len(details) > 0 {
		e.Details = maps.Clone(details)
	}
}

// setStepTimer arms the step timer of an execution that is IN_PROGRESS, or drops it for -1. On
// others, and for nil, it has no effect (R-TMO-14).
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
