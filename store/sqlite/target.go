package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/store/relational"
)

// Target is a new file that a store is copied into. It is written beside the place where it will be,
// without a journal, and gets its name when it is whole: whenever the copy ends before, however it
// ends, that place is as it was.
//
// Indexes and triggers are made last. An index is made much faster of all rows than row by row, and
// what triggers write is copied like everything else.
type Target struct {
	c     *conn
	path  string
	later []string // the statements that make the indexes and triggers
}

// partSuffix is what the name of a file has behind it until it is whole.
const partSuffix = ".copying"

// OpenTarget begins a file at a path where there is none, an empty one, or a store without data.
// The caller makes sure that no other process opens it. ctx bounds all that is written.
func OpenTarget(ctx context.Context, path string, tables []relational.Table) (*Target, error) {
	given, err := counters(path, tables)
	if err != nil {
		return nil, err
	}
	part := path + partSuffix
	if err := removePart(part); err != nil { // of a copy that was killed
		return nil, err
	}
	if err := createPrivate(part); err != nil {
		return nil, err
	}
	t := &Target{path: path}
	if t.c, err = connect(part, writerCache); err != nil {
		return nil, errors.Join(err, removePart(part))
	}
	if err := t.begin(ctx, part, given); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// counters returns what keys a store at a path has handed out. It refuses one that has data.
func counters(path string, tables []relational.Table) (given map[int64]int64, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		// SQLite would take the log of a file that is gone for that of the new one.
		if _, err := os.Stat(path + "-wal"); err == nil {
			return nil, fmt.Errorf(
				"%s is missing, and its log %s-wal is there: remove that, or put the file back", path, path)
		}
		return nil, nil
	}
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	c, err := connect(path, readerCache)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	version, err := c.knownVersion(path)
	if err != nil || version == 0 {
		return nil, err
	}
	if version < len(migrations) {
		return nil, fmt.Errorf("%s is a store of an earlier Drover: name a file that is not there", path)
	}
	for _, t := range tables {
		if t.Name == relational.Counters {
			continue
		}
		if any, err := c.number(t.Any()); err != nil || any > 0 {
			return nil, errors.Join(err, relational.NotEmpty(path, t))
		}
	}
	given = map[int64]int64{}
	s := c.stmt(loadCounters)
	for s.Row() {
		kind, last := s.Int(), s.Int()
		given[kind] = last
	}
	return given, s.End()
}

// selectLater finds the indexes and triggers of a file; the indexes of keys have no statement.
const selectLater = `SELECT type, name, sql FROM sqlite_schema
	WHERE type IN ('index', 'trigger') AND sql IS NOT NULL`

// begin makes the tables and begins the transaction of the copy.
func (t *Target) begin(ctx context.Context, part string, given map[int64]int64) error {
	if err := t.c.migrate(part); err != nil {
		return err
	}
	t.c.db.SetInterrupt(ctx)
	// To sort the rows of an index takes files where there is no memory for it.
	for _, sql := range []string{
		"PRAGMA journal_mode = OFF", "PRAGMA temp_store = FILE", "BEGIN IMMEDIATE",
	} {
		if err := t.c.db.Exec(sql); err != nil {
			return err
		}
	}
	for kind, last := range given {
		s := t.c.stmt(saveCounter)
		s.BindInt(kind)
		s.BindInt(last)
		if err := s.Run(); err != nil {
			return err
		}
	}
	var drops []string
	s := t.c.stmt(selectLater)
	for s.Row() {
		kind, name := s.Text(), s.Text()
		drops = append(drops, "DROP "+kind+" "+relational.Quote(name))
		t.later = append(t.later, s.Text())
	}
	if err := s.End(); err != nil {
		return err
	}
	for _, sql := range drops {
		if err := t.c.db.Exec(sql); err != nil {
			return err
		}
	}
	return nil
}

// Count is how many rows a table has.
func (t *Target) Count(_ context.Context, table relational.Table) (int64, error) {
	return t.c.number(table.Count())
}

// Rows are the rows of a table, in the order of its key.
func (t *Target) Rows(_ context.Context, table relational.Table) relational.Rows {
	return t.c.rows(table)
}

// Fill replaces the rows of a table.
func (t *Target) Fill(_ context.Context, table relational.Table, rows relational.Rows) error {
	if err := t.c.exec(table.Delete()); err != nil {
		return err
	}
	insert := t.c.stmt(table.Insert())
	for row, err := range rows {
		if err != nil {
			return err
		}
		insert.bound = 0
		for i, v := range row {
			insert.bindValue(v, table.Columns[i].Kind)
		}
		if err := insert.Run(); err != nil {
			return fmt.Errorf("%s: %w", table.At(row), err)
		}
	}
	return nil
}

// bindValue binds the next parameter to a value of a row.
func (s *stmt) bindValue(v any, kind relational.Kind) {
	switch v := v.(type) {
	case nil:
		s.BindNull()
	case int64:
		s.BindInt(v)
	case []byte:
		if kind == relational.Text {
			s.BindText(string(v))
			return
		}
		s.BindBlob(v)
	}
}

// Commit makes the indexes and triggers, and gives the file its name.
func (t *Target) Commit(context.Context) error {
	for _, sql := range append(t.later, "COMMIT") {
		if err := t.c.db.Exec(sql); err != nil {
			return fmt.Errorf("finish %s: %w", t.path, err)
		}
	}
	part := t.path + partSuffix
	c := t.c
	t.c = nil
	err := errors.Join(c.close(), syncFile(part))
	if err == nil {
		err = os.Rename(part, t.path)
	}
	if err != nil {
		return errors.Join(err, removePart(part))
	}
	return disk.SyncDir(filepath.Dir(t.path))
}

// Close gives up what was not committed.
func (t *Target) Close() error {
	if t.c == nil {
		return nil
	}
	c := t.c
	t.c = nil
	c.db.SetInterrupt(context.Background())
	_ = c.close() // without a journal nothing can be undone, and the file goes
	return removePart(t.path + partSuffix)
}

// removePart removes a file that is not whole, and what SQLite made beside it.
func removePart(part string) (err error) {
	for _, name := range []string{part, part + "-wal", part + "-shm"} {
		if e := os.Remove(name); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// syncFile has a file written to stable storage.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
