package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A faultySessions refuses changes while it is broken, and records those that it applied.
type faultySessions struct {
	*MemorySessions
	mu      sync.Mutex
	broken  bool
	batches [][]Change
}

func newFaultySessions() *faultySessions { return &faultySessions{MemorySessions: NewMemorySessions()} }

func (f *faultySessions) Apply(ctx context.Context, changes []Change) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken {
		return errors.New("disk full")
	}
	f.batches = append(f.batches, changes)
	return f.MemorySessions.Apply(ctx, changes)
}

func (f *faultySessions) set(broken bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = broken
}

// applied returns the number of changes that were applied.
func (f *faultySessions) applied() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, batch := range f.batches {
		n += len(batch)
	}
	return n
}

func value(n int) Change { return Change{Client: "dev", Seq: 1, Value: make([]byte, n)} }

func TestJournalTriesAgain(t *testing.T) { // what a session believes to be stored will be
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaultySessions()
		store.set(true)
		j := newJournal(store, 64<<20, slog.New(slog.DiscardHandler))
		defer j.close()
		j.write(Change{Client: "dev", Value: []byte("record")})
		if err := <-j.writeNotify(Change{Client: "dev", Seq: 1, Value: []byte("first")}); err == nil {
			t.Error("nobody said that the store is broken")
		}
		store.set(false)
		if err := <-j.writeNotify(Change{Client: "dev", Seq: 1, Value: []byte("second")}); err != nil {
			t.Error(err)
		}
		var got string
		_ = store.Load(t.Context(), func(c Change) error { // it cannot fail
			got += fmt.Sprintf("%d %s;", c.Seq, c.Value)
			return nil
		})
		if want := "0 record;1 second;"; got != want {
			t.Errorf("stored %q, want %q", got, want)
		}
	})
}

// A store that stays broken does not keep the server from stopping.
func TestJournalGivesUpAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaultySessions()
		store.set(true)
		j := newJournal(store, 64<<20, slog.New(slog.DiscardHandler))
		j.write(value(1))
		synctest.Wait()
		j.close()
	})
}

func TestJournalBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaultySessions()
		store.set(true)
		j := newJournal(store, 64<<20, slog.New(slog.DiscardHandler))
		j.write(value(1))
		synctest.Wait() // it is refused; the rest gathers meanwhile
		for i := range 10 {
			c := value(300 << 10)
			c.Seq += uint64(i)
			j.write(c)
		}
		store.set(false)
		j.close()
		for _, batch := range store.batches {
			size := 0
			for _, c := range batch {
				size += len(c.Value)
			}
			if size > maxBatchBytes+300<<10 {
				t.Errorf("%d bytes in one Apply", size)
			}
		}
	})
}

// Of the changes of a message only the last is written, of those of a session all.
func TestJournalWritesTheNewest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaultySessions()
		store.set(true)
		j := newJournal(store, 64<<20, slog.New(slog.DiscardHandler))
		j.write(Change{Client: "other", Value: []byte("record")})
		synctest.Wait() // it is refused; the rest gathers meanwhile
		for _, c := range []Change{
			{Client: "dev", Seq: 0, Value: []byte("old session")}, {Client: "dev", Seq: 1, Value: []byte("old")}, {Client: "dev", Seq: 2, Value: []byte("gone with the session")},
			{Client: "dev", Seq: 0, Value: nil},
			{Client: "dev", Seq: 0, Value: []byte("session")}, {Client: "dev", Seq: 1, Value: []byte("acknowledged")}, {Client: "dev", Seq: 3, Value: []byte("kept")}, {Client: "dev", Seq: 1, Value: nil},
		} {
			j.write(c)
		}
		store.set(false)
		j.close()
		var got string
		for _, c := range store.batches[1] {
			got += fmt.Sprintf("%d %s;", c.Seq, c.Value)
		}
		if want := "0 old session;2 gone with the session;0 ;0 session;3 kept;1 ;"; got != want {
			t.Errorf("written %q, want %q", got, want)
		}
	})
}

func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaultySessions()
		store.set(true)
		j := newJournal(store, 64<<20, slog.New(slog.DiscardHandler))
		defer j.close()
		value, written := value(1<<20), 0
		for ; !j.full(); written++ {
			j.write(value)
		}
		if written > 64 {
			t.Errorf("%d MiB wait to be written", written)
		}
		began := time.Now()
		go func() {
			time.Sleep(time.Minute)
			store.set(false)
		}()
		j.wait()
		if waited := time.Since(began); waited < time.Minute {
			t.Errorf("a client waited %v, not until there is room", waited)
		}
	})
}
