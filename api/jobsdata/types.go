package jobsdata

import "github.com/drover-iot/drover/schema"

// Next is the job id that stands for the next pending job.
const Next = "$next"

// The name of a thing.
type ThingName string

func (ThingName) Constraint() schema.Constraint {
	return schema.Length(1, 128).Chars("a-zA-Z0-9:_-")
}

// The id of a job.
type JobID string

func (JobID) Constraint() schema.Constraint { return schema.Length(1, 64).Chars("a-zA-Z0-9_-") }

// The id of a job, or $next for the next pending one.
type JobIDOrNext string

func (JobIDOrNext) Constraint() schema.Constraint {
	return schema.Length(1, 64).Matching(`[a-zA-Z0-9_-]+|\$next`)
}

// The status of a job execution.
type ExecutionStatus string

func (ExecutionStatus) Constraint() schema.Constraint {
	return schema.Enum("QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED")
}

// The status that a device reports: IN_PROGRESS, SUCCEEDED, FAILED or REJECTED. QUEUED can be
// read but is then refused as a transition (R-HTTP-17).
type ReportedStatus string

func (ReportedStatus) Constraint() schema.Constraint {
	return schema.Enum("IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "QUEUED")
}

// Name and value pairs on the status of an execution, at most 10 (R-HTTP-18). Values have 1 to
// 1024 characters; tabs and line ends are allowed, because a shipped client sends the output of
// processes (R-HTTP-19).
type StatusDetails map[string]string

func (StatusDetails) Constraint() schema.Constraint {
	// Devices also send numbers and booleans, which are read as texts: true is "true" (R-MQTT-47).
	return schema.Items(0, 10).
		Keys(schema.Length(1, 128).Chars("a-zA-Z0-9:_-")).
		Each(schema.Length(1, 1024).Matching(`[\t\n\r\P{C}]+`).Secret().OrScalar())
}

// Minutes until the step times out, 1 to 10080.
type StepMinutes int64

func (StepMinutes) Constraint() schema.Constraint { return schema.Range(1, 10080) }

// Minutes until the step times out, 1 to 10080, or -1 to cancel the step timer (R-HTTP-23).
type StepMinutesOrOff int64

func (StepMinutesOrOff) Constraint() schema.Constraint { return schema.Range(-1, 10080).Except(0) }

// The version that the execution must have, at least 1.
type ExpectedVersion int64

func (ExpectedVersion) Constraint() schema.Constraint { return schema.Range(1, schema.NoMax) }

// Which attempt of the job on the thing, at least 1; the latest when not given (R-MQTT-48).
type ExecutionNumber int64

func (ExecutionNumber) Constraint() schema.Constraint { return schema.Range(1, schema.NoMax) }

// A text that the answer repeats, at most 512 bytes (R-MQTT-12).
type ClientToken string

func (ClientToken) Constraint() schema.Constraint {
	return schema.Constraint{}.MaxBytes(maxTokenBytes)
}

const maxTokenBytes = 512

// The part of an execution that an update can answer.
type ExecutionState struct {
	Status        ExecutionStatus `json:"status"`
	StatusDetails StatusDetails   `json:"statusDetails"`
	VersionNumber int64           `json:"versionNumber"`
}
