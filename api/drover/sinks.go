package drover

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// The name of a sink.
type SinkName string

func (SinkName) Constraint() schema.Constraint {
	return schema.Length(1, 64).Chars("a-zA-Z0-9_-")
}

// What a sink is reached by.
type SinkKind string

func (SinkKind) Constraint() schema.Constraint { return schema.Enum("WEBHOOK", "NATS", "KAFKA") }

// Where a sink is: https://HOST/PATH; nats://HOST:PORT or tls://HOST:PORT; kafka://HOST:PORT or
// kafkas://HOST:PORT. Several servers of NATS or Kafka have commas between them.
type SinkURL string

func (SinkURL) Constraint() schema.Constraint { return schema.Length(1, 2048) }

// MQTT topic filters. An event is sent whose topic one of them matches.
type SinkTopics []string

func (SinkTopics) Constraint() schema.Constraint {
	return schema.Items(0, 20).Each(schema.Length(1, 256))
}

// Patterns of job ids, with * and ?. Events of jobs are sent that one of them matches.
type SinkJobs []string

func (SinkJobs) Constraint() schema.Constraint {
	return schema.Items(0, 20).Each(schema.Length(1, 64).Chars("a-zA-Z0-9_*?-"))
}

// The subject of NATS that events are published on, with the placeholders {kind} (job or
// jobExecution), {jobId} and {operation}; or the topic of Kafka.
type SinkSubject string

func (SinkSubject) Constraint() schema.Constraint {
	return schema.Length(1, 249).Chars("a-zA-Z0-9._{}-")
}

// Authorities in PEM that may sign the certificate of the other side.
type SinkCA string

func (SinkCA) Constraint() schema.Constraint { return schema.Length(0, 65536).AsDigest() }

// For how many seconds an event that cannot be delivered is tried again.
type RetryForSeconds int32

func (RetryForSeconds) Constraint() schema.Constraint { return schema.Range(60, 259200) }

// How the server signs in to Kafka.
type SinkMechanism string

func (SinkMechanism) Constraint() schema.Constraint {
	return schema.Enum("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
}

// The user that the server signs in to Kafka as.
type SinkUsername string

func (SinkUsername) Constraint() schema.Constraint { return schema.Length(0, 256) }

// A password, which no answer and no record shows.
type SinkPassword string

func (SinkPassword) Constraint() schema.Constraint { return schema.Length(0, 1024).Unrecorded() }

// The JWT and the key of a user of NATS, as its .creds files have them. No answer and no record shows
// them.
type SinkCredentials string

func (SinkCredentials) Constraint() schema.Constraint {
	return schema.Length(0, 16384).Unrecorded()
}

// The secret that signs webhooks: whsec_ and the base64 of 24 to 64 bytes. It is shown once, by the
// operation that makes it.
type SinkSecret string

func (SinkSecret) Constraint() schema.Constraint {
	return schema.Length(1, 128).Matching(`whsec_[A-Za-z0-9+/]+=*`).Unrecorded()
}

type CreateSinkRequest struct {
	SinkName SinkName `json:"sinkName" in:"path"`
	Kind     SinkKind `json:"kind"`
	URL      SinkURL  `json:"url"`
	// Whether events are sent; true when not given.
	Enabled *bool `json:"enabled"`
	// Without any, events of all topics are sent.
	Topics SinkTopics `json:"topics"`
	// Without any, events of all jobs are sent.
	Jobs    SinkJobs     `json:"jobs"`
	Subject *SinkSubject `json:"subject"`
	CA      *SinkCA      `json:"ca"`
	// 86400 when not given.
	RetryForSeconds *RetryForSeconds `json:"retryForSeconds"`
	// Signs webhooks. One is made and answered when none is given.
	Secret      *SinkSecret      `json:"secret"`
	Credentials *SinkCredentials `json:"credentials"`
	// PLAIN when not given.
	Mechanism *SinkMechanism `json:"mechanism"`
	Username  *SinkUsername  `json:"username"`
	Password  *SinkPassword  `json:"password"`
}

type CreateSinkResponse struct {
	SinkName SinkName `json:"sinkName"`
	// The secret that signs, when it was made now. It is shown this once.
	Secret   *SinkSecret `json:"secret"`
	Warnings []string    `json:"warnings" required:"true"`
}

// Makes a sink: lifecycle events are sent there from now on (R-SNK-1).
var CreateSink = schema.Op[CreateSinkRequest, CreateSinkResponse]{
	Name: "CreateSink", Route: "POST /_drover/sinks/{sinkName}",
	Role:   schema.Admin,
	Change: schema.Creates("sink/{sinkName}", DescribeSink),
	Errors: jobErrors(api.ResourceAlreadyExists, api.LimitExceeded),
}

type UpdateSinkRequest struct {
	SinkName SinkName `json:"sinkName" in:"path"`
	URL      *SinkURL `json:"url"`
	// What waits for a sink that is disabled is sent when it is enabled again, as far as it is kept
	// for so long.
	Enabled *bool `json:"enabled"`
	// An empty list has all events sent again.
	Topics SinkTopics `json:"topics"`
	// An empty list has the events of all jobs sent again.
	Jobs            SinkJobs         `json:"jobs"`
	Subject         *SinkSubject     `json:"subject"`
	CA              *SinkCA          `json:"ca"`
	RetryForSeconds *RetryForSeconds `json:"retryForSeconds"`
	Credentials     *SinkCredentials `json:"credentials"`
	Mechanism       *SinkMechanism   `json:"mechanism"`
	Username        *SinkUsername    `json:"username"`
	Password        *SinkPassword    `json:"password"`
}

// Changes a sink. What is not given stays; an empty text takes away.
var UpdateSink = schema.Op[UpdateSinkRequest, Sink]{
	Name: "UpdateSink", Route: "PATCH /_drover/sinks/{sinkName}",
	Role:   schema.Admin,
	Change: schema.Changes("sink/{sinkName}", DescribeSink),
	Errors: jobErrors(),
}

// For how many seconds the secret before a new one signs, too.
type KeepPreviousForSeconds int32

func (KeepPreviousForSeconds) Constraint() schema.Constraint { return schema.Range(0, 604800) }

type RotateSinkSecretRequest struct {
	SinkName SinkName `json:"sinkName" in:"path"`
	// 86400 when not given.
	KeepPreviousForSeconds *KeepPreviousForSeconds `json:"keepPreviousForSeconds"`
}

type RotateSinkSecretResponse struct {
	// The new secret. It is shown this once.
	Secret SinkSecret `json:"secret"`
	// Until when the one before signs, too.
	PreviousUntil *schema.Timestamp `json:"previousUntil"`
}

// Gives a webhook a new secret, which is made and answered (R-SNK-6).
var RotateSinkSecret = schema.Op[RotateSinkSecretRequest, RotateSinkSecretResponse]{
	Name: "RotateSinkSecret", Route: "POST /_drover/sinks/{sinkName}/secret",
	Role:   schema.Admin,
	Change: schema.Changes("sink/{sinkName}", DescribeSink),
	Errors: jobErrors(),
}

type DescribeSinkRequest struct {
	SinkName SinkName `json:"sinkName" in:"path"`
}

// Describes a sink and how it does (R-SNK-15).
var DescribeSink = schema.Op[DescribeSinkRequest, Sink]{
	Name: "DescribeSink", Route: "GET /_drover/sinks/{sinkName}",
	Role:   schema.Operator,
	Errors: jobErrors(),
}

type ListSinksRequest struct {
	MaxResults *iot.MaxResults `json:"maxResults" in:"query"`
	NextToken  *iot.NextToken  `json:"nextToken" in:"query"`
}

type ListSinksResponse struct {
	Sinks     []Sink         `json:"sinks"`
	NextToken *iot.NextToken `json:"nextToken"`
}

// Items are the sinks of the page.
func (r ListSinksResponse) Items() []Sink { return r.Sinks }

// Lists sinks by name.
var ListSinks = schema.Op[ListSinksRequest, ListSinksResponse]{
	Name: "ListSinks", Route: "GET /_drover/sinks",
	Role: schema.Operator,
	Page: &schema.Page{
		In:    "nextToken",
		Size:  "maxResults",
		Out:   "nextToken",
		Items: "sinks",
	},
	Errors: jobErrors(),
}

type DeleteSinkRequest struct {
	SinkName SinkName `json:"sinkName" in:"path"`
}

// Deletes a sink with its dead letters.
var DeleteSink = schema.Op[DeleteSinkRequest, schema.Nothing]{
	Name: "DeleteSink", Route: "DELETE /_drover/sinks/{sinkName}",
	Role:   schema.Admin,
	Change: schema.Changes("sink/{sinkName}", DescribeSink),
	Errors: jobErrors(),
}

// A sink, and how it does.
type Sink struct {
	SinkName        SinkName         `json:"sinkName"`
	Kind            SinkKind         `json:"kind"`
	URL             SinkURL          `json:"url"`
	Enabled         bool             `json:"enabled"`
	Topics          SinkTopics       `json:"topics" required:"true"`
	Jobs            SinkJobs         `json:"jobs" required:"true"`
	Subject         *SinkSubject     `json:"subject"`
	CA              *SinkCA          `json:"ca"`
	RetryForSeconds RetryForSeconds  `json:"retryForSeconds"`
	Mechanism       *SinkMechanism   `json:"mechanism"`
	Username        *SinkUsername    `json:"username"`
	CreatedAt       schema.Timestamp `json:"createdAt"`
	LastModifiedAt  schema.Timestamp `json:"lastModifiedAt"`
	// Until when the secret before the present one signs, too.
	PreviousSecretUntil *schema.Timestamp `json:"previousSecretUntil"`
	// Events that were delivered, and those that were removed before the sink had them.
	Delivered int64 `json:"delivered"`
	Skipped   int64 `json:"skipped"`
	// Dead letters that there are, and those that were removed because of their number or age.
	DeadLetters        int64 `json:"deadLetters"`
	DroppedDeadLetters int64 `json:"droppedDeadLetters"`
	// When the oldest event was published that the sink has not had; absent when it has had all.
	WaitingSince    *schema.Timestamp `json:"waitingSince"`
	LastDeliveredAt *schema.Timestamp `json:"lastDeliveredAt"`
	// Why the last attempt that failed did.
	LastError   *string           `json:"lastError"`
	LastErrorAt *schema.Timestamp `json:"lastErrorAt"`
	// What keeps events from the sink.
	Warnings []string `json:"warnings" required:"true"`
}
