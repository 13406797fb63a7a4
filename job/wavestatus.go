package job

import "strings"

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

// takesText says which things a wave takes, as in the setting: group=canary, or 5pct.
func (w Wave) takesText() string {
	if w.Group != "" {
		return "group=" + w.Group
	}
	return percentText(w.PercentHundredths)
}
