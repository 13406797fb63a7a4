package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/test/testpostgres"
)

// The writes of several nodes are as if one node made them one after the other (R-NODE-4): none
// reads what another is about to change, and no key is handed out twice, not even by writes that are
// given up.
func TestNodesTakeTurns(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	const nodes, writes = 3, 30
	var mu sync.Mutex
	seen := map[registry.ThingID]int{}
	var running sync.WaitGroup
	for node := range nodes {
		s := open(t, url)
		defer s.Close()
		running.Go(func() {
			for i := range writes {
				if err := countUp(s, i%3 == 0, func(id registry.ThingID) {
					mu.Lock()
					defer mu.Unlock()
					if other, again := seen[id]; again {
						t.Errorf("nodes %d and %d were given the key %d", other, node, id)
					}
					seen[id] = node
				}); err != nil && !errors.Is(err, errGivenUp) {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	s := open(t, url)
	defer s.Close()
	err := s.Read(t.Context(), func(r store.Reader) error {
		value, err := r.Setting("count")
		if want := fmt.Sprint(nodes * writes * 2 / 3); string(value) != want {
			t.Errorf("the count is %s, want %s: a write was lost", value, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var errGivenUp = errors.New("given up")

// countUp reads a number and writes the next, and is given a key; or does so and gives up.
func countUp(s store.Store, giveUp bool, given func(registry.ThingID)) error {
	return s.Write(context.Background(), func(tx store.Tx) error {
		given(tx.NextKeys().Thing())
		value, err := tx.Setting("count")
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		n := 0
		if len(value) > 0 {
			if _, err := fmt.Sscan(string(value), &n); err != nil {
				return err
			}
		}
		next := []byte(fmt.Sprint(n + 1))
		err = tx.Apply(store.Changes{Settings: []store.Setting{{Name: "count", Value: next}}})
		if err == nil && giveUp {
			err = errGivenUp
		}
		return err
	})
}

// A commit of one node is in the next read of every other (R-NODE-3).
func TestNodesReadEachOther(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	one, other := open(t, url), open(t, url)
	defer one.Close()
	defer other.Close()
	for i := range 50 {
		value := fmt.Sprint(i)
		err := one.Write(t.Context(), func(tx store.Tx) error {
			return tx.Apply(store.Changes{Settings: []store.Setting{{Name: "s", Value: []byte(value)}}})
		})
		if err != nil {
			t.Fatal(err)
		}
		err = other.Read(t.Context(), func(r store.Reader) error {
			got, err := r.Setting("s")
			if string(got) != value {
				t.Fatalf("the other node reads %q, want %q", got, value)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Servers use a database together. While it is copied none begins, and one that had to connect anew
// does not write (R-NODE-14).
func TestUse(t *testing.T) {
	t.Parallel()
	server := testpostgres.New(t, testpostgres.Oldest)
	url := server.Schema(t, "a")
	use := func() (*postgres.Store, error) {
		s, err := postgres.Open(t.Context(), url)
		if err != nil {
			return nil, err
		}
		t.Cleanup(func() { _ = s.Close() }) // it may be closed
		return s, s.Use(t.Context())
	}
	first, err := use()
	if err != nil {
		t.Fatal(err)
	}
	second, err := use()
	if err != nil {
		t.Fatalf("a second server: %v", err)
	}
	for i, s := range []*postgres.Store{first, second, first} {
		if err := setNumber(s, i); err != nil {
			t.Fatal(err)
		}
	}
	server.Crash(t)
	server.Restart(t)
	tables, err := sqlite.Tables()
	if err != nil {
		t.Fatal(err)
	}
	source, err := postgres.OpenSource(t.Context(), url, tables)
	if err != nil {
		t.Fatalf("no server has come back yet: %v", err)
	}
	if err := setNumber(first, 9); err == nil {
		t.Error("a server that connects anew writes beside a copy")
	}
	if _, err := use(); !errors.Is(err, postgres.ErrCopied) {
		t.Errorf("a server that starts beside a copy: %v", err)
	}
	if err := source.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*postgres.Store{first, second} {
		if err := setNumber(s, 10); err != nil {
			t.Errorf("after the copy: %v", err)
		}
	}
}

// A commit of one node wakes another one, a sign of life does not (R-NODE-6). A write knows the time
// of the database, whatever the machine's clock is (R-NODE-5).
func TestCommitsWakeOtherNodes(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	a, b := open(t, url), open(t, url).(*postgres.Store)
	defer a.Close()
	defer b.Close()
	apply := func(c store.Changes) {
		err := a.Write(t.Context(), func(tx store.Tx) error {
			if age := time.Since(tx.Time()); age > time.Minute || age < -time.Minute {
				t.Errorf("the time is %v", tx.Time())
			}
			return tx.Apply(c)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	apply(store.Changes{Nodes: store.NodeChanges{Joined: []store.Node{{ID: 1}}}})

	var heard atomic.Int64
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotification = func(*pgconn.PgConn, *pgconn.Notification) { heard.Add(1) }
	db, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	exec := func(sql string) {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec(fmt.Sprintf("LISTEN drover_%d", b.Lock()))
	for range 5 {
		apply(store.Changes{Nodes: store.NodeChanges{By: 1}})
	}
	exec("SELECT 1")
	if n := heard.Load(); n != 0 {
		t.Errorf("five signs of life woke others %d times", n)
	}

	woken, listening := make(chan struct{}, 100), sync.WaitGroup{}
	ctx, stop := context.WithCancel(t.Context())
	defer listening.Wait()
	defer stop()
	listening.Go(func() { b.Listen(ctx, func() { woken <- struct{}{} }) })
	for done := false; !done; { // it begins to listen meanwhile
		apply(store.Changes{Settings: []store.Setting{{Name: "a", Value: []byte("b")}}})
		select {
		case <-woken:
			done = true
		case <-time.After(20 * time.Millisecond):
		}
	}
	for heard.Load() == 0 {
		exec("SELECT 1")
	}
}

// The commits of a node do not wake the node itself.
func TestOwnCommitsWakeNobody(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	a, b := open(t, url).(*postgres.Store), open(t, url)
	defer a.Close()
	defer b.Close()
	woken, listening := make(chan struct{}, 100), sync.WaitGroup{}
	ctx, stop := context.WithCancel(t.Context())
	defer listening.Wait()
	defer stop()
	listening.Go(func() { a.Listen(ctx, func() { woken <- struct{}{} }) })
	others := 0
	for done := false; !done; {
		for range 5 {
			if err := countUp(a, false, func(registry.ThingID) {}); err != nil {
				t.Fatal(err)
			}
		}
		if err := countUp(b, false, func(registry.ThingID) {}); err != nil {
			t.Fatal(err)
		}
		others++
		select {
		case <-woken:
			done = true
		case <-time.After(20 * time.Millisecond):
		}
	}
	if n := 1 + len(woken); n > others {
		t.Errorf("woken %d times by %d commits of others", n, others)
	}
}

// A node that stops in the middle of a write, as one does that has lost the network, does not write
// any more, and the others go on within seconds (R-NODE-8).
func TestWriterStops(t *testing.T) {
	t.Parallel()
	url := testpostgres.Schema(t)
	stopped, other := open(t, url), open(t, url)
	defer stopped.Close()
	defer other.Close()
	inside, goOn := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- stopped.Write(context.Background(), func(tx store.Tx) error {
			if _, err := tx.Setting("n"); !errors.Is(err, store.ErrNotFound) {
				return err
			}
			close(inside)
			<-goOn
			_, err := tx.Setting("n")
			return err
		})
	}()
	<-inside
	if err := setNumber(other, 1); err != nil {
		t.Errorf("a write behind a node that has stopped: %v", err)
	}
	close(goOn)
	if err := <-ended; !fault.Is(err, fault.Unavailable) {
		t.Errorf("the write of the node that had stopped: %v", err)
	}
	if err := setNumber(stopped, 2); err != nil {
		t.Errorf("its next write: %v", err)
	}
}
