package job

import "time"

// OnSchedule returns the job as its schedule has it at a time, and whether that is another status than it had: what is
// decided does not depend on when the due loop comes to it (R-SCH-16, R-SCH-22).
func (j Job) OnSchedule(now time.Time) (on Job, changed bool) {
	on = j
	if j.Schedule == nil || !j.Status.Active() {
		return j, false
	}
	if on.Recompute(now); on.ReachedWindowEdge(now) {
		on.SkipMissedWindow(now)
	}
	return on, on.Status != j.Status || on.RolloutEnded != j.RolloutEnded
}
