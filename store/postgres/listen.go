package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Nodes wake each other with the notifications of PostgreSQL: one for each commit, which come after
// it. They carry nothing and may be lost with a connection, so whoever waits looks by itself now and
// then too.

// channel is the channel of the nodes on the tables of one schema.
func (s *Store) channel() string { return fmt.Sprintf("drover_%d", s.lock) }

// wakeOthers has the other nodes woken when the transaction commits.
func (s *Store) wakeOthers(c *conn) { c.queue("NOTIFY " + s.channel()) }

// listenAgain is the pause after a connection was lost or could not be made.
const listenAgain = time.Second

// Listen calls wake when another node has committed, until ctx ends.
func (s *Store) Listen(ctx context.Context, wake func()) {
	for ctx.Err() == nil {
		_ = s.listen(ctx, wake) // the connection is lost: what is missed meanwhile is found later
		select {
		case <-ctx.Done():
		case <-time.After(listenAgain):
			wake()
		}
	}
}

// listen listens as long as its connection lasts.
func (s *Store) listen(ctx context.Context, wake func()) error {
	connecting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	db, err := pgx.ConnectConfig(connecting, s.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		_ = db.Close(closing)
	}()
	if _, err := db.Exec(connecting, "LISTEN "+s.channel()); err != nil {
		return err
	}
	for {
		n, err := db.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if n.PID != s.writerPID.Load() {
			wake()
		}
	}
}
