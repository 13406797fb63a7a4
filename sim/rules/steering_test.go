package rules

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// steer changes the job as its settings do, in a commit of its own.
func (h *history) steer(edit func(*job.Job)) {
	edit(&h.job)
	h.write(store.Changes{Job: store.JobChanges{Definitions: []job.Job{h.job}}})
	for _, thing := range []registry.ThingID{a, b, c} {
		if x := h.latest[thing]; x.Number > 0 && x.Status == job.ExecutionQueued {
			h.notify(thing)
		}
	}
}

func pause(j *job.Job)  { j.Paused = "somebody looks into it" }
func resume(j *job.Job) { j.Paused = "" }

// hold holds a thing for an hour, and notifies it of that.
func (h *history) hold(thing registry.ThingID) {
	h.held = map[registry.ThingID]bool{thing: true}
	changes := store.Changes{}
	changes.Job.Holds = []job.Hold{{Thing: thing, Until: h.now.Add(time.Hour)}}
	if pending(h.latest[thing]) && h.latest[thing].Number > 0 {
		h.announcements++
		changes.Outbox.Added = []store.Announcement{{
			ID:      h.announcements,
			Notices: []store.Notice{{Thing: thing, Notify: true, NotifyNext: true}},
		}}
	}
	h.write(changes)
}

// withSettings has a job with settings whose three things are QUEUED. It tries again once what has
// failed.
func withSettings(s job.Steering) func(*history) {
	return func(h *history) {
		h.create(func(j *job.Job) {
			j.Steering = &s
			once := job.RetryCriterion{FailureType: "FAILED", Retries: 1}
			j.Retry = &job.RetryConfig{Criteria: []job.RetryCriterion{once}}
		})
		h.release(a, b, c)
	}
}

// retryAfter lets a thing fail, and creates a retry that shows after some time.
func (h *history) retryAfter(thing registry.ThingID, wait time.Duration) {
	changes := store.Changes{}
	changes.Job.UpdatedExecutions = []job.Execution{h.updated(thing, job.ExecutionFailed)}
	next := h.created(thing, 1)
	next.ShowAt, next.RetriesUsed.Failed = h.now.Add(wait), 1
	changes.Job.CreatedExecutions = []job.Execution{next}
	h.write(changes)
}

func TestSteering(t *testing.T) {
	t.Parallel()
	run(t, []ruleCase{
		{
			rule:   "R-STR-10",
			name:   "nothing is released while the job is paused",
			before: created,
			keeps:  func(h *history) { h.release(a) },
			breaks: func(h *history) {
				h.steer(pause)
				h.release(a)
			},
		},
		{
			rule:   "R-STR-10",
			name:   "nothing is started while the job is paused",
			before: allQueued,
			keeps: func(h *history) {
				h.update(a, job.ExecutionInProgress)
				h.steer(pause)
				h.update(a, job.ExecutionSucceeded)
			},
			breaks: func(h *history) {
				h.steer(pause)
				h.update(a, job.ExecutionInProgress)
			},
		},
		{
			rule: "R-STR-11",
			name: "a retry that waited is created when the job is resumed",
			before: func(h *history) {
				withSettings(job.Steering{})(h)
				h.update(a, job.ExecutionInProgress)
				h.steer(pause)
				h.update(a, job.ExecutionFailed)
				h.settled()
				h.steer(resume)
			},
			keeps: func(h *history) {
				next := h.created(a, 1)
				next.RetriesUsed.Failed = 1
				changes := store.Changes{}
				changes.Job.CreatedExecutions = []job.Execution{next}
				h.write(changes)
				h.settled()
			},
			breaks: func(h *history) { h.settled() },
		},
		{
			rule:   "R-STR-13",
			name:   "a job is paused when an operator pauses it",
			before: created,
			keeps:  func(h *history) { h.steer(pause) },
			spoil:  firstState(resume),
		},
		{
			rule:   "R-STR-14",
			name:   "a hold ends in time",
			before: func(h *history) { h.hold(d) },
			keeps: func(h *history) {
				h.advance(time.Hour - time.Millisecond)
				h.settled()
			},
			breaks: func(h *history) {
				h.advance(time.Hour)
				h.settled()
			},
		},
		{
			rule: "R-STR-14, R-STR-45",
			name: "nothing is started on a thing that is held",
			before: func(h *history) {
				allQueued(h)
				h.hold(a)
			},
			keeps:  func(h *history) { h.update(b, job.ExecutionInProgress) },
			breaks: func(h *history) { h.update(a, job.ExecutionInProgress) },
		},
		{
			rule: "R-STR-15",
			name: "the rollout leaves so many pending",
			before: func(h *history) {
				h.create(func(j *job.Job) { j.Steering = &job.Steering{MaxOutstanding: 2} })
			},
			keeps:  func(h *history) { h.release(a, b) },
			breaks: func(h *history) { h.release(a, b, c) },
		},
		{
			rule: "R-STR-20",
			name: "a criterion that was met is recorded",
			before: func(h *history) {
				h.create(func(j *job.Job) {
					j.Steering = &job.Steering{Abort: "observe"}
					j.Abort = &job.AbortConfig{Criteria: []job.AbortCriterion{{
						FailureType: "REJECTED", ThresholdHundredths: 1000, MinExecuted: 1,
					}}}
				})
				h.release(a, b, c)
			},
			keeps: func(h *history) {
				h.job.Steered = &job.Steered{Observed: []job.Observation{{Criterion: 1}}}
				h.update(a, job.ExecutionRejected)
			},
			spoil: firstState(func(j *job.Job) { j.Steered = nil }),
		},
		{
			rule: "R-STR-45",
			name: "a retry backs off",
			before: withSettings(job.Steering{
				Backoff: &job.Backoff{First: time.Minute, Max: time.Hour},
			}),
			keeps:  func(h *history) { h.retryAfter(a, 75*time.Second) },
			breaks: func(h *history) { h.retryAfter(a, 76*time.Second) },
		},
	})
}

// inWaves has a job whose first wave is half of all things, which is thing c alone, behind which
// half must have succeeded.
func inWaves(h *history) {
	h.create(func(j *job.Job) {
		j.Steering = &job.Steering{Waves: []job.Wave{
			{PercentHundredths: 5000, HasOK: true, OKHundredths: 5000}, {PercentHundredths: 10000},
		}}
	})
	h.releaseInWave(1, c)
}

// releaseInWave lets the rollout create executions of a wave.
func (h *history) releaseInWave(wave uint8, things ...registry.ThingID) {
	changes := store.Changes{}
	for _, thing := range things {
		x := h.created(thing, 0)
		x.Wave = wave
		h.latest[thing] = x
		changes.Job.CreatedExecutions = append(changes.Job.CreatedExecutions, x)
	}
	h.write(changes)
}

// judge says that the gate behind the first wave has been judged.
func (h *history) judge() {
	h.job.Steered = &job.Steered{Waves: []job.WaveState{{Judged: true}}}
	h.write(store.Changes{})
}

func TestWaves(t *testing.T) {
	t.Parallel()
	run(t, []ruleCase{
		{
			rule: "R-STR-50",
			name: "a wave takes its things",
			before: func(h *history) {
				inWaves(h)
				h.update(c, job.ExecutionSucceeded)
				h.judge()
			},
			keeps:  func(h *history) { h.releaseInWave(2, b) },
			breaks: func(h *history) { h.releaseInWave(1, b) },
		},
		{
			rule: "R-STR-50",
			name: "a wave waits for the gate before it",
			before: func(h *history) {
				inWaves(h)
				h.update(c, job.ExecutionSucceeded)
			},
			keeps: func(h *history) {
				h.judge()
				h.releaseInWave(2, b)
			},
			breaks: func(h *history) { h.releaseInWave(2, b) },
		},
		{
			rule:   "R-STR-51 to R-STR-54",
			name:   "a gate opens for enough successes",
			before: inWaves,
			keeps: func(h *history) {
				h.update(c, job.ExecutionSucceeded)
				h.judge()
			},
			breaks: func(h *history) {
				h.update(c, job.ExecutionFailed)
				h.judge()
			},
		},
	})
}

// guarded has a job with a guard whose buckets are a second wide. One thing has started at noon.
func guarded(then job.Action) func(*history) {
	return func(h *history) {
		withSettings(job.Steering{Guard: &job.Guard{
			FailureType: "REJECTED", RateHundredths: 100, AlphaHundredths: 500, Settle: time.Second,
			Then: then,
		}})(h)
		h.update(a, job.ExecutionInProgress)
	}
}

func TestGuards(t *testing.T) {
	t.Parallel()
	counted := func(failed int64, fired *job.GuardFiring) *job.Steered {
		return &job.Steered{Guard: &job.GuardState{Counted: 1, Failed: failed, Fired: fired}}
	}
	run(t, []ruleCase{
		{
			rule:   "R-STR-30 to R-STR-32",
			name:   "a thing counts two seconds after the start of its bucket",
			before: guarded("pause"),
			keeps: func(h *history) {
				h.advance(2 * time.Second)
				h.job.Steered = counted(0, nil)
				h.update(b, job.ExecutionInProgress)
			},
			breaks: func(h *history) {
				h.advance(2*time.Second - time.Millisecond)
				h.job.Steered = counted(0, nil)
				h.update(b, job.ExecutionInProgress)
			},
		},
		{
			rule:   "R-STR-31",
			name:   "and not later",
			before: guarded("pause"),
			keeps: func(h *history) {
				h.advance(2*time.Second - time.Millisecond)
				h.settled()
			},
			breaks: func(h *history) {
				h.advance(2 * time.Second)
				h.settled()
			},
		},
		{
			rule: "R-STR-32",
			name: "a guard cancels on evidence only",
			before: func(h *history) {
				guarded("cancel")(h)
				h.update(a, job.ExecutionRejected) // one of one, E is 20.8
			},
			keeps: func(h *history) {
				h.advance(2 * time.Second)
				h.cancel("GUARD_FIRED")
			},
			breaks: func(h *history) { h.cancel("GUARD_FIRED") },
		},
		{
			rule: "R-STR-33",
			name: "and does when there is some",
			before: func(h *history) {
				guarded("cancel")(h)
				h.update(a, job.ExecutionRejected)
				h.advance(2 * time.Second)
			},
			keeps: func(h *history) { h.cancel("GUARD_FIRED") },
			breaks: func(h *history) {
				h.job.Steered = counted(1, &job.GuardFiring{At: h.now, Counted: 1, Failed: 1})
				h.update(b, job.ExecutionInProgress)
			},
		},
	})
}
