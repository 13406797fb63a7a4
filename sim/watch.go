package sim

import (
	"context"
	"errors"

	"github.com/drover-iot/drover/sim/rules"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// watch is the store of a simulation: the memory store, which outlives its engines, with the rules
// looking at every commit. A commit may fail: then nothing of it is stored.
type watch struct {
	store.Store
	rand    *random
	time    *timeline
	log     *journal
	faults  *Faults
	checker *rules.Checker
	// broke says that a commit has failed since somebody set it to false. The answer to the request
	// that made this commit is then no subject of the rules.
	broke bool
}

func newWatch(w *world) *watch {
	return &watch{
		Store:   memory.Open(),
		rand:    w.rand,
		time:    w.time,
		log:     w.log,
		faults:  w.faults,
		checker: w.checker,
	}
}

// Write lets f write, and shows the rules what it wrote, together with the state after it. A commit
// that fails is not shown: to the rules it has not happened.
func (s *watch) Write(ctx context.Context, f func(store.Tx) error) error {
	var applied []store.Changes
	err := s.Store.Write(ctx, func(inner store.Tx) error {
		if err := f(&watchedTx{inner, &applied}); err != nil {
			return err
		}
		if s.rand.chance(s.faults.Broken) {
			s.broke = true
			s.log.trace("a commit fails")
			return errBroken
		}
		return nil
	})
	if errors.Is(err, store.ErrNodeLost) {
		s.broke = true
	}
	if err != nil {
		return err
	}
	s.log.report.Commits++
	if s.log.violation == nil {
		s.log.must("read", s.Store.Read(ctx, func(after store.Reader) error {
			s.checker.Committed(rules.State{Store: after, Now: s.time.now()}, applied)
			return nil
		}))
	}
	return nil
}

// watchedTx notes what is applied, in order.
type watchedTx struct {
	store.Tx
	applied *[]store.Changes
}

// Apply notes the changes and applies them.
func (tx *watchedTx) Apply(c store.Changes) error {
	*tx.applied = append(*tx.applied, c)
	return tx.Tx.Apply(c)
}
