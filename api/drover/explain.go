package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// The answer in one word. DONE: nothing more is to come. RUNNING: it goes on. WAITING: every reason
// goes away by itself. BLOCKED: a reason stays until somebody acts. NOT_TARGETED: the job is not
// about the thing. UNKNOWN_THING: there is no such thing.
type Verdict string

func (Verdict) Constraint() schema.Constraint {
	return schema.Enum("DONE", "RUNNING", "WAITING", "BLOCKED", "NOT_TARGETED", "UNKNOWN_THING")
}

// One reason of an explanation.
type Reason struct {
	// What it is, for scripts: one of a closed list (R-EXP-2).
	Code string `json:"code"`
	// The same as a sentence, for people.
	Text string `json:"text"`
	// Since when it holds; absent when that is not known.
	Since *schema.Timestamp `json:"since"`
	// When it is gone at the latest, if nobody changes anything; absent when that is not known.
	Until *schema.Timestamp `json:"until"`
	// An estimate of when it is gone, at the present rate of the rollout.
	Expected *schema.Timestamp `json:"expected"`
}

type ExplainThingRequest struct {
	ThingName iot.ThingName `json:"thingName" in:"path"`
	// The job that is asked about. Without it: the first execution that the thing sees, else the first
	// that is pending, else the newest job that has still to come to it.
	JobID *iot.JobID `json:"jobId" in:"query"`
}

// Explains why a thing has, or has not, done a job: a verdict, and the reasons in the order in which
// they bind (R-EXP-1).
var ExplainThing = schema.Op[ExplainThingRequest, ThingExplanation]{
	Name: "ExplainThing", Route: "GET /_drover/things/{thingName}/explain",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

// Why a thing has, or has not, done a job.
type ThingExplanation struct {
	ThingName iot.ThingName `json:"thingName"`
	// The job; absent when none was asked about and none is to come.
	JobID *iot.JobID `json:"jobId"`
	// The target of the job through which the thing is one, such as thinggroup/site-1; absent when it
	// is none.
	Target *string `json:"target"`
	// The last execution of the job on the thing; absent without one.
	ExecutionNumber *int64               `json:"executionNumber"`
	Status          *iot.ExecutionStatus `json:"status"`
	Verdict         Verdict              `json:"verdict"`
	Reasons         []Reason             `json:"reasons" required:"true"`
}

type ExplainJobRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
}

// Explains what a job waits for, in the order in which the reasons bind (R-EXP-3).
var ExplainJob = schema.Op[ExplainJobRequest, JobExplanation]{
	Name: "ExplainJob", Route: "GET /_drover/jobs/{jobId}/explain",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

// What a job waits for.
type JobExplanation struct {
	JobID   iot.JobID     `json:"jobId"`
	Status  iot.JobStatus `json:"status"`
	Verdict Verdict       `json:"verdict"`
	Reasons []Reason      `json:"reasons" required:"true"`
}
