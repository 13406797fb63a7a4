package job

import (
	"strings"
	"time"
)

// How far the waves of a rollout are, in words for operators.

// WaveStatus is how far a wave is.
type WaveStatus string

// The statuses of a wave, in the order in which it has them. A wave that was stopped is done when
// the job is resumed.
const (
	WaveToCome    WaveStatus = "TO_COME"   // it has not begun
	WaveReleasing WaveStatus = "RELEASING" // it has things left to release, or may have
	WaveAtGate    WaveStatus = "AT_GATE"   // all are released, and its gate is not judged yet
	WaveStopped   WaveStatus = "STOPPED"   // it was judged, and the job is paused because of that
	WaveDone      WaveStatus = "DONE"
)

// ShownWave is a wave of the settings with what it has come to. Takes says which things it takes.
type ShownWave struct {
	Number int // from 1 on
	Takes  string
	State  WaveState // zero for one to come
	Status WaveStatus
}

// ShownWaves are all waves of the settings, those to come too.
func (j Job) ShownWaves() (shown []ShownWave) {
	for i := range j.waves() {
		shown = append(shown, j.shownWave(i))
	}
	return shown
}

// shownWave is a wave of the settings, by its index.
func (j Job) shownWave(i int) ShownWave {
	w := ShownWave{Number: i + 1, Takes: j.waves()[i].takesText(), Status: WaveToCome}
	if begun := j.wavesBegun(); i < begun {
		w.State = j.Steered.Waves[i]
		w.Status = j.waveStatus(i+1 == begun, w.State)
	}
	return w
}

// waveStatus is how far a wave is that has begun; last says that no later one has.
func (j Job) waveStatus(last bool, state WaveState) WaveStatus {
	switch {
	case !last || j.Progress.Finished && j.wavesBegun() == len(j.waves()):
		return WaveDone
	case state.Judged && j.paused() && strings.HasPrefix(j.Paused, "wave: "):
		return WaveStopped
	case state.Judged:
		return WaveDone
	case state.Released:
		return WaveAtGate
	}
	return WaveReleasing
}

// WaveOf is the wave that takes a thing, the first that has not been judged and takes it; its number
// is 0 for a job without waves. member reports whether the thing is in a group, by its name.
//
// A thing that joined its group when the wave of that group was over belongs to the share of all
// things that takes it, which is the last wave at the latest.
func (j Job) WaveOf(thing string, member func(group string) bool) ShownWave {
	for i := max(0, j.wavesBegun()-1); i < len(j.waves()); i++ {
		w, shown := j.waves()[i], j.shownWave(i)
		if shown.Status == WaveDone || shown.State.Released {
			continue
		}
		if w.Group != "" && member(w.Group) || w.Group == "" && w.takes(j.ID, thing) {
			return shown
		}
	}
	return ShownWave{}
}

// WaitingGate is a wave whose things have all been released and whose gate is not judged yet.
type WaitingGate struct {
	ShownWave
	// Soaks says that the gate is judged when its soak time is over, else when all its executions
	// have ended. Judged is when that is; zero when it is not known, or when the job may not get that
	// far by then: it is paused, or a window closes before.
	Soaks  bool
	Judged time.Time
}

// WaitingGate is the gate that the rollout waits for, nil while it waits for none.
func (j Job) WaitingGate() *WaitingGate {
	w, state, number := j.CurrentWave()
	if number == 0 || j.shownWave(number-1).Status != WaveAtGate {
		return nil
	}
	gate := &WaitingGate{ShownWave: j.shownWave(number - 1), Soaks: w.Soak > 0}
	at := state.LastRelease.Add(w.Soak)
	if gate.Soaks && j.Creates() && !reached(j.WindowEdge, at) {
		gate.Judged = at
	}
	return gate
}

// takesText says which things a wave takes, as in the setting: group=canary, or 5pct.
func (w Wave) takesText() string {
	if w.Group != "" {
		return "group=" + w.Group
	}
	return percentText(w.PercentHundredths)
}
