package engine

import (
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// machine is a machine whose clock jumps, with a stepped engine on it.
type machine struct {
	*testing.T
	*Engine
	store  store.Store
	wall   time.Time     // what its clock shows
	passed time.Duration // since it was switched on
}

// Now is the clock of the machine.
func (m *machine) Now() time.Time { return m.wall }

func newMachine(t *testing.T) *machine {
	m := &machine{T: t, store: memory.Open(), wall: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m.boot()
	return m
}

// boot starts an engine over what is stored.
func (m *machine) boot() {
	m.Helper()
	newest, err := commit.NewestTime(m.Context(), m.store)
	m.must(err)
	m.Engine = New(Config{
		Store:   m.store,
		Clock:   clock.NewSteady(m, newest, func() time.Duration { return m.passed }),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})
	m.Engine.Now()
}

func (m *machine) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// pass lets time pass, and does what is due every half minute.
func (m *machine) pass(d time.Duration) {
	m.Helper()
	const step = 30 * time.Second
	for ; d > 0; d -= step {
		m.passed += step
		m.wall = m.wall.Add(step)
		m.must(m.RunDue(m.Context()))
	}
}

// jump sets the clock of the machine, and the engine looks at it, as it does every second.
func (m *machine) jump(by time.Duration) {
	m.wall = m.wall.Add(by)
	m.Engine.Now()
}

// roll creates a job that rolls out to ten things, one a minute, each of which may take five
// minutes, and starts the first.
func (m *machine) roll() {
	m.Helper()
	ctx := m.Context()
	var targets []job.Target
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		_, err := m.Fleet.CreateThing(ctx, fleet.NewThing{Name: name})
		m.must(err)
		targets = append(targets, job.ThingTarget(registry.DefaultScope, name))
	}
	_, err := m.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		Targets: targets,
		Rollout: &job.RolloutConfig{MaximumPerMinute: 1},
		Timeout: &job.TimeoutConfig{InProgressMinutes: 5},
	}})
	m.must(err)
	_, err = m.Jobs.StartNext(ctx, "a", nil, nil)
	m.must(err)
}

func (m *machine) counts() job.Counts {
	m.Helper()
	j, err := m.Jobs.DescribeJob(m.Context(), "j")
	m.must(err)
	return j.Counts
}

// A clock that jumps ahead and comes back does not hold up a rollout or a timer until the time that
// it had reached by mistake (R-CON-28), also over a restart.
func TestClockComesBack(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for _, restart := range []bool{false, true} {
		m := newMachine(t)
		m.jump(year)
		m.roll()
		m.jump(-year)
		if restart {
			m.boot()
		}
		m.pass(3 * time.Minute)
		if n := m.counts(); n[job.ExecutionQueued] != 3 || n[job.ExecutionInProgress] != 1 {
			t.Errorf("restart %v: after three minutes, in which it goes on by itself: %v", restart, n)
		}
		m.pass(4 * time.Minute) // one is released a minute, and the device had five
		if n := m.counts(); n[job.ExecutionQueued] != 7 || n[job.ExecutionTimedOut] != 1 {
			t.Errorf("restart %v: after seven minutes: %v", restart, n)
		}
		_, err := m.Jobs.StartNext(t.Context(), "b", nil, nil)
		m.must(err)
		m.pass(4 * time.Minute)
		if now := m.Engine.Now(); !now.Equal(m.wall) {
			t.Errorf("restart %v: it is %s, the clock of the machine shows %s", restart, now, m.wall)
		}
		if n := m.counts(); n[job.ExecutionQueued]+n[job.ExecutionInProgress] != 9 {
			t.Errorf("restart %v: after eleven minutes: %v", restart, n)
		}
		m.pass(6 * time.Minute)
		if n := m.counts(); n[job.ExecutionTimedOut] != 2 || n[job.ExecutionQueued] != 8 {
			t.Errorf("restart %v: after the clock was followed back: %v", restart, n)
		}
		newest, err := commit.NewestTime(t.Context(), m.store)
		if m.must(err); newest.After(m.wall) {
			t.Errorf("restart %v: the newest time stored is %s", restart, newest)
		}
	}
}

// A folder that was used with a virtual clock which is ahead is used with the real one: once that
// was followed back, the next start knows of no other time.
func TestVirtualClockWasAhead(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	virtual := New(Config{
		Store:   m.store,
		Clock:   clock.NewVirtual(m.wall.Add(30 * 24 * time.Hour)),
		IDs:     &ids.Counting{},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})
	_, err := virtual.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "a"})
	if m.must(err); m.wall.After(virtual.Now()) {
		t.Fatal("the virtual clock is not ahead")
	}
	m.boot()
	if now := m.Engine.Now(); !now.Equal(virtual.Now()) {
		t.Errorf("it begins at %s, want %s", now, virtual.Now())
	}
	m.pass(11 * time.Minute)
	for range 2 {
		if now := m.Engine.Now(); !now.Equal(m.wall) {
			t.Errorf("it is %s, want %s", now, m.wall)
		}
		m.boot()
	}
}

// A machine that starts without its time, and gets it from the network minutes later, ends nothing
// before its time.
func TestClockIsLateAtStart(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.roll()
	m.pass(2 * time.Minute)
	late := 6 * 365 * 24 * time.Hour
	m.jump(-late)
	m.boot()
	m.pass(time.Minute)
	if n := m.counts(); n[job.ExecutionInProgress] != 1 || n[job.ExecutionQueued] != 3 {
		t.Errorf("after three minutes: %v", n)
	}
	m.jump(late)
	m.pass(time.Minute)
	if n := m.counts(); n[job.ExecutionInProgress] != 1 || n[job.ExecutionQueued] != 4 {
		t.Errorf("after four minutes, with the right time: %v", n)
	}
	m.pass(90 * time.Second)
	if n := m.counts(); n[job.ExecutionTimedOut] != 1 {
		t.Errorf("after five minutes and a half: %v", n)
	}
}

// create creates a job for the thing a, which retries a failure once, and returns what the thing is
// notified of.
func (m *machine) create(id string) store.Notice {
	m.Helper()
	retry := job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 1}}}
	_, err := m.Jobs.CreateJob(m.Context(), jobs.NewJob{ID: id, Document: "{}", Definition: job.Definition{
		Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "a")},
		Retry:   &retry,
	}})
	m.must(err)
	return m.lastNotice()
}

// lastNotice is the last notice of a thing that was stored.
func (m *machine) lastNotice() store.Notice {
	m.Helper()
	var found []store.Announcement
	m.must(m.store.Read(m.Context(), func(r store.Reader) (err error) {
		found, err = r.Announcements(0, 10)
		return err
	}))
	return found[len(found)-1].Notices[0]
}

// wantNext checks which job is the next of the thing a.
func (m *machine) wantNext(id string) {
	m.Helper()
	next, err := m.Jobs.Next(m.Context(), "a", false)
	if m.must(err); next.JobID != id {
		m.Errorf("next is %s, want %s", next.JobID, id)
	}
}

// When the clock is set back between two jobs for one thing, the later one comes first, and the
// device is told so (R-MQTT-38, R-ORD-2).
func TestHeadAfterClockWentBack(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	_, err := m.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "a"})
	m.must(err)
	if n := m.create("first"); !n.Notify || !n.NotifyNext {
		t.Errorf("the first: %+v", n)
	}
	if n := m.create("second"); !n.Notify || n.NotifyNext {
		t.Errorf("the second: %+v", n)
	}
	m.jump(-time.Hour)
	m.pass(11 * time.Minute)
	if n := m.create("third"); !n.Notify || !n.NotifyNext {
		t.Errorf("the third, which comes before them: %+v", n)
	}
	m.wantNext("third")
}

// The same for a retry: it comes before what was queued under the later time (R-MQTT-38, R-ORD-4).
func TestRetryAfterClockWentBack(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	_, err := m.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "a"})
	m.must(err)
	m.create("first")
	m.create("second")
	m.jump(-time.Hour)
	m.pass(11 * time.Minute)
	m.wantNext("first")
	_, err = m.Jobs.Report(t.Context(), "a", "second", job.Report{Event: job.ReportFailed}, false)
	m.must(err)
	if n := m.lastNotice(); !n.Notify || !n.NotifyNext {
		t.Errorf("the retry: %+v", n)
	}
	m.wantNext("second")
}
