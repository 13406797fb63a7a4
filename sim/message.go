package sim

import "encoding/json"

// Devices read payloads with structs of their own. Were they those of the server, a member with a
// wrong name would be read as it was written, and nobody would notice.

// message is as much of any payload from the server as devices read.
type message struct {
	Code           string                 `json:"code"` // of a rejection, such as VersionMismatch
	Execution      *execution             `json:"execution"`
	ExecutionState *execution             `json:"executionState"`
	Jobs           map[string][]execution `json:"jobs"` // of a notify, by status
	InProgressJobs []execution            `json:"inProgressJobs"`
	QueuedJobs     []execution            `json:"queuedJobs"`
}

// execution is an execution as messages show it.
type execution struct {
	JobID           string `json:"jobId"`
	Status          string `json:"status"`
	ExecutionNumber int64  `json:"executionNumber"`
	VersionNumber   int64  `json:"versionNumber"`
	// SecondsLeft is the time until the execution times out, 0 without a timer.
	SecondsLeft int64 `json:"approximateSecondsBeforeTimedOut"`
}

// parse reads a payload, which must be JSON (R-MQTT-8).
func (d *device) parse(payload []byte) (m message) {
	if err := json.Unmarshal(payload, &m); err != nil {
		d.log.fail("R-MQTT-8", string(payload)+": "+err.Error())
	}
	return m
}
