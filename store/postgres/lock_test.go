package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
	"github.com/drover-iot/drover/test/testpostgres"
)

func TestMain(m *testing.M) { testpostgres.Main(m) }

// BenchmarkTurns compares the two ways in which the writes of several nodes can be as if they were
// made one after the other: a lock before the first read, and serializable transactions that are
// repeated when they fail. Each batch reports for devices of its own node, and changes the state of
// the one job that rolls out, as every batch of a rollout does.
func BenchmarkTurns(b *testing.B) {
	ways := []struct {
		name  string
		write func(*Store, *atomic.Int64, func(store.Tx) error) error
	}{
		{"lock", func(s *Store, _ *atomic.Int64, f func(store.Tx) error) error {
			return s.Write(context.Background(), f)
		}},
		{"serializable", writeSerializable},
	}
	for _, nodes := range []int{1, 2, 3} {
		for _, size := range []int{8, 64} {
			for _, way := range ways {
				b.Run(fmt.Sprintf("%s/nodes=%d/reports=%d", way.name, nodes, size), func(b *testing.B) {
					turns(b, nodes, size, way.write)
				})
			}
		}
	}
}

// things is how many each node reports for.
const things = 200

func turns(
	b *testing.B, nodes, size int, write func(*Store, *atomic.Int64, func(store.Tx) error) error,
) {
	url := testpostgres.Schema(b)
	stores := make([]*Store, nodes)
	for i := range stores {
		s, err := Open(context.Background(), url)
		if err != nil {
			b.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	epoch := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	j := job.Job{Key: 1, ID: "update-1"}
	j.Status, j.CreatedAt = job.InProgress, epoch
	fill := store.Changes{Job: store.JobChanges{
		CreatedJobs: []store.CreatedJob{{Job: j, Document: "{}"}},
	}}
	for i := 1; i <= nodes*things; i++ {
		id := registry.ThingID(i)
		fill.Registry.CreatedThings = append(fill.Registry.CreatedThings,
			registry.Thing{ID: id, Name: fmt.Sprintf("t%d", i), CreatedAt: epoch})
		fill.Job.CreatedExecutions = append(fill.Job.CreatedExecutions, job.Execution{
			ExecutionKey: job.ExecutionKey{Job: 1, Thing: id, Number: 1},
			Version:      1, QueuedAt: epoch, UpdatedAt: epoch, Sequence: int64(i),
		})
	}
	err := stores[0].Write(b.Context(), func(tx store.Tx) error { return tx.Apply(fill) })
	if err != nil {
		b.Fatal(err)
	}
	var repeated, batches atomic.Int64
	var running sync.WaitGroup
	b.ResetTimer()
	for node, s := range stores {
		running.Go(func() {
			for batch := 0; batches.Add(1) <= int64(b.N); batch++ {
				err := write(s, &repeated, func(tx store.Tx) error {
					return reportBatch(tx, node*things, batch*size, size)
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	running.Wait()
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "reports/s")
	b.ReportMetric(float64(repeated.Load())/float64(b.N), "repeated/batch")
}

// reportBatch reads and changes the job and some executions.
func reportBatch(tx store.Tx, first, from, size int) error {
	j, err := tx.Job(1)
	if err != nil {
		return err
	}
	var c store.Changes
	for i := range size {
		thing := registry.ThingID(first + (from+i)%things + 1)
		x, err := tx.Latest(1, thing)
		if err != nil {
			return err
		}
		x.Version++
		x.UpdatedAt = x.UpdatedAt.Add(time.Second)
		c.Job.UpdatedExecutions = append(c.Job.UpdatedExecutions, x)
	}
	j.Counts[job.ExecutionSucceeded]++
	c.Job.States = []job.Job{j}
	return tx.Apply(c)
}

// writeSerializable is Store.Write without the lock, by transactions of the database's highest
// isolation, which are repeated until they succeed.
func writeSerializable(s *Store, repeated *atomic.Int64, f func(store.Tx) error) error {
	const failure = "40001" // the error of a transaction that has to be repeated
	attempt := func(c *conn) error {
		defer func() { _ = c.rollback() }()
		if err := c.exec("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"); err != nil {
			return err
		}
		if err := f(tx{relational.NewTx(c, &s.keys), c}); err != nil {
			return err
		}
		if err := c.flush(); err != nil {
			return err
		}
		return c.exec("COMMIT")
	}
	for {
		err := s.connected(context.Background(), attempt)
		var refused *pgconn.PgError
		if errors.As(err, &refused) && refused.Code == failure {
			repeated.Add(1)
			continue
		}
		return err
	}
}
