package sim

import (
	"fmt"

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
	}
}
