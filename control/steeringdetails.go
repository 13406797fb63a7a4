package control

import (
	"math"
	"strconv"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// What answers show of how a job is steered: its settings as they were given, and the figures that
// they have come to.

// steering shows how a job is steered.
func steering(j job.Job) *drover.Steering {
	shown := &drover.Steering{
		JobID:    iot.JobID(j.ID),
		Status:   iot.JobStatus(j.Status),
		Settings: drover.Settings{},
		State:    drover.SteeringState{Observed: []drover.Observation{}},
		Warnings: append([]string{}, j.SteeringWarnings()...),
	}
	for key, value := range j.SteeringTags() {
		name := drover.SettingName(key[len(job.SteeringPrefix):])
		shown.Settings[name] = drover.SettingValue(value)
	}
	shown.State.Guard, shown.State.Waves = guard(j), waves(j)
	if j.Steered != nil {
		shown.State.Observed = convert(j.Steered.Observed, observation)
		shown.State.Confirming = j.Steered.Confirming
		shown.State.Confirmed, shown.State.Silent = j.Steered.Confirmed, j.Steered.Silent
		shown.State.RetriesWaiting = j.Steered.RetriesWaiting
		shown.State.Retrying = retryPass(j.Steered.Retry)
	}
	return shown
}

// retryPass shows what is tried again, nil for nothing.
func retryPass(pass *job.RetryPass) *drover.RetryPass {
	if pass == nil {
		return nil
	}
	shown := &drover.RetryPass{
		Statuses: convert(pass.Statuses, func(s job.ExecutionStatus) drover.FailedStatus {
			return drover.FailedStatus(s.String())
		}),
	}
	if pass.Things != nil {
		shown.ThingsLeft = new(int64(len(pass.Things)))
	}
	return shown
}

// observation shows what was observed.
func observation(o job.Observation) drover.Observation {
	return drover.Observation{
		At:        schema.At(o.At),
		Criterion: optional(int32(o.Criterion)),
		Failures:  o.Failures,
		Executed:  o.Executed,
		Action:    drover.Action(o.Action),
	}
}

// guard shows what the guard has counted, nil for a job without one.
func guard(j job.Job) *drover.Guard {
	if j.Steering == nil || j.Steering.Guard == nil {
		return nil
	}
	g, state := *j.Steering.Guard, job.GuardState{}
	if j.Steered != nil && j.Steered.Guard != nil {
		state = *j.Steered.Guard
	}
	low, high := job.Band(state.Counted, state.Failed, g.AlphaHundredths)
	shown := &drover.Guard{
		Counted:           state.Counted,
		Failed:            state.Failed,
		Evidence:          figures(state.Evidence(g)),
		Threshold:         figures(g.Threshold()),
		LowestPercentage:  figures(low * 100),
		HighestPercentage: figures(high * 100),
	}
	if state.Fired != nil {
		shown.FiredAt = at(state.Fired.At)
	}
	return shown
}

// figures is a number of at most four significant figures: 0.0734, 12.35, 1000000000.
func figures(x float64) schema.Decimal {
	const most = 4
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', most, 64), 64)
	if math.Abs(rounded) < 1e-9 { // less says no more
		rounded = 0
	}
	return schema.Decimal(strconv.FormatFloat(rounded, 'f', -1, 64))
}

// waves shows the waves of a job, nil without any.
func waves(j job.Job) []drover.Wave {
	shown := j.ShownWaves()
	if shown == nil {
		return nil
	}
	return convert(shown, func(w job.ShownWave) drover.Wave {
		return drover.Wave{
			Number:      drover.WaveNumber(w.Number),
			Takes:       w.Takes,
			Status:      drover.WaveStatus(w.Status),
			Created:     w.State.Created,
			Ended:       w.State.Ended,
			Succeeded:   w.State.Succeeded,
			Confirmed:   w.State.Confirmed,
			Silent:      w.State.Silent,
			LastRelease: at(w.State.LastRelease),
		}
	})
}
