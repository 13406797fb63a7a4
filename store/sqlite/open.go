package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/store"
)

const (
	// readers is how many reads run at once; more wait. A connection is opened when it is first
	// needed. Of them operatorReaders may be reads of operators, who ask for long lists: devices
	// never wait behind them.
	readers, operatorReaders = 8, 4
	// The page caches, in KiB. Each connection has its own.
	writerCache, readerCache = 64 << 10, 8 << 10
	// checkpointPages is how long the log grows, 32 MiB, before the commit that crosses it folds it
	// into the file. Longer, and that commit is late; shorter, and the same page is folded too
	// often. Measured in docs/adr/0002.
	checkpointPages = 8192
	// busy is how long a statement waits for a lock. Inside one process only opening and recovering
	// take locks that others wait for.
	busy = 10 * time.Second
)

// ErrClosed says that the store was closed.
var ErrClosed = errors.New("store is closed")

// Store is an open database file. The caller makes sure that no second process opens the same file.
type Store struct {
	path   string
	file   fs.FileInfo // of the file that was opened
	writer *conn
	turn   chan struct{} // holds the one right to use writer
	keys   keys

	reading   chan struct{} // a token for each read that runs
	operators chan struct{} // a token for each of them that is an operator's
	idle      idleConns

	life    sync.Mutex
	closed  bool
	running sync.WaitGroup
}

// Open opens or makes the database file. It refuses, and leaves alone, a file that is damaged, that
// belongs to another program, or that a newer Drover wrote.
func Open(path string) (*Store, error) {
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	writer, err := connect(path, writerCache)
	if err != nil {
		return nil, err
	}
	s := &Store{
		path:      path,
		writer:    writer,
		turn:      make(chan struct{}, 1),
		reading:   make(chan struct{}, readers),
		operators: make(chan struct{}, operatorReaders),
	}
	if err := s.prepare(); err != nil {
		_ = writer.close()
		return nil, err
	}
	s.turn <- struct{}{}
	return s, nil
}

// prepare brings the file to the newest schema and reads what the store has in memory.
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
	s.file, err = os.Stat(s.path)
	return err
}

// connect opens one connection. It changes nothing in the file.
func connect(path string, cache int) (*conn, error) {
	registerLogVFS()
	name := url.URL{
		Scheme:   "file",
		OmitHost: true,
		Path:     filepath.ToSlash(path),
		RawQuery: "vfs=" + logVFS,
	}
	db, err := sqlite3.OpenFlags(
		name.String(), sqlite3.OPEN_READWRITE|sqlite3.OPEN_CREATE|sqlite3.OPEN_URI)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	c := &conn{db: db, statements: map[string]*stmt{}}
	settings := fmt.Sprintf(
		"PRAGMA synchronous = FULL; PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY", cache)
	err = errors.Join(
		db.BusyTimeout(busy), db.WALAutoCheckpoint(checkpointPages), db.Exec(settings))
	if err != nil {
		_ = c.close()
		return nil, fmt.Errorf("%s is damaged or not a database: %w", path, err)
	}
	return c, nil
}

// Read calls f with the state of the last commit. ctx bounds the wait for a connection, and says
// whether an operator asks.
func (s *Store) Read(ctx context.Context, f func(store.Reader) error) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.running.Done()
	if store.IsForOperator(ctx) {
		if err := enter(ctx, s.operators); err != nil {
			return err
		}
		defer func() { <-s.operators }()
	}
	if err := enter(ctx, s.reading); err != nil {
		return err
	}
	defer func() { <-s.reading }()
	c := s.idle.take()
	if c == nil {
		opened, err := connect(s.path, readerCache)
		if err != nil {
			return err
		}
		c = opened
	}
	defer s.idle.put(c)
	return c.read(func() error { return f(reader{c, &s.keys}) })
}

// enter waits until a channel takes a token.
func enter(ctx context.Context, tokens chan<- struct{}) error {
	select {
	case tokens <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// idleConns are the open connections that nobody reads through. The one that was used last is taken
// first: its page cache is warm, and no more are opened than read at once.
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
	return s.exclusive(ctx, func() error {
		t := &tx{reader: reader{s.writer, &s.keys}}
		return s.writer.write(func() error {
			if err := f(t); err != nil {
				return err
			}
			if t.failed != nil {
				return t.failed
			}
			return s.keys.reserve(s.writer)
		}, s.keys.reserved)
	})
}

// exclusive calls f when the writer is free.
func (s *Store) exclusive(ctx context.Context, f func() error) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.running.Done()
	select {
	case <-s.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.turn <- struct{}{} }()
	return f()
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

// begin registers a call, so that Close waits for it.
func (s *Store) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.life.Lock()
	defer s.life.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.running.Add(1)
	return nil
}

const listTables = `SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'counter'`

// Reset removes everything. Keys go on growing.
func (s *Store) Reset(ctx context.Context) error {
	return s.exclusive(ctx, func() error {
		return s.writer.write(func() error {
			tables, err := all(s.writer.stmt(listTables), (*stmt).getText)
			if err != nil {
				return err
			}
			return each(tables, func(table string) error {
				return s.writer.exec("DELETE FROM " + sqlite3.QuoteIdentifier(table))
			})
		}, func() {})
	})
}

// Close waits for running functions, folds the log into the file and closes it.
func (s *Store) Close() error {
	s.life.Lock()
	closed := s.closed
	s.closed = true
	s.life.Unlock()
	if closed {
		return nil
	}
	s.running.Wait()
	err := s.keys.giveBack(s.writer)
	for c := s.idle.take(); c != nil; c = s.idle.take() {
		err = errors.Join(err, c.close())
	}
	return errors.Join(err, s.writer.close())
}
