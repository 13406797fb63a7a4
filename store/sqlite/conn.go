package sqlite

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store"
)

// conn is one connection with its prepared statements, for one goroutine at a time.
type conn struct {
	db         *sqlite3.Conn
	statements map[string]*stmt
}

// stmt is a prepared statement. Its parameters are bound and its columns are read in the order they
// stand in the SQL; the first error stays and comes out at the end.
type stmt struct {
	*sqlite3.Stmt
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
			return &stmt{err: fmt.Errorf("prepare %q: %w", sql, err)}
		}
		s = &stmt{Stmt: prepared, db: c.db}
		c.statements[sql] = s
	}
	s.bound, s.err = 0, nil
	return s
}

func (c *conn) exec(sql string) error { return c.stmt(sql).run() }

func (c *conn) close() error {
	for _, s := range c.statements {
		_ = s.Close() // repeats the last error of a statement, which was returned already
	}
	return c.db.Close()
}

// fail keeps the first error.
func (s *stmt) fail(err error) {
	if s.err == nil && err != nil {
		s.err = err
	}
}

func (s *stmt) int(v int64) *stmt {
	s.bound++
	if s.err == nil {
		s.fail(s.BindInt64(s.bound, v))
	}
	return s
}

func (s *stmt) null() *stmt {
	s.bound++
	if s.err == nil {
		s.fail(s.BindNull(s.bound))
	}
	return s
}

func (s *stmt) text(v string) *stmt {
	s.bound++
	if s.err == nil {
		s.fail(s.BindText(s.bound, v))
	}
	return s
}

func (s *stmt) blob(v []byte) *stmt {
	s.bound++
	if s.err == nil {
		s.fail(s.BindBlob(s.bound, v))
	}
	return s
}

func (s *stmt) bool(v bool) *stmt {
	if v {
		return s.int(1)
	}
	return s.int(0)
}

// time binds milliseconds; the zero time is a number like any other.
func (s *stmt) time(v time.Time) *stmt { return s.int(v.UnixMilli()) }

// maybeTime binds NULL for the zero time.
func (s *stmt) maybeTime(v time.Time) *stmt {
	if v.IsZero() {
		return s.null()
	}
	return s.time(v)
}

// maybeText binds NULL for the empty text.
func (s *stmt) maybeText(v string) *stmt {
	if v == "" {
		return s.null()
	}
	return s.text(v)
}

// maybeInt binds NULL for 0.
func (s *stmt) maybeInt(v int64) *stmt {
	if v == 0 {
		return s.null()
	}
	return s.int(v)
}

// maybeBlob binds NULL for no bytes.
func (s *stmt) maybeBlob(v []byte) *stmt {
	if len(v) == 0 {
		return s.null()
	}
	return s.blob(v)
}

func (s *stmt) json(v any) *stmt {
	text, err := json.Marshal(v)
	s.fail(err)
	return s.text(string(text))
}

// maybeMap binds a map as JSON, NULL when it is empty.
func (s *stmt) maybeMap(v map[string]string) *stmt {
	if len(v) == 0 {
		return s.null()
	}
	return s.json(v)
}

// limit binds a LIMIT. SQLite takes a negative one for none at all.
func (s *stmt) limit(n int) *stmt { return s.int(int64(max(n, 0))) }

// run executes a statement that returns no rows.
func (s *stmt) run() error {
	if s.err != nil {
		return s.err
	}
	return s.Exec()
}

// change executes an insert, update or delete of one row. ErrConflict means that it was in the way
// of another row, or that there was none to change.
func (s *stmt) change() error {
	err := s.run()
	switch {
	case errors.Is(err, sqlite3.CONSTRAINT):
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case err == nil && s.db.Changes() == 0:
		return store.ErrConflict
	}
	return err
}

// row steps to the next row.
func (s *stmt) row() bool {
	s.column = -1
	return s.err == nil && s.Step()
}

// end ends a query and returns its first error.
func (s *stmt) end() error {
	if s.Stmt != nil {
		s.fail(s.Err())
		s.fail(s.Reset())
	}
	return s.err
}

func (s *stmt) getInt() int64 {
	s.column++
	return s.ColumnInt64(s.column)
}

func (s *stmt) getBool() bool { return s.getInt() != 0 }

func (s *stmt) getText() string {
	s.column++
	return s.ColumnText(s.column)
}

func (s *stmt) getBlob() []byte {
	s.column++
	return s.ColumnBlob(s.column, nil)
}

func (s *stmt) getTime() time.Time { return time.UnixMilli(s.getInt()).UTC() }

func (s *stmt) getMaybeTime() time.Time {
	s.column++
	if s.ColumnType(s.column) == sqlite3.NULL {
		return time.Time{}
	}
	return time.UnixMilli(s.ColumnInt64(s.column)).UTC()
}

func (s *stmt) getJSON(v any) {
	s.column++
	if text := s.ColumnRawText(s.column); text != nil {
		s.fail(json.Unmarshal(text, v))
	}
}

// one returns the first row of a query, ErrNotFound without one.
func one[T any](s *stmt, scan func(*stmt) T) (found T, err error) {
	ok := s.row()
	if ok {
		found = scan(s)
	}
	if err := s.end(); err != nil {
		var none T
		return none, err
	}
	if !ok {
		return found, store.ErrNotFound
	}
	return found, nil
}

// all returns the rows of a query.
func all[T any](s *stmt, scan func(*stmt) T) (found []T, err error) {
	for s.row() {
		found = append(found, scan(s))
	}
	return found, s.end()
}

// each calls f for every change, up to the first error.
func each[T any](changes []T, f func(T) error) error {
	for _, change := range changes {
		if err := f(change); err != nil {
			return err
		}
	}
	return nil
}
