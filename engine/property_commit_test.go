package engine

import (
	"slices"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// jobMoves lists where a job may go (chapter 20, section 2).
var jobMoves = map[job.Status][]job.Status{
	job.InProgress:         {job.InProgress, job.Completed, job.Canceled, job.DeletionInProgress},
	job.Completed:          {job.Completed, job.DeletionInProgress},
	job.Canceled:           {job.Canceled, job.DeletionInProgress},
	job.DeletionInProgress: {job.DeletionInProgress},
}

// committed checks what one commit leaves behind.
func (tx *watchedTx) committed() {
	left := map[job.Key]job.Job{}
	jobs, err := tx.Jobs(store.JobQuery{Limit: 10_000})
	if err != nil {
		tx.w.failf("jobs: %v", err)
	}
	for _, j := range jobs {
		left[j.Key] = j
	}
	for key, m := range tx.jobs {
		j, exists := left[key]
		if !exists {
			if len(tx.counts(key)) > 0 {
				tx.w.failf("job %d is gone before its executions", key)
			}
			delete(tx.jobs, key)
			continue
		}
		tx.job(m, j)
		m.status, m.met, m.noRetry = j.Status, false, nil
	}
	for _, was := range tx.ended {
		j, exists := left[was.Job]
		if exists && (j.Status.Active() || j.Status == job.Completed || was.Status == job.ExecutionInProgress && !j.ForceCanceled) {
			tx.w.failf("%+v is CANCELED in %s, which is %s", was, j.ID, j.Status)
		}
	}
	tx.notices()
}

// job checks one job after a commit.
func (tx *watchedTx) job(m *modelJob, j job.Job) {
	counts := tx.counts(j.Key)
	for _, status := range job.ExecutionStatuses() {
		if j.Counts[status] != counts[status] {
			tx.w.failf("%s counts %d %s, there are %d (R-JOB-49)", j.ID, j.Counts[status], status, counts[status])
		}
	}
	if !slices.Contains(jobMoves[m.status], j.Status) {
		tx.w.failf("%s went from %s to %s", j.ID, m.status, j.Status)
	}
	pending := counts[job.ExecutionQueued] + counts[job.ExecutionInProgress]
	goesOn := j.Status == job.InProgress || j.Status == job.Completed
	aborted := m.status == job.InProgress && j.Status == job.Canceled && j.ReasonCode == "ABORT_CRITERIA_MET"
	switch {
	case goesOn && m.met:
		tx.w.failf("%s is %s though its abort criteria were met: %v (R-ABT-2)", j.ID, j.Status, counts)
	case aborted && !m.met:
		tx.w.failf("%s is aborted though its criteria were not met: %v (R-ABT-2)", j.ID, counts)
	case goesOn && len(m.noRetry) > 0:
		tx.w.failf("%s: %v are not retried (R-RTY-5)", j.ID, m.noRetry)
	case j.Status == job.Completed && m.status != job.Completed && (pending > 0 || len(m.waiting(tx.Tx)) > 0):
		tx.w.failf("%s is COMPLETED with %d pending and %v waiting (R-JOB-11)", j.ID, pending, m.waiting(tx.Tx))
	case j.Status == job.InProgress && j.Progress.Finished && (pending == 0 || len(m.waiting(tx.Tx)) > 0):
		tx.w.failf("%s has finished its rollout with %d pending and %v waiting (R-JOB-11)", j.ID, pending, m.waiting(tx.Tx))
	case (j.Status == job.InProgress && !j.Progress.Finished || j.Sweep != job.NoSweep) && j.Due.IsZero():
		tx.w.failf("%s is stuck: %+v", j.ID, j.State)
	}
}

// notices compares what things are told with how their pending executions differ from before the commit (R-MQTT-39).
// What one change of a commit did and another undid may be told all the same.
func (tx *watchedTx) notices() {
	after := tx.pending()
	touched := map[registry.ThingID]bool{}
	for thing := range after {
		touched[thing] = true
	}
	for thing := range tx.before {
		touched[thing] = true
	}
	for thing := range tx.told {
		touched[thing] = true
	}
	for thing := range touched {
		listBefore, nextBefore := show(tx.before[thing])
		listAfter, nextAfter := show(after[thing])
		want := store.Notice{Thing: thing, Notify: listBefore != listAfter, NotifyNext: nextBefore != nextAfter}
		told := tx.told[thing]
		told.Thing = thing
		undone := tx.changes[thing] > 1 && (told.Notify || !want.Notify) && (told.NotifyNext || !want.NotifyNext)
		if told != want && !undone {
			tx.w.failf("thing %d is told %+v: it had [%s], next %q, and has [%s], next %q", thing, told, listBefore, nextBefore, listAfter, nextAfter)
		}
	}
}

// settled checks what must hold when nothing is due.
func (m *watch) settled() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.w.clock.Now()
	_ = m.Read(m.w.t.Context(), func(r store.Reader) error {
		for key, model := range m.jobs {
			j, err := r.Job(key)
			if err != nil {
				m.w.failf("job %d: %v", key, err)
				return nil
			}
			counts := m.counts(key)
			switch {
			case j.Status == job.DeletionInProgress || j.Sweep != job.NoSweep || !j.Due.IsZero() && !j.Due.After(now):
				m.w.failf("%s is %s and has work to do: %+v", j.ID, j.Status, j.State)
			case j.Status == job.Canceled && (counts[job.ExecutionQueued] > 0 || j.ForceCanceled && counts[job.ExecutionInProgress] > 0):
				m.w.failf("%s is CANCELED, forced %v, with %v", j.ID, j.ForceCanceled, counts)
			}
			for _, x := range m.all {
				if x.Job == key && x.Status == job.ExecutionQueued && !model.reaches(r, x.Thing) {
					m.w.failf("%+v of %s waits for a thing that has left (R-EXE-20)", x, j.ID)
				}
			}
		}
		for _, x := range m.all {
			if !deadline(x).After(now) {
				m.w.failf("%+v is overdue", x)
			}
		}
		return nil
	})
}
