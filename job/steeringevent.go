package job

import (
	"slices"
	"strings"
)

// What the server does by itself to a job that is steered is published, too, on topics of its own
// (docs/spec/50, section 9). What operators do is no event: they know of it.

// SteeringEvent is one act of the server. The zero values of Observation and Wave belong to events
// that are not about them.
type SteeringEvent struct {
	Name        string      // the last word of its topic
	Observation Observation // what was observed
	Wave        ShownWave   // the wave whose things have all been released
}

// The names of these events.
const (
	ObservedEvent     = "observed"      // a criterion was met, or the guard fired
	PausedEvent       = "paused"        // by a criterion, the guard, or the gate behind a wave
	WaveReleasedEvent = "wave_released" // a wave has nothing left to release
)

// serverReasons are what the reasons begin with for which the server pauses a job (R-STR-13).
var serverReasons = []string{"abort: ", "guard: ", "wave: "}

// SteeringEventsOf are the events of a job that changes from before to after, in the order in which
// they are published (R-STR-70).
func SteeringEventsOf(before, after Job) (events []SteeringEvent) {
	// Whoever changes what the settings have come to makes a copy of it.
	if before.Steered == after.Steered && before.Progress.Finished == after.Progress.Finished {
		return nil
	}
	pauses := false
	for _, o := range after.newObservations(before) {
		events = append(events, SteeringEvent{Name: ObservedEvent, Observation: o})
		pauses = pauses || o.Action == ActionPause
	}
	for i := range min(after.wavesBegun(), len(after.waves())) {
		if after.hasReleased(i) && !before.hasReleased(i) {
			events = append(events, SteeringEvent{Name: WaveReleasedEvent, Wave: after.shownWave(i)})
		}
		pauses = pauses || after.waveAt(i).Judged && !before.waveAt(i).Judged
	}
	if pauses && after.paused() && !before.paused() && slices.ContainsFunc(serverReasons,
		func(start string) bool { return strings.HasPrefix(after.Paused, start) }) {
		events = append(events, SteeringEvent{Name: PausedEvent})
	}
	return events
}

// newObservations are those that were not recorded before.
func (s State) newObservations(before Job) (fresh []Observation) {
	if s.Steered == nil {
		return nil
	}
	for _, o := range s.Steered.Observed {
		if before.Steered == nil || !slices.Contains(before.Steered.Observed, o) {
			fresh = append(fresh, o)
		}
	}
	return fresh
}

// waveAt is the state of a wave by its index, zero for one that has not begun.
func (s State) waveAt(i int) WaveState {
	if i >= s.wavesBegun() {
		return WaveState{}
	}
	return s.Steered.Waves[i]
}

// hasReleased reports whether all things of a wave have been released. With the last one that is
// when the rollout has finished, unless something has ended it before.
func (j Job) hasReleased(i int) bool {
	ended := j.RolloutEnded || j.Status == Canceled || j.Status == DeletionInProgress
	last := i+1 == j.wavesBegun() && i+1 == len(j.waves())
	return j.waveAt(i).Released || last && j.Progress.Finished && !ended
}
