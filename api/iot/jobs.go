package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

type CreateJobRequest struct {
	JobID   JobID      `json:"jobId" in:"path"`
	Targets JobTargets `json:"targets" required:"true"`
	// A link to the document; the alternative to document (R-VAL-1, R-VAL-2).
	DocumentSource             *DocumentSource             `json:"documentSource"`
	Document                   *Document                   `json:"document"`
	Description                *Text                       `json:"description"`
	PresignedUrlConfig         *PresignedUrlConfig         `json:"presignedUrlConfig"`
	TargetSelection            *TargetSelection            `json:"targetSelection"`
	JobExecutionsRolloutConfig *JobExecutionsRolloutConfig `json:"jobExecutionsRolloutConfig"`
	AbortConfig                *AbortConfig                `json:"abortConfig"`
	TimeoutConfig              *TimeoutConfig              `json:"timeoutConfig"`
	Tags                       Tags                        `json:"tags"`
	NamespaceID                *NamespaceID                `json:"namespaceId"`
	JobTemplateArn             *JobTemplateArn             `json:"jobTemplateArn"`
	JobExecutionsRetryConfig   *JobExecutionsRetryConfig   `json:"jobExecutionsRetryConfig"`
	DocumentParameters         DocumentParameters          `json:"documentParameters"`
	SchedulingConfig           *SchedulingConfig           `json:"schedulingConfig"`
	DestinationPackageVersions PackageVersions             `json:"destinationPackageVersions"`
}

// JobHandle is what the operations that change a job answer: enough to find it again.
type JobHandle struct {
	JobArn      string `json:"jobArn"`
	JobID       JobID  `json:"jobId"`
	Description *Text  `json:"description"`
}

// Creates a job: a document that is sent to every target, at the pace that its rollout
// configuration sets.
var CreateJob = schema.Op[CreateJobRequest, JobHandle]{
	Name: "CreateJob", Route: "PUT /jobs/{jobId}",
	Role:   schema.Operator,
	Change: schema.Creates("job/{jobId}", DescribeJob, GetJobDocument),
	Errors: schema.Errors(api.InvalidRequest, api.ResourceNotFound, api.ResourceAlreadyExists, api.LimitExceeded,
		api.Throttling, api.ServiceUnavailable),
}

// jobErrors are the errors that every operation on a job or execution lists, and those given.
func jobErrors(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.ResourceNotFound, api.Throttling, api.ServiceUnavailable)
}

type DescribeJobRequest struct {
	JobID JobID `json:"jobId" in:"path"`
	// Shows package substitution parameters as they were written (R-API-8).
	BeforeSubstitution *bool `json:"beforeSubstitution" in:"query"`
}

type DescribeJobResponse struct {
	// Only when the document was given by link (R-API-6).
	DocumentSource *DocumentSource `json:"documentSource"`
	Job            Job             `json:"job"`
}

// Describes a job.
var DescribeJob = schema.Op[DescribeJobRequest, DescribeJobResponse]{
	Name: "DescribeJob", Route: "GET /jobs/{jobId}",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

// A job as DescribeJob shows it. Three of its configurations are shown as {} when they were never
// given (R-WIRE-14).
type Job struct {
	JobArn                     string                      `json:"jobArn"`
	JobID                      JobID                       `json:"jobId"`
	TargetSelection            TargetSelection             `json:"targetSelection"`
	Status                     JobStatus                   `json:"status"`
	ForceCanceled              *bool                       `json:"forceCanceled"`
	ReasonCode                 *ReasonCode                 `json:"reasonCode"`
	Comment                    *Text                       `json:"comment"`
	Targets                    JobTargets                  `json:"targets"`
	Description                *Text                       `json:"description"`
	PresignedUrlConfig         *PresignedUrlConfig         `json:"presignedUrlConfig"`
	JobExecutionsRolloutConfig *JobExecutionsRolloutConfig `json:"jobExecutionsRolloutConfig"`
	AbortConfig                *AbortConfig                `json:"abortConfig"`
	CreatedAt                  *schema.Timestamp           `json:"createdAt"`
	LastUpdatedAt              *schema.Timestamp           `json:"lastUpdatedAt"`
	CompletedAt                *schema.Timestamp           `json:"completedAt"`
	JobProcessDetails          *JobProcessDetails          `json:"jobProcessDetails"`
	TimeoutConfig              *TimeoutConfig              `json:"timeoutConfig"`
	NamespaceID                *NamespaceID                `json:"namespaceId"`
	JobTemplateArn             *JobTemplateArn             `json:"jobTemplateArn"`
	JobExecutionsRetryConfig   *JobExecutionsRetryConfig   `json:"jobExecutionsRetryConfig"`
	DocumentParameters         DocumentParameters          `json:"documentParameters"`
	IsConcurrent               *bool                       `json:"isConcurrent"`
	SchedulingConfig           *SchedulingConfig           `json:"schedulingConfig"`
	ScheduledJobRollouts       []ScheduledJobRollout       `json:"scheduledJobRollouts"`
	DestinationPackageVersions PackageVersions             `json:"destinationPackageVersions"`
}

// The status of a job.
type JobStatus string

func (JobStatus) Constraint() schema.Constraint {
	return schema.Enum("IN_PROGRESS", "CANCELED", "COMPLETED", "DELETION_IN_PROGRESS", "SCHEDULED")
}

// How far a job has come: its executions by status.
type JobProcessDetails struct {
	ProcessingTargets        []string `json:"processingTargets"`
	NumberOfCanceledThings   *int32   `json:"numberOfCanceledThings"`
	NumberOfSucceededThings  *int32   `json:"numberOfSucceededThings"`
	NumberOfFailedThings     *int32   `json:"numberOfFailedThings"`
	NumberOfRejectedThings   *int32   `json:"numberOfRejectedThings"`
	NumberOfQueuedThings     *int32   `json:"numberOfQueuedThings"`
	NumberOfInProgressThings *int32   `json:"numberOfInProgressThings"`
	NumberOfRemovedThings    *int32   `json:"numberOfRemovedThings"`
	NumberOfTimedOutThings   *int32   `json:"numberOfTimedOutThings"`
}

// A maintenance window to come.
type ScheduledJobRollout struct {
	StartTime *ScheduleTime `json:"startTime"`
}

type UpdateJobRequest struct {
	JobID                      JobID                       `json:"jobId" in:"path"`
	Description                *Text                       `json:"description"`
	PresignedUrlConfig         *PresignedUrlConfig         `json:"presignedUrlConfig"`
	JobExecutionsRolloutConfig *JobExecutionsRolloutConfig `json:"jobExecutionsRolloutConfig"`
	AbortConfig                *AbortConfig                `json:"abortConfig"`
	TimeoutConfig              *TimeoutConfig              `json:"timeoutConfig"`
	NamespaceID                *NamespaceID                `json:"namespaceId" in:"query"`
	JobExecutionsRetryConfig   *JobExecutionsRetryConfig   `json:"jobExecutionsRetryConfig"`
}

// Changes a job while it is scheduled or running. Each member given replaces the stored one as a
// whole (R-UPD-1).
var UpdateJob = schema.Op[UpdateJobRequest, schema.Nothing]{
	Name: "UpdateJob", Route: "PATCH /jobs/{jobId}",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}", DescribeJob),
	Errors: jobErrors(),
}

type ListJobsRequest struct {
	Status          *JobStatus       `json:"status" in:"query"`
	TargetSelection *TargetSelection `json:"targetSelection" in:"query"`
	MaxResults      *MaxResults      `json:"maxResults" in:"query"`
	NextToken       *NextToken       `json:"nextToken" in:"query"`
	// Only jobs that list this group as a target (R-API-12).
	ThingGroupName *ThingGroupName `json:"thingGroupName" in:"query"`
	ThingGroupID   *ThingGroupID   `json:"thingGroupId" in:"query"`
	NamespaceID    *NamespaceID    `json:"namespaceId" in:"query"`
}

type ListJobsResponse struct {
	Jobs      []JobSummary `json:"jobs"`
	NextToken *NextToken   `json:"nextToken"`
}

// Lists jobs, newest first (R-API-10).
var ListJobs = schema.Op[ListJobsRequest, ListJobsResponse]{
	Name: "ListJobs", Route: "GET /jobs",
	Role: schema.Viewer,
	Page: paged("jobs"), Errors: jobErrors(),
}

// A job in a list.
type JobSummary struct {
	JobArn          string            `json:"jobArn"`
	JobID           JobID             `json:"jobId"`
	ThingGroupID    *ThingGroupID     `json:"thingGroupId"`
	TargetSelection TargetSelection   `json:"targetSelection"`
	Status          JobStatus         `json:"status"`
	CreatedAt       *schema.Timestamp `json:"createdAt"`
	LastUpdatedAt   *schema.Timestamp `json:"lastUpdatedAt"`
	CompletedAt     *schema.Timestamp `json:"completedAt"`
	IsConcurrent    *bool             `json:"isConcurrent"`
}

type CancelJobRequest struct {
	JobID      JobID       `json:"jobId" in:"path"`
	ReasonCode *ReasonCode `json:"reasonCode"`
	Comment    *Text       `json:"comment"`
	// Also cancels executions that are IN_PROGRESS (R-JOB-22).
	Force *bool `json:"force" in:"query"`
}

// Cancels a job: executions that wait are withdrawn, those in progress only with force.
var CancelJob = schema.Op[CancelJobRequest, JobHandle]{
	Name: "CancelJob", Route: "PUT /jobs/{jobId}/cancel",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}", DescribeJob),
	Errors: jobErrors(api.LimitExceeded),
}

type DeleteJobRequest struct {
	JobID JobID `json:"jobId" in:"path"`
	// Deletes the job although it is IN_PROGRESS.
	Force       *bool        `json:"force" in:"query"`
	NamespaceID *NamespaceID `json:"namespaceId" in:"query"`
}

// Deletes a job and its executions, in the background when there are many.
var DeleteJob = schema.Op[DeleteJobRequest, schema.Nothing]{
	Name: "DeleteJob", Route: "DELETE /jobs/{jobId}",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}", DescribeJob),
	Errors: jobErrors(api.InvalidTransition, api.LimitExceeded),
}

type GetJobDocumentRequest struct {
	JobID JobID `json:"jobId" in:"path"`
	// Shows package substitution parameters as they were written (R-API-8).
	BeforeSubstitution *bool `json:"beforeSubstitution" in:"query"`
}

type GetJobDocumentResponse struct {
	Document *Document `json:"document"`
}

// Gets a job's document as it was stored (R-API-7).
var GetJobDocument = schema.Op[GetJobDocumentRequest, GetJobDocumentResponse]{
	Name: "GetJobDocument", Route: "GET /jobs/{jobId}/job-document",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

type AssociateTargetsWithJobRequest struct {
	// ARNs of thing groups (R-API-19).
	Targets     JobTargets   `json:"targets" required:"true"`
	JobID       JobID        `json:"jobId" in:"path"`
	Comment     *Text        `json:"comment"`
	NamespaceID *NamespaceID `json:"namespaceId" in:"query"`
}

// Adds thing groups to a continuous job (R-API-19 to R-API-22).
var AssociateTargetsWithJob = schema.Op[AssociateTargetsWithJobRequest, JobHandle]{
	Name: "AssociateTargetsWithJob", Route: "POST /jobs/{jobId}/targets",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}", DescribeJob),
	Errors: jobErrors(api.LimitExceeded),
}
