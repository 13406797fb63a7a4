package nodes

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/store"
)

// Every node gives a sign with each of its commits, and makes one each second for that alone. A node
// whose sign has not changed for some seconds is given up by the first that notices (R-NODE-8). Only
// what a node has seen itself counts: when the database was away, nobody could give signs.

const (
	// SignEvery is how often a node gives a sign at the least.
	SignEvery = time.Second
	// lostAfter is how long the sign of a node may stay the same.
	lostAfter = 7 * time.Second
	// longestGap is how far apart two looks of this node may be for the time between them to count.
	longestGap = 3 * time.Second
)

// A watch is what a node has seen of the signs of others.
type watch struct {
	last time.Duration // when it looked last
	seen map[store.NodeID]sighting
}

// A sighting is a sign, and since when it has been the same.
type sighting struct {
	sign  store.Sign
	since time.Duration
}

func newWatch() watch { return watch{seen: map[store.NodeID]sighting{}} }

// look takes note of all nodes at a time, counted from some moment, and returns those whose signs
// have stopped.
func (w *watch) look(nodes []store.Node, now time.Duration) (lost []store.Node) {
	before := w.seen
	if now-w.last > longestGap {
		before = nil
	}
	w.last, w.seen = now, map[store.NodeID]sighting{}
	for _, n := range nodes {
		if n.Heir != 0 {
			continue
		}
		s, known := before[n.ID]
		if !known || s.sign != n.Sign {
			s = sighting{n.Sign, now}
		}
		w.seen[n.ID] = s
		if now-s.since >= lostAfter {
			lost = append(lost, n)
		}
	}
	return lost
}

// Sign gives a sign of life, and gives up nodes that have given none; now is the time that has
// passed since some moment. Of a node that was given up while it took over from another one, both
// are taken over. It is called by one goroutine.
func (s *Service) Sign(ctx context.Context, now time.Duration) (givenUp []store.Node, err error) {
	seen := s.watch
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		nodes, err := tx.Nodes()
		if err != nil {
			return err
		}
		s.watch = seen // when the commit is made again
		givenUp = nil
		for _, n := range s.watch.look(nodes, now) {
			if n.ID == tx.Node {
				continue
			}
			givenUp = append(givenUp, n)
			commit.GiveUp(tx, nodes, n, tx.Node)
		}
		return s.sweep(tx)
	})
	if err != nil {
		s.watch = seen
		return nil, err
	}
	return givenUp, nil
}

// sweepPage is how many turns one sign looks at. Each may be a question, while others wait to write.
const sweepPage = 10

// sweep forgets clients that have no node any more: after a while, unless they are named like a
// thing, whose last connection is remembered.
func (s *Service) sweep(tx *commit.Tx) error {
	page, err := tx.ClientsOf(0, s.swept, sweepPage)
	if err != nil {
		return err
	}
	s.swept = store.ClientTurn{}
	if len(page) == sweepPage {
		last := page[sweepPage-1]
		s.swept = store.ClientTurn{Name: last.Name, Turn: last.Turn}
	}
	for _, c := range page {
		if tx.StoreTime().Sub(c.At) < connectionsMemory {
			continue
		}
		if c.AsThing {
			_, err := tx.ThingID(c.Name)
			if err == nil {
				continue
			}
			if !commit.Missing(err) {
				return err
			}
		}
		gone := store.ClientTurn{Name: c.Name, Turn: c.Turn}
		tx.Changes.Clients.Removed = append(tx.Changes.Clients.Removed, gone)
	}
	return nil
}
