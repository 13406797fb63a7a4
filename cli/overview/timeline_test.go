package overview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/schema"
)

// An event is its time, its job and what the server says of it, in the colour of how it went
// (R-WEB-35).
func TestTimelineTable(t *testing.T) {
	t.Parallel()
	at := schema.At(time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC))
	ended := func(status iot.ExecutionStatus) drover.ThingEvent {
		return drover.ThingEvent{
			At:     at,
			Kind:   "EXECUTION_ENDED",
			Text:   string(status),
			JobID:  new(iot.JobID("fw")),
			Status: new(status),
		}
	}
	table := TimelineTable([]drover.ThingEvent{
		ended("FAILED"), ended("SUCCEEDED"), ended("CANCELED"),
		{At: at, Kind: "RECORD", Text: "UpdateThing by alice", Record: &drover.AuditRecord{}},
		{At: at, Kind: "THING_CREATED", Text: "created"},
	})
	want := strings.TrimPrefix(`
TIME                  JOB  EVENT
2030-01-02T12:00:00Z  fw   FAILED
2030-01-02T12:00:00Z  fw   SUCCEEDED
2030-01-02T12:00:00Z  fw   CANCELED
2030-01-02T12:00:00Z       UpdateThing by alice
2030-01-02T12:00:00Z       created
`, "\n")
	if diff := cmp.Diff(want, table.String(0, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, style := range []terminal.Style{
		terminal.Red, terminal.Green, terminal.Plain, terminal.Blue, terminal.Plain,
	} {
		if got := table.Rows[i][2].Style; got != style {
			t.Errorf("row %d has the style %q, want %q", i, got, style)
		}
	}
}
