package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/api/iot"
)

// draw draws the names and configurations that operators use. Numbers are small, so that thresholds are met.
type draw struct{ *world }

// groupParents are the thing groups of a world: a tree of three, and two alone.
var groupParents = []struct{ name, parent string }{{"a", ""}, {"b", "a"}, {"c", "b"}, {"d", ""}, {"e", ""}}

func (d draw) thing() string { return d.devices[d.r.IntN(len(d.devices))].name }
func (d draw) group() string { return groupParents[d.r.IntN(len(groupParents))].name }
func (d draw) job() string   { return fmt.Sprintf("job-%d", d.between(1, max(1, d.operator.created))) }

func thingArn(name string) string { return "arn:aws:iot:us-east-1:000000000000:thing/" + name }
func groupArn(name string) string { return "arn:aws:iot:us-east-1:000000000000:thinggroup/" + name }

func (d draw) targets() (arns iot.JobTargets) {
	for range d.pick(1, 1, 2, 3) {
		if d.chance(0.7) {
			arns = append(arns, groupArn(d.group()))
		} else {
			arns = append(arns, thingArn(d.thing()))
		}
	}
	return arns
}

// chosen is a value in some of the draws, nothing in the others.
func chosen[T any](d draw, p float64, value func() *T) *T {
	if d.chance(p) {
		return value()
	}
	return nil
}

func (d draw) rollout() *iot.JobExecutionsRolloutConfig {
	if d.chance(0.3) {
		return &iot.JobExecutionsRolloutConfig{MaximumPerMinute: new(iot.MaximumPerMinute(d.between(1, 4)))}
	}
	rate := &iot.ExponentialRolloutRate{
		BaseRatePerMinute: iot.BaseRatePerMinute(d.between(1, 2)),
		IncrementFactor:   iot.IncrementFactor(fmt.Sprintf("%d.%d", d.between(1, 4), d.between(1, 9))),
	}
	if d.chance(0.7) {
		rate.RateIncreaseCriteria.NumberOfNotifiedThings = new(iot.ThingCount(d.between(1, 4)))
	}
	if d.chance(0.5) || rate.RateIncreaseCriteria.NumberOfNotifiedThings == nil {
		rate.RateIncreaseCriteria.NumberOfSucceededThings = new(iot.ThingCount(d.between(1, 3)))
	}
	return &iot.JobExecutionsRolloutConfig{MaximumPerMinute: new(iot.MaximumPerMinute(d.between(2, 6))), ExponentialRate: rate}
}

func (d draw) abort() *iot.AbortConfig {
	c := &iot.AbortConfig{}
	for range d.pick(1, 1, 2) {
		c.CriteriaList = append(c.CriteriaList, iot.AbortCriteria{
			FailureType: []iot.AbortFailureType{"FAILED", "FAILED", "REJECTED", "TIMED_OUT", "ALL"}[d.r.IntN(5)], Action: "CANCEL",
			ThresholdPercentage:       []iot.ThresholdPercentage{"0", "12.5", "25", "33.33", "33.34", "50", "66.67", "100"}[d.r.IntN(8)],
			MinNumberOfExecutedThings: iot.ThingCount(d.between(1, 8)),
		})
	}
	return c
}

func (d draw) timeout() *iot.TimeoutConfig {
	return &iot.TimeoutConfig{InProgressTimeoutInMinutes: new(iot.TimeoutMinutes(d.pick(1, 5, 30, 600, 3000)))}
}

func (d draw) retry() *iot.JobExecutionsRetryConfig {
	criterion := func(kind iot.RetryFailureType) iot.RetryCriteria {
		return iot.RetryCriteria{FailureType: kind, NumberOfRetries: iot.NumberOfRetries(d.between(0, 4))}
	}
	c := &iot.JobExecutionsRetryConfig{}
	switch d.r.IntN(4) {
	case 0:
		c.CriteriaList = iot.RetryCriteriaList{criterion("ALL")}
	case 1:
		c.CriteriaList = iot.RetryCriteriaList{criterion("FAILED")}
	default:
		c.CriteriaList = iot.RetryCriteriaList{criterion("TIMED_OUT"), criterion("FAILED")}
	}
	return c
}

// request draws a whole job.
func (d draw) request(id string) *iot.CreateJobRequest {
	return &iot.CreateJobRequest{
		JobID: iot.JobID(id), Targets: d.targets(), Document: new(iot.Document(`{"operation":"upgrade","to":"2.4"}`)),
		JobExecutionsRolloutConfig: chosen(d, 0.75, d.rollout), AbortConfig: chosen(d, 0.5, d.abort),
		TimeoutConfig: chosen(d, 0.6, d.timeout), JobExecutionsRetryConfig: chosen(d, 0.6, d.retry),
		TargetSelection: chosen(d, 0.6, d.selection), SchedulingConfig: chosen(d, 0.5, d.schedule),
	}
}

func (d draw) selection() *iot.TargetSelection {
	return new([]iot.TargetSelection{"CONTINUOUS", "CONTINUOUS", "SNAPSHOT"}[d.r.IntN(3)])
}

// schedule draws a start time, an end time and windows, any of them.
func (d draw) schedule() *iot.SchedulingConfig {
	c := &iot.SchedulingConfig{}
	now := d.clock.Now()
	start := now
	if d.chance(0.3) {
		start = now.Add(31*time.Minute + d.upTo(20*time.Hour))
		c.StartTime = new(iot.ScheduleTime(start.Format("2006-01-02 15:04")))
	}
	if d.chance(0.5) {
		c.EndTime = new(iot.ScheduleTime(start.Add(32*time.Minute + d.upTo(40*time.Hour)).Format("2006-01-02T15:04Z")))
		c.EndBehavior = chosen(d, 0.8, func() *iot.EndBehavior {
			return new([]iot.EndBehavior{"STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL"}[d.r.IntN(3)])
		})
	}
	if d.chance(0.6) {
		for range d.pick(1, 1, 2) {
			w := d.window(start)
			c.MaintenanceWindows = append(c.MaintenanceWindows, iot.MaintenanceWindow{
				StartTime: iot.CronExpression(w.cron()), DurationInMinutes: iot.WindowMinutes(w.length / time.Minute),
			})
		}
	}
	return c
}

// window draws a maintenance window: some hours of every day, sometimes of one date only.
func (d draw) window(from time.Time) window {
	w := window{minute: d.between(0, 59), length: time.Duration(d.pick(1, 2, 5, 60, 200)) * time.Minute}
	for range d.between(1, 5) {
		if h := d.between(0, 23); !slices.Contains(w.hours, h) {
			w.hours = append(w.hours, h)
		}
	}
	if d.chance(0.15) {
		date := from.Add(time.Duration(d.between(0, 3)) * 24 * time.Hour)
		w.day, w.month, w.year = date.Day(), int(date.Month()), date.Year()
	}
	return w
}
