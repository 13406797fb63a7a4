package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/test/testpostgres"
)

// setNumber writes a number, and number reads it.
func setNumber(s store.Store, n int) error {
	return s.Write(context.Background(), func(tx store.Tx) error {
		value := []byte(strconv.Itoa(n))
		return tx.Apply(store.Changes{Settings: []store.Setting{{Name: "n", Value: value}}})
	})
}

func number(s store.Store) (n int, err error) {
	err = s.Read(context.Background(), func(r store.Reader) error {
		value, err := r.Setting("n")
		if err != nil {
			return err
		}
		n, err = strconv.Atoi(string(value))
		return err
	})
	return n, err
}

// A database that is killed answers nothing that it has not on disk. Calls that need it are refused
// as unavailable, and when it is back the store goes on (R-NODE-9, R-NODE-10).
func TestDatabaseKilled(t *testing.T) {
	t.Parallel()
	server := testpostgres.New(t, testpostgres.Oldest)
	s := open(t, server.Schema(t, "a"))
	defer s.Close()
	for i := 1; i <= 3; i++ {
		if err := setNumber(s, i); err != nil {
			t.Fatal(err)
		}
		server.Crash(t)
		began := time.Now()
		if err := setNumber(s, 100); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a write without a database: %v", err)
		}
		if _, err := number(s); !fault.Is(err, fault.Unavailable) {
			t.Errorf("a read without a database: %v", err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("the two took %v", took)
		}
		server.Restart(t)
		if n, err := number(s); n != i || err != nil {
			t.Errorf("after the restart the number is %d, %v, want %d", n, err, i)
		}
	}
}

// A transaction whose connection is cut leaves nothing, and the next one has a new connection.
func TestConnectionCut(t *testing.T) {
	t.Parallel()
	server := testpostgres.New(t, testpostgres.Oldest)
	s := open(t, server.Schema(t, "a"))
	defer s.Close()
	if err := setNumber(s, 1); err != nil {
		t.Fatal(err)
	}
	cut := func() {
		server.Exec(t, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name = 'drover'`)
	}
	err := s.Write(t.Context(), func(tx store.Tx) error {
		change := store.Setting{Name: "n", Value: []byte("2")}
		if err := tx.Apply(store.Changes{Settings: []store.Setting{change}}); err != nil {
			return err
		}
		if _, err := tx.Setting("n"); err != nil { // it was sent
			return err
		}
		cut()
		return nil
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a write whose connection was cut: %v", err)
	}
	err = s.Read(t.Context(), func(r store.Reader) error {
		if _, err := r.Setting("n"); err != nil {
			return err
		}
		cut()
		_, err := r.Setting("n")
		return err
	})
	if !fault.Is(err, fault.Unavailable) {
		t.Errorf("a read whose connection was cut: %v", err)
	}
	if n, err := number(s); n != 1 || err != nil {
		t.Errorf("the number is %d, %v, want 1", n, err)
	}
}

// A node that does not get its turn, because another one that hangs has it, refuses all requests of
// its batch together, within seconds, and goes on when the turn is free (R-NODE-9).
func TestTurnNotFree(t *testing.T) {
	t.Parallel()
	server := testpostgres.New(t, testpostgres.Oldest)
	url := server.Schema(t, "a")
	s, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e := engine.New(engine.Config{
		Store:   s,
		Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		IDs:     &ids.Counting{},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.Background()) }()
	lock := strconv.FormatInt(s.Lock(), 10)
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_lock("+lock+")"); err != nil {
		t.Fatal(err)
	}
	create := func() (errs [20]error) {
		var requests []func()
		for i := range errs {
			requests = append(requests, func() {
				name := "t" + strconv.Itoa(i)
				_, errs[i] = e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: name})
			})
		}
		e.Together(requests...)
		return errs
	}
	began := time.Now()
	for i, err := range create() {
		if !fault.Is(err, fault.Unavailable) {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if took := time.Since(began); took > 8*time.Second { // 5 s, and a busy machine
		t.Errorf("the batch took %v", took)
	}
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_unlock("+lock+")"); err != nil {
		t.Fatal(err)
	}
	soon(t, func() error {
		errs := create()
		return errors.Join(errs[:]...)
	})
}

// soon calls f until it succeeds, for a little longer than calls are refused after one that got no
// answer.
func soon(t *testing.T, f func() error) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Second); ; {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// Of a database that says nothing each call hears within seconds, also the ones that wait behind
// others, and one after the other; when it goes on, so does the store (R-NODE-9).
func TestDatabaseSilent(t *testing.T) {
	t.Parallel()
	server := testpostgres.New(t, testpostgres.Oldest)
	s := open(t, server.Schema(t, "a"))
	defer s.Close()
	if err := setNumber(s, 1); err != nil {
		t.Fatal(err)
	}
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	var calls sync.WaitGroup
	for range 3 {
		calls.Go(func() {
			_, readErr := number(s)
			writeErr := setNumber(s, 2)
			if !fault.Is(readErr, fault.Unavailable) || !fault.Is(writeErr, fault.Unavailable) {
				t.Errorf("without an answer of the database: read %v, write %v", readErr, writeErr)
			}
		})
	}
	calls.Wait()
	if took := time.Since(began); took > 8*time.Second { // 5 s, and a busy machine
		t.Errorf("three reads with a write behind each took %v", took)
	}
	if err := server.Thaw(); err != nil {
		t.Fatal(err)
	}
	soon(t, func() error { return setNumber(s, 3) })
	if n, err := number(s); n != 3 || err != nil {
		t.Errorf("the number is %d, %v, want 3", n, err)
	}
}
