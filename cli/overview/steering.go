package overview

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
)

// SteeringTable shows how a job is steered at a time (R-STR-1): first its status and settings, then
// what they have come to.
func SteeringTable(s *drover.Steering, now time.Time) Table {
	t := Table{Titles: []string{"JOB", string(s.JobID)}, Shrinks: []int{1}}
	row := func(name, text string, style terminal.Style) {
		t.Rows = append(t.Rows, []Cell{{Text: name}, {text, style}})
	}
	row("status", string(s.Status), styleOf(s.Status))
	for _, name := range slices.Sorted(maps.Keys(s.Settings)) {
		style := terminal.Plain
		if name == "paused" {
			style = terminal.Yellow
		}
		row(string(name), string(s.Settings[name]), style)
	}
	if g := s.State.Guard; g != nil {
		row("guard counted", guarded(g, now), guardStyle(g))
	}
	for _, w := range s.State.Waves {
		row(fmt.Sprintf("wave %d", w.Number), wave(w, now), waveStyles[w.Status])
	}
	for _, o := range s.State.Observed {
		row("observed", observed(o, now), terminal.Red)
	}
	if c := s.State; c.Confirming+c.Confirmed+c.Silent > 0 {
		style := terminal.Plain
		if c.Silent > 0 {
			style = terminal.Red
		}
		row("confirmed", fmt.Sprintf("%d, %d are waited for, %d silent", c.Confirmed, c.Confirming, c.Silent), style)
	}
	if n := s.State.RetriesWaiting; n > 0 {
		row("retries", fmt.Sprintf("%d wait until the job goes on", n), terminal.Yellow)
	}
	if pass := s.State.Retrying; pass != nil {
		row("retrying", retrying(pass), terminal.Blue)
	}
	return t
}

// guarded says what the guard has counted.
func guarded(g *drover.Guard, now time.Time) string {
	text := fmt.Sprintf("%d things, %d failed: %s%% to %s%% are possible; evidence %s of %s", g.Counted,
		g.Failed, g.LowestPercentage, g.HighestPercentage, g.Evidence, g.Threshold)
	if g.FiredAt != nil {
		text += "; it fired " + follow.Ago(g.FiredAt.Time(), now)
	}
	return text
}

// guardStyle is the colour of a guard.
func guardStyle(g *drover.Guard) terminal.Style {
	if g.FiredAt != nil {
		return terminal.Red
	}
	return terminal.Plain
}

// waveStyles are the colours of waves.
var waveStyles = map[drover.WaveStatus]terminal.Style{
	"TO_COME":   terminal.Dim,
	"RELEASING": terminal.Blue,
	"AT_GATE":   terminal.Yellow,
	"STOPPED":   terminal.Red,
	"DONE":      terminal.Green,
}

// wave says how far a wave is.
func wave(w drover.Wave, now time.Time) string {
	text := w.Takes + " " + string(w.Status)
	if w.LastRelease == nil {
		return text
	}
	return text + fmt.Sprintf(": %d of %d ended, %d succeeded; last release %s", w.Ended, w.Created,
		w.Succeeded, follow.Ago(w.LastRelease.Time(), now))
}

// observed says what was observed.
func observed(o drover.Observation, now time.Time) string {
	what := "the guard, "
	if o.Criterion != nil {
		what = fmt.Sprintf("abort criterion %d, ", *o.Criterion)
	}
	text := fmt.Sprintf("%s: %s%d of %d failed", follow.Ago(o.At.Time(), now), what, o.Failures, o.Executed)
	if o.Action == "pause" {
		text += ", and the job was paused"
	}
	return text
}

// retrying says what is tried again.
func retrying(pass *drover.RetryPass) string {
	var statuses []string
	for _, status := range pass.Statuses {
		statuses = append(statuses, string(status))
	}
	text := "what is " + strings.Join(statuses, " or ")
	if pass.ThingsLeft != nil {
		text += fmt.Sprintf(", of %d things", *pass.ThingsLeft)
	}
	return text
}
