package jobsdata

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// Service is the device plane over HTTP.
var Service = schema.Service{
	Name: "iot-jobs-data", Version: "2017-09-29", Signing: "iot-jobs-data",
	Operations: []schema.Operation{
		DescribeJobExecution, GetPendingJobExecutions, StartNextPendingJobExecution,
		UpdateJobExecution,
	},
}

// deviceErrors are the errors that every operation lists, and those given.
func deviceErrors(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.ResourceNotFound, api.Throttling, api.ServiceUnavailable,
		api.CertificateValidation)
}

type DescribeJobExecutionRequest struct {
	JobID     JobIDOrNext `json:"jobId" in:"path"`
	ThingName ThingName   `json:"thingName" in:"path"`
	// Shows the job document; the default is true.
	IncludeJobDocument *bool            `json:"includeJobDocument" in:"query"`
	ExecutionNumber    *ExecutionNumber `json:"executionNumber" in:"query"`
}

// ExecutionResponse holds an execution; none when $next was asked for and nothing is pending
// (R-HTTP-11).
type ExecutionResponse struct {
	Execution *JobExecution `json:"execution"`
}

// Describes the execution of a job on a thing, or of its next pending job.
var DescribeJobExecution = schema.Op[DescribeJobExecutionRequest, ExecutionResponse]{
	Name: "DescribeJobExecution", Route: "GET /things/{thingName}/jobs/{jobId}",
	// Its document has presigned URLs, some of which let whoever has them upload.
	Role:   schema.Operator,
	Errors: deviceErrors(api.TerminalState),
}

// An execution as the device plane shows it over HTTP.
type JobExecution struct {
	JobID         JobID           `json:"jobId"`
	ThingName     ThingName       `json:"thingName"`
	Status        ExecutionStatus `json:"status"`
	StatusDetails StatusDetails   `json:"statusDetails"`
	QueuedAt      int64           `json:"queuedAt"`
	// Once IN_PROGRESS has been entered.
	StartedAt     *int64 `json:"startedAt"`
	LastUpdatedAt int64  `json:"lastUpdatedAt"`
	// Seconds, rounded up, to the earlier of the running timers (R-TMO-12).
	ApproximateSecondsBeforeTimedOut *int64 `json:"approximateSecondsBeforeTimedOut"`
	VersionNumber                    int64  `json:"versionNumber"`
	ExecutionNumber                  int64  `json:"executionNumber"`
	// The document's text, placeholders resolved (R-HTTP-9).
	JobDocument *string `json:"jobDocument"`
}

type GetPendingJobExecutionsRequest struct {
	ThingName ThingName `json:"thingName" in:"path"`
}

// Both lists are always there, [] when empty (R-HTTP-10).
type GetPendingJobExecutionsResponse struct {
	InProgressJobs []JobExecutionSummary `json:"inProgressJobs" required:"true"`
	QueuedJobs     []JobExecutionSummary `json:"queuedJobs" required:"true"`
}

// Lists the executions of a thing that are not done.
var GetPendingJobExecutions = schema.Op[GetPendingJobExecutionsRequest, GetPendingJobExecutionsResponse]{
	Name: "GetPendingJobExecutions", Route: "GET /things/{thingName}/jobs",
	Role:   schema.Viewer,
	Errors: deviceErrors(),
}

// An execution in a list.
type JobExecutionSummary struct {
	JobID           JobID  `json:"jobId"`
	QueuedAt        int64  `json:"queuedAt"`
	StartedAt       *int64 `json:"startedAt"`
	LastUpdatedAt   int64  `json:"lastUpdatedAt"`
	VersionNumber   int64  `json:"versionNumber"`
	ExecutionNumber int64  `json:"executionNumber"`
}

type StartNextPendingJobExecutionRequest struct {
	ThingName            ThingName     `json:"thingName" in:"path"`
	StatusDetails        StatusDetails `json:"statusDetails"`
	StepTimeoutInMinutes *StepMinutes  `json:"stepTimeoutInMinutes"`
}

// Gets and starts the next pending execution of a thing (R-HTTP-14).
var StartNextPendingJobExecution = schema.Op[StartNextPendingJobExecutionRequest, ExecutionResponse]{
	Name: "StartNextPendingJobExecution", Route: "PUT /things/{thingName}/jobs/$next",
	Role:   schema.Operator,
	Errors: deviceErrors(),
}

type UpdateJobExecutionRequest struct {
	JobID                JobID             `json:"jobId" in:"path"`
	ThingName            ThingName         `json:"thingName" in:"path"`
	Status               ReportedStatus    `json:"status"`
	StatusDetails        StatusDetails     `json:"statusDetails"`
	StepTimeoutInMinutes *StepMinutesOrOff `json:"stepTimeoutInMinutes"`
	ExpectedVersion      *ExpectedVersion  `json:"expectedVersion"`
	// Answers with the state after the update; the default is false (R-HTTP-12).
	IncludeJobExecutionState *bool `json:"includeJobExecutionState"`
	// Answers with the document; the default is false.
	IncludeJobDocument *bool            `json:"includeJobDocument"`
	ExecutionNumber    *ExecutionNumber `json:"executionNumber"`
}

type UpdateJobExecutionResponse struct {
	ExecutionState *ExecutionState `json:"executionState"`
	JobDocument    *string         `json:"jobDocument"`
}

// Reports the status of an execution (R-HTTP-16).
var UpdateJobExecution = schema.Op[UpdateJobExecutionRequest, UpdateJobExecutionResponse]{
	Name: "UpdateJobExecution", Route: "POST /things/{thingName}/jobs/{jobId}",
	Role:   schema.Operator,
	Errors: deviceErrors(api.InvalidTransition),
}
