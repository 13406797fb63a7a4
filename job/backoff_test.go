package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

func TestReadBackoff(t *testing.T) { // R-STR-2, R-STR-45
	t.Parallel()
	for _, tt := range []struct {
		value   string
		want    *Backoff
		refused string
	}{
		{"10m/12h", &Backoff{10 * time.Minute, 12 * time.Hour}, ""},
		{"1s/1s", &Backoff{time.Second, time.Second}, ""},
		{"1h30m/30d", &Backoff{90 * time.Minute, 720 * time.Hour}, ""},
		{"10m", nil, `"10m" must be FIRST/MAX`},
		{"", nil, `"" must be FIRST/MAX`},
		{"0s/1h", nil, `"0s" is not between 1s and 30d`},
		{"1s/31d", nil, `"31d" is not between 1s and 30d`},
		{"1h/59m", nil, "1h is longer than 59m"},
		{"1h/2h/3h", nil, `"2h/3h" is not a duration`},
		{"x/1h", nil, `"x" is not a duration`},
	} {
		s, _, err := ParseSteering(map[string]string{"drover:retry-backoff": tt.value})
		if tt.refused != "" {
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%s: %v, want %q", tt.value, err, tt.refused)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.value, err)
		} else if diff := cmp.Diff(tt.want, s.Backoff); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.value, diff)
		}
	}
}

// Each retry waits twice as long as the one before, up to the limit, and up to a quarter more or
// less, drawn evenly.
func TestBackoffWaits(t *testing.T) { // R-STR-45
	t.Parallel()
	b := &Backoff{First: 10 * time.Minute, Max: 12 * time.Hour}
	for _, tt := range []struct {
		attempt int
		nominal time.Duration
	}{
		{1, 10 * time.Minute},
		{2, 20 * time.Minute},
		{3, 40 * time.Minute},
		{7, 640 * time.Minute},
		{8, 12 * time.Hour},
		{200, 12 * time.Hour},
	} {
		const things = 10_000
		var quarters [4]int
		for thing := range things {
			key := ExecutionKey{Job: 3, Thing: registry.ThingID(thing + 1)}
			x := Execution{ExecutionKey: key, Attempt: tt.attempt}
			wait := b.wait(x)
			if wait < tt.nominal*3/4 || wait >= tt.nominal*5/4 || wait%time.Millisecond != 0 {
				t.Fatalf("retry %d of thing %d waits %v", tt.attempt, x.Thing, wait)
			}
			if again := b.wait(x); again != wait {
				t.Fatalf("the wait is %v, and then %v", wait, again)
			}
			quarters[(wait-tt.nominal*3/4)*4/(tt.nominal/2)]++
		}
		for i, n := range quarters { // 2,500 each, with a deviation of 43
			if n < things/4-200 || n > things/4+200 {
				t.Errorf("retry %d: %d of %d waits are in quarter %d", tt.attempt, n, things, i+1)
			}
		}
	}
	x := Execution{ExecutionKey: ExecutionKey{Job: 3, Thing: 7}, Attempt: 1}
	seen := map[time.Duration]string{}
	for _, other := range []Execution{
		x, {ExecutionKey: ExecutionKey{Job: 4, Thing: 7}, Attempt: 1},
		{ExecutionKey: ExecutionKey{Job: 3, Thing: 8}, Attempt: 1},
	} {
		wait := b.wait(other)
		if same, found := seen[wait]; found {
			t.Errorf("%v and %s wait the same", other.ExecutionKey, same)
		}
		seen[wait] = fmt.Sprint(other.ExecutionKey)
	}
	if (*Backoff)(nil).wait(x) != 0 || b.wait(Execution{}) != 0 {
		t.Error("without the setting, and for what is no retry, there is no wait")
	}
	long := (&Backoff{First: maxBackoff, Max: maxBackoff}).wait(x)
	if long < maxBackoff*3/4 || long >= maxBackoff*5/4 {
		t.Errorf("the longest wait is %v", long)
	}
}

// backingOff is a job whose retries wait, with one execution IN_PROGRESS.
func backingOff() (Job, Execution) {
	j := Job{Key: 3, State: State{Status: InProgress}}
	j.Retry = &RetryConfig{Criteria: []RetryCriterion{{FailureType: FailureAll, Retries: 9}}}
	j.Steering = &Steering{Backoff: &Backoff{First: time.Hour, Max: 4 * time.Hour}}
	j.Counts[ExecutionInProgress] = 1
	x := Execution{
		ExecutionKey: ExecutionKey{Job: 3, Thing: 7, Number: 1},
		Status:       ExecutionInProgress,
		Version:      2,
	}
	return j, x
}

// A retry is QUEUED and hidden until it has waited; then it shows, which is no new version.
// Whatever ends it ends the wait.
func TestRetryBacksOff(t *testing.T) { // R-STR-45
	t.Parallel()
	j, x := backingOff()
	out, err := ApplyEvent(j, x, ReportFailed, start)
	if err != nil || out.Retry == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	retry := *out.Retry
	shows := start.Add(j.Steering.Backoff.wait(retry))
	if !retry.ShowAt.Equal(shows) || retry.Status != ExecutionQueued || !out.Job.Hidden(retry) ||
		!out.Job.HiddenFromDevice(retry) || out.Job.Counts[ExecutionQueued] != 1 {
		t.Errorf("the retry: %+v, hidden %v", retry, out.Job.Hidden(retry))
	}
	if n := out.Job.NoticeOfWindow(nil, retry); n != (Notice{}) {
		t.Errorf("a window notifies of it: %+v", n)
	}
	if at := retry.TimesOutAt(); !at.Equal(shows) {
		t.Errorf("it is looked at %v, want %v", at, shows)
	}
	if seconds, ok := retry.SecondsBeforeTimedOut(start); ok {
		t.Errorf("R-TMO-12: it times out in %d seconds", seconds)
	}
	_, err = ApplyReport(out.Job, retry, Report{Event: ReportInProgress}, start)
	waits := "waits until " + shows.Format(time.RFC3339)
	if !fault.Is(err, fault.BadTransition) || !strings.Contains(err.Error(), waits) {
		t.Errorf("it starts: %v", err)
	}
	for at, want := range map[time.Time]ExecutionWork{
		shows.Add(-time.Millisecond): ExecutionWorkNone, shows: ExecutionWorkShow,
	} {
		if got := out.Job.NextFor(retry, at); got != want {
			t.Errorf("at %v: work %d, want %d", at, got, want)
		}
	}
	swept := State{Status: Canceled, Sweep: SweepQueued}
	if got := swept.NextFor(retry, shows); got != ExecutionWorkSweep {
		t.Errorf("of a job that is canceled: work %d", got)
	}
	shown := retry.Show()
	if out.Job.Hidden(shown) || shown.Version != retry.Version || !shown.TimesOutAt().IsZero() {
		t.Errorf("shown: %+v", shown)
	}
	for _, event := range []Event{Cancel, ReportSucceeded, LeaveTargets} {
		ended, err := ApplyEvent(out.Job, retry, event, start)
		if err != nil || !ended.Execution.ShowAt.IsZero() {
			t.Errorf("%s: %+v, %v", event, ended.Execution, err)
		}
	}
}

// A retry that was due while the job was paused has waited meanwhile; one that an operator asks for
// does not wait.
func TestBackoffAfterPause(t *testing.T) { // R-STR-11, R-STR-45, R-STR-60
	t.Parallel()
	j, x := backingOff()
	x.Status, x.UpdatedAt = ExecutionFailed, start
	j.Counts = Counts{ExecutionFailed: 1}
	j.Steered = &Steered{Retry: &RetryPass{Statuses: []ExecutionStatus{ExecutionFailed}}}
	early, ok := j.WaitingRetry(x, 1, start.Add(time.Minute))
	if wait := j.Steering.Backoff.wait(early); !ok || !early.ShowAt.Equal(start.Add(wait)) {
		t.Errorf("after a minute: %+v", early)
	}
	late, ok := j.WaitingRetry(x, 1, start.Add(2*time.Hour))
	if !ok || !late.ShowAt.IsZero() {
		t.Errorf("after two hours: %+v", late)
	}
	asked, ok := j.AskedRetry(x, 1, start)
	if !ok || !asked.ShowAt.IsZero() {
		t.Errorf("asked for: %+v", asked)
	}
}

// When the clock was set back, a retry waits no longer than it would if it were new.
func TestBackoffClockWentBack(t *testing.T) { // R-CON-28, R-STR-45
	t.Parallel()
	j, x := backingOff()
	x.Status, x.Attempt = ExecutionQueued, 1
	wait := j.Steering.Backoff.wait(x)
	before, ahead := start.Add(-time.Minute), start.Add(365*24*time.Hour)
	for _, tt := range []struct {
		name               string
		queued, show, want time.Time
	}{
		{"queued before", before, before.Add(wait), before.Add(wait)},
		{"queued a year ahead", ahead, ahead.Add(wait), start.Add(wait)},
		{"waits for nothing", ahead, time.Time{}, time.Time{}},
	} {
		x.QueuedAt, x.ShowAt = tt.queued, tt.show
		got, changed := j.ExecutionClockWentBack(x, start)
		if !got.ShowAt.Equal(tt.want) || changed != !tt.want.Equal(tt.show) {
			t.Errorf("%s: shows at %v, changed %v", tt.name, got.ShowAt, changed)
		}
		if _, changed := j.ExecutionClockWentBack(got, start); changed {
			t.Errorf("%s: a second time changes it again", tt.name)
		}
	}
}
