package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// The number of a wave, from 1 on.
type WaveNumber int32

func (WaveNumber) Constraint() schema.Constraint { return schema.Range(1, 10) }

type ApproveWaveRequest struct {
	JobID iot.JobID `json:"jobId" in:"path"`
	// The wave whose gate is opened; when not given the one that waits for approval.
	Wave *WaveNumber `json:"wave"`
}

// Opens the gate behind a wave that waits for approval: the job goes on with the next one
// (R-STR-52).
var ApproveWave = schema.Op[ApproveWaveRequest, schema.Nothing]{
	Name: "ApproveWave", Route: "POST /_drover/jobs/{jobId}/approve",
	Role:   schema.Operator,
	Change: schema.Changes("job/{jobId}", DescribeSteering),
	Errors: jobErrors(),
}

// How far one wave of a rollout is.
type Wave struct {
	Number WaveNumber `json:"number"`
	// What it takes: group=NAME, or a share of all things such as 5pct.
	Takes  string     `json:"takes"`
	Status WaveStatus `json:"status"`
	// Its executions: how many there are or were, how many have ended, and how many of those as
	// SUCCEEDED.
	Created   int64 `json:"created"`
	Ended     int64 `json:"ended"`
	Succeeded int64 `json:"succeeded"`
	// What became of those that succeeded, where they have to be confirmed.
	Confirmed int64 `json:"confirmed"`
	Silent    int64 `json:"silent"`
	// When it last created an execution of the rollout, or began; absent for one to come.
	LastRelease *schema.Timestamp `json:"lastRelease"`
}

// How far a wave is. TO_COME has not begun; RELEASING has things left to release; AT_GATE has
// released all, and its gate is not judged yet; STOPPED was judged, and the job is paused because
// of that; DONE is behind its gate.
type WaveStatus string

func (WaveStatus) Constraint() schema.Constraint {
	return schema.Enum("TO_COME", "RELEASING", "AT_GATE", "STOPPED", "DONE")
}
