package overview

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Names may have colons; what the server does not say is left empty.
func TestExecutionTable(t *testing.T) { // R-CMD-172
	t.Parallel()
	all := []JobExecution{
		{Thing: "arn:aws:iot:us-east-1:000000000000:thing/a:b", Number: 2, Status: "IN_PROGRESS",
			QueuedAt: new(now.Add(-2 * time.Hour)), ChangedAt: new(now.Add(-time.Minute))},
		{Thing: "arn:aws:iot:us-east-1:000000000000:thing/pump-07", Number: 1, Status: "QUEUED"},
	}
	const want = `THING    EXECUTION  STATUS       QUEUED         CHANGED
a:b      2          IN_PROGRESS  2 h 0 min ago  1 min ago
pump-07  1          QUEUED
`
	if diff := cmp.Diff(want, ExecutionTable(all, now).String(0, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
