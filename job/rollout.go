package job

import (
	"math/big"
	"time"

	"github.com/drover-iot/drover/registry"
)

// A rollout creates executions in ticks, a minute apart. Each tick has a quota: the constant rate,
// or the value of a ramp, max(1, min(M, floor(B × f^k))) at step k. With B = 50, f = 2 and a
// threshold of 1000 notified things, 20 ticks of 50 are followed by 10 of 100, then 5 of 200.

// Tick is the length of a rollout minute (R-ROLL-3). A rate is "per tick".
const Tick = time.Minute

// Progress is how far a rollout is.
type Progress struct {
	// Finished says that the rollout creates nothing any more: no target is left, or the job has
	// ended.
	Finished bool `json:"finished,omitzero"`
	// NextTick is when the next tick may open. Zero before the rollout has started, between
	// maintenance windows, and after it has finished.
	NextTick time.Time `json:"nextTick,omitzero"`
	// Closed is when the minute of the last tick of a rollout that has finished was over: no other
	// tick opens before.
	Closed time.Time `json:"closed,omitzero"`
	// Quota is how many executions the present tick may still create: a large tick is done page by
	// page.
	Quota int `json:"quota,omitzero"`
	// Searching says that it is not known yet whether any target is left: a step has looked at as
	// many members and groups as it may. The search goes on at once, also when the quota is used
	// up, so that the end of the rollout does not wait for the next tick (R-ROLL-13).
	Searching bool `json:"searching,omitzero"`
	// Ticked says that tick 0 has happened: from then on a tick may raise the step (R-ROLL-6).
	Ticked   bool  `json:"ticked,omitzero"`
	Step     int   `json:"step,omitzero"`     // k of the ramp
	Notified int64 `json:"notified,omitzero"` // n: first executions that the rollout created
	// NotifiedBase and SucceededBase are n and s when the rollout configuration was changed last:
	// the thresholds count from there (R-ROLL-11).
	NotifiedBase  int64         `json:"notifiedBase,omitzero"`
	SucceededBase int64         `json:"succeededBase,omitzero"`
	Cursor        RolloutCursor `json:"cursor,omitzero"`
}

// RolloutCursor is the place in the job's sources where a rollout or a back-fill goes on
// (R-ROLL-12).
type RolloutCursor struct {
	Source int `json:"source,omitzero"` // index into Sources
	// Path leads from the group of the source, which is not part of it, down to the group that is
	// being worked on.
	Path registry.GroupPath `json:"path,omitempty"`
	// After is the last thing name that was taken from that group, empty at its beginning.
	After string `json:"after,omitzero"`
	// Returned says that all members had their turn, and that the rollout goes through the sources
	// once more for those that had left before theirs and are back (R-JOB-54).
	Returned bool `json:"returned,omitzero"`
}

// start begins a rollout: tick 0 is due at once.
func (p *Progress) start(now time.Time) { *p = Progress{NextTick: now} }

// restartRamp begins the ramp anew under a changed configuration; when the ticks open does not
// change (R-UPD-11, R-ROLL-11).
func (p *Progress) restartRamp(succeeded int64) {
	p.Step, p.Ticked = 0, false
	p.NotifiedBase, p.SucceededBase = p.Notified, succeeded
}

// tick opens the next tick when its time has come: it raises the step by at most one, grants the
// quota and sets the time of the following tick. That is a whole minute after this one, however
// late this one is, so two ticks never fall into one minute, and missed ones are not caught up
// (R-ROLL-2, R-ROLL-18). A tick due at 12:01:00 that opens at 12:03:20 is followed by one at
// 12:04:20.
func (p *Progress) tick(c *RolloutConfig, succeeded int64, now time.Time) {
	if p.NextTick.IsZero() || now.Before(p.NextTick) {
		return
	}
	if p.Ticked && c.raises(p.Step, p.Notified-p.NotifiedBase, succeeded-p.SucceededBase) {
		p.Step++
	}
	p.Ticked, p.Searching = true, false
	p.Quota = c.Rate(p.Step)
	p.NextTick = now.Add(Tick)
}

// pause stops the ticks between maintenance windows; the ramp stays where it is (R-ROLL-16).
func (p *Progress) pause() { p.Quota, p.Searching, p.NextTick = 0, false, time.Time{} }

// finish ends the rollout: no target is left, or none may be notified any more (R-ROLL-13,
// R-ROLL-17).
func (p *Progress) finish() {
	p.Closed = later(p.Closed, p.NextTick)
	p.Finished, p.Quota, p.Searching, p.NextTick = true, 0, false, time.Time{}
}

// Rate is how many executions a tick at step k of the ramp may create (R-ROLL-1, R-ROLL-2,
// R-ROLL-4). A nil configuration is the constant default.
func (c *RolloutConfig) Rate(k int) int {
	maximum := DefaultPerMinute
	if c == nil {
		return maximum
	}
	if c.MaximumPerMinute > 0 {
		maximum = c.MaximumPerMinute
	}
	if c.Exponential == nil {
		return maximum
	}
	return max(1, min(maximum, c.Exponential.rate(k, maximum)))
}

// rate is floor(B × f^k), or limit when that is less (R-ROLL-10). It is computed in whole numbers:
// with B = 5 and f = 1.5 the steps are 5, 7 (7.5), 11 (11.25), 16 (16.875) and 25 (25.3125).
func (e Exponential) rate(k, limit int) int {
	numerator := big.NewInt(int64(e.BasePerMinute))
	denominator := big.NewInt(1)
	factor, ten, quotient := big.NewInt(int64(e.IncrementTenths)), big.NewInt(10), new(big.Int)
	for range k {
		numerator.Mul(numerator, factor)
		denominator.Mul(denominator, ten)
		if quotient.Quo(numerator, denominator).Cmp(big.NewInt(int64(limit))) >= 0 {
			return limit
		}
	}
	return int(quotient.Quo(numerator, denominator).Int64())
}

// raises reports whether the ramp may go from step k to k+1 with n notified and s succeeded things
// since the configuration is in force: n ≥ N×(k+1) or s ≥ S×(k+1). With N = 1000, step 0 ends at
// 1000 notified things, step 1 at 2000. An absent threshold is never reached (R-ROLL-5).
func (c *RolloutConfig) raises(k int, n, s int64) bool {
	if c == nil || c.Exponential == nil {
		return false
	}
	reached := func(value, threshold int64) bool {
		return threshold > 0 && value >= threshold*int64(k+1)
	}
	return reached(n, c.Exponential.NotifiedThings) || reached(s, c.Exponential.SucceededThings)
}
