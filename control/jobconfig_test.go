package control

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
)

// both checks a pair of conversions in both directions: what a request gives becomes what the rules
// are to have, and comes back as it was given (R-API-40).
func both[API, Rules any](
	t *testing.T, name string, given API, want Rules, read func(API) Rules, show func(Rules) API,
) {
	t.Helper()
	got := read(given)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s, read (-want +got):\n%s", name, diff)
	}
	if diff := cmp.Diff(given, show(got)); diff != "" {
		t.Errorf("%s, shown (-want +got):\n%s", name, diff)
	}
}

func TestPresign(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		given *iot.PresignedUrlConfig
		want  *job.PresignedURLConfig
	}{
		{"empty", &iot.PresignedUrlConfig{}, &job.PresignedURLConfig{}},
		{
			"only a role",
			&iot.PresignedUrlConfig{RoleArn: new(iot.RoleArn("arn:aws:iam::1:role/r"))},
			&job.PresignedURLConfig{RoleARN: "arn:aws:iam::1:role/r"},
		},
		{
			"only a time",
			&iot.PresignedUrlConfig{ExpiresInSec: new(iot.ExpiresInSec(60))},
			&job.PresignedURLConfig{ExpiresInSec: 60},
		},
		{
			"all",
			&iot.PresignedUrlConfig{
				RoleArn:      new(iot.RoleArn("arn:aws:iam::1:role/r")),
				ExpiresInSec: new(iot.ExpiresInSec(3600)),
			},
			&job.PresignedURLConfig{RoleARN: "arn:aws:iam::1:role/r", ExpiresInSec: 3600},
		},
	} {
		both(t, tt.name, tt.given, tt.want, presign, showPresign)
	}
}

func TestRollout(t *testing.T) {
	t.Parallel()
	exponential := func(
		base iot.BaseRatePerMinute, factor iot.IncrementFactor, when iot.RateIncreaseCriteria,
	) *iot.JobExecutionsRolloutConfig {
		return &iot.JobExecutionsRolloutConfig{
			ExponentialRate: &iot.ExponentialRolloutRate{
				BaseRatePerMinute:    base,
				IncrementFactor:      factor,
				RateIncreaseCriteria: when,
			},
		}
	}
	for _, tt := range []struct {
		name  string
		given *iot.JobExecutionsRolloutConfig
		want  *job.RolloutConfig
	}{
		{"empty", &iot.JobExecutionsRolloutConfig{}, &job.RolloutConfig{}},
		{
			"a maximum",
			&iot.JobExecutionsRolloutConfig{MaximumPerMinute: new(iot.MaximumPerMinute(7))},
			&job.RolloutConfig{MaximumPerMinute: 7},
		},
		{
			"by notified things",
			exponential(10, "1.1", iot.RateIncreaseCriteria{
				NumberOfNotifiedThings: new(iot.ThingCount(100)),
			}),
			&job.RolloutConfig{
				Exponential: &job.Exponential{
					BasePerMinute:   10,
					IncrementTenths: 11,
					NotifiedThings:  100,
				},
			},
		},
		{
			"by succeeded things",
			exponential(1, "5", iot.RateIncreaseCriteria{
				NumberOfSucceededThings: new(iot.ThingCount(1)),
			}),
			&job.RolloutConfig{
				Exponential: &job.Exponential{
					BasePerMinute:   1,
					IncrementTenths: 50,
					SucceededThings: 1,
				},
			},
		},
		{
			"by both",
			exponential(1000, "2.5", iot.RateIncreaseCriteria{
				NumberOfNotifiedThings:  new(iot.ThingCount(2)),
				NumberOfSucceededThings: new(iot.ThingCount(3)),
			}),
			&job.RolloutConfig{
				Exponential: &job.Exponential{
					BasePerMinute:   1000,
					IncrementTenths: 25,
					NotifiedThings:  2,
					SucceededThings: 3,
				},
			},
		},
	} {
		both(t, tt.name, tt.given, tt.want, rollout, showRollout)
	}
}

func TestAbort(t *testing.T) {
	t.Parallel()
	criterion := func(
		kind iot.AbortFailureType, at iot.ThresholdPercentage, n iot.ThingCount,
	) iot.AbortCriteria {
		return iot.AbortCriteria{
			FailureType:               kind,
			Action:                    "CANCEL",
			ThresholdPercentage:       at,
			MinNumberOfExecutedThings: n,
		}
	}
	for _, tt := range []struct {
		name  string
		given *iot.AbortConfig
		want  *job.AbortConfig
	}{
		{
			"never given",
			nil,
			nil,
		},
		{
			"one",
			&iot.AbortConfig{CriteriaList: []iot.AbortCriteria{criterion("ALL", "100", 1)}},
			&job.AbortConfig{Criteria: []job.AbortCriterion{
				{FailureType: job.FailureAll, ThresholdHundredths: 10000, MinExecuted: 1},
			}},
		},
		{
			"several, in their order",
			&iot.AbortConfig{CriteriaList: []iot.AbortCriteria{
				criterion("FAILED", "20.5", 2),
				criterion("REJECTED", "0.01", 3),
				criterion("TIMED_OUT", "0", 4),
			}},
			&job.AbortConfig{Criteria: []job.AbortCriterion{
				{FailureType: job.FailureFailed, ThresholdHundredths: 2050, MinExecuted: 2},
				{FailureType: job.FailureRejected, ThresholdHundredths: 1, MinExecuted: 3},
				{FailureType: job.FailureTimedOut, ThresholdHundredths: 0, MinExecuted: 4},
			}},
		},
	} {
		both(t, tt.name, tt.given, tt.want, abort, showAbort)
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	both(t, "empty", &iot.TimeoutConfig{}, &job.TimeoutConfig{}, timeout, showTimeout)
	both(t, "minutes",
		&iot.TimeoutConfig{InProgressTimeoutInMinutes: new(iot.TimeoutMinutes(10080))},
		&job.TimeoutConfig{InProgressMinutes: 10080}, timeout, showTimeout)
}

func TestRetry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		given *iot.JobExecutionsRetryConfig
		want  *job.RetryConfig
	}{
		{"never given", nil, nil},
		{
			"none at all",
			&iot.JobExecutionsRetryConfig{CriteriaList: []iot.RetryCriteria{
				{FailureType: "ALL", NumberOfRetries: 0},
			}},
			&job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureAll}}},
		},
		{
			"several, in their order",
			&iot.JobExecutionsRetryConfig{CriteriaList: []iot.RetryCriteria{
				{FailureType: "TIMED_OUT", NumberOfRetries: 4},
				{FailureType: "FAILED", NumberOfRetries: 6},
			}},
			&job.RetryConfig{Criteria: []job.RetryCriterion{
				{FailureType: job.FailureTimedOut, Retries: 4},
				{FailureType: job.FailureFailed, Retries: 6},
			}},
		},
	} {
		both(t, tt.name, tt.given, tt.want, retry, showRetry)
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		given *iot.SchedulingConfig
		want  *job.ScheduleConfig
	}{
		{"never given", nil, nil},
		{"empty", &iot.SchedulingConfig{}, &job.ScheduleConfig{}},
		{
			"a start",
			&iot.SchedulingConfig{StartTime: new(iot.ScheduleTime("2026-03-01 12:00"))},
			&job.ScheduleConfig{StartTime: "2026-03-01 12:00"},
		},
		{
			"an end",
			&iot.SchedulingConfig{
				EndTime:     new(iot.ScheduleTime("2026-03-02 12:00")),
				EndBehavior: new(iot.EndBehavior("FORCE_CANCEL")),
			},
			&job.ScheduleConfig{EndTime: "2026-03-02 12:00", EndBehavior: "FORCE_CANCEL"},
		},
		{
			"an empty list of windows",
			&iot.SchedulingConfig{MaintenanceWindows: []iot.MaintenanceWindow{}},
			&job.ScheduleConfig{Windows: []job.Window{}},
		},
		{
			"all",
			&iot.SchedulingConfig{
				StartTime:   new(iot.ScheduleTime("2026-03-01 12:00")),
				EndTime:     new(iot.ScheduleTime("2026-04-01 12:00")),
				EndBehavior: new(iot.EndBehavior("CANCEL")),
				MaintenanceWindows: []iot.MaintenanceWindow{
					{StartTime: "cron(0 2 * * ? *)", DurationInMinutes: 60},
				},
			},
			&job.ScheduleConfig{
				StartTime:   "2026-03-01 12:00",
				EndTime:     "2026-04-01 12:00",
				EndBehavior: "CANCEL",
				Windows:     []job.Window{{StartTime: "cron(0 2 * * ? *)", Minutes: 60}},
			},
		},
	} {
		both(t, tt.name, tt.given, tt.want, schedule, showSchedule)
	}
}

// A template has windows without a schedule around them.
func TestWindows(t *testing.T) {
	t.Parallel()
	both(t, "none", nil, nil, windows, showWindows)
	both(t, "two",
		[]iot.MaintenanceWindow{
			{StartTime: "cron(0 2 * * ? *)", DurationInMinutes: 1},
			{StartTime: "cron(0 3 ? * 2 *)", DurationInMinutes: 1430},
		},
		[]job.Window{
			{StartTime: "cron(0 2 * * ? *)", Minutes: 1},
			{StartTime: "cron(0 3 ? * 2 *)", Minutes: 1430},
		}, windows, showWindows)
}

// Three configurations that were never given are nil for the rules and {} in answers (R-WIRE-14).
func TestNeverGiven(t *testing.T) {
	t.Parallel()
	if c := presign(nil); c != nil {
		t.Errorf("no presigning is read as %+v", c)
	}
	if c := rollout(nil); c != nil {
		t.Errorf("no rollout is read as %+v", c)
	}
	if c := timeout(nil); c != nil {
		t.Errorf("no timeout is read as %+v", c)
	}
	if diff := cmp.Diff(&iot.PresignedUrlConfig{}, showPresign(nil)); diff != "" {
		t.Errorf("no presigning (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&iot.JobExecutionsRolloutConfig{}, showRollout(nil)); diff != "" {
		t.Errorf("no rollout (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&iot.TimeoutConfig{}, showTimeout(nil)); diff != "" {
		t.Errorf("no timeout (-want +got):\n%s", diff)
	}
}
