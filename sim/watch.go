package sim

import (
	"context"
	"errors"
	"time"

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
	// disk is Store when that is on a disk; nil in memory.
	disk *diskStore
	// doubted are the commits in doubt, by their number.
	doubted map[int64]doubted
	// careful says that reads must not fail: the simulation asks, and not a device.
	careful bool
	// broke says that a commit has failed since somebody set it to false. The answer to the request
	// that made this commit is then no subject of the rules.
	broke bool
}

func newWatch(w *world) *watch {
	s := &watch{
		rand:    w.rand,
		time:    w.time,
		log:     w.log,
		faults:  w.faults,
		checker: w.checker,
		careful: true,
		doubted: map[int64]doubted{},
	}
	if w.log.config.Disk == nil {
		s.Store = memory.Open()
		return s
	}
	disk, err := w.log.config.Disk()
	if err != nil {
		panic(err)
	}
	s.disk = newDiskStore(disk, w)
	s.Store = s.disk
	return s
}

// Read lets f read. For devices, and for what the server does by itself, the disk may fail.
func (s *watch) Read(ctx context.Context, f func(store.Reader) error) error {
	if s.careful || s.disk == nil || !s.rand.chance(s.disk.times*failChance) {
		return s.Store.Read(ctx, f)
	}
	failed, err := s.disk.risky(func() error { return s.Store.Read(ctx, f) })
	if failed && err != nil {
		s.broke = true
		s.log.report.DiskFaults++
		s.log.trace("a read fails, because the disk does")
		return errBroken
	}
	return err
}

// risk calls f, in which reads may fail.
func (s *watch) risk(f func()) {
	s.careful = false
	defer func() { s.careful = true }()
	f()
}

// lostPower reports whether power was lost since it was asked last.
func (s *watch) lostPower() bool {
	if s.disk == nil || !s.disk.dark {
		return false
	}
	s.disk.dark = false
	return true
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
	s.decide(ctx, err, applied)
	if err != nil {
		return err
	}
	s.show(ctx, applied, s.time.now())
	return nil
}

// decide shows the rules a commit in doubt, once a power cut has decided for it, and notes the one
// that is in doubt now.
func (s *watch) decide(ctx context.Context, err error, applied []store.Changes) {
	if s.disk == nil {
		return
	}
	if late, is := s.doubted[s.disk.found]; is {
		s.log.trace("a commit of %s was stored that had failed", late.at.Format(rules.TimeForm))
		s.show(ctx, late.applied, late.at)
	}
	s.disk.found = 0
	if len(s.disk.doubts) == 0 {
		s.doubted = map[int64]doubted{}
	}
	if errors.Is(err, errBroken) {
		s.broke = true
		s.doubted[s.disk.number] = doubted{applied, s.time.now()}
	}
}

// show shows the rules a commit that was made at a time.
func (s *watch) show(ctx context.Context, applied []store.Changes, at time.Time) {
	s.log.report.Commits++
	if s.log.violation == nil {
		s.log.must("read", s.Store.Read(ctx, func(after store.Reader) error {
			s.checker.Committed(rules.State{Store: after, Now: at}, applied)
			return nil
		}))
	}
}

// doubted is a commit that the disk has failed and that may be on it nevertheless.
type doubted struct {
	applied []store.Changes
	at      time.Time
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
