package relational

import (
	"encoding/json"
	"time"

	"github.com/drover-iot/drover/store"
)

// A DB is a transaction of a database, or a connection of it. The statements that it prepares are
// those of SQLite: parameters are ? or ?1, hints to the planner are INDEXED BY and CROSS JOIN, and
// all else is what SQLite and PostgreSQL have in common. A database with another syntax translates
// the parameters and leaves the hints out.
type DB interface {
	// Prepare returns a statement, ready to be bound. It is used up before the next one is prepared
	// from the same text.
	Prepare(sql string) Cursor
	// LastJoined is store.Reader.LastJoined.
	LastJoined() (int64, error)
	// RewritesIndexes reports whether an UPDATE costs the entries of all indexes whose columns it
	// names, also of those that stay as they were.
	RewritesIndexes() bool
}

// A Cursor is a statement with its parameters and its rows. Parameters are bound and columns are
// read in the order in which they stand in the SQL. The first error stays, makes everything after
// it do nothing, and comes out at the end.
type Cursor interface {
	BindInt(int64)
	BindText(string)
	BindBlob([]byte)
	BindNull()

	// Run executes a statement that returns no rows. Change is the same for one that must concern a
	// row: none is the error when it does not. store.ErrConflict means that it was in the way of
	// another row. A database may find out later in the transaction.
	Run() error
	Change(none error) error

	// Row steps to the next row, false at the end. End ends a query and returns its first error.
	Row() bool
	End() error
	Fail(error) // keeps the first error

	// Int, Text and Blob read a column: 0, "" and nil for NULL. MaybeInt says whether there is a
	// value. Raw is a text that is valid until the next row.
	Int() int64
	MaybeInt() (v int64, ok bool)
	Text() string
	Raw() []byte
	Blob() []byte
}

// stmt binds and reads what the store keeps: times as milliseconds, maps and small structures as
// JSON.
type stmt struct{ Cursor }

func (s stmt) int(v int64) stmt   { s.BindInt(v); return s }
func (s stmt) text(v string) stmt { s.BindText(v); return s }
func (s stmt) blob(v []byte) stmt { s.BindBlob(v); return s }
func (s stmt) null() stmt         { s.BindNull(); return s }

func (s stmt) bool(v bool) stmt {
	if v {
		return s.int(1)
	}
	return s.int(0)
}

// time binds milliseconds; the zero time is a number like any other.
func (s stmt) time(v time.Time) stmt { return s.int(v.UnixMilli()) }

// maybeTime binds NULL for the zero time.
func (s stmt) maybeTime(v time.Time) stmt {
	if v.IsZero() {
		return s.null()
	}
	return s.time(v)
}

// maybeText binds NULL for the empty text.
func (s stmt) maybeText(v string) stmt {
	if v == "" {
		return s.null()
	}
	return s.text(v)
}

// maybeInt binds NULL for 0.
func (s stmt) maybeInt(v int64) stmt {
	if v == 0 {
		return s.null()
	}
	return s.int(v)
}

// maybeBlob binds NULL for no bytes.
func (s stmt) maybeBlob(v []byte) stmt {
	if len(v) == 0 {
		return s.null()
	}
	return s.blob(v)
}

func (s stmt) json(v any) stmt {
	text, err := json.Marshal(v)
	s.Fail(err)
	return s.text(string(text))
}

// maybeJSON binds NULL when there is nothing to bind.
func (s stmt) maybeJSON(v any, there bool) stmt {
	if !there {
		return s.null()
	}
	return s.json(v)
}

// maybeMap binds a map as JSON, NULL when it is empty.
func (s stmt) maybeMap(v map[string]string) stmt {
	if len(v) == 0 {
		return s.null()
	}
	return s.json(v)
}

// limit binds a LIMIT. SQLite takes a negative one for none at all.
func (s stmt) limit(n int) stmt { return s.int(int64(max(n, 0))) }

func (s stmt) run() error    { return s.Run() }
func (s stmt) change() error { return s.Change(store.ErrConflict) }

func (s stmt) getInt() int64      { return s.Int() }
func (s stmt) getBool() bool      { return s.Int() != 0 }
func (s stmt) getText() string    { return s.Text() }
func (s stmt) getBlob() []byte    { return s.Blob() }
func (s stmt) getTime() time.Time { return time.UnixMilli(s.Int()).UTC() }

func (s stmt) getMaybeTime() time.Time {
	v, ok := s.MaybeInt()
	if !ok {
		return time.Time{}
	}
	return time.UnixMilli(v).UTC()
}

func (s stmt) getJSON(v any) {
	if text := s.Raw(); text != nil {
		s.Fail(json.Unmarshal(text, v))
	}
}

// getMap reads a map that is kept as JSON, nil for NULL. The plain form, which is what json.Marshal
// writes when no character needs an escape, is cut up directly: a report reads two such maps, and
// encoding/json would take as long for them as SQLite does for finding their rows.
func (s stmt) getMap() map[string]string {
	text := s.Raw()
	if text == nil {
		return nil
	}
	if m, ok := plainMap(text); ok {
		return m
	}
	var m map[string]string
	s.Fail(json.Unmarshal(text, &m))
	return m
}

// one returns the first row of a query, ErrNotFound without one.
func one[T any](s stmt, scan func(stmt) T) (found T, err error) {
	ok := s.Row()
	if ok {
		found = scan(s)
	}
	if err := s.End(); err != nil {
		var none T
		return none, err
	}
	if !ok {
		return found, store.ErrNotFound
	}
	return found, nil
}

// all returns the rows of a query.
func all[T any](s stmt, scan func(stmt) T) (found []T, err error) {
	for s.Row() {
		found = append(found, scan(s))
	}
	return found, s.End()
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
