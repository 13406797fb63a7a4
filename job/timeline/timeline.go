package timeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
)

// Kind is what an event is.
type Kind string

// The kinds of event, in the order of those that happen at the same time to one execution.
const (
	Created      Kind = "THING_CREATED"
	Recorded     Kind = "RECORD" // of the audit log: an operator has changed something
	Held         Kind = "HELD"
	Connected    Kind = "CONNECTED"
	Disconnected Kind = "DISCONNECTED"
	Queued       Kind = "EXECUTION_QUEUED"
	Started      Kind = "EXECUTION_STARTED"
	Reported     Kind = "EXECUTION_REPORTED" // the last report of one that is IN_PROGRESS
	Ended        Kind = "EXECUTION_ENDED"
)

var kinds = []Kind{
	Created, Recorded, Held, Connected, Disconnected, Queued, Started, Reported, Ended,
}

// Kinds lists every kind.
func Kinds() []Kind { return slices.Clone(kinds) }

// Event is one thing that has happened.
type Event struct {
	At   time.Time
	Kind Kind
	// Execution is the one that it happened to, and JobID its job; nil and empty for other kinds.
	Execution *job.Execution
	JobID     string
	// Reason is why the thing is held, or was disconnected.
	Reason string
	Record *audit.Record // of the kind Recorded
}

// Facts is what is known of a thing.
type Facts struct {
	Thing      registry.Thing
	Executions []Execution
	// Hold is nil for a thing that is not held, Connection for one whose client was never seen.
	Hold       *job.Hold
	Connection *Connection
	Records    []audit.Record
}

// Execution is an execution of the thing.
type Execution struct {
	job.Execution
	JobID string
}

// Connection is what was seen last of the client of the thing.
type Connection struct {
	Connected bool
	At        time.Time // zero when that is not known
	Reason    string    // why it was disconnected
}

// Events is what has happened, the newest first.
func (f Facts) Events() []Event {
	var events []Event
	if created := f.Thing.CreatedAt; !f.records("CreateThing", created) {
		events = append(events, Event{At: created, Kind: Created})
	}
	for i := range f.Executions {
		events = append(events, f.Executions[i].events()...)
	}
	for i := range f.Records {
		events = append(events, Event{At: f.Records[i].At, Kind: Recorded, Record: &f.Records[i]})
	}
	if c := f.Connection; c != nil && !c.At.IsZero() {
		kind := Disconnected
		if c.Connected {
			kind = Connected
		}
		events = append(events, Event{At: c.At, Kind: kind, Reason: c.Reason})
	}
	if h := f.Hold; h != nil && !f.records("HoldThing", h.Since) {
		events = append(events, Event{At: h.Since, Kind: Held, Reason: h.Reason})
	}
	slices.SortFunc(events, func(a, b Event) int { return b.Place().Compare(a.Place()) })
	return events
}

// records reports whether there is the record of an operation at a time. It says more than what is
// stored of the thing.
func (f Facts) records(operation string, at time.Time) bool {
	return slices.ContainsFunc(f.Records, func(r audit.Record) bool {
		return r.Operation == operation && r.At.Equal(at)
	})
}

// events is what has happened to an execution. Of the reports of its device the last one is known.
func (e *Execution) events() []Event {
	event := func(at time.Time, kind Kind) Event {
		return Event{At: at, Kind: kind, Execution: &e.Execution, JobID: e.JobID}
	}
	events := []Event{event(e.QueuedAt, Queued)}
	if !e.StartedAt.IsZero() {
		events = append(events, event(e.StartedAt, Started))
	}
	switch {
	case e.Status.Terminal():
		events = append(events, event(e.UpdatedAt, Ended))
	case e.Status == job.ExecutionInProgress && e.UpdatedAt.After(e.StartedAt):
		events = append(events, event(e.UpdatedAt, Reported))
	}
	return events
}

// Place is the place of an event in the order of all events of its thing. What happens to one
// execution stays together when it happens at the same time, and a retry comes after the attempt
// before it.
type Place struct {
	At       int64 `json:"at"`                // in milliseconds
	Sequence int64 `json:"sequence,omitzero"` // of the execution
	Kind     int   `json:"kind"`              // its index in the list of kinds
	Record   int64 `json:"record,omitzero"`   // the number in the audit log
}

// Place is the place of the event.
func (e Event) Place() Place {
	p := Place{At: e.At.UnixMilli(), Kind: slices.Index(kinds, e.Kind)}
	if e.Execution != nil {
		p.Sequence = e.Execution.Sequence
	}
	if e.Record != nil {
		p.Record = e.Record.Number
	}
	return p
}

// Compare says whether a place comes before another in time, which is -1.
func (p Place) Compare(o Place) int {
	return cmp.Or(cmp.Compare(p.At, o.At), cmp.Compare(p.Sequence, o.Sequence),
		cmp.Compare(p.Kind, o.Kind), cmp.Compare(p.Record, o.Record))
}

// Page is up to limit events that come after a place in the order of the list, which is the newest
// first; nil is its beginning.
func Page(events []Event, after *Place, limit int) []Event {
	if after != nil {
		first := slices.IndexFunc(events, func(e Event) bool { return e.Place().Compare(*after) < 0 })
		if first < 0 {
			return nil
		}
		events = events[first:]
	}
	return events[:min(len(events), limit)]
}
