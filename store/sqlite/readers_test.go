package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/store"
)

// However many operators read, a device reads at once; more operators than there is room for wait,
// as long as they want the answer.
func TestReadersOfDevices(t *testing.T) {
	t.Parallel()
	s, err := Open(filepath.Join(t.TempDir(), "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	operator, nothing := store.ForOperator(t.Context()), func(store.Reader) error { return nil }
	var reading, ended sync.WaitGroup
	release := make(chan struct{})
	reading.Add(operatorReaders)
	for range operatorReaders {
		ended.Go(func() {
			_ = s.Read(operator, func(store.Reader) error {
				reading.Done()
				<-release
				return nil
			})
		})
	}
	reading.Wait()
	gone, cancel := context.WithTimeout(operator, 20*time.Millisecond)
	defer cancel()
	if err := s.Read(gone, nothing); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one operator more: %v, want %v", err, context.DeadlineExceeded)
	}
	if err := s.Read(t.Context(), nothing); err != nil {
		t.Errorf("a device: %v", err)
	}
	close(release)
	ended.Wait()
	if err := s.Read(operator, nothing); err != nil {
		t.Errorf("an operator afterwards: %v", err)
	}
}

// Every connection is opened with the store: reads need no file that has to be opened, for which
// there may be no descriptor. Here the folder has another name, so that opening one would fail.
func TestReadersAreOpenedAtStart(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := Open(filepath.Join(folder, "drover.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := os.Rename(folder, folder+"-moved"); err != nil {
		t.Fatal(err)
	}
	var reading, ended sync.WaitGroup
	failed := make(chan error, readers)
	reading.Add(readers)
	for range readers {
		ended.Go(func() {
			failed <- s.Read(t.Context(), func(r store.Reader) error {
				reading.Done()
				reading.Wait() // all of them at once
				_, err := r.ThingID("pump")
				return err
			})
		})
	}
	ended.Wait()
	for range readers {
		if err := <-failed; !errors.Is(err, store.ErrNotFound) {
			t.Errorf("got %v, want %v", err, store.ErrNotFound)
		}
	}
}
