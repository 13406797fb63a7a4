package sinks

import (
	"context"
	"time"

	"github.com/drover-iot/drover/registry/sink"
)

// A Sender brings messages to the other side of one sink. It may be called concurrently, never for
// two messages with the same key.
type Sender interface {
	// Send returns nil once the other side has the message. A *Refusal says more about a failure; any
	// other error may be tried again. Its text is stored and shown, so it must have no secret.
	Send(context.Context, Message) error
	Close()
}

// A Message is one event as it is sent.
type Message struct {
	ID      string // the same each time that the event is sent
	Key     string // messages with the same key keep their order: the job id
	Subject string // of NATS
	Body    []byte // a CloudEvent in JSON
}

// A Target is a sink with its secrets opened.
type Target struct {
	sink.Definition
	Signing     []byte
	Previous    []byte // signs too, until Secrets.PreviousUntil
	Credentials []byte
	Password    []byte
}

// A Refusal is a failure of which more is known.
type Refusal struct {
	Reason string
	Final  bool          // trying again is of no use
	After  time.Duration // when the other side wants to be asked again; 0: it has not said
}

func (r *Refusal) Error() string { return r.Reason }

// A Sealer encrypts secrets for the store, each under a name.
type Sealer interface {
	Seal(name string, value []byte) []byte
	Open(name string, sealed []byte) ([]byte, error)
}
