package job

// The configurations of a job are stored exactly as they were given, because DescribeJob shows them
// so (R-API-40). A zero member was absent; the default that applies then is known to the code that
// reads it. A nil configuration was never given.

// Bounds and defaults of the configurations.
const (
	DefaultPerMinute    = 1000 // R-VAL-15
	DefaultExpiresInSec = 3600 // R-VAL-12
	MaxRetries          = 10   // in sum over all criteria, R-VAL-28
)

// PresignedURLConfig says how presigned URLs in a document are made.
type PresignedURLConfig struct {
	RoleARN      string `json:"roleArn,omitzero"`
	ExpiresInSec int64  `json:"expiresInSec,omitzero"` // 60 to the limit; absent means 3600
}

// RolloutConfig says how fast executions are created.
type RolloutConfig struct {
	MaximumPerMinute int          `json:"maximumPerMinute,omitzero"` // 1 to the limit; absent means 1000
	Exponential      *Exponential `json:"exponentialRate,omitzero"`
}

// Exponential is a rate that grows with each threshold reached.
type Exponential struct {
	BasePerMinute int `json:"baseRatePerMinute"` // 1 to the limit
	// IncrementTenths is incrementFactor in tenths, 11..50, so that the ramp can be computed
	// exactly (R-ROLL-4).
	IncrementTenths int `json:"incrementTenths"`
	// NotifiedThings and SucceededThings are the thresholds that raise the rate. Zero is absent; at
	// least one is given (R-VAL-18).
	NotifiedThings  int64 `json:"notifiedThings,omitzero"`
	SucceededThings int64 `json:"succeededThings,omitzero"`
}

// AbortConfig lists the criteria that cancel a job without an operator, tried in order (R-ABT-1).
type AbortConfig struct {
	Criteria []AbortCriterion `json:"criteria"`
}

// AbortCriterion cancels a job when enough executions of a type failed.
type AbortCriterion struct {
	FailureType FailureType `json:"failureType"`
	// ThresholdHundredths is thresholdPercentage in hundredths of a percent: 0..10000 (R-ABT-7).
	ThresholdHundredths int64 `json:"thresholdHundredths"`
	MinExecuted         int64 `json:"minExecuted"` // minNumberOfExecutedThings, at least 1
}

// FailureType names a way to fail, in abort and retry criteria.
type FailureType string

// The failure types. REJECTED is only for abort criteria.
const (
	FailureFailed   FailureType = "FAILED"
	FailureRejected FailureType = "REJECTED"
	FailureTimedOut FailureType = "TIMED_OUT"
	FailureAll      FailureType = "ALL"
)

// TimeoutConfig limits how long an execution may be IN_PROGRESS.
type TimeoutConfig struct {
	InProgressMinutes int64 `json:"inProgressMinutes,omitzero"` // 1..10080; absent means no timer
}

// RetryConfig lists the retry budgets.
type RetryConfig struct {
	Criteria []RetryCriterion `json:"criteria"`
}

// RetryCriterion is the budget of one failure type: FAILED, TIMED_OUT or, shared, ALL (R-RTY-4).
type RetryCriterion struct {
	FailureType FailureType `json:"failureType"`
	Retries     int         `json:"retries"` // 0..10
}

// off reports whether the configuration allows no retry at all, whatever types it lists (R-UPD-16).
func (c *RetryConfig) off() bool {
	if c == nil {
		return true
	}
	for _, criterion := range c.Criteria {
		if criterion.Retries > 0 {
			return false
		}
	}
	return true
}
