package sinks_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/store/memory"
)

// Of several nodes one sends for a sink, whichever has published. When it is given up another one goes
// on from the position that is stored, and the one that was given up sends no more.
func TestOneNodeSends(t *testing.T) { // R-SNK-12
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept := memory.Open()
		var nodes []*world
		for _, name := range []string{"a", "b", "c"} {
			w := newNode(t, kept, newOtherSide(), commit.NodeConfig{Name: name, Shared: true})
			w.publish("join/" + name)
			nodes = append(nodes, w)
		}
		nodes[0].create("s", nil)
		later(5 * time.Second)
		var want []string
		for i := range 30 {
			id := fmt.Sprintf("e%02d", i)
			nodes[i%3].publish("a/" + id)
			want = append(want, id)
			later(100 * time.Millisecond)
		}
		later(5 * time.Second)
		sends := slices.IndexFunc(nodes, func(w *world) bool { return len(w.other.ids()) > 0 })
		for i, w := range nodes {
			if i != sends && len(w.other.ids()) > 0 {
				t.Errorf("nodes %d and %d have sent", sends, i)
			}
		}
		nodes[sends].want("all", want...)

		heir := nodes[(sends+1)%3]
		err := heir.commits.Do(t.Context(), func(tx *commit.Tx) error {
			all, err := tx.Nodes()
			for _, n := range all {
				if n.ID == nodes[sends].commits.NodeID() {
					commit.GiveUp(tx, all, n, tx.Node)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		later(10 * time.Second)
		heir.publish("a/last")
		later(10 * time.Second)
		got := 0
		for i, w := range nodes {
			if ids := w.other.ids(); i != sends && len(ids) > 0 {
				got++
				if diff := cmp.Diff([]string{"last"}, ids); diff != "" {
					t.Errorf("the next one sends (-want +got):\n%s", diff)
				}
			}
		}
		if got != 1 || slices.Contains(nodes[sends].other.ids(), "last") {
			t.Errorf("%d others send; the one that was given up has sent %q", got, nodes[sends].other.ids())
		}
	})
}
