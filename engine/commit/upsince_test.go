package commit

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/store"
)

// A server that is alone is there since it has joined. One of several nodes is there since the
// others are, unless none of them has given a sign of life for a while (R-STR-42).
func TestUpSince(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, row := range []struct {
		name   string
		shared bool
		seen   []time.Duration // how long ago other nodes have given a sign of life
		begins bool
	}{
		{"alone", false, nil, true},
		{"alone, after another process", false, []time.Duration{time.Second}, true},
		{"the first node", true, nil, true},
		{"the second node", true, []time.Duration{time.Second}, false},
		{"a moment after another one", true, []time.Duration{time.Hour, nodeBreak - 1}, false},
		{"after a break", true, []time.Duration{time.Hour, nodeBreak}, true},
	} {
		tx := &Tx{Now: noon}
		tx.inner = timeless{}
		var nodes []store.Node
		for _, ago := range row.seen {
			nodes = append(nodes, store.Node{Sign: store.Sign{Seen: noon.Add(-ago)}})
		}
		tx.beginUpTime(nodes, row.shared)
		if got := len(tx.upTimeSetting()) == 1; got != row.begins {
			t.Errorf("%s: begins now is %v", row.name, got)
		}
	}
}

// timeless is a store's transaction without a clock of its own.
type timeless struct{ store.Tx }

func (timeless) Time() time.Time { return time.Time{} }
