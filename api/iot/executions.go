package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The status of a job execution.
type ExecutionStatus string

func (ExecutionStatus) Constraint() schema.Constraint {
	return schema.Enum("QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED")
}

// Name and value pairs on the status of an execution: at most 10, values of 1 to 1024 characters
// (R-VAL-34).
type StatusDetails map[string]string

func (StatusDetails) Constraint() schema.Constraint {
	return schema.Items(0, 10).
		Keys(schema.Length(1, 128).Chars("a-zA-Z0-9:_-")).
		Each(schema.Length(1, 1024).Matching(printable).Secret())
}

type DescribeJobExecutionRequest struct {
	JobID     JobID     `json:"jobId" in:"path"`
	ThingName ThingName `json:"thingName" in:"path"`
	// Which attempt; the latest when not given.
	ExecutionNumber *int64 `json:"executionNumber" in:"query"`
}

type DescribeJobExecutionResponse struct {
	Execution *JobExecution `json:"execution"`
}

// Describes the execution of a job on one thing.
var DescribeJobExecution = schema.Op[DescribeJobExecutionRequest, DescribeJobExecutionResponse]{
	Name: "DescribeJobExecution", Route: "GET /things/{thingName}/jobs/{jobId}",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

// An execution as the control plane shows it.
type JobExecution struct {
	JobID         JobID             `json:"jobId"`
	Status        ExecutionStatus   `json:"status"`
	ForceCanceled *bool             `json:"forceCanceled"`
	StatusDetails *ExecutionDetails `json:"statusDetails"`
	ThingArn      string            `json:"thingArn"`
	QueuedAt      *schema.Timestamp `json:"queuedAt"`
	// Absent until the execution has been IN_PROGRESS (R-API-30).
	StartedAt       *schema.Timestamp `json:"startedAt"`
	LastUpdatedAt   *schema.Timestamp `json:"lastUpdatedAt"`
	ExecutionNumber int64             `json:"executionNumber"`
	VersionNumber   int64             `json:"versionNumber"`
	// Seconds, rounded up, to the earlier of the running timers (R-TMO-12).
	ApproximateSecondsBeforeTimedOut *int64 `json:"approximateSecondsBeforeTimedOut"`
}

// The details as the control plane nests them (R-API-23).
type ExecutionDetails struct {
	DetailsMap StatusDetails `json:"detailsMap"`
}

type ListJobExecutionsForJobRequest struct {
	JobID JobID `json:"jobId" in:"path"`
	// Only executions of this status (R-API-28).
	Status     *ExecutionStatus `json:"status" in:"query"`
	MaxResults *MaxResults      `json:"maxResults" in:"query"`
	NextToken  *NextToken       `json:"nextToken" in:"query"`
}

type ListJobExecutionsForJobResponse struct {
	ExecutionSummaries []JobExecutionSummaryForJob `json:"executionSummaries"`
	NextToken          *NextToken                  `json:"nextToken"`
}

// Lists the executions of a job, every attempt as its own item (R-API-26).
var ListJobExecutionsForJob = schema.Op[ListJobExecutionsForJobRequest, ListJobExecutionsForJobResponse]{
	Name: "ListJobExecutionsForJob", Route: "GET /jobs/{jobId}/things",
	Role: schema.Viewer,
	Page: paged("executionSummaries"), Errors: jobErrors(),
}

// An execution in the list of a job.
type JobExecutionSummaryForJob struct {
	ThingArn            string              `json:"thingArn"`
	JobExecutionSummary JobExecutionSummary `json:"jobExecutionSummary"`
}

// The part of an execution that lists show.
type JobExecutionSummary struct {
	Status          ExecutionStatus   `json:"status"`
	QueuedAt        *schema.Timestamp `json:"queuedAt"`
	StartedAt       *schema.Timestamp `json:"startedAt"`
	LastUpdatedAt   *schema.Timestamp `json:"lastUpdatedAt"`
	ExecutionNumber int64             `json:"executionNumber"`
	RetryAttempt    *int32            `json:"retryAttempt"`
}

type ListJobExecutionsForThingRequest struct {
	ThingName   ThingName        `json:"thingName" in:"path"`
	Status      *ExecutionStatus `json:"status" in:"query"`
	NamespaceID *NamespaceID     `json:"namespaceId" in:"query"`
	MaxResults  *MaxResults      `json:"maxResults" in:"query"`
	NextToken   *NextToken       `json:"nextToken" in:"query"`
	JobID       *JobID           `json:"jobId" in:"query"`
}

type ListJobExecutionsForThingResponse struct {
	ExecutionSummaries []JobExecutionSummaryForThing `json:"executionSummaries"`
	NextToken          *NextToken                    `json:"nextToken"`
}

// Lists the executions of a thing, newest first (R-API-27).
var ListJobExecutionsForThing = schema.Op[ListJobExecutionsForThingRequest, ListJobExecutionsForThingResponse]{
	Name: "ListJobExecutionsForThing", Route: "GET /things/{thingName}/jobs",
	Role: schema.Viewer,
	Page: paged("executionSummaries"), Errors: jobErrors(),
}

// An execution in the list of a thing.
type JobExecutionSummaryForThing struct {
	JobID               JobID               `json:"jobId"`
	JobExecutionSummary JobExecutionSummary `json:"jobExecutionSummary"`
}

type CancelJobExecutionRequest struct {
	JobID     JobID     `json:"jobId" in:"path"`
	ThingName ThingName `json:"thingName" in:"path"`
	// Cancels the execution although it is IN_PROGRESS.
	Force *bool `json:"force" in:"query"`
	// The version that the execution must have.
	ExpectedVersion *int64        `json:"expectedVersion"`
	StatusDetails   StatusDetails `json:"statusDetails"`
}

// Cancels the execution of a job on one thing.
var CancelJobExecution = schema.Op[CancelJobExecutionRequest, schema.Nothing]{
	Name: "CancelJobExecution", Route: "PUT /things/{thingName}/jobs/{jobId}/cancel",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}/thing/{thingName}", DescribeJobExecution),
	Errors: jobErrors(api.InvalidTransition, api.VersionConflict),
}

type DeleteJobExecutionRequest struct {
	JobID     JobID     `json:"jobId" in:"path"`
	ThingName ThingName `json:"thingName" in:"path"`
	// Which attempt.
	ExecutionNumber int64 `json:"executionNumber" in:"path"`
	// Deletes the execution although it is IN_PROGRESS.
	Force       *bool        `json:"force" in:"query"`
	NamespaceID *NamespaceID `json:"namespaceId" in:"query"`
}

// Deletes one execution.
var DeleteJobExecution = schema.Op[DeleteJobExecutionRequest, schema.Nothing]{
	Name:   "DeleteJobExecution",
	Route:  "DELETE /things/{thingName}/jobs/{jobId}/executionNumber/{executionNumber}",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}/thing/{thingName}", DescribeJobExecution),
	Errors: jobErrors(api.InvalidTransition),
}
