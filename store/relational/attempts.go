package relational

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Reads of the executions of a job for questions about all of them, a page at a time.

const listFirstAttempts = `SELECT e.thing, e.number, e.status, e.queued_at, e.started_at, e.updated_at,
		e.details, coalesce(t.type, ''), t.attributes
	FROM execution e LEFT JOIN thing t ON t.id = e.thing
	WHERE e.job = ? AND (e.thing, e.number) > (?, ?) AND e.attempt = 0
	ORDER BY e.thing, e.number LIMIT ?`

func (r reader) FirstAttempts(
	key job.Key, after job.ExecutionCursor, limit int,
) ([]store.FirstAttempt, error) {
	s := r.stmt(listFirstAttempts).int(int64(key)).int(int64(after.Thing)).int(after.Number)
	return all(s.limit(limit), scanFirstAttempt)
}

func scanFirstAttempt(s stmt) (a store.FirstAttempt) {
	a.Thing, a.Number = registry.ThingID(s.getInt()), s.getInt()
	a.Status = job.ExecutionStatus(s.getInt())
	a.QueuedAt, a.StartedAt, a.UpdatedAt = s.getTime(), s.getMaybeTime(), s.getTime()
	a.Details, a.ThingType, a.Attributes = s.getMap(), s.getText(), s.getMap()
	return a
}

const listGroupsOfFirstAttempts = `SELECT m.thing, m.thing_group
	FROM execution e JOIN membership m ON m.thing = e.thing
	WHERE e.job = ? AND (e.thing, e.number) > (?, ?) AND (e.thing, e.number) <= (?, ?)
		AND e.attempt = 0
	ORDER BY e.thing, e.number, m.thing_group`

func (r reader) GroupsOfFirstAttempts(
	key job.Key, after, last job.ExecutionCursor,
) ([]store.ThingGroup, error) {
	s := r.stmt(listGroupsOfFirstAttempts).int(int64(key)).int(int64(after.Thing)).int(after.Number).
		int(int64(last.Thing)).int(last.Number)
	return all(s, scanThingGroup)
}

const listFailedOfJob = `SELECT details FROM execution
	INDEXED BY execution_failed
	WHERE job = ? AND status >= 3 AND status <= 5 ORDER BY thing, number LIMIT ?`

func (r reader) FailedOfJob(key job.Key, limit int) ([]map[string]string, error) {
	return all(r.stmt(listFailedOfJob).int(int64(key)).limit(limit), stmt.getMap)
}

const listExecutionTimes = `SELECT thing, number, status, queued_at, updated_at FROM execution
	WHERE job = ? AND (thing, number) > (?, ?) ORDER BY thing, number LIMIT ?`

func (r reader) ExecutionTimes(
	key job.Key, after job.ExecutionCursor, limit int,
) ([]store.ExecutionTimes, error) {
	s := r.stmt(listExecutionTimes).int(int64(key)).int(int64(after.Thing)).int(after.Number)
	return all(s.limit(limit), func(s stmt) (t store.ExecutionTimes) {
		t.Thing, t.Number = registry.ThingID(s.getInt()), s.getInt()
		t.Status = job.ExecutionStatus(s.getInt())
		t.QueuedAt, t.UpdatedAt = s.getTime(), s.getTime()
		return t
	})
}
