package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// Limits bounds what one server holds (docs/spec/24, section 5). Zero is unlimited.
type Limits struct {
	ActiveContinuous int // R-LIM-40
	ActiveSnapshot   int // R-LIM-41
	Concurrent       int // jobs that are rolling out or being canceled (R-LIM-42)
	Templates        int // R-LIM-45
	// Retention is how long COMPLETED and CANCELED jobs are stored after their last change
	// (R-LIM-44, R-LIM-49).
	Retention time.Duration
	// Requests are the limits on single requests, Registry those on things and tags; their zero
	// values are the defaults.
	Requests RequestLimits
	Registry registry.Limits
}

// DefaultLimits are high enough not to be in the way of a self-hosted server.
var DefaultLimits = Limits{
	ActiveContinuous: 1000,
	ActiveSnapshot:   100_000,
	Concurrent:       1000,
	Templates:        1000,
	Retention:        730 * 24 * time.Hour,
	Requests:         DefaultRequestLimits,
	Registry:         registry.DefaultLimits,
}

// Complete puts the defaults where the limits on requests or those of the registry are zero.
func (l Limits) Complete() Limits {
	if l.Requests == (RequestLimits{}) {
		l.Requests = DefaultRequestLimits
	}
	if l.Registry == (registry.Limits{}) {
		l.Registry = registry.DefaultLimits
	}
	return l
}

// Active is how many jobs with this target selection may be active, 0 for any number.
func (l Limits) Active(s TargetSelection) int {
	if s == Continuous {
		return l.ActiveContinuous
	}
	return l.ActiveSnapshot
}

// CheckNewJob refuses a new job where too many are active or concurrent already (R-LIM-40 to
// R-LIM-42, R-LIM-48). active counts the active jobs with the same target selection, concurrent the
// concurrent ones, both without the new one: with a limit of 10, the tenth job is accepted and the
// eleventh is not. A SCHEDULED job counts as active, not as concurrent (R-LIM-47).
func (l Limits) CheckNewJob(j Job, active, concurrent int) error {
	if limit := l.Active(j.TargetSelection); limit > 0 && active >= limit {
		return fault.New(fault.Limit,
			"%d %s jobs are active, the most that are allowed", active, j.TargetSelection)
	}
	return l.CheckConcurrency(Job{}, j, concurrent, 0)
}

// CheckConcurrency refuses a change that makes one more job concurrent when as many are as may be
// (R-API-17, R-LIM-47). A cancellation of up to inline pending executions is done before it is
// answered and never refused: stopping a small job is always possible.
func (l Limits) CheckConcurrency(before, after Job, concurrent, inline int) error {
	small := after.Status == Canceled && after.Counts.Pending() <= int64(inline)
	if before.Concurrent() || !after.Concurrent() || small || !l.ConcurrencyReached(concurrent) {
		return nil
	}
	return fault.New(fault.Limit,
		"%d jobs are rolling out or being canceled, the most that are allowed", l.Concurrent)
}

// ConcurrencyReached reports whether no further job may become concurrent.
func (l Limits) ConcurrencyReached(concurrent int) bool {
	return l.Concurrent > 0 && concurrent >= l.Concurrent
}

// CheckTemplates refuses one more job template where so many exist (R-LIM-45).
func (l Limits) CheckTemplates(existing int) error {
	if l.Templates > 0 && existing >= l.Templates {
		return fault.New(fault.Limit, "%d job templates exist, the most that are allowed", existing)
	}
	return nil
}

// PurgeBefore is the time before which an ended job must have changed last for it to be purged now;
// ok is false when jobs are stored for good.
func (l Limits) PurgeBefore(now time.Time) (before time.Time, ok bool) {
	if l.Retention <= 0 {
		return time.Time{}, false
	}
	return now.Add(-l.Retention), true
}
