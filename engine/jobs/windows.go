package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
)

// openStep lets a SCHEDULED job go on: for the first time with the targets that are there now
// (R-JOB-52), later from where it was.
func (b *Background) openStep(tx *commit.Tx, j job.Job) error {
	if j.SkipMissedWindow(tx.Now) {
		tx.SetJob(j)
		return nil
	}
	if !j.Progress.Finished {
		limits := b.Limits.Get()
		concurrent, err := concurrentJobs(tx, limits)
		if err != nil {
			return err
		}
		if limits.ConcurrencyReached(concurrent) {
			j.CancelAtLimit(limits.Concurrent, tx.Now) // R-JOB-4
			tx.SetJob(j)
			return nil
		}
	}
	if j.RolloutStarted() {
		j.ResumeRollout(tx.Now)
		tx.SetJob(j)
		return nil
	}
	sources, err := sourcesOf(tx, j.Targets, targetsMayBeGone)
	if err != nil {
		return err
	}
	newest, err := tx.LastJoined()
	if err != nil {
		return err
	}
	j.TargetGroups = job.TargetGroups(sources) // a name may stand for another group by now
	j.StartRollout(sources, newest, tx.Now)
	tx.Changes.Job.Definitions = []job.Job{j}
	tx.SetJob(j)
	return nil
}

// jobOnSchedule returns a job as its schedule has it now, and stages that state when it is new.
func jobOnSchedule(tx *commit.Tx, key job.Key) (job.Job, error) {
	j, err := tx.Job(key)
	if err != nil {
		return j, err
	}
	now, changed := j.ApplySchedule(tx.Now)
	if changed {
		tx.SetJob(now)
	}
	return now, nil
}

// notifyStep notifies up to limit things that a maintenance window showed or hid an execution of
// theirs (R-SCH-17, R-SCH-18).
func notifyStep(tx *commit.Tx, j job.Job, limit int) error {
	page, err := tx.PendingOfJob(j.Key, job.ExecutionQueued, *j.NotifyCursor, limit)
	if err != nil {
		return err
	}
	last := job.ExecutionKey{}
	for _, x := range page {
		head, err := visibleHead(tx, x.Thing)
		if err != nil {
			return err
		}
		notify(tx, x.Thing, j.NoticeOfWindow(head, x))
		last = x.ExecutionKey
	}
	j.NotifiedWindow(last, len(page) < limit, tx.Now)
	tx.SetJob(j)
	return nil
}
