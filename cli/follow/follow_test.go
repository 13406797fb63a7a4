package follow

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// start is when the tests begin.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// described is a job with counts; the first is the queued ones, then in progress, succeeded, failed.
func described(status iot.JobStatus, releasing bool, counts ...int32) *iot.Job {
	d := &iot.JobProcessDetails{}
	if releasing {
		d.ProcessingTargets = []string{"arn:aws:iot:us-east-1:000000000000:thinggroup/g"}
	}
	for i, at := range []**int32{
		&d.NumberOfQueuedThings, &d.NumberOfInProgressThings, &d.NumberOfSucceededThings, &d.NumberOfFailedThings,
		&d.NumberOfTimedOutThings, &d.NumberOfRejectedThings, &d.NumberOfRemovedThings, &d.NumberOfCanceledThings,
	} {
		if i < len(counts) {
			*at = &counts[i]
		}
	}
	return &iot.Job{JobID: "fw", Status: status, TargetSelection: "SNAPSHOT", JobProcessDetails: d}
}

// A line says the counts, those that are rare only when there are any, and what the job waits for.
func TestLine(t *testing.T) { // R-CMD-156
	t.Parallel()
	scheduled := described("SCHEDULED", true)
	scheduled.SchedulingConfig = &iot.SchedulingConfig{StartTime: new(iot.ScheduleTime("2026-02-01T10:00"))}
	window := described("SCHEDULED", true, 2, 1)
	window.SchedulingConfig = &iot.SchedulingConfig{MaintenanceWindows: []iot.MaintenanceWindow{{}}}
	window.ScheduledJobRollouts = []iot.ScheduledJobRollout{{StartTime: new(iot.ScheduleTime("2026-01-04 00:00"))}}
	for name, tt := range map[string]struct {
		job    *iot.Job
		total  int
		want   string
		paused string
	}{
		"begins":      {&iot.Job{JobID: "fw", Status: "IN_PROGRESS"}, -1, "fw IN_PROGRESS: released 0, in progress 0, succeeded 0, failed 0 (—/min, — left)", ""},
		"releases":    {described("IN_PROGRESS", true, 5, 10, 24, 1), 100, "fw IN_PROGRESS: released 40 of 100, in progress 10, succeeded 24, failed 1, queued 5 (—/min, — left)", ""},
		"is released": {described("IN_PROGRESS", false, 0, 1), 1, "fw IN_PROGRESS: released 1, in progress 1, succeeded 0, failed 0 (—/min, — left)", ""},
		"completed": {described("COMPLETED", false, 0, 0, 1, 2, 3, 4, 5, 6), -1,
			"fw COMPLETED: released 21, in progress 0, succeeded 1, failed 2, timed out 3, rejected 4, removed 5, canceled 6", ""},
		"scheduled": {scheduled, 7, "fw SCHEDULED, waits for its start at 2026-02-01T10:00", ""},
		"window": {window, 7, "fw SCHEDULED: released 3 of 7, in progress 1, succeeded 0, failed 0, queued 2, " +
			"waits for its maintenance window at 2026-01-04 00:00", ""},
		"paused": {described("IN_PROGRESS", true, 5), 100,
			"fw IN_PROGRESS: released 5 of 100, in progress 0, succeeded 0, failed 0, queued 5, paused: wave: 1 waits for approval",
			"wave: 1 waits for approval"},
	} {
		if got, _ := new(History).Line(tt.job, tt.paused, tt.total); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tt.want)
		}
	}
}

// The rate is that of the last five minutes, and known after five seconds.
func TestRate(t *testing.T) { // R-CMD-156
	t.Parallel()
	var h History
	for _, tt := range []struct {
		at       time.Duration
		ended    int
		released float64
		rate     float64
		known    bool
	}{
		{0, 0, 0, 0, false},
		{4 * time.Second, 2, 0, 0, false},
		{5 * time.Second, 2, 24, 24, true},
		{time.Minute, 10, 10, 10, true},
		{5 * time.Minute, 10, 2, 2, true},
		{6 * time.Minute, 15, 1, 1, true}, // since minute 1
	} {
		h.Add(start.Add(tt.at), Counts{Succeeded: tt.ended})
		released, rate, known := h.PerMinute()
		if diff := cmp.Diff([]any{tt.released, tt.rate, tt.known}, []any{released, rate, known}); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", tt.at, diff)
		}
	}
}

// An estimate needs to know how many things are still to come, and that something ends.
func TestTimeLeft(t *testing.T) { // R-CMD-156
	t.Parallel()
	for name, tt := range map[string]struct {
		counts      Counts
		total       int
		ended, most float64
		want        string
	}{
		"the rollout decides":  {Counts{Queued: 10, Succeeded: 30, Releasing: true}, 100, 10, 6, "10 min"},
		"the devices decide":   {Counts{Queued: 10, Succeeded: 30, Releasing: true}, 100, 10, 1000, "7 min"},
		"all are released":     {Counts{InProgress: 5, Succeeded: 30}, -1, 10, 1000, "30 s"},
		"more than there were": {Counts{InProgress: 5, Succeeded: 30, Releasing: true}, 20, 10, 1000, "30 s"}, // retries
		"nobody knows":         {Counts{InProgress: 5, Succeeded: 30, Releasing: true}, -1, 10, 1000, "unknown"},
		"nothing ends":         {Counts{InProgress: 5, Succeeded: 30}, -1, 0, 1000, "unknown"},
		"in years":             {Counts{InProgress: 5_000_000}, -1, 1, 1000, "unknown"},
	} {
		got := "unknown"
		if d, known := tt.counts.TimeLeft(tt.total, tt.ended, tt.most); known {
			got = Span(d)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 59 * time.Second: "59 s", time.Minute: "1 min", 61 * time.Minute: "1 h 1 min",
		24*time.Hour - 1: "23 h 59 min", 50 * time.Hour: "2 d 2 h",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

// How a job has ended (R-CMD-154). A cancellation goes on until its executions are canceled.
func TestOutcome(t *testing.T) {
	t.Parallel()
	canceling := described("CANCELED", false)
	canceling.IsConcurrent = new(true)
	aborted := described("CANCELED", false)
	aborted.ReasonCode, aborted.Comment = new(iot.ReasonCode("ABORT")), new(iot.Text("too many"))
	continuous := described("IN_PROGRESS", false)
	continuous.TargetSelection = "CONTINUOUS"
	ending := *continuous
	ending.SchedulingConfig = &iot.SchedulingConfig{EndTime: new(iot.ScheduleTime("2026-02-01T10:00"))}
	for name, tt := range map[string]struct {
		job      *iot.Job
		canceled bool
		over     bool
		want     string
	}{
		"goes on":              {described("IN_PROGRESS", false, 1), false, false, ""},
		"scheduled":            {described("SCHEDULED", true), false, false, ""},
		"all succeeded":        {described("COMPLETED", false, 0, 0, 3), false, true, ""},
		"one failed":           {described("COMPLETED", false, 0, 0, 3, 1), false, true, "job fw is COMPLETED, and 1 of its 4 executions have not succeeded"},
		"is being canceled":    {canceling, true, false, ""},
		"canceled as wanted":   {aborted, true, true, ""},
		"canceled by others":   {aborted, false, true, "job fw is CANCELED (ABORT: too many)"},
		"is deleted":           {described("DELETION_IN_PROGRESS", false), true, true, "job fw is being deleted"},
		"never ends":           {continuous, false, false, ""},
		"ends at its time":     {&ending, false, false, ""},
		"nothing to do at all": {described("COMPLETED", false), false, true, ""},
	} {
		over, err := Outcome(tt.job, tt.canceled)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if over != tt.over || got != tt.want {
			t.Errorf("%s: %t %q, want %t %q", name, over, got, tt.over, tt.want)
		}
	}
}

// The interval grows with the wait, from a second to fifteen.
func TestInterval(t *testing.T) { // R-CMD-155
	t.Parallel()
	for waited, want := range map[time.Duration]time.Duration{
		0: time.Second, 10 * time.Second: time.Second, 20 * time.Second: 2 * time.Second, time.Hour: 15 * time.Second,
	} {
		if got := interval(waited); got != want {
			t.Errorf("after %v: %v, want %v", waited, got, want)
		}
	}
}

// world is a server with answers one after another, and a clock that a sleep moves.
type world struct {
	follower Follower
	said     strings.Builder
	now      time.Time
	looks    int
}

// reply is an answer: a status and a body; the last one stays.
type reply struct {
	status int
	body   string
}

func newWorld(t *testing.T, replies ...reply) *world {
	w := &world{now: start}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		r := replies[min(w.looks, len(replies)-1)]
		w.looks++
		rw.WriteHeader(r.status)
		_, _ = rw.Write([]byte(r.body))
	}))
	t.Cleanup(server.Close)
	w.follower = Follower{
		Client:   client.New(server.URL, client.Credentials{}, client.Attempts(1)),
		Progress: terminal.NewProgress(&w.said, func(string) string { return "" }),
		Now:      func() time.Time { return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.now = w.now.Add(d)
			return ctx.Err()
		},
	}
	return w
}

const (
	running   = `{"job":{"jobId":"fw","status":"IN_PROGRESS","jobProcessDetails":{"numberOfInProgressThings":1}}}`
	completed = `{"job":{"jobId":"fw","status":"COMPLETED","jobProcessDetails":{"numberOfSucceededThings":1}}}`
	notFound  = `{"code":"ResourceNotFoundException","message":"no such job"}`
	throttled = `{"code":"ThrottlingException","message":"slower"}`
)

// A server that is busy, or away for a while, is looked at again; one that stays away is an error.
func TestWaitSurvives(t *testing.T) { // R-CMD-155
	t.Parallel()
	w := newWorld(t, reply{200, running}, reply{429, throttled}, reply{503, ""}, reply{200, completed})
	if err := w.follower.Job(t.Context(), "fw", false); err != nil {
		t.Error(err)
	}
	want := []string{
		"fw IN_PROGRESS: released 1, in progress 1, succeeded 0, failed 0 (—/min, — left)",
		"job fw: no answer for 1 s, looking again",
		"fw COMPLETED: released 1, in progress 0, succeeded 1, failed 0",
	}
	if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(w.said.String()), "\n")); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}

	// It is the time without an answer that counts, not that of the wait.
	long := append(slices.Repeat([]reply{{200, running}}, 60), reply{503, ""}, reply{200, completed})
	w = newWorld(t, long...)
	if err := w.follower.Job(t.Context(), "fw", false); err != nil || w.now.Sub(start) < 2*outage {
		t.Errorf("one failure after %v: %v", w.now.Sub(start), err)
	}

	w = newWorld(t, reply{200, running}, reply{503, ""})
	err := w.follower.Job(t.Context(), "fw", false)
	if away := w.now.Sub(start); err == nil || away < 2*time.Minute || away > 3*time.Minute {
		t.Errorf("a server that stays away: %v after %v", err, away)
	}
}

// What is final ends the wait at once: a job that is not there, one that is deleted meanwhile, the
// time that was given, a context that has ended.
func TestWaitEnds(t *testing.T) { // R-CMD-155
	t.Parallel()
	if err := newWorld(t, reply{404, notFound}).follower.Job(t.Context(), "fw", false); err == nil ||
		!strings.Contains(err.Error(), "ResourceNotFoundException") {
		t.Errorf("no such job: %v", err)
	}
	err := newWorld(t, reply{200, running}, reply{404, notFound}).follower.Job(t.Context(), "fw", false)
	if _, ok := errors.AsType[*UnsuccessfulError](err); !ok || err.Error() != "job fw was deleted" {
		t.Errorf("deleted: %v", err)
	}
	if err := newWorld(t, reply{200, running}, reply{404, notFound}).follower.JobGone(t.Context(), "fw"); err != nil {
		t.Errorf("gone: %v", err)
	}
	endless := strings.Replace(running, `"status"`, `"targetSelection":"CONTINUOUS","status"`, 1)
	if err := newWorld(t, reply{200, endless}).follower.Job(t.Context(), "fw", false); !errors.Is(err, errEndless) {
		t.Errorf("endless: %v", err)
	}
	w := newWorld(t, reply{200, endless}, reply{200, completed})
	w.follower.Endless = true
	if err := w.follower.Job(t.Context(), "fw", false); err != nil {
		t.Errorf("endless, followed all the same: %v", err)
	}
	w = newWorld(t, reply{200, running})
	w.follower.Timeout = 30 * time.Second
	if err := w.follower.Job(t.Context(), "fw", false); !errors.Is(err, ErrTimeout) || w.now.Sub(start) != 30*time.Second {
		t.Errorf("time-out: %v after %v", err, w.now.Sub(start))
	}
	ctx, cancel := context.WithCancel(t.Context())
	w = newWorld(t, reply{200, running})
	w.follower.Sleep = func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
	if err := w.follower.Job(ctx, "fw", false); !errors.Is(err, ErrLeft) {
		t.Errorf("left: %v", err)
	}
}

// An execution and a dynamic group are waited for as a job is.
func TestWaitForOthers(t *testing.T) { // R-CMD-154
	t.Parallel()
	execution := func(status string) reply {
		return reply{200, `{"execution":{"jobId":"fw","status":"` + status + `","statusDetails":{"detailsMap":{"step":"2"}}}}`}
	}
	w := newWorld(t, execution("QUEUED"), execution("FAILED"))
	err := w.follower.Execution(t.Context(), Execution{Job: "fw", Thing: "t1"}, "SUCCEEDED")
	if err == nil || err.Error() != "job fw on t1 is FAILED" ||
		w.said.String() != "fw on t1 QUEUED: step=2\nfw on t1 FAILED: step=2\n" {
		t.Errorf("%v: %s", err, &w.said)
	}
	w = newWorld(t, execution("QUEUED"), reply{404, notFound})
	if err := w.follower.ExecutionGone(t.Context(), Execution{Job: "fw", Thing: "t1"}); err != nil ||
		w.said.String() != "fw on t1 QUEUED\nfw on t1 is deleted\n" {
		t.Errorf("%v: %s", err, &w.said)
	}
	w = newWorld(t, reply{200, `{"status":"BUILDING"}`}, reply{200, `{"status":"ACTIVE"}`})
	if err := w.follower.GroupActive(t.Context(), "g"); err != nil || w.looks != 2 {
		t.Errorf("group: %v after %d looks", err, w.looks)
	}
}

// Things that are targets are counted without a request, whatever their names have in them.
func TestTargetCount(t *testing.T) { // R-CMD-156, R-CON-9
	t.Parallel()
	const thing = "arn:aws:iot:us-east-1:000000000000:thing/"
	w := newWorld(t, reply{404, notFound})
	got, err := TargetCount(t.Context(), w.follower.Client, []string{thing + "a:b", thing + "b", thing + "a:b"})
	if err != nil || got != 2 || w.looks != 0 {
		t.Errorf("%d things, %v, after %d requests; want 2 and none", got, err, w.looks)
	}
	got, err = TargetCount(t.Context(), w.follower.Client, []string{"arn:aws:iot:us-east-1:000000000000:thinggroup/g:1"})
	if err != nil || got != -1 || w.looks != 1 {
		t.Errorf("a group that is gone: %d things, %v, after %d requests; want -1 and one", got, err, w.looks)
	}
}
