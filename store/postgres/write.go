package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
)

// Write calls f alone, on all nodes, and commits what it applied. ctx bounds the wait for the turn
// of this node; the wait for other nodes is bounded by patience.
func (s *Store) Write(ctx context.Context, f func(store.Tx) error) error {
	return s.exclusive(ctx, func(c *conn) error {
		t := tx{relational.NewTx(c, &s.keys), c}
		if err := f(t); err != nil {
			return err
		}
		return t.Failed()
	})
}

// savepoint stands before everything that f does. A write that is given up goes back to it, and
// still commits the counters of the keys that it was given.
const savepoint = "given"

// commit ends a transaction. PostgreSQL answers it with ROLLBACK, and no error, when an earlier
// statement has failed; see conn.send.
const commit = "COMMIT"

// exclusive calls f in a transaction when this node may write. Whoever has the lock of the writers
// sees all earlier commits: each statement has a snapshot of its own.
func (s *Store) exclusive(ctx context.Context, f func(*conn) error) error {
	return s.calls.Write(ctx, func() error {
		if err := s.silence.refuse(); err != nil {
			return err
		}
		c, err := s.beginWrite(ctx)
		if err != nil {
			return s.silence.note(err)
		}
		defer func() { _ = c.rollback() }() // what was not committed, also after a panic
		return s.silence.note(s.transaction(c, f))
	})
}

// beginWrite begins a transaction that has the lock of the writers. When the connection broke after
// the last write, that is noticed here, before anything is decided, and a new one is made.
func (s *Store) beginWrite(ctx context.Context) (*conn, error) {
	known := s.writer != nil
	if err := s.connectWriter(ctx); err != nil {
		return nil, named(err) // for a request, a database in use is one that is away
	}
	c := s.on(s.writer)
	c.lastJoined = s.keys.lastJoined
	c.queue(
		"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
		"SELECT pg_advisory_xact_lock("+strconv.FormatInt(s.lock, 10)+")",
		"SAVEPOINT "+savepoint)
	err := s.keys.load(c)
	switch {
	case err == nil:
		return c, nil
	case known && s.writer.IsClosed() && !pgconn.Timeout(err): // a wait was long enough
		s.closeWriter()
		return s.beginWrite(ctx)
	}
	_ = c.rollback()
	return nil, err
}

// transaction calls f in the transaction that has begun, and commits it.
func (s *Store) transaction(c *conn, f func(*conn) error) error {
	err := f(c)
	if err == nil {
		err = c.flush()
	}
	if err != nil {
		s.giveUp(c)
		return err
	}
	s.keys.save(c)
	if c.wakes {
		s.wakeOthers(c)
	}
	if err := c.exec(commit); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// giveUp undoes what was written and commits the counters. When that fails, this node knows its
// keys nevertheless, and a node that ends does not remember what it did with them.
func (s *Store) giveUp(c *conn) {
	c.waiting, c.err = c.waiting[:0], nil
	if c.exec("ROLLBACK TO SAVEPOINT "+savepoint) == nil {
		s.keys.save(c)
		_ = c.exec(commit)
	}
}

const listTables = `SELECT quote_ident(tablename) FROM pg_tables
	WHERE schemaname = current_schema()
	AND tablename NOT IN ('counter', 'schema_version', 'setting')`

// Reset removes everything but secrets. Keys go on growing.
func (s *Store) Reset(ctx context.Context) error {
	return s.exclusive(ctx, func(c *conn) error {
		var tables []string
		list := c.Prepare(listTables)
		for list.Row() {
			tables = append(tables, list.Text())
		}
		if err := list.End(); err != nil {
			return err
		}
		for _, table := range tables {
			c.queue("TRUNCATE " + table)
		}
		c.queue(relational.EmptySettings)
		return nil
	})
}
