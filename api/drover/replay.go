package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

type ReplayJobRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
	// How fast things would have been released; as they were when not given.
	Rollout *iot.JobExecutionsRolloutConfig `json:"rollout"`
	// Criteria that would have been in force; those of the job when not given.
	Abort *iot.AbortConfig `json:"abort"`
	// A guard, in the form of the setting drover:guard; that of the job when not given.
	Guard *SettingValue `json:"guard"`
}

// Says what other settings would have done to a job, by what is recorded of it: each first attempt
// ends as long after its release as it did (R-WHAT-1). Nothing is changed.
var ReplayJob = schema.Op[ReplayJobRequest, ReplayJobResponse]{
	Name: "ReplayJob", Route: "POST /_drover/jobs/{jobId}/replay",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

type ReplayJobResponse struct {
	JobID iot.JobID `json:"jobId"`
	// With the settings that the job has, and the releases that there were.
	Recorded Replay `json:"recorded"`
	// With those of the request.
	Replayed Replay `json:"replayed"`
}

// What became, or would have become, of a job when nothing stops it, and what would have stopped it.
type Replay struct {
	// Things that were released, and those for which there was no time before the end of the
	// schedule.
	Released   int64 `json:"released"`
	Unreleased int64 `json:"unreleased"`
	// Those of them of which it is not known how they would have ended: they have not, or were
	// canceled or removed.
	Unknown int64 `json:"unknown"`
	// When the first and the last thing was released; absent when none was.
	FirstReleaseAt *schema.Timestamp `json:"firstReleaseAt"`
	LastReleaseAt  *schema.Timestamp `json:"lastReleaseAt"`
	// How many criteria it was judged by, and whether there was a guard.
	Criteria int32 `json:"criteria"`
	Guard    bool  `json:"guard"`
	// What would have stopped the job, in the order of the times; each as if none had before.
	Stops []ReplayStop `json:"stops" required:"true"`
}

// That a criterion, or the guard, would have stopped a job.
type ReplayStop struct {
	// The place of the criterion in abortConfig, from 1 on; absent for the guard.
	Criterion *int32           `json:"criterion"`
	At        schema.Timestamp `json:"at"`
	// How long after the first release that is.
	AfterSeconds int64 `json:"afterSeconds"`
	// How many things had been released by then.
	Reached int64 `json:"reached"`
	// What it was judged by: how many had failed in its way, of how many.
	Failures int64 `json:"failures"`
	Executed int64 `json:"executed"`
}
