package ids

import (
	"regexp"
	"sync"
	"testing"
)

// version4 is the text form of a random UUID.
var version4 = regexp.MustCompile(
	`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// Both sources make UUIDs of version 4, each once, also for many goroutines.
func TestUUID(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]Source{"Random": Random{}, "Counting": &Counting{}} {
		var all sync.WaitGroup
		var seen sync.Map
		for range 10 {
			all.Go(func() {
				for range 100 {
					id := source.UUID()
					if _, again := seen.LoadOrStore(id, true); again || !version4.MatchString(id) {
						t.Errorf("%s: %s is no UUID, or was made before", name, id)
					}
				}
			})
		}
		all.Wait()
	}
}

// A source that counts begins at 1.
func TestCounting(t *testing.T) {
	t.Parallel()
	source := &Counting{}
	for _, want := range []string{
		"00000000-0000-4000-8000-000000000001",
		"00000000-0000-4000-8000-000000000002",
	} {
		if got := source.UUID(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
