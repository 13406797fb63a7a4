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

// A faultySessions refuses changes while it is broken, and counts those that it took.
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

// taken returns the number of changes that were applied.
func (f *faultySessions) taken() (n int) {
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
		j := newJournal(store, slog.New(slog.DiscardHandler))
		defer j.close()
		j.write(Change{Client: "dev", Value: []byte("record")})
		if err := <-j.begin(Change{Client: "dev", Seq: 1, Value: []byte("first")}); err == nil {
			t.Error("nobody said that the store is broken")
		}
		store.set(false)
		if err := <-j.begin(Change{Client: "dev", Seq: 1, Value: []byte("second")}); err != nil {
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

func TestJournalGivesUpAtTheEnd(t *testing.T) { // a store that stays broken does not keep the server from stopping
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaultySessions()
		store.set(true)
		j := newJournal(store, slog.New(slog.DiscardHandler))
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
		j := newJournal(store, slog.New(slog.DiscardHandler))
		j.write(value(1))
		synctest.Wait() // it is refused; the rest gathers meanwhile
		for range 10 {
			j.write(value(300 << 10))
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

func TestJournalIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newFaultySessions()
		store.set(true)
		j := newJournal(store, slog.New(slog.DiscardHandler))
		defer j.close()
		value, written := value(1<<20), 0
		for ; !j.full(); written++ {
			j.write(value)
		}
		if written > maxJournal>>20 {
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
