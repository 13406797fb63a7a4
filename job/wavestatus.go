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
	begun := j.wavesBegun()
	for i, w := range j.waves() {
		s := ShownWave{Number: i + 1, Takes: w.takesText(), Status: WaveToCome}
		if i < begun {
			s.State = j.Steered.Waves[i]
			s.Status = j.waveStatus(i+1 == begun, s.State)
		}
		shown = append(shown, s)
	}
	return shown
}

// waveStatus is how far a wave is that has begun; last says that no later one has.
func (j Job) waveStatus(last bool, state WaveState) WaveStatus {
	switch {
	case !last || j.Progress.Finished:
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
