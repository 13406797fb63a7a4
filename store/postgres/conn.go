package postgres

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/drover-iot/drover/store/relational"
)

// patience is how long one round trip may take, the wait for the lock of other nodes included, and
// how long a connection may take to be made. A database that needs longer is as good as gone
// (R-NODE-9).
const patience = 5 * time.Second

// conn is a transaction on a connection, a relational.DB. Changes wait until they are sent
// together.
type conn struct {
	db         *pgx.Conn
	statements map[string]*cursor
	waiting    []change
	err        error // of the last changes that were sent: the transaction is lost
	lastJoined func() (int64, error)
	time       time.Time // of the database, when a write got its turn
	wakes      bool      // the write has changed what other nodes may wait for
	trips      *atomic.Int64
}

// A change is a statement that waits to be sent. none is the error when it concerns no row; nil
// for one that may concern none. One with a set form gathers further rows; see set.go.
type change struct {
	sql  string
	args []any
	none error
	set  *setForm
	rows *setRows
}

// maxWaiting bounds what is sent at once.
const maxWaiting = 1000

// Prepare implements relational.DB. The statement itself is prepared by pgx, once for each
// connection.
func (c *conn) Prepare(sql string) relational.Cursor {
	s := c.statements[sql]
	if s == nil {
		s = &cursor{conn: c, sql: translated(sql)}
		c.statements[sql] = s
	}
	s.args, s.rows, s.err = s.args[:0], nil, nil
	return s
}

// LastJoined implements relational.DB.
func (c *conn) LastJoined() (int64, error) { return c.lastJoined() }

// RewritesIndexes implements relational.DB: PostgreSQL compares what is written.
func (c *conn) RewritesIndexes() bool { return false }

// exec sends statements without parameters, with what waits before them.
func (c *conn) exec(statements ...string) error {
	c.queue(statements...)
	return c.flush()
}

// queue has statements without parameters sent with what comes next.
func (c *conn) queue(statements ...string) {
	for _, sql := range statements {
		c.waiting = append(c.waiting, change{sql: sql})
	}
}

// flush sends the changes that wait, and returns the first error.
func (c *conn) flush() error {
	if len(c.waiting) == 0 || c.err != nil {
		return c.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	results := c.send(ctx, &pgx.Batch{})
	if err := results.Close(); err != nil && c.err == nil {
		c.err = named(err)
	}
	return c.err
}

// send sends the changes that wait and a batch behind them, in one round trip, and reads the
// answers to the changes.
func (c *conn) send(ctx context.Context, rest *pgx.Batch) pgx.BatchResults {
	batch := &pgx.Batch{}
	for _, w := range c.waiting {
		sql, args := w.statement()
		batch.Queue(sql, args...)
	}
	batch.QueuedQueries = append(batch.QueuedQueries, rest.QueuedQueries...)
	c.trips.Add(1)
	results := c.db.SendBatch(ctx, batch)
	for _, w := range c.waiting {
		tag, err := results.Exec()
		if err == nil && w.none != nil && tag.RowsAffected() < w.size() {
			err = fmt.Errorf("%w: no row for %s", w.none, w.sql)
		}
		if err == nil && w.sql == commit && tag.String() != commit {
			err = errRolledBack
		}
		if err != nil {
			c.err = named(err)
			break
		}
	}
	c.waiting = c.waiting[:0]
	return results
}

// A cursor is a relational.Cursor.
type cursor struct {
	*conn
	sql    string
	args   []any
	rows   pgx.Rows // of a query that runs
	close  func()   // ends the query
	values [][]byte // of the row, as they came
	column int
	err    error
}

// BindInt and the like bind the next parameter.
func (s *cursor) BindInt(v int64)   { s.args = append(s.args, v) }
func (s *cursor) BindText(v string) { s.args = append(s.args, v) }
func (s *cursor) BindBlob(v []byte) { s.args = append(s.args, v) }
func (s *cursor) BindNull()         { s.args = append(s.args, nil) }

// Run gathers a change.
func (s *cursor) Run() error { return s.wait(nil) }

// Change gathers a change that must concern a row; none is the error when it does not.
func (s *cursor) Change(none error) error { return s.wait(none) }

// wait copies what was bound: the cursor may be bound anew before the change is sent.
func (s *cursor) wait(none error) error {
	if s.err != nil {
		return s.err
	}
	s.add(change{sql: s.sql, args: slices.Clone(s.args), none: none})
	if len(s.waiting) >= maxWaiting {
		return s.flush()
	}
	return nil
}

// Row sends what waits and the query with the first call, and steps to the next row.
func (s *cursor) Row() bool {
	if s.rows == nil && !s.ask() || s.err != nil {
		return false
	}
	if !s.rows.Next() {
		return false
	}
	s.values, s.column = s.rows.RawValues(), -1
	return true
}

// ask sends what waits and the query.
func (s *cursor) ask() bool {
	if s.err == nil {
		s.err = s.conn.err
	}
	if s.err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	query := &pgx.Batch{}
	query.Queue(s.sql, s.args...)
	results := s.send(ctx, query)
	if s.err = s.conn.err; s.err == nil {
		rows, err := results.Query()
		s.rows = rows
		s.lose(err)
	}
	s.close = func() {
		s.lose(results.Close())
		cancel()
	}
	return s.err == nil
}

// lose keeps an error of the database, after which the transaction is lost.
func (s *cursor) lose(err error) {
	if err == nil {
		return
	}
	s.Fail(named(err))
	if s.conn.err == nil {
		s.conn.err = s.err
	}
}

// End ends a query.
func (s *cursor) End() error {
	if s.rows != nil {
		s.rows.Close()
		s.lose(s.rows.Err())
		s.rows = nil
	}
	if s.close != nil {
		s.close()
		s.close = nil
	}
	return s.err
}

// Fail keeps the first error.
func (s *cursor) Fail(err error) {
	if s.err == nil && err != nil {
		s.err = err
	}
}

// next is the value of the next column, nil for NULL.
func (s *cursor) next() []byte {
	s.column++
	return s.values[s.column]
}

// Int and the like read the next column. Integers come in two, four or eight bytes.
func (s *cursor) Int() int64 {
	v, _ := s.MaybeInt()
	return v
}

// MaybeInt tells NULL from 0.
func (s *cursor) MaybeInt() (v int64, ok bool) {
	switch b := s.next(); len(b) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b))), true
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b))), true
	case 8:
		return int64(binary.BigEndian.Uint64(b)), true
	}
	return 0, false
}

// Text reads a copy.
func (s *cursor) Text() string { return string(s.next()) }

// Raw reads a text that is valid until the next row.
func (s *cursor) Raw() []byte { return s.next() }

// Blob reads a copy.
func (s *cursor) Blob() []byte { return slices.Clone(s.next()) }
