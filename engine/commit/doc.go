// Package commit turns requests into durable changes. Requests that wait at the same time are
// decided one after the other against one transaction, committed together with a single sync, and
// only then answered (R-CON-25).
//
// The package knows no use case. A use case is a Decision: a function that reads through a Tx and
// says there what it wants written. What follows from the requests of a commit is the business of
// the Hooks that the engine registers. Nothing here may decide about a job or a thing.
//
// Start with committer.go (from the request to the answer), then tx.go (what a decision reads and
// writes) and jobcache.go (why a job is written once per commit, however many requests touch it).
// outbox.go remembers what is still to be announced to devices.
package commit
