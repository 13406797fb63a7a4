package rules

import (
	"math"
	"time"

	"github.com/drover-iot/drover/job"
)

// The guard of a job, by the words of docs/spec/50 section 4: the rules list every thing that it is
// about, count those whose bucket is old enough, and multiply likelihood ratios. The server has
// buckets and logarithms.

// guard is what a guard must have counted.
type guard struct {
	of    *job.Guard // nil without one
	since time.Time  // only things that start after this count; zero when all do
	// waiting are the first attempts that have not counted, by when they started.
	waiting         map[job.ExecutionKey]time.Time
	counted, failed int64
	fired           bool
	// seen says that the present commit has shown it something.
	seen bool
}

func sameGuard(a, b *job.Guard) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

// countsAt is when a thing that started at a time counts: when its bucket, a thirtieth of the
// settle time wide and at least a second, is as old as the settle time as a whole (R-STR-31).
func (g *guard) countsAt(start time.Time) time.Time {
	width := (g.of.Settle.Milliseconds() + 29) / 30
	width = max(width, 1000)
	end := (start.UnixMilli()/width + 1) * width
	return time.UnixMilli(end).UTC().Add(g.of.Settle)
}

// guardDue is when the next thing counts, zero when none waits.
func (rec *jobRecord) guardDue() (at time.Time) {
	g := &rec.steered.guard
	if g.of == nil || !active(rec.stored.Status) {
		return at
	}
	for _, start := range g.waiting {
		if counts := g.countsAt(start); at.IsZero() || counts.Before(at) {
			at = counts
		}
	}
	return at
}

// advanceGuard counts what has come of age, bucket by bucket, as it is at this point of the commit,
// and says whether the guard fires by it (R-STR-30 to R-STR-32).
func (rec *jobRecord) advanceGuard(now time.Time) (fires bool) {
	g := &rec.steered.guard
	for at := rec.guardDue(); due(at, now); at = rec.guardDue() {
		for key, start := range g.waiting {
			if !g.countsAt(start).Equal(at) {
				continue
			}
			g.counted++
			if rec.fails(rec.executions[key]) {
				g.failed++
			}
			delete(g.waiting, key)
		}
		if !g.fired && g.evidence()*float64(g.of.AlphaHundredths) >= 10000 {
			g.fired, fires = true, true
		}
	}
	return fires
}

// fails says whether the guard of a job counts an execution as failed.
func (rec *jobRecord) fails(x job.Execution) bool {
	g := &rec.steered.guard
	if x.Silent {
		return g.of.FailureType == "SILENT" || g.of.FailureType == "ALL"
	}
	failures := map[job.ExecutionStatus]job.FailureType{
		job.ExecutionFailed:   "FAILED",
		job.ExecutionRejected: "REJECTED",
		job.ExecutionTimedOut: "TIMED_OUT",
	}
	kind, failed := failures[x.Status]
	return failed && (g.of.FailureType == kind || g.of.FailureType == "ALL")
}

// evidence is the mean of 40 likelihood ratios, each a product over all that has counted
// (R-STR-32).
func (g *guard) evidence() float64 {
	sum, rate := 0.0, float64(g.of.RateHundredths)/10000
	for i := 1.0; i <= 40; i++ {
		p := math.Exp(math.Log(rate) * (1 - i/41))
		sum += math.Pow(p/rate, float64(g.failed)) *
			math.Pow((1-p)/(1-rate), float64(g.counted-g.failed))
	}
	return sum / 40
}

// guardFires does what the guard asks for.
func (c *commit) guardFires(rec *jobRecord) {
	switch rec.steered.guard.of.Then {
	case "pause":
		rec.steered.paused = true
	case "cancel":
		rec.step.guardCancels = true
	}
}

// showGuard shows the guard an execution that has changed: the first of a thing counts from when it
// started, or from when it ended if it never did, and not at all when it was canceled or removed
// (R-STR-30).
func (c *commit) showGuard(rec *jobRecord, was, x job.Execution) {
	g := &rec.steered.guard
	if g.of == nil || x.Number != 1 {
		return
	}
	g.seen = true
	switch {
	case x.Status == job.ExecutionCanceled || x.Status == job.ExecutionRemoved:
		delete(g.waiting, x.ExecutionKey)
	case was.Status == job.ExecutionQueued && (g.since.IsZero() || c.now.After(g.since)):
		if g.waiting == nil {
			g.waiting = map[job.ExecutionKey]time.Time{}
		}
		g.waiting[x.ExecutionKey] = c.now
	}
}

// checkGuard compares what the guard of a job has counted with what it must have, and what became
// of it when it fired (R-STR-30 to R-STR-33). A commit that changes the job and shows the guard
// nothing may leave it behind for the moment: Settled checks that it is not late.
func (c *commit) checkGuard(rec *jobRecord, j job.Job) {
	g := &rec.steered.guard
	if j.Status == "CANCELED" && active(rec.stored.Status) && j.ReasonCode == "GUARD_FIRED" &&
		!rec.step.guardCancels && !(rec.advanceGuard(c.now) && g.of.Then == "cancel") {
		c.fail("R-STR-32", "%s is canceled by its guard: %+v", rec.id, *g)
	}
	if g.of == nil || !active(j.Status) {
		return
	}
	stored := job.GuardState{}
	if j.Steered != nil && j.Steered.Guard != nil {
		stored = *j.Steered.Guard
	}
	behind := !g.seen && stored.Counted == g.counted
	if !behind && rec.advanceGuard(c.now) {
		c.guardFires(rec)
	}
	g.seen = false
	if stored.Counted != g.counted || stored.Failed != g.failed ||
		(stored.Fired != nil) != g.fired {
		c.fail("R-STR-30 to R-STR-32", "the guard of %s has counted %+v, it should be %+v, E %v",
			rec.id, stored, *g, g.evidence())
	}
	if rec.step.guardCancels || g.fired && g.of.Then == "cancel" {
		c.fail("R-STR-33", "the guard of %s has fired, and it is %s", rec.id, j.Status)
	}
}
