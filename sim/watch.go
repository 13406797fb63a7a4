package sim

import (
	"context"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// watch is the store of a simulation: the memory store, which outlives its engines, with the rules looking at every
// commit. A commit may fail: then nothing of it is kept.
type watch struct {
	store.Store
	w     *world
	broke bool // a commit failed since somebody cleared it
}

func newWatch(w *world) *watch { return &watch{Store: memory.Open(), w: w} }

// Write lets f write, and shows the rules what it wrote.
func (s *watch) Write(ctx context.Context, f func(store.Tx) error) error {
	var applied []store.Changes
	err := s.Store.Write(ctx, func(inner store.Tx) error {
		if err := f(&watchedTx{inner, &applied}); err != nil {
			return err
		}
		if s.w.chance(s.w.Faults.Broken) {
			s.broke = true
			s.w.trace("a commit fails")
			return errBroken
		}
		return nil
	})
	if err == nil {
		s.w.report.Commits++
		s.w.rules.committed(applied)
	}
	return err
}

// watchedTx notes what is applied, in order.
type watchedTx struct {
	store.Tx
	applied *[]store.Changes
}

func (tx *watchedTx) Apply(c store.Changes) error {
	*tx.applied = append(*tx.applied, c)
	return tx.Tx.Apply(c)
}
