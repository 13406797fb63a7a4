package rules

import (
	"cmp"
	"math/big"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// A rollout goes in ticks that are a minute apart. Each has a quota, which is the rate at that
// time: a constant, or an exponential rate that rises by one step when enough things were notified
// or have succeeded (docs/spec/22 section 1).

// rollout is how far the rollout of a job is.
type rollout struct {
	nextTick time.Time // zero while the job is SCHEDULED
	quota    int       // how many executions the present tick may still create
	// clockRuns is false while the job waits for its next window; the clock then starts once per
	// opening (R-ROLL-16).
	clockRuns bool

	// Since the rollout configuration was given: whether there was a tick, and by how many steps
	// the rate has risen.
	ticked bool
	steps  int
	// notified counts the things that the rollout released. What it and the number of succeeded
	// things were when the configuration was given is left out when the rate rises.
	notified, notifiedBefore int64
	succeededBefore          int64

	batches []batch // of the last minute
}

// batch is what a rollout created at one time.
type batch struct {
	at    time.Time
	n     int
	limit int // maximumPerMinute at that time
}

// released checks the first executions of things: as many as the rate of the tick allows, in
// rollout order, and never two ticks within a minute (R-ROLL-2 to R-ROLL-6, R-ROLL-12). Retries and
// late joiners have no part in the rate.
func (c *commit) released(created []job.Execution) {
	first := map[job.Key][]registry.ThingID{}
	for _, x := range created {
		if x.Attempt == 0 {
			first[x.Job] = append(first[x.Job], x.Thing)
		}
	}
	for key, things := range first {
		rec := c.ch.jobs[key]
		if rec == nil {
			continue
		}
		if rec.stored.Status == "SCHEDULED" {
			rec.startClock(c.now)
		}
		switch {
		case c.areLateJoiners(rec, key, things):
		case rec.areAskedRetries(things):
			c.retriedAsAsked(rec, created, things)
		default:
			c.releasedByTick(rec, created, things)
		}
	}
}

// releasedByTick checks things that the rollout released at one time.
func (c *commit) releasedByTick(
	rec *jobRecord, created []job.Execution, things []registry.ThingID,
) {
	c.tickOpens(rec)
	c.checkQuota(rec, len(things))
	c.checkRoom(rec, len(things))
	want := rec.unreleased(c.store)
	if rec.inWaves() {
		c.releasedInWave(rec, created, things)
	} else if !slices.Equal(things, want[:min(len(things), len(want))]) {
		c.fail("R-ROLL-12", "%s releases things %v, it should be %v", rec.id, things, want)
	}
	rec.rollout.notified += int64(len(things))
	c.takeQuota(rec, len(things), rec.steered.heldBack || rec.inWaves())
}

// tickOpens opens the next tick of a job when its time has come.
func (c *commit) tickOpens(rec *jobRecord) {
	if !c.now.Before(rec.rollout.nextTick) {
		rec.rollout.tick(rec.stored.Rollout, rec.counts()[job.ExecutionSucceeded], c.now)
	}
}

// checkQuota checks that the present tick has a quota for n executions.
func (c *commit) checkQuota(rec *jobRecord, n int) {
	if r := &rec.rollout; n > r.quota {
		c.fail("R-ROLL-3", "%s releases %d things, %d are left at step %d until %s",
			rec.id, n, r.quota, r.steps, r.nextTick)
	}
}

// takeQuota takes n executions from the quota of the present tick. ofTick says that they count where
// the tick opened: what is left of its quota may be used later within it (R-STR-15, R-STR-50,
// R-STR-60).
func (c *commit) takeQuota(rec *jobRecord, n int, ofTick bool) {
	r, at := &rec.rollout, c.now
	r.quota -= n
	if ofTick {
		at = r.nextTick.Add(-time.Minute)
	}
	r.batches = append(r.batches, batch{at, n, maximumPerMinute(rec.stored.Rollout)})
	c.checkPerMinute(rec)
}

// checkPerMinute counts what was created within any minute (R-ROLL-2). When the maximum was changed
// in between, the larger one counts. What was created exactly a minute ago does not count any more.
func (c *commit) checkPerMinute(rec *jobRecord) {
	r := &rec.rollout
	r.batches = slices.DeleteFunc(r.batches, func(b batch) bool {
		return c.now.Sub(b.at) >= time.Minute
	})
	sum, limit := 0, 0
	for _, b := range r.batches {
		sum += b.n
		limit = max(limit, b.limit)
	}
	if sum > limit {
		c.fail("R-ROLL-2", "%s created %d executions within a minute, %d are allowed: %+v",
			rec.id, sum, limit, r.batches)
	}
}

// startClock starts the clock of the rollout again, once per opening of a window.
func (rec *jobRecord) startClock(now time.Time) {
	if !rec.rollout.clockRuns && rec.started {
		rec.rollout.clockRuns, rec.rollout.nextTick = true, now
	}
}

// tick opens the tick at now: the rate rises by at most one step (R-ROLL-5, R-ROLL-6). The next
// tick is a whole minute away, however late this one is (R-ROLL-3, R-ROLL-18).
func (r *rollout) tick(c *job.RolloutConfig, succeeded int64, now time.Time) {
	if r.ticked && c != nil && c.Exponential != nil {
		notified, succeeded := r.notified-r.notifiedBefore, succeeded-r.succeededBefore
		e, next := c.Exponential, int64(r.steps+1)
		if e.NotifiedThings > 0 && notified >= e.NotifiedThings*next ||
			e.SucceededThings > 0 && succeeded >= e.SucceededThings*next {
			r.steps++
		}
	}
	r.ticked, r.nextTick, r.quota = true, now.Add(time.Minute), rate(c, r.steps)
}

// restart counts anew from an update of the rollout configuration (R-ROLL-11).
func (r *rollout) restart(succeeded int64) {
	r.ticked, r.steps, r.notifiedBefore, r.succeededBefore = false, 0, r.notified, succeeded
}

// maximumPerMinute is the highest rate that a rollout may have; 1000 when none is configured.
func maximumPerMinute(c *job.RolloutConfig) int {
	if c == nil {
		return 1000
	}
	return cmp.Or(c.MaximumPerMinute, 1000)
}

// rate is max(1, min(M, floor(B × f^k))) after k steps, in fractions (R-ROLL-4). With a base of 2
// and a factor of 1.5 it is 2, 3, 4 (of 4.5), 6 (of 6.75) and so on up to the maximum.
func rate(c *job.RolloutConfig, steps int) int {
	limit := maximumPerMinute(c)
	if c == nil || c.Exponential == nil {
		return limit
	}
	product := new(big.Rat).SetInt64(int64(c.Exponential.BasePerMinute))
	for range steps {
		product.Mul(product, big.NewRat(int64(c.Exponential.IncrementTenths), 10))
	}
	floor := new(big.Int).Quo(product.Num(), product.Denom())
	if floor.Cmp(big.NewInt(int64(limit))) > 0 {
		return limit
	}
	return max(1, int(floor.Int64()))
}
