package drover

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// tagChars is the pattern of the characters of tags (R-VAL-32).
const tagChars = `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`

// The name of a setting that steers a job: the key of its tag without "drover:" (R-STR-1).
type SettingName string

func (SettingName) Constraint() schema.Constraint {
	return schema.Length(1, 121).Matching(tagChars)
}

// The value of a setting, as its tag has it.
type SettingValue string

func (SettingValue) Constraint() schema.Constraint { return schema.Length(0, 256) }

// The settings of a job, by name.
type Settings map[SettingName]SettingValue

// Changes of settings, by name: a value sets one, null removes it (RFC 7396). What is not named
// stays as it is.
type SettingsPatch map[SettingName]*SettingValue

func (SettingsPatch) Constraint() schema.Constraint { return schema.Items(0, 50) }

type DescribeSteeringRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
}

// Describes the settings that steer a job, and what they have come to.
var DescribeSteering = schema.Op[DescribeSteeringRequest, Steering]{
	Name: "DescribeSteering", Route: "GET /_drover/jobs/{jobId}/steering",
	Role:   schema.Viewer,
	Errors: jobErrors(),
}

type UpdateSteeringRequest struct {
	JobID    iot.JobID     `json:"jobId" in:"path"`
	Settings SettingsPatch `json:"settings" required:"true"`
}

// Changes settings that steer a job, all of them in one commit or none. They are in force at once
// (R-STR-3).
var UpdateSteering = schema.Op[UpdateSteeringRequest, Steering]{
	Name: "UpdateSteering", Route: "PATCH /_drover/jobs/{jobId}/steering",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}", DescribeSteering),
	Errors: jobErrors(api.LimitExceeded),
}

// How a job is steered.
type Steering struct {
	JobID iot.JobID `json:"jobId"`
	// What the vendor's API says of the job: a job that is paused has the status that it would have
	// without that (R-STR-12).
	Status   iot.JobStatus `json:"status"`
	Settings Settings      `json:"settings" required:"true"`
	State    SteeringState `json:"state"`
	// Settings that have nothing to act on, and why (R-STR-4).
	Warnings []string `json:"warnings" required:"true"`
}

// What the settings of a job have come to.
type SteeringState struct {
	// What went wrong and did not cancel the job, oldest first (R-STR-20).
	Observed []Observation `json:"observed" required:"true"`
	// What the guard has counted; absent without one.
	Guard *Guard `json:"guard"`
	// The waves of the rollout in their order, those to come too; absent without waves.
	Waves []Wave `json:"waves"`
	// Executions that have succeeded and wait to be confirmed, those that were, and those whose
	// things were not heard of again in time (R-STR-41).
	Confirming int64 `json:"confirming"`
	Confirmed  int64 `json:"confirmed"`
	Silent     int64 `json:"silent"`
	// Things that wait for a retry until the job goes on (R-STR-11).
	RetriesWaiting int64 `json:"retriesWaiting"`
	// What RetryJobExecutions has begun; absent when nothing is left of it (R-STR-60).
	Retrying *RetryPass `json:"retrying"`
}

// That a criterion was met or the guard fired, and the job was not canceled.
type Observation struct {
	At schema.Timestamp `json:"at"`
	// The place of the criterion in abortConfig, from 1 on; absent for the guard.
	Criterion *int32 `json:"criterion"`
	// Executions that failed in its way; for the guard, things.
	Failures int64 `json:"failures"`
	// Executions that had ended; for the guard, things that had counted.
	Executed int64 `json:"executed"`
	// What was done: pause, or observe for nothing.
	Action Action `json:"action"`
}

// What the server does when a job goes wrong.
type Action string

func (Action) Constraint() schema.Constraint { return schema.Enum("pause", "cancel", "observe") }
