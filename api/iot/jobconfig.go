package iot

import "github.com/drover-iot/drover/schema"

// The job document: a JSON object, at most 32768 bytes (R-VAL-10, R-VAL-11).
type Document string

func (Document) Constraint() schema.Constraint {
	return schema.Length(0, 32768).MaxBytes(32768).Setting(LimitDocument).Secret().AsDigest()
}

// A link to the job document in an object store.
type DocumentSource string

func (DocumentSource) Constraint() schema.Constraint { return schema.Length(1, 1350) }

// Values for the parameters of a managed template's document (R-VAL-4).
type DocumentParameters map[string]string

func (DocumentParameters) Constraint() schema.Constraint {
	return schema.Constraint{}.
		Keys(schema.Length(1, 128).Chars("a-zA-Z0-9_-")).
		Each(schema.Length(1, 30720).Matching(printable).Secret().AsDigest())
}

// Whether the job ends when its things have run it (SNAPSHOT, the default) or goes on with things
// that join a target later (CONTINUOUS).
type TargetSelection string

func (TargetSelection) Constraint() schema.Constraint {
	return schema.Enum("CONTINUOUS", "SNAPSHOT")
}

// ARNs of things and thing groups, 1 to 100 (R-VAL-5).
type JobTargets []string

func (JobTargets) Constraint() schema.Constraint {
	return schema.Items(1, 100).Setting(LimitTargets).Each(schema.Length(0, 2048))
}

// How presigned URLs in the document are made.
type PresignedUrlConfig struct {
	RoleArn      *RoleArn      `json:"roleArn"`
	ExpiresInSec *ExpiresInSec `json:"expiresInSec"`
}

// The role that may read the objects that presigned URLs point to (R-VAL-13).
type RoleArn string

func (RoleArn) Constraint() schema.Constraint {
	return schema.Length(20, 2048).Matching(`arn:[a-z0-9-]+:iam::[0-9]+:role/[\w+=,.@/-]+`)
}

// How long a presigned URL is good, in seconds: 60 to 3600, the default 3600 (R-VAL-12).
type ExpiresInSec int64

func (ExpiresInSec) Constraint() schema.Constraint {
	return schema.Range(60, 3600).Setting(LimitExpiry)
}

// How fast a job is released to its things.
type JobExecutionsRolloutConfig struct {
	MaximumPerMinute *MaximumPerMinute       `json:"maximumPerMinute"`
	ExponentialRate  *ExponentialRolloutRate `json:"exponentialRate"`
}

// The most things notified in a minute: 1 to 1000, the default 1000 (R-VAL-15).
type MaximumPerMinute int32

func (MaximumPerMinute) Constraint() schema.Constraint {
	return schema.Range(1, 1000).Setting(LimitRate)
}

// A rate that starts low and grows with success.
type ExponentialRolloutRate struct {
	// Things a minute at the start, 1 to 1000 (R-VAL-16).
	BaseRatePerMinute BaseRatePerMinute `json:"baseRatePerMinute"`
	IncrementFactor   IncrementFactor   `json:"incrementFactor"`
	// When the rate grows: at least one member must be given (R-VAL-18).
	RateIncreaseCriteria RateIncreaseCriteria `json:"rateIncreaseCriteria"`
}

// The rate at the start of a rollout, in things a minute.
type BaseRatePerMinute int32

func (BaseRatePerMinute) Constraint() schema.Constraint {
	return schema.Range(1, 1000).Setting(LimitRate)
}

// What the rate is multiplied by at each step: 1.1 to 5, at most one decimal (R-VAL-17).
type IncrementFactor schema.Decimal

func (IncrementFactor) Constraint() schema.Constraint { return schema.Number("1.1", "5", 1) }

// The counts at which the rate grows.
type RateIncreaseCriteria struct {
	NumberOfNotifiedThings  *ThingCount `json:"numberOfNotifiedThings"`
	NumberOfSucceededThings *ThingCount `json:"numberOfSucceededThings"`
}

// A number of things, at least 1 (R-VAL-23).
type ThingCount int32

func (ThingCount) Constraint() schema.Constraint { return schema.Range(1, schema.NoMax) }

// When a job gives up by itself.
type AbortConfig struct {
	CriteriaList AbortCriteriaList `json:"criteriaList" required:"true"`
}

// At least one criterion and at most 16 (R-VAL-21, R-VAL-24).
type AbortCriteriaList []AbortCriteria

func (AbortCriteriaList) Constraint() schema.Constraint {
	return schema.Items(1, 16).Setting(LimitCriteria)
}

// One reason to give up: so many executions have ended, and so many of those in this way.
type AbortCriteria struct {
	FailureType AbortFailureType `json:"failureType"`
	Action      AbortAction      `json:"action"`
	// Percent of the executed things, 0 to 100, at most two decimals (R-VAL-22).
	ThresholdPercentage       ThresholdPercentage `json:"thresholdPercentage"`
	MinNumberOfExecutedThings ThingCount          `json:"minNumberOfExecutedThings"`
}

// The ending that counts towards a threshold.
type AbortFailureType string

func (AbortFailureType) Constraint() schema.Constraint {
	return schema.Enum("FAILED", "REJECTED", "TIMED_OUT", "ALL")
}

// What happens when a threshold is reached.
type AbortAction string

func (AbortAction) Constraint() schema.Constraint { return schema.Enum("CANCEL") }

// A share in percent, kept as written.
type ThresholdPercentage schema.Decimal

func (ThresholdPercentage) Constraint() schema.Constraint { return schema.Number("0", "100", 2) }

// How long an execution may be IN_PROGRESS.
type TimeoutConfig struct {
	InProgressTimeoutInMinutes *TimeoutMinutes `json:"inProgressTimeoutInMinutes"`
}

// Minutes from the start of an execution to its time-out, 1 to 10080, which is seven days
// (R-VAL-25).
type TimeoutMinutes int64

func (TimeoutMinutes) Constraint() schema.Constraint { return schema.Range(1, 10080) }

// How often failed executions are tried again.
type JobExecutionsRetryConfig struct {
	CriteriaList RetryCriteriaList `json:"criteriaList" required:"true"`
}

// One or two criteria (R-VAL-26, R-VAL-27).
type RetryCriteriaList []RetryCriteria

func (RetryCriteriaList) Constraint() schema.Constraint { return schema.Items(1, 2) }

// A number of retries for one way of failing.
type RetryCriteria struct {
	FailureType     RetryFailureType `json:"failureType"`
	NumberOfRetries NumberOfRetries  `json:"numberOfRetries"`
}

// The ending that is tried again.
type RetryFailureType string

func (RetryFailureType) Constraint() schema.Constraint {
	return schema.Enum("FAILED", "TIMED_OUT", "ALL")
}

// Retries after the first attempt, 0 to 10.
type NumberOfRetries int32

func (NumberOfRetries) Constraint() schema.Constraint { return schema.Range(0, 10) }

// When a job starts and ends, and the windows in which it is released (R-SCH-1 to R-SCH-8).
type SchedulingConfig struct {
	StartTime          *ScheduleTime       `json:"startTime"`
	EndTime            *ScheduleTime       `json:"endTime"`
	EndBehavior        *EndBehavior        `json:"endBehavior"`
	MaintenanceWindows []MaintenanceWindow `json:"maintenanceWindows"`
}

// A date and time in text.
type ScheduleTime string

func (ScheduleTime) Constraint() schema.Constraint { return schema.Length(1, 64) }

// What happens to executions that are not done at the end time.
type EndBehavior string

func (EndBehavior) Constraint() schema.Constraint {
	return schema.Enum("STOP_ROLLOUT", "CANCEL", "FORCE_CANCEL")
}

// A recurring time in which a job is released.
type MaintenanceWindow struct {
	// A cron expression.
	StartTime         CronExpression `json:"startTime"`
	DurationInMinutes WindowMinutes  `json:"durationInMinutes"`
}

// A recurring time, written as a cron expression.
type CronExpression string

func (CronExpression) Constraint() schema.Constraint { return schema.Length(1, 256) }

// The length of a maintenance window in minutes, 1 to 1430.
type WindowMinutes int32

func (WindowMinutes) Constraint() schema.Constraint { return schema.Range(1, 1430) }
