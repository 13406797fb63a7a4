package jobs

import (
	"math"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// MembershipsChanged lets jobs follow a thing whose groups change: what it has QUEUED of jobs that it is no target of any
// more is removed (R-EXE-20, R-EXE-21), and continuous jobs that it becomes a target of get an execution for it
// (R-JOB-55). Moving between groups of one job is neither (R-JOB-60). It is a hook of every commit.
func MembershipsChanged(tx *commit.Tx, m commit.Memberships) error {
	if m.Deleted {
		if err := endPending(tx, m.Thing, job.ThingDeleted, func(job.Job) bool { return true }); err != nil {
			return err
		}
	}
	before, err := fleet.Reach(tx, m.Before)
	if err != nil {
		return err
	}
	after, err := fleet.Reach(tx, m.After)
	if err != nil {
		return err
	}
	if !m.Deleted && len(commit.OnlyIn(m.Before, m.After)) > 0 {
		noTarget := func(j job.Job) bool { return !j.TargetsThing(m.Thing) && !j.TargetsAnyGroup(after) }
		if err := endPending(tx, m.Thing, job.LeaveTargets, noTarget); err != nil {
			return err
		}
	}
	return followContinuousJobs(tx, m, before, after)
}

// endPending applies an event to the pending executions of a thing whose job matches, as far as their status allows it.
func endPending(tx *commit.Tx, thing registry.ThingID, event job.Event, match func(job.Job) bool) error {
	pending, err := tx.Pending(thing, math.MaxInt32) // all of them
	if err != nil {
		return err
	}
	for _, x := range pending {
		j, err := tx.Job(x.Job)
		if err != nil {
			return err
		}
		if !match(j) || event == job.LeaveTargets && x.Status != job.ExecutionQueued { // R-EXE-22
			continue
		}
		if err := applyEvent(tx, x, event); err != nil {
			return err
		}
	}
	return nil
}

// followContinuousJobs lets each continuous job that names one of the groups follow the thing once. before and after are
// the groups that reach the thing.
func followContinuousJobs(tx *commit.Tx, m commit.Memberships, before, after []registry.GroupID) error {
	seen := map[job.Key]bool{} // a job may name several of the groups
	for _, group := range slices.Concat(before, after) {
		keys, err := tx.ContinuousJobs(group)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if seen[key] {
				continue
			}
			seen[key] = true
			if err := followContinuousJob(tx, key, m, before, after); err != nil {
				return err
			}
		}
	}
	return nil
}

func followContinuousJob(tx *commit.Tx, key job.Key, m commit.Memberships, before, after []registry.GroupID) error {
	j, err := jobOnSchedule(tx, key)
	if err != nil || !j.RolloutStarted() || j.RolloutEnded || j.TargetsThing(m.Thing) {
		return err
	}
	is := j.TargetsAnyGroup(after)
	changes := is != j.TargetsAnyGroup(before)
	if is && !changes {
		changes, err = missedByRollout(tx, j, m)
	}
	if err != nil || !changes {
		return err
	}
	return recordEntryOrExit(tx, j, m.Thing, is)
}

// missedByRollout reports whether a thing that stays a target will not be reached by the rollout any more: it moved to
// another group before its turn, and the rollout takes only who was in a group when it began (R-ROLL-15). It gets its
// execution like a late joiner.
func missedByRollout(tx *commit.Tx, j job.Job, m commit.Memberships) (bool, error) {
	for _, in := range m.After {
		if in.Joined <= j.NewestMembership && j.TargetsAnyGroup([]registry.GroupID{in.Group}) {
			return false, nil
		}
	}
	return hadNone(tx, j, job.Source{}, m.Thing)
}

// recordEntryOrExit records that a thing becomes a target of a continuous job or stops being one. While the job is
// SCHEDULED, what becomes a target waits (R-JOB-56).
func recordEntryOrExit(tx *commit.Tx, j job.Job, thing registry.ThingID, entry bool) error {
	late, c := store.LateJoiner{Job: j.Key, Thing: thing}, &tx.Changes.Job
	switch {
	case !entry:
		c.LateJoinersDone = append(c.LateJoinersDone, late)
	case j.Status == job.InProgress:
		return queueLateJoiner(tx, j.Key, thing)
	default:
		c.LateJoinersAdded = append(c.LateJoinersAdded, late)
	}
	return nil
}
