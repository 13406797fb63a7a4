package control

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
)

func presign(c *iot.PresignedUrlConfig) *job.PresignedURLConfig {
	if c == nil {
		return nil
	}
	return &job.PresignedURLConfig{
		RoleARN:      string(value(c.RoleArn)),
		ExpiresInSec: int64(value(c.ExpiresInSec)),
	}
}

func showPresign(c *job.PresignedURLConfig) *iot.PresignedUrlConfig {
	if c == nil {
		return &iot.PresignedUrlConfig{}
	}
	return &iot.PresignedUrlConfig{
		RoleArn:      optional(iot.RoleArn(c.RoleARN)),
		ExpiresInSec: optional(iot.ExpiresInSec(c.ExpiresInSec)),
	}
}

func rollout(c *iot.JobExecutionsRolloutConfig) *job.RolloutConfig {
	if c == nil {
		return nil
	}
	out := &job.RolloutConfig{MaximumPerMinute: int(value(c.MaximumPerMinute))}
	if e := c.ExponentialRate; e != nil {
		out.Exponential = &job.Exponential{
			BasePerMinute:   int(e.BaseRatePerMinute),
			IncrementTenths: int(scaled(string(e.IncrementFactor), 1)),
			NotifiedThings:  int64(value(e.RateIncreaseCriteria.NumberOfNotifiedThings)),
			SucceededThings: int64(value(e.RateIncreaseCriteria.NumberOfSucceededThings)),
		}
	}
	return out
}

func showRollout(c *job.RolloutConfig) *iot.JobExecutionsRolloutConfig {
	if c == nil {
		return &iot.JobExecutionsRolloutConfig{}
	}
	out := &iot.JobExecutionsRolloutConfig{
		MaximumPerMinute: optional(iot.MaximumPerMinute(c.MaximumPerMinute)),
	}
	if e := c.Exponential; e != nil {
		out.ExponentialRate = &iot.ExponentialRolloutRate{
			BaseRatePerMinute: iot.BaseRatePerMinute(e.BasePerMinute),
			IncrementFactor:   iot.IncrementFactor(unscaled(int64(e.IncrementTenths), 1)),
			RateIncreaseCriteria: iot.RateIncreaseCriteria{
				NumberOfNotifiedThings:  optional(iot.ThingCount(e.NotifiedThings)),
				NumberOfSucceededThings: optional(iot.ThingCount(e.SucceededThings)),
			},
		}
	}
	return out
}

func abort(c *iot.AbortConfig) *job.AbortConfig {
	if c == nil {
		return nil
	}
	return &job.AbortConfig{
		Criteria: convert(c.CriteriaList, func(a iot.AbortCriteria) job.AbortCriterion {
			return job.AbortCriterion{
				FailureType:         job.FailureType(a.FailureType),
				ThresholdHundredths: scaled(string(a.ThresholdPercentage), 2),
				MinExecuted:         int64(a.MinNumberOfExecutedThings),
			}
		}),
	}
}

func showAbort(c *job.AbortConfig) *iot.AbortConfig {
	if c == nil {
		return nil
	}
	return &iot.AbortConfig{
		CriteriaList: convert(c.Criteria, func(a job.AbortCriterion) iot.AbortCriteria {
			return iot.AbortCriteria{
				FailureType:               iot.AbortFailureType(a.FailureType),
				Action:                    "CANCEL",
				ThresholdPercentage:       iot.ThresholdPercentage(unscaled(a.ThresholdHundredths, 2)),
				MinNumberOfExecutedThings: iot.ThingCount(a.MinExecuted),
			}
		}),
	}
}

func timeout(c *iot.TimeoutConfig) *job.TimeoutConfig {
	if c == nil {
		return nil
	}
	return &job.TimeoutConfig{InProgressMinutes: int64(value(c.InProgressTimeoutInMinutes))}
}

func showTimeout(c *job.TimeoutConfig) *iot.TimeoutConfig {
	if c == nil {
		return &iot.TimeoutConfig{}
	}
	return &iot.TimeoutConfig{
		InProgressTimeoutInMinutes: optional(iot.TimeoutMinutes(c.InProgressMinutes)),
	}
}

func retry(c *iot.JobExecutionsRetryConfig) *job.RetryConfig {
	if c == nil {
		return nil
	}
	return &job.RetryConfig{
		Criteria: convert(c.CriteriaList, func(r iot.RetryCriteria) job.RetryCriterion {
			return job.RetryCriterion{
				FailureType: job.FailureType(r.FailureType),
				Retries:     int(r.NumberOfRetries),
			}
		}),
	}
}

func showRetry(c *job.RetryConfig) *iot.JobExecutionsRetryConfig {
	if c == nil {
		return nil
	}
	return &iot.JobExecutionsRetryConfig{
		CriteriaList: convert(c.Criteria, func(r job.RetryCriterion) iot.RetryCriteria {
			return iot.RetryCriteria{
				FailureType:     iot.RetryFailureType(r.FailureType),
				NumberOfRetries: iot.NumberOfRetries(r.Retries),
			}
		}),
	}
}

func schedule(c *iot.SchedulingConfig) *job.ScheduleConfig {
	if c == nil {
		return nil
	}
	return &job.ScheduleConfig{
		StartTime:   string(value(c.StartTime)),
		EndTime:     string(value(c.EndTime)),
		EndBehavior: job.EndBehavior(value(c.EndBehavior)),
		Windows:     windows(c.MaintenanceWindows),
	}
}

func windows(list []iot.MaintenanceWindow) []job.Window {
	if list == nil {
		return nil
	}
	return convert(list, func(w iot.MaintenanceWindow) job.Window {
		return job.Window{StartTime: string(w.StartTime), Minutes: int(w.DurationInMinutes)}
	})
}

func showWindows(list []job.Window) []iot.MaintenanceWindow {
	if list == nil {
		return nil
	}
	return convert(list, func(w job.Window) iot.MaintenanceWindow {
		return iot.MaintenanceWindow{
			StartTime:         iot.CronExpression(w.StartTime),
			DurationInMinutes: iot.WindowMinutes(w.Minutes),
		}
	})
}

func showSchedule(c *job.ScheduleConfig) *iot.SchedulingConfig {
	if c == nil {
		return nil
	}
	return &iot.SchedulingConfig{
		StartTime:          optional(iot.ScheduleTime(c.StartTime)),
		EndTime:            optional(iot.ScheduleTime(c.EndTime)),
		EndBehavior:        optional(iot.EndBehavior(c.EndBehavior)),
		MaintenanceWindows: showWindows(c.Windows),
	}
}
