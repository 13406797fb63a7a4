package sqlite_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/store/sqlite/rawbench"
)

// The fleet of the benchmarks, and how many reports share a commit.
const (
	fleet  = 100_000
	group  = 512
	atOnce = 5_000
)

var epoch = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

// fill makes a file with one job that has one execution on each thing.
func fill(b *testing.B) (path string, things []string) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "drover.db")
	return path, fillAt(b, path)
}

// fillAt does so with a file that may be there.
func fillAt(b *testing.B, path string) (things []string) {
	b.Helper()
	s := openBench(b, path)
	defer s.Close()
	j := job.Job{Key: 1, ID: "update-1"}
	j.Status, j.CreatedAt = job.InProgress, epoch
	changes := store.Changes{Job: store.JobChanges{CreatedJobs: []store.CreatedJob{{Job: j, Document: "{}"}}}}
	for i := 1; i <= fleet; i++ {
		thing := registry.Thing{ID: registry.ThingID(i), Name: fmt.Sprintf("sensor-%08d", i*7919%fleet), CreatedAt: epoch}
		e := job.Execution{ExecutionKey: job.ExecutionKey{Job: 1, Thing: thing.ID, Number: 1}, Version: 1,
			QueuedAt: epoch, UpdatedAt: epoch, Sequence: int64(i)}
		things = append(things, thing.Name)
		changes.Registry.CreatedThings = append(changes.Registry.CreatedThings, thing)
		changes.Job.CreatedExecutions = append(changes.Job.CreatedExecutions, e)
		if i%atOnce == 0 {
			write(b, s, func(tx store.Tx) error { return tx.Apply(changes) })
			changes = store.Changes{}
		}
	}
	return things
}

func openBench(b *testing.B, path string) *sqlite.Store {
	b.Helper()
	s, err := sqlite.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func write(b *testing.B, s store.Store, f func(store.Tx) error) {
	b.Helper()
	if err := s.Write(context.Background(), f); err != nil {
		b.Fatal(err)
	}
}

func perSecond(b *testing.B, what string, each int) {
	b.ReportMetric(float64(b.N*each)/b.Elapsed().Seconds(), what+"/s")
}

// BenchmarkRawReports is the bound: the driver alone.
func BenchmarkRawReports(b *testing.B) {
	path, _ := fill(b)
	raw, err := rawbench.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	b.ReportAllocs()
	for b.Loop() {
		if err := raw.Group(group); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, "reports", group)
}

// reporter reports for device after device, through the contract, with the reads that a report
// needs.
type reporter struct {
	store  store.Store
	things []string
	next   int
	job    job.Job
}

func newReporter(b *testing.B) *reporter {
	path, things := fill(b)
	return newReporterOn(b, path, things)
}

func newReporterOn(b *testing.B, path string, things []string) *reporter {
	s := openBench(b, path)
	b.Cleanup(func() { s.Close() })
	r := &reporter{store: s, things: things, job: job.Job{Key: 1, ID: "update-1"}}
	r.job.Status = job.InProgress
	return r
}

// group commits n reports and the state of their job.
func (r *reporter) group(b *testing.B, n int) {
	write(b, r.store, func(tx store.Tx) error {
		for range n {
			r.next = (r.next + 7919) % fleet
			if err := reportOnce(tx, r.things[r.next]); err != nil {
				return err
			}
		}
		r.job.Counts[job.ExecutionSucceeded]++
		return tx.Apply(store.Changes{Job: store.JobChanges{States: []job.Job{r.job}}})
	})
}

// BenchmarkReports is the same through the contract.
func BenchmarkReports(b *testing.B) {
	r := newReporter(b)
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		began := time.Now()
		r.group(b, group)
		took = append(took, time.Since(began))
	}
	perSecond(b, "reports", group)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Milliseconds()), "p99-ms/commit")
}

// BenchmarkReportsShare takes turns between the two, so that a busy machine slows both, and reports
// what share of the bound the store reaches.
func BenchmarkReportsShare(b *testing.B) {
	path, _ := fill(b)
	raw, err := rawbench.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	r := newReporter(b)
	var bound, ours time.Duration
	for b.Loop() {
		began := time.Now()
		if err := raw.Group(group); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		r.group(b, group)
		bound, ours = bound+middle.Sub(began), ours+time.Since(middle)
	}
	b.ReportMetric(float64(b.N*group)/bound.Seconds(), "raw/s")
	b.ReportMetric(float64(b.N*group)/ours.Seconds(), "reports/s")
	b.ReportMetric(100*bound.Seconds()/ours.Seconds(), "%ofraw")
}

func reportOnce(tx store.Tx, name string) error {
	thing, err := tx.ThingID(name)
	if err != nil {
		return err
	}
	e, err := tx.Latest(1, thing)
	if err != nil {
		return err
	}
	e.Status = job.ExecutionStatus(e.Version % 3)
	e.Version++
	e.UpdatedAt = e.QueuedAt.Add(time.Duration(e.Version) * time.Second)
	e.StartedAt, e.Deadline = time.Time{}, time.Time{}
	if e.Status != job.ExecutionQueued {
		e.StartedAt = e.UpdatedAt
	}
	if e.Status == job.ExecutionInProgress {
		e.Deadline = e.UpdatedAt.Add(10 * time.Minute)
	}
	e.Details = map[string]string{"progress": "50", "step": "install"}
	if err := tx.Apply(store.Changes{Job: store.JobChanges{UpdatedExecutions: []job.Execution{e}}}); err != nil {
		return err
	}
	_, err = tx.Pending(thing, 1)
	return err
}

// BenchmarkQueue is what a rollout writes.
func BenchmarkQueue(b *testing.B) {
	path, _ := fill(b)
	s := openBench(b, path)
	defer s.Close()
	number := int64(1)
	b.ReportAllocs()
	for b.Loop() {
		number++
		var changes store.Changes
		for i := range 1000 {
			key := job.ExecutionKey{Job: 1, Thing: registry.ThingID(1 + (i*7919+int(number)*1000)%fleet), Number: number}
			changes.Job.CreatedExecutions = append(changes.Job.CreatedExecutions, job.Execution{ExecutionKey: key, Version: 1,
				QueuedAt: epoch.Add(time.Duration(number) * time.Minute), UpdatedAt: epoch, Sequence: number*1000 + int64(i)})
		}
		write(b, s, func(tx store.Tx) error { return tx.Apply(changes) })
	}
	perSecond(b, "executions", 1000)
}

// BenchmarkPending is what a device reads most: the head of its list.
func BenchmarkPending(b *testing.B) {
	path, things := fill(b)
	s := openBench(b, path)
	defer s.Close()
	next := 0
	b.ReportAllocs()
	for b.Loop() {
		next = (next + 7919) % fleet
		err := s.Read(context.Background(), func(r store.Reader) error {
			thing, err := r.ThingID(things[next])
			if err != nil {
				return err
			}
			_, err = r.Pending(thing, 1)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
