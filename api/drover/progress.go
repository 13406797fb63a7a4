package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

type DescribeJobProgressRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
}

// Says how a job went so far: how many executions had been released at which time, and how many had
// ended (R-WEB-30). Executions are counted, as in jobProcessDetails: a retry is one more that is
// released, and the attempt before it stays among those that have ended. Executions that were deleted
// are not counted.
var DescribeJobProgress = schema.Op[DescribeJobProgressRequest, JobProgress]{
	Name: "DescribeJobProgress", Route: "GET /_drover/jobs/{jobId}/progress",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

// How a job went so far.
type JobProgress struct {
	JobID iot.JobID `json:"jobId"`
	// When the first execution was released; absent as long as none was.
	StartedAt *schema.Timestamp `json:"startedAt"`
	// The time of the last point: now, or when the last execution ended of a job that goes on no more.
	Until *schema.Timestamp `json:"until"`
	// The time from one point to the next. The last step may be shorter.
	StepInSeconds int64 `json:"stepInSeconds"`
	// At most 200, the earliest first; none as long as nothing was released.
	Points []ProgressPoint `json:"points" required:"true"`
}

// How many executions had been released up to a time, and how many of them had ended how.
type ProgressPoint struct {
	At        schema.Timestamp `json:"at"`
	Released  int64            `json:"released"`
	Succeeded int64            `json:"succeeded"`
	Failed    int64            `json:"failed"`
	Rejected  int64            `json:"rejected"`
	TimedOut  int64            `json:"timedOut"`
	Removed   int64            `json:"removed"`
	Canceled  int64            `json:"canceled"`
}
