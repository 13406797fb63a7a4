package drover

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// The number of a dead letter.
type DeadLetterID int64

func (DeadLetterID) Constraint() schema.Constraint { return schema.Range(1, schema.NoMax) }

// The numbers of dead letters.
type DeadLetterIDs []DeadLetterID

func (DeadLetterIDs) Constraint() schema.Constraint { return schema.Items(1, 100) }

type ListDeadLettersRequest struct {
	SinkName   SinkName        `json:"sinkName" in:"path"`
	MaxResults *iot.MaxResults `json:"maxResults" in:"query"`
	NextToken  *iot.NextToken  `json:"nextToken" in:"query"`
}

type ListDeadLettersResponse struct {
	DeadLetters []DeadLetter   `json:"deadLetters"`
	NextToken   *iot.NextToken `json:"nextToken"`
}

// Items are the dead letters of the page.
func (r ListDeadLettersResponse) Items() []DeadLetter { return r.DeadLetters }

// Lists the events that a sink could not be given, the oldest first (R-SNK-10).
var ListDeadLetters = schema.Op[ListDeadLettersRequest, ListDeadLettersResponse]{
	Name: "ListDeadLetters", Route: "GET /_drover/sinks/{sinkName}/dead-letters",
	Role: schema.Operator,
	Page: &schema.Page{
		In:    "nextToken",
		Size:  "maxResults",
		Out:   "nextToken",
		Items: "deadLetters",
	},
	Errors: jobErrors(),
}

// An event that a sink could not be given.
type DeadLetter struct {
	DeadLetterID DeadLetterID `json:"deadLetterId"`
	// The MQTT topic and the payload of the event.
	Topic       string           `json:"topic"`
	Payload     string           `json:"payload"`
	PublishedAt schema.Timestamp `json:"publishedAt"`
	FailedAt    schema.Timestamp `json:"failedAt"`
	Attempts    int64            `json:"attempts"`
	Reason      string           `json:"reason"`
	// Whether it waits to be sent again.
	Retrying bool `json:"retrying"`
}

type RetryDeadLettersRequest struct {
	SinkName SinkName `json:"sinkName" in:"path"`
	// Which; all when not given.
	DeadLetterIDs DeadLetterIDs `json:"deadLetterIds"`
}

// How many dead letters are concerned.
type DeadLetterCount struct {
	Count int64 `json:"count"`
}

// Has dead letters sent again. Those that are delivered go.
var RetryDeadLetters = schema.Op[RetryDeadLettersRequest, DeadLetterCount]{
	Name: "RetryDeadLetters", Route: "POST /_drover/sinks/{sinkName}/dead-letters/retry",
	Role:   schema.Operator,
	Change: schema.Changes("sink/{sinkName}", DescribeSink),
	Errors: jobErrors(),
}

type DeleteDeadLettersRequest struct {
	SinkName SinkName `json:"sinkName" in:"path"`
	// Which; all when not given.
	DeadLetterIDs DeadLetterIDs `json:"deadLetterIds"`
}

// Deletes dead letters.
var DeleteDeadLetters = schema.Op[DeleteDeadLettersRequest, DeadLetterCount]{
	Name: "DeleteDeadLetters", Route: "POST /_drover/sinks/{sinkName}/dead-letters/delete",
	Role:   schema.Operator,
	Change: schema.Changes("sink/{sinkName}", DescribeSink),
	Errors: jobErrors(),
}
