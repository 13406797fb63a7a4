package overview

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
)

// ReplayTable shows what became of a job beside what other settings would have done (R-WHAT-1).
func ReplayTable(r *drover.ReplayJobResponse) Table {
	t := Table{Titles: []string{string(r.JobID), "AS IT WAS", "WITH THESE SETTINGS"}, Shrinks: []int{1, 2}}
	row := func(name string, of func(drover.Replay) Cell) {
		t.Rows = append(t.Rows, []Cell{{Text: name}, of(r.Recorded), of(r.Replayed)})
	}
	row("released", func(of drover.Replay) Cell { return Cell{Text: fmt.Sprint(of.Released)} })
	row("in", func(of drover.Replay) Cell { return Cell{Text: releaseTime(of)} })
	if r.Recorded.Unreleased+r.Replayed.Unreleased > 0 {
		row("too late for", func(of drover.Replay) Cell { return Cell{Text: fmt.Sprint(of.Unreleased)} })
	}
	row("end unknown", func(of drover.Replay) Cell { return Cell{Text: fmt.Sprint(of.Unknown)} })
	for criterion := range max(r.Recorded.Criteria, r.Replayed.Criteria) {
		row(fmt.Sprint("criterion ", criterion+1), func(of drover.Replay) Cell {
			return stop(of, criterion+1, criterion < of.Criteria)
		})
	}
	if r.Recorded.Guard || r.Replayed.Guard {
		row("guard", func(of drover.Replay) Cell { return stop(of, 0, of.Guard) })
	}
	return t
}

// stop says when a criterion, by its place, or the guard, 0, would have stopped the job, if there is
// one.
func stop(of drover.Replay, place int32, judged bool) Cell {
	if !judged {
		return Cell{Text: "-"}
	}
	for _, s := range of.Stops {
		if place == 0 && s.Criterion == nil || s.Criterion != nil && *s.Criterion == place {
			after := time.Duration(s.AfterSeconds) * time.Second
			return Cell{fmt.Sprintf("stops after %s: %d released, %d of %d failed", follow.Span(after), s.Reached,
				s.Failures, s.Executed), terminal.Red}
		}
	}
	return Cell{Text: "does not stop it"}
}

// releaseTime is how long the rollout takes when nothing stops it.
func releaseTime(of drover.Replay) string {
	if of.FirstReleaseAt == nil || of.LastReleaseAt == nil {
		return "-"
	}
	return follow.Span(of.LastReleaseAt.Time().Sub(of.FirstReleaseAt.Time()))
}
