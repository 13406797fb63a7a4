package control

import (
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
)

// The configurations of jobs and job templates: conversions between the form that the API has for
// them and the form that the rules compute with. Each is a pair of functions; rollout reads what
// a request gives, showRollout makes what an answer shows.
//
// What was given comes back as it was given, with the same members and the same values
// (R-API-40); a default that applies is not filled in. A configuration that was never given is
// nil for the rules. Answers show three of them as {} then, and leave out the others (R-WIRE-14).
//
// The rules compute with whole numbers: the increment factor is in tenths there, a threshold in
// hundredths of a percent.

// presign reads how long the presigned URLs in a document are valid, and who signs them.
func presign(c *iot.PresignedUrlConfig) *job.PresignedURLConfig {
	if c == nil {
		return nil
	}
	return &job.PresignedURLConfig{
		RoleARN:      string(value(c.RoleArn)),
		ExpiresInSec: int64(value(c.ExpiresInSec)),
	}
}

// showPresign is the reverse of presign: {} for nil, which is a configuration that was never
// given.
func showPresign(c *job.PresignedURLConfig) *iot.PresignedUrlConfig {
	if c == nil {
		return &iot.PresignedUrlConfig{}
	}
	return &iot.PresignedUrlConfig{
		RoleArn:      optional(iot.RoleArn(c.RoleARN)),
		ExpiresInSec: optional(iot.ExpiresInSec(c.ExpiresInSec)),
	}
}

// rollout reads how fast a job rolls out. A maximum that was not given is 0, and the rules take
// 1000 a minute for it.
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

// showRollout is the reverse of rollout: {} for nil. The thresholds that raise the rate are
// positive where they were given, so 0 is one that was not.
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

// abort reads when a job is canceled because too many executions ended badly. Each criterion also
// has an action. It can only be CANCEL, so it is not stored.
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

// showAbort is the reverse of abort: nil for nil.
func showAbort(c *job.AbortConfig) *iot.AbortConfig {
	if c == nil {
		return nil
	}
	return &iot.AbortConfig{
		CriteriaList: convert(c.Criteria, func(a job.AbortCriterion) iot.AbortCriteria {
			threshold := unscaled(a.ThresholdHundredths, 2)
			return iot.AbortCriteria{
				FailureType:               iot.AbortFailureType(a.FailureType),
				Action:                    "CANCEL",
				ThresholdPercentage:       iot.ThresholdPercentage(threshold),
				MinNumberOfExecutedThings: iot.ThingCount(a.MinExecuted),
			}
		}),
	}
}

// timeout reads how long an execution may be IN_PROGRESS.
func timeout(c *iot.TimeoutConfig) *job.TimeoutConfig {
	if c == nil {
		return nil
	}
	return &job.TimeoutConfig{InProgressMinutes: int64(value(c.InProgressTimeoutInMinutes))}
}

// showTimeout is the reverse of timeout: {} for nil.
func showTimeout(c *job.TimeoutConfig) *iot.TimeoutConfig {
	if c == nil {
		return &iot.TimeoutConfig{}
	}
	return &iot.TimeoutConfig{
		InProgressTimeoutInMinutes: optional(iot.TimeoutMinutes(c.InProgressMinutes)),
	}
}

// retry reads how often an execution that failed or timed out is tried again.
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

// showRetry is the reverse of retry: nil for nil.
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

// schedule reads when a job starts and ends, and in which maintenance windows it rolls out. Times
// remain texts: the rules read them, and answers show them as they were written.
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

// showSchedule is the reverse of schedule: nil for nil.
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

// windows reads maintenance windows, which jobs have in their schedule and templates by
// themselves.
func windows(list []iot.MaintenanceWindow) []job.Window {
	if list == nil {
		return nil
	}
	return convert(list, func(w iot.MaintenanceWindow) job.Window {
		return job.Window{StartTime: string(w.StartTime), Minutes: int(w.DurationInMinutes)}
	})
}

// showWindows is the reverse of windows. A nil list stays nil and an empty one stays empty, so
// that no member appears that was not given.
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
