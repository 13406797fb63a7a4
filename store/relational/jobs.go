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
	insertJob = `INSERT INTO job
		(key, id, created_at, status, concurrent, selection, namespace, definition, rollout,
			windowed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertJobDocument = `INSERT INTO job_document (job, document, original) VALUES (?, ?, ?)`

	insertJobState = `INSERT INTO job_state (job, due, ended, state) VALUES (?, ?, ?, ?)`
)

// createJob writes a job in three rows: the definition, which changes rarely, the document, which
// never does and may be large, and the state, which every report rewrites.
func (t jobWriter) createJob(c store.CreatedJob) error {
	j := c.Job
	err := t.stmt(insertJob).int(int64(j.Key)).text(j.ID).time(j.CreatedAt).text(string(j.Status)).
		bool(j.Concurrent()).text(string(j.TargetSelection)).text(j.Namespace).
		json(j.Definition).maybeRollout(j).bool(j.Schedule.Windowed()).change()
	if err != nil {
		return err
	}
	err = t.stmt(insertJobDocument).int(int64(j.Key)).text(c.Document).maybeText(c.Original).change()
	if err != nil {
		return err
	}
	err = t.stmt(insertJobState).int(int64(j.Key)).maybeTime(j.Due).maybeTime(ended(j)).
		json(cutState(j.State)).change()
	if err != nil {
		return err
	}
	return t.insertTargets(j)
}

// maybeRollout binds the membership number of a job's rollout, NULL when it has none.
func (s stmt) maybeRollout(j job.Job) stmt {
	if number, ok := j.RolloutMembership(); ok {
		return s.int(number)
	}
	return s.null()
}

// ended is when a job that has ended changed last, zero before.
func ended(j job.Job) time.Time {
	if j.Status == job.Completed || j.Status == job.Canceled {
		return j.UpdatedAt
	}
	return time.Time{}
}

// cutState cuts the times that are kept as JSON to what the contract keeps.
func cutState(s job.State) job.State {
	for _, t := range []*time.Time{
		&s.UpdatedAt, &s.CompletedAt, &s.Progress.NextTick, &s.Due, &s.WindowEdge,
	} {
		*t = t.UTC().Truncate(time.Millisecond)
	}
	return s
}

const (
	insertJobTarget = `INSERT INTO job_target (resource, created_at, id, job)
		SELECT CAST(? AS TEXT), created_at, id, key FROM job WHERE key = ?
		ON CONFLICT DO NOTHING`
	deleteJobTargets = `DELETE FROM job_target WHERE job = ?`

	insertContinuousTarget = `INSERT INTO continuous_target (thing_group, active, job)
		SELECT CAST(? AS BIGINT),
			CASE WHEN status IN ('SCHEDULED', 'IN_PROGRESS') THEN 1 ELSE 0 END, key
		FROM job WHERE key = ?
		ON CONFLICT DO NOTHING`
	deleteContinuousTargets = `DELETE FROM continuous_target WHERE job = ?`
)

// insertTargets writes the rows that jobs are found by: all targets for the list of a target's
// jobs, the groups of a continuous job for what happens when their members change.
func (t jobWriter) insertTargets(j job.Job) error {
	err := each(j.Targets, func(target job.Target) error {
		return t.stmt(insertJobTarget).text(target.Resource()).int(int64(j.Key)).run()
	})
	if err != nil || j.TargetSelection != job.Continuous {
		return err
	}
	return each(j.TargetGroups, func(group registry.GroupID) error {
		return t.stmt(insertContinuousTarget).int(int64(group)).int(int64(j.Key)).run()
	})
}

const updateJob = `UPDATE job SET created_at = ?, selection = ?, namespace = ?, definition = ?
	WHERE key = ?`

func (t jobWriter) updateDefinition(j job.Job) error {
	err := t.stmt(updateJob).time(j.CreatedAt).text(string(j.TargetSelection)).text(j.Namespace).
		json(j.Definition).int(int64(j.Key)).change()
	if err != nil {
		return err
	}
	for _, sql := range []string{deleteJobTargets, deleteContinuousTargets} {
		if err := t.stmt(sql).int(int64(j.Key)).run(); err != nil {
			return err
		}
	}
	return t.insertTargets(j)
}

const (
	updateJobState = `UPDATE job_state SET due = ?, ended = ?, state = ? WHERE job = ?`

	updateJobStatus = `UPDATE job SET status = ?1, concurrent = ?3, rollout = ?4
		WHERE key = ?2 AND (status <> ?1 OR concurrent <> ?3 OR rollout IS DISTINCT FROM ?4)`
)

// updateState writes the state, and its copies in the row that lists are filtered by where they
// differ: most states change without them.
func (t jobWriter) updateState(j job.Job) error {
	err := t.stmt(updateJobState).maybeTime(j.Due).maybeTime(ended(j)).json(cutState(j.State)).
		int(int64(j.Key)).change()
	if err != nil {
		return err
	}
	return t.stmt(updateJobStatus).text(string(j.Status)).int(int64(j.Key)).
		bool(j.Concurrent()).maybeRollout(j).run()
}

const (
	insertLateJoiner = `INSERT INTO late_joiner (job, thing) VALUES (?, ?) ON CONFLICT DO NOTHING`
	deleteLateJoiner = `DELETE FROM late_joiner WHERE job = ? AND thing = ?`
)

func (t jobWriter) addLateJoiner(l store.LateJoiner) error {
	return t.stmt(insertLateJoiner).int(int64(l.Job)).int(int64(l.Thing)).run()
}

func (t jobWriter) removeLateJoiner(l store.LateJoiner) error {
	return t.stmt(deleteLateJoiner).int(int64(l.Job)).int(int64(l.Thing)).run()
}

const (
	saveMembershipWork = `INSERT INTO membership_work (number, work) VALUES (?, ?)
		ON CONFLICT (number) DO UPDATE SET work = excluded.work`
	deleteMembershipWork = `DELETE FROM membership_work WHERE number = ?`
)

func (t jobWriter) putMembershipWork(w job.MembershipWork) error {
	w.Queued.QueuedAt = w.Queued.QueuedAt.UTC().Truncate(time.Millisecond)
	return t.stmt(saveMembershipWork).int(w.Number).json(w).run()
}

func (t jobWriter) removeMembershipWork(number int64) error {
	return t.stmt(deleteMembershipWork).int(number).run()
}

const listMembershipWork = `SELECT number, work FROM membership_work ORDER BY number LIMIT ?`

func (r reader) MembershipWork(limit int) ([]job.MembershipWork, error) {
	return all(r.stmt(listMembershipWork).limit(limit), func(s stmt) (w job.MembershipWork) {
		number := s.getInt()
		s.getJSON(&w)
		w.Number = number
		return w
	})
}

const (
	deleteJob = `DELETE FROM job WHERE key = ?
		AND NOT EXISTS (SELECT 1 FROM execution WHERE job = key)
		AND NOT EXISTS (SELECT 1 FROM late_joiner WHERE job = key)
		AND NOT EXISTS (SELECT 1 FROM waiting_retry WHERE job = key)
		AND NOT EXISTS (SELECT 1 FROM confirmation WHERE job = key)
		AND NOT EXISTS (SELECT 1 FROM dropped_number WHERE job = key)`
	deleteJobState    = `DELETE FROM job_state WHERE job = ?`
	deleteJobDocument = `DELETE FROM job_document WHERE job = ?`
)

func (t jobWriter) deleteJob(key job.Key) error {
	if err := t.stmt(deleteJob).int(int64(key)).change(); err != nil {
		return err
	}
	parts := []string{
		deleteJobState, deleteJobDocument, deleteJobTargets, deleteContinuousTargets,
	}
	return each(parts, func(sql string) error { return t.stmt(sql).int(int64(key)).run() })
}

// JobColumns are what is read of a job.
const JobColumns = `key, id, created_at, definition, state`

// scanJob takes the time of creation from its column: the list is in its order.
func scanJob(s stmt) (j job.Job) {
	j.Key, j.ID = job.Key(s.getInt()), s.getText()
	created := s.getTime()
	s.getJSON(&j.Definition)
	s.getJSON(&j.State)
	j.CreatedAt = created
	return j
}

const selectJob = `SELECT ` + JobColumns + ` FROM job JOIN job_state ON job = key WHERE key = ?`

func (r reader) Job(key job.Key) (job.Job, error) {
	return one(r.stmt(selectJob).int(int64(key)), scanJob)
}

// Jobs reads rows of JobColumns.
func Jobs(rows Cursor) ([]job.Job, error) { return all(stmt{rows}, scanJob) }

// JobsAhead reads nothing: a database in this process answers each question at once.
func (r reader) JobsAhead([]job.Key) error { return nil }

const selectJobByID = `SELECT ` + JobColumns + ` FROM job JOIN job_state ON job = key WHERE id = ?`

func (r reader) JobByID(id string) (job.Job, error) {
	return one(r.stmt(selectJobByID).text(id), scanJob)
}

const selectDocument = `SELECT document FROM job_document WHERE job = ?`

func (r reader) Document(key job.Key) (string, error) {
	return one(r.stmt(selectDocument).int(int64(key)), stmt.getText)
}

const selectOriginal = `SELECT coalesce(original, document) FROM job_document WHERE job = ?`

func (r reader) OriginalDocument(key job.Key) (string, error) {
	return one(r.stmt(selectOriginal).int(int64(key)), stmt.getText)
}

// Each list of jobs is in the order of an index.
const (
	listJobs = `SELECT ` + JobColumns + ` FROM job INDEXED BY job_by_time JOIN job_state ON job = key
		WHERE created_at <= ?1 AND (created_at < ?1 OR id > ?2)
		ORDER BY created_at DESC, id LIMIT ?3`

	listJobsByStatus = `SELECT ` + JobColumns + ` FROM job INDEXED BY job_by_status
		JOIN job_state ON job = key
		WHERE status = ?4 AND created_at <= ?1 AND (created_at < ?1 OR id > ?2)
		ORDER BY created_at DESC, id LIMIT ?3`

	listJobsByTarget = `SELECT ` + listedJobColumns + ` FROM job_target t
		CROSS JOIN job j ON j.key = t.job
		CROSS JOIN job_state s ON s.job = t.job
		WHERE t.resource = ?4 AND t.created_at <= ?1 AND (t.created_at < ?1 OR t.id > ?2)
		ORDER BY t.created_at DESC, t.id LIMIT ?3`

	listedJobColumns = `j.key, j.id, j.created_at, j.definition, s.state`
)

func (r reader) Jobs(q store.JobQuery) ([]job.Job, error) {
	sql, of := listJobs, ""
	switch {
	case q.Target != "":
		sql, of = listJobsByTarget, q.Target
	case q.Status != "":
		sql, of = listJobsByStatus, string(q.Status)
	}
	created, id := int64(math.MaxInt64), ""
	if q.After != nil {
		created, id = q.After.CreatedAt.UnixMilli(), q.After.ID
	}
	s := r.stmt(sql).int(created).text(id).limit(q.Limit)
	if of != "" {
		s.text(of)
	}
	return all(s, scanJob)
}

const listDueJobs = `SELECT ` + JobColumns + ` FROM job_state INDEXED BY job_due
	CROSS JOIN job ON key = job
	WHERE due IS NOT NULL AND (due, job) > (?, ?) AND due <= ? ORDER BY due, job LIMIT ?`

func (r reader) DueJobs(after store.DueCursor, now time.Time, limit int) ([]job.Job, error) {
	s := r.stmt(listDueJobs).time(after.Due).int(int64(after.Job)).time(now).limit(limit)
	return all(s, scanJob)
}

// Jobs are counted when they change (see the schema), and never one by one.
const (
	countJobs = `SELECT CAST(coalesce(sum(jobs), 0) AS BIGINT) FROM job_count WHERE status = ?`

	countActiveJobs = `SELECT CAST(coalesce(sum(jobs), 0) AS BIGINT) FROM job_count
		WHERE status IN ('SCHEDULED', 'IN_PROGRESS') AND selection = ?`

	countConcurrentJobs = `SELECT CAST(coalesce(sum(jobs), 0) AS BIGINT) FROM job_count WHERE concurrent = 1`
)

func (r reader) JobCount(status job.Status) (int, error) {
	return count(r.stmt(countJobs).text(string(status)))
}

func (r reader) ActiveJobs(selection job.TargetSelection) (int, error) {
	return count(r.stmt(countActiveJobs).text(string(selection)))
}

func (r reader) ConcurrentJobs() (int, error) { return count(r.stmt(countConcurrentJobs)) }

// count returns the number that a statement answers.
func count(s stmt) (int, error) {
	n, err := one(s, stmt.getInt)
	return int(n), err
}

const (
	oldestRollout = `SELECT rollout FROM job INDEXED BY job_rollout
		WHERE rollout IS NOT NULL ORDER BY rollout LIMIT 1`
	newestRollout = `SELECT rollout FROM job INDEXED BY job_rollout
		WHERE rollout IS NOT NULL ORDER BY rollout DESC LIMIT 1`
)

func (r reader) RolloutMemberships() (oldest, newest int64, ok bool, err error) {
	oldest, err = one(r.stmt(oldestRollout), stmt.getInt)
	if errors.Is(err, store.ErrNotFound) {
		return 0, 0, false, nil
	}
	if err == nil {
		newest, err = one(r.stmt(newestRollout), stmt.getInt)
	}
	return oldest, newest, err == nil, err
}

const listContinuousJobs = `SELECT job, active FROM continuous_target
	WHERE thing_group = ? AND active = 1 AND job > ? ORDER BY job LIMIT ?`

func (r reader) ContinuousJobs(
	group registry.GroupID, after job.Key, limit int,
) ([]store.ContinuousJob, error) {
	s := r.stmt(listContinuousJobs).int(int64(group)).int(int64(after)).limit(limit)
	return all(s, func(s stmt) store.ContinuousJob {
		return store.ContinuousJob{Key: job.Key(s.getInt()), Active: s.getBool()}
	})
}

const listLateJoiners = `SELECT thing FROM late_joiner WHERE job = ? ORDER BY thing LIMIT ?`

func (r reader) LateJoiners(key job.Key, limit int) ([]registry.ThingID, error) {
	s := r.stmt(listLateJoiners).int(int64(key)).limit(limit)
	return all(s, func(s stmt) registry.ThingID { return registry.ThingID(s.getInt()) })
}

const listEndedJobs = `SELECT ` + JobColumns + ` FROM job_state INDEXED BY job_ended
	CROSS JOIN job ON key = job
	WHERE ended IS NOT NULL AND ended < ? ORDER BY ended, job LIMIT ?`

func (r reader) EndedJobs(before time.Time, limit int) ([]job.Job, error) {
	return all(r.stmt(listEndedJobs).time(before).limit(limit), scanJob)
}

// selectNextDue answers one row, in one question: the first time of each kind of due work.
const selectNextDue = `SELECT
	(SELECT due FROM job_state INDEXED BY job_due
		WHERE due IS NOT NULL ORDER BY due LIMIT 1),
	(SELECT times_out_at FROM execution INDEXED BY execution_due
		WHERE times_out_at IS NOT NULL ORDER BY times_out_at LIMIT 1),
	(SELECT until FROM thing_hold INDEXED BY thing_hold_due
		WHERE until IS NOT NULL ORDER BY until LIMIT 1),
	(SELECT until FROM confirmation INDEXED BY confirmation_due ORDER BY until LIMIT 1)`

const kindsOfDueWork = 4

func (r reader) NextDue() (time.Time, error) {
	earliest, err := one(r.stmt(selectNextDue), func(s stmt) (earliest time.Time) {
		for range kindsOfDueWork {
			due := s.getMaybeTime()
			if earliest.IsZero() || !due.IsZero() && due.Before(earliest) {
				earliest = due
			}
		}
		return earliest
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("next due: %w", err)
	}
	return earliest, nil
}
