package drover

import "github.com/drover-iot/drover/schema"

// What the guard of a job has counted, and what follows from it (R-STR-34).
type Guard struct {
	// Things that have counted, and those of them that counted as failed.
	Counted int64 `json:"counted"`
	Failed  int64 `json:"failed"`
	// The evidence that more fail than the rate of the guard, and that at which it fires.
	Evidence  schema.Decimal `json:"evidence"`
	Threshold schema.Decimal `json:"threshold"`
	// The failure rates, in percent, that the things counted leave open.
	LowestPercentage  schema.Decimal `json:"lowestPercentage"`
	HighestPercentage schema.Decimal `json:"highestPercentage"`
	// When it fired; absent as long as it has not.
	FiredAt *schema.Timestamp `json:"firedAt"`
}
