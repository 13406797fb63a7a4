package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
)

const (
	// readers is how many reads run at once; more wait. All their connections are opened with the
	// store: each has three files, and later there may be no descriptor left for them. Of them
	// operatorReaders may be reads of operators, who ask for long lists: devices never wait behind
	// them.
	readers, operatorReaders = 8, 4
	// The page caches, in KiB: 64 MiB for the writer and 8 MiB for each reader. A connection of a
	// 32-bit program has 32 MiB for everything, so its writer has a cache of 16 MiB.
	writerCache, readerCache = 16 << 10 << (2 * (bits.UintSize / 64)), 8 << 10
	// checkpointPages is how long the log grows, 32 MiB, before the commit that crosses it folds it
	// into the file. Longer, and that commit is late; shorter, and the same page is folded too
	// often. Measured in docs/adr/0002.
	checkpointPages = 8192
	// busy is how long a statement waits for a lock. Inside one process only opening and recovering
	// take locks that others wait for.
	busy = 10 * time.Second
)

// Store is an open database file. The caller makes sure that no second process opens the same file.
type Store struct {
	path   string
	files  string      // the name of the file system
	file   fs.FileInfo // of the file that was opened
	writer *conn
	keys   keys

	calls *relational.Calls
	idle  idleConns

	unregister func() // of a file system of its own; nil for none
}

// Open opens or makes the database file. It refuses, and leaves alone, a file that is damaged, that
// belongs to another program, or that a newer Drover wrote.
func Open(path string) (*Store, error) {
	registerLogVFS()
	return open(path, logVFS)
}

// OpenPlain does so, and a file that it makes has no page checksums: another program may write it.
func OpenPlain(path string) (*Store, error) {
	registerLogVFS()
	return openAs(path, logVFS, true)
}

// OpenOn opens a store whose files are those of another file system, such as one that fails. It stays
// registered until the store is closed: SQLite asks for it by its name.
func OpenOn(path string, files vfs.VFS) (*Store, error) {
	name := fmt.Sprintf("drover-on-%d", openedOn.Add(1))
	vfs.Register(name, logFiles{files})
	s, err := open(path, name)
	if err != nil {
		vfs.Unregister(name)
		return nil, err
	}
	s.unregister = func() { vfs.Unregister(name) }
	return s, nil
}

// openedOn numbers the file systems of OpenOn.
var openedOn atomic.Int64

// open opens the database file in a file system that is registered.
func open(path, files string) (*Store, error) { return openAs(path, files, false) }

func openAs(path, files string, plain bool) (*Store, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	if err := inspect(path); err != nil {
		return nil, err
	}
	writer, err := connectOn(files, path, writerCache)
	if err != nil {
		return nil, err
	}
	writer.plain = plain
	s := &Store{
		path:   path,
		files:  files,
		writer: writer,
		calls:  relational.NewCalls(readers, operatorReaders),
	}
	if err := s.prepare(); err != nil {
		_ = errors.Join(s.idle.close(), writer.close())
		return nil, err
	}
	return s, nil
}

// prepare brings the file to the newest schema, reads what the store has in memory, and opens the
// readers.
func (s *Store) prepare() (err error) {
	if err := s.writer.migrate(s.path); err != nil {
		return err
	}
	if err := s.keys.load(s.writer); err != nil {
		return fmt.Errorf("open %s: %w", s.path, err)
	}
	if err := makePrivate(s.path); err != nil {
		return err
	}
	if s.file, err = os.Stat(s.path); err != nil {
		return err
	}
	return s.openReaders()
}

// openReaders opens the connections for reading. SQLite opens the log and its index with the first
// statement, so each of them runs one.
func (s *Store) openReaders() error {
	for range readers {
		c, err := connectOn(s.files, s.path, readerCache)
		if err != nil {
			return err
		}
		s.idle.put(c)
		err = c.read(func() error {
			_, err := c.number(countTables)
			return err
		})
		if err != nil {
			return fmt.Errorf("open %s: %w", s.path, err)
		}
	}
	return nil
}

// connect opens one connection. It changes nothing in the file.
func connect(path string, cache int) (*conn, error) {
	registerLogVFS()
	return connectOn(logVFS, path, cache)
}

func connectOn(files, path string, cache int) (*conn, error) {
	return connectWith(files, path, cache, "")
}

// connectWith runs more SQL before anything else.
func connectWith(files, path string, cache int, first string) (*conn, error) {
	name := url.URL{
		Scheme:   "file",
		OmitHost: true,
		Path:     filepath.ToSlash(path),
		RawQuery: "vfs=" + files,
	}
	db, err := sqlite3.OpenFlags(
		name.String(), sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE|sqlite3.OPEN_URI)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	c := &conn{path: path, db: db, statements: map[string]*stmt{}}
	settings := first + fmt.Sprintf(
		"PRAGMA synchronous = FULL; PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY", cache)
	err = errors.Join(
		db.BusyTimeout(busy), db.WALAutoCheckpoint(checkpointPages), db.Exec(settings))
	if err != nil {
		_ = c.close()
		if errors.Is(err, sqlite3.IOERR_DATA) {
			return nil, damaged(path, err)
		}
		return nil, fmt.Errorf("%s is damaged or not a database: %w", path, err)
	}
	return c, nil
}

// Read calls f with the state of the last commit. ctx bounds the wait for a connection, and says
// whether an operator asks.
func (s *Store) Read(ctx context.Context, f func(store.Reader) error) error {
	return s.calls.Read(ctx, func() error {
		c := s.idle.take() // there is one for every read that runs
		defer s.idle.put(c)
		return c.read(func() error { return f(relational.NewReader(db{c, &s.keys})) })
	})
}

// db is a relational.DB: a connection in a transaction.
type db struct {
	*conn
	keys *keys
}

// LastJoined looks at the counter in memory.
func (d db) LastJoined() (int64, error) { return d.keys.Last[relational.JoinedKey].Load(), nil }

// idleConns are the open connections that nobody reads through. The one that was used last is taken
// first: its page cache is warm, and those of the others stay empty.
type idleConns struct {
	mu    sync.Mutex
	conns []*conn
}

// take returns a connection, nil when none is idle.
func (i *idleConns) take() *conn {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.conns) == 0 {
		return nil
	}
	c := i.conns[len(i.conns)-1]
	i.conns = i.conns[:len(i.conns)-1]
	return c
}

func (i *idleConns) put(c *conn) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.conns = append(i.conns, c)
}

// close closes the connections that are idle.
func (i *idleConns) close() (err error) {
	for c := i.take(); c != nil; c = i.take() {
		err = errors.Join(err, c.close())
	}
	return err
}

// read runs f in one read transaction.
func (c *conn) read(f func() error) error {
	if err := c.exec("BEGIN"); err != nil {
		return err
	}
	defer func() { _ = c.exec("ROLLBACK") }() // nothing was written
	return f()
}

// Write calls f alone and commits what it applied. ctx bounds the wait for the turn.
func (s *Store) Write(ctx context.Context, f func(store.Tx) error) error {
	return s.calls.Write(ctx, func() error {
		t := relational.NewTx(db{s.writer, &s.keys}, &s.keys)
		return s.writer.write(func() error {
			if err := f(t); err != nil {
				return err
			}
			if err := t.Failed(); err != nil {
				return err
			}
			return s.keys.reserve(s.writer)
		}, s.keys.reserved)
	})
}

// write runs f in one write transaction and commits it, unless f fails or panics.
func (c *conn) write(f func() error, committed func()) error {
	if err := c.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if !c.db.GetAutocommit() { // not committed, and SQLite has not given up by itself
			_ = c.exec("ROLLBACK")
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if err := c.exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed()
	return nil
}

const countTables = `SELECT count(*) FROM sqlite_schema`

const listTables = `SELECT name FROM sqlite_schema WHERE type = 'table'
	AND name NOT IN ('counter', 'setting')`

// Reset removes everything but secrets. Keys go on growing.
func (s *Store) Reset(ctx context.Context) error {
	return s.calls.Write(ctx, func() error {
		return s.writer.write(func() error {
			var tables []string
			list := s.writer.stmt(listTables)
			for list.Row() {
				tables = append(tables, list.Text())
			}
			if err := list.End(); err != nil {
				return err
			}
			for _, table := range tables {
				err := s.writer.exec("DELETE FROM " + sqlite3.QuoteIdentifier(table))
				if err != nil {
					return err
				}
			}
			return s.writer.exec(relational.EmptySettings)
		}, func() {})
	})
}

// Close waits for running functions, folds the log into the file and closes it.
func (s *Store) Close() error {
	if !s.calls.Close() {
		return nil
	}
	if s.unregister != nil {
		defer s.unregister()
	}
	return errors.Join(s.keys.giveBack(s.writer), s.idle.close(), s.writer.close())
}
