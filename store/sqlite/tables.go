package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store/relational"
)

// What a copy of a store reads: the tables from the catalog, and their rows one after the other.

// Tables are the tables of the newest schema, by name. A database in memory is made and asked.
func Tables() (tables []relational.Table, err error) {
	db, err := sqlite3.Open(":memory:")
	if err != nil {
		return nil, err
	}
	c := &conn{db: db, statements: map[string]*stmt{}}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := db.Exec(strings.Join(migrations, ";\n")); err != nil {
		return nil, err
	}
	const list = `SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`
	names := c.stmt(list)
	for names.Row() {
		t, err := c.table(names.Text())
		if err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, names.End()
}

// table reads the catalog about one table.
func (c *conn) table(name string) (relational.Table, error) {
	t := relational.Table{Name: name}
	columns := c.stmt(`SELECT name, type FROM pragma_table_info(?) ORDER BY cid`)
	columns.BindText(name)
	for columns.Row() {
		t.Columns = append(t.Columns,
			relational.Column{Name: columns.Text(), Kind: relational.Kind(columns.Text())})
	}
	if err := columns.End(); err != nil {
		return t, err
	}
	key := c.stmt(`SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`)
	key.BindText(name)
	for key.Row() {
		t.Key = append(t.Key, key.Text())
	}
	return t, key.End()
}

// Source is the file of a store that no server uses, open for being copied. Nothing in it changes.
type Source struct{ c *conn }

// OpenSource opens a file. It refuses one that is not at the newest schema, which only a server
// brings it to. ctx bounds all that is read.
func OpenSource(ctx context.Context, path string) (*Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("%s is empty: there is no store in it", path)
	}
	if err := inspect(path); err != nil {
		return nil, err
	}
	c, err := connect(path, writerCache)
	if err != nil {
		return nil, err
	}
	s := &Source{c}
	if err := s.begin(ctx, path); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// begin checks the file and begins the read.
func (s *Source) begin(ctx context.Context, path string) error {
	version, err := s.c.knownVersion(path)
	if err != nil {
		return err
	}
	if version < len(migrations) {
		return fmt.Errorf("%s is at version %d of the schema, and this drover knows %d: "+
			"start this drover on it once, which brings it up, and stop it again",
			path, version, len(migrations))
	}
	s.c.db.SetInterrupt(ctx)
	return errors.Join(s.c.exec("PRAGMA query_only = ON"), s.c.exec("BEGIN"))
}

// Count is how many rows a table has.
func (s *Source) Count(_ context.Context, t relational.Table) (int64, error) {
	return s.c.number(t.Count())
}

// Rows are the rows of a table, in the order of its key.
func (s *Source) Rows(_ context.Context, t relational.Table) relational.Rows { return s.c.rows(t) }

// Close closes the file.
func (s *Source) Close() error {
	s.c.db.SetInterrupt(context.Background())
	if !s.c.db.GetAutocommit() {
		_ = s.c.exec("ROLLBACK") // nothing was written
	}
	return s.c.close()
}

// rows are the rows of a table, in the order of its key.
func (c *conn) rows(t relational.Table) relational.Rows {
	return func(yield func(relational.Row, error) bool) {
		s := c.stmt(t.Select())
		row := make(relational.Row, len(t.Columns))
		for s.Row() {
			for i, column := range t.Columns {
				row[i] = s.value(i, column.Kind)
			}
			for i, v := range row {
				if stored, wrong := v.(sqlite3.Datatype); wrong {
					s.Fail(fmt.Errorf("%s: column %s has a value of type %v",
						t.At(row), t.Columns[i].Name, stored))
				}
			}
			if s.err != nil {
				break
			}
			if !yield(row, nil) {
				_ = s.End() // the reader has an error of its own
				return
			}
		}
		if err := s.End(); err != nil {
			yield(nil, err)
		}
	}
}

// value reads a column as what it is declared as. SQLite itself stores any value in any column; the
// answer for one of another type is that type.
func (s *stmt) value(i int, kind relational.Kind) any {
	switch stored := s.ColumnType(i); {
	case stored == sqlite3.NULL:
		return nil
	case kind == relational.Integer && stored == sqlite3.INTEGER:
		return s.ColumnInt64(i)
	case kind != relational.Integer && (stored == sqlite3.BLOB || stored == sqlite3.TEXT):
		return append([]byte{}, s.ColumnRawBlob(i)...) // an empty value is not NULL, as nil would be
	default:
		return stored
	}
}
