package commit

import (
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// jobCache is the jobs of one commit. A thousand reports of a commit touch the same job: its row is
// read once, changed in memory by each of them, and written once when the commit ends (R-CON-22).
// Until then the row in the store lags behind. Every read of jobs therefore goes through the
// methods here: Job and JobByID answer from the cache, and the lists and counts write what is
// cached first.
type jobCache struct {
	inner store.Tx

	jobs         map[job.Key]*job.Job // nil: deleted in this commit
	byID         map[string]job.Key
	changed      map[job.Key]bool
	unwritten    map[job.Key]bool       // changed since the last write
	statusBefore map[job.Key]job.Status // of changed jobs, before the commit
	staged       map[job.Key]*job.Job   // what the request has set; nil: deleted
	deleted      []job.Key              // the staged deletions
	rollouts     rolloutsOfCommit
}

// rolloutsOfCommit is the newest job.RolloutMembership. The store is asked once: a job whose
// rollout ends in this commit may still count, one that begins in it does.
type rolloutsOfCommit struct {
	asked, any bool
	newest     int64
}

func newJobCache(inner store.Tx) jobCache {
	return jobCache{
		inner:        inner,
		jobs:         map[job.Key]*job.Job{},
		byID:         map[string]job.Key{},
		changed:      map[job.Key]bool{},
		unwritten:    map[job.Key]bool{},
		statusBefore: map[job.Key]job.Status{},
		staged:       map[job.Key]*job.Job{},
	}
}

// Job returns a job as it is at this point of the commit, with what the request itself has staged.
// store.ErrNotFound: there is none.
func (c *jobCache) Job(key job.Key) (job.Job, error) {
	j, ok := c.staged[key]
	if !ok {
		var err error
		if j, err = c.AppliedJob(key); err != nil {
			return job.Job{}, err
		}
	}
	if j == nil {
		return job.Job{}, store.ErrNotFound
	}
	return *j, nil
}

// AppliedJob returns a job as it is without what the request has staged. It goes with executions,
// which are read without the stage too: whether a window hides one from its device must be asked of
// a job and an execution of the same moment. The caller must not change it.
func (c *jobCache) AppliedJob(key job.Key) (*job.Job, error) {
	if j, ok := c.jobs[key]; ok {
		if j == nil {
			return nil, store.ErrNotFound
		}
		return j, nil
	}
	j, err := c.inner.Job(key)
	if err != nil {
		return nil, fmt.Errorf("job %d: %w", key, err)
	}
	c.jobs[key] = &j
	c.byID[j.ID] = key
	return &j, nil
}

// JobByID returns a job by its id, as it is at this point of the commit. fault.NotFound: there is
// none.
func (c *jobCache) JobByID(id string) (job.Job, error) {
	if key, ok := c.byID[id]; ok && c.jobs[key] != nil {
		return c.Job(key)
	}
	j, err := c.inner.JobByID(id)
	if err != nil {
		return job.Job{}, OrNotFound(err, NoJob(id))
	}
	return c.Job(j.Key)
}

// SetJob stages the new state of a job. A step of a sweep sets the same job a thousand times; it
// needs memory once.
func (c *jobCache) SetJob(j job.Job) {
	if staged := c.staged[j.Key]; staged != nil {
		*staged = j
		return
	}
	fresh := j
	c.staged[j.Key] = &fresh
}

// DeleteJob stages the deletion of a job, whose executions must be gone.
func (c *jobCache) DeleteJob(key job.Key) {
	c.staged[key] = nil
	c.deleted = append(c.deleted, key)
}

// apply takes what is staged into the cache, in the order of the keys, and reports each change:
// deletions last.
func (c *jobCache) apply(changed func(before, after *job.Job) error) error {
	for _, key := range sortedKeys(c.staged) {
		before, after := c.jobs[key], c.staged[key]
		if after == nil {
			continue
		}
		if err := changed(before, after); err != nil {
			return err
		}
		if !c.changed[key] && before != nil {
			c.statusBefore[key] = before.Status
		}
		c.rollouts.add(after.RolloutMembership())
		c.jobs[key], c.byID[after.ID] = after, key
		c.changed[key], c.unwritten[key] = true, true
	}
	for _, key := range c.deleted {
		if before := c.jobs[key]; before != nil {
			if err := changed(before, nil); err != nil {
				return err
			}
		}
		c.jobs[key] = nil
		delete(c.changed, key)
		delete(c.unwritten, key)
	}
	return nil
}

// drop forgets what is staged.
func (c *jobCache) drop() {
	clear(c.staged)
	c.deleted = nil
}

// write writes the states of the jobs that have changed since the last write.
func (c *jobCache) write() error {
	states := c.cached(c.unwritten)
	clear(c.unwritten)
	return c.inner.Apply(store.Changes{Job: store.JobChanges{States: states}})
}

// ChangedJobs returns the jobs that the commit has changed so far, in the order of their keys.
func (c *jobCache) ChangedJobs() []job.Job { return c.cached(c.changed) }

// cached returns cached jobs in the order of their keys, nil for none.
func (c *jobCache) cached(keys map[job.Key]bool) (cached []job.Job) {
	for _, key := range sortedKeys(keys) {
		cached = append(cached, *c.jobs[key])
	}
	return cached
}

func sortedKeys[V any](m map[job.Key]V) []job.Key {
	keys := make([]job.Key, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// listed answers a question about many jobs, whose rows it brings up to date first.
func listed[T any](c *jobCache, ask func(store.Tx) (T, error)) (answer T, err error) {
	if err := c.write(); err != nil {
		return answer, err
	}
	return ask(c.inner)
}

// JobCount returns how many jobs have the status.
func (c *jobCache) JobCount(status job.Status) (int, error) {
	return listed(c, func(r store.Tx) (int, error) { return r.JobCount(status) })
}

// ActiveJobs returns how many jobs of a selection are SCHEDULED or IN_PROGRESS.
func (c *jobCache) ActiveJobs(selection job.TargetSelection) (int, error) {
	return listed(c, func(r store.Tx) (int, error) { return r.ActiveJobs(selection) })
}

// ConcurrentJobs returns how many jobs are rolling out or being canceled (R-LIM-47).
func (c *jobCache) ConcurrentJobs() (int, error) {
	return listed(c, func(r store.Tx) (int, error) { return r.ConcurrentJobs() })
}

func (r *rolloutsOfCommit) add(number int64, ok bool) {
	if ok {
		r.any, r.newest = true, max(r.newest, number)
	}
}

// newestRollout returns the newest job.RolloutMembership; ok is false when no job has one.
func (c *jobCache) newestRollout() (number int64, ok bool, err error) {
	if r := &c.rollouts; !r.asked {
		_, newest, ok, err := c.inner.RolloutMemberships()
		if err != nil {
			return 0, false, err
		}
		r.asked = true
		r.add(newest, ok)
	}
	return c.rollouts.newest, c.rollouts.any, nil
}

// RolloutMemberships returns the smallest and the largest job.RolloutMembership; ok is false when
// no job has one.
func (c *jobCache) RolloutMemberships() (oldest, newest int64, ok bool, err error) {
	if err := c.write(); err != nil {
		return 0, 0, false, err
	}
	return c.inner.RolloutMemberships()
}

// ContinuousJobs returns up to limit continuous jobs that name the group as a target, by key. Rows
// may still show a job as active that this commit has ended, never the other way round, so that
// none needs to be written for this.
func (c *jobCache) ContinuousJobs(
	group registry.GroupID, after job.Key, limit int,
) ([]store.ContinuousJob, error) {
	found, err := c.inner.ContinuousJobs(group, after, limit)
	for i, one := range found {
		if j, cached := c.jobs[one.Key]; cached && (j == nil || !j.Status.Active()) {
			found[i].Active = false
		}
	}
	return found, err
}

// DueJobs returns up to limit jobs that have work to do at a time, those that wait longest first,
// after a place in this order.
func (c *jobCache) DueJobs(after store.DueCursor, now time.Time, limit int) ([]job.Job, error) {
	return listed(c, func(r store.Tx) ([]job.Job, error) { return r.DueJobs(after, now, limit) })
}

// EndedJobs returns up to limit jobs that are COMPLETED or CANCELED and have not changed since
// before.
func (c *jobCache) EndedJobs(before time.Time, limit int) ([]job.Job, error) {
	return listed(c, func(r store.Tx) ([]job.Job, error) { return r.EndedJobs(before, limit) })
}
