package job

import (
	"time"

	"github.com/drover-iot/drover/registry"
)

// A job creates executions in three ways. Its rollout releases them tick by tick, for the things
// that were targets when it started. Late joiners, which enter the targets of a continuous job
// later, get theirs at once, and so do the members of groups that are associated with it. Only the
// first way counts in the rollout and is bound to its rate (R-ROLL-15).

// StartRollout starts a job that need not wait (R-JOB-1). It freezes the sources that the rollout
// takes things from and the newest membership that counts: things that join a group later are no
// targets of a snapshot job (R-JOB-52). Tick 0 of the rollout is due at once; without any source
// the rollout has ended already.
func (j *Job) StartRollout(sources []Source, newestMembership int64, now time.Time) {
	j.Status, j.UpdatedAt = InProgress, now // R-JOB-18
	j.Sources, j.NewestMembership = sources, newestMembership
	j.WindowEdge = j.closing(now)
	if j.Progress.start(now); len(sources) == 0 {
		j.Progress.finish()
	}
	j.Recompute(now)
}

// Tick opens the next tick of the rollout if its time has come. It returns how many executions may
// be created now: the quota of the tick, less what has been created of it, as far as
// drover:max-outstanding leaves room for it, and zero unless the job is IN_PROGRESS and not paused.
func (j *Job) Tick(now time.Time) int {
	if j.Recompute(now); !j.Creates() || j.Progress.Finished || j.atGate() {
		return 0
	}
	j.Progress.tick(j.Rollout, j.Counts[ExecutionSucceeded], now)
	j.Recompute(now)
	if room := j.room(); room >= 0 {
		return int(min(int64(j.Progress.Quota), room))
	}
	return j.Progress.Quota
}

// ReleasedExecutions records that the rollout created n executions and goes on at the cursor.
// exhausted says that no target is left, so that the wave or the rollout is over
// (R-ROLL-13).
func (j *Job) ReleasedExecutions(n int, at RolloutCursor, exhausted bool, now time.Time) {
	j.Progress.Cursor = at
	j.Progress.Quota -= n
	j.Progress.Searching = false
	j.Progress.Notified += int64(n)
	j.Counts[ExecutionQueued] += int64(n)
	if n > 0 {
		j.countInWave(j.waveOfNew(), func(w *WaveState) {
			w.Created += int64(n)
			w.LastRelease = now
		})
	}
	if exhausted && j.waveReleased() {
		exhausted = false
		j.Progress.Cursor = RolloutCursor{}
	}
	if exhausted {
		j.Progress.finish()
		j.UpdatedAt = now // the end of the rollout, R-JOB-18
		j.tickForRetries(now)
	}
	j.Recompute(now)
}

// SearchOn records that the step before ended without knowing whether any target is left: it had
// looked at as much as a step may. Another step is due at once (R-ROLL-13).
func (j *Job) SearchOn(now time.Time) {
	j.Progress.Searching = j.Status == InProgress && !j.Progress.Finished
	j.Recompute(now)
}

// RolloutMembership is the membership number at which the rollout of a snapshot job began, while it
// goes on. Until then, memberships that end and that it counts are remembered, so that a thing that
// leaves and comes back is not passed over. ok is false for a job of which that is not so: a
// continuous one counts who enters by itself (MembershipChange).
func (j Job) RolloutMembership() (number int64, ok bool) {
	goesOn := j.Status.Active() && j.RolloutStarted() && !j.Progress.Finished
	return j.NewestMembership, goesOn && j.TargetSelection != Continuous
}

// FirstExecution is the execution that the rollout creates for a thing, without its Sequence.
func (j Job) FirstExecution(thing registry.ThingID, now time.Time) Execution {
	x := NewExecution(ExecutionKey{Job: j.Key, Thing: thing, Number: 1}, now)
	x.Wave = j.waveOfNew()
	return x
}

// AcceptsRelease reports whether the rollout creates an execution for a thing whose turn has come:
// it does unless the thing ever had one of this job, also one that was deleted (R-ROLL-14).
// lastNumber is the largest number of an execution that the thing had, 0 when it had none.
func AcceptsRelease(lastNumber int64) bool { return lastNumber == 0 }

// QueuedLateJoiner records that a late joiner got its execution. It counts for nothing in the
// rollout (R-ROLL-15).
func (j *Job) QueuedLateJoiner(now time.Time) {
	j.Counts[ExecutionQueued]++
	j.countInWave(j.waveOfNew(), func(w *WaveState) { w.Created++ })
	j.Recompute(now)
}

// LateJoinerExecution is the execution that a late joiner gets, without its Sequence. ok is false
// when it gets none, because an execution of the job is pending on the thing (R-JOB-57). It begins
// a chain of its own: the next number, no retry used, whatever became of earlier ones (R-JOB-58,
// R-RTY-11).
func (j Job) LateJoinerExecution(
	thing registry.ThingID, lastNumber int64, pending bool, now time.Time,
) (x Execution, ok bool) {
	if pending {
		return Execution{}, false
	}
	x = NewExecution(ExecutionKey{Job: j.Key, Thing: thing, Number: lastNumber + 1}, now)
	x.Wave = j.waveOfNew() // R-STR-55
	return x, true
}

// EnteredAgain is a pending execution whose thing has left the targets of a continuous job and
// enters them again. It gets no other one (R-JOB-57), but it is the first of a new chain, with the
// whole budget of retries (R-RTY-11, R-RTY-12). changed is false when that is so already.
//
// For example, a job retries FAILED twice, and a thing works on its last attempt when it leaves and
// enters. When that attempt fails, two more may follow.
func (e Execution) EnteredAgain() (_ Execution, changed bool) {
	if e.Status.Terminal() || e.RetriesUsed == (RetriesUsed{}) {
		return e, false
	}
	e.RetriesUsed = RetriesUsed{}
	return e, true
}

// TookLateJoiners records that a page of the late joiners that waited for a window was worked on.
// more says that others may still wait (R-JOB-56).
func (j *Job) TookLateJoiners(more bool, now time.Time) {
	j.LateJoinersWaiting = more
	j.Recompute(now)
}

// AcceptsBackfill reports whether the back-fill of an associated group creates an execution for one
// of its members (R-JOB-51): for one that was no target of the job before, and for one that the
// rollout has missed although it was. Whoever the rollout has yet to reach keeps its turn, so that
// a group that shares things with the first targets does not release them past the rate
// (R-ROLL-15). reach are the groups of the thing and all groups above them.
//
// For example, a job rolls out one thing a minute to group A. Group B is associated, which has the
// things of A and one more: that one gets its execution now, the others when their minute comes.
func (j Job) AcceptsBackfill(
	source Source, thing registry.ThingID, reach []registry.GroupID, lastNumber int64,
) bool {
	if lastNumber == 0 && j.Progress.Finished {
		return true
	}
	before := j.Definition
	before.Sources = nil
	for _, s := range j.Sources {
		if s.Target < source.Target {
			before.Sources = append(before.Sources, s)
		}
	}
	return !before.IsTarget(thing, reach)
}

// AdvanceBackfill records that the back-fill of associated groups goes on at the cursor, or is
// exhausted (R-JOB-42).
func (j *Job) AdvanceBackfill(at RolloutCursor, exhausted bool, now time.Time) {
	j.Backfill = &at
	if exhausted {
		j.Backfill = nil
	}
	j.Recompute(now)
}
