package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// RequestLimits bounds what one request may ask for, and what one answer to a device shows
// (docs/spec/24, section 5). They are settings of a server. They judge requests only: what is stored
// and exceeds a limit that was lowered stays and works as before (R-LIM-55).
type RequestLimits struct {
	DocumentBytes int           // R-LIM-3
	Targets       int           // of one job, R-LIM-7
	URLLifetime   time.Duration // of presigned URLs, R-LIM-9
	PerMinute     int           // the highest rate of a rollout, R-LIM-11 and R-LIM-12
	Placeholders  int           // of one document, R-LIM-20
	SameLocal     int           // how often one local placeholder may stand in a key, R-LIM-21
	StartAhead    time.Duration // from the request to the start time at the least, R-LIM-23
	EndAhead      time.Duration // from the request, and the start time, to the end time, R-LIM-24
	AbortCriteria int           // of one job, R-LIM-29
	PendingShown  int           // of jobs without windows in a list, R-LIM-30
}

// DefaultRequestLimits are those of AWS IoT.
var DefaultRequestLimits = RequestLimits{
	DocumentBytes: 32768,
	Targets:       100,
	URLLifetime:   DefaultExpiresInSec * time.Second,
	PerMinute:     DefaultPerMinute,
	Placeholders:  10,
	SameLocal:     2,
	StartAhead:    30 * time.Minute,
	EndAhead:      30 * time.Minute,
	AbortCriteria: 16,
	PendingShown:  10,
}

// LeastRequestLimits and MostRequestLimits are between which the settings must be (R-LIM-56).
var (
	LeastRequestLimits = RequestLimits{
		DocumentBytes: 1024,
		Targets:       1,
		URLLifetime:   DefaultExpiresInSec * time.Second,
		PerMinute:     1,
		Placeholders:  1,
		SameLocal:     1,
		StartAhead:    time.Minute,
		EndAhead:      time.Minute,
		AbortCriteria: 1,
		PendingShown:  1,
	}
	MostRequestLimits = RequestLimits{
		DocumentBytes: 64 << 10,
		Targets:       500,
		URLLifetime:   7 * 24 * time.Hour,
		PerMinute:     60_000,
		Placeholders:  25,
		SameLocal:     10,
		StartAhead:    24 * time.Hour,
		EndAhead:      24 * time.Hour,
		AbortCriteria: 100,
		PendingShown:  100,
	}
)

// CompleteRollout is the rollout configuration that a new job or an update gets: where the limit on
// the rate is less than the rate without a configuration, one that gives no maximum has the limit,
// and shows it (R-LIM-57).
func (l RequestLimits) CompleteRollout(c *RolloutConfig) *RolloutConfig {
	if l.PerMinute >= DefaultPerMinute || c != nil && c.MaximumPerMinute > 0 {
		return c
	}
	limited := RolloutConfig{}
	if c != nil {
		limited = *c
	}
	limited.MaximumPerMinute = l.PerMinute
	return &limited
}

// checkConfigs refuses configurations beyond the limits. A request was judged when it was read; a
// template may be older than a limit.
func (l RequestLimits) checkConfigs(
	urls *PresignedURLConfig, rollout *RolloutConfig, abort *AbortConfig,
) error {
	most := int64(l.URLLifetime / time.Second)
	if urls != nil && urls.ExpiresInSec > most {
		return fault.New(fault.Invalid,
			"presignedUrlConfig.expiresInSec: %d, at most %d are allowed", urls.ExpiresInSec, most)
	}
	if rollout != nil {
		if err := l.checkRollout(*rollout); err != nil {
			return err
		}
	}
	if abort != nil && len(abort.Criteria) > l.AbortCriteria {
		return fault.New(fault.Invalid,
			"abortConfig.criteriaList: %d items, at most %d are allowed",
			len(abort.Criteria), l.AbortCriteria) // R-VAL-24
	}
	return nil
}

// checkRollout refuses a rollout that is faster than the limit.
func (l RequestLimits) checkRollout(c RolloutConfig) error {
	const member = "jobExecutionsRolloutConfig"
	if c.MaximumPerMinute > l.PerMinute {
		return fault.New(fault.Invalid,
			"%s.maximumPerMinute: %d, at most %d are allowed", member, c.MaximumPerMinute, l.PerMinute)
	}
	if c.Exponential != nil && c.Exponential.BasePerMinute > l.PerMinute {
		return fault.New(fault.Invalid,
			"%s.exponentialRate.baseRatePerMinute: %d, at most %d are allowed",
			member, c.Exponential.BasePerMinute, l.PerMinute)
	}
	return nil
}

// checkTargets refuses more targets than a job may have (R-VAL-5).
func (l RequestLimits) checkTargets(n int) error {
	if n > l.Targets {
		return fault.New(fault.Invalid, "targets: %d items, at most %d are allowed", n, l.Targets)
	}
	return nil
}
