package commit

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newStepped returns a committer that commits each request at once, and what its hooks were called
// with.
func newStepped(t *testing.T) (*Committer, *[]string) {
	t.Helper()
	calls := &[]string{}
	call := func(what string) { *calls = append(*calls, what) }
	c := New(Config{
		Store: memory.Open(), Clock: clock.NewVirtual(start), Log: slog.New(slog.DiscardHandler), Stepped: true,
	})
	c.Hooks = Hooks{
		JobChanged: func(_ *Tx, before, after *job.Job) error {
			switch {
			case before == nil:
				call("created " + after.ID)
			case after == nil:
				call("deleted " + before.ID)
			default:
				call(after.ID + " is " + string(after.Status))
			}
			return nil
		},
		ExecutionChanged:   func(*Tx, job.Execution, *job.Execution) error { return nil },
		MembershipsChanged: func(*Tx, Memberships) error { return nil },
		Applied:            []func(*Tx, *store.Changes){func(*Tx, *store.Changes) { call("applied") }},
		Review:             []func(*Tx) error{func(*Tx) error { call("review"); return nil }},
		Committed:          []func(*Tx){func(*Tx) { call("committed") }},
	}
	return c, calls
}

func newJob(key job.Key, id string) job.Job {
	j := job.Job{Key: key, ID: id}
	j.Status, j.TargetSelection, j.CreatedAt, j.UpdatedAt = job.InProgress, job.Snapshot, start, start
	return j
}

func create(tx *Tx, j job.Job) {
	created := store.CreatedJob{Job: j, Document: "{}"}
	tx.Changes.Job.CreatedJobs = append(tx.Changes.Job.CreatedJobs, created)
	tx.SetJob(j)
}

func do(t *testing.T, c *Committer, decide Decision) {
	t.Helper()
	if err := c.Do(t.Context(), decide); err != nil {
		t.Fatal(err)
	}
}

func status(t *testing.T, c *Committer, id string) (s job.Status) {
	t.Helper()
	err := c.Store.Read(t.Context(), func(r store.Reader) error {
		j, err := r.JobByID(id)
		s = j.Status
		return err
	})
	if err != nil && !Missing(err) {
		t.Fatal(err)
	}
	return s
}

// The hooks are called in this order: jobs as they are applied, then what was applied, then the
// review, and at last, when the commit is on disk, what follows from it.
func TestHooksInOrder(t *testing.T) {
	t.Parallel()
	c, calls := newStepped(t)
	do(t, c, func(tx *Tx) error {
		create(tx, newJob(2, "b"))
		create(tx, newJob(1, "a"))
		tx.AfterCommit(func() { *calls = append(*calls, "after") })
		return nil
	})
	want := []string{"created a", "created b", "applied", "review", "committed", "after"}
	if diff := cmp.Diff(want, *calls); diff != "" {
		t.Error(diff)
	}
}

// A job that a commit has changed reads as changed, by key, by id and in every list, though its row
// is written at the end.
func TestReadsSeeTheCommit(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	do(t, c, func(tx *Tx) error {
		for key, id := range map[job.Key]string{1: "a", 2: "b"} {
			create(tx, newJob(key, id))
		}
		return nil
	})
	do(t, c, func(tx *Tx) error {
		a, err := tx.JobByID("a")
		if err != nil {
			return err
		}
		a.Status, a.Due = job.DeletionInProgress, start
		tx.SetJob(a)
		if j, err := tx.Job(1); err != nil || j.Status != job.DeletionInProgress {
			t.Errorf("staged: %s, %v", j.Status, err)
		}
		if j, err := tx.AppliedJob(1); err != nil || j.Status != job.InProgress {
			t.Errorf("without the stage: %s, %v", j.Status, err)
		}
		if n, err := tx.JobCount(job.DeletionInProgress); err != nil || n != 0 {
			t.Errorf("what is only staged is counted: %d, %v", n, err)
		}
		if err := tx.Apply(); err != nil {
			return err
		}
		if n, err := tx.JobCount(job.DeletionInProgress); err != nil || n != 1 {
			t.Errorf("%d jobs are being deleted, %v, want 1", n, err)
		}
		if n, err := tx.ActiveJobs(job.Snapshot); err != nil || n != 1 {
			t.Errorf("%d jobs are active, %v, want 1", n, err)
		}
		if due, err := tx.DueJobs(store.DueCursor{}, start, 9); err != nil || len(due) != 1 || due[0].ID != "a" {
			t.Errorf("due: %v, %v", due, err)
		}
		tx.DeleteJob(1)
		if _, err := tx.Job(1); !Missing(err) {
			t.Errorf("a deleted job is there: %v", err)
		}
		return nil
	})
	if got := status(t, c, "a"); got != "" {
		t.Errorf("the deleted job is %s", got)
	}
}

// A refused request changes nothing and does not fail the commit; what it had applied by itself
// stays.
func TestRefusedRequest(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	do(t, c, func(tx *Tx) error { create(tx, newJob(1, "a")); return nil })
	refused := fault.New(fault.Invalid, "no")
	err := c.Do(t.Context(), func(tx *Tx) error {
		j, err := tx.JobByID("a")
		if err != nil {
			return err
		}
		j.Status = job.Completed
		tx.SetJob(j)
		if err := tx.Apply(); err != nil {
			return err
		}
		j.Status = job.Canceled
		tx.SetJob(j)
		create(tx, newJob(2, "b"))
		tx.Notify(store.Notice{Thing: 1, Notify: true})
		tx.AfterCommit(func() { t.Error("a refused request did something after the commit") })
		return refused
	})
	if !errors.Is(err, refused) {
		t.Fatalf("got %v, want %v", err, refused)
	}
	if a, b := status(t, c, "a"), status(t, c, "b"); a != job.Completed || b != "" {
		t.Errorf("a is %s, b is %q; want COMPLETED, and no b", a, b)
	}
	if got := announcements(t, c); got != nil {
		t.Errorf("announced %v", got)
	}
}

// What a refused request has staged does not come to light with the next request of its commit.
func TestRefusedAmongOthers(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	refused := fault.New(fault.Invalid, "no")
	for _, row := range []struct {
		name  string
		stage func(tx *Tx)
	}{
		{"a notice", func(tx *Tx) { tx.Notify(store.Notice{Thing: 1, Notify: true}) }},
		{"an event", func(tx *Tx) { tx.Publish(store.Event{Topic: "t"}) }},
		{"a job", func(tx *Tx) { create(tx, newJob(1, "refused")) }},
	} {
		c.Together(
			func() {
				err := c.Do(t.Context(), func(tx *Tx) error { row.stage(tx); return refused })
				if !errors.Is(err, refused) {
					t.Errorf("%s: %v", row.name, err)
				}
			},
			func() { do(t, c, func(tx *Tx) error { return nil }) },
		)
		if got := announcements(t, c); got != nil {
			t.Errorf("%s: announced %v", row.name, got)
		}
		if got := status(t, c, "refused"); got != "" {
			t.Errorf("%s: the job is %s", row.name, got)
		}
	}
}

// An error that is no fault fails the commit of its request; nothing of it is kept, and the next
// one is made.
func TestFailedCommit(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	broken := errors.New("disk full")
	err := c.Do(t.Context(), func(tx *Tx) error {
		create(tx, newJob(1, "a"))
		if err := tx.Apply(); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) || status(t, c, "a") != "" {
		t.Errorf("got %v, and a is %q", err, status(t, c, "a"))
	}
	do(t, c, func(tx *Tx) error { create(tx, newJob(2, "a")); return nil })
}

// A commit announces at most one message of each kind to a thing, in the order in which things were
// first named (R-MQTT-39), and nothing when there is nothing.
func TestNoticesAreMerged(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	do(t, c, func(tx *Tx) error { tx.Notify(store.Notice{Thing: 1}); return nil })
	if got := announcements(t, c); got != nil {
		t.Errorf("an empty notice is announced: %v", got)
	}
	do(t, c, func(tx *Tx) error {
		tx.Notify(store.Notice{Thing: 2, Notify: true})
		tx.Notify(store.Notice{Thing: 1, NotifyNext: true})
		tx.Notify(store.Notice{Thing: 2, NotifyNext: true})
		tx.Publish(store.Event{Topic: "first"})
		tx.Publish(store.Event{Topic: "second"})
		return nil
	})
	want := []store.Announcement{{
		ID:      1,
		Notices: []store.Notice{{Thing: 2, Notify: true, NotifyNext: true}, {Thing: 1, NotifyNext: true}},
		Events:  []store.Event{{Topic: "first"}, {Topic: "second"}},
	}}
	if diff := cmp.Diff(want, announcements(t, c)); diff != "" {
		t.Error(diff)
	}
	c.Outbox.Confirm(1)
	do(t, c, func(*Tx) error { return nil })
	if got := announcements(t, c); got != nil {
		t.Errorf("after it was announced and a further commit: %v", got)
	}
}

func announcements(t *testing.T, c *Committer) (found []store.Announcement) {
	t.Helper()
	err := c.Store.Read(t.Context(), func(r store.Reader) (err error) {
		found, err = r.Announcements(0, 9)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The first pending executions of a thing are read once, until something is applied.
func TestPendingIsCached(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	thing := registry.Thing{ID: 7, Name: "t", Version: 1, CreatedAt: start}
	first := job.NewExecution(job.ExecutionKey{Job: 1, Thing: 7, Number: 1}, start)
	do(t, c, func(tx *Tx) error {
		create(tx, newJob(1, "a"))
		tx.Changes.Registry.CreatedThings = []registry.Thing{thing}
		tx.CreateExecution(first)
		return nil
	})
	do(t, c, func(tx *Tx) error {
		before, err := tx.FirstPending(7)
		if err != nil || len(before) != 1 {
			t.Errorf("before: %v, %v", before, err)
		}
		ended := first
		ended.Status, ended.Version = job.ExecutionFailed, 2
		if err := tx.UpdateExecution(first, ended); err != nil {
			return err
		}
		if latest, err := tx.Latest(1, 7); err != nil || latest.Version != 1 {
			t.Errorf("staged: %+v, %v", latest, err)
		}
		if err := tx.Apply(); err != nil {
			return err
		}
		if after, err := tx.FirstPending(7); err != nil || len(after) != 0 {
			t.Errorf("after: %v, %v", after, err)
		}
		if latest, err := tx.Latest(1, 7); err != nil || latest.Status != job.ExecutionFailed {
			t.Errorf("applied: %+v, %v", latest, err)
		}
		return nil
	})
}

// What a package keeps for one commit is gone with it.
func TestLocal(t *testing.T) {
	t.Parallel()
	type cache struct{ n int }
	c, _ := newStepped(t)
	for range 2 {
		do(t, c, func(tx *Tx) error {
			if Local[cache](tx).n++; Local[cache](tx).n != 1 {
				t.Errorf("n is %d, want 1", Local[cache](tx).n)
			}
			return nil
		})
	}
}

// The memberships that differ are told apart by when they were made: leaving and joining again is a
// change of both.
func TestOnlyIn(t *testing.T) {
	t.Parallel()
	m := func(group registry.GroupID, joined int64) registry.Membership {
		return registry.Membership{Group: group, Joined: joined}
	}
	before := []registry.Membership{m(1, 10), m(2, 20)}
	after := []registry.Membership{m(2, 20), m(1, 30), m(3, 40)}
	if diff := cmp.Diff([]registry.Membership{m(1, 10)}, OnlyIn(before, after)); diff != "" {
		t.Errorf("left: %s", diff)
	}
	if diff := cmp.Diff([]registry.Membership{m(1, 30), m(3, 40)}, OnlyIn(after, before)); diff != "" {
		t.Errorf("joined: %s", diff)
	}
}

// The time of a virtual clock is part of every commit at which it has moved, and of a reset it is
// forgotten.
func TestVirtualTime(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	v := c.Clock.(*clock.Virtual)
	last := func() time.Time {
		t.Helper()
		at, err := NewestTime(context.Background(), c.Store)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	if at := last(); !at.IsZero() {
		t.Errorf("a new store has the time %s", at)
	}
	for _, at := range []time.Time{start, start.Add(time.Hour)} {
		v.Set(at)
		do(t, c, func(*Tx) error { return nil })
		if got := last(); !got.Equal(at) {
			t.Errorf("got %s, want %s", got, at)
		}
	}
	if err := c.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at := last(); !at.IsZero() {
		t.Errorf("after a reset: %s", at)
	}
}
