package job

import "testing"

// A report that ended the attempt before, sent once more, is recognised while the retry waits, so
// that it does not end the retry (R-HTTP-24).
func TestEarlierAttempt(t *testing.T) {
	t.Parallel()
	retry := Execution{ExecutionKey: ExecutionKey{Number: 5}, Attempt: 1}
	with := func(change func(*Execution)) Execution {
		x := retry
		change(&x)
		return x
	}
	again := Report{Event: ReportFailed, Message: "m", Redelivered: true}
	for _, tt := range []struct {
		name   string
		x      Execution
		report Report
		want   bool
	}{
		{"a retry that waits", retry, again, true},
		{"one that has started", with(func(x *Execution) { x.Status = ExecutionInProgress }), again,
			true},
		{"the first attempt after the thing came back", with(func(x *Execution) { x.Attempt = 0 }),
			again, true},
		{"a report that was not sent before", retry, Report{Event: ReportFailed, Message: "m"},
			false},
		{"the first execution", with(func(x *Execution) { x.Number = 1 }), again, false},
	} {
		earlier, ok := tt.x.EarlierAttempt(tt.report)
		if ok != tt.want || ok && earlier != 4 {
			t.Errorf("%s: %d, %v", tt.name, earlier, ok)
		}
	}
}

// A message is the same when both its packet identifier and its payload are (R-HTTP-24).
func TestMessageID(t *testing.T) {
	t.Parallel()
	id := MessageID(7, []byte(`{"status":"FAILED"}`))
	if again := MessageID(7, []byte(`{"status":"FAILED"}`)); again != id || len(id) != 16 {
		t.Errorf("%q and %q, want the same 16 characters", id, again)
	}
	for name, other := range map[string]string{
		"another identifier":              MessageID(8, []byte(`{"status":"FAILED"}`)),
		"an identifier with another byte": MessageID(7<<8, []byte(`{"status":"FAILED"}`)),
		"another payload":                 MessageID(7, []byte(`{"status":"FAILED" }`)),
		"no payload":                      MessageID(7, nil),
	} {
		if other == id {
			t.Errorf("%s: is the same message", name)
		}
	}
}

// What repeats the last accepted update: the same message, sent again, and the status that it led
// to (R-HTTP-24).
func TestRepeats(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status ExecutionStatus
		stored string
		event  Event
		sent   string
		again  bool
		want   bool
	}{
		{"the same", ExecutionFailed, "m", ReportFailed, "m", true, true},
		{"progress", ExecutionInProgress, "m", ReportInProgress, "m", true, true},
		{"a new message with the same words", ExecutionFailed, "m", ReportFailed, "m", false, false},
		{"another message", ExecutionFailed, "m", ReportFailed, "n", true, false},
		{"canceled since", ExecutionCanceled, "m", ReportInProgress, "m", true, false},
		{"nothing could repeat it", ExecutionFailed, "", ReportFailed, "", true, false},
		{"QUEUED is never accepted", ExecutionQueued, "m", ReportQueued, "m", true, false},
	} {
		x := Execution{Status: tt.status, Message: tt.stored}
		report := Report{Event: tt.event, Message: tt.sent, Redelivered: tt.again}
		if got := x.Repeats(report); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
