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

// SteeringTopic is where an event of what the server did by itself to a job that is steered is
// published. The vendor has no such events, and its topics none of these (docs/spec/50, section 9).
func SteeringTopic(jobID, operation string) string {
	return "drover/events/job/" + jobID + "/" + operation
}

// CertificateTopic is where it is published that a certificate was registered with a CA certificate
// because its device has connected.
func CertificateTopic(caCertificateID string) string {
	return "$aws/events/certificates/registered/" + caCertificateID
}

// Certificate is the payload of the event that a certificate was registered because its device has
// connected (R-ID-72).
type Certificate struct {
	CertificateID   string `json:"certificateId"`
	CACertificateID string `json:"caCertificateId"`
	Timestamp       int64  `json:"timestamp"` // ms
	Status          string `json:"certificateStatus"`
	AccountID       string `json:"awsAccountId"`
	// RegisteredAt is a text of milliseconds, as the vendor has it.
	RegisteredAt string `json:"certificateRegistrationTimestamp"`
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

// Steering is the payload of an event of a job that is steered (R-STR-70). Its first members are
// those of Job; those behind them belong to single operations.
type Steering struct {
	EventType       string   `json:"eventType"`
	EventID         string   `json:"eventId"`
	Timestamp       int64    `json:"timestamp"` // seconds; the other times are in milliseconds
	Operation       string   `json:"operation"`
	JobID           string   `json:"jobId"`
	Status          string   `json:"status"`
	TargetSelection string   `json:"targetSelection"`
	Targets         []string `json:"targets"`
	Description     string   `json:"description,omitempty"`
	CreatedAt       int64    `json:"createdAt"`
	LastUpdatedAt   int64    `json:"lastUpdatedAt"`
	// Reason is why the job was paused.
	Reason      string       `json:"reason,omitempty"`
	Observation *Observation `json:"observation,omitempty"`
	Wave        *Wave        `json:"wave,omitempty"`
}

// Observation is what was observed: an abort criterion, or the guard.
type Observation struct {
	Criterion int    `json:"criterion,omitempty"` // its place in abortConfig, from 1 on; none for the guard
	Failures  int64  `json:"failures"`
	Executed  int64  `json:"executed"`
	Action    string `json:"action"`
}

// Wave is the wave whose things have all been released.
type Wave struct {
	Number  int    `json:"number"`
	Takes   string `json:"takes"`   // group=NAME, or a share of all things such as 5pct
	Created int64  `json:"created"` // executions
}
