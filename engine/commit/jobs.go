package commit

import (
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The job cache. A thousand reports of one commit touch the same job: its row is read once, changed in memory by each of
// them, and written once when the commit ends (R-CON-22). Until then the row in the store lags behind. Every read of
// jobs therefore goes through the methods below: Job and JobByID answer from the cache, and the lists and counts write
// what is cached first.

// Job returns a job as it is at this point of the commit, with what the request itself has staged.
// store.ErrNotFound: there is none.
func (tx *Tx) Job(key job.Key) (job.Job, error) {
	if j, ok := tx.staged[key]; ok {
		return found(j)
	}
	return tx.AppliedJob(key)
}

// AppliedJob returns a job as it is without what the request has staged. It goes with executions, which are read without
// the stage too: whether a window hides one from its device must be asked of a job and an execution of the same moment.
func (tx *Tx) AppliedJob(key job.Key) (job.Job, error) {
	if j, ok := tx.jobs[key]; ok {
		return found(j)
	}
	j, err := tx.inner.Job(key)
	if err != nil {
		return job.Job{}, fmt.Errorf("job %d: %w", key, err)
	}
	tx.jobs[key] = &j
	tx.byID[j.ID] = key
	return j, nil
}

func found(j *job.Job) (job.Job, error) {
	if j == nil {
		return job.Job{}, store.ErrNotFound
	}
	return *j, nil
}

// JobByID returns a job by its id, as it is at this point of the commit. fault.NotFound: there is none.
func (tx *Tx) JobByID(id string) (job.Job, error) {
	if key, ok := tx.byID[id]; ok && tx.jobs[key] != nil {
		return tx.Job(key)
	}
	j, err := tx.inner.JobByID(id)
	if err != nil {
		return job.Job{}, OrNotFound(err, NoJob(id))
	}
	return tx.Job(j.Key)
}

// SetJob stages the new state of a job.
func (tx *Tx) SetJob(j job.Job) { tx.staged[j.Key] = &j }

// DeleteJob stages the deletion of a job, whose executions must be gone.
func (tx *Tx) DeleteJob(key job.Key) {
	tx.staged[key] = nil
	tx.Changes.Job.DeletedJobs = append(tx.Changes.Job.DeletedJobs, key)
}

// applyJobs takes staged jobs into the cache, in the order of their keys, and reports each change to the hook.
func (tx *Tx) applyJobs() error {
	for _, key := range sortedKeys(tx.staged) {
		before, after := tx.jobs[key], tx.staged[key]
		if after == nil {
			continue
		}
		if err := tx.committer.Hooks.JobChanged(tx, before, after); err != nil {
			return err
		}
		if !tx.changed[key] && before != nil {
			tx.statusBefore[key] = before.Status
		}
		tx.jobs[key], tx.byID[after.ID], tx.changed[key] = after, key, true
	}
	for _, key := range tx.Changes.Job.DeletedJobs {
		if before := tx.jobs[key]; before != nil {
			if err := tx.committer.Hooks.JobChanged(tx, before, nil); err != nil {
				return err
			}
		}
		tx.jobs[key] = nil
		delete(tx.changed, key)
	}
	tx.events = append(tx.events, tx.stagedEvents...) // what the hook published
	tx.stagedEvents = nil
	return nil
}

// writeJobs writes the states of the jobs that the commit has changed so far.
func (tx *Tx) writeJobs() error {
	var changes store.Changes
	for _, key := range tx.changedKeys() {
		changes.Job.States = append(changes.Job.States, *tx.jobs[key])
	}
	return tx.inner.Apply(changes)
}

// ChangedJobs returns the jobs that the commit has changed so far, in the order of their keys.
func (tx *Tx) ChangedJobs() []job.Job {
	changed := make([]job.Job, 0, len(tx.changed))
	for _, key := range tx.changedKeys() {
		changed = append(changed, *tx.jobs[key])
	}
	return changed
}

func (tx *Tx) changedKeys() []job.Key { return sortedKeys(tx.changed) }

func sortedKeys[V any](m map[job.Key]V) []job.Key {
	keys := make([]job.Key, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// listed answers a question about many jobs, whose rows it brings up to date first.
func listed[T any](tx *Tx, ask func(store.Tx) (T, error)) (answer T, err error) {
	if err := tx.writeJobs(); err != nil {
		return answer, err
	}
	return ask(tx.inner)
}

// JobCount returns how many jobs have the status.
func (tx *Tx) JobCount(status job.Status) (int, error) {
	return listed(tx, func(r store.Tx) (int, error) { return r.JobCount(status) })
}

// ActiveJobs returns how many jobs of a selection are SCHEDULED or IN_PROGRESS.
func (tx *Tx) ActiveJobs(selection job.TargetSelection) (int, error) {
	return listed(tx, func(r store.Tx) (int, error) { return r.ActiveJobs(selection) })
}

// ConcurrentJobs returns how many jobs are rolling out or being canceled (R-LIM-47).
func (tx *Tx) ConcurrentJobs() (int, error) {
	return listed(tx, func(r store.Tx) (int, error) { return r.ConcurrentJobs() })
}

// ContinuousJobs returns the keys of the active continuous jobs that name the group as a target. Rows may still show a
// job as active that this commit has ended, never the other way round, so that none needs to be written for this.
func (tx *Tx) ContinuousJobs(group registry.GroupID) ([]job.Key, error) {
	keys, err := tx.inner.ContinuousJobs(group)
	return slices.DeleteFunc(keys, func(key job.Key) bool {
		j, cached := tx.jobs[key]
		return cached && (j == nil || !j.Status.Active())
	}), err
}

// DueJobs returns up to limit jobs that have work to do now, those that wait longest first.
func (tx *Tx) DueJobs(limit int) ([]job.Job, error) {
	return listed(tx, func(r store.Tx) ([]job.Job, error) { return r.DueJobs(tx.Now, limit) })
}

// EndedJobs returns up to limit jobs that are COMPLETED or CANCELED and have not changed since before.
func (tx *Tx) EndedJobs(before time.Time, limit int) ([]job.Job, error) {
	return listed(tx, func(r store.Tx) ([]job.Job, error) { return r.EndedJobs(before, limit) })
}

// NoJob is the fault of a job that does not exist.
func NoJob(id string) *fault.Error { return fault.New(fault.NotFound, "job %s does not exist", id) }
