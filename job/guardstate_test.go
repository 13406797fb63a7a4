package job

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// guardOf is a guard that parses, for tests.
func guardOf(t *testing.T, text string) Guard {
	t.Helper()
	g, err := parseGuard(text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// after is a number of seconds after the start of a test.
func after(seconds float64) time.Time {
	return start.Add(time.Duration(seconds * float64(time.Second)))
}

// How a guard sees executions (R-STR-30): the first of a thing, from its start, or from its end
// when it never started.
func TestGuardView(t *testing.T) {
	t.Parallel()
	g := guardOf(t, "FAILED 5pct")
	started, ended := after(1), after(2)
	for _, tt := range []struct {
		name   string
		number int64
		status ExecutionStatus
		start  time.Time
		want   guardView
	}{
		{"it waits", 1, ExecutionQueued, time.Time{}, guardView{}},
		{"it is in progress", 1, ExecutionInProgress, started, guardView{at: started}},
		{"it succeeded", 1, ExecutionSucceeded, started, guardView{at: started}},
		{"it failed", 1, ExecutionFailed, started, guardView{at: started, failed: true}},
		{"another type", 1, ExecutionTimedOut, started, guardView{at: started}},
		{"it failed before it started", 1, ExecutionFailed, time.Time{},
			guardView{at: ended, failed: true}},
		{"it was rejected at once", 1, ExecutionRejected, time.Time{}, guardView{at: ended}},
		{"it was canceled", 1, ExecutionCanceled, started, guardView{}},
		{"it was canceled at once", 1, ExecutionCanceled, time.Time{}, guardView{}},
		{"it was removed", 1, ExecutionRemoved, started, guardView{}},
		{"a retry", 2, ExecutionFailed, started, guardView{}},
	} {
		x := Execution{ExecutionKey: ExecutionKey{Number: tt.number}, Status: tt.status,
			StartedAt: tt.start, UpdatedAt: ended}
		if got := g.view(x); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	silent := Execution{ExecutionKey: ExecutionKey{Number: 1}, Status: ExecutionSucceeded,
		StartedAt: started, Silent: true}
	if got := guardOf(t, "SILENT 5pct").view(silent); !got.failed {
		t.Errorf("a silent success is no failure: %+v", got)
	}
}

// guardStep is one thing that happens to the things of a guard's test.
type guardStep struct {
	at            float64 // seconds after the start
	before, after guardView
	counted       int64 // what has counted then
	failed        int64
	due           float64 // when the next bucket counts, 0: none
}

// things that start and end, for the table below.
func startedAt(s float64) guardView { return guardView{at: after(s)} }
func failedAt(s float64) guardView  { return guardView{at: after(s), failed: true} }

// When things count and as what (R-STR-30, R-STR-31), with a settle time of 30 s and so buckets of
// 1 s: what starts at 0.0 to 0.999 counts at 31 s.
func TestGuardCounts(t *testing.T) {
	t.Parallel()
	g, nothing := guardOf(t, "FAILED 5pct settle=30s"), guardView{}
	for name, steps := range map[string][]guardStep{
		"a thing that stays in progress counts as not failed": {
			{0, nothing, startedAt(0), 0, 0, 31},
			{30.999, nothing, nothing, 0, 0, 31},
			{31, nothing, nothing, 1, 0, 0},
		},
		"one that fails in time counts as failed": {
			{0.5, nothing, startedAt(0.5), 0, 0, 31},
			{30.999, startedAt(0.5), failedAt(0.5), 0, 0, 31},
			{31, nothing, nothing, 1, 1, 0},
		},
		"one that fails when it counts has counted": {
			{0, nothing, startedAt(0), 0, 0, 31},
			{31, startedAt(0), failedAt(0), 1, 0, 0},
			{99, nothing, nothing, 1, 0, 0},
		},
		"one that fails without having started counts after the settle time": {
			{5, nothing, failedAt(5), 0, 0, 36},
			{36, nothing, nothing, 1, 1, 0},
		},
		"one that is canceled does not count": {
			{0, nothing, startedAt(0), 0, 0, 31},
			{3, nothing, startedAt(3), 0, 0, 31},
			{4, startedAt(0), nothing, 0, 0, 34},
			{99, nothing, nothing, 1, 0, 0},
		},
		"one that failed and is deleted before it counts does not count": {
			{0, nothing, startedAt(0), 0, 0, 31},
			{0, nothing, startedAt(0), 0, 0, 31},
			{1, startedAt(0), failedAt(0), 0, 0, 31},
			{4, failedAt(0), nothing, 0, 0, 31},
			{99, nothing, nothing, 1, 0, 0},
		},
		"one that is deleted after it has counted has counted": {
			{0, nothing, failedAt(0), 0, 0, 31},
			{50, failedAt(0), nothing, 1, 1, 0},
		},
		"buckets count one after the other, those between them are empty": {
			{0, nothing, startedAt(0), 0, 0, 31},
			{0.9, nothing, startedAt(0.9), 0, 0, 31},
			{1, nothing, failedAt(1), 0, 0, 31},
			{7.5, nothing, failedAt(7.5), 0, 0, 31},
			{31, nothing, nothing, 2, 0, 32},
			{32, nothing, nothing, 3, 1, 38.0},
			{38, nothing, nothing, 4, 2, 0},
		},
		"all that is overdue counts before what happens": {
			{0, nothing, failedAt(0), 0, 0, 31},
			{9, nothing, startedAt(9), 0, 0, 31},
			{500, nothing, startedAt(500), 2, 1, 531},
		},
	} {
		var s GuardState
		for i, step := range steps {
			s = s.changed(g, step.before, step.after, after(step.at))
			due := 0.0
			if !s.due(g).IsZero() {
				due = s.due(g).Sub(start).Seconds()
			}
			if s.Counted != step.counted || s.Failed != step.failed || due != step.due {
				t.Errorf("%s, step %d: %d of %d, due %v, want %d of %d, due %v", name, i+1,
					s.Failed, s.Counted, due, step.failed, step.counted, step.due)
			}
		}
	}
}

// It fires with the bucket whose failures are evidence enough, once, and says what it had counted;
// it goes on counting (R-STR-32, R-STR-33).
func TestGuardFires(t *testing.T) {
	t.Parallel()
	g, nothing := guardOf(t, "FAILED 10pct settle=30s"), guardView{}
	var s GuardState
	for _, v := range []guardView{startedAt(0), failedAt(0), startedAt(1), startedAt(1),
		failedAt(2), failedAt(2), failedAt(3), failedAt(4)} {
		s = s.changed(g, nothing, v, v.at)
	}
	for _, tt := range []struct {
		at   float64
		want *GuardFiring
	}{
		{31, nil}, // 1 of 2
		{32, nil}, // 1 of 4
		{33, nil}, // 3 of 6, E = 10.0
		{34, &GuardFiring{after(34), 7, 4}},
		{35, &GuardFiring{after(34), 7, 4}},
	} {
		s = s.advance(g, after(tt.at))
		if diff := cmp.Diff(tt.want, s.Fired); diff != "" {
			t.Errorf("at %v s, %d of %d, E %v: %s", tt.at, s.Failed, s.Counted, s.Evidence(g), diff)
		}
	}
	if s.Counted != 8 || s.Failed != 5 {
		t.Errorf("it counted %d of %d after it fired, want 5 of 8", s.Failed, s.Counted)
	}
}

// Within a bucket failures count last: one that has as many successes as make good for its failures
// does not fire, in whatever order its things started (R-STR-31).
func TestGuardFailuresLast(t *testing.T) {
	t.Parallel()
	g, nothing := guardOf(t, "FAILED 10pct settle=30s"), guardView{}
	for bucket, fires := range map[float64]bool{0: false, 1: true} {
		var s GuardState
		for range 3 {
			s = s.changed(g, nothing, failedAt(0), after(0))
		}
		for range 20 {
			s = s.changed(g, nothing, startedAt(bucket), after(bucket))
		}
		if s = s.advance(g, after(99)); (s.Fired != nil) != fires {
			t.Errorf("20 successes %v s after 3 failures: fired %v, want %v", bucket, s.Fired, fires)
		}
	}
}

// A guard that was given to a running job starts anew: what started before does not count, however
// it ends (R-STR-33).
func TestGuardStartsAnew(t *testing.T) {
	t.Parallel()
	g, nothing := guardOf(t, "FAILED 10pct settle=30s"), guardView{}
	s := newGuardState(after(5))
	s = s.changed(g, nothing, startedAt(5.5), after(5.5))
	s = s.changed(g, startedAt(5), failedAt(5), after(6)) // it started when the guard came
	s = s.changed(g, startedAt(1), nothing, after(6))     // before it
	s = s.changed(g, nothing, failedAt(6), after(6))      // after it
	if s = s.advance(g, after(99)); s.Counted != 2 || s.Failed != 1 {
		t.Errorf("%d of %d, want 1 of 2", s.Failed, s.Counted)
	}
}

// A clock that was set back: what waits does not count, what has counted does not count again
// although its execution has another start now, and what starts from then on counts.
func TestGuardClockBack(t *testing.T) {
	t.Parallel()
	g, nothing := guardOf(t, "FAILED 10pct settle=30s"), guardView{}
	var s GuardState
	s = s.changed(g, nothing, startedAt(1000), after(1000))
	s = s.changed(g, nothing, startedAt(1040), after(1040))
	if s.Counted != 1 {
		t.Fatalf("%d have counted, want 1", s.Counted)
	}
	// Requests come before the job follows the clock.
	s = s.changed(g, nothing, failedAt(100), after(100))
	s = s.changed(g, startedAt(1040), failedAt(1040), after(101))
	if s.Counted != 1 || s.due(g) != after(1071) {
		t.Errorf("%+v", s)
	}
	s = s.clockWentBack(after(102))
	s = s.changed(g, startedAt(102), failedAt(102), after(103)) // one of the two above
	s = s.changed(g, nothing, startedAt(104), after(104))
	s = s.changed(g, failedAt(1040), nothing, after(105))
	s = s.changed(g, startedAt(104), failedAt(104), after(106))
	if s = s.advance(g, after(5000)); s.Counted != 2 || s.Failed != 1 {
		t.Errorf("%d of %d, want 1 of 2", s.Failed, s.Counted)
	}
}

// slowGuard is a guard by the words of the chapter: it has all things in a list.
type slowGuard struct {
	views         []guardView
	counted       map[int]bool
	count, failed int64
}

// advance counts the things whose bucket is as old as the settle time. Buckets of 1 s and of 20 s
// are the same whether time is counted from the year 1, as Truncate does, or from 1970.
func (s *slowGuard) advance(g Guard, now time.Time) {
	width := max(time.Second, g.Settle/30)
	for i, v := range s.views {
		since := v.at.Sub(v.at.Truncate(width)) // the start of its bucket
		if v.at.IsZero() || s.counted[i] || now.Before(v.at.Add(-since).Add(width+g.Settle)) {
			continue
		}
		s.counted[i] = true
		s.count++
		s.failed += oneIf(v.failed)
	}
}

// Random things on a random clock count as the words of the chapter have it; no state is changed
// behind the slices of an earlier one; there are never more than 31 buckets (R-STR-30, R-STR-31,
// R-STR-35).
func TestGuardAgainstItsWords(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 1))
		g := guardOf(t, []string{"FAILED 5pct settle=10s", "FAILED 5pct settle=30s",
			"FAILED 5pct settle=10m"}[seed%3])
		slow := slowGuard{counted: map[int]bool{}}
		var s GuardState
		now := start
		for range 300 {
			now = now.Add(time.Duration(random.Int64N(int64(g.Settle / 20))))
			slow.advance(g, now)
			before, stored := s, mustJSON(t, s)
			switch i := random.IntN(len(slow.views) + 1); {
			case i == len(slow.views) || random.IntN(2) == 0: // starts, or fails at once
				v := guardView{at: now, failed: random.IntN(5) == 0}
				slow.views = append(slow.views, v)
				s = s.changed(g, guardView{}, v, now)
			case random.IntN(4) == 0: // canceled or deleted
				s = s.changed(g, slow.views[i], guardView{}, now)
				slow.views[i] = guardView{}
			default:
				v := slow.views[i]
				v.failed = !v.at.IsZero()
				s = s.changed(g, slow.views[i], v, now)
				slow.views[i] = v
			}
			if s.Counted != slow.count || s.Failed != slow.failed || len(s.Started) > 31 {
				t.Fatalf("seed %d: %d of %d in %d buckets, want %d of %d", seed, s.Failed,
					s.Counted, len(s.Started), slow.failed, slow.count)
			}
			if again := mustJSON(t, before); again != stored {
				t.Fatalf("seed %d: a state has changed from %s to %s", seed, stored, again)
			}
		}
	}
}

// The state of a guard with everything in it is small, and the same after it was stored (R-STR-35).
func TestGuardStateIsSmall(t *testing.T) {
	t.Parallel()
	g := guardOf(t, "ALL 5pct settle=10m")
	s := newGuardState(start.Add(-time.Nanosecond))
	for i := range 31 {
		v := guardView{at: start.Add(time.Duration(i) * 20 * time.Second), failed: true}
		s = s.changed(g, guardView{}, v, v.at)
	}
	if len(s.Started) != 31 {
		t.Fatalf("%d buckets, want 31", len(s.Started))
	}
	for i := range s.Started {
		s.Started[i], s.Failing[i] = 10_000_000, 10_000_000
	}
	s.Counted, s.Failed = 10_000_000, 10_000_000
	s.Fired = &GuardFiring{start, 10_000_000, 10_000_000}
	stored := mustJSON(t, s)
	if len(stored) > 1024 {
		t.Errorf("%d bytes: %s", len(stored), stored)
	}
	var again GuardState
	if err := json.Unmarshal([]byte(stored), &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Error(diff)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
