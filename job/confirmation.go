package job

import "time"

// With drover:confirm a success counts only when the thing was seen after it (R-STR-40): a release
// that installs, reports SUCCEEDED and then never comes up again is no success.

// Confirmation is a SUCCEEDED execution that waits to be confirmed. A thing has one at most for
// each job: that of the attempt that succeeded.
type Confirmation struct {
	ExecutionKey
	ReportedAt time.Time // when it was reported as SUCCEEDED
	Until      time.Time // from when on it is silent
}
