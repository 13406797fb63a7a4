package postgres

import (
	"context"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The connection that writes. All writes of this node go through it, so a lock of its session is
// held by whoever writes, and by nobody else: it goes when the connection does.

// ErrCopied says that the database is being copied, or filled by a copy.
var ErrCopied = errors.New("the database is being copied; start when that is done")

// Use says that a server runs on the database, beside others perhaps: until Close it is not copied.
// It returns ErrCopied when it is. After a restart of the database a copy may be first; then writes
// fail with this error until it is done.
func (s *Store) Use(ctx context.Context) error {
	return s.calls.Write(ctx, func() error {
		s.used = true
		s.closeWriter() // one without the lock
		return s.connectWriter(ctx)
	})
}

// connectWriter makes the connection that writes when there is none. The holder of the turn calls
// it.
func (s *Store) connectWriter(ctx context.Context) error {
	if s.writer != nil && !s.writer.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	db, err := pgx.ConnectConfig(ctx, s.pool.Config().ConnConfig)
	if err != nil {
		return gone(err)
	}
	s.writer = db
	s.writerPID.Store(db.PgConn().PID())
	if _, err := db.Exec(ctx, limitIdle); err != nil {
		s.closeWriter()
		return gone(err)
	}
	if !s.used {
		return nil
	}
	hold := holdUse + strconv.FormatInt(useLock(s.lock), 10) + "); RESET lock_timeout"
	_, err = db.Exec(ctx, hold, pgx.QueryExecModeSimpleProtocol)
	if err == nil {
		return nil
	}
	s.closeWriter()
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == lockTimeout {
		return ErrCopied
	}
	return gone(err)
}

// limitIdle has the database end a session that has begun to write and then says nothing for a few
// seconds. Its node has lost the network or does not run, and all others wait for the lock that it
// has; the keep-alives of TCP would find that out after two hours. It is less than the patience of
// those who wait, of whom each has its turn then (R-NODE-8).
const limitIdle = "SET idle_in_transaction_session_timeout = '3s'"

// holdUse waits a little: a copy that was interrupted just now ends soon. lockTimeout is the error
// when it does not.
const (
	holdUse     = "SELECT set_config('lock_timeout', '2s', false); SELECT pg_advisory_lock_shared("
	lockTimeout = "55P03"
)

// useLock is the lock that all servers share and a copy has for itself, beside that of the writers.
func useLock(lock int64) int64 { return lock ^ 1 }

// closeWriter closes the connection that writes, if there is one.
func (s *Store) closeWriter() {
	if s.writer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_ = s.writer.Close(ctx) // best effort: it is not used again
	s.writer = nil
}
