package jobsdata

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// GetPendingPayload is the request on …/jobs/get.
type GetPendingPayload struct {
	ClientToken *ClientToken `json:"clientToken"`
}

// StartNextPayload is the request on …/jobs/start-next.
type StartNextPayload struct {
	StatusDetails        StatusDetails `json:"statusDetails"`
	StepTimeoutInMinutes *StepMinutes  `json:"stepTimeoutInMinutes"`
	ClientToken          *ClientToken  `json:"clientToken"`
}

// DescribePayload is the request on …/jobs/{jobId}/get.
type DescribePayload struct {
	ExecutionNumber    *ExecutionNumber `json:"executionNumber"`
	IncludeJobDocument *bool            `json:"includeJobDocument"`
	ClientToken        *ClientToken     `json:"clientToken"`
}

// UpdatePayload is the request on …/jobs/{jobId}/update.
type UpdatePayload struct {
	Status          ReportedStatus   `json:"status"`
	StatusDetails   StatusDetails    `json:"statusDetails"`
	ExpectedVersion *ExpectedVersion `json:"expectedVersion"`
	ExecutionNumber *ExecutionNumber `json:"executionNumber"`
	// Also accepted as includeExecutionState (R-MQTT-24).
	IncludeJobExecutionState *bool             `json:"includeJobExecutionState" alias:"includeExecutionState"`
	IncludeJobDocument       *bool             `json:"includeJobDocument"`
	StepTimeoutInMinutes     *StepMinutesOrOff `json:"stepTimeoutInMinutes"`
	ClientToken              *ClientToken      `json:"clientToken"`
}

// Token returns the token to echo: nil without one, and when it is longer than allowed (R-MQTT-12).
func (p *GetPendingPayload) Token() *ClientToken { return p.ClientToken.echo() }

// Token is as for GetPendingPayload.
func (p *StartNextPayload) Token() *ClientToken { return p.ClientToken.echo() }

// Token is as for GetPendingPayload.
func (p *DescribePayload) Token() *ClientToken { return p.ClientToken.echo() }

// Token is as for GetPendingPayload.
func (p *UpdatePayload) Token() *ClientToken { return p.ClientToken.echo() }

func (t *ClientToken) echo() *ClientToken {
	if t != nil && len(*t) > maxTokenBytes {
		return nil
	}
	return t
}

// The payloads below are the server's. The token and the time go first, so that a device with a
// small buffer sees them before a long document.

// GetPendingAccepted answers get. Both lists are always there (R-MQTT-18).
type GetPendingAccepted struct {
	ClientToken    *ClientToken       `json:"clientToken"`
	Timestamp      int64              `json:"timestamp"`
	InProgressJobs []ExecutionSummary `json:"inProgressJobs" required:"true"`
	QueuedJobs     []ExecutionSummary `json:"queuedJobs" required:"true"`
}

// ExecutionAccepted answers start-next and {jobId}/get; with nothing pending it has no execution
// (R-MQTT-21).
type ExecutionAccepted struct {
	ClientToken *ClientToken   `json:"clientToken"`
	Timestamp   int64          `json:"timestamp"`
	Execution   *ExecutionData `json:"execution"`
}

// UpdateAccepted answers update, with what was asked for (R-MQTT-25).
type UpdateAccepted struct {
	ClientToken    *ClientToken    `json:"clientToken"`
	Timestamp      int64           `json:"timestamp"`
	ExecutionState *ExecutionState `json:"executionState"`
	JobDocument    schema.RawJSON  `json:"jobDocument"`
}

// Rejected answers a request that was refused. The state comes with InvalidStateTransition and
// VersionMismatch.
type Rejected struct {
	Code           api.RejectionCode `json:"code"`
	Message        string            `json:"message"`
	ClientToken    *ClientToken      `json:"clientToken"`
	Timestamp      int64             `json:"timestamp"`
	ExecutionState *ExecutionState   `json:"executionState"`
}

// Notify tells a device that its pending executions have changed. An empty set is "jobs":{}
// (R-MQTT-40).
type Notify struct {
	Timestamp int64       `json:"timestamp"`
	Jobs      PendingJobs `json:"jobs"`
}

// PendingJobs are executions by status; a status without executions has no member.
type PendingJobs struct {
	InProgress []ExecutionSummary `json:"IN_PROGRESS"`
	Queued     []ExecutionSummary `json:"QUEUED"`
}

// NotifyNext tells a device that its next execution is another one, or that there is none
// (R-MQTT-41).
type NotifyNext struct {
	Timestamp int64          `json:"timestamp"`
	Execution *ExecutionData `json:"execution"`
}

// ExecutionSummary is an execution in a list.
type ExecutionSummary struct {
	JobID           JobID  `json:"jobId"`
	QueuedAt        int64  `json:"queuedAt"`
	StartedAt       *int64 `json:"startedAt"`
	LastUpdatedAt   int64  `json:"lastUpdatedAt"`
	ExecutionNumber int64  `json:"executionNumber"`
	VersionNumber   int64  `json:"versionNumber"`
}

// ExecutionData is an execution in full. The document is the stored JSON, verbatim (R-MQTT-9).
type ExecutionData struct {
	JobID                            JobID           `json:"jobId"`
	Status                           ExecutionStatus `json:"status"`
	StatusDetails                    StatusDetails   `json:"statusDetails"`
	QueuedAt                         int64           `json:"queuedAt"`
	StartedAt                        *int64          `json:"startedAt"`
	LastUpdatedAt                    int64           `json:"lastUpdatedAt"`
	ApproximateSecondsBeforeTimedOut *int64          `json:"approximateSecondsBeforeTimedOut"`
	VersionNumber                    int64           `json:"versionNumber"`
	ExecutionNumber                  int64           `json:"executionNumber"`
	JobDocument                      schema.RawJSON  `json:"jobDocument"`
}
