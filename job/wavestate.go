package job

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// How far a rollout in waves is. Each wave is a walk of its own through the targets, and takes of
// them those that it may and that have no execution yet. When it has found no more, its gate is
// judged; when that is open, the next one begins.

// WaveState is what one wave that has begun has come to. Executions know their wave.
type WaveState struct {
	// Group is the group of the wave when it began; 0 for a share of all things, and for a group
	// that was not there.
	Group registry.GroupID
	// Created is how many executions of the wave there are or were, retries and late joiners among
	// them; Ended how many have ended, Succeeded how many of those as SUCCEEDED.
	Created   int64
	Ended     int64
	Succeeded int64
	// Confirming is how many of those that succeeded wait to be confirmed, Confirmed and Silent what
	// became of the others, with drover:confirm.
	Confirming int64
	Confirmed  int64
	Silent     int64
	// LastRelease is when the rollout last created an execution of it; at first, when it began.
	LastRelease time.Time
	// Released says that the walk has found all things of the wave. Judged, that its gate was
	// judged: the next wave begins unless the job is paused.
	Released bool
	Judged   bool
}

// MarshalJSON writes the members as a list of numbers, in their order: there may be ten waves, and
// the state of a job is written often.
func (w WaveState) MarshalJSON() ([]byte, error) {
	return json.Marshal([]int64{
		int64(w.Group), w.Created, w.Ended, w.Succeeded, w.Confirming, w.Confirmed, w.Silent,
		w.LastRelease.UnixMilli(), oneIf(w.Released), oneIf(w.Judged),
	})
}

// UnmarshalJSON reads what MarshalJSON has written.
func (w *WaveState) UnmarshalJSON(text []byte) error {
	var n [10]int64
	if err := json.Unmarshal(text, &n); err != nil {
		return err
	}
	*w = WaveState{
		Group:       registry.GroupID(n[0]),
		Created:     n[1],
		Ended:       n[2],
		Succeeded:   n[3],
		Confirming:  n[4],
		Confirmed:   n[5],
		Silent:      n[6],
		LastRelease: time.UnixMilli(n[7]).UTC(),
		Released:    n[8] == 1,
		Judged:      n[9] == 1,
	}
	return nil
}

// waves are those of the settings, nil without any.
func (d Definition) waves() []Wave {
	if d.Steering == nil {
		return nil
	}
	return d.Steering.Waves
}

// wavesBegun is how many waves have begun.
func (s State) wavesBegun() int {
	if s.Steered == nil {
		return 0
	}
	return len(s.Steered.Waves)
}

// CurrentWave is the wave that the rollout takes things of, and its number from 1 on. number is 0
// for a rollout without waves.
func (j Job) CurrentWave() (w Wave, state WaveState, number int) {
	n := j.wavesBegun()
	if n == 0 || n > len(j.waves()) {
		return w, state, 0
	}
	return j.waves()[n-1], j.Steered.Waves[n-1], n
}

// TakesInWave reports whether the wave that has begun takes a thing, if it is one of a share of all
// things.
func (j Job) TakesInWave(thing string) bool {
	w, _, number := j.CurrentWave()
	return number == 0 || w.takes(j.ID, thing)
}

// ShareOfWave is about the share of the targets that the wave takes which has begun: a wave of 25
// percent after one of 5 takes a fifth of those that its walk comes by.
func (j Job) ShareOfWave() float64 {
	w, _, number := j.CurrentWave()
	if number == 0 || w.Group != "" {
		return 1
	}
	taken := int64(0)
	for _, before := range j.waves()[:number-1] {
		taken = max(taken, before.PercentHundredths)
	}
	return float64(w.PercentHundredths-taken) / allHundredths
}

// TakesInGroupWave reports whether a wave of a group takes a member of it: one that the rollout
// takes, since it is named, or was a member of a target when the rollout began. memberships are
// those that the thing has.
func (d Definition) TakesInGroupWave(thing registry.ThingID, memberships []ReachedThrough) bool {
	first := d
	first.Sources = d.Sources[:d.FirstAssociatedSource()]
	return first.TargetsThing(thing) || first.hasInTime(memberships)
}

// WaveToBegin is the wave whose turn has come. ok is false while there is none.
func (j Job) WaveToBegin() (w Wave, ok bool) {
	n := j.wavesBegun()
	if j.Progress.Finished || !j.RolloutStarted() || n >= len(j.waves()) {
		return w, false
	}
	return j.waves()[n], n == 0 || j.Steered.Waves[n-1].Judged
}

// WavesToCome are the waves that have not begun.
func (j Job) WavesToCome() []Wave {
	return j.waves()[min(j.wavesBegun(), len(j.waves())):]
}

// BeginWave begins the wave whose turn has come. group is its group; 0 when it has none, or when
// that does not exist any more.
func (j *Job) BeginWave(group registry.GroupID, now time.Time) {
	s := j.steered()
	s.Waves = append(s.Waves, WaveState{Group: group, LastRelease: now})
	j.Progress.Cursor = RolloutCursor{}
	j.Recompute(now)
}

// waveReleased records that the walk of a wave has found all its things. It reports false for the
// last wave, with which the rollout ends, and for a rollout without waves.
func (j *Job) waveReleased() bool {
	_, _, number := j.CurrentWave()
	if number == 0 || number == len(j.waves()) {
		return false
	}
	j.steered().Waves[number-1].Released = true
	return true
}

// atGate reports whether the rollout waits behind a wave.
func (j *Job) atGate() bool {
	_, state, number := j.CurrentWave()
	return number > 0 && state.Released
}

// waveFrom is when there is something to do about waves: one begins, or a gate is judged.
func (j *Job) waveFrom() time.Time {
	if !j.Creates() || j.Progress.Finished {
		return time.Time{}
	}
	if _, ok := j.WaveToBegin(); ok {
		return Immediately
	}
	w, state, number := j.CurrentWave()
	switch {
	case number == 0 || !state.Released:
		return time.Time{}
	case w.Soak > 0:
		return state.LastRelease.Add(w.Soak)
	}
	return atOnceIf(!w.hasGate() || j.waveHasEnded(state))
}

// waveHasEnded reports whether every execution of a wave has ended, and with drover:confirm is
// confirmed or silent (R-STR-51).
func (j *Job) waveHasEnded(state WaveState) bool {
	return state.Created-state.Ended+state.Confirming <= 0
}

// JudgeWave judges the gate of a wave whose things have all been released. One that is not open
// pauses the job; when that is resumed the next wave begins all the same (R-STR-52 to R-STR-54).
func (j *Job) JudgeWave(now time.Time) {
	w, state, number := j.CurrentWave()
	j.steered().Waves[number-1].Judged = true
	if reason := j.closedGate(w, state, number); reason != "" {
		j.pauseBy(reason, now)
	}
	j.Recompute(now)
}

// closedGate is why the gate of a wave is not open, empty when it is.
func (j *Job) closedGate(w Wave, state WaveState, number int) string {
	ok := state.Succeeded - state.Confirming - state.Silent
	switch {
	case w.hasGate() && state.Created == 0:
		return fmt.Sprintf("wave: %d took no things", number)
	case w.HasOK && state.Ended <= 0:
		return fmt.Sprintf("wave: %d has no execution that has ended", number)
	case w.HasOK && ok*allHundredths < w.OKHundredths*state.Ended:
		share := fmt.Sprintf("%.1f", float64(ok)*100/float64(state.Ended))
		return fmt.Sprintf("wave: %d has %spct ok of %s - %d of %d", number,
			strings.TrimSuffix(share, ".0"), percentText(w.OKHundredths), ok, state.Ended)
	case w.Approve:
		return fmt.Sprintf("wave: %d waits for approval", number)
	}
	return ""
}

// ApproveWave opens the gate of a wave that waits for an operator: the job is resumed (R-STR-52).
// number is that of the wave, 0 for the one that waits, whichever that is.
func (j *Job) ApproveWave(number int, now time.Time) error {
	_, state, current := j.CurrentWave()
	waits := current > 0 && state.Judged && j.Paused == fmt.Sprintf("wave: %d waits for approval", current)
	switch {
	case !j.Status.Active():
		return fault.New(fault.Invalid, "job %s is %s: no wave of it waits for approval", j.ID, j.Status)
	case !waits:
		return fault.New(fault.Invalid, "no wave of job %s waits for approval", j.ID)
	case number != 0 && number != current:
		return fault.New(fault.Invalid, "wave: %d does not wait for approval, wave %d does", number, current)
	}
	return j.Steer(j.Steering, "", now)
}

// steerWaves follows a change of the waves: those that have begun stay as they are (R-STR-55). A
// job that has no waves any more rolls out to all things that are left.
func (j *Job) steerWaves(before []Wave) error {
	after, begun := j.waves(), j.wavesBegun()
	if slices.Equal(before, after) {
		return nil
	}
	if len(after) == 0 {
		if begun > 0 {
			s := j.steered()
			s.Waves, s.EarlierWaves = nil, s.EarlierWaves+uint8(begun)
		}
		j.walkAnew()
		return nil
	}
	if begun == 0 {
		if j.earlierWaves()+maxWaves > math.MaxUint8 {
			return fault.New(fault.Invalid,
				"tags: drover:waves: job %s has had too many waves that were taken off again", j.ID)
		}
		j.walkAnew()
	}
	for i := range begun {
		if i >= len(after) || !after[i].sameThings(before[i]) {
			return fault.New(fault.Invalid,
				"tags: drover:waves: wave %d has begun and cannot take other things any more", i+1)
		}
	}
	return nil
}

// walkAnew has a rollout that goes on look at all targets once more.
func (j *Job) walkAnew() {
	if !j.Progress.Finished {
		j.Progress.Cursor = RolloutCursor{}
	}
}

// soakAnew is for a clock that was set back: no wave was released later than now.
func (j *Job) soakAnew(now time.Time) {
	for i := range j.wavesBegun() {
		if j.Steered.Waves[i].LastRelease.After(now) {
			j.steered().Waves[i].LastRelease = now
		}
	}
}

// earlierWaves is how many waves had begun that were taken off the job.
func (s State) earlierWaves() int {
	if s.Steered == nil {
		return 0
	}
	return int(s.Steered.EarlierWaves)
}

// waveOfNew is the wave that an execution is of which is created now: the one that has begun last,
// 0 when none has. Waves that were taken off the job are counted, so that what they have left
// behind is none of the waves that the job gets later: after two of them the next is 3.
func (s State) waveOfNew() uint8 {
	if s.wavesBegun() == 0 {
		return 0
	}
	return uint8(s.earlierWaves() + s.wavesBegun())
}

// end counts n executions of a wave that are in a status, if it is a final one.
func (w *WaveState) end(status ExecutionStatus, n int64) {
	if status.Terminal() {
		w.Ended += n
	}
	if status == ExecutionSucceeded {
		w.Succeeded += n
	}
}

// countInWave changes what the wave of an execution has come to.
func (j *Job) countInWave(wave uint8, change func(*WaveState)) {
	if n := int(wave) - j.earlierWaves(); n > 0 && n <= j.wavesBegun() {
		change(&j.steered().Waves[n-1])
	}
}
