package job

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

func TestParseSteering(t *testing.T) { // R-STR-1, R-STR-2
	t.Parallel()
	const all = "there are drover:abort, drover:confirm, drover:guard, "
	for _, tt := range []struct {
		key, value string
		want       *Steering
		paused     string
		refused    string // what the fault says
	}{
		{"team", "a", nil, "", ""},
		{"drover", "a", nil, "", ""},
		{"Drover:paused", "a", nil, "", ""},
		{"drover:paused", "ticket 4711", nil, "ticket 4711", ""},
		{"drover:paused", "", nil, "", `tags: drover:paused: "" must be a reason`},
		{"drover:paused", "  ", nil, "", `tags: drover:paused: "  " must be a reason`},
		{"drover:max-outstanding", "50", &Steering{MaxOutstanding: 50}, "", ""},
		{"drover:max-outstanding", "1", &Steering{MaxOutstanding: 1}, "", ""},
		{"drover:max-outstanding", "0", nil, "", `"0" must be a whole number of 1 or more`},
		{"drover:max-outstanding", "+5", nil, "", `"+5" must be a whole number of 1 or more`},
		{"drover:max-outstanding", "", nil, "", `"" must be a whole number`},
		{"drover:max-outstanding", "9223372036854775808", nil, "", `must be a whole number`},
		{"drover:abort", "observe", &Steering{Abort: ActionObserve}, "", ""},
		{"drover:abort", "pause", &Steering{Abort: ActionPause}, "", ""},
		{"drover:abort", "cancel", nil, "", `tags: drover:abort: "cancel" must be observe or pause`},
		{"drover:confirm", "15m", &Steering{Confirm: 15 * time.Minute}, "", ""},
		{"drover:confirm", "7d", &Steering{Confirm: 7 * 24 * time.Hour}, "", ""},
		{"drover:confirm", "59s", nil, "", `drover:confirm: "59s": "59s" is not between 1m and 7d`},
		{"drover:confirm", "soon", nil, "", `"soon" is not a duration`},
		{"drover:retry-backoff", "10m/12h", &Steering{Backoff: &Backoff{10 * time.Minute, 12 * time.Hour}}, "", ""},
		{"drover:retry-backoff", "1m/1m", &Steering{Backoff: &Backoff{time.Minute, time.Minute}}, "", ""},
		{"drover:retry-backoff", "12h/10m", nil, "", `12h is more than 10m; it must be FIRST/MAX`},
		{"drover:retry-backoff", "10m", nil, "", `"10m" must be FIRST/MAX, two durations like 10m/12h`},
		{"drover:retry-backoff", "x/12h", nil, "", `"x" is not a duration`},
		{"drover:retry-backoff", "1m/8d", nil, "", `"8d" is not between 1s and 7d`},
		{"drover:guard", "FAILED 5pct", &Steering{Guard: &Guard{FailureFailed, 500, 500, 10 * time.Minute, ActionPause}}, "", ""},
		{"drover:guard", "FAILED", nil, "", `it must be TYPE RATEpct`},
		{"drover:waves", "5pct", &Steering{Waves: []Wave{{PercentHundredths: 500}, {PercentHundredths: 10000}}}, "", ""},
		{"drover:waves", "5", nil, "", `drover:waves: "5": wave 1: "5" is not a percentage`},
		{"drover:pausd", "x", nil, "", "drover:pausd is no setting of a job; did you mean drover:paused?"},
		{"drover:", "x", nil, "", "drover: is no setting of a job; " + all},
		{"drover:xyz", "x", nil, "", all},
	} {
		if tt.want != nil {
			tt.want.Tags = map[string]string{tt.key: tt.value}
		}
		got, paused, err := ParseSteering(map[string]string{tt.key: tt.value, "other": ""})
		if diff := cmp.Diff(tt.want, got); diff != "" || paused != tt.paused {
			t.Errorf("%s=%s: paused %q (-want +got):\n%s", tt.key, tt.value, paused, diff)
		}
		if tt.refused == "" && err != nil || tt.refused != "" &&
			(!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%s=%s: %v, want %q", tt.key, tt.value, err, tt.refused)
		}
	}
}

// What is removed is named, too, and a name that was mistyped is found (R-STR-2).
func TestCheckSettingName(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]string{
		"paused": "", "abort": "", "max-outstanding": "",
		"pausd":         "drover:pausd is no setting of a job; did you mean drover:paused?",
		"drover:paused": "drover:drover:paused is no setting of a job",
	} {
		err := CheckSettingName(name)
		if refused == "" && err != nil || refused != "" &&
			(!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), refused)) {
			t.Errorf("%s: %v, want %q", name, err, refused)
		}
	}
}

// Whatever stands in the tags, the settings that are read are shown as they were given.
func FuzzParseSteering(f *testing.F) { // R-STR-1
	f.Add("paused", "because")
	f.Add("max-outstanding", "17")
	f.Add("abort", "pause")
	f.Add("guard", "FAILED 5pct settle=30m then=pause")
	f.Add("waves", "group=canary soak=1h ok=98pct / 5pct soak=2h / 100pct")
	f.Add("confirm", "15m")
	f.Add("retry-backoff", "10m/12h")
	f.Fuzz(func(t *testing.T, key, value string) {
		tags := map[string]string{SteeringPrefix + key: value}
		s, paused, err := ParseSteering(tags)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || s != nil {
				t.Errorf("%q: %v with %v", tags, err, s)
			}
			return
		}
		shown := Job{Definition: Definition{Steering: s}, State: State{Paused: paused}}.SteeringTags()
		if diff := cmp.Diff(tags, shown); diff != "" {
			t.Errorf("given and shown differ:\n%s", diff)
		}
	})
}

// steered is a job of a snapshot of one group that rolls out.
func steered(tags map[string]string) Job {
	s, paused, err := ParseSteering(tags)
	if err != nil {
		panic(err)
	}
	j := Job{ID: "j", Key: 1, Definition: Definition{TargetSelection: Snapshot, Steering: s}}
	j.Paused = paused
	j.StartRollout([]Source{{Group: 1}}, 9, start)
	return j
}

// steer changes the settings of a job, which must be allowed.
func steer(t *testing.T, j *Job, tags map[string]string, now time.Time) {
	t.Helper()
	s, paused, err := ParseSteering(tags)
	if err == nil {
		err = j.Steer(s, paused, now)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A job that has ended takes no settings; it may lose those that it has (R-STR-3).
func TestSteerEndedJob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		tags  map[string]string
		legal bool
	}{
		{"all are removed", nil, true},
		{"one is removed", map[string]string{"drover:paused": "a"}, true},
		{"nothing changes", map[string]string{"drover:paused": "a", "drover:max-outstanding": "5"}, true},
		{"another value", map[string]string{"drover:paused": "b"}, false},
		{"another setting", map[string]string{"drover:abort": "pause"}, false},
	} {
		j := steered(map[string]string{"drover:paused": "a", "drover:max-outstanding": "5"})
		if err := j.CancelJob(Cancellation{}, start); err != nil {
			t.Fatal(err)
		}
		s, paused, err := ParseSteering(tt.tags)
		if err != nil {
			t.Fatal(err)
		}
		if err := j.Steer(s, paused, start); (err == nil) != tt.legal ||
			err != nil && !strings.Contains(err.Error(), "job j is CANCELED: its settings can only be removed") {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// The rollout leaves so many executions pending, and not more (R-STR-15).
func TestMaxOutstanding(t *testing.T) {
	t.Parallel()
	j := steered(map[string]string{"drover:max-outstanding": "3"})
	if got := j.Tick(start); got != 3 {
		t.Fatalf("%d may be created, want 3", got)
	}
	j.ReleasedExecutions(3, RolloutCursor{After: "c"}, false, start)
	if got := j.Next(start); got != WorkNone || !j.Due.Equal(start.Add(Tick)) {
		t.Errorf("full: %d is due at %s", got, j.Due)
	}
	x := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 1, Number: 1}, Version: 1}
	out, err := ApplyEvent(j, x, StartNext, start)
	if err != nil || out.Job.Tick(start) != 0 {
		t.Errorf("one that has begun leaves its place: %v, %+v", err, out.Job.Progress)
	}
	out, err = ApplyEvent(out.Job, out.Execution, ReportSucceeded, start)
	if err != nil || out.Job.Next(start) != WorkRelease || out.Job.Tick(start) != 1 {
		t.Errorf("a place is free: %v, %+v", err, out.Job.Progress)
	}
	steer(t, &j, map[string]string{"drover:max-outstanding": "2"}, start)
	if j.Tick(start) != 0 {
		t.Error("more are pending than there may be, and one is created")
	}
	steer(t, &j, nil, start)
	if got := j.Tick(start); got != 997 || j.Next(start) != WorkRelease {
		t.Errorf("without the setting %d may be created, want the rest of 1,000", got)
	}
}

// A criterion that is met pauses the job, or is only recorded, once, until the criteria change
// (R-STR-20).
func TestAbortActions(t *testing.T) {
	t.Parallel()
	criteria := &AbortConfig{Criteria: []AbortCriterion{
		{FailureFailed, 5000, 2}, {FailureAll, 10000, 1}, {FailureRejected, 1000, 1},
	}}
	first := Observation{At: start, Criterion: 2, Failures: 1, Executed: 1}
	second := Observation{At: start, Criterion: 1, Failures: 2, Executed: 2}
	for action, paused := range map[Action]string{
		ActionObserve: "",
		ActionPause:   "abort: criterion 2 ALL 1 of 1 - threshold 100pct",
	} {
		j := steered(map[string]string{"drover:abort": string(action)})
		j.Abort = criteria
		j.ReleasedExecutions(3, RolloutCursor{}, true, start)
		first.Action, second.Action = action, action
		fail := func(number int64, want ...Observation) {
			t.Helper()
			x := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 1, Number: number}, Version: 1}
			out, err := ApplyEvent(j, x, ReportFailed, start)
			if err != nil {
				t.Fatal(err)
			}
			j = out.Job
			if diff := cmp.Diff(want, j.Steered.Observed); diff != "" || j.Status != InProgress || j.Paused != paused {
				t.Errorf("%s: the job is %s, paused %q (-want +got):\n%s", action, j.Status, j.Paused, diff)
			}
		}
		fail(1, first)
		paused = strings.Replace(paused, "2 ALL 1 of 1 - threshold 100", "1 FAILED 2 of 2 - threshold 50", 1)
		steer(t, &j, map[string]string{"drover:abort": string(action)}, start) // resumed
		fail(2, first, second)

		again := j
		if _, err := again.ApplyUpdate(Update{Abort: criteria}, start); err != nil || len(again.Steered.Observed) != 2 ||
			again.Steered.Observed[0].Executed != 2 {
			t.Errorf("%s: after the criteria have changed: %v %+v", action, err, again.Steered)
		}
		steer(t, &j, nil, start)
		if j.Status != Canceled || j.ReasonCode != ReasonAbort {
			t.Errorf("%s: without the setting the job is %s", action, j.Status)
		}
	}
}
