// Package store is the contract between the engine and whatever keeps its state: the embedded
// SQLite, the in-memory reference, later PostgreSQL. It holds no decision: a store reads facts and
// applies changes.
//
// Promises of every store, checked by storetest on each of them:
//   - Write runs its function alone: it sees every earlier commit and its own changes, nobody sees
//     them before the commit, and when Write returns nil they are on stable storage (R-CON-25).
//     When the function returns an error nothing of it is kept.
//   - Read sees one consistent state, at least as new as the last commit acknowledged before it
//     began.
//   - Lists have a total order that is stable under inserts, and resume strictly after the key they
//     are given. Limits are honoured exactly; a shorter page is the last one, unless the method
//     says otherwise.
//   - Names compare byte by byte, so names that differ only in case are different.
//   - Times are UTC and keep milliseconds; the zero time is kept as zero.
//   - Values are copies: callers may change what they gave and what they got. An empty map or slice
//     may come back nil.
//   - What does not exist is ErrNotFound. A change that does not fit what is stored is ErrConflict:
//     unless its field of Changes says otherwise, inserting what exists and changing or removing
//     what does not. A write in which a change failed is given up as a whole, even when its
//     function returns nil. Apply says so, or a later read of the write, or Write itself: a store
//     may gather changes.
//   - Texts are UTF-8 without zero bytes, as JSON, names and MQTT's strings are.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// ErrNotFound says that the thing, job, execution, … does not exist.
var ErrNotFound = errors.New("not found")

// ErrConflict says that a change does not fit what is stored: a taken name, an execution that is
// not at the version before the one written.
var ErrConflict = errors.New("conflict")

// Store keeps the state of one server.
type Store interface {
	// Read calls f with a consistent view. Reads run beside each other and beside the writer.
	Read(ctx context.Context, f func(Reader) error) error
	// Write calls f with the writer's transaction and commits what it applied, with a single sync.
	Write(ctx context.Context, f func(Tx) error) error
	// Reset removes everything that was ever applied (R-CON-10 does not reach across it), all but
	// the settings whose names begin with SecretPrefix. Keys go on growing, so that nothing that
	// knows an old one mistakes it for a new one.
	Reset(ctx context.Context) error
	// Close waits for running functions and releases the store.
	Close() error
}

// Tx is the transaction of the one writer.
type Tx interface {
	Reader
	// Apply is the only way to write. It may be called several times in one transaction, and later
	// reads of the same transaction see what it did.
	Apply(Changes) error
	// Heads reads ahead what requests of devices begin with: the keys of things, by their names,
	// whether they are held, and up to pending of their first pending executions, in one question. It leaves out names of no
	// thing. A store to which a question costs nothing may answer nothing.
	Heads(names []string, pending int) ([]Head, error)
	// LastNumbers reads ahead what LastNumber answers for many things, in one question; 0 where it
	// answers 0. A store to which a question costs nothing may answer nothing.
	LastNumbers(job.Key, []registry.ThingID) (map[registry.ThingID]int64, error)
	// Time is that of the clock of all nodes on the store when the write got its turn; the zero time
	// where there is none but the machine's.
	Time() time.Time
	// NextKeys returns fresh keys; they are never handed out twice, not even when the transaction
	// is given up.
	NextKeys() Keys
}

// A Head is a thing, whether it is held, and its first pending executions, as Pending has them.
type Head struct {
	Name    string
	Thing   registry.ThingID
	Held    bool
	Pending []job.Execution
}
