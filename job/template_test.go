package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// full is a template in which every member is set.
func full() Template {
	return Template{
		Description: "t", PresignedURL: &PresignedURLConfig{RoleARN: "t"},
		Rollout: &RolloutConfig{MaximumPerMinute: 1},
		Abort:   &AbortConfig{}, Timeout: &TimeoutConfig{InProgressMinutes: 1},
		Retry:   retries(FailureAll, 1),
		Windows: []Window{daily(2, 0, 60)}, PackageVersions: []string{"t"}, Document: `{"t":1}`,
	}
}

// What a job does not give itself comes from the template, each member as a whole (R-TPL-4).
func TestFill(t *testing.T) {
	t.Parallel()
	template := full()
	got := template.Fill(Definition{Targets: targetsNamed("a")})
	want := Definition{
		Targets: targetsNamed("a"), Description: "t", PresignedURL: template.PresignedURL,
		Rollout: template.Rollout, Abort: template.Abort,
		Timeout: template.Timeout, Retry: template.Retry, PackageVersions: []string{"t"},
		Schedule: &ScheduleConfig{Windows: template.Windows},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("R-TPL-4 nothing given (-want +got):\n%s", diff)
	}
	given := Definition{
		Description: "d", PresignedURL: &PresignedURLConfig{}, Rollout: &RolloutConfig{},
		Abort: &AbortConfig{}, Timeout: &TimeoutConfig{},
		Retry: &RetryConfig{}, PackageVersions: []string{},
		Schedule: &ScheduleConfig{Windows: []Window{}},
	}
	if diff := cmp.Diff(given, template.Fill(given)); diff != "" {
		t.Errorf("R-TPL-4 all given, though empty (-want +got):\n%s", diff)
	}
	if got := (Template{}).Fill(Definition{}); got.Schedule != nil {
		t.Errorf("a template without windows brings the schedule %+v", got.Schedule)
	}
	if diff := cmp.Diff(given, Template{}.Fill(given)); diff != "" {
		t.Errorf("an empty template (-want +got):\n%s", diff)
	}
}

// A schedule of the job and windows of the template go together, unless the job has windows of its
// own (R-TPL-5, R-SCH-13).
func TestFillSchedule(t *testing.T) {
	t.Parallel()
	own := []Window{daily(4, 0, 10)}
	for _, tt := range []struct {
		name  string
		given *ScheduleConfig
		want  *ScheduleConfig
	}{
		{"none", nil, &ScheduleConfig{Windows: full().Windows}},
		{"a start time", &ScheduleConfig{StartTime: "s"},
			&ScheduleConfig{StartTime: "s", Windows: full().Windows}},
		{"windows", &ScheduleConfig{Windows: own}, &ScheduleConfig{Windows: own}},
		{"no windows, said so", &ScheduleConfig{Windows: []Window{}},
			&ScheduleConfig{Windows: []Window{}}},
	} {
		before := tt.given
		if diff := cmp.Diff(tt.want, full().Fill(Definition{Schedule: tt.given}).Schedule); diff != "" {
			t.Errorf("R-TPL-5 %s (-want +got):\n%s", tt.name, diff)
		}
		if before != nil && tt.name == "a start time" && before.Windows != nil {
			t.Error("filling changed the schedule that was given")
		}
	}
}

// A template from a job has all that the job has and a template can have, and what the request
// gives replaces it (R-TPL-1, R-TPL-2, R-TPL-8).
func TestTemplateFromJob(t *testing.T) {
	t.Parallel()
	template := full()
	d := template.Fill(Definition{
		Targets: targetsNamed("a"), TargetSelection: Continuous, Namespace: "n", TemplateARN: "x",
		Schedule: &ScheduleConfig{StartTime: "s", EndTime: "e"},
	})
	if diff := cmp.Diff(template, d.ToTemplate(`{"t":1}`)); diff != "" {
		t.Errorf("R-TPL-1 (-want +got):\n%s", diff)
	}
	if got := (Definition{}).ToTemplate("{}"); got.Windows != nil || got.Document != "{}" {
		t.Errorf("a job without a schedule: %+v", got)
	}
	other := Template{
		PresignedURL: &PresignedURLConfig{RoleARN: "o"}, Rollout: &RolloutConfig{},
		Abort: &AbortConfig{Criteria: []AbortCriterion{{}}}, Timeout: &TimeoutConfig{},
		Retry: retries(FailureFailed, 2),
	}
	overridden := template
	overridden.PresignedURL, overridden.Rollout = other.PresignedURL, other.Rollout
	overridden.Abort, overridden.Timeout, overridden.Retry = other.Abort, other.Timeout, other.Retry
	if diff := cmp.Diff(overridden, template.Override(other)); diff != "" {
		t.Errorf("R-TPL-1 each configuration overridden (-want +got):\n%s", diff)
	}
	given := Template{ID: "new", CreatedAt: start, Description: "g", Timeout: &TimeoutConfig{},
		Document: `{"g":1}`, Windows: []Window{}, PackageVersions: []string{}}
	want := template
	want.ID, want.CreatedAt, want.Description, want.Timeout = "new", start, "g", given.Timeout
	want.Document, want.Windows, want.PackageVersions = given.Document, given.Windows,
		given.PackageVersions
	if diff := cmp.Diff(want, template.Override(given)); diff != "" {
		t.Errorf("R-TPL-1 overridden (-want +got):\n%s", diff)
	}
	kept := template
	kept.ID = "new"
	if diff := cmp.Diff(kept, template.Override(Template{ID: "new"})); diff != "" {
		t.Errorf("R-TPL-1 nothing given (-want +got):\n%s", diff)
	}
}

// What a template may be: like a job, but its role is checked when a job is made from it (R-SUB-8).
func TestCheckTemplate(t *testing.T) {
	t.Parallel()
	const url = `{"a":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/b/k}"}`
	for _, tt := range []struct {
		name     string
		template Template
		ok       bool
	}{
		{"a document", Template{Document: "{}"}, true},
		{"R-SUB-8 a placeholder without a role", Template{Document: url}, true},
		{"R-VAL-11 no document", Template{}, false},
		{"R-VAL-18", Template{Document: "{}", Rollout: exponential(1, 20, 0, 0)}, false},
		{"R-SCH-14", Template{Document: "{}", Windows: []Window{{StartTime: "x", Minutes: 1}}},
			false},
		{"R-SCH-8 ten windows", Template{Document: "{}", Windows: make10(10)}, true},
		{"R-SCH-8 eleven", Template{Document: "{}", Windows: make10(11)}, false},
	} {
		if err := tt.template.Check(Stores{}, DefaultRequestLimits); (err == nil) != tt.ok || err != nil &&
			!fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := (Template{}).CheckConfigs(DefaultRequestLimits); err != nil {
		t.Errorf("without a document: %v", err)
	}
}

// make10 makes n windows.
func make10(n int) (windows []Window) {
	for i := range n {
		windows = append(windows, daily(i, 0, 10))
	}
	return windows
}

// The order of pending executions: IN_PROGRESS first, then the time when they were queued, then the
// order of creation (R-ORD-1, R-ORD-2). A retry goes to the end (R-ORD-4).
func TestOrder(t *testing.T) {
	t.Parallel()
	x := func(status ExecutionStatus, after time.Duration, sequence int64) Execution {
		return Execution{Status: status, QueuedAt: start.Add(after), Sequence: sequence}
	}
	order := []Execution{
		x(ExecutionInProgress, time.Second, 9),
		x(ExecutionInProgress, 2*time.Second, 1),
		x(ExecutionQueued, 0, 5),
		x(ExecutionQueued, 0, 6),
		x(ExecutionQueued, time.Millisecond, 2),
		x(ExecutionQueued, time.Hour, 1),
	}
	for i, a := range order {
		for j, b := range order {
			if got := a.Before(b); got != (i < j) {
				t.Errorf("%d before %d: %v", i, j, got)
			}
		}
	}
	j := Job{Definition: Definition{Retry: retries(FailureFailed, 1)},
		State: State{Status: InProgress}}
	out, err := ApplyEvent(j, Execution{QueuedAt: start}, ReportFailed, start.Add(time.Minute))
	if err != nil || out.Retry == nil || !out.Retry.QueuedAt.Equal(start.Add(time.Minute)) {
		t.Errorf("R-ORD-4: %+v, %v", out.Retry, err)
	}
}
