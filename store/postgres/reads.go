package postgres

import (
	"encoding/json"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
)

// reads is a read that keeps the jobs which it has read ahead: all of it shows one state.
type reads struct {
	store.Reader
	conn *conn
	jobs map[job.Key]job.Job
}

const selectJobs = `SELECT ` + relational.JobColumns + ` FROM job JOIN job_state ON job = key
	WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_array_elements_text(CAST(? AS json)))`

// JobsAhead reads jobs in one round trip.
func (r *reads) JobsAhead(keys []job.Key) error {
	if len(keys) < 2 { // nothing to gain
		return nil
	}
	list, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	rows := r.conn.Prepare(selectJobs)
	rows.BindText(string(list))
	found, err := relational.Jobs(rows)
	if r.jobs == nil {
		r.jobs = make(map[job.Key]job.Job, len(found))
	}
	for _, j := range found {
		r.jobs[j.Key] = j
	}
	return err
}

const selectNames = `WITH asked AS MATERIALIZED (SELECT DISTINCT CAST(value AS BIGINT) AS id
		FROM json_array_elements_text(CAST(? AS json)))
	SELECT id, name FROM asked JOIN LATERAL (SELECT name FROM thing WHERE id = asked.id
		UNION ALL SELECT name FROM deleted_thing WHERE id = asked.id) n ON true`

// ThingNames reads the names of many things in one round trip.
func (r *reads) ThingNames(things []registry.ThingID) (map[registry.ThingID]string, error) {
	names := make(map[registry.ThingID]string, len(things))
	if len(things) == 0 {
		return names, nil
	}
	list, err := json.Marshal(things)
	if err != nil {
		return nil, err
	}
	rows := r.conn.Prepare(selectNames)
	rows.BindText(string(list))
	for rows.Row() {
		id := registry.ThingID(rows.Int())
		names[id] = rows.Text()
	}
	return names, rows.End()
}

// Job answers without a question for a job that was read ahead.
func (r *reads) Job(key job.Key) (job.Job, error) {
	if j, ok := r.jobs[key]; ok {
		return j, nil
	}
	return r.Reader.Job(key)
}
