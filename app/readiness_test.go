package app

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/store"
)

// A server says why nothing should be sent to it: it starts, it stops, or its database takes nothing
// (R-NODE-9).
func TestWhyUnready(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name           string
		leaving, ready bool
		age            time.Duration
		want           string
	}{
		{"it starts", false, false, 0, "the server is starting"},
		{"it serves", false, true, 0, ""},
		{"the last moment", false, true, 5*time.Second - 1, ""},
		{"cut off", false, true, 5 * time.Second, "the server cannot write to its database"},
		{"it stops", true, true, 0, "the server is stopping"},
		{"it has stopped, cut off", true, false, time.Minute, "the server is stopping"},
	} {
		got := ""
		if err := whyUnready(row.leaving, row.ready, row.age); err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// Nodes that were given up do not count as others (R-NODE-12).
func TestLivingNodes(t *testing.T) {
	t.Parallel()
	if n := livingNodes([]store.Node{{ID: 1}, {ID: 2, Heir: 1}, {ID: 3}}); n != 2 {
		t.Errorf("%d of three nodes live, want 2", n)
	}
}
