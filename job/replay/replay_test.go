package replay

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func after(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }

// attempt is one that was released so many minutes after the start, began two minutes later and
// ended eight minutes after that.
func attempt(released int, status job.ExecutionStatus) Attempt {
	a := Attempt{Released: after(released), Started: after(released + 2), Status: status}
	if status != job.ExecutionQueued {
		a.Ended = after(released + 10)
	}
	return a
}

const (
	ok     = job.ExecutionSucceeded
	failed = job.ExecutionFailed
	open   = job.ExecutionQueued
)

// abort is one criterion: so many percent FAILED of at least so many.
func abort(percent, least int64) *job.AbortConfig {
	return &job.AbortConfig{Criteria: []job.AbortCriterion{
		{FailureType: job.FailureFailed, ThresholdHundredths: percent * 100, MinExecuted: least},
	}}
}

// What was recorded is judged by other criteria, and outcomes keep their distance from their
// release when things are released at another rate (R-WHAT-1).
func TestRun(t *testing.T) {
	t.Parallel()
	// One a minute: those of minutes 0, 1 and 2 fail, three more succeed, and of the last nobody
	// has heard.
	attempts := []Attempt{
		attempt(0, failed), attempt(1, failed), attempt(2, failed),
		attempt(3, ok), attempt(4, ok), attempt(5, ok), attempt(6, open),
	}
	all := Result{Released: 7, First: after(0), Last: after(6), Unknown: 1}
	stopped := func(r Result, at time.Time, reached, failures, executed int64) Result {
		r.Stops = []Stop{
			{Criterion: 1, At: at, Reached: reached, Failures: failures, Executed: executed},
		}
		return r
	}
	slow := Result{Released: 7, First: after(0), Last: after(3), Unknown: 1} // two a minute
	for _, tt := range []struct {
		name     string
		settings Settings
		want     Result
	}{
		{"nothing would have stopped it", Settings{}, all},
		{"a criterion at once", Settings{Abort: abort(10, 1)}, stopped(all, after(10), 7, 1, 1)},
		{"a criterion of three", Settings{Abort: abort(10, 3)}, stopped(all, after(12), 7, 3, 3)},
		{"one that is not met", Settings{Abort: abort(60, 6)}, all},
		{"two a minute", Settings{Rollout: &job.RolloutConfig{MaximumPerMinute: 2}}, slow},
		{
			"two a minute, and a criterion: the third fails at minute 11",
			Settings{Rollout: &job.RolloutConfig{MaximumPerMinute: 2}, Abort: abort(10, 3)},
			stopped(slow, after(11), 7, 3, 3),
		},
	} {
		if diff := cmp.Diff(tt.want, Run(attempts, tt.settings)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A slow rollout reaches fewer things before it would have been stopped.
func TestReached(t *testing.T) {
	t.Parallel()
	var attempts []Attempt
	for i := range 1000 {
		attempts = append(attempts, attempt(i/100, failed))
	}
	r := Run(attempts, Settings{
		Rollout: &job.RolloutConfig{MaximumPerMinute: 5},
		Abort:   abort(50, 20),
	})
	want := []Stop{{Criterion: 1, At: after(13), Reached: 65, Failures: 20, Executed: 20}}
	if diff := cmp.Diff(want, r.Stops); diff != "" || !r.Last.Equal(after(199)) {
		t.Errorf("the last is released at %v (-want +got):\n%s", r.Last, diff)
	}
}

// The guard counts things when they have settled, as it does in a job.
func TestGuard(t *testing.T) {
	t.Parallel()
	settings, _, err := job.ParseSteering(map[string]string{
		"drover:guard": "FAILED 1pct alpha=5pct settle=30m then=cancel",
	})
	if err != nil {
		t.Fatal(err)
	}
	var attempts []Attempt // one a minute, all of which fail
	for i := range 60 {
		attempts = append(attempts, attempt(i, failed))
	}
	r := Run(attempts, Settings{Guard: settings.Guard})
	if len(r.Stops) != 1 || r.Stops[0].Criterion != 0 || r.Stops[0].Failures != 1 {
		t.Fatalf("%+v", r.Stops)
	}
	// The first one begins at minute 2 and counts half an hour after its bucket, which is a minute.
	if want := after(33); !r.Stops[0].At.Equal(want) || r.Stops[0].Reached != 33 {
		t.Errorf("it fires at %v with %d released, want %v", r.Stops[0].At, r.Stops[0].Reached, want)
	}
}

// Things are released within the windows of the job only, and none after its end.
func TestSchedule(t *testing.T) {
	t.Parallel()
	schedule := &job.ScheduleConfig{
		EndTime: "2026-03-02T12:00",
		Windows: []job.Window{{StartTime: "cron(5 12 * * ? *)", Minutes: 10}},
	}
	if err := schedule.Check(job.DefaultRequestLimits, start); err != nil {
		t.Fatal(err)
	}
	var attempts []Attempt
	for range 30 {
		attempts = append(attempts, attempt(0, ok))
	}
	r := Run(attempts, Settings{Rollout: &job.RolloutConfig{MaximumPerMinute: 2}, Schedule: schedule})
	want := Result{Released: 20, First: after(5), Last: after(14), Unreleased: 10}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A job of which nothing was released.
func TestNothing(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(Result{}, Run(nil, Settings{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A record that no server writes is passed over: a timeout without a start.
func TestImpossibleRecord(t *testing.T) {
	t.Parallel()
	r := Run([]Attempt{{Released: start, Ended: after(1), Status: job.ExecutionTimedOut}}, Settings{
		Abort: abort(0, 1),
	})
	if diff := cmp.Diff(Result{Released: 1, First: start, Last: start}, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func BenchmarkRun(b *testing.B) {
	attempts := make([]Attempt, 100_000)
	for i := range attempts {
		attempts[i] = attempt(i/1000, ok)
		if i%50 == 0 {
			attempts[i].Status = failed
		}
	}
	for b.Loop() {
		Run(attempts, Settings{
			Rollout: &job.RolloutConfig{MaximumPerMinute: 500},
			Abort:   abort(5, 100),
		})
	}
}
