package job

import (
	"math/big"
	"time"
)

// Tick is the length of a rollout minute (R-ROLL-3). A rate is "per tick".
const Tick = time.Minute

// Progress is how far a rollout is.
type Progress struct {
	Finished bool `json:"finished,omitzero"`
	// NextTick is when the next batch may be released; zero before the rollout starts and after it has finished.
	NextTick time.Time `json:"nextTick,omitzero"`
	// Quota is what the current tick may still release: a large tick is released page by page.
	Quota    int   `json:"quota,omitzero"`
	Ticked   bool  `json:"ticked,omitzero"`   // tick 0 has happened: from now on a tick may raise the step (R-ROLL-6)
	Step     int   `json:"step,omitzero"`     // k of the ramp
	Notified int64 `json:"notified,omitzero"` // n: first executions created by the rollout
	// NotifiedBase and SucceededBase are n and s at the last update of the rollout configuration (R-ROLL-11).
	NotifiedBase  int64         `json:"notifiedBase,omitzero"`
	SucceededBase int64         `json:"succeededBase,omitzero"`
	Cursor        RolloutCursor `json:"cursor,omitzero"`
}

// RolloutCursor is the place in the job's sources where the rollout goes on (R-ROLL-12).
type RolloutCursor struct {
	Source int    `json:"source,omitzero"` // index into Sources
	After  string `json:"after,omitzero"`  // the last thing name taken from the source, empty at its start
}

// start makes tick 0 due at once.
func (p *Progress) start(now time.Time) { *p = Progress{NextTick: now} }

// restartRamp begins the ramp anew under a changed configuration: the ticks keep their phase (R-UPD-11, R-ROLL-11).
func (p *Progress) restartRamp(succeeded int64) {
	p.Step, p.Ticked = 0, false
	p.NotifiedBase, p.SucceededBase = p.Notified, succeeded
}

// tick opens the next tick when its time has come: it raises the step by at most one, grants the tick's quota and
// sets the time of the following tick. That is a whole minute after this one, however late this one is: two ticks never
// fall into one minute, and missed ones are not caught up (R-ROLL-2, R-ROLL-18).
func (p *Progress) tick(c *RolloutConfig, succeeded int64, now time.Time) {
	if p.Finished || p.NextTick.IsZero() || now.Before(p.NextTick) {
		return
	}
	if p.Ticked && c.raises(p.Step, p.Notified-p.NotifiedBase, succeeded-p.SucceededBase) {
		p.Step++
	}
	p.Ticked = true
	p.Quota = c.Rate(p.Step)
	p.NextTick = now.Add(Tick)
}

// pause stops the rollout between maintenance windows: the ramp and the counts persist (R-ROLL-16).
func (p *Progress) pause() { p.Quota, p.NextTick = 0, time.Time{} }

// finish ends the rollout: nothing is left to notify, or nothing may be any more (R-ROLL-13, R-ROLL-17).
func (p *Progress) finish() {
	p.Finished, p.Quota, p.NextTick = true, 0, time.Time{}
}

// Rate is how many executions a tick at step k of the ramp may create:
// max(1, min(M, floor(B × f^k))), computed exactly (R-ROLL-1, R-ROLL-2, R-ROLL-4). A nil configuration is the
// constant default.
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

// rate is floor(B × f^k), or more than limit as soon as it is known to exceed it (R-ROLL-10).
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

// raises reports whether the ramp may go from step k to k+1 with n notified and s succeeded things since the
// configuration is in force: n ≥ N×(k+1) or s ≥ S×(k+1); an absent threshold never triggers (R-ROLL-5).
func (c *RolloutConfig) raises(k int, n, s int64) bool {
	if c == nil || c.Exponential == nil {
		return false
	}
	reached := func(value, threshold int64) bool { return threshold > 0 && value >= threshold*int64(k+1) }
	return reached(n, c.Exponential.NotifiedThings) || reached(s, c.Exponential.SucceededThings)
}
