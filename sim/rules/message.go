package rules

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// message is as much of any payload from the server to a device as the rules read.
type message struct {
	Code           string                 `json:"code"`
	Execution      *execution             `json:"execution"`
	Jobs           map[string][]execution `json:"jobs"` // by status
	InProgressJobs []execution            `json:"inProgressJobs"`
	QueuedJobs     []execution            `json:"queuedJobs"`
}

// execution is an execution as messages show it.
type execution struct {
	JobID           string `json:"jobId"`
	Status          string `json:"status"`
	ExecutionNumber int64  `json:"executionNumber"`
	VersionNumber   int64  `json:"versionNumber"`
	QueuedAt        int64  `json:"queuedAt"`
}

// parse reads a payload, which must be JSON (R-MQTT-8).
func (ch *Checker) parse(payload []byte) (m message) {
	if err := json.Unmarshal(payload, &m); err != nil {
		ch.fail("R-MQTT-8", "%s: %v", payload, err)
	}
	return m
}

// list is what a notify shows, as view.list has it.
func (m message) list() string {
	var keys []string
	for _, list := range m.Jobs {
		for _, x := range list {
			keys = append(keys, x.key())
		}
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}

// key names an execution, as view.next has it; "" for none.
func (x *execution) key() string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%s#%d", x.JobID, x.ExecutionNumber)
}

// summary is all that the message shows of an execution; "" for none.
func (x *execution) summary() string {
	if x == nil {
		return ""
	}
	return fmt.Sprintf("%s v%d %s", x.key(), x.VersionNumber, x.Status)
}
