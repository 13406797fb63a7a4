package rules

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Explanations are looked at for executions that have not ended. Each has one, which says what can
// be read from the store; and a time until which a reason holds, where it is given, comes true.

// An Explained is an explanation as it was answered.
type Explained struct {
	Verdict string
	Reasons []ExplainedReason
}

// An ExplainedReason is one of its reasons; Until is zero where it was not given.
type ExplainedReason struct {
	Code, Text   string
	Since, Until time.Time
}

// A promise is that a reason is gone at a time, if nobody changes anything.
type promise struct {
	key    job.ExecutionKey
	reason ExplainedReason
	state  string // what somebody may have changed meanwhile
}

// promisesKept is how many promises are remembered.
const promisesKept = 64

// Pending returns an execution that has not ended, the n-th in some order, for callers that look at
// one after the other; ok is false when there is none.
func (ch *Checker) Pending(n int) (x job.Execution, ok bool) {
	var keys []job.ExecutionKey
	for _, of := range ch.pending {
		for key := range of {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return x, false
	}
	sortKeys(keys)
	key := keys[n%len(keys)]
	return ch.pending[key.Thing][key], true
}

// DuePromise returns an execution that has not ended and of which it was said that a reason is gone
// by now; ok is false when there is none.
func (ch *Checker) DuePromise(now time.Time) (key job.ExecutionKey, ok bool) {
	ch.promises = slices.DeleteFunc(ch.promises, func(p promise) bool {
		_, pending := ch.pending[p.key.Thing][p.key]
		return !pending
	})
	for _, p := range ch.promises {
		if !now.Before(p.reason.Until) {
			return p.key, true
		}
	}
	return key, false
}

// Explained checks the explanation of an execution that has not ended (R-EXP-2, R-EXP-5).
func (ch *Checker) Explained(now State, key job.ExecutionKey, e Explained) {
	ch.state = now
	x, pending := ch.pending[key.Thing][key]
	rec := ch.jobs[key.Job]
	if !pending || rec == nil || !active(rec.stored.Status) {
		ch.ForgetPromises(key)
		return
	}
	x.Held = ch.isHeld(x)
	ch.checkVerdict(rec, x, e)
	state := ch.changeable(x)
	for _, r := range e.Reasons {
		over := !r.Until.IsZero() && !now.Now.Before(r.Until)
		if r.Code == "NOTHING_TO_WAIT_FOR" || r.Text == "" || over {
			ch.fail("R-EXP-5", "%+v of %s is explained by %+v", x, rec.id, r)
		}
	}
	ch.keepPromises(key, func(p promise) bool {
		if p.state != state {
			return false // somebody has changed something
		}
		for _, r := range e.Reasons {
			same := r.Code == p.reason.Code && r.Text == p.reason.Text &&
				r.Since.Equal(p.reason.Since)
			if same && !now.Now.Before(p.reason.Until) {
				ch.fail("R-EXP-5",
					"%+v of %s: %+v was to be gone, and is %+v", x, rec.id, p.reason, r)
			}
		}
		return now.Now.Before(p.reason.Until)
	})
	for _, r := range e.Reasons {
		p := promise{key, r, state}
		room := len(ch.promises) < promisesKept && !slices.Contains(ch.promises, p)
		if room && !r.Until.IsZero() {
			ch.promises = append(ch.promises, p)
		}
	}
}

// ForgetPromises is for an execution whose thing was deleted: nobody can be asked about it.
func (ch *Checker) ForgetPromises(key job.ExecutionKey) {
	ch.keepPromises(key, func(promise) bool { return false })
}

// keepPromises forgets the promises about an execution that are not to be kept.
func (ch *Checker) keepPromises(key job.ExecutionKey, keep func(promise) bool) {
	ch.promises = slices.DeleteFunc(ch.promises, func(p promise) bool {
		return p.key == key && !keep(p)
	})
}

// isHeld reports whether the thing of an execution is held.
func (ch *Checker) isHeld(x job.Execution) bool {
	_, held := ch.holds[x.Thing]
	return held
}

// changeable is what operators and the device may have changed of an execution since a promise.
func (ch *Checker) changeable(x job.Execution) string {
	return strings.Join([]string{
		ch.holds[x.Thing].Until.String(), x.StepDeadline.String(), x.ShowAt.String(),
		strconv.FormatInt(x.Version, 10),
	}, " ")
}

// hides are the codes that say why an execution is hidden, for each cause; work that waits for
// processor time may stand in their place.
var hides = []struct {
	codes []string
	is    func(j job.Job, x job.Execution) bool
}{
	{[]string{"WINDOW_CLOSED", "START_TIME"}, func(j job.Job, _ job.Execution) bool {
		return j.Status == "SCHEDULED"
	}},
	{
		[]string{
			"JOB_PAUSED", "PAUSED_BY_ABORT", "PAUSED_BY_GUARD", "WAVE_STOPPED", "WAVE_APPROVAL",
		},
		func(j job.Job, _ job.Execution) bool { return j.Paused != "" },
	},
	{[]string{"THING_HELD"}, func(_ job.Job, x job.Execution) bool { return x.Held }},
	{[]string{"RETRY_BACKS_OFF"}, func(_ job.Job, x job.Execution) bool {
		return !x.ShowAt.IsZero()
	}},
}

// checkVerdict checks the verdict, and that what hides an execution is among the reasons.
func (ch *Checker) checkVerdict(rec *jobRecord, x job.Execution, e Explained) {
	has := func(codes ...string) bool {
		return slices.ContainsFunc(e.Reasons, func(r ExplainedReason) bool {
			return r.Code == "BACKGROUND_WORK" || slices.Contains(codes, r.Code)
		})
	}
	verdicts := []string{"WAITING", "BLOCKED"}
	if x.Status == job.ExecutionInProgress && !has() {
		verdicts = []string{"RUNNING"}
	}
	if len(e.Reasons) == 0 || !slices.Contains(verdicts, e.Verdict) {
		ch.fail("R-EXP-1", "%+v of %s is explained by %+v", x, rec.id, e)
	}
	for _, h := range hides {
		if x.Status == job.ExecutionQueued && h.is(rec.stored, x) && !has(h.codes...) {
			ch.fail("R-EXP-2", "%+v of %s is hidden, and explained by %+v", x, rec.id, e)
		}
	}
}

// Unreleased returns a thing that the rollout of a job has not reached, the n-th of them; ok is
// false when there is none.
func (ch *Checker) Unreleased(now State, key job.Key, n int) (thing registry.ThingID, ok bool) {
	rec := ch.jobs[key]
	j := rec.stored
	if !rec.started || !active(j.Status) || j.Progress.Finished || rec.over(now.Now) {
		return 0, false
	}
	waiting := rec.unreleased(now.Store)
	if len(waiting) == 0 {
		return 0, false
	}
	return waiting[n%len(waiting)], true
}

// ExplainedTurn checks the explanation of a thing that the rollout of a job has not reached: it
// waits for its turn (R-EXP-2).
func (ch *Checker) ExplainedTurn(now State, key job.Key, thing registry.ThingID, e Explained) {
	ch.state = now
	waits := []string{"ROLLOUT_TURN", "TURN_AFTER_ALL", "BACKGROUND_WORK"}
	turn := slices.ContainsFunc(e.Reasons, func(r ExplainedReason) bool {
		return slices.Contains(waits, r.Code)
	})
	if !turn || e.Verdict != "WAITING" && e.Verdict != "BLOCKED" {
		ch.fail("R-EXP-2", "thing %v waits for its turn in %s, and is explained by %+v", thing,
			ch.jobs[key].id, e)
	}
	for _, r := range e.Reasons {
		if !r.Until.IsZero() && !now.Now.Before(r.Until) {
			ch.fail("R-EXP-5", "thing %v and %s are explained by %+v", thing, ch.jobs[key].id, r)
		}
	}
}

// ExplainedJob checks the explanation of a job that has not ended: it waits for something
// (R-EXP-3).
func (ch *Checker) ExplainedJob(now State, id string, e Explained) {
	ch.state = now
	for _, r := range e.Reasons {
		if r.Code == "NOTHING_TO_WAIT_FOR" {
			ch.fail("R-EXP-3", "%s waits for nothing: %+v", id, e)
		}
	}
	if len(e.Reasons) == 0 {
		ch.fail("R-EXP-3", "%s has no explanation", id)
	}
}
