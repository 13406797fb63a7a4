package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
)

// What a client sends confirms half a minute after the report, a new connection at once, both
// before the time is over (R-STR-40), of which a server that was down gives all once more
// (R-STR-42).
func TestConfirmedBy(t *testing.T) {
	t.Parallel()
	c := Confirmation{ReportedAt: start, Until: start.Add(15 * time.Minute)}
	const s, m, ms = time.Second, time.Minute, time.Millisecond
	for _, tt := range []struct {
		name      string
		after     time.Duration // the sighting, after the report
		connected bool
		up        time.Duration // since when the server is there, after the report
		want      bool
	}{
		{"a connection before the report", -ms, true, -m, false},
		{"a connection with the report", 0, true, -m, true},
		{"a packet too soon", 30*s - ms, false, -m, false},
		{"a packet", 30 * s, false, -m, true},
		{"a packet at the last moment", 15*m - ms, false, -m, true},
		{"a packet too late", 15 * m, false, -m, false},
		{"a connection too late", 15 * m, true, -m, false},
		{"R-STR-42 a server that was there with the report", 15 * m, true, 0, false},
		{"R-STR-42 a server that was down for a moment", 15 * m, true, ms, true},
		{"R-STR-42 a server that was down at the end", 74 * m, true, 60 * m, true},
		{"R-STR-42 not at once after that", 75 * m, true, 60 * m, false},
	} {
		seen := Sighting{At: start.Add(tt.after), Connected: tt.connected}
		if got := c.ConfirmedBy(seen, start.Add(tt.up)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	again := c.Resumed(start.Add(time.Hour)).Resumed(start.Add(2 * time.Hour))
	want := Confirmation{ReportedAt: start.Add(2 * time.Hour), Until: start.Add(2*time.Hour + 15*m)}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("down twice (-want +got):\n%s", diff)
	}
}

// When the clock was set back, a success waits for no longer than it would from now on.
func TestConfirmationClockWentBack(t *testing.T) { // R-CON-28
	t.Parallel()
	for _, ahead := range []time.Duration{-time.Minute, 0, time.Millisecond, 24 * time.Hour} {
		c := Confirmation{ReportedAt: start.Add(ahead), Until: start.Add(ahead + time.Hour)}
		want := c
		if ahead > 0 {
			want = Confirmation{ReportedAt: start, Until: start.Add(time.Hour)}
		}
		got, changed := c.ClockWentBack(start)
		if diff := cmp.Diff(want, got); diff != "" || changed != (ahead > 0) {
			t.Errorf("%v ahead: changed %v (-want +got):\n%s", ahead, changed, diff)
		}
	}
}

// confirming is a job with a guard and a wave that has the executions of two things, which have
// begun.
func confirming(confirm time.Duration) (Job, []Execution) {
	j := Job{Key: 3, State: State{Status: InProgress}}
	guard, err := parseGuard("SILENT 5pct settle=1h")
	if err != nil {
		panic(err)
	}
	wave := Wave{HasOK: true, OKHundredths: 10000}
	j.Steering = &Steering{Confirm: confirm, Guard: &guard, Waves: []Wave{wave}}
	j.Steered = &Steered{Waves: []WaveState{{Created: 2, Released: true}}}
	j.Counts[ExecutionQueued] = 2
	var list []Execution
	for thing := range 2 {
		key := ExecutionKey{Job: 3, Thing: registry.ThingID(thing + 1), Number: 1}
		x := NewExecution(key, start)
		x.Wave = 1
		out, err := ApplyEvent(j, x, StartNext, start)
		if err != nil {
			panic(err)
		}
		j, list = out.Job, append(list, out.Execution)
	}
	return j, list
}

// Successes wait, and count as such when they are confirmed; silent ones have failed for the guard
// and for the gate of their wave, which is judged when none waits any more.
func TestConfirmation(t *testing.T) { // R-STR-30, R-STR-41, R-STR-51, R-STR-53
	t.Parallel()
	j, list := confirming(15 * time.Minute)
	now := start.Add(time.Minute)
	for _, x := range list {
		out, err := ApplyEvent(j, x, ReportSucceeded, now)
		if err != nil {
			t.Fatal(err)
		}
		want := &Confirmation{
			ExecutionKey: x.ExecutionKey,
			ReportedAt:   now,
			Until:        now.Add(15 * time.Minute),
		}
		if diff := cmp.Diff(want, out.Confirmation); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		j = out.Job
	}
	type numbers struct{ confirming, confirmed, silent, failing int64 }
	check := func(when string, ended bool, gate string, want numbers) {
		t.Helper()
		s, failing := j.Steered, j.guardState().Failing[0]
		got := numbers{s.Confirming, s.Confirmed, s.Silent, failing}
		wave := j.Steered.Waves[0]
		ofWave := numbers{wave.Confirming, wave.Confirmed, wave.Silent, want.failing}
		if got != want || ofWave != want {
			t.Errorf("%s: the job has %+v, its wave %+v, want %+v", when, got, ofWave, want)
		}
		closed := j.closedGate(j.waves()[0], wave, 1)
		if j.waveHasEnded(wave) != ended || closed != gate {
			t.Errorf("%s: ended %v, gate %q", when, j.waveHasEnded(wave), closed)
		}
	}
	const none, half = "wave: 1 has 0pct ok of 100pct - 0 of 2", "wave: 1 has 50pct ok of 100pct - 1 of 2"
	check("reported", false, none, numbers{confirming: 2})
	before := j
	j.ConfirmedExecution(succeeded(list[0]), now)
	check("one is confirmed", false, half, numbers{1, 1, 0, 0})
	confirmed := j
	j.SilentExecution(succeeded(list[1]), now)
	check("the other is silent", true, half, numbers{0, 1, 1, 1})
	j = confirmed
	j.DropConfirmation(succeeded(list[1]), now)
	check("the other is deleted", true, "", numbers{0, 1, 0, 0})
	j = before
	check("a copy is as it was", false, none, numbers{confirming: 2})
}

// A silent execution that is deleted counts neither for the guard nor for the gate of its wave any
// more.
func TestSilentIsDeleted(t *testing.T) { // R-STR-30, R-STR-53
	t.Parallel()
	j, list := confirming(15 * time.Minute)
	now := start.Add(time.Minute)
	for _, x := range list {
		out, err := ApplyEvent(j, x, ReportSucceeded, now)
		if err != nil {
			t.Fatal(err)
		}
		j = out.Job
	}
	j.ConfirmedExecution(succeeded(list[0]), now)
	j.SilentExecution(succeeded(list[1]), now)
	silent := succeeded(list[1])
	silent.Silent = true
	j.ExecutionDeleted(silent, now)
	guard, wave := j.guardState(), j.Steered.Waves[0]
	if guard.Started[0] != 1 || guard.Failing[0] != 0 || wave.Silent != 0 || wave.Ended != 1 {
		t.Errorf("guard %+v, wave %+v", guard, wave)
	}
	if closed := j.closedGate(j.waves()[0], wave, 1); closed != "" {
		t.Errorf("gate %q", closed)
	}
}

func succeeded(x Execution) Execution {
	x.Status = ExecutionSucceeded
	return x
}

// Nothing waits without the setting, and nothing but success does.
func TestNoConfirmation(t *testing.T) { // R-STR-40
	t.Parallel()
	j, list := confirming(0)
	out, err := ApplyEvent(j, list[0], ReportSucceeded, start)
	if err != nil || out.Confirmation != nil {
		t.Errorf("without the setting: %+v, %v", out.Confirmation, err)
	}
	j, list = confirming(time.Minute)
	out, err = ApplyEvent(j, list[0], ReportFailed, start)
	if err != nil || out.Confirmation != nil || out.Job.AwaitsConfirmation() {
		t.Errorf("a failure: %+v, %v", out.Confirmation, err)
	}
}
