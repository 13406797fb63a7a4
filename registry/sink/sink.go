// Package sink decides about sinks, the places outside that lifecycle events are sent to: which
// settings one may have, which events it gets, when an attempt that failed is repeated, and when an
// event becomes a dead letter (docs/spec/55, R-SNK). It sends nothing, and reads neither a clock nor
// a store.
//
// Start with Definition.Check.
package sink

import "time"

// Kind is what a sink is reached by. The names are stored and part of the API.
type Kind string

// The kinds of sink.
const (
	Webhook Kind = "WEBHOOK"
	NATS    Kind = "NATS"
	Kafka   Kind = "KAFKA"
)

// How a server signs in to Kafka. Any other value is PLAIN.
const (
	ScramSHA256 = "SCRAM-SHA-256"
	ScramSHA512 = "SCRAM-SHA-512"
)

// Limits on sinks (R-SNK-1, R-SNK-10, R-SNK-11).
const (
	MaxSinks        = 100
	MaxDeadLetters  = 10_000 // of one sink
	DeadLettersKept = 30 * 24 * time.Hour
	MaxWaitingBytes = 1 << 30 // of payloads that wait for sinks
	MaxWaiting      = 72 * time.Hour
	DefaultRetryFor = 24 * time.Hour
	DefaultPrevious = 24 * time.Hour // how long the secret before the present one signs, too
)

// A Sink is what is stored of one.
type Sink struct {
	// ID is also the number of the announcement after which the sink begins. A sink that is made
	// anew under the name of a deleted one has another one.
	ID   int64
	Name string
	Definition
	Progress
}

// A Definition is what operators say about a sink.
type Definition struct {
	Kind    Kind   `json:"kind"`
	URL     string `json:"url"`
	Enabled bool   `json:"enabled"`
	// Topics are MQTT topic filters, and Jobs patterns of job ids; an event must match one of each.
	// None matches all.
	Topics []string `json:"topics,omitempty"`
	Jobs   []string `json:"jobs,omitempty"`
	// Subject is that of NATS, with placeholders, or the topic of Kafka.
	Subject string `json:"subject,omitempty"`
	// CA is the authorities in PEM that may sign the certificate of the other side; empty: those of
	// the machine.
	CA       string        `json:"ca,omitempty"`
	RetryFor time.Duration `json:"retryFor"`
	// Mechanism and Username are how the server signs in to Kafka; empty: it does not.
	Mechanism string  `json:"mechanism,omitempty"`
	Username  string  `json:"username,omitempty"`
	Secrets   Secrets `json:"secrets"`

	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
	// Version grows with every change.
	Version int64 `json:"version"`
}

// Secrets are those of a sink, sealed.
type Secrets struct {
	Signing []byte `json:"signing,omitempty"` // of a webhook
	// Previous signs too, until a time.
	Previous      []byte    `json:"previous,omitempty"`
	PreviousUntil time.Time `json:"previousUntil,omitzero"`
	// Credentials are the JWT and the key of a user of NATS; Password is that of a user of Kafka.
	Credentials []byte `json:"credentials,omitempty"`
	Password    []byte `json:"password,omitempty"`
}

// Progress is how far a sink has come. The node that sends for it writes it.
type Progress struct {
	// Position is the announcement up to which all events were delivered or are dead letters.
	Position int64 `json:"position"`
	// Node is the number of the node that sends for the sink; 0 for none.
	Node int64 `json:"node,omitempty"`
	// Delivered counts events, Skipped those that were removed before the sink had them, and Dropped
	// the dead letters that were removed because of their number or age.
	Delivered int64 `json:"delivered,omitempty"`
	Skipped   int64 `json:"skipped,omitempty"`
	Dropped   int64 `json:"dropped,omitempty"`

	LastDelivered time.Time `json:"lastDelivered,omitzero"`
	LastError     string    `json:"lastError,omitempty"`
	LastErrorAt   time.Time `json:"lastErrorAt,omitzero"`
}
