package overview

import (
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
)

// HoldTable is the list of things that are held as a table at a time (R-STR-14).
func HoldTable(holds []drover.Hold, now time.Time) Table {
	t := Table{Titles: []string{"THING", "HELD", "UNTIL", "REASON"}, Shrinks: []int{0, 3}}
	for _, h := range holds {
		until := "it is released"
		if h.Until != nil {
			until = h.Until.Time().Format(time.RFC3339)
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: string(h.ThingName)},
			{follow.Ago(h.Since.Time(), now), terminal.Dim},
			{Text: until},
			{Text: string(h.Reason)},
		})
	}
	return t
}
