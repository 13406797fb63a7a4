package jobs

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Successes that wait to be confirmed (R-STR-40 to R-STR-42): a row for each, beside its execution.
// A sighting of the thing's client confirms them, or they are silent when their time is over.

// awaitConfirmation stages that an execution that has succeeded waits to be confirmed. It waits in
// place of an earlier attempt of its job.
func awaitConfirmation(tx *commit.Tx, outcome *job.Outcome) error {
	c := outcome.Confirmation
	if c == nil {
		return nil
	}
	if c.Number > 1 {
		earlier, found, err := confirmationOf(tx, c.Job, c.Thing)
		if err != nil {
			return err
		}
		if found {
			x, err := tx.Execution(earlier.ExecutionKey)
			if err != nil {
				return err
			}
			outcome.Job.DropConfirmation(x, tx.Now)
		}
	}
	tx.Changes.Job.Confirmations = append(tx.Changes.Job.Confirmations, *c)
	return nil
}

// confirmationOf finds what a thing waits for in a job.
func confirmationOf(
	r store.ConfirmationReader, key job.Key, thing registry.ThingID,
) (c job.Confirmation, found bool, err error) {
	before := store.ConfirmationCursor{Thing: thing, Job: key - 1}
	page, err := r.Confirmations(before, 1)
	if err != nil || len(page) == 0 || page[0].Thing != thing || page[0].Job != key {
		return c, false, err
	}
	return page[0].Confirmation, true, nil
}

// dropConfirmation stages that an execution that is deleted waits for nothing any more. j is its
// job and is changed.
func dropConfirmation(tx *commit.Tx, j *job.Job, x job.Execution) error {
	if x.Status != job.ExecutionSucceeded || !j.AwaitsConfirmation() || j.Sweep == job.SweepAll {
		return nil
	}
	c, found, err := confirmationOf(tx, x.Job, x.Thing)
	if err != nil || !found || c.Number != x.Number {
		return err
	}
	confirmationDone(tx, c)
	j.DropConfirmation(x, tx.Now)
	return nil
}

// dropConfirmationsOf stages that a thing which is deleted waits for nothing any more: another one
// that gets its name is not seen for it (R-STR-40).
func dropConfirmationsOf(tx *commit.Tx, thing registry.ThingID) error {
	waits, err := tx.ConfirmationsOf(thing, waitsOfThing)
	for _, c := range waits {
		if err == nil {
			err = endConfirmation(tx, c, func(j *job.Job, x job.Execution) error {
				j.DropConfirmation(x, tx.Now)
				return nil
			})
		}
	}
	return err
}

func confirmationDone(tx *commit.Tx, c job.Confirmation) {
	done := store.ConfirmationCursor{Thing: c.Thing, Job: c.Job}
	tx.Changes.Job.ConfirmationsDone = append(tx.Changes.Job.ConfirmationsDone, done)
}

// endConfirmation stages that an execution waits no more. record changes its job.
func endConfirmation(
	tx *commit.Tx, c job.Confirmation, record func(j *job.Job, x job.Execution) error,
) error {
	confirmationDone(tx, c)
	j, err := tx.Job(c.Job)
	if commit.Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	x, err := tx.Execution(c.ExecutionKey)
	if commit.Missing(err) { // it is being deleted with its job
		return nil
	}
	if err == nil {
		err = record(&j, x)
	}
	tx.SetJob(j)
	return err
}

// silenceStep ends up to limit waits whose time is over, and returns how many there were. One
// during which the server was down goes on for its whole time; that of a thing that was deleted
// ends in nothing.
func (b *Background) silenceStep(tx *commit.Tx, limit int) (done int, err error) {
	due, err := tx.DueConfirmations(tx.Now, limit)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	up, err := tx.UpSince()
	if err != nil {
		return 0, err
	}
	for _, c := range due {
		if again := c.Resumed(up); again.Until.After(tx.Now) {
			tx.Changes.Job.Confirmations = append(tx.Changes.Job.Confirmations, again)
			continue
		}
		err := endConfirmation(tx, c, func(j *job.Job, x job.Execution) error {
			if _, err := tx.Thing(x.Thing); commit.Missing(err) {
				j.DropConfirmation(x, tx.Now)
				return nil
			} else if err != nil {
				return err
			}
			j.SilentExecution(x, tx.Now)
			c := &tx.Changes.Job
			c.SilentExecutions = append(c.SilentExecutions, x.ExecutionKey)
			return Publisher{b.Events}.executionSilent(tx, *j, x)
		})
		if err != nil {
			return 0, err
		}
	}
	return len(due), nil
}

// confirm stages what a sighting of a thing confirms. Where the set of things that wait was wrong
// about the thing, it learns what is right.
func confirm(tx *commit.Tx, s seenThing, up time.Time) error {
	waits, err := tx.ConfirmationsOf(s.entry.thing, waitsOfThing)
	if err != nil {
		return err
	}
	learn := &commit.Local[confirmationNews](tx).news
	if len(waits) < waitsOfThing {
		for _, c := range s.entry.waits {
			*learn = append(*learn, store.ConfirmationNews{Thing: c.Thing, Job: c.Job, Done: true})
		}
	}
	for _, c := range waits {
		if !c.ConfirmedBy(s.Sighting, up) {
			*learn = append(*learn, newsOf(c, s.entry.name))
			continue
		}
		err := endConfirmation(tx, c, func(j *job.Job, x job.Execution) error {
			j.ConfirmedExecution(x, tx.Now)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	// sightingsStep is how many things that were seen one commit looks at. Each is a question or
	// two.
	sightingsStep = 100
	// waitsOfThing is how many successes of one thing a sighting confirms. What is more than that
	// is confirmed by the next one.
	waitsOfThing = 100
)

// See takes note that the client of a thing has made a new connection, or has sent something, so
// long ago: the report of a device that has just connected may overtake the news of its connection,
// which confirms nothing then. It reports whether there is something to record now. It is quick, and may be called for every
// packet.
func (b *Background) See(client string, connected bool, ago time.Duration) bool {
	at := func() time.Time { return b.Clock.Now().Add(-ago) }
	return b.waiting.see(client, connected, at)
}

// FollowSightings records what some sightings of clients confirm, and reports whether there were
// any.
func (b *Background) FollowSightings(ctx context.Context) (found bool, err error) {
	if b.waiting.isStale() {
		if _, err := b.LoadConfirmations(ctx); err != nil {
			return false, err
		}
	}
	seen := b.waiting.take(sightingsStep)
	if len(seen) == 0 {
		return false, nil
	}
	err = b.Commits.Do(ctx, func(tx *commit.Tx) error {
		up, err := tx.UpSince()
		for _, s := range seen {
			if err == nil {
				err = confirm(tx, s, up)
			}
		}
		return err
	})
	if err != nil {
		b.waiting.giveBack(seen)
	}
	return err == nil, err
}

// LoadConfirmations reads which things wait, and reports whether any do.
func (b *Background) LoadConfirmations(ctx context.Context) (any bool, err error) {
	const page = 1000
	b.waiting.forget()
	err = b.Store.Read(ctx, func(r store.Reader) error {
		for after := (store.ConfirmationCursor{}); ; {
			found, err := r.Confirmations(after, page)
			news := make([]store.ConfirmationNews, len(found))
			for i, c := range found {
				after = store.ConfirmationCursor{Thing: c.Thing, Job: c.Job}
				news[i] = newsOf(c.Confirmation, c.ThingName)
			}
			b.waiting.learn(news)
			any = any || len(found) > 0
			if err != nil || len(found) < page {
				return err
			}
		}
	})
	if err == nil {
		b.waiting.loaded()
	}
	return any, err
}

// newsOf says that an execution waits to be confirmed.
func newsOf(c job.Confirmation, thing string) store.ConfirmationNews {
	return store.ConfirmationNews{
		Thing:      c.Thing,
		Job:        c.Job,
		Name:       thing,
		ReportedAt: c.ReportedAt,
	}
}

// confirmationNews is what a commit has changed about successes that wait.
type confirmationNews struct{ news []store.ConfirmationNews }

// Applied has nodes learn which things wait from now on, and which do not any more. It is a hook of
// every commit.
func (b *Background) Applied(tx *commit.Tx, c *store.Changes) {
	added, done := c.Job.Confirmations, c.Job.ConfirmationsDone
	if len(added)+len(done) == 0 {
		return
	}
	news := make([]store.ConfirmationNews, 0, len(added)+len(done))
	for _, d := range done {
		news = append(news, store.ConfirmationNews{Thing: d.Thing, Job: d.Job, Done: true})
	}
	for _, a := range added {
		// Without its name the thing is not seen before the set is read again.
		name, _ := tx.ThingName(a.Thing)
		news = append(news, newsOf(a, name))
	}
	all := commit.Local[confirmationNews](tx)
	all.news = append(all.news, news...)
	if b.Shared {
		tx.TellNodes(store.ForNodes{Confirmations: news})
	}
}

// Committed follows what a commit has changed about successes that wait. It is a hook of every
// commit.
func (b *Background) Committed(tx *commit.Tx) {
	b.waiting.learn(commit.Local[confirmationNews](tx).news)
}

// Learn follows what the commit of another node has changed about successes that wait.
func (b *Background) Learn(f store.ForNodes) { b.waiting.learn(f.Confirmations) }

// ForgetConfirmations is for a node that was given up: it has missed what others announced.
func (b *Background) ForgetConfirmations() { b.waiting.forget() }
