package drover

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// A status that an execution has failed with.
type FailedStatus string

func (FailedStatus) Constraint() schema.Constraint {
	return schema.Enum("FAILED", "TIMED_OUT", "REJECTED")
}

// Statuses of executions that have failed.
type FailedStatuses []FailedStatus

func (FailedStatuses) Constraint() schema.Constraint { return schema.Items(1, 3) }

// Names of things, at most 50 in one request.
type RetriedThings []iot.ThingName

func (RetriedThings) Constraint() schema.Constraint { return schema.Items(1, 50) }

type RetryJobExecutionsRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
	// Those of last attempts that are tried again.
	Statuses FailedStatuses `json:"statuses" required:"true"`
	// Only these things; all things of the job when not given.
	Things RetriedThings `json:"things"`
}

type RetryJobExecutionsResponse struct {
	// How many executions were found. Without things these are all that have ended so, of which
	// earlier attempts of a thing are passed over.
	Found int64 `json:"found"`
}

// Has an active job try again on the things whose last attempt has failed, at the rate of its
// rollout and apart from its retryConfig (R-STR-60).
var RetryJobExecutions = schema.Op[RetryJobExecutionsRequest, RetryJobExecutionsResponse]{
	Name: "RetryJobExecutions", Route: "POST /_drover/jobs/{jobId}/retry",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}", DescribeSteering),
	Errors: jobErrors(api.Conflict),
}

// That the things of a job which have failed are tried again.
type RetryPass struct {
	Statuses FailedStatuses `json:"statuses" required:"true"`
	// How many of the things that were named are left; absent when none was named.
	ThingsLeft *int64 `json:"thingsLeft"`
}
