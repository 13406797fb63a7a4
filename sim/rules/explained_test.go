package rules

import (
	"testing"
	"time"
)

// explain shows the rules an explanation of the execution of thing a.
func (h *history) explain(verdict string, reasons ...ExplainedReason) {
	h.t.Helper()
	h.read(func(now State) {
		h.checker.Explained(now, h.latest[a].ExecutionKey, Explained{verdict, reasons})
	})
}

// explainJob shows the rules an explanation of the job.
func (h *history) explainJob(code string) {
	h.read(func(now State) {
		e := Explained{Verdict: "WAITING", Reasons: []ExplainedReason{{Code: code, Text: "A sentence."}}}
		h.checker.ExplainedJob(now, "j", e)
	})
}

// explainTurn shows the rules an explanation of the first thing whose turn is to come.
func (h *history) explainTurn(code string) {
	h.t.Helper()
	h.read(func(now State) {
		thing, ok := h.checker.Unreleased(now, h.job.Key, 0)
		if !ok {
			h.t.Fatal("nobody waits for a turn")
		}
		e := Explained{Verdict: "WAITING", Reasons: []ExplainedReason{because(code, time.Time{})}}
		h.checker.ExplainedTurn(now, h.job.Key, thing, e)
	})
}

// because is a reason that holds until a time.
func because(code string, until time.Time) ExplainedReason {
	return ExplainedReason{Code: code, Text: "A sentence.", Since: noon, Until: until}
}

// Explanations: each execution has one, and what it says of times comes true.
func TestExplained(t *testing.T) {
	t.Parallel()
	never, soon := time.Time{}, noon.Add(time.Minute)
	queued := func(h *history) {
		h.create(nil)
		h.release(a, b, c)
	}
	run(t, []ruleCase{
		{
			rule:   "R-EXP-1",
			name:   "an execution that waits has a reason",
			before: queued,
			keeps:  func(h *history) { h.explain("WAITING", because("DEVICE_TO_START", never)) },
			breaks: func(h *history) { h.explain("WAITING") },
		},
		{
			rule:   "R-EXP-1",
			name:   "an execution that waits is not running",
			before: queued,
			keeps:  func(h *history) { h.explain("BLOCKED", because("POLICY_REFUSES", never)) },
			breaks: func(h *history) { h.explain("RUNNING", because("DEVICE_WORKS", never)) },
		},
		{
			rule:   "R-EXP-2",
			name:   "what hides it is among the reasons",
			before: func(h *history) { queued(h); h.steer(pause) },
			keeps:  func(h *history) { h.explain("BLOCKED", because("JOB_PAUSED", never)) },
			breaks: func(h *history) { h.explain("BLOCKED", because("THING_HELD", never)) },
		},
		{
			rule:   "R-EXP-2",
			name:   "so is a hold",
			before: func(h *history) { queued(h); h.hold(a) },
			keeps:  func(h *history) { h.explain("WAITING", because("THING_HELD", soon)) },
			breaks: func(h *history) { h.explain("WAITING", because("DEVICE_TO_START", never)) },
		},
		{
			rule:   "R-EXP-5",
			name:   "until is a time to come",
			before: func(h *history) { queued(h); h.advance(time.Minute) },
			keeps:  func(h *history) { h.explain("WAITING", because("BEHIND_ANOTHER", soon.Add(1))) },
			breaks: func(h *history) { h.explain("WAITING", because("BEHIND_ANOTHER", soon)) },
		},
		{
			rule: "R-EXP-5",
			name: "a reason is gone when it was said to be",
			before: func(h *history) {
				queued(h)
				h.explain("WAITING", because("BEHIND_ANOTHER", soon))
				h.advance(time.Minute)
			},
			keeps:  func(h *history) { h.explain("WAITING", because("DEVICE_TO_START", never)) },
			breaks: func(h *history) { h.explain("WAITING", because("BEHIND_ANOTHER", soon.Add(time.Hour))) },
		},
		{
			rule: "R-EXP-2",
			name: "a thing whose turn is to come waits for it",
			before: func(h *history) {
				h.create(nil)
				h.release(a)
			},
			keeps:  func(h *history) { h.explainTurn("ROLLOUT_TURN") },
			breaks: func(h *history) { h.explainTurn("NOT_A_TARGET") },
		},
		{
			rule:   "R-EXP-3",
			name:   "an active job waits for something",
			before: queued,
			keeps:  func(h *history) { h.explainJob("EXECUTIONS_PENDING") },
			breaks: func(h *history) { h.explainJob("NOTHING_TO_WAIT_FOR") },
		},
	})
}

// A promise that somebody has made void by a change is not kept, and one of an execution that has
// ended is forgotten.
func TestPromisesForgotten(t *testing.T) { // R-EXP-5
	t.Parallel()
	h := newHistory(t)
	h.create(nil)
	h.release(a, b, c)
	soon := noon.Add(time.Minute)
	h.explain("WAITING", because("BEHIND_ANOTHER", soon))
	h.hold(a)
	h.advance(time.Minute)
	if _, due := h.checker.DuePromise(h.now); !due {
		t.Error("nobody is asked whether the promise was kept")
	}
	h.explain("WAITING", because("BEHIND_ANOTHER", soon.Add(time.Hour)), because("THING_HELD", soon.Add(time.Hour)))
	if h.broken != "" {
		t.Errorf("%s: %s", h.broken, h.text)
	}
	h.checker.ForgetPromises(h.latest[a].ExecutionKey)
	if key, due := h.checker.DuePromise(h.now.Add(2 * time.Hour)); due {
		t.Errorf("there is still a promise about %+v", key)
	}
}
