package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// Update is what UpdateJob asks for. A nil member changes nothing; a given one replaces the stored
// one as a whole (R-UPD-1): a timeoutConfig without a member switches the timer off.
type Update struct {
	Description  *string
	PresignedURL *PresignedURLConfig
	Rollout      *RolloutConfig
	Abort        *AbortConfig
	Timeout      *TimeoutConfig
	Retry        *RetryConfig
}

// empty reports whether the update has no member.
func (u Update) empty() bool { return u == Update{} }

// ApplyUpdate changes a running job. One member that cannot be applied refuses all (R-UPD-6).
// changed is false when the update has no member (R-UPD-7). New abort criteria are applied at once,
// to what has happened already (R-UPD-13). A new rollout is in force from the next tick (R-UPD-11).
// Timers that run do not change (R-UPD-9).
func (j *Job) ApplyUpdate(u Update, now time.Time) (changed bool, err error) {
	if !j.Status.Active() {
		return false, fault.New(fault.Invalid,
			"job %s is %s: only SCHEDULED and IN_PROGRESS jobs can be updated", j.ID, j.Status)
	}
	if u.empty() {
		return false, nil
	}
	if err := j.check(u); err != nil {
		return false, err
	}
	set(&j.Description, u.Description)
	replace(&j.PresignedURL, u.PresignedURL)
	replace(&j.Timeout, u.Timeout)
	replace(&j.Retry, u.Retry)
	if u.Rollout != nil {
		j.Rollout = u.Rollout
		j.Progress.restartRamp(j.Counts[ExecutionSucceeded])
	}
	j.UpdatedAt = now
	if u.Abort != nil {
		j.Abort = u.Abort
		j.forgetObservedCriteria()
		j.applyAbortCriteria(now)
	}
	j.Recompute(now)
	return true, nil
}

// Check refuses an update that breaks a limit or a rule over several members, whatever job it is
// for.
func (u Update) Check(l RequestLimits) error {
	if err := l.checkConfigs(u.PresignedURL, u.Rollout, u.Abort); err != nil {
		return err
	}
	return checkConfigs(u.Rollout, u.Retry)
}

// check refuses an update that breaks a rule over several members, or that this job does not allow.
func (j *Job) check(u Update) error {
	if err := checkConfigs(u.Rollout, u.Retry); err != nil {
		return err
	}
	if u.PresignedURL != nil && j.NeedsRole && u.PresignedURL.RoleARN == "" {
		return missingRole() // R-UPD-17
	}
	if u.Retry != nil && !u.Retry.off() { // R-UPD-15
		return fault.New(fault.Invalid,
			"jobExecutionsRetryConfig: after creation retries can only be "+
				"switched off, with numberOfRetries 0 for each type")
	}
	return nil
}

// set copies a given value.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// replace takes a given member.
func replace[T any](to **T, from *T) {
	if from != nil {
		*to = from
	}
}
