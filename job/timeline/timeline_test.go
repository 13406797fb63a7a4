package timeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at is so many minutes after noon; zero for a negative number.
func at(minutes int) time.Time {
	if minutes < 0 {
		return time.Time{}
	}
	return noon.Add(time.Duration(minutes) * time.Minute)
}

// execution is an attempt on a job, with the minutes when it was queued, started and changed.
func execution(id string, number int64, status job.ExecutionStatus, queued, started, updated int) Execution {
	x := Execution{JobID: id}
	x.Number, x.Sequence, x.Attempt = number, number, int(number)-1
	x.Status, x.QueuedAt, x.StartedAt, x.UpdatedAt = status, at(queued), at(started), at(updated)
	return x
}

// record is a record of the audit log.
func record(number int64, operation string, minutes int) (r audit.Record) {
	r.Number, r.Operation, r.At = number, operation, at(minutes)
	return r
}

// shown are events in short.
func shown(events []Event) (short []string) {
	for _, e := range events {
		text := fmt.Sprint(e.At.Sub(noon).Minutes(), " ", e.Kind)
		if e.Execution != nil {
			text += fmt.Sprint(" ", e.JobID, "#", e.Execution.Number)
		}
		if e.Record != nil {
			text += " " + e.Record.Operation
		}
		if e.Reason != "" {
			text += " " + e.Reason
		}
		short = append(short, text)
	}
	return short
}

// facts are some of everything.
func facts() Facts {
	return Facts{
		Thing: registry.Thing{CreatedAt: at(0)},
		Executions: []Execution{
			execution("a", 3, job.ExecutionInProgress, 9, 10, 12),
			execution("a", 2, job.ExecutionTimedOut, 3, 3, 9),
			execution("a", 1, job.ExecutionFailed, 1, 2, 3),
			execution("b", 4, job.ExecutionInProgress, 9, 10, 10), // nothing reported since
			execution("b", 5, job.ExecutionCanceled, 9, -1, 11),   // never started
			execution("c", 6, job.ExecutionQueued, 14, -1, 14),
		},
		Hold:       &job.Hold{Reason: "lab", Since: at(5)},
		Connection: &Connection{At: at(13), Reason: "KEEP_ALIVE"},
		Records:    []audit.Record{record(2, "UpdateThing", 9), record(1, "CreateThing", 0)},
	}
}

// Everything that is known comes in the order of its time, the newest first, and a retry after the
// attempt before it (R-WEB-35).
func TestEvents(t *testing.T) {
	t.Parallel()
	want := []string{
		"14 EXECUTION_QUEUED c#6",
		"13 DISCONNECTED KEEP_ALIVE",
		"12 EXECUTION_REPORTED a#3",
		"11 EXECUTION_ENDED b#5",
		"10 EXECUTION_STARTED b#4",
		"10 EXECUTION_STARTED a#3",
		"9 EXECUTION_QUEUED b#5",
		"9 EXECUTION_QUEUED b#4",
		"9 EXECUTION_QUEUED a#3",
		"9 EXECUTION_ENDED a#2",
		"9 RECORD UpdateThing",
		"5 HELD lab",
		"3 EXECUTION_STARTED a#2",
		"3 EXECUTION_QUEUED a#2",
		"3 EXECUTION_ENDED a#1",
		"2 EXECUTION_STARTED a#1",
		"1 EXECUTION_QUEUED a#1",
		"0 RECORD CreateThing",
	}
	if diff := cmp.Diff(want, shown(facts().Events())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is known twice is said once, and what is not known not at all (R-WEB-35).
func TestEventsOnce(t *testing.T) {
	t.Parallel()
	hold := &job.Hold{Reason: "lab", Since: at(5)}
	for name, row := range map[string]struct {
		facts Facts
		want  []string
	}{
		"the record of the hold is there": {
			Facts{Hold: hold, Records: []audit.Record{record(7, "HoldThing", 5)}},
			[]string{"5 RECORD HoldThing"},
		},
		"there is a record of another hold": {
			Facts{Hold: hold, Records: []audit.Record{record(7, "HoldThing", 4)}},
			[]string{"5 HELD lab", "4 RECORD HoldThing"},
		},
		"a client that is connected": {
			Facts{Connection: &Connection{Connected: true, At: at(1)}}, []string{"1 CONNECTED"},
		},
		"nobody knows since when a client is away": {Facts{Connection: &Connection{}}, nil},
	} {
		row.facts.Thing.CreatedAt = noon.Add(-time.Minute)
		want := append(row.want, "-1 THING_CREATED")
		if diff := cmp.Diff(want, shown(row.facts.Events())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Pages of any size make up the list, also when something has happened between them (R-WEB-36).
func TestPages(t *testing.T) {
	t.Parallel()
	for size := 1; size <= 20; size++ {
		all := facts()
		want, got := all.Events(), []Event(nil)
		for after, more := (*Place)(nil), true; more; {
			page := Page(all.Events(), after, size)
			if got = append(got, page...); len(page) > 0 {
				after = new(page[len(page)-1].Place())
			}
			more = len(page) == size
			all.Executions = append(all.Executions, execution("new", 99, job.ExecutionQueued, 60, -1, 60))
		}
		if diff := cmp.Diff(shown(want), shown(got)); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}

// The place of every event is its own.
func TestPlaces(t *testing.T) {
	t.Parallel()
	seen := map[Place]string{}
	for i, e := range facts().Events() {
		text := shown([]Event{e})[0]
		if other, taken := seen[e.Place()]; taken {
			t.Errorf("%s has the place of %s", text, other)
		}
		if seen[e.Place()] = text; e.Place().Kind < 0 {
			t.Errorf("event %d, %s, is of no kind", i, text)
		}
	}
}

// Each kind of event is said in words, with what is known of it (R-WEB-35).
func TestTexts(t *testing.T) {
	t.Parallel()
	failed := execution("a", 2, job.ExecutionFailed, 1, 2, 3)
	failed.Details = map[string]string{"step": "2", "reason": "no room"}
	working := execution("a", 1, job.ExecutionInProgress, 1, 2, 3)
	working.Details = map[string]string{"percent": "40"}
	by := record(1, "UpdateThing", 3)
	by.Operator.Name = "alice"
	for want, e := range map[string]Event{
		"created":                        {Kind: Created},
		"UpdateThing by alice":           {Kind: Recorded, Record: &by},
		"held: lab":                      {Kind: Held, Reason: "lab"},
		"connected":                      {Kind: Connected},
		"disconnected":                   {Kind: Disconnected},
		"disconnected: KEEP_ALIVE":       {Kind: Disconnected, Reason: "KEEP_ALIVE"},
		"queued":                         {Kind: Queued, Execution: &working.Execution},
		"queued, retry 1":                {Kind: Queued, Execution: &failed.Execution},
		"started":                        {Kind: Started, Execution: &failed.Execution},
		"reported: percent=40":           {Kind: Reported, Execution: &working.Execution},
		"FAILED: reason=no room, step=2": {Kind: Ended, Execution: &failed.Execution},
	} {
		if got := e.Text(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, kind := range Kinds() {
		if kind != Recorded && kind != Ended && texts[kind] == "" {
			t.Errorf("there is no text for %s", kind)
		}
	}
}
