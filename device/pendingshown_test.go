package device

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
)

// A list shows as many executions as the limit says, as it is when the list is asked for (R-LIM-30,
// R-ORD-5, R-MQTT-19).
func TestPendingShown(t *testing.T) {
	t.Parallel()
	f := &fleet{}
	for i := range 200 {
		f.executions = append(f.executions, execution(fmt.Sprint("j", i), job.ExecutionQueued))
	}
	p := newPlane(t, f)
	shown := func() int {
		lists, err := p.pending(t.Context(), "pump")
		if err != nil {
			t.Fatal(err)
		}
		return len(lists.queued)
	}
	if got := shown(); got != 10 {
		t.Errorf("by default: %d, want 10", got)
	}
	limits := jobs.NewLimits(job.Limits{})
	p.PendingShown = func() int { return limits.Requests().PendingShown }
	for _, limit := range []int{10, 1, 100, 10} {
		next := job.DefaultLimits
		next.Requests.PendingShown = limit
		limits.Set(next)
		if got := shown(); got != limit {
			t.Errorf("a limit of %d: %d", limit, got)
		}
	}
}
