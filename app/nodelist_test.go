package app

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/store"
)

// A node is ready while it says so and its last sign is younger than five seconds; one that was given
// up is not, and shows with the node that takes over its clients (R-NODE-13).
func TestShowNodes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	node := func(id store.NodeID, name string, ago time.Duration, ready bool, heir store.NodeID) store.Node {
		return store.Node{
			ID:      id,
			Name:    name,
			Version: "v1",
			Since:   now.Add(-time.Hour),
			Sign:    store.Sign{Seen: now.Add(-ago), Position: 9, Connections: 3, Ready: ready},
			Heir:    heir,
		}
	}
	got := showNodes([]store.Node{
		node(1, "a", 0, true, 0),
		node(2, "starting", 0, false, 0),
		node(3, "just", 5*time.Second-1, true, 0),
		node(4, "late", 5*time.Second, true, 0),
		node(5, "lost", 0, true, 1),
		node(6, "of one that is gone", 8*time.Second, true, 7),
	}, now)
	row := func(name string, ago time.Duration, ready bool, heir string) shownNode {
		return shownNode{
			Name:        name,
			Version:     "v1",
			Since:       now.Add(-time.Hour),
			LastSign:    now.Add(-ago),
			Connections: 3,
			Ready:       ready,
			Heir:        heir,
		}
	}
	want := shownNodes{now, []shownNode{
		row("a", 0, true, ""),
		row("starting", 0, false, ""),
		row("just", 5*time.Second-1, true, ""),
		row("late", 5*time.Second, false, ""),
		row("lost", 0, false, "a"),
		row("of one that is gone", 8*time.Second, false, "node 7"),
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
