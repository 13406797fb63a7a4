package job

import (
	"slices"
	"time"
)

// Steered is what the settings of a job have come to. It is part of the job's state, so it is small
// and bounded. Jobs are copied by value: whoever changes it changes a copy of his own, which
// Job.steered makes.
type Steered struct {
	// Observed is what went wrong and did not cancel the job, oldest first (R-STR-20).
	Observed []Observation `json:"observed,omitempty"`
	// Guard is what the guard has counted, nil as long as that is nothing (R-STR-35).
	Guard *GuardState `json:"guard,omitzero"`
	// Confirming is how many executions wait to be confirmed, Confirmed and Silent what became of
	// those that did (R-STR-41).
	Confirming int64 `json:"confirming,omitzero"`
	Confirmed  int64 `json:"confirmed,omitzero"`
	Silent     int64 `json:"silent,omitzero"`
	// RetriesWaiting is how many things wait for a retry until the job is resumed (R-STR-11).
	RetriesWaiting int64 `json:"retriesWaiting,omitzero"`
	// Waves is one for each wave that has begun (R-STR-50).
	Waves []WaveState `json:"waves,omitempty"`
	// EarlierWaves is how many waves had begun that were taken off the job: their numbers are not
	// used again.
	EarlierWaves uint8 `json:"earlierWaves,omitzero"`
	// Retry is the pass that tries again what has failed, nil when none runs (R-STR-60).
	Retry *RetryPass `json:"retry,omitzero"`
}

// Observation is that an abort criterion was met or the guard fired, and the job was not canceled.
// Its JSON is short: there may be 17 in a state that is written often.
type Observation struct {
	At        time.Time `json:"at"`
	Criterion int       `json:"c,omitzero"` // its place in abortConfig from 1 on, 0: the guard
	Failures  int64     `json:"f"`          // executions that failed in its way
	Executed  int64     `json:"n"`          // executions that had ended; counted, for the guard
	Action    Action    `json:"do"`         // what was done: pause, or observe for nothing
}

// steered is what the settings have come to, to be changed: a copy that only j has.
func (j *Job) steered() *Steered {
	s := new(Steered)
	if j.Steered != nil {
		*s = *j.Steered
		s.Observed, s.Waves = slices.Clone(s.Observed), slices.Clone(s.Waves)
	}
	j.Steered = s
	return s
}

// observe records an observation.
func (j *Job) observe(o Observation) {
	s := j.steered()
	s.Observed = append(s.Observed, o)
}

// hasObserved reports whether it was recorded that a criterion was met, by its place from 1 on.
func (s State) hasObserved(criterion int) bool {
	return s.Steered != nil && slices.ContainsFunc(s.Steered.Observed,
		func(o Observation) bool { return o.Criterion == criterion })
}

// forgetObservedCriteria is for criteria that change: what was recorded was of others.
func (j *Job) forgetObservedCriteria() {
	if j.Steered != nil {
		j.steered().forgetObserved(func(o Observation) bool { return o.Criterion > 0 })
	}
}

// forgetObserved removes what was recorded of some kind.
func (s *Steered) forgetObserved(of func(Observation) bool) {
	s.Observed = slices.DeleteFunc(s.Observed, of)
}

// retriesWaiting is how many things wait for a retry.
func (s State) retriesWaiting() int64 {
	if s.Steered == nil {
		return 0
	}
	return s.Steered.RetriesWaiting
}
