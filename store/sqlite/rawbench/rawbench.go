// Package rawbench measures what the driver can do without Drover: the same conditional update of
// an execution, with the same indexes, in groups with one sync each, and nothing else. Benchmarks
// run it beside the store and beside the engine, on the same machine in the same run, and state
// their own figure as a share of it.
//
// It works on a file that the store made and no longer holds, and leaves its executions in
// arbitrary states.
package rawbench

import (
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"
)

// Bench is the driver, ready to update the executions of one file.
type Bench struct {
	// Repeat is how many groups in a row update the same executions, as a device that starts and
	// soon ends does; at least 1.
	Repeat int

	db                    *sqlite3.Conn
	update, begin, commit *sqlite3.Stmt
	rows                  []row
	next, groups          int
}

// row is what an update must know of an execution.
type row struct{ job, thing, number, version, queuedAt int64 }

const settings = `PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192`

const selectRows = `SELECT job, thing, number, version, queued_at FROM execution ORDER BY (thing * 7919) % 1000003`

const update = `UPDATE execution SET status = ?, version = ?, used_failed = 0, used_timed_out = 0, force_canceled = 0,
	started_at = ?, updated_at = ?, deadline = ?, step_deadline = NULL, times_out_at = ?, details = ?, token = NULL
	WHERE job = ? AND thing = ? AND number = ? AND version = ?`

// Open opens a store's file and notes its executions, in a shuffled order.
func Open(path string) (*Bench, error) {
	db, err := sqlite3.Open(path)
	if err != nil {
		return nil, err
	}
	b := &Bench{db: db, Repeat: 1}
	if err := errors.Join(db.Exec(settings), b.load(), b.prepare()); err != nil {
		return nil, errors.Join(fmt.Errorf("raw bench on %s: %w", path, err), db.Close())
	}
	return b, nil
}

func (b *Bench) load() error {
	s, _, err := b.db.Prepare(selectRows)
	if err != nil {
		return err
	}
	for s.Step() {
		b.rows = append(b.rows, row{s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnInt64(2), s.ColumnInt64(3), s.ColumnInt64(4)})
	}
	if len(b.rows) == 0 {
		return errors.Join(errors.New("no executions"), s.Close())
	}
	return s.Close()
}

func (b *Bench) prepare() (err error) {
	for sql, s := range map[string]**sqlite3.Stmt{update: &b.update, "BEGIN IMMEDIATE": &b.begin, "COMMIT": &b.commit} {
		if *s, _, err = b.db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT); err != nil {
			return err
		}
	}
	return nil
}

// Group commits n updates. Executions go round QUEUED, IN_PROGRESS with a timer, SUCCEEDED.
func (b *Bench) Group(n int) error {
	if err := b.begin.Exec(); err != nil {
		return err
	}
	for range n {
		if err := b.step(); err != nil {
			return errors.Join(err, b.db.Exec("ROLLBACK"))
		}
	}
	if b.groups++; b.groups%b.Repeat != 0 {
		b.next -= n
	}
	return b.commit.Exec()
}

func (b *Bench) step() error {
	r := &b.rows[b.next%len(b.rows)]
	b.next++
	status, now, u := r.version%3, r.queuedAt+r.version*1000, b.update
	bind := []error{u.BindInt64(1, status), u.BindInt64(2, r.version+1), u.BindNull(3), u.BindInt64(4, now), u.BindNull(5),
		u.BindNull(6), u.BindText(7, `{"progress":"50","step":"install"}`),
		u.BindInt64(
			8,
			r.job), u.BindInt64(9, r.thing), u.BindInt64(10, r.number), u.BindInt64(11, r.version)}
	if status > 0 {
		bind = append(bind, u.BindInt64(3, now))
	}
	if status == 1 {
		bind = append(bind, u.BindInt64(5, now+600_000), u.BindInt64(6, now+600_000))
	}
	r.version++
	if err := errors.Join(append(bind, u.Exec())...); err != nil {
		return err
	}
	if b.db.Changes() != 1 {
		return fmt.Errorf("execution of thing %d is not at version %d", r.thing, r.version-1)
	}
	return nil
}

// Close closes the file.
func (b *Bench) Close() error {
	return errors.Join(b.update.Close(), b.begin.Close(), b.commit.Close(), b.db.Close())
}
