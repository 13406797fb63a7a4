package jobs

import (
	"cmp"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Jobs follow a thing whose groups change: what it has QUEUED of jobs that it is no target of any
// more is removed (R-EXE-20, R-EXE-21), and continuous jobs that it becomes a target of get an
// execution for it (R-JOB-55). A thing may have many executions and its groups many continuous
// jobs. So many of them are dealt with at once, in the commit of the change; the rest is stored
// with that commit as a piece of work, which the background does in steps (R-JOB-61).

const (
	// followRoom is how many executions and continuous jobs one commit deals with at once because
	// memberships have changed, whoever changes them.
	followRoom = InlineRoom
	// followStep is how many of them one step of the background deals with: fewer than executions
	// of one job, because each job is read and written by itself.
	followStep = InlineStep
	// followWork is what letting one continuous job follow costs, in rows that could be written.
	followWork = 8
	// membershipPage is how many pieces of work one step of the background looks at.
	membershipPage = 16
)

// following is what one commit has done about memberships.
type following struct {
	used int  // of followRoom
	left bool // work was left to the background
}

// LeavesMembershipWork reports whether the commit leaves work on memberships to the background.
func LeavesMembershipWork(tx *commit.Tx) bool { return commit.Local[following](tx).left }

// MembershipsChanged lets jobs follow a thing whose groups change. It is a hook of every commit.
func (b *Background) MembershipsChanged(tx *commit.Tx, m commit.Memberships) error {
	if m.Deleted {
		if err := dropConfirmationsOf(tx, m.Thing); err != nil {
			return err
		}
	}
	before, err := fleet.Reach(tx, m.Before)
	if err != nil {
		return err
	}
	work := job.MembershipWork{
		Thing:   m.Thing,
		Before:  before,
		Deleted: m.Deleted,
		Left:    len(commit.OnlyIn(m.Before, m.After)) > 0,
	}
	done := commit.Local[following](tx)
	used, finished, err := follow(tx, &work, m.After, min(b.followAtOnce(), followRoom-done.used))
	if err != nil || finished {
		done.used += used
		return err
	}
	done.used, done.left = done.used+used, true
	work.Number = tx.Keys.Sequence()
	tx.Changes.Job.MembershipWork = append(tx.Changes.Job.MembershipWork, work)
	return nil
}

// followAtOnce is how many executions and jobs one change deals with at once.
func (b *Background) followAtOnce() int { return cmp.Or(b.FollowAtOnce, InlineStep) }

// MembershipStep does one bounded step of the work that changes of memberships have left.
func (b *Background) MembershipStep(tx *commit.Tx) error {
	waiting, err := tx.MembershipWork(membershipPage)
	if err != nil {
		return err
	}
	for room := followStep; room > 0 && len(waiting) > 0; waiting = waiting[1:] {
		work := waiting[0]
		memberships, err := tx.Memberships(work.Thing)
		if err != nil {
			return err
		}
		used, finished, err := follow(tx, &work, memberships, room)
		if err != nil {
			return err
		}
		if finished {
			tx.Changes.Job.MembershipWorkDone = []int64{work.Number}
		} else {
			tx.Changes.Job.MembershipWork = []job.MembershipWork{work}
		}
		if err := tx.Apply(); err != nil { // the next piece may be about the same executions
			return err
		}
		room -= max(1, used)
	}
	return nil
}

// follow does work on a thing that has these memberships now: it deals with up to limit executions
// and continuous jobs, and notes in the work where to go on. It returns how many they were, and
// whether nothing is left.
func follow(
	tx *commit.Tx, work *job.MembershipWork, memberships []registry.Membership, limit int,
) (used int, finished bool, err error) {
	after, each, err := reachedThrough(tx, memberships)
	if err != nil || limit <= 0 {
		return 0, false, err
	}
	if !work.PendingDone {
		if used, err = endPending(tx, work, after, limit); err != nil || !work.PendingDone {
			return used, false, err
		}
	}
	reach := job.Reach{Before: work.Before, After: after, Memberships: each}
	followed, finished, err := followContinuousJobs(tx, work, reach, limit-used)
	return used + followed, finished, err
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

// endPending removes pending executions of a thing: all of a thing that was deleted (R-EXE-23), the
// QUEUED ones of jobs that it is no target of any more where it has left a group. It looks at up to
// limit of them, and returns at how many.
func endPending(
	tx *commit.Tx, work *job.MembershipWork, reach []registry.GroupID, limit int,
) (used int, err error) {
	event := job.LeaveTargets
	var found []job.Execution
	switch {
	case work.Deleted: // those that were removed are not found again
		event = job.ThingDeleted
		found, err = tx.Pending(work.Thing, limit+1)
	case work.Left:
		found, err = tx.QueuedOfThing(work.Thing, work.Queued, limit+1)
	}
	if err != nil {
		return 0, err
	}
	work.PendingDone = len(found) <= limit
	found = found[:min(limit, len(found))]
	for _, x := range found {
		work.Queued = job.QueueCursor{QueuedAt: x.QueuedAt, Sequence: x.Sequence}
		j, err := tx.Job(x.Job)
		if err != nil {
			return 0, err
		}
		if !work.Deleted && !j.RemovesLeaver(x, reach) {
			continue
		}
		if err := applyEvent(tx, x, event); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

// followContinuousJobs lets up to limit continuous jobs that name one of the groups follow the
// thing, each once. It returns how many they were, and whether they were the last.
func followContinuousJobs(
	tx *commit.Tx, work *job.MembershipWork, reach job.Reach, limit int,
) (used int, finished bool, err error) {
	found, err := continuousJobs(tx, slices.Concat(reach.Before, reach.After), work.Job, limit+1)
	if err != nil {
		return 0, false, err
	}
	finished = len(found) <= limit
	found = found[:min(limit, len(found))]
	for _, one := range found {
		work.Job = one.Key
		if !one.Active {
			continue
		}
		if err := followContinuousJob(tx, one.Key, work.Thing, reach); err != nil {
			return 0, false, err
		}
		tx.AddWork(followWork)
	}
	return len(found), finished, nil
}

// continuousJobs returns up to limit continuous jobs that name one of the groups, each once, by
// key, after a key.
func continuousJobs(
	tx *commit.Tx, groups []registry.GroupID, after job.Key, limit int,
) (found []store.ContinuousJob, err error) {
	slices.Sort(groups)
	for _, group := range slices.Compact(groups) {
		ofGroup, err := tx.ContinuousJobs(group, after, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, ofGroup...)
	}
	byKey := func(a, b store.ContinuousJob) int { return cmp.Compare(a.Key, b.Key) }
	slices.SortFunc(found, byKey)
	found = slices.Compact(found)
	return found[:min(limit, len(found))], nil
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
