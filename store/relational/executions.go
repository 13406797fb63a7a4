package relational

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

const (
	insertJobThing = `INSERT INTO job_thing (job, name, thing)
		SELECT CAST(?1 AS BIGINT), name, id FROM thing WHERE id = ?2 ON CONFLICT DO NOTHING`

	insertExecution = `INSERT INTO execution (status, times_out_at, version,
		used_failed, used_timed_out, force_canceled, started_at, updated_at,
		deadline, step_deadline, details, token, show_at, job, thing, number,
		attempt, queued_at, sequence, wave, windowed)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
			(SELECT id FROM thing WHERE id = ?15), ?16, ?17, ?18, ?19, ?20,
			(SELECT windowed FROM job WHERE key = ?14))`
)

// The statements that a commit has most of. A database that is far away may run each of them for
// many rows at once.
const (
	InsertJobThing  = insertJobThing
	InsertExecution = insertExecution
	UpdateExecution = updateExecution
)

// createExecution writes an execution, and with the first one of a thing the row that the list of
// the job's executions is ordered by. A thing or a job that is gone is a conflict.
func (t jobWriter) createExecution(e job.Execution) error {
	err := t.stmt(insertJobThing).int(int64(e.Job)).int(int64(e.Thing)).run()
	if err != nil {
		return err
	}
	return t.stmt(insertExecution).progress(e).executionKey(e.ExecutionKey).
		int(int64(e.Attempt)).time(e.QueuedAt).int(e.Sequence).int(int64(e.Wave)).change()
}

// progress binds what changes in an execution.
func (s stmt) progress(e job.Execution) stmt {
	return s.int(int64(e.Status)).maybeTime(e.TimesOutAt()).detail(e)
}

// detail binds what changes in an execution and stands in no index.
func (s stmt) detail(e job.Execution) stmt {
	return s.int(e.Version).int(int64(e.RetriesUsed.Failed)).int(int64(e.RetriesUsed.TimedOut)).
		bool(e.ForceCanceled).maybeTime(e.StartedAt).time(e.UpdatedAt).
		maybeTime(e.Deadline).maybeTime(e.StepDeadline).maybeMap(e.Details).maybeText(e.Message).
		maybeTime(e.ShowAt)
}

func (s stmt) executionKey(k job.ExecutionKey) stmt {
	return s.int(int64(k.Job)).int(int64(k.Thing)).int(k.Number)
}

const (
	detailColumns = `version = ?, used_failed = ?, used_timed_out = ?, force_canceled = ?,
		started_at = ?, updated_at = ?, deadline = ?, step_deadline = ?, details = ?, token = ?, show_at = ?
		WHERE job = ? AND thing = ? AND number = ? AND version = ?`

	updateExecution = `UPDATE execution SET status = ?, times_out_at = ?, ` + detailColumns

	updateDetail = `UPDATE execution SET ` + detailColumns + `
		AND status = ? AND times_out_at IS NOT DISTINCT FROM ?`
)

// updateExecution rewrites an execution, whose stored version is one less. One that runs on with
// its deadlines as they were, which is most of what devices say, stands where it stood in every
// index; a database that rewrites the entries of named columns, changed or not, writes it at a
// third of the price when they are not named.
func (t jobWriter) updateExecution(e job.Execution) error {
	if t.db.RewritesIndexes() && e.Status == job.ExecutionInProgress && !e.UpdatedAt.Equal(e.StartedAt) {
		err := t.stmt(updateDetail).detail(e).executionKey(e.ExecutionKey).int(e.Version - 1).
			int(int64(e.Status)).maybeTime(e.TimesOutAt()).change()
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return t.rewriteExecution(e, e.Version-1)
}

const silenceExecution = `UPDATE execution SET silent = 1 WHERE job = ? AND thing = ? AND number = ?`

func (t jobWriter) silenceExecution(k job.ExecutionKey) error {
	return t.stmt(silenceExecution).executionKey(k).change()
}

func (t jobWriter) amendExecution(e job.Execution) error { return t.rewriteExecution(e, e.Version) }

// rewriteExecution rewrites an execution that is stored at this version; any other is a conflict.
func (t jobWriter) rewriteExecution(e job.Execution, version int64) error {
	return t.stmt(updateExecution).progress(e).executionKey(e.ExecutionKey).int(version).change()
}

const (
	deleteExecution = `DELETE FROM execution WHERE job = ? AND thing = ? AND number = ?`

	// A number above all that are left is remembered.
	insertDroppedNumber = `INSERT INTO dropped_number (job, thing, number)
		SELECT CAST(?1 AS BIGINT), CAST(?2 AS BIGINT), CAST(?3 AS BIGINT) WHERE NOT EXISTS (
			SELECT 1 FROM execution WHERE job = ?1 AND thing = ?2 AND number > ?3)
		ON CONFLICT (job, thing) DO UPDATE SET number = CASE
			WHEN excluded.number > dropped_number.number THEN excluded.number
			ELSE dropped_number.number END`

	deleteDroppedNumber = `DELETE FROM dropped_number WHERE job = ? AND thing = ?`

	deleteJobThing = `DELETE FROM job_thing WHERE job = ?1 AND thing = ?2
		AND name = (SELECT name FROM thing WHERE id = ?2
			UNION ALL SELECT name FROM deleted_thing WHERE id = ?2)
		AND NOT EXISTS (SELECT 1 FROM execution WHERE job = ?1 AND thing = ?2)`
)

// removeExecution deletes an execution. The number of the newest is remembered, because the next
// execution of the job on the thing must have a higher one, unless the job is ending. The thing
// leaves the job's list with its last execution of the job, and the name of a deleted thing goes
// with its last one of all.
func (t jobWriter) removeExecution(k job.ExecutionKey, ending bool) error {
	if err := t.stmt(deleteExecution).executionKey(k).change(); err != nil {
		return err
	}
	if !ending {
		if err := t.stmt(insertDroppedNumber).executionKey(k).run(); err != nil {
			return err
		}
	}
	err := t.stmt(deleteJobThing).int(int64(k.Job)).int(int64(k.Thing)).run()
	if err != nil {
		return err
	}
	return t.stmt(deleteThingName).int(int64(k.Thing)).run()
}

func (t jobWriter) forgetNumber(n store.UsedNumber) error {
	return t.stmt(deleteDroppedNumber).int(int64(n.Job)).int(int64(n.Thing)).run()
}

// The last column is whether the thing is held, which is 1 or 0: a look-up by the key.
const executionColumns = `e.job, e.thing, e.number, e.status, e.version, e.attempt,
	e.used_failed, e.used_timed_out, e.force_canceled, e.queued_at, e.started_at, e.updated_at,
	e.sequence, e.deadline, e.step_deadline, e.details, e.token, e.show_at, e.wave, e.silent,
	(SELECT count(*) FROM thing_hold h WHERE h.thing = e.thing)`

func scanExecution(s stmt) (e job.Execution) {
	e.Job, e.Thing, e.Number = job.Key(s.getInt()), registry.ThingID(s.getInt()), s.getInt()
	e.Status, e.Version, e.Attempt = job.ExecutionStatus(s.getInt()), s.getInt(), int(s.getInt())
	e.RetriesUsed.Failed, e.RetriesUsed.TimedOut = int(s.getInt()), int(s.getInt())
	e.ForceCanceled = s.getBool()
	e.QueuedAt, e.StartedAt, e.UpdatedAt = s.getTime(), s.getMaybeTime(), s.getTime()
	e.Sequence = s.getInt()
	e.Deadline, e.StepDeadline = s.getMaybeTime(), s.getMaybeTime()
	e.Details, e.Message = s.getMap(), s.getText()
	e.ShowAt, e.Wave, e.Silent = s.getMaybeTime(), uint8(s.getInt()), s.getBool()
	e.Held = s.getBool()
	return e
}

// scanNamed reads an execution, the id and the namespace of its job, and the name of its thing.
func scanNamed(s stmt) (n store.NamedExecution) {
	n.Execution = scanExecution(s)
	n.JobID, n.Namespace, n.ThingName = s.getText(), s.getText(), s.getText()
	return n
}

const selectExecution = `SELECT ` + executionColumns + ` FROM execution e
	WHERE job = ? AND thing = ? AND number = ?`

func (r reader) Execution(k job.ExecutionKey) (job.Execution, error) {
	return one(r.stmt(selectExecution).executionKey(k), scanExecution)
}

const selectLatest = `SELECT ` + executionColumns + ` FROM execution e WHERE job = ? AND thing = ?
	ORDER BY number DESC LIMIT 1`

func (r reader) Latest(key job.Key, thing registry.ThingID) (job.Execution, error) {
	return one(r.stmt(selectLatest).int(int64(key)).int(int64(thing)), scanExecution)
}

const selectLastNumber = `SELECT number FROM execution WHERE job = ?1 AND thing = ?2
	UNION ALL SELECT number FROM dropped_number WHERE job = ?1 AND thing = ?2
	ORDER BY number DESC LIMIT 1`

func (r reader) LastNumber(key job.Key, thing registry.ThingID) (int64, error) {
	return orZero(
		one(r.stmt(selectLastNumber).int(int64(key)).int(int64(thing)), stmt.getInt))
}

const listDroppedNumbers = `SELECT thing FROM dropped_number WHERE job = ? ORDER BY thing LIMIT ?`

func (r reader) UsedNumbers(key job.Key, limit int) ([]registry.ThingID, error) {
	s := r.stmt(listDroppedNumbers).int(int64(key)).limit(limit)
	return all(s, func(s stmt) registry.ThingID { return registry.ThingID(s.getInt()) })
}

const listPending = `SELECT ` + executionColumns + ` FROM execution e INDEXED BY execution_pending
	WHERE thing = ? AND status <= 1 ORDER BY status DESC, queued_at, sequence LIMIT ?`

func (r reader) Pending(thing registry.ThingID, limit int) ([]job.Execution, error) {
	return all(r.stmt(listPending).int(int64(thing)).limit(limit), scanExecution)
}

const listQueuedOfThing = `SELECT ` + executionColumns + `
	FROM execution e INDEXED BY execution_pending
	WHERE thing = ? AND status <= 1 AND status = 0 AND (queued_at, sequence) > (?, ?)
	ORDER BY queued_at, sequence LIMIT ?`

func (r reader) QueuedOfThing(
	thing registry.ThingID, after job.QueueCursor, limit int,
) ([]job.Execution, error) {
	s := r.stmt(listQueuedOfThing).int(int64(thing)).time(after.QueuedAt).int(after.Sequence)
	return all(s.limit(limit), scanExecution)
}

const listPendingWindowed = `SELECT ` + executionColumns + `
	FROM execution e INDEXED BY execution_windowed
	WHERE thing = ? AND status <= 1 AND windowed = 1
	ORDER BY status DESC, queued_at, sequence LIMIT ?`

func (r reader) PendingWindowed(thing registry.ThingID, limit int) ([]job.Execution, error) {
	return all(r.stmt(listPendingWindowed).int(int64(thing)).limit(limit), scanExecution)
}

// status <= 1 is what lets SQLite use the partial index.
const listPendingOfJob = `SELECT ` + executionColumns + `
	FROM execution e INDEXED BY execution_pending_of_job
	WHERE job = ? AND status <= 1 AND status = ? AND (thing, number) > (?, ?)
	ORDER BY thing, number LIMIT ?`

func (r reader) PendingOfJob(
	key job.Key, status job.ExecutionStatus, after job.ExecutionCursor, limit int,
) ([]job.Execution, error) {
	s := r.stmt(listPendingOfJob).int(int64(key)).int(int64(status)).
		int(int64(after.Thing)).int(after.Number).limit(limit)
	return all(s, scanExecution)
}

const listAnyOfJob = `SELECT ` + executionColumns + ` FROM execution e WHERE job = ?
	ORDER BY thing, number LIMIT ?`

func (r reader) SomeOfJob(key job.Key, limit int) ([]job.Execution, error) {
	return all(r.stmt(listAnyOfJob).int(int64(key)).limit(limit), scanExecution)
}

const listDueExecutions = `SELECT ` + executionColumns + ` FROM execution e INDEXED BY execution_due
	WHERE times_out_at IS NOT NULL AND times_out_at <= ? ORDER BY times_out_at, sequence LIMIT ?`

func (r reader) DueExecutions(now time.Time, limit int) ([]job.Execution, error) {
	return all(r.stmt(listDueExecutions).time(now).limit(limit), scanExecution)
}

// The list walks the job's things by name, and each thing's executions from the newest on.
const listExecutionsOfJob = `SELECT ` + executionColumns + `, j.id, j.namespace, t.name
	FROM job_thing t
	CROSS JOIN execution e ON e.job = t.job AND e.thing = t.thing
	CROSS JOIN job j ON j.key = t.job
	WHERE t.job = ?1 AND (t.name, t.thing) >= (?2, ?3) AND (t.name, t.thing) <= (?7, ?8)
		AND ((t.name, t.thing) > (?2, ?3) OR e.number < ?4) AND (?5 < 0 OR e.status = ?5)
	ORDER BY t.name, t.thing, e.number DESC LIMIT ?6`

// ExecutionsOfJob ends at the q.Things-th thing from the cursor on, so that a list that finds
// little does not read the whole fleet.
func (r reader) ExecutionsOfJob(q store.JobExecutionQuery) ([]store.NamedExecution, error) {
	after := store.JobExecutionCursor{}
	if q.After != nil {
		after = *q.After
	}
	last := store.JobExecutionCursor{ThingName: afterPrefix("")}
	if q.Things > 0 {
		at, err := r.NthThing(q.Job, q.After, q.Things)
		switch {
		case err == nil:
			last = at
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
	}
	s := r.stmt(listExecutionsOfJob).int(int64(q.Job)).text(after.ThingName).
		int(int64(after.Thing)).int(after.Number).int(filter(q.Status)).limit(q.Limit)
	return all(s.text(last.ThingName).int(int64(last.Thing)), scanNamed)
}

const selectNthThing = `SELECT name, thing FROM job_thing
	WHERE job = ? AND (name, thing) >= (?, ?) ORDER BY name, thing LIMIT 1 OFFSET ?`

func (r reader) NthThing(
	key job.Key, after *store.JobExecutionCursor, n int,
) (store.JobExecutionCursor, error) {
	from := store.JobExecutionCursor{}
	if after != nil {
		from = *after
	}
	s := r.stmt(selectNthThing).int(int64(key)).text(from.ThingName).int(int64(from.Thing)).
		int(int64(n - 1))
	return one(s, func(s stmt) store.JobExecutionCursor {
		return store.JobExecutionCursor{ThingName: s.getText(), Thing: registry.ThingID(s.getInt())}
	})
}

// filter is the number of a status, negative for any.
func filter(s *job.ExecutionStatus) int64 {
	if s == nil {
		return -1
	}
	return int64(*s)
}

// Those of one job are few, and found by its key.
const (
	namedOfThing = `SELECT ` + executionColumns + `, j.id, j.namespace, '' FROM execution e`

	pageOfThing = `
			AND (e.queued_at < ?2 OR j.id > ?3 OR j.id = ?3 AND e.number < ?4)
		ORDER BY e.queued_at DESC, j.id, e.number DESC LIMIT ?5`

	listExecutionsOfThing = namedOfThing + ` INDEXED BY execution_of_thing
		CROSS JOIN job j ON j.key = e.job WHERE e.thing = ?1 AND e.queued_at <= ?2` + pageOfThing

	listJobOnThing = namedOfThing + `
		CROSS JOIN job j ON j.key = e.job WHERE e.job = ?6 AND e.thing = ?1 AND +e.queued_at <= ?2` + pageOfThing
)

// ExecutionsOfThing reads the name of the thing once: in the join it would be looked up for every
// row.
func (r reader) ExecutionsOfThing(q store.ThingExecutionQuery) ([]store.NamedExecution, error) {
	queued, after := int64(math.MaxInt64), store.ThingExecutionCursor{}
	if q.After != nil {
		queued, after = q.After.QueuedAt.UnixMilli(), *q.After
	}
	sql := listExecutionsOfThing
	if q.Job != 0 {
		sql = listJobOnThing
	}
	s := r.stmt(sql).int(int64(q.Thing)).int(queued).text(after.JobID).int(after.Number).
		limit(q.Limit)
	if q.Job != 0 {
		s.int(int64(q.Job))
	}
	found, err := all(s, scanNamed)
	if err != nil || len(found) == 0 {
		return found, err
	}
	name, err := r.ThingName(q.Thing)
	if err != nil {
		return nil, fmt.Errorf("name of thing %d: %w", q.Thing, err)
	}
	for i := range found {
		found[i].ThingName = name
	}
	return found, nil
}
