package nodes

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/store"
)

// A node whose sign stays the same for seven seconds is given up; only time in which this node has
// looked counts (R-NODE-8).
func TestWatch(t *testing.T) {
	t.Parallel()
	type look struct {
		at   time.Duration
		sign int64 // of the other node
		lost bool
	}
	for _, row := range []struct {
		name  string
		looks []look
	}{
		{"signs go on", []look{{0, 1, false}, {3e9, 2, false}, {6e9, 3, false}, {9e9, 4, false}}},
		{"they stop", []look{{0, 1, false}, {3e9, 1, false}, {6e9, 1, false}, {7e9 - 1, 1, false}, {7e9, 1, true}}},
		{"they stop and go on", []look{{0, 1, false}, {3e9, 1, false}, {6e9, 2, false}, {9e9, 2, false}, {12e9, 2, false}, {13e9, 2, true}}},
		{"this node was cut off itself", []look{{0, 1, false}, {20e9, 1, false}, {23e9, 1, false}, {26e9, 1, false}, {27e9, 1, true}}},
	} {
		w := newWatch()
		for _, l := range row.looks {
			nodes := []store.Node{
				{ID: 1, Sign: store.Sign{Position: l.sign}},
				{ID: 2, Heir: 3}, // given up before
			}
			lost := w.look(nodes, l.at)
			if (len(lost) == 1) != l.lost || l.lost && lost[0].ID != 1 {
				t.Errorf("%s: at %v lost are %v, want %v", row.name, l.at, lost, l.lost)
			}
		}
	}
}
