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

// MembershipsChanged lets jobs follow a thing whose groups change: what it has QUEUED of jobs that
// it is no target of any more is removed (R-EXE-20, R-EXE-21), and continuous jobs that it becomes
// a target of get an execution for it (R-JOB-55). It is a hook of every commit.
func MembershipsChanged(tx *commit.Tx, m commit.Memberships) error {
	before, err := fleet.Reach(tx, m.Before)
	if err != nil {
		return err
	}
	after, memberships, err := reachedThrough(tx, m.After)
	if err != nil {
		return err
	}
	switch {
	case m.Deleted:
		err = endPending(tx, m.Thing, job.ThingDeleted, func(job.Job, job.Execution) bool { return true })
	case len(commit.OnlyIn(m.Before, m.After)) > 0:
		leaves := func(j job.Job, x job.Execution) bool { return j.RemovesLeaver(x, after) }
		err = endPending(tx, m.Thing, job.LeaveTargets, leaves)
	}
	if err != nil {
		return err
	}
	return followContinuousJobs(
		tx, m.Thing, job.Reach{Before: before, After: after, Memberships: memberships})
}

// reachedThrough returns the groups of memberships and all groups above them: together, and for
// each membership by itself.
func reachedThrough(
	tx *commit.Tx, memberships []registry.Membership,
) (all []registry.GroupID, each []job.ReachedThrough, err error) {
	for _, m := range memberships {
		groups, err := fleet.Reach(tx, []registry.Membership{m})
		if err != nil {
			return nil, nil, err
		}
		all = append(all, groups...)
		each = append(each, job.ReachedThrough{Joined: m.Joined, Groups: groups})
	}
	return all, each, nil
}

// endPending applies an event to those of a thing's pending executions that it concerns.
func endPending(
	tx *commit.Tx, thing registry.ThingID, event job.Event, concerns func(job.Job, job.Execution) bool,
) error {
	pending, err := tx.Pending(thing, math.MaxInt32) // all of them
	if err != nil {
		return err
	}
	for _, x := range pending {
		j, err := tx.Job(x.Job)
		if err != nil {
			return err
		}
		if !concerns(j, x) {
			continue
		}
		if err := applyEvent(tx, x, event); err != nil {
			return err
		}
	}
	return nil
}

// followContinuousJobs lets each continuous job that names one of the groups follow the thing,
// once.
func followContinuousJobs(tx *commit.Tx, thing registry.ThingID, reach job.Reach) error {
	seen := map[job.Key]bool{} // a job may name several of the groups
	for _, group := range slices.Concat(reach.Before, reach.After) {
		keys, err := tx.ContinuousJobs(group)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if seen[key] {
				continue
			}
			seen[key] = true
			if err := followContinuousJob(tx, key, thing, reach); err != nil {
				return err
			}
		}
	}
	return nil
}

// renewChain gives the whole budget of retries back to a thing that enters the targets of a job
// again while it works on an execution of it (R-RTY-11).
func renewChain(tx *commit.Tx, key job.Key, thing registry.ThingID) error {
	latest, err := tx.Latest(key, thing)
	if commit.Missing(err) {
		return nil
	}
	if again, changed := latest.EnteredAgain(); err == nil && changed {
		tx.AmendExecution(again)
	}
	return err
}

// followContinuousJob does what the job decides about the thing. While the job is SCHEDULED, a
// thing that becomes a target waits (R-JOB-56).
func followContinuousJob(
	tx *commit.Tx, key job.Key, thing registry.ThingID, reach job.Reach,
) error {
	j, err := jobOnSchedule(tx, key)
	if err != nil {
		return err
	}
	last, err := tx.LastNumber(key, thing)
	if err != nil {
		return err
	}
	waits, c := store.LateJoiner{Job: key, Thing: thing}, &tx.Changes.Job
	switch j.MembershipChange(thing, reach, last) {
	case job.MembershipEnter:
		if err := renewChain(tx, key, thing); err != nil {
			return err
		}
		return queueLateJoiner(tx, key, thing)
	case job.MembershipEnterLater:
		c.LateJoinersAdded = append(c.LateJoinersAdded, waits)
		return renewChain(tx, key, thing)
	case job.MembershipLeave:
		c.LateJoinersDone = append(c.LateJoinersDone, waits)
	}
	return nil
}
