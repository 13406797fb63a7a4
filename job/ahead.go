package job

import "time"

// What a rollout decides can be decided on counts alone, without a single thing or execution. This
// file is for those who look ahead in that way, or back: a forecast, or what other settings would
// have done. They ask the same functions as a job that runs.

// Raises reports whether the ramp goes from step k to k+1 at a tick, with n notified and s
// succeeded things since the configuration is in force (R-ROLL-5, R-ROLL-6). Rate says how many
// executions the tick may create then.
func (c *RolloutConfig) Raises(k int, n, s int64) bool { return c.raises(k, n, s) }

// IsMet reports whether the criterion stops a job with these counts (R-ABT-2).
func (c AbortCriterion) IsMet(counts Counts) bool {
	_, met := c.isMet(counts)
	return met
}

// Counts reports whether an execution that ends in a status is a failure for the criterion.
func (c AbortCriterion) Counts(status ExecutionStatus) bool {
	var one Counts
	one[status] = 1
	return c.failures(one) == 1
}

// AbortAction is what happens when a criterion is met: ActionCancel without the setting
// drover:abort (R-STR-20).
func (d Definition) AbortAction() Action { return d.abortAction() }

// Fails reports whether a thing counts as failed whose first attempt is in a status (R-STR-30).
func (g Guard) Fails(status ExecutionStatus) bool { return g.fails(Execution{Status: status}) }

// CountsAt is when a thing counts that starts at a time (R-STR-31).
func (g Guard) CountsAt(start time.Time) time.Time { return g.bucketCounts(g.bucketOf(start)) }

// BucketCounts is when the bucket of starts with a number counts, as GuardState numbers them.
func (g Guard) BucketCounts(number int64) time.Time { return g.bucketCounts(number) }

// IsProven reports whether so many failures among the things that have counted are evidence enough
// to stop a job (R-STR-32).
func (g Guard) IsProven(counted, failed int64) bool { return g.isProven(counted, failed) }

// Retries reports whether an execution that has ended in a status is tried again, and what the
// chain of attempts has used then (R-RTY-4).
func (c *RetryConfig) Retries(ended ExecutionStatus, used RetriesUsed) (RetriesUsed, bool) {
	return c.retries(ended, used)
}

// Between is how long the retry with this number, from 1 on, waits at least and at most (R-STR-45);
// 0 for a nil Backoff.
func (b *Backoff) Between(attempt int) (shortest, longest time.Duration) {
	if b == nil || attempt < 1 {
		return 0, 0
	}
	wait := b.middle(attempt)
	return wait - wait/4, wait + wait/4
}

// HasGate reports whether anything has to be waited for behind the wave (R-STR-51).
func (w Wave) HasGate() bool { return w.hasGate() }

// Gate is why the gate of a wave stays closed when it is judged, empty when it opens (R-STR-51 to
// R-STR-54). number is that of the wave.
func (w Wave) Gate(state WaveState, number int) string { return (&Job{}).closedGate(w, state, number) }

// Takes says which things the wave takes, as in the setting: group=canary, or 5pct.
func (w Wave) Takes() string { return w.takesText() }

// An Opening is a time in which a schedule lets a job create executions: from From on, and before
// Until. A zero Until is never.
type Opening struct{ From, Until time.Time }

// Openings are the next times, at most so many, in which the schedule lets a job create executions
// from a time on, in their order. Windows that touch are one opening, and none reaches beyond the
// end time. A nil schedule has one opening that never ends (R-SCH-8, R-SCH-15, R-SCH-22).
func (c *ScheduleConfig) Openings(from time.Time, limit int) (openings []Opening) {
	if c == nil {
		return []Opening{{From: from}}
	}
	at, windows := later(from, c.StartAt), c.windows()
	for len(openings) < limit {
		o := Opening{From: at, Until: c.EndAt}
		if len(windows) > 0 {
			if o.From = windows.opening(at); o.From.IsZero() {
				break
			}
			o.Until = earliest(windows.closing(o.From), c.EndAt)
		}
		if !c.EndAt.IsZero() && !o.From.Before(c.EndAt) {
			break
		}
		openings = append(openings, o)
		if at = o.Until; len(windows) == 0 {
			break
		}
	}
	return openings
}
