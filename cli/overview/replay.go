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
	for _, criterion := range stoppers(r) {
		name := "guard"
		if criterion > 0 {
			name = fmt.Sprint("criterion ", criterion)
		}
		row(name, func(of drover.Replay) Cell { return stop(of, criterion) })
	}
	return t
}

// stoppers are the criteria that would have stopped the job either way, by their places; 0 is the
// guard.
func stoppers(r *drover.ReplayJobResponse) (places []int32) {
	last := int32(0)
	guard := false
	for _, s := range append(r.Recorded.Stops[:len(r.Recorded.Stops):len(r.Recorded.Stops)], r.Replayed.Stops...) {
		if s.Criterion == nil {
			guard = true
		} else {
			last = max(last, *s.Criterion)
		}
	}
	for place := range last {
		places = append(places, place+1)
	}
	if guard {
		places = append(places, 0)
	}
	return places
}

// stop says when a criterion, or the guard, would have stopped the job.
func stop(of drover.Replay, place int32) Cell {
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
