package events

// The kinds of lifecycle event, as UpdateEventConfigurations names them and as payloads carry them.
const (
	KindJob       = "JOB"
	KindExecution = "JOB_EXECUTION"
)

// JobTopic is where an event of a job is published.
func JobTopic(jobID, operation string) string { return "$aws/events/job/" + jobID + "/" + operation }

// ExecutionTopic is where an event of a job execution is published.
func ExecutionTopic(jobID, operation string) string {
	return "$aws/events/jobExecution/" + jobID + "/" + operation
}

// Execution is the payload of an event of a job execution, in exactly these members (R-EVT-20,
// R-EVT-25).
type Execution struct {
	EventType string `json:"eventType"`
	EventID   string `json:"eventId"`   // the same in a repeat (R-EVT-27)
	Timestamp int64  `json:"timestamp"` // seconds
	Operation string `json:"operation"`
	JobID     string `json:"jobId"`
	ThingARN  string `json:"thingArn"`
	Status    string `json:"status"`
	// StatusDetails is an empty object when there are none (R-EVT-26).
	StatusDetails map[string]string `json:"statusDetails"`
}

// Job is the payload of an event of a job (docs/spec/24, section 2).
type Job struct {
	EventType string `json:"eventType"`
	EventID   string `json:"eventId"`
	// Timestamp is in seconds, where the other times are in milliseconds (R-EVT-13).
	Timestamp       int64     `json:"timestamp"`
	Operation       string    `json:"operation"`
	JobID           string    `json:"jobId"`
	Status          string    `json:"status"`
	ForceCanceled   bool      `json:"forceCanceled,omitempty"`
	TargetSelection string    `json:"targetSelection"`
	Targets         []string  `json:"targets"`
	Description     string    `json:"description,omitempty"`
	CompletedAt     int64     `json:"completedAt,omitempty"`
	CreatedAt       int64     `json:"createdAt"`
	LastUpdatedAt   int64     `json:"lastUpdatedAt"`
	Comment         string    `json:"comment,omitempty"`
	ReasonCode      string    `json:"reasonCode,omitempty"`
	ProcessDetails  *Counters `json:"jobProcessDetails,omitempty"`
}

// Counters are the six counters of executions that ended (R-EVT-15).
type Counters struct {
	Canceled  int64 `json:"numberOfCanceledThings"`
	Rejected  int64 `json:"numberOfRejectedThings"`
	Failed    int64 `json:"numberOfFailedThings"`
	Removed   int64 `json:"numberOfRemovedThings"`
	Succeeded int64 `json:"numberOfSucceededThings"`
	TimedOut  int64 `json:"numberOfTimedOutThings"`
}
