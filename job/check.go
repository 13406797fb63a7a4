package job

import (
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// checkConfigs checks the rules over several members that CreateJob, CreateJobTemplate and
// UpdateJob share. Bounds of single members are part of the API description and were checked
// before. An absent configuration passes.
func checkConfigs(rollout *RolloutConfig, retry *RetryConfig) error {
	if err := rollout.check(); err != nil {
		return err
	}
	return retry.check()
}

// check refuses a ramp that cannot rise, or that begins above its own maximum.
func (c *RolloutConfig) check() error {
	if c == nil || c.Exponential == nil {
		return nil
	}
	e := c.Exponential
	if e.NotifiedThings == 0 && e.SucceededThings == 0 { // R-VAL-18
		return fault.New(fault.Invalid,
			"jobExecutionsRolloutConfig.exponentialRate.rateIncreaseCriteria: "+
				"give numberOfNotifiedThings, numberOfSucceededThings or both")
	}
	maximum := DefaultPerMinute
	if c.MaximumPerMinute > 0 {
		maximum = c.MaximumPerMinute
	}
	if e.BasePerMinute > maximum { // R-VAL-19
		return fault.New(fault.Invalid,
			"jobExecutionsRolloutConfig.exponentialRate.baseRatePerMinute: "+
				"%d is more than maximumPerMinute, which is %d", e.BasePerMinute, maximum)
	}
	return nil
}

// check refuses budgets that overlap, and more retries in sum than there may be.
func (c *RetryConfig) check() error {
	if c == nil {
		return nil
	}
	sum, seen := 0, map[FailureType]bool{}
	for i, criterion := range c.Criteria {
		notAlone := len(c.Criteria) > 1 && criterion.FailureType == FailureAll
		if seen[criterion.FailureType] || notAlone { // R-VAL-27
			return fault.New(fault.Invalid,
				"jobExecutionsRetryConfig.criteriaList[%d].failureType: "+
					"ALL stands alone, and FAILED and TIMED_OUT may be given once each", i)
		}
		seen[criterion.FailureType] = true
		sum += criterion.Retries
	}
	if sum > MaxRetries { // R-VAL-28
		return fault.New(fault.Invalid, "jobExecutionsRetryConfig.criteriaList: "+
			"%d retries in sum, at most %d are allowed", sum, MaxRetries)
	}
	return nil
}

// checkPackageVersions refuses texts that are no ARN of a package version. Whether there is such a
// package is not known here (R-CON-6, R-PKG-4).
func checkPackageVersions(arns []string) error {
	for i, text := range arns {
		arn, ok := registry.ParseARN(text)
		name, version, found := strings.Cut(arn.Name, "/version/")
		if !ok || arn.Kind != "package" || !found || name == "" || version == "" {
			return fault.New(fault.Invalid, "destinationPackageVersions[%d]: "+
				"%q is not an ARN of a package version, "+
				"like arn:aws:iot:us-east-1:000000000000:package/firmware/version/2.4", i, text)
		}
	}
	return nil
}

// Check refuses a new job that breaks a rule over several members, and reads the times of its
// schedule. now is when the request was received.
func (d Definition) Check(l RequestLimits, now time.Time) error {
	if err := l.checkTargets(len(d.Targets)); err != nil {
		return err
	}
	if err := l.checkConfigs(d.PresignedURL, d.Rollout, d.Abort); err != nil {
		return err
	}
	if err := checkConfigs(d.Rollout, d.Retry); err != nil {
		return err
	}
	if d.NeedsRole && (d.PresignedURL == nil || d.PresignedURL.RoleARN == "") {
		return missingRole() // R-VAL-14
	}
	if err := checkPackageVersions(d.PackageVersions); err != nil {
		return err
	}
	return d.Schedule.Check(l, now)
}

// missingRole is the fault of a document whose S3 placeholders nobody could resolve.
func missingRole() error {
	return fault.New(fault.Invalid,
		"presignedUrlConfig.roleArn: required, because the job document has S3 placeholders")
}
