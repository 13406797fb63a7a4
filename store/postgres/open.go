package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
)

// readers is how many reads run at once; more wait. Of them operatorReaders may be reads of
// operators, who ask for long lists: devices never wait behind them.
const readers, operatorReaders = 8, 4

// Store is a database that is open, perhaps by several nodes.
type Store struct {
	pool  *pgxpool.Pool
	lock  int64 // the advisory lock of the writers of this schema, on all nodes
	keys  keys
	calls *relational.Calls

	writer    *pgx.Conn // that writes; nil before the first write and after it broke
	writerPID atomic.Uint32
	used      bool // see Use

	trips   atomic.Int64 // see Trips
	silence silence
}

// Open opens the database at a URL, postgres://USER:PASSWORD@HOST:PORT/DATABASE, and brings its
// tables to the newest schema. They are in the first schema of the search path, which the URL may
// set with ?search_path=NAME. It refuses, and leaves alone, a database that cannot keep what is
// acknowledged, and one that a newer Drover wrote (R-NODE-2).
func Open(ctx context.Context, url string) (*Store, error) { return open(ctx, url, migrate) }

// OpenExisting opens a database that a server has used. It refuses one that is not at the newest
// schema, and changes no table.
func OpenExisting(ctx context.Context, url string) (*Store, error) {
	return open(ctx, url, func(ctx context.Context, db *pgx.Conn, _ int64) error {
		return checkVersion(ctx, db, "the database")
	})
}

// open opens a database whose tables a function brings to the newest schema, given the lock of the
// writers, or finds there.
func open(
	ctx context.Context, url string, tables func(context.Context, *pgx.Conn, int64) error,
) (*Store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errURL
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	config.ConnConfig.DialFunc = dialer.DialContext
	config.MaxConns = readers
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "drover"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s := &Store{
		pool:  pool,
		calls: relational.NewCalls(readers, operatorReaders),
	}
	if err := s.prepare(ctx, tables); err != nil {
		pool.Close()
		return nil, refusal(config.ConnConfig, err)
	}
	return s, nil
}

// dialer notices within some seconds that the other end of a connection is gone, also of one that
// waits for notifications only.
var dialer = net.Dialer{KeepAliveConfig: net.KeepAliveConfig{
	Enable:   true,
	Idle:     3 * time.Second,
	Interval: time.Second,
	Count:    4,
}}

// prepare checks the server and its tables.
func (s *Store) prepare(
	ctx context.Context, tables func(context.Context, *pgx.Conn, int64) error,
) error {
	return s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		if err := check(ctx, c.Conn()); err != nil {
			return err
		}
		lock, err := schemaLock(ctx, c.Conn())
		if err != nil {
			return err
		}
		s.lock = lock
		return tables(ctx, c.Conn(), lock)
	})
}

// lockOf is the number of the advisory lock for the tables in a schema. Locks are the database's,
// and the first half of the number says that it is Drover's.
func lockOf(schema string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(schema)) // never fails
	const drover = 0x44726f76      // "Drov"
	return drover<<32 | int64(h.Sum32())
}

// Read calls f with the state of the last commit. ctx bounds the wait for a connection, and says
// whether an operator asks.
func (s *Store) Read(ctx context.Context, f func(store.Reader) error) error {
	return s.calls.Read(ctx, func() error {
		return s.connected(ctx, func(c *conn) error {
			c.lastJoined = c.readLastJoined
			c.queue(beginRead)                  // sent with the first query
			defer func() { _ = c.rollback() }() // nothing was written
			return f(&reads{Reader: relational.NewReader(c), conn: c})
		})
	})
}

const beginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// connected calls f with a connection of its own. One that was left inside a transaction, or broke,
// is not used again.
func (s *Store) connected(ctx context.Context, f func(*conn) error) error {
	if err := s.silence.refuse(); err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pooled, err := s.pool.Acquire(waiting)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return s.silence.note(gone(err))
	}
	defer pooled.Release()
	return s.silence.note(f(s.on(pooled.Conn())))
}

// Lock is the number of the advisory lock that the writers of all nodes take turns with.
func (s *Store) Lock() int64 { return s.lock }

// Trips is how many questions this store has asked its database. What a write costs is their
// number, more than what each of them asks for.
func (s *Store) Trips() int64 { return s.trips.Load() }

// on is a conn on a connection.
func (s *Store) on(db *pgx.Conn) *conn {
	return &conn{db: db, statements: map[string]*cursor{}, trips: &s.trips}
}

// rollback gives up the transaction, if there is one.
func (c *conn) rollback() error {
	c.waiting, c.err = c.waiting[:0], nil
	if c.db.IsClosed() || c.db.PgConn().TxStatus() == 'I' {
		return nil
	}
	return c.exec("ROLLBACK")
}

// Close waits for running functions and closes the connections.
func (s *Store) Close() error {
	if !s.calls.Close() {
		return nil
	}
	s.pool.Close()
	if s.writer == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.writer.Close(ctx)
}
