package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// What has happened to a thing. RECORD: an operator has changed something of it, as the audit log
// has it. EXECUTION_REPORTED: its device has reported last about an execution that is IN_PROGRESS.
type ThingEventKind string

func (ThingEventKind) Constraint() schema.Constraint {
	return schema.Enum("THING_CREATED", "RECORD", "HELD", "CONNECTED", "DISCONNECTED",
		"EXECUTION_QUEUED", "EXECUTION_STARTED", "EXECUTION_REPORTED", "EXECUTION_ENDED")
}

type ListThingEventsRequest struct {
	ThingName  iot.ThingName   `json:"thingName" in:"path"`
	MaxResults *iot.MaxResults `json:"maxResults" in:"query"`
	NextToken  *iot.NextToken  `json:"nextToken" in:"query"`
}

type ListThingEventsResponse struct {
	Events    []ThingEvent   `json:"events"`
	NextToken *iot.NextToken `json:"nextToken"`
	// Executions that were queued up to this time, and records of the audit log from up to then, may
	// be missing: the 2,000 executions that were queued last and the 20,000 newest records are looked
	// at. Absent when nothing is missing that is stored.
	CompleteSince *schema.Timestamp `json:"completeSince"`
}

// Items are the events of the page.
func (r ListThingEventsResponse) Items() []ThingEvent { return r.Events }

// Lists what has happened to a thing, the newest first, as far as that is stored: how its executions
// went, whether its client is connected, and what operators have changed (R-WEB-35).
var ListThingEvents = schema.Op[ListThingEventsRequest, ListThingEventsResponse]{
	Name: "ListThingEvents", Route: "GET /_drover/things/{thingName}/timeline",
	Role: schema.Viewer,
	Page: &schema.Page{
		In:    "nextToken",
		Size:  "maxResults",
		Out:   "nextToken",
		Items: "events",
	},
	Errors: jobErrors(),
}

// One thing that has happened.
type ThingEvent struct {
	At   schema.Timestamp `json:"at"`
	Kind ThingEventKind   `json:"kind"`
	// What has happened in a few words, without the job, for people.
	Text string `json:"text"`
	// The execution that it happened to, and its status from then on; absent for other kinds. An
	// attempt with a retryAttempt above 0 was queued because the one before it had failed.
	JobID           *iot.JobID           `json:"jobId"`
	ExecutionNumber *int64               `json:"executionNumber"`
	RetryAttempt    *int32               `json:"retryAttempt"`
	Status          *iot.ExecutionStatus `json:"status"`
	// What the device reported last, with EXECUTION_REPORTED and EXECUTION_ENDED.
	StatusDetails map[string]string `json:"statusDetails"`
	// Why the thing is held, or was disconnected.
	Reason *string `json:"reason"`
	// With RECORD.
	Record *AuditRecord `json:"record"`
}
