package forecast

import "github.com/drover-iot/drover/job"

// Waves and the gates behind them. A wave takes as many of the things that are left as its share
// or its group has; when it has taken all of them, its gate is judged, by job's own function.

// waveState is how far the waves are.
type waveState struct {
	of          []job.Wave
	states      []job.WaveState // one for each wave that has begun
	results     []waveResult
	left        int64 // things of the present wave that have not had their turn
	atGate      bool  // the present wave has taken all of its things
	lastRelease int64 // in milliseconds from the beginning
}

// current is the stream of first attempts of the present wave.
func (w *waveState) current() int { return max(0, len(w.states)-1) }

// took counts things of the present wave that have had their turn.
func (w *waveState) took(n int64) {
	if len(w.states) > 0 {
		w.left -= n
		w.created(len(w.states)-1, n)
		w.results[len(w.states)-1].took += n
	}
}

// created counts executions of a wave, by its index.
func (w *waveState) created(wave int, n int64) {
	if wave < len(w.states) {
		w.states[wave].Created += n
	}
}

// ended counts executions of a wave that have ended.
func (w *waveState) ended(wave int, n, succeeded int64) {
	if wave < len(w.states) {
		w.states[wave].Ended += n
		w.states[wave].Succeeded += succeeded
	}
}

// beginWaves is the waves as they are at the beginning.
func (s *simulation) beginWaves() {
	w := &s.wave
	*w = waveState{states: w.states[:0], results: w.results[:0], lastRelease: -1}
	if s.in.Job.Steering == nil || len(s.in.Job.Steering.Waves) == 0 {
		return
	}
	w.of = s.in.Job.Steering.Waves
	if s.in.Job.Steered == nil {
		return
	}
	for i, state := range s.in.Job.Steered.Waves[:min(len(s.in.Job.Steered.Waves), len(w.of))] {
		w.states = append(w.states, state)
		w.results = append(w.results, waveResult{began: 0, judged: -1, took: state.Created})
		w.atGate = state.Released && !state.Judged
		w.lastRelease = state.LastRelease.Sub(s.in.Now).Milliseconds()
		if state.Judged {
			w.results[i].judged = 0
		}
	}
	if n := len(w.states); n > 0 {
		taken := w.states[n-1].Created
		w.left = max(0, s.things(n-1, s.left+taken)-taken)
		if w.states[n-1].Judged || w.states[n-1].Released {
			w.left = 0
		}
	}
}

// things is how many of the things that are left a wave takes, by its index.
func (s *simulation) things(wave int, left int64) int64 {
	shares := func(n int) (most int64) {
		for _, w := range s.wave.of[:n] {
			most = max(most, w.PercentHundredths)
		}
		return most
	}
	const all = 10000
	w, before := s.wave.of[wave], shares(wave)
	switch {
	case w.Group != "" && wave < len(s.in.WaveThings):
		// Some of the group were taken by waves of a share before.
		return min(left, s.share(s.in.WaveThings[wave], 1-float64(before)/all))
	case w.Group != "":
		return 0
	case w.PercentHundredths >= all:
		return left
	}
	return s.share(left, float64(w.PercentHundredths-before)/float64(all-before))
}

// waveLeft is how many things of the present wave are left; it begins the first one.
func (s *simulation) waveLeft() int64 {
	if len(s.wave.of) == 0 {
		return s.left
	}
	if len(s.wave.states) == 0 {
		s.beginWave(s.grid.at[s.step])
	}
	return min(s.wave.left, s.left)
}

// beginWave begins the next wave.
func (s *simulation) beginWave(at int64) {
	w, n := &s.wave, len(s.wave.states)
	w.left = s.things(n, s.left)
	w.states = append(w.states, job.WaveState{})
	w.results = append(w.results, waveResult{began: at, judged: -1})
	w.atGate, w.lastRelease = false, at
}

// endWave is for a wave that has taken all of its things. It reports whether the next one has begun.
func (s *simulation) endWave(at int64) bool {
	w := &s.wave
	if n := len(w.states); n == 0 || n == len(w.of) {
		return false
	}
	if w.atGate = true; !w.of[len(w.states)-1].HasGate() {
		s.openGate(at)
	}
	return !w.atGate
}

// judgeGates judges the gate behind the present wave if its time has come, and begins the next wave
// when it opens (R-STR-51).
func (s *simulation) judgeGates(at int64) {
	w := &s.wave
	if !w.atGate || !s.creates() {
		return
	}
	n := len(w.states)
	gate, state := w.of[n-1], w.states[n-1]
	if gate.Soak > 0 {
		if at < s.gateDue() {
			return
		}
	} else if state.Created > state.Ended {
		return
	}
	if gate.Gate(state, n) != "" {
		w.results[n-1].judged = at
		s.stop(job.ActionPause, NeverGate)
		return
	}
	s.openGate(at)
}

// gateDue is when the gate behind a wave with a soak time is judged.
func (s *simulation) gateDue() int64 {
	return s.wave.lastRelease + s.wave.of[s.wave.current()].Soak.Milliseconds()
}

// openGate lets the next wave begin.
func (s *simulation) openGate(at int64) {
	s.wave.results[len(s.wave.states)-1].judged = at
	s.beginWave(at)
}

// waitsAtGate reports whether the rollout waits behind a gate that nothing will open: executions of
// the wave never end.
func (s *simulation) waitsAtGate() bool {
	w := &s.wave
	return w.atGate && w.of[len(w.states)-1].Soak == 0 && s.counts.Pending() <= s.idle
}

// noteWaves notes what the waves have come to.
func (s *simulation) noteWaves() {
	s.out.waves = append(s.out.waves[:0], s.wave.results...)
}
