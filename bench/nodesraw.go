package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// What PostgreSQL does without Drover: the conditional update of an execution, on a table with the
// same rows and indexes in the same database, in transactions that are sent in one round trip.

// rawGroup is how many updates one transaction has.
const rawGroup = 512

// A rawUpdater updates executions one after the other, in no order.
type rawUpdater struct {
	db     *pgx.Conn
	rows   []rawRow
	groups int
}

// rawRow is what an update must know of an execution.
type rawRow struct{ job, thing, number, version, queuedAt int64 }

// rawTable makes the table; with CHECKPOINT, so that what it has written is not written while
// something is measured.
var rawTable = []string{
	"CREATE TABLE raw_execution (LIKE execution INCLUDING ALL) WITH (fillfactor = 80)",
	"INSERT INTO raw_execution SELECT * FROM execution",
	"ANALYZE raw_execution",
	"CHECKPOINT",
}

// The statement is the one of store/relational, for an execution that is known.
const rawUpdate = `UPDATE raw_execution SET status = $1, version = $2, used_failed = 0,
	used_timed_out = 0, force_canceled = 0, started_at = $3, updated_at = $4, deadline = $5,
	step_deadline = NULL, times_out_at = $5, details = $6, token = NULL
	WHERE job = $7 AND thing = $8 AND number = $9 AND version = $10`

func newRawUpdater(ctx context.Context, url string) (*rawUpdater, error) {
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	r := &rawUpdater{db: db}
	for _, sql := range rawTable {
		if _, err := db.Exec(ctx, sql); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
	}
	rows, err := db.Query(ctx, `SELECT job, thing, number, version, queued_at FROM raw_execution
		ORDER BY (thing * 7919) % 1000003`)
	if err != nil {
		return nil, err
	}
	r.rows, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (x rawRow, err error) {
		return x, row.Scan(&x.job, &x.thing, &x.number, &x.version, &x.queuedAt)
	})
	return r, err
}

// speed is how many updates a second are durable. Each execution is updated in two transactions
// running, as a device does that starts and soon ends it.
func (r *rawUpdater) speed(ctx context.Context, spell time.Duration) (float64, error) {
	n, start := 0, time.Now()
	for ; time.Since(start) < spell; n += rawGroup {
		if err := r.group(ctx); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// group makes one transaction.
func (r *rawUpdater) group(ctx context.Context) error {
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	first := r.groups / 2 * rawGroup
	r.groups++
	for i := range rawGroup {
		batch.Queue(rawUpdate, r.rows[(first+i)%len(r.rows)].next()...)
	}
	batch.Queue("COMMIT")
	results := r.db.SendBatch(ctx, batch)
	for i := range rawGroup + 2 {
		tag, err := results.Exec()
		if err != nil {
			return err
		}
		if i > 0 && i <= rawGroup && tag.RowsAffected() != 1 {
			return fmt.Errorf("update %d concerned %d rows", i, tag.RowsAffected())
		}
	}
	return results.Close()
}

// next is the next update of an execution: QUEUED, IN_PROGRESS with a timer, SUCCEEDED, and again.
func (x *rawRow) next() []any {
	const inProgress, timeout = 1, 600_000
	status, now := x.version%3, x.queuedAt+x.version*1000
	var started, deadline any
	if status > 0 {
		started = now
	}
	if status == inProgress {
		deadline = now + timeout
	}
	x.version++
	return []any{
		status, x.version, started, now, deadline, `{"progress":"50","step":"install"}`,
		x.job, x.thing, x.number, x.version - 1,
	}
}
