package store

import (
	"time"

	"github.com/drover-iot/drover/registry/sink"
)

// Sinks are places outside that lifecycle events are sent to. What a commit publishes is kept for
// them until each has had it, apart from the announcements, which go when all nodes have passed them.

// SinkReader reads sinks and what waits for them.
type SinkReader interface {
	// Sinks lists by name, strictly after one.
	Sinks(after string, limit int) ([]sink.Sink, error)
	Sink(name string) (sink.Sink, error)
	// SinkEvents returns up to limit rows with ID > after, oldest first. It returns fewer when they
	// are large, as Announcements does.
	SinkEvents(after int64, limit int) ([]SinkEvents, error)
	// SinkWaiting counts the rows of SinkEvents with ID > after, up to limit.
	SinkWaiting(after int64, limit int) (int, error)
	// SinkBacklog returns the oldest and the newest row of SinkEvents, without their events; zero
	// when there are none.
	SinkBacklog() (SinkBacklog, error)
	// DeadLetters lists those of a sink by ID.
	DeadLetters(DeadLetterQuery) ([]DeadLetter, error)
	DeadLetterCount(sink int64) (int, error)
}

// SinkEvents is the events of one announcement, kept for sinks.
type SinkEvents struct {
	ID     int64 // of the announcement
	At     time.Time
	Events []Event
}

// SinkBacklog is the two ends of what waits for sinks.
type SinkBacklog struct {
	Oldest, Newest int64     // IDs of announcements
	OldestAt       time.Time // when the oldest one was committed
	Bytes          int64     // of all rows from the oldest to the newest, about
}

// DeadLetterQuery pages the dead letters of a sink.
type DeadLetterQuery struct {
	Sink  int64
	Again bool // only those that are to be sent again
	After int64
	Limit int
}

// A DeadLetter is an event that a sink could not be given.
type DeadLetter struct {
	Sink int64 // sink.Sink.ID
	ID   int64 // grows with the time at which it became one
	// Again says that an operator wants it to be sent again.
	Again bool
	Event Event
	// PublishedAt is when the event was committed, FailedAt when it was given up.
	PublishedAt, FailedAt time.Time
	Attempts              int
	Reason                string
}

// DeadLetterKey names a dead letter.
type DeadLetterKey struct{ Sink, ID int64 }

// SinkChanges are changes of sinks.
type SinkChanges struct {
	// Created inserts sinks; ID and name must be free.
	Created []sink.Sink
	// Definitions rewrites the definitions of sinks that exist, by ID, and Progress how far they are.
	Definitions []sink.Sink
	Progress    []sink.Sink
	// Deleted removes sinks with their dead letters. Removing one that does not exist is ErrConflict.
	Deleted []int64
	// DeadLetters inserts; the key must be free, and the sink exist. DeadLettersDone removes, and
	// removing one that does not exist is no change.
	DeadLetters     []DeadLetter
	DeadLettersDone []DeadLetterKey
	// DeadLettersAgain rewrites DeadLetter.Again, Attempts, FailedAt and Reason of those that exist;
	// of one that does not that is no change.
	DeadLettersAgain []DeadLetter
	// Trim removes the rows of SinkEvents up to an ID, the oldest TrimPage of them at the most; 0
	// removes none.
	Trim int64
}

// TrimPage is how many rows of SinkEvents one change removes.
const TrimPage = 256
