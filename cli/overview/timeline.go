package overview

import (
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/terminal"
)

// TimelineTable is what has happened to a thing as a table (R-WEB-35).
func TimelineTable(events []drover.ThingEvent) Table {
	t := Table{Titles: []string{"TIME", "JOB", "EVENT"}, Shrinks: []int{1, 2}}
	for _, e := range events {
		job := ""
		if e.JobID != nil {
			job = string(*e.JobID)
		}
		t.Rows = append(t.Rows, []Cell{
			{e.At.Time().Format(time.RFC3339), terminal.Dim},
			{Text: job},
			{e.Text, eventStyle(e)},
		})
	}
	return t
}

// eventStyle is the colour of an event.
func eventStyle(e drover.ThingEvent) terminal.Style {
	switch {
	case e.Record != nil:
		return terminal.Blue
	case e.Kind != "EXECUTION_ENDED" || e.Status == nil:
		return terminal.Plain
	case *e.Status == "SUCCEEDED":
		return terminal.Green
	case *e.Status == "FAILED", *e.Status == "TIMED_OUT", *e.Status == "REJECTED":
		return terminal.Red
	}
	return terminal.Plain
}
