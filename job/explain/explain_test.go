package explain

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The tick in which a thing has its turn, on both sides of each boundary: with 50 a minute, 10 left of
// this tick and the next at 12:01.
func TestTickOfPlace(t *testing.T) { // R-EXP-2
	t.Parallel()
	j := job.Job{Definition: job.Definition{Rollout: &job.RolloutConfig{MaximumPerMinute: 50}}}
	j.Progress = job.Progress{Quota: 10, NextTick: noon.Add(time.Minute)}
	for before, want := range map[int]time.Duration{
		0:  0,
		9:  0,
		10: time.Minute,
		59: time.Minute,
		60: 2 * time.Minute,
	} {
		if got := (&Place{Before: before}).tick(j, noon); !got.Equal(noon.Add(want)) {
			t.Errorf("%d before it: %s, want %s", before, got, noon.Add(want))
		}
	}
	j.Progress.NextTick = time.Time{} // between windows
	if got := (&Place{}).tick(j, noon); !got.IsZero() {
		t.Errorf("without a next tick: %s", got)
	}
	if got := (*Place)(nil).tick(j, noon); !got.IsZero() {
		t.Errorf("without a place: %s", got)
	}
}

// A place says how sure it is.
func TestTextOfPlace(t *testing.T) { // R-EXP-6
	t.Parallel()
	for want, place := range map[string]*Place{
		"":                                     nil,
		": it is the next":                     {},
		": 1 thing is before it":               {Before: 1},
		": 2 things are before it":             {Before: 2},
		": about 1 thing is before it":         {Before: 1, About: true},
		": about 2 things are before it":       {Before: 2, About: true},
		": 0 things or more are before it":     {AtLeast: true},
		": 10000 things or more are before it": {Before: 10000, AtLeast: true, About: true},
	} {
		if got := place.text(); got != want {
			t.Errorf("%+v: %q, want %q", place, got, want)
		}
	}
}

// The first reason decides, unless a later one stays until somebody acts.
func TestVerdict(t *testing.T) { // R-EXP-1, R-EXP-5
	t.Parallel()
	until := noon.Add(time.Hour)
	for _, row := range []struct {
		reasons []Reason
		want    Verdict
	}{
		{[]Reason{{Code: WindowClosed}}, Waiting},
		{[]Reason{{Code: WindowClosed}, {Code: JobPaused}}, Blocked},
		{[]Reason{{Code: JobPaused}, {Code: WindowClosed}}, Blocked},
		{[]Reason{{Code: ThingHeld}}, Blocked},
		{[]Reason{{Code: ThingHeld, Until: until}}, Waiting},
		{[]Reason{{Code: DeviceWorks}, {Code: JobCanceled}}, Running},
		{[]Reason{{Code: ExecutionSucceeded}, {Code: ToBeConfirmed}}, Done},
		{[]Reason{{Code: RolloutGoesOn}, {Code: ThingHeld}}, Running},
		{[]Reason{{Code: NotATarget}}, NotTargeted},
	} {
		e := Explanation{Reasons: row.reasons}
		if got := e.conclude().Verdict; got != row.want {
			t.Errorf("%+v: %s, want %s", row.reasons, got, row.want)
		}
	}
}

// What must not be is called a defect: an active job that waits for nothing, and a target that its
// rollout has passed over.
func TestDefects(t *testing.T) { // R-EXP-3
	t.Parallel()
	j := job.Job{ID: "fw", Definition: job.Definition{
		TargetSelection: job.Snapshot,
		Sources:         []job.Source{{Thing: 1}},
	}}
	j.Status, j.Progress.Finished = job.InProgress, true
	for name, got := range map[string]Explanation{
		"job": Job(j, noon),
		"thing": Thing(Facts{
			Now:    noon,
			Thing:  "pump",
			Job:    j,
			Target: Target{Named: true, InTime: true},
		}),
	} {
		if got.Verdict != Blocked || len(got.Reasons) != 1 || got.Reasons[0].Code != NothingToWaitFor {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// pumpFacts are those of a thing whose execution is in a status.
func pumpFacts(status job.ExecutionStatus) Facts {
	x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: 1, Number: 2}, noon)
	x.Status = status
	f := Facts{Now: noon, Thing: "pump", Latest: &x, LastNumber: 2, Target: Target{Named: true, InTime: true}}
	f.Job.ID, f.Job.Status = "fw", job.InProgress
	return f
}

// texts are the codes and sentences of an explanation.
func texts(e Explanation) (all []string) {
	for _, r := range e.Reasons {
		all = append(all, string(r.Code)+": "+r.Text)
	}
	return all
}

// Why an execution that has failed is not tried again.
func TestNotTriedAgain(t *testing.T) { // R-EXP-2
	t.Parallel()
	retries := func(n int) *job.RetryConfig {
		return &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureAll, Retries: n}}}
	}
	for _, row := range []struct {
		name string
		set  func(*Facts)
		want string
	}{
		{"no retries", func(*Facts) {}, "Execution 2 is FAILED, and the job has no retries for that."},
		{"a reason", func(f *Facts) { f.Latest.Details = map[string]string{"reason": "disk full"} },
			"Execution 2 is FAILED (disk full), and the job has no retries for that."},
		{"one was all", func(f *Facts) {
			f.Job.Retry, f.Latest.RetriesUsed.Failed = retries(1), 1
		}, "Execution 2 is FAILED after the only retry that it may have."},
		{"two were all", func(f *Facts) {
			f.Job.Retry, f.Latest.RetriesUsed.Failed, f.Latest.RetriesUsed.TimedOut = retries(2), 1, 1
		}, "Execution 2 is FAILED after all 2 retries that it may have."},
		{"the job has ended", func(f *Facts) {
			f.Job.Retry, f.Job.Status = retries(1), job.Canceled
		}, "Execution 2 is FAILED, and is not tried again: the job is CANCELED."},
		{"the retries came later", func(f *Facts) { f.Job.Retry = retries(1) },
			"Execution 2 is FAILED, and is not tried again."},
	} {
		f := pumpFacts(job.ExecutionFailed)
		row.set(&f)
		if diff := cmp.Diff([]string{"EXECUTION_FAILED: " + row.want}, texts(Thing(f))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// The timer that ends an execution first is named, and its time given.
func TestTimers(t *testing.T) { // R-EXP-2, R-EXP-5
	t.Parallel()
	for _, row := range []struct {
		deadline, step time.Duration
		want           string
		until          time.Duration
	}{
		{0, 0, "no timer ends it", 0},
		{time.Hour, 0, "its in-progress timer ends it", time.Hour},
		{time.Hour, time.Minute, "its step timer ends it unless it reports before", time.Minute},
		{time.Minute, time.Hour, "its in-progress timer ends it", time.Minute},
	} {
		f := pumpFacts(job.ExecutionInProgress)
		if row.deadline > 0 {
			f.Latest.Deadline = noon.Add(row.deadline)
		}
		if row.step > 0 {
			f.Latest.StepDeadline = noon.Add(row.step)
		}
		want := Reason{
			Code: DeviceWorks,
			Text: "The device works on execution 2 and reported last at 2026-03-01T12:00:00Z; " + row.want + ".",
		}
		if row.until > 0 {
			want.Until = noon.Add(row.until)
		}
		if diff := cmp.Diff([]Reason{want}, Thing(f).Reasons); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", row, diff)
		}
	}
}

// Time that has passed is work that the server is about to do, not a reason that holds: until is
// always a time to come.
func TestOverdue(t *testing.T) { // R-EXP-5
	t.Parallel()
	for _, row := range []struct {
		name   string
		status job.ExecutionStatus
		set    func(*Facts)
		want   []string
	}{
		{"a timer", job.ExecutionInProgress, func(f *Facts) { f.Latest.Deadline = noon },
			[]string{"BACKGROUND_WORK: The server is about to end execution 2 of job fw, whose timer has run out."}},
		{"a retry", job.ExecutionQueued, func(f *Facts) { f.Latest.ShowAt = noon },
			[]string{"BACKGROUND_WORK: The server is about to show execution 2 of job fw, which has waited long enough."}},
		{"a hold", job.ExecutionQueued, func(f *Facts) { f.Hold = &job.Hold{Until: noon} },
			[]string{"BACKGROUND_WORK: The server is about to release pump, which was held."}},
		{"a window", job.ExecutionQueued, func(f *Facts) {
			f.Job.Status, f.Job.WindowEdge = job.Scheduled, noon
			f.Job.Schedule = &job.ScheduleConfig{}
		}, []string{"BACKGROUND_WORK: The server is about to begin or go on: its time has come."}},
		{"a thing that has left", job.ExecutionQueued, func(f *Facts) { f.Target = Target{} }, []string{
			"BACKGROUND_WORK: The server is about to remove execution 2 of job fw, as pump has left the targets."}},
	} {
		f := pumpFacts(row.status)
		row.set(&f)
		if diff := cmp.Diff(row.want, texts(Thing(f))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// A job whose end time comes before its next window waits for that.
func TestEndBeforeWindow(t *testing.T) { // R-EXP-5
	t.Parallel()
	f := pumpFacts(job.ExecutionQueued)
	f.Job.Status, f.Job.WindowEdge = job.Scheduled, noon.Add(2*time.Hour)
	f.Job.Schedule = &job.ScheduleConfig{EndAt: noon.Add(time.Hour)}
	f.Job.CreatedAt = noon
	want := []Reason{{
		Code:  StartTime,
		Text:  "Job fw has not begun, and ends before.",
		Since: noon,
		Until: noon.Add(time.Hour),
	}}
	if diff := cmp.Diff(want, Thing(f).Reasons); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What comes first is gone at the latest when its in-progress timer runs out, if nothing comes between.
func TestBehind(t *testing.T) { // R-EXP-2
	t.Parallel()
	first := job.NewExecution(job.ExecutionKey{Job: 2, Thing: 1, Number: 1}, noon)
	first.Status, first.StartedAt, first.Deadline = job.ExecutionInProgress, noon, noon.Add(time.Hour)
	for _, row := range []struct {
		more  int
		text  string
		until time.Time
	}{
		{0, "Execution 1 of job old is IN_PROGRESS and comes first.", noon.Add(time.Hour)},
		{1, "Execution 1 of job old is IN_PROGRESS and comes first, and 1 other comes between.", time.Time{}},
		{2, "Execution 1 of job old is IN_PROGRESS and comes first, and 2 others come between.", time.Time{}},
	} {
		f := pumpFacts(job.ExecutionQueued)
		f.Front = &Front{JobID: "old", Execution: first, More: row.more}
		want := []Reason{{Code: BehindAnother, Text: row.text, Since: noon, Until: row.until}}
		if diff := cmp.Diff(want, Thing(f).Reasons); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// Clients and policies, in the order in which they stand between an execution and its device.
func TestReaches(t *testing.T) { // R-EXP-2, R-EXP-7, R-EXP-8
	t.Parallel()
	connected := Client{Seen: true, Connected: true, Known: true, Receivers: []string{"pump"}}
	refused := Refusal{
		Certificate: "0123456789abcdef",
		Permission:  Permission{"iot:Connect", "arn:client/pump"},
	}
	for _, row := range []struct {
		name   string
		client *Client
		access *Access
		want   []string
	}{
		{"nothing is known", nil, nil, []string{"DEVICE_TO_START: The device can see the execution, and has not started it."}},
		{"it is there", &connected, &Access{}, []string{"DEVICE_TO_START: The device can see the execution, and has not started it."}},
		{"it went away", &Client{Seen: true, Why: "CONNECTION_LOST", Receivers: []string{"pump", "gateway"}}, nil, []string{
			"NOT_CONNECTED: It is not connected over MQTT (CONNECTION_LOST); its session waits for notices; " +
				"the sessions of others get them: gateway."}},
		{"it has no session", &Client{Seen: true, Known: true}, nil, []string{
			"NOT_CONNECTED: It is not connected over MQTT, and no session of it waits for notices."}},
		{"a notice at QoS 0", &Client{Connected: true, Known: true, Receivers: []string{"pump"}, Notice: &Notice{Sent: noon}}, nil,
			[]string{"NOTICE_SENT: Its last notice was sent at QoS 0, which is not acknowledged."}},
		{"no policy", &connected, &Access{Certificates: 1, Refusals: []Refusal{refused}}, []string{
			"POLICY_REFUSES: iot:Connect on arn:client/pump is refused: no policy is in effect for certificate 0123456789ab."}},
		{"policies do not bind it", &Client{Connected: true, Known: true, Plain: true, Receivers: []string{"pump"}},
			&Access{Certificates: 1, Refusals: []Refusal{refused}},
			[]string{"DEVICE_TO_START: The device can see the execution, and has not started it."}},
		{"one certificate is enough", &connected, &Access{Certificates: 2, Unfit: []Unfit{{Certificate: "0123456789abcdef"}}},
			[]string{"DEVICE_TO_START: The device can see the execution, and has not started it."}},
	} {
		f := pumpFacts(job.ExecutionQueued)
		f.Client, f.Access = row.client, row.access
		if diff := cmp.Diff(row.want, texts(Thing(f))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
	refused.Silent, refused.Unknown = []string{"a", "b"}, []string{"aws:SourceIp"}
	const want = "iot:Connect on arn:client/pump is refused: no statement allows it, in a, b, " +
		"as far as that is known without aws:SourceIp."
	if got := refused.text(); got != want {
		t.Errorf("got %s", got)
	}
}

// Late joiners and others who have no execution of a continuous job.
func TestLateJoiner(t *testing.T) { // R-EXP-2
	t.Parallel()
	f := pumpFacts(job.ExecutionSucceeded)
	f.LateJoiner, f.Target = true, Target{Group: "site-1"}
	f.Job.TargetSelection, f.Job.Paused = job.Continuous, "ticket"
	f.Job.Sources = []job.Source{{Group: registry.GroupID(1)}}
	want := []string{"JOB_PAUSED: Job fw is paused: ticket.",
		"LATE_JOINER: pump has joined site-1, and gets its execution when job fw goes on."}
	if diff := cmp.Diff(want, texts(Thing(f))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	f.Job.Paused = ""
	want = []string{"BACKGROUND_WORK: pump has joined site-1, and the server is about to create its execution."}
	if diff := cmp.Diff(want, texts(Thing(f))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
