package commit

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// What is measured of commits, for whoever watches the server. A committer that nobody observes
// measures nothing but whether it hangs.

// Made is what is known of one commit, or of one that has failed, by the clock of the machine.
type Made struct {
	// Began is when the committer asked the store for its turn to write, Turn when it had it,
	// Decided when its requests were decided and their rows written, Ended when it was on stable
	// storage or given up. Turn and Decided are zero in a commit that did not come so far.
	Began, Turn, Decided, Ended time.Time
	// Requests is how many requests were decided, Rows how much they have written (Tx.Work).
	Requests, Rows int
	// Entered is how many executions came into each status: they were created in it, or got there by
	// an event such as a report, a timeout or a cancellation.
	Entered job.Counts
	// Purged is what of ended jobs was removed because they were kept long enough.
	Purged Purged
	// Announced is the id of the announcement, 0 without one.
	Announced int64
	// Traced are the requests that were decided, when Config.Traced wants to know them.
	Traced []Traced
	// Err is why the commit was given up; nil for one that was made.
	Err error
}

// Purged counts jobs and executions that were removed because their job was kept long enough.
type Purged struct{ Jobs, Executions int }

// CountPurged adds to what the commit has purged, unless the request is refused.
func (tx *Tx) CountPurged(p Purged) {
	tx.purging.Jobs += p.Jobs
	tx.purging.Executions += p.Executions
}

// Traced is what is known of one request of a commit.
type Traced struct {
	// Context is that of the request.
	Context context.Context
	// Waited is since when it has waited for the commit; it was decided from Began to Decided.
	Waited, Began, Decided time.Time
	// Refused is the error that is its answer.
	Refused error
}

// machineTime is the time of the machine's clock, by which the work of a commit is measured. Nothing
// is decided by it, and nothing stored.
func machineTime() time.Time { return time.Now() }

// hang is what shows whether a committer hangs: when it began what it does now, in nanoseconds of
// the Unix epoch; 0 while it does nothing.
type hang struct{ since atomic.Int64 }

func (h *hang) begin() { h.since.Store(machineTime().UnixNano()) }
func (h *hang) end()   { h.since.Store(0) }

// Busy is how long the committer has worked on the commit that it makes now; 0 when it makes none.
// A commit takes milliseconds, and one that its store refuses some seconds. Minutes are a committer
// that hangs.
func (c *Committer) Busy() time.Duration {
	since := c.hang.since.Load()
	if since == 0 {
		return 0
	}
	return machineTime().Sub(time.Unix(0, since))
}

// LastWritten is when a commit that writes rows was made last, by the clock of the machine; zero before the first.
func (c *Committer) LastWritten() time.Time {
	at := c.written.Load()
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(0, at)
}

// probeSetting is the setting that Probe writes.
const probeSetting = "probe"

// Probe makes a commit that writes one small value, and returns when it is on stable storage.
func (c *Committer) Probe(ctx context.Context) error {
	return c.Do(ctx, func(tx *Tx) error {
		text, err := tx.Now.MarshalText()
		tx.Changes.Settings = append(tx.Changes.Settings, store.Setting{
			Name:  probeSetting,
			Value: text,
		})
		return err
	})
}

// began is the time now, for a commit that is observed; zero otherwise.
func (c *Committer) began() time.Time {
	if c.Observe == nil {
		return time.Time{}
	}
	return machineTime()
}

// traces returns what notes the requests of a commit; nil when nobody wants to know them.
func (c *Committer) traces(made *Made) func(Traced) {
	if !c.Traced || c.Observe == nil {
		return nil
	}
	return func(one Traced) { made.Traced = append(made.Traced, one) }
}

// observe reports a commit to who observes it.
func (c *Committer) observe(made *Made, tx *Tx, answers []error, err error) {
	if err == nil && tx.work > 0 { // an empty one shows nothing of the store
		c.written.Store(machineTime().UnixNano())
	}
	if c.Observe == nil {
		return
	}
	made.Ended, made.Err = machineTime(), err
	made.Requests = len(answers)
	if tx != nil && err == nil {
		made.Rows, made.Announced = tx.work, tx.announced
		made.Entered, made.Purged = tx.entered, tx.purged
	}
	c.Observe(*made)
}
