package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
)

// draw draws the names and configurations that operators use. Numbers are small, so that thresholds
// are met: a rate of hundreds a minute would be no limit for sixteen things.
type draw struct {
	rand   *random
	time   *timeline
	things []string // the names of all devices
	jobs   int      // how many job ids were used: job-1, job-2 and so on
}

// groupParents are the thing groups of a run: three below each other, and two alone.
var groupParents = []struct{ name, parent string }{
	{"a", ""}, {"b", "a"}, {"c", "b"}, {"d", ""}, {"e", ""},
}

// thing draws the name of a thing. It may be deleted at this time.
func (d *draw) thing() string { return oneOf(d.rand, d.things...) }

// group draws the name of a group. It may be deleted at this time.
func (d *draw) group() string { return groupParents[d.rand.index(len(groupParents))].name }

// jobID draws an id that was used, job-1 before any was. The job may be deleted.
func (d *draw) jobID() string { return fmt.Sprintf("job-%d", d.rand.between(1, max(1, d.jobs))) }

func thingARN(name string) string { return "arn:aws:iot:us-east-1:000000000000:thing/" + name }
func groupARN(name string) string { return "arn:aws:iot:us-east-1:000000000000:thinggroup/" + name }

// targets draws up to three targets, mostly groups. The same one may be drawn twice.
func (d *draw) targets() (arns iot.JobTargets) {
	for range d.rand.pick(1, 1, 2, 3) {
		if d.rand.chance(0.7) {
			arns = append(arns, groupARN(d.group()))
		} else {
			arns = append(arns, thingARN(d.thing()))
		}
	}
	return arns
}

// sometimes is a value with a probability of p, nil otherwise. The value is drawn only when it is
// used.
func sometimes[T any](r *random, p float64, value func() *T) *T {
	if r.chance(p) {
		return value()
	}
	return nil
}

// rollout draws a constant rate or, more often, an exponential one.
func (d *draw) rollout() *iot.JobExecutionsRolloutConfig {
	r := d.rand
	if r.chance(0.3) {
		limit := iot.MaximumPerMinute(r.between(1, 4))
		return &iot.JobExecutionsRolloutConfig{MaximumPerMinute: &limit}
	}
	base := iot.BaseRatePerMinute(r.between(1, 2))
	factor := fmt.Sprintf("%d.%d", r.between(1, 4), r.between(1, 9))
	rate := &iot.ExponentialRolloutRate{
		BaseRatePerMinute: base,
		IncrementFactor:   iot.IncrementFactor(factor),
	}
	if r.chance(0.7) {
		rate.RateIncreaseCriteria.NumberOfNotifiedThings = new(iot.ThingCount(r.between(1, 4)))
	}
	if r.chance(0.5) || rate.RateIncreaseCriteria.NumberOfNotifiedThings == nil {
		rate.RateIncreaseCriteria.NumberOfSucceededThings = new(iot.ThingCount(r.between(1, 3)))
	}
	return &iot.JobExecutionsRolloutConfig{
		MaximumPerMinute: new(iot.MaximumPerMinute(r.between(2, 6))),
		ExponentialRate:  rate,
	}
}

// abort draws one or two criteria. The thresholds lie on both sides of a third, where rounding
// would show.
func (d *draw) abort() *iot.AbortConfig {
	c := &iot.AbortConfig{}
	for range d.rand.pick(1, 1, 2) {
		c.CriteriaList = append(c.CriteriaList, iot.AbortCriteria{
			FailureType: oneOf[iot.AbortFailureType](d.rand,
				"FAILED", "FAILED", "REJECTED", "TIMED_OUT", "ALL"),
			Action: "CANCEL",
			ThresholdPercentage: oneOf[iot.ThresholdPercentage](d.rand,
				"0", "12.5", "25", "33.33", "33.34", "50", "66.67", "100"),
			MinNumberOfExecutedThings: iot.ThingCount(d.rand.between(1, 8)),
		})
	}
	return c
}

// timeout draws a limit from a minute to longer than a run with default length has faults.
func (d *draw) timeout() *iot.TimeoutConfig {
	minutes := iot.TimeoutMinutes(d.rand.pick(1, 5, 30, 600, 3000))
	return &iot.TimeoutConfig{InProgressTimeoutInMinutes: new(minutes)}
}

// retry draws one shared budget, one for failures, or one each for timeouts and failures.
func (d *draw) retry() *iot.JobExecutionsRetryConfig {
	criterion := func(kind iot.RetryFailureType) iot.RetryCriteria {
		retries := iot.NumberOfRetries(d.rand.between(0, 4))
		return iot.RetryCriteria{FailureType: kind, NumberOfRetries: retries}
	}
	c := &iot.JobExecutionsRetryConfig{}
	switch d.rand.index(4) {
	case 0:
		c.CriteriaList = iot.RetryCriteriaList{criterion("ALL")}
	case 1:
		c.CriteriaList = iot.RetryCriteriaList{criterion("FAILED")}
	default:
		c.CriteriaList = iot.RetryCriteriaList{criterion("TIMED_OUT"), criterion("FAILED")}
	}
	return c
}

// request draws a whole job. What it leaves out is left out by many jobs of real operators too:
// most have no schedule, some have no configuration at all.
func (d *draw) request(id string) *iot.CreateJobRequest {
	var tags iot.Tags
	if d.rand.chance(0.5) {
		tags = d.settings()
	}
	return &iot.CreateJobRequest{
		JobID:                      iot.JobID(id),
		Targets:                    d.targets(),
		Document:                   new(iot.Document(`{"operation":"upgrade","to":"2.4"}`)),
		JobExecutionsRolloutConfig: sometimes(d.rand, 0.75, d.rollout),
		AbortConfig:                sometimes(d.rand, 0.5, d.abort),
		TimeoutConfig:              sometimes(d.rand, 0.6, d.timeout),
		JobExecutionsRetryConfig:   sometimes(d.rand, 0.6, d.retry),
		TargetSelection:            sometimes(d.rand, 0.6, d.selection),
		SchedulingConfig:           sometimes(d.rand, 0.5, d.schedule),
		Tags:                       tags,
	}
}

// selection draws whether a job is continuous. Two of three are, because more can go wrong there.
func (d *draw) selection() *iot.TargetSelection {
	return new(oneOf[iot.TargetSelection](d.rand, "CONTINUOUS", "CONTINUOUS", "SNAPSHOT"))
}

// schedule draws a start time, an end time and maintenance windows, any of them. A start must be at
// least 30 minutes ahead, and an end 30 minutes after it.
func (d *draw) schedule() *iot.SchedulingConfig {
	c := &iot.SchedulingConfig{}
	start := d.time.now()
	if d.rand.chance(0.3) {
		start = start.Add(31*time.Minute + d.rand.upTo(20*time.Hour))
		c.StartTime = new(iot.ScheduleTime(start.Format("2006-01-02 15:04")))
	}
	if d.rand.chance(0.5) {
		end := start.Add(32*time.Minute + d.rand.upTo(40*time.Hour))
		c.EndTime = new(iot.ScheduleTime(end.Format("2006-01-02T15:04Z")))
		c.EndBehavior = sometimes(d.rand, 0.8, func() *iot.EndBehavior {
			return new(oneOf[iot.EndBehavior](d.rand, "STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL"))
		})
	}
	if d.rand.chance(0.6) {
		for range d.rand.pick(1, 1, 2) {
			c.MaintenanceWindows = append(c.MaintenanceWindows, d.window(start))
		}
	}
	return c
}

// window draws a maintenance window: some hours of every day, sometimes of one date only. The rules
// read no other forms of cron expression than these two (R-SCH-14).
func (d *draw) window(from time.Time) iot.MaintenanceWindow {
	minute := d.rand.between(0, 59)
	length := d.rand.pick(1, 2, 5, 60, 200)
	var hours []string
	for range d.rand.between(1, 5) {
		if h := strconv.Itoa(d.rand.between(0, 23)); !slices.Contains(hours, h) {
			hours = append(hours, h)
		}
	}
	date := "* * ? *"
	if d.rand.chance(0.15) {
		on := from.Add(time.Duration(d.rand.between(0, 3)) * 24 * time.Hour)
		date = fmt.Sprintf("%d %d ? %d", on.Day(), on.Month(), on.Year())
	}
	cron := fmt.Sprintf("cron(%d %s %s)", minute, strings.Join(hours, ","), date)
	return iot.MaintenanceWindow{
		StartTime:         iot.CronExpression(cron),
		DurationInMinutes: iot.WindowMinutes(length),
	}
}
