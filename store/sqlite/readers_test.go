package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

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
	gone, cancel := context.WithCancel(operator)
	cancel()
	if err := enter(gone, s.operators); !errors.Is(err, context.Canceled) {
		t.Errorf("one operator more: %v, want %v", err, context.Canceled)
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

// A list of names with a prefix reads those alone, wherever they stand.
func TestFirstName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ prefix, after, want string }{
		{"", "", ""},
		{"b", "", "b"},
		{"b", "a", "b"},
		{"b", "b", "b\x00"},
		{"b", "b1", "b1\x00"},
		{"b", "c", "c\x00"},
		{"", "a", "a\x00"},
	} {
		if got := firstName(tt.prefix, tt.after); got != tt.want {
			t.Errorf("prefix %q after %q: from %q, want %q", tt.prefix, tt.after, got, tt.want)
		}
	}
}
