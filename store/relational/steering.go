package relational

import (
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// What steering stores beside jobs and executions: the things that wait for a retry, the things
// that are held, and the successes that wait to be confirmed.

const (
	saveWaitingRetry = `INSERT INTO waiting_retry (job, thing) VALUES (?, ?)
		ON CONFLICT DO NOTHING`
	deleteWaitingRetry = `DELETE FROM waiting_retry WHERE job = ? AND thing = ?`
	listWaitingRetries = `SELECT job, thing FROM waiting_retry
		WHERE job = ? ORDER BY thing LIMIT ?`
)

func (t jobWriter) putWaitingRetry(w store.WaitingRetry) error {
	return t.stmt(saveWaitingRetry).int(int64(w.Job)).int(int64(w.Thing)).run()
}

func (t jobWriter) removeWaitingRetry(w store.WaitingRetry) error {
	return t.stmt(deleteWaitingRetry).int(int64(w.Job)).int(int64(w.Thing)).run()
}

func (r reader) WaitingRetries(key job.Key, limit int) ([]store.WaitingRetry, error) {
	s := r.stmt(listWaitingRetries).int(int64(key)).limit(limit)
	return all(s, func(s stmt) store.WaitingRetry {
		return store.WaitingRetry{Job: job.Key(s.getInt()), Thing: registry.ThingID(s.getInt())}
	})
}

const (
	// A thing that is gone has no row to select, which is a conflict.
	saveHold = `INSERT INTO thing_hold (thing, reason, since, until)
		SELECT id, CAST(?2 AS TEXT), CAST(?3 AS BIGINT), CAST(?4 AS BIGINT)
		FROM thing WHERE id = ?1
		ON CONFLICT (thing) DO UPDATE
			SET reason = excluded.reason, since = excluded.since, until = excluded.until`
	deleteHold = `DELETE FROM thing_hold WHERE thing = ?`

	holdColumns = `thing, reason, since, until`
	selectHold  = `SELECT ` + holdColumns + ` FROM thing_hold WHERE thing = ?`
	listHolds   = `SELECT ` + holdColumns + ` FROM thing_hold WHERE thing > ? ORDER BY thing LIMIT ?`

	listDueHolds = `SELECT ` + holdColumns + ` FROM thing_hold INDEXED BY thing_hold_due
		WHERE until IS NOT NULL AND until <= ? ORDER BY until, thing LIMIT ?`
)

func (t jobWriter) hold(h job.Hold) error {
	return t.stmt(saveHold).int(int64(h.Thing)).text(h.Reason).time(h.Since).maybeTime(h.Until).
		change()
}

func (t *Tx) release(thing registry.ThingID) error {
	return t.stmt(deleteHold).int(int64(thing)).run()
}

func scanHold(s stmt) job.Hold {
	return job.Hold{
		Thing:  registry.ThingID(s.getInt()),
		Reason: s.getText(),
		Since:  s.getTime(),
		Until:  s.getMaybeTime(),
	}
}

func (r reader) HoldOf(thing registry.ThingID) (job.Hold, error) {
	return one(r.stmt(selectHold).int(int64(thing)), scanHold)
}

func (r reader) Holds(after registry.ThingID, limit int) ([]job.Hold, error) {
	return all(r.stmt(listHolds).int(int64(after)).limit(limit), scanHold)
}

func (r reader) DueHolds(now time.Time, limit int) ([]job.Hold, error) {
	return all(r.stmt(listDueHolds).time(now).limit(limit), scanHold)
}

const (
	saveConfirmation = `INSERT INTO confirmation (thing, job, number, reported_at, until)
		VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (thing, job) DO UPDATE SET number = excluded.number,
			reported_at = excluded.reported_at, until = excluded.until`
	deleteConfirmation = `DELETE FROM confirmation WHERE thing = ? AND job = ?`

	confirmationColumns = `thing, job, number, reported_at, until`
	listConfirmations   = `SELECT ` + confirmationColumns + `,
			(SELECT name FROM thing WHERE id = confirmation.thing)
		FROM confirmation WHERE (thing, job) > (?, ?) ORDER BY thing, job LIMIT ?`
	listConfirmationsOf = `SELECT ` + confirmationColumns + ` FROM confirmation
		WHERE thing = ? ORDER BY job LIMIT ?`

	listConfirmationsOfJob = `SELECT ` + confirmationColumns + ` FROM confirmation
		INDEXED BY confirmation_of_job WHERE job = ? ORDER BY thing LIMIT ?`
	listDueConfirmations = `SELECT ` + confirmationColumns + ` FROM confirmation
		INDEXED BY confirmation_due WHERE until <= ? ORDER BY until, job, thing LIMIT ?`
)

func (t jobWriter) putConfirmation(c job.Confirmation) error {
	return t.stmt(saveConfirmation).int(int64(c.Thing)).int(int64(c.Job)).int(c.Number).
		time(c.ReportedAt).time(c.Until).run()
}

func (t jobWriter) removeConfirmation(at store.ConfirmationCursor) error {
	return t.stmt(deleteConfirmation).int(int64(at.Thing)).int(int64(at.Job)).run()
}

func scanConfirmation(s stmt) (c job.Confirmation) {
	c.Thing, c.Job, c.Number = registry.ThingID(s.getInt()), job.Key(s.getInt()), s.getInt()
	c.ReportedAt, c.Until = s.getTime(), s.getTime()
	return c
}

func (r reader) Confirmations(
	after store.ConfirmationCursor, limit int,
) ([]store.NamedConfirmation, error) {
	s := r.stmt(listConfirmations).int(int64(after.Thing)).int(int64(after.Job)).limit(limit)
	return all(s, func(s stmt) store.NamedConfirmation {
		return store.NamedConfirmation{Confirmation: scanConfirmation(s), ThingName: s.getText()}
	})
}

func (r reader) ConfirmationsOf(thing registry.ThingID, limit int) ([]job.Confirmation, error) {
	return all(r.stmt(listConfirmationsOf).int(int64(thing)).limit(limit), scanConfirmation)
}

func (r reader) ConfirmationsOfJob(key job.Key, limit int) ([]job.Confirmation, error) {
	return all(r.stmt(listConfirmationsOfJob).int(int64(key)).limit(limit), scanConfirmation)
}

func (r reader) DueConfirmations(now time.Time, limit int) ([]job.Confirmation, error) {
	return all(r.stmt(listDueConfirmations).time(now).limit(limit), scanConfirmation)
}
