package rules

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// confirmTime is how long a success waits in these histories.
const confirmTime = 10 * time.Minute

// succeed has a thing succeed, and wait to be confirmed.
func (h *history) succeed(thing registry.ThingID) {
	changes := store.Changes{}
	x := h.updated(thing, job.ExecutionSucceeded)
	changes.Job.UpdatedExecutions = []job.Execution{x}
	changes.Job.Confirmations = []job.Confirmation{{
		ExecutionKey: x.ExecutionKey,
		ReportedAt:   h.now,
		Until:        h.now.Add(confirmTime),
	}}
	h.job.Steered = &job.Steered{Confirming: 1}
	h.write(changes)
}

// confirm ends the wait of thing a: it is confirmed, or silent.
func (h *history) confirm(silent bool) {
	changes := store.Changes{}
	changes.Job.ConfirmationsDone = []store.ConfirmationCursor{{Thing: a, Job: 1}}
	h.job.Steered = &job.Steered{Confirmed: 1}
	if silent {
		h.job.Steered = &job.Steered{Silent: 1}
		changes.Job.SilentExecutions = []job.ExecutionKey{h.latest[a].ExecutionKey}
	}
	h.write(changes)
}

// see has the client of a thing send something, or connect.
func (h *history) see(connected bool) {
	h.read(func(now State) { h.checker.Seen(now, thingNames[a], connected) })
}

func TestConfirmations(t *testing.T) {
	t.Parallel()
	confirming := withSettings(job.Steering{Confirm: confirmTime})
	succeeded := func(h *history) {
		confirming(h)
		h.succeed(a)
	}
	run(t, []ruleCase{
		{
			rule:   "R-STR-40, R-STR-42",
			name:   "a success waits for the time of the setting",
			before: confirming,
			keeps:  func(h *history) { h.succeed(a) },
			spoil: func(changes *store.Changes) {
				c := &changes.Job.Confirmations[0]
				c.Until = c.Until.Add(time.Millisecond)
			},
		},
		{
			rule:   "R-STR-40",
			name:   "what is sent half a minute later confirms",
			before: succeeded,
			keeps: func(h *history) {
				h.advance(30 * time.Second)
				h.see(false)
				h.confirm(false)
			},
			breaks: func(h *history) {
				h.advance(30*time.Second - time.Millisecond)
				h.see(false)
				h.confirm(false)
			},
		},
		{
			rule:   "R-STR-40",
			name:   "only what waits is confirmed",
			before: confirming,
			keeps: func(h *history) {
				h.succeed(a)
				h.see(true)
				h.confirm(false)
			},
			breaks: func(h *history) { h.confirm(false) },
		},
		{
			rule: "R-STR-40, R-STR-42",
			name: "a server that was down gives all of the time again",
			before: func(h *history) {
				succeeded(h)
				h.advance(time.Minute)
				h.read(func(now State) { h.checker.Restarted(now, 0) })
			},
			keeps: func(h *history) {
				h.advance(confirmTime)
				h.confirm(true)
			},
			breaks: func(h *history) {
				h.advance(confirmTime - time.Millisecond)
				h.confirm(true)
			},
		},
		{
			rule:   "R-STR-41",
			name:   "the job says how many are silent",
			before: succeeded,
			keeps: func(h *history) {
				h.advance(confirmTime)
				h.confirm(true)
			},
			spoil: firstState(func(j *job.Job) { j.Steered = &job.Steered{Confirmed: 1} }),
		},
		{
			rule:   "R-STR-40, R-STR-41",
			name:   "nothing waits longer",
			before: succeeded,
			keeps: func(h *history) {
				h.advance(confirmTime - time.Millisecond)
				h.settled()
			},
			breaks: func(h *history) {
				h.advance(confirmTime)
				h.settled()
			},
		},
	})
}

// tryAgain creates attempts for an operator. goesOn says that others come.
func (h *history) tryAgain(goesOn bool, things ...registry.ThingID) {
	changes := store.Changes{}
	for _, thing := range things {
		before := h.latest[thing]
		x := h.created(thing, 0)
		x.RetriesUsed = before.RetriesUsed
		h.latest[thing] = x
		changes.Job.CreatedExecutions = append(changes.Job.CreatedExecutions, x)
	}
	h.job.Steered = nil
	if goesOn {
		h.job.Steered = &job.Steered{Retry: &job.RetryPass{}}
	}
	h.write(changes)
}

// An operator has a job try again on what has failed.
func TestRetriesAsked(t *testing.T) {
	t.Parallel()
	failed := func(things ...registry.ThingID) func(*history) {
		return func(h *history) {
			h.create(nil)
			h.release(a, b, c)
			h.updateAll(job.ExecutionRejected, things...)
			h.advance(time.Hour)
		}
	}
	ask := func(h *history, names ...string) {
		h.checker.BeforeRetry(RetryCall{JobID: "j", Statuses: []string{"REJECTED"}, Things: names})
	}
	run(t, []ruleCase{
		{
			rule:   "R-STR-60",
			name:   "nobody has asked for it",
			before: failed(a),
			keeps: func(h *history) {
				ask(h)
				h.tryAgain(true)
			},
			breaks: func(h *history) { h.tryAgain(true) },
		},
		{
			rule:   "R-STR-60",
			name:   "only what has failed so is tried again",
			before: failed(a),
			keeps: func(h *history) {
				ask(h)
				h.tryAgain(false, a)
			},
			breaks: func(h *history) {
				ask(h)
				h.tryAgain(false, b)
			},
		},
		{
			rule:   "R-STR-60",
			name:   "only the things that are named",
			before: failed(a, b),
			keeps: func(h *history) {
				ask(h, thingNames[a])
				h.tryAgain(false, a)
			},
			breaks: func(h *history) {
				ask(h, thingNames[a])
				h.tryAgain(false, b)
			},
		},
		{
			rule:   "R-STR-60",
			name:   "nothing is left out",
			before: failed(a, b),
			keeps: func(h *history) {
				ask(h)
				h.tryAgain(false, a, b)
			},
			breaks: func(h *history) {
				ask(h)
				h.tryAgain(false, a)
			},
		},
		{
			rule: "R-STR-60",
			name: "it does not rest while there is a quota",
			before: func(h *history) {
				failed(a)(h)
				ask(h)
				h.tryAgain(true)
			},
			keeps: func(h *history) {
				h.tryAgain(false, a)
				h.settled()
			},
			breaks: func(h *history) {
				h.job.Progress.NextTick = h.now
				h.tryAgain(true)
				h.settled()
			},
		},
	})
}
