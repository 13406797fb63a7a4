package nodes

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/drover-iot/drover/test/testpostgres"
)

// A database is a primary with, if the test promotes, a synchronous standby. The two change places
// with each promotion: the one that was killed is made anew as a standby of the other.
type database struct {
	servers []*testpostgres.Server
	mu      sync.Mutex // one fault of the database at a time
	primary int
}

// newDatabase starts the primary, which listens on an address, and its standby.
func newDatabase(t testing.TB, version, address string, standby bool) *database {
	t.Helper()
	d := &database{servers: []*testpostgres.Server{testpostgres.Listening(t, version, address)}}
	if err := d.servers[0].Start(); err != nil {
		t.Fatal(err)
	}
	if standby {
		d.servers = append(d.servers, testpostgres.Listening(t, version, address))
		if err := d.follow(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, s := range d.servers {
			_ = s.Thaw() // one that the test has left stopped could not be ended
		}
	})
	return d
}

// ports are the TCP ports of the servers.
func (d *database) ports() (ports []int) {
	for _, s := range d.servers {
		ports = append(ports, s.Port())
	}
	return ports
}

// exec runs statements on the primary.
func (d *database) exec(statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	db, err := pgx.Connect(ctx, d.servers[d.primary].URL("drover", nil))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close(ctx) }()
	for _, sql := range statements {
		if _, err := db.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// restart kills the primary, which stays away for a while, and starts it again.
func (d *database) restart(ctx context.Context, away time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.servers[d.primary].Kill(); err != nil {
		return err
	}
	sleep(ctx, away)
	return d.servers[d.primary].Start()
}

// freeze stops the primary for a while: what it was asked is answered later, and its connections
// stay open meanwhile.
func (d *database) freeze(ctx context.Context, length time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.servers[d.primary].Freeze(); err != nil {
		return err
	}
	sleep(ctx, length)
	return d.servers[d.primary].Thaw()
}

// drag lets the primary run for a part of the time only, for a while. It stands in for a disk that
// is slow: to make one that is needs a device of its own.
func (d *database) drag(ctx context.Context, length time.Duration) error {
	const stopped, running = 120 * time.Millisecond, 40 * time.Millisecond
	for end := time.Now().Add(length); time.Now().Before(end) && ctx.Err() == nil; {
		if err := d.freeze(ctx, stopped); err != nil {
			return err
		}
		sleep(ctx, running)
	}
	return nil
}

// promote kills the primary and promotes the standby, which has all that was committed. The other
// then becomes its standby.
func (d *database) promote(ctx context.Context, away time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.servers[d.primary].Kill(); err != nil {
		return err
	}
	sleep(ctx, away)
	d.primary = 1 - d.primary
	if err := d.servers[d.primary].Promote(); err != nil {
		return err
	}
	// The copy has the setting of what it was copied from, and would wait for a standby.
	if err := d.reload("ALTER SYSTEM RESET synchronous_standby_names"); err != nil {
		return err
	}
	sleep(ctx, 2*time.Second) // commits without a standby, as after any promotion
	return d.follow()
}

// follow makes the server that does not run a synchronous standby of the primary. From the reload
// on a commit is acknowledged when both have it.
func (d *database) follow() error {
	if err := d.servers[1-d.primary].Follow(d.servers[d.primary]); err != nil {
		return err
	}
	return d.reload("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
}

func (d *database) reload(statement string) error {
	return d.exec(statement, "SELECT pg_reload_conf()")
}
