package device

import (
	"context"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
)

// The four operations, as both protocols ask for them. What differs stays with the protocols: MQTT
// echoes a client token and the time, HTTPS shows the name of the thing and carries the document as
// text.

// pendingLists are the pending executions of a thing, in order, by status.
type pendingLists struct{ inProgress, queued []jobs.DeviceExecution }

// pending lists what is pending for a thing.
func (p *Plane) pending(ctx context.Context, thing string) (lists pendingLists, err error) {
	shown := job.DefaultRequestLimits.PendingShown
	if p.PendingShown != nil {
		shown = p.PendingShown()
	}
	found, err := p.Jobs.Pending(ctx, thing, shown)
	for _, x := range found {
		if x.Status == job.ExecutionInProgress {
			lists.inProgress = append(lists.inProgress, x)
		} else {
			lists.queued = append(lists.queued, x)
		}
	}
	return lists, err
}

// describe returns an execution by its job id, or for "$next" the first pending one, whatever the
// number (R-HTTP-15). The document comes along unless include says false. The result is nil only
// for "$next" with nothing pending.
func (p *Plane) describe(
	ctx context.Context, thing, jobID string, number *jobsdata.ExecutionNumber, include *bool,
) (*jobs.DeviceExecution, error) {
	withDocument := include == nil || *include
	if jobID == jobsdata.Next {
		x, err := p.Jobs.Next(ctx, thing, withDocument)
		return p.deliver(thing, x, err)
	}
	x, err := p.Jobs.Describe(ctx, thing, jobID, plain(number), withDocument)
	return p.deliver(thing, x, err)
}

// startNext starts the first pending execution of a thing, or returns it when it is IN_PROGRESS
// already. The result is nil when nothing is pending.
func (p *Plane) startNext(
	ctx context.Context, thing string, details jobsdata.StatusDetails,
	stepMinutes *jobsdata.StepMinutes,
) (*jobs.DeviceExecution, error) {
	x, err := p.Jobs.StartNext(ctx, thing, details, plain(stepMinutes))
	return p.deliver(thing, x, err)
}

// update is what a device reports about an execution.
type update struct {
	thing, jobID    string
	status          jobsdata.ReportedStatus
	details         jobsdata.StatusDetails
	expectedVersion *jobsdata.ExpectedVersion
	number          *jobsdata.ExecutionNumber
	stepMinutes     *jobsdata.StepMinutesOrOff
	// message identifies the PUBLISH that carried the update, and redelivered says that it was sent
	// before: so a repeat is recognised (R-HTTP-24). Empty and false at QoS 0 and over HTTPS, which
	// do not deliver anything again.
	message         string
	redelivered     bool
	includeState    *bool
	includeDocument *bool
}

// updated is what an update answers: the state and the document only where they were asked for.
type updated struct {
	state    *jobsdata.ExecutionState
	document string
}

// update applies a report.
func (p *Plane) update(ctx context.Context, u update) (answer updated, err error) {
	event, err := job.ParseReportedStatus(string(u.status))
	if err != nil {
		return answer, err
	}
	report := job.Report{
		Event:           event,
		Details:         u.details,
		Number:          plain(u.number),
		ExpectedVersion: plain(u.expectedVersion),
		StepMinutes:     plain(u.stepMinutes),
		Message:         u.message,
		Redelivered:     u.redelivered,
	}
	x, err := p.Jobs.Report(ctx, u.thing, u.jobID, report, isTrue(u.includeDocument))
	if x, err = p.deliver(u.thing, x, err); err != nil {
		return answer, err
	}
	if isTrue(u.includeState) {
		answer.state = executionState(x.Execution)
	}
	answer.document = x.Document
	return answer, nil
}

// plain turns an optional whole number of the wire into a plain one.
func plain[T ~int64](n *T) *int64 {
	if n == nil {
		return nil
	}
	value := int64(*n)
	return &value
}

func isTrue(flag *bool) bool { return flag != nil && *flag }
