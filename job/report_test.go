package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// What each status lets a report and a start do while a maintenance window is closed: what is
// hidden cannot start, but may end, and what has started goes on (R-SCH-17). A refusal carries the
// state (docs/spec/30, the table of errors).
func TestReportBetweenWindows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		job    Status
		status ExecutionStatus
		event  Event
		says   string // empty: accepted
	}{
		{"a hidden one starts", Scheduled, ExecutionQueued, ReportInProgress,
			"the execution cannot start: its job waits for the next maintenance window"},
		{"a hidden one ends", Scheduled, ExecutionQueued, ReportSucceeded, ""},
		{"one that works goes on", Scheduled, ExecutionInProgress, ReportInProgress, ""},
		{"one that works ends", Scheduled, ExecutionInProgress, ReportFailed, ""},
		{"one that shows starts", InProgress, ExecutionQueued, ReportInProgress, ""},
		{"one that has ended", Scheduled, ExecutionSucceeded, ReportInProgress,
			"report IN_PROGRESS is not possible: the execution is SUCCEEDED"},
	} {
		before := Execution{Status: tt.status, Version: 3}
		j := Job{State: State{Status: tt.job}}
		_, err := ApplyReport(j, before, Report{Event: tt.event}, start)
		if tt.says == "" {
			if err != nil {
				t.Errorf("R-SCH-17 %s: %v", tt.name, err)
			}
			continue
		}
		want := fault.New(fault.BadTransition, "%s", tt.says)
		want.State = before
		if diff := cmp.Diff(want, fault.Of(err)); diff != "" {
			t.Errorf("R-SCH-17 %s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// The attempt that a report names is the latest one or no attempt at all (R-HTTP-21), and the
// version that it expects is the stored one (R-EXE-8), on both sides.
func TestReportNamesAttemptAndVersion(t *testing.T) {
	t.Parallel()
	x := Execution{ExecutionKey: ExecutionKey{Number: 5}, Status: ExecutionInProgress, Version: 3}
	for _, tt := range []struct {
		name            string
		number, version *int64
		code            fault.Code // empty: accepted
	}{
		{"R-HTTP-21 the latest", minutes(5), nil, ""},
		{"R-HTTP-21 the one before", minutes(4), nil, fault.NotFound},
		{"R-HTTP-21 the one after", minutes(6), nil, fault.NotFound},
		{"R-EXE-8 the stored version", minutes(5), minutes(3), ""},
		{"R-EXE-8 the one before", minutes(5), minutes(2), fault.VersionDiffers},
		{"R-EXE-8 the one after", nil, minutes(4), fault.VersionDiffers},
	} {
		report := Report{Event: ReportInProgress, Number: tt.number, ExpectedVersion: tt.version}
		_, err := ApplyReport(Job{State: State{Status: InProgress}}, x, report, start)
		if (tt.code == "") != (err == nil) || err != nil && !fault.Is(err, tt.code) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.code)
		}
		if f := fault.Of(err); f != nil && f.Code == fault.VersionDiffers {
			if diff := cmp.Diff(x, f.State); diff != "" {
				t.Errorf("R-HTTP-28 %s (-want +got):\n%s", tt.name, diff)
			}
		}
	}
}

// The message of the last accepted update is stored with the execution, and a start forgets it
// (R-HTTP-24).
func TestReportMessages(t *testing.T) {
	t.Parallel()
	j := Job{ID: "j", State: State{Status: InProgress, Counts: Counts{ExecutionInProgress: 1}}}
	running := Execution{Status: ExecutionInProgress, Version: 3, Message: "old"}
	out, err := ApplyReport(j, running, Report{Event: ReportInProgress, Message: "new"}, start)
	if err != nil || out.Execution.Message != "new" {
		t.Errorf("the message of an accepted update: %q, %v", out.Execution.Message, err)
	}
	if out, err = ApplyReport(j, running, Report{Event: ReportInProgress}, start); err != nil ||
		out.Execution.Message != "" {
		t.Errorf("an update that nothing repeats: %q, %v", out.Execution.Message, err)
	}
	queued := Execution{Status: ExecutionQueued, Version: 1, Message: "old"}
	out, _, err = Start(j, queued, nil, nil, start)
	if err != nil || out.Execution.Message != "" {
		t.Errorf("a start: message %q, %v", out.Execution.Message, err)
	}
}

// StartNext by status: what is QUEUED starts, what is IN_PROGRESS comes back with its job as it
// was, and nothing that has ended starts again (R-HTTP-14, R-EXE-5).
func TestStartByStatus(t *testing.T) {
	t.Parallel()
	j := Job{ID: "j", State: State{Status: InProgress, Counts: Counts{ExecutionInProgress: 1}}}
	running := Execution{Status: ExecutionInProgress, Version: 3, Message: "m"}
	out, rearmed, err := Start(j, running, map[string]string{"a": "1"}, nil, start)
	diff := cmp.Diff(Outcome{Job: j, Execution: running}, out)
	if err != nil || rearmed || diff != "" {
		t.Errorf("IN_PROGRESS: %v, rearmed %v (-want +got):\n%s", err, rearmed, diff)
	}
	for _, status := range ExecutionStatuses() {
		if !status.Terminal() {
			continue
		}
		_, rearmed, err := Start(j, Execution{Status: status}, nil, minutes(5), start)
		if !fault.Is(err, fault.BadTransition) || rearmed {
			t.Errorf("R-EXE-5 %s: %v, rearmed %v", status, err, rearmed)
		}
	}
}

// The details of an execution are its own: what the caller does with the map later changes nothing
// (R-EXE-9).
func TestDetailsAreCopied(t *testing.T) {
	t.Parallel()
	given := map[string]string{"a": "1"}
	out, err := ApplyReport(Job{State: State{Status: InProgress}}, Execution{},
		Report{Event: ReportInProgress, Details: given}, start)
	if err != nil {
		t.Fatal(err)
	}
	given["a"] = "2"
	if got := out.Execution.Details["a"]; got != "1" {
		t.Errorf("the stored detail became %q", got)
	}
}

// The step timer by what a report says: it is armed from the time of the report, dropped by -1,
// left alone without the member, and of no effect with a terminal status (R-TMO-3 to R-TMO-5,
// R-TMO-14).
func TestStepTimer(t *testing.T) {
	t.Parallel()
	armed := start.Add(7 * time.Minute)
	now := start.Add(2 * time.Minute)
	for _, tt := range []struct {
		rule    string
		event   Event
		minutes *int64
		want    time.Time
	}{
		{"R-TMO-3 armed anew", ReportInProgress, minutes(1), now.Add(time.Minute)},
		{"R-TMO-3 the longest", ReportInProgress, minutes(10080), now.Add(7 * 24 * time.Hour)},
		{"R-TMO-4 dropped", ReportInProgress, minutes(-1), time.Time{}},
		{"R-TMO-5 left alone", ReportInProgress, nil, armed},
		{"R-TMO-14 with a terminal status", ReportSucceeded, minutes(1), time.Time{}},
	} {
		x := Execution{Status: ExecutionInProgress, StepDeadline: armed}
		out, err := ApplyReport(Job{State: State{Status: InProgress}}, x,
			Report{Event: tt.event, StepMinutes: tt.minutes}, now)
		if err != nil || !out.Execution.StepDeadline.Equal(tt.want) {
			t.Errorf("%s: %v, %v, want %v", tt.rule, out.Execution.StepDeadline, err, tt.want)
		}
	}
}
