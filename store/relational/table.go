package relational

import (
	"fmt"
	"iter"
	"strings"
)

// A store can be copied into another one table by table, because all stores on SQL databases have
// the same tables. Which these are is read from the catalog of the embedded store, so that no table
// is written down a second time.

// Counters is the table of what keys were handed out. A row is a kind of key and a bound that no key
// of it is above. It is the one table that a store without data may have rows in.
const Counters = "counter"

// A Table is one table of the schema.
type Table struct {
	Name    string
	Columns []Column
	Key     []string // the columns of the primary key
}

// A Column is one of those of a table.
type Column struct {
	Name string
	Kind Kind
}

// Kind is what the values of a column are. Each may be NULL instead.
type Kind string

// The kinds of column, by the names that SQLite has for them.
const (
	Integer Kind = "INTEGER"
	Text    Kind = "TEXT"
	Blob    Kind = "BLOB"
)

// A Row is the values of a row, in the order of the columns: int64 for an Integer, []byte for a Text
// or Blob, nil for NULL. It is valid until the next row is read.
type Row []any

// Rows are rows as they come, the last of them perhaps an error.
type Rows = iter.Seq2[Row, error]

// Names are the names of the columns.
func (t Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// Select reads all rows in the order of the key. Texts are compared byte by byte in every store, so
// the order is the same in all of them.
func (t Table) Select() string {
	return fmt.Sprintf("SELECT %s FROM %s ORDER BY %s",
		quoted(t.Names()), Quote(t.Name), quoted(t.Key))
}

// Insert adds a row.
func (t Table) Insert() string {
	marks := strings.Repeat(", ?", len(t.Columns))[2:]
	return fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", Quote(t.Name), quoted(t.Names()), marks)
}

// Count counts the rows.
func (t Table) Count() string { return "SELECT count(*) FROM " + Quote(t.Name) }

// Any is whether there are rows, 1 or 0.
func (t Table) Any() string {
	return fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT 1) AS found", Quote(t.Name))
}

// Delete removes all rows.
func (t Table) Delete() string { return "DELETE FROM " + Quote(t.Name) }

// Quote is a name as it stands in a statement.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoted(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = Quote(name)
	}
	return strings.Join(list, ", ")
}

// At says for people where a row is: table membership, row thing_group=7 name="pump-07".
func (t Table) At(row Row) string {
	where := "table " + t.Name + ", row"
	for _, key := range t.Key {
		for i, c := range t.Columns {
			if c.Name != key {
				continue
			}
			format := " %s=%v"
			if _, isBytes := row[i].([]byte); isBytes {
				format = " %s=%q"
			}
			where += fmt.Sprintf(format, key, row[i])
		}
	}
	return where
}

// NotEmpty is the error for a store that must have no data and has.
func NotEmpty(store string, t Table) error {
	return fmt.Errorf("%s has data already: there are rows in its table %s. "+
		"A copy needs an empty store", store, t.Name)
}
