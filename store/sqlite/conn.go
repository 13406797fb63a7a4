package sqlite

import (
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
)

// conn is one connection with its prepared statements, for one goroutine at a time.
type conn struct {
	path       string // of the database file
	plain      bool   // a file that is made gets no page checksums
	db         *sqlite3.Conn
	statements map[string]*stmt
}

// stmt is a prepared statement: a relational.Cursor. bound and column are the parameter that was
// bound and the column that was read last.
type stmt struct {
	*sqlite3.Stmt
	path   string // of the database file
	db     *sqlite3.Conn
	bound  int
	column int
	err    error
}

// stmt returns the statement, ready to be bound. It is prepared once for each connection.
func (c *conn) stmt(sql string) *stmt {
	s := c.statements[sql]
	if s == nil {
		prepared, _, err := c.db.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
		if err != nil {
			return &stmt{err: fmt.Errorf("prepare %q: %w", sql, damaged(c.path, err))}
		}
		s = &stmt{Stmt: prepared, path: c.path, db: c.db}
		c.statements[sql] = s
	}
	s.bound, s.err = 0, nil
	return s
}

// Prepare implements relational.DB.
func (c *conn) Prepare(sql string) relational.Cursor { return c.stmt(sql) }

// RewritesIndexes implements relational.DB.
func (c *conn) RewritesIndexes() bool { return true }

func (c *conn) exec(sql string) error { return c.stmt(sql).Run() }

// number runs a query that answers one number.
func (c *conn) number(sql string) (n int64, err error) {
	s := c.stmt(sql)
	if s.Row() {
		n = s.Int()
	}
	return n, s.End()
}

func (c *conn) close() error {
	for _, s := range c.statements {
		_ = s.Close() // repeats the last error of a statement, which was returned already
	}
	return c.db.Close()
}

// Fail keeps the first error.
func (s *stmt) Fail(err error) {
	if s.err == nil && err != nil {
		s.err = err
	}
}

// BindInt and the like bind the next parameter.
func (s *stmt) BindInt(v int64) {
	s.bound++
	if s.err == nil {
		s.Fail(s.BindInt64(s.bound, v))
	}
}

func (s *stmt) BindNull() {
	s.bound++
	if s.err == nil {
		s.Fail(s.Stmt.BindNull(s.bound))
	}
}

func (s *stmt) BindText(v string) {
	s.bound++
	if s.err == nil {
		s.Fail(s.Stmt.BindText(s.bound, v))
	}
}

func (s *stmt) BindBlob(v []byte) {
	s.bound++
	if s.err == nil {
		s.Fail(s.Stmt.BindBlob(s.bound, v))
	}
}

// Run executes a statement that returns no rows.
func (s *stmt) Run() error {
	if s.err != nil {
		return s.err
	}
	return damaged(s.path, s.Exec())
}

// Change executes an insert, update or delete of one row. ErrConflict means that it was in the way
// of another row, none is the error when there was none to change.
func (s *stmt) Change(none error) error {
	err := s.Run()
	switch {
	case errors.Is(err, sqlite3.CONSTRAINT):
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case err == nil && s.db.Changes() == 0:
		return none
	}
	return err
}

// Row steps to the next row.
func (s *stmt) Row() bool {
	s.column = -1
	return s.err == nil && s.Step()
}

// End ends a query and returns its first error.
func (s *stmt) End() error {
	if s.Stmt != nil {
		s.Fail(damaged(s.path, s.Err()))
		s.Fail(damaged(s.path, s.Reset()))
	}
	return s.err
}

// Int and the like read the next column.
func (s *stmt) Int() int64 {
	s.column++
	return s.ColumnInt64(s.column)
}

// MaybeInt tells NULL from 0.
func (s *stmt) MaybeInt() (v int64, ok bool) {
	s.column++
	if s.ColumnType(s.column) == sqlite3.NULL {
		return 0, false
	}
	return s.ColumnInt64(s.column), true
}

// Text reads a copy.
func (s *stmt) Text() string {
	s.column++
	return s.ColumnText(s.column)
}

// Raw reads a text that is valid until the next row.
func (s *stmt) Raw() []byte {
	s.column++
	return s.ColumnRawText(s.column)
}

// Blob reads a copy.
func (s *stmt) Blob() []byte {
	s.column++
	return s.ColumnBlob(s.column, nil)
}
