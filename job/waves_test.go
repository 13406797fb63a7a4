package job

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseWaves(t *testing.T) { // R-STR-50, R-STR-2
	t.Parallel()
	all := Wave{PercentHundredths: 10000}
	for _, tt := range []struct {
		text    string
		want    []Wave
		refused string
	}{
		{"group=canary soak=1h ok=98pct / 5pct soak=2h / 100pct", []Wave{
			{Group: "canary", Soak: time.Hour, OKHundredths: 9800, HasOK: true},
			{PercentHundredths: 500, Soak: 2 * time.Hour}, all}, ""},
		{"100pct", []Wave{all}, ""},
		{"5pct", []Wave{{PercentHundredths: 500}, all}, ""},
		{"group=a", []Wave{{Group: "a"}, all}, ""},
		{"5pct / group=a / 10pct approve", []Wave{{PercentHundredths: 500}, {Group: "a"},
			{PercentHundredths: 1000, Approve: true}, all}, ""},
		{"0.5pct ok=0pct", []Wave{{PercentHundredths: 50, HasOK: true}, all}, ""},
		{"5pct approve soak=1s ok=100pct", []Wave{{PercentHundredths: 500, Approve: true,
			Soak: time.Second, HasOK: true, OKHundredths: 10000}, all}, ""},
		{"5pct/10pct", []Wave{{PercentHundredths: 500}, {PercentHundredths: 1000}, all}, ""},
		{"", nil, "wave 1: it is empty"},
		{"5pct / ", nil, "wave 2: it is empty"},
		{"group=", nil, "group= has no name"},
		{"0pct", nil, "0pct takes nothing"},
		{"101pct", nil, `"101pct" is more than 100pct`},
		{"canary", nil, `wave 1: "canary" is not a percentage`},
		{"10pct / 5pct", nil, "wave 2: 5pct is not more than 10pct before it"},
		{"10pct / group=a / 10pct", nil, "wave 3: 10pct is not more than 10pct before it"},
		{"100pct / group=a", nil, "wave 2: it comes after 100pct"},
		{"5pct soak=1h soak=2h", nil, "soak is given twice"},
		{"5pct approve=yes", nil, "approve has no value"},
		{"5pct wait=1h", nil, `"wait=1h" is not soak=DURATION, ok=Npct or approve`},
		{"5pct soak=31d", nil, `"31d" is not between 1s and 30d`},
		{"5pct ok=98", nil, `"98" is not a percentage`},
		{"1pct / 2pct / 3pct / 4pct / 5pct / 6pct / 7pct / 8pct / 9pct / 100pct", append(shares(9), all), ""},
		{"1pct / 2pct / 3pct / 4pct / 5pct / 6pct / 7pct / 8pct / 9pct / 10pct", nil, "there are 11 waves with the last one"},
	} {
		got, err := parseWaves(tt.text)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
		if tt.refused == "" && err != nil || tt.refused != "" &&
			(err == nil || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%q: %v, want %q", tt.text, err, tt.refused)
		}
	}
}

// shares are waves of 1, 2, 3, … percent.
func shares(n int64) (waves []Wave) {
	for i := range n {
		waves = append(waves, Wave{PercentHundredths: 100 * (i + 1)})
	}
	return waves
}

func FuzzParseWaves(f *testing.F) {
	f.Add("group=canary soak=1h ok=98pct / 5pct soak=2h / 100pct")
	f.Fuzz(func(t *testing.T, text string) {
		waves, err := parseWaves(text)
		if err == nil && (len(waves) == 0 || len(waves) > 10 || waves[len(waves)-1].PercentHundredths != 10000) {
			t.Errorf("%q: %+v", text, waves)
		}
	})
}

// A larger share takes all that a smaller one takes; each takes about its share; another job takes
// others (R-STR-50).
func TestWaveTakes(t *testing.T) {
	t.Parallel()
	const things = 20_000
	small, large := Wave{PercentHundredths: 500}, Wave{PercentHundredths: 2000}
	var ofSmall, ofLarge, ofBoth float64
	for i := range things {
		name := fmt.Sprintf("pump-%05d", i)
		inSmall, inLarge := small.takes("j", name), large.takes("j", name)
		if inSmall && !inLarge {
			t.Fatalf("%s is in 5 percent and not in 20", name)
		}
		if inSmall {
			ofSmall++
			if small.takes("another", name) {
				ofBoth++
			}
		}
		if inLarge {
			ofLarge++
		}
	}
	// Four standard deviations on each side.
	for _, tt := range []struct{ got, n, share float64 }{
		{ofSmall, things, 0.05}, {ofLarge, things, 0.2}, {ofBoth, ofSmall, 0.05},
	} {
		if spread := 4 * math.Sqrt(tt.n*tt.share*(1-tt.share)); math.Abs(tt.got-tt.n*tt.share) > spread {
			t.Errorf("%v of %v are taken, want %v ± %v", tt.got, tt.n, tt.n*tt.share, spread)
		}
	}
	if all := (Wave{PercentHundredths: 10000}); !all.takes("j", "pump") {
		t.Error("100 percent are not all")
	}
}

// inWaves is a job with waves whose first one has begun.
func inWaves(text string) Job {
	j := steered(map[string]string{"drover:waves": text})
	j.BeginWave(0, start)
	return j
}

// end has executions of the current wave end, all but the last n as SUCCEEDED.
func (j *Job) end(t *testing.T, n, failed int, at time.Time) {
	t.Helper()
	_, _, wave := j.CurrentWave()
	for i := range n {
		event := ReportSucceeded
		if i >= n-failed {
			event = ReportFailed
		}
		x := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 1, Number: 1}, Version: 1, Wave: uint8(wave)}
		out, err := ApplyEvent(*j, x, event, at)
		if err != nil {
			t.Fatal(err)
		}
		*j = out.Job
	}
}

// What the gate behind a wave waits for, and what opens it (R-STR-51, R-STR-53, R-STR-54).
func TestGate(t *testing.T) {
	t.Parallel()
	later := start.Add(time.Hour)
	for _, tt := range []struct {
		name, waves   string
		ended, failed int // of 40 executions
		from          time.Time
		paused        string
	}{
		{"no gate", "5pct", 0, 0, Immediately, ""},
		{"the end is waited for", "5pct ok=90pct", 39, 0, time.Time{}, ""},
		{"all have ended well enough", "5pct ok=90pct", 40, 4, Immediately, ""},
		{"all have ended, one fails too many", "5pct ok=90pct", 40, 5, Immediately,
			"wave: 1 has 87.5pct ok of 90pct - 35 of 40"},
		{"a share of two thirds", "5pct ok=66.66pct soak=1h", 3, 1, later, ""},
		{"a little more than two thirds", "5pct ok=66.67pct soak=1h", 3, 1, later, "wave: 1 has 66.7pct ok of 66.67pct - 2 of 3"},
		{"soak waits although all have ended", "5pct soak=1h", 40, 0, later, ""},
		{"soak does not wait for the end", "5pct soak=1h ok=90pct", 20, 2, later, ""},
		{"soak, and too few are well", "5pct soak=1h ok=90pct", 20, 3, later, "wave: 1 has 85pct ok of 90pct - 17 of 20"},
		{"soak, and none has ended", "5pct soak=1h ok=90pct", 0, 0, later,
			"wave: 1 has no execution that has ended"},
		{"soak without a share, and none has ended", "5pct soak=1h", 0, 0, later, ""},
		{"approval", "5pct approve", 40, 40, Immediately, "wave: 1 waits for approval"},
		{"approval after the end", "5pct approve", 39, 0, time.Time{}, ""},
		{"approval when all is well", "5pct ok=100pct approve", 40, 0, Immediately, "wave: 1 waits for approval"},
		{"no approval when not", "5pct ok=100pct approve", 40, 1, Immediately,
			"wave: 1 has 97.5pct ok of 100pct - 39 of 40"},
	} {
		j := inWaves(tt.waves)
		j.Tick(start)
		j.ReleasedExecutions(40, RolloutCursor{Source: 1}, true, start)
		if j.Progress.Finished || j.Progress.Cursor.Source != 0 || j.Tick(start) != 0 {
			t.Fatalf("%s: released behind the wave: %+v", tt.name, j.Progress)
		}
		j.end(t, tt.ended, tt.failed, start)
		if got := j.waveFrom(); !got.Equal(tt.from) {
			t.Errorf("%s: the gate is judged at %s, want %s", tt.name, got, tt.from)
			continue
		}
		if tt.from.IsZero() {
			continue
		}
		j.JudgeWave(later)
		if _, begins := j.WaveToBegin(); j.Paused != tt.paused || !begins || (j.Next(later) == WorkWave) != (tt.paused == "") {
			t.Errorf("%s: paused %q, %d is due, want %q", tt.name, j.Paused, j.Next(later), tt.paused)
		}
	}
}

// A wave that took nothing says nothing about the release: its gate stays closed. Without a gate
// the next wave begins.
func TestEmptyWave(t *testing.T) {
	t.Parallel()
	for waves, paused := range map[string]string{
		"group=canary":           "",
		"group=canary soak=1h":   "wave: 1 took no things",
		"group=canary ok=98pct":  "wave: 1 took no things",
		"group=canary / 5pct":    "",
		"group=canary approve":   "wave: 1 took no things",
		"5pct ok=1pct / 100pct ": "wave: 1 took no things",
	} {
		j := inWaves(waves)
		j.ReleasedExecutions(0, RolloutCursor{}, true, start)
		if j.JudgeWave(start.Add(time.Hour)); j.Paused != paused {
			t.Errorf("%s: paused %q, want %q", waves, j.Paused, paused)
		}
	}
}

// An operator opens a gate, and only the one that waits for that; taking away the tag does the same
// (R-STR-52).
func TestApproveWave(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, waves string
		number      int
		change      func(*Job)
		refused     string
	}{
		{"the one that waits", "5pct approve", 0, nil, ""},
		{"by its number", "5pct approve", 1, nil, ""},
		{"another one", "5pct approve", 2, nil, "wave: 2 does not wait for approval, wave 1 does"},
		{"none waits", "5pct ok=1pct", 0, nil, "no wave of job j waits for approval"},
		{"it was approved", "5pct approve", 1, func(j *Job) { _ = j.ApproveWave(1, start) }, "no wave of job j waits for approval"},
		{"the job was canceled", "5pct approve", 0, func(j *Job) { _ = j.CancelJob(Cancellation{}, start) },
			"job j is CANCELED: no wave of it waits for approval"},
		{"paused by an operator", "5pct ok=1pct", 0, func(j *Job) { j.Paused = "later" }, "no wave of job j waits for approval"},
	} {
		j := inWaves(tt.waves)
		j.ReleasedExecutions(1, RolloutCursor{}, true, start)
		j.end(t, 1, 0, start)
		j.JudgeWave(start)
		if tt.change != nil {
			tt.change(&j)
		}
		err := j.ApproveWave(tt.number, start)
		if tt.refused == "" && (err != nil || j.Paused != "") || tt.refused != "" &&
			(err == nil || !strings.HasSuffix(err.Error(), tt.refused)) {
			t.Errorf("%s: %v, paused %q, want %q", tt.name, err, j.Paused, tt.refused)
		}
	}
}

// Waves may change for what is not released yet (R-STR-55).
func TestSteerWaves(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, before, after string
		refused             string
	}{
		{"a later wave", "5pct / 10pct", "5pct / 20pct", ""},
		{"the gate of this one", "5pct ok=90pct", "5pct ok=80pct soak=1h", ""},
		{"another share", "5pct", "6pct", "wave 1 has begun and cannot take other things any more"},
		{"a group", "5pct", "group=a / 5pct", "wave 1 has begun"},
		{"no waves any more", "5pct", "", ""},
		{"fewer", "5pct / 10pct", "5pct / 100pct", ""},
	} {
		j := inWaves(tt.before)
		j.Progress.Cursor = RolloutCursor{After: "pump"}
		tags := map[string]string{}
		if tt.after != "" {
			tags["drover:waves"] = tt.after
		}
		s, paused, err := ParseSteering(tags)
		if err != nil {
			t.Fatal(err)
		}
		err = j.Steer(s, paused, start)
		if tt.refused == "" && err != nil || tt.refused != "" &&
			(err == nil || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.refused)
		}
		if err == nil && tt.after == "" && (j.wavesBegun() != 0 || j.Progress.Cursor.After != "" || j.Next(start) != WorkRelease) {
			t.Errorf("%s: %+v %+v", tt.name, j.Steered, j.Progress)
		}
	}
	j := steered(nil)
	j.ReleasedExecutions(j.Tick(start)-995, RolloutCursor{After: "e"}, false, start)
	steer(t, &j, map[string]string{"drover:waves": "5pct"}, start)
	if _, begins := j.WaveToBegin(); !begins || j.Next(start) != WorkWave || j.Progress.Cursor.After != "" {
		t.Errorf("waves of a rollout that goes on: %+v", j.Progress)
	}
}

// After a clock was set back the soak time runs from now (R-CON-28).
func TestSoakAfterClockWentBack(t *testing.T) {
	t.Parallel()
	j := inWaves("5pct soak=1h")
	j.ReleasedExecutions(1, RolloutCursor{}, true, start)
	back := start.Add(-24 * time.Hour)
	j.ClockWentBack(back)
	if got, want := j.waveFrom(), back.Add(time.Hour); !got.Equal(want) || !j.Due.Equal(want) {
		t.Errorf("the gate is judged at %s, due at %s, want %s", got, j.Due, want)
	}
}

// Executions are counted in their wave: retries, late joiners, and those that are deleted.
func TestCountsOfWaves(t *testing.T) {
	t.Parallel()
	j := inWaves("5pct ok=50pct")
	j.TargetSelection = Continuous
	j.Retry = &RetryConfig{Criteria: []RetryCriterion{{FailureFailed, 1}}}
	j.Tick(start)
	j.ReleasedExecutions(3, RolloutCursor{}, false, start)
	first := j.FirstExecution(7, start)
	out, err := ApplyEvent(j, first, ReportFailed, start.Add(time.Second))
	if err != nil || out.Retry == nil || out.Retry.Wave != 1 {
		t.Fatalf("the retry is %+v: %v", out.Retry, err)
	}
	withdrawn := out
	withdrawn.WithdrawRetry(start)
	j = out.Job
	late, _ := j.LateJoinerExecution(9, 0, false, start)
	j.QueuedLateJoiner(start)
	want := WaveState{Created: 5, Ended: 1, LastRelease: start}
	if diff := cmp.Diff(want, j.Steered.Waves[0]); diff != "" || late.Wave != 1 || first.Wave != 1 {
		t.Errorf("waves %d, %d (-want +got):\n%s", first.Wave, late.Wave, diff)
	}
	if got := withdrawn.Job.Steered.Waves[0].Created; got != 3 {
		t.Errorf("after the retry was withdrawn there are %d, want 3", got)
	}
	j.ExecutionDeleted(late, start)
	first.Status = ExecutionFailed
	j.ExecutionDeleted(first, start)
	if got := j.Steered.Waves[0]; got.Created != 3 || got.Ended != 0 {
		t.Errorf("after a QUEUED one and one that had ended were deleted: %+v", got)
	}
}

// What waves that were taken off the job have left behind counts in none of those that it gets
// later (R-STR-55).
func TestWavesGivenAgain(t *testing.T) {
	t.Parallel()
	tags := map[string]string{"drover:waves": "10pct ok=50pct"}
	j := steered(tags)
	j.BeginWave(0, start)
	first := j.FirstExecution(1, start)
	j.ReleasedExecutions(1, RolloutCursor{}, true, start)
	steer(t, &j, nil, start)
	steer(t, &j, tags, start)
	j.BeginWave(0, start)
	second := j.FirstExecution(2, start)
	j.ReleasedExecutions(1, RolloutCursor{}, true, start)
	if first.Wave != 1 || second.Wave != 2 {
		t.Errorf("the waves of the executions are %d and %d, want 1 and 2", first.Wave, second.Wave)
	}
	for i, x := range []Execution{first, second} {
		out, err := ApplyEvent(j, x, ReportFailed, start)
		if err != nil {
			t.Fatal(err)
		}
		j = out.Job
		if got := j.Steered.Waves[0]; got.Created != 1 || got.Ended != int64(i) {
			t.Errorf("after execution %d the wave is %+v", i+1, got)
		}
	}
	j.Steered.EarlierWaves = 246
	steer(t, &j, nil, start)
	s, _, err := ParseSteering(tags)
	if err == nil {
		err = j.Steer(s, "", start)
	}
	if err == nil {
		t.Error("a job has more waves than can be counted")
	}
}
