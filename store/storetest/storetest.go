// Package storetest is the one suite that every store passes. Each promise of store's package
// comment and of its interfaces is one small test, run on a store of its own; differential.go
// replays random writes on the memory store and on the store under test and compares every read.
package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Run checks every promise on empty stores that open returns. It closes them.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, promise := range slices.Concat(transactions, jobs, executions, ofSteering, things, groups, thingTypes, billingGroups, identity, ofProvisioning, outbox, ofNodes, ofAudit, ofSinks) {
		t.Run(promise.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			t.Cleanup(func() { closeStore(t, s) })
			promise.check(world{t, s})
		})
	}
	t.Run("behaves like the memory store", func(t *testing.T) {
		t.Parallel()
		differential(t, open)
	})
}

// RunDurable checks what only a store that outlives its process promises. open opens the store that
// lives in dir.
func RunDurable(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	for _, promise := range durable {
		t.Run(promise.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			promise.check(t, func() store.Store { return open(t, dir) })
		})
	}
}

// promise is one promise of the contract.
type promise struct {
	name  string
	check func(w world)
}

// world is one store and its test.
type world struct {
	*testing.T
	store.Store
}

// groupTarget is a thing group as a job names it.
func groupTarget(name string) job.Target {
	return job.Target{Kind: registry.KindGroup, Name: name, ARN: "arn:" + name}
}

func closeStore(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// apply commits changes, one Apply for each.
func (w world) apply(changes ...store.Changes) {
	w.Helper()
	if err := w.try(changes...); err != nil {
		w.Fatalf("write: %v", err)
	}
}

func (w world) try(changes ...store.Changes) error {
	return w.Write(context.Background(), func(tx store.Tx) error {
		for _, c := range changes {
			if err := tx.Apply(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// refused checks that the changes are a conflict.
func (w world) refused(what string, changes ...store.Changes) {
	w.Helper()
	if err := w.try(changes...); !errors.Is(err, store.ErrConflict) {
		w.Errorf("%s: got %v, want %v", what, err, store.ErrConflict)
	}
}

// view runs f in a read.
func (w world) view(f func(r store.Reader)) {
	w.Helper()
	err := w.Read(context.Background(), func(r store.Reader) error {
		f(r)
		return nil
	})
	if err != nil {
		w.Fatalf("read: %v", err)
	}
}

// read returns what one read method answers, failing the test on an error.
func read[T any](w world, f func(r store.Reader) (T, error)) (got T) {
	w.Helper()
	w.view(func(r store.Reader) {
		var err error
		if got, err = f(r); err != nil {
			w.Fatalf("read: %v", err)
		}
	})
	return got
}

// absent checks that a read method answers ErrNotFound.
func absent[T any](w world, what string, f func(r store.Reader) (T, error)) {
	w.Helper()
	w.view(func(r store.Reader) {
		if got, err := f(r); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("%s: got %v, %v, want %v", what, got, err, store.ErrNotFound)
		}
	})
}

// same compares two values; empty and nil maps and slices are the same.
func same[T any](w world, what string, got, want T) {
	w.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// pages reads a list to its end, limit at a time, and returns all pages.
func pages[T any](w world, limit int, next func(r store.Reader, after *T, limit int) ([]T, error)) (all []T) {
	w.Helper()
	w.view(func(r store.Reader) {
		var after *T
		for range 1000 {
			page, err := next(r, after, limit)
			if err != nil {
				w.Fatalf("page after %v: %v", after, err)
			}
			all = append(all, page...)
			if len(page) > limit {
				w.Fatalf("page after %v: %d rows, limit %d", after, len(page), limit)
			}
			if len(page) < limit {
				return
			}
			after = &page[len(page)-1]
		}
		w.Fatalf("the list does not end")
	})
	return all
}

func collect[T, U any](list []T, f func(T) U) []U {
	out := make([]U, 0, len(list))
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

// t0 is when the tests begin.
var t0 = time.Date(2024, 5, 1, 12, 0, 0, 123e6, time.UTC)

func at(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }

func thing(id int64, name string) registry.Thing {
	return registry.Thing{ID: registry.ThingID(id), Name: name, UUID: "uuid-" + name, Version: 1, CreatedAt: t0}
}

func group(id int64, name string) registry.Group {
	return registry.Group{ID: registry.GroupID(id), Name: name, UUID: "uuid-" + name, Version: 1, CreatedAt: t0}
}

func newJob(key int64, id string) job.Job {
	j := job.Job{Key: job.Key(key), ID: id}
	j.Targets, j.TargetSelection, j.CreatedAt = []job.Target{groupTarget(id)}, job.Snapshot, t0
	j.Status, j.UpdatedAt = job.InProgress, t0
	return j
}

// windowed is a job with a maintenance window.
func windowed(j job.Job) job.Job {
	j.Schedule = &job.ScheduleConfig{Windows: []job.Window{{StartTime: "0 2 * * ? *", Minutes: 60}}}
	return j
}

func execution(j, thing, number int64) job.Execution {
	return job.Execution{
		ExecutionKey: job.ExecutionKey{Job: job.Key(j), Thing: registry.ThingID(thing), Number: number},
		Version:      1, QueuedAt: t0, UpdatedAt: t0, Sequence: j*1_000_000 + thing*1000 + number,
	}
}

func createThings(list ...registry.Thing) (c store.Changes) {
	c.Registry.CreatedThings = list
	return c
}

func createGroups(list ...registry.Group) (c store.Changes) {
	c.Registry.CreatedGroups = list
	return c
}

func createJobs(list ...job.Job) (c store.Changes) {
	for _, j := range list {
		c.Job.CreatedJobs = append(c.Job.CreatedJobs, store.CreatedJob{Job: j, Document: `{"job":"` + j.ID + `"}`})
	}
	return c
}

func queue(list ...job.Execution) (c store.Changes) {
	c.Job.CreatedExecutions = list
	return c
}

func report(list ...job.Execution) (c store.Changes) {
	c.Job.UpdatedExecutions = list
	return c
}

func drop(list ...job.Execution) (c store.Changes) {
	c.Job.DeletedExecutions = collect(list, func(e job.Execution) job.ExecutionKey { return e.ExecutionKey })
	return c
}

// becomes is the execution after a change to a status.
func becomes(e job.Execution, status job.ExecutionStatus) job.Execution {
	e.Status, e.Version = status, e.Version+1
	return e
}
