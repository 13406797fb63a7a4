package rules

import (
	"slices"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// twoPerMinute has a job that releases two things a minute.
func twoPerMinute(h *history) {
	h.create(func(j *job.Job) { j.Rollout = &job.RolloutConfig{MaximumPerMinute: 2} })
}

func TestRollouts(t *testing.T) {
	t.Parallel()
	run(t, []ruleCase{
		{
			rule:   "R-ROLL-3",
			name:   "a tick has a quota",
			before: twoPerMinute,
			keeps:  func(h *history) { h.release(a, b) },
			breaks: func(h *history) { h.release(a, b, c) },
		},
		{
			rule: "R-ROLL-3",
			name: "ticks are a minute apart",
			before: func(h *history) {
				twoPerMinute(h)
				h.release(a, b)
			},
			keeps: func(h *history) {
				h.advance(time.Minute)
				h.release(c)
			},
			breaks: func(h *history) {
				h.advance(time.Minute - time.Millisecond)
				h.release(c)
			},
		},
		{
			rule:   "R-ROLL-3",
			name:   "a tick that is due is not left out",
			before: twoPerMinute,
			keeps: func(h *history) {
				h.release(a, b)
				h.settled()
			},
			breaks: func(h *history) { h.settled() },
		},
		{
			rule:   "R-ROLL-12",
			name:   "members by name",
			before: twoPerMinute,
			keeps:  func(h *history) { h.release(a, b) },
			breaks: func(h *history) { h.release(b, a) },
		},
		{
			rule:   "R-ROLL-13",
			name:   "not finished while things wait",
			before: twoPerMinute,
			keeps:  func(h *history) { h.release(a, b) },
			spoil:  firstState(func(j *job.Job) { j.Progress.Finished = true }),
		},
	})
}

func TestContinuous(t *testing.T) {
	t.Parallel()
	continuous := func(h *history) {
		h.create(func(j *job.Job) {
			j.TargetSelection = "CONTINUOUS"
			j.Rollout = &job.RolloutConfig{MaximumPerMinute: 3}
		})
		h.release(a, b, c)
	}
	join := func(h *history, queued ...job.Execution) {
		changes := store.Changes{}
		changes.Registry.AddedMemberships = []registry.Membership{h.membership(d)}
		changes.Job.CreatedExecutions = queued
		h.write(changes)
		h.settled()
	}
	run(t, []ruleCase{
		{
			rule:   "R-JOB-55, R-JOB-56, R-JOB-61",
			name:   "a thing that joins gets an execution, outside the rate",
			before: continuous,
			keeps:  func(h *history) { join(h, h.created(d, 0)) },
			breaks: func(h *history) { join(h) },
		},
		{
			rule:   "R-JOB-55",
			name:   "no target is left over",
			before: continuous,
			keeps:  func(h *history) { h.settled() },
			breaks: func(h *history) {
				h.checker.jobs[1].currentTargets[d] = true // no history is known that leads to this
				h.settled()
			},
		},
		{
			rule:   "R-ROLL-3",
			name:   "a thing that has not joined gets none",
			before: continuous,
			keeps:  func(h *history) { join(h, h.created(d, 0)) },
			breaks: func(h *history) { h.release(d) },
		},
	})
}

// R-ROLL-2 follows from the other rules of the rollout, unless two ticks come within a minute.
func TestPerMinute(t *testing.T) {
	t.Parallel()
	for _, age := range []struct {
		of     time.Duration
		broken string
	}{
		{time.Minute - time.Millisecond, "R-ROLL-2"},
		{time.Minute, ""},
	} {
		h := newHistory(t)
		rec := newJobRecord(job.Job{ID: "j"})
		rec.rollout.batches = []batch{{noon.Add(-age.of), 2, 3}, {noon, 2, 3}}
		newCommit(h.checker).checkPerMinute(rec)
		if h.broken != age.broken {
			t.Errorf("four executions within %s, three are allowed: %q is reported",
				age.of, h.broken)
		}
	}
}

// A group that was deleted has no place below its target any more, only one of its own.
func TestOrderOfReturners(t *testing.T) { // R-JOB-54
	t.Parallel()
	const deleted registry.GroupID = 9
	h := newHistory(t)
	left := func(thing registry.ThingID, from, target registry.GroupID) rolloutTarget {
		return rolloutTarget{thing: thing, group: from, joined: -1, target: target}
	}
	rec := &jobRecord{
		lastNumber:   map[registry.ThingID]int64{},
		targetGroups: []registry.GroupID{group, deleted},
		rolloutTargets: []rolloutTarget{
			left(a, deleted, group), left(b, group, group), left(a, deleted, deleted),
		},
	}
	h.read(func(s State) {
		if got, want := rec.unreleased(s.Store), []registry.ThingID{b, a}; !slices.Equal(got, want) {
			t.Errorf("the rollout goes on with %v, want %v", got, want)
		}
	})
}
