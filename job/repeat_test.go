package job

import "testing"

// A report that ended the attempt before, sent once more, is recognised while the retry waits, so
// that it does not end the retry (R-HTTP-24).
func TestEarlierAttempt(t *testing.T) {
	t.Parallel()
	number := func(n int64) *int64 { return &n }
	retry := Execution{ExecutionKey: ExecutionKey{Number: 5}, Attempt: 1}
	with := func(change func(*Execution)) Execution {
		x := retry
		change(&x)
		return x
	}
	again := Report{Event: ReportFailed, Token: "t"}
	for _, tt := range []struct {
		name   string
		x      Execution
		report Report
		want   bool
	}{
		{"a retry that waits", retry, again, true},
		{"that names the attempt before", retry,
			Report{Event: ReportFailed, Token: "t", Number: number(4)}, true},
		{"that names the retry", retry, Report{Event: ReportFailed, Token: "t", Number: number(5)},
			false},
		{"without a token", retry, Report{Event: ReportFailed}, false},
		{"the retry has started", with(func(x *Execution) { x.Status = ExecutionInProgress }),
			again, false},
		{"the retry has ended", with(func(x *Execution) { x.Status = ExecutionFailed }), again,
			false},
		{"a first attempt", with(func(x *Execution) { x.Attempt = 0 }), again, false},
	} {
		earlier, ok := tt.x.EarlierAttempt(tt.report)
		if ok != tt.want || ok && earlier != 4 {
			t.Errorf("%s: %d, %v", tt.name, earlier, ok)
		}
	}
}

// What repeats the last accepted update: the same token, and the status that it led to (R-HTTP-24).
func TestRepeats(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status ExecutionStatus
		stored string
		event  Event
		token  string
		want   bool
	}{
		{"the same", ExecutionFailed, "t", ReportFailed, "t", true},
		{"progress", ExecutionInProgress, "t", ReportInProgress, "t", true},
		{"another token", ExecutionFailed, "t", ReportFailed, "u", false},
		{"another status", ExecutionFailed, "t", ReportSucceeded, "t", false},
		{"no token", ExecutionFailed, "", ReportFailed, "", false},
		{"QUEUED is never accepted", ExecutionQueued, "t", ReportQueued, "t", false},
	} {
		x := Execution{Status: tt.status, Token: tt.stored}
		if got := x.Repeats(Report{Event: tt.event, Token: tt.token}); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
