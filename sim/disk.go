package sim

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/drover-iot/drover/store"
)

// A run may have its store on a disk that fails (R-DSK-1): single reads, writes and syncs do, bits are
// read wrong, the disk is full for a while, and power is lost, which leaves anything of what was not
// synced. What the run sees of a commit must be true of the disk: one that was acknowledged is there
// after every power cut, and one that was refused has changed nothing, unless the power cut decides
// about it. All other rules hold as they do in memory.

// A Disk is where the store of a run is. Operations are its reads, writes, syncs and truncations,
// counted from 1 on.
type Disk interface {
	// Open opens the store as the disk has it.
	Open() (store.Store, error)
	// Operations is how many there were, and Failures how many of them failed.
	Operations() int
	Failures() int
	// FailAt has one operation fail, FlipAt has it read a wrong bit, if it reads a page, and DieAt has
	// it and all after it fail; 0: none.
	FailAt(operation int)
	FlipAt(operation int)
	DieAt(operation int)
	// SetRoom has the files of the disk have so many bytes at the most, 0 is any number. Used is how
	// many they have.
	SetRoom(bytes int64)
	Used() int64
	// Cut loses power: of what was not synced anything may be left, as drawn. The disk is then the
	// one that is left, and the store on it can be opened.
	Cut(random *rand.Rand) error
	// Close removes the disk.
	Close() error
}

// Chances of faults of the disk. Each seed has none of it, these, or three times these.
const (
	failChance  = 0.01  // an operation of a commit, or of a read for a device, fails
	powerChance = 0.006 // power is lost in a commit, or right after it
	fullChance  = 0.003 // the disk is full, for some commits
)

// diskStore is the store of a run on a disk.
type diskStore struct {
	store.Store // that is open
	disk        Disk
	rand        *random
	log         *journal
	times       float64 // by which chances are multiplied; 0: nothing fails
	full        int     // for how many commits more there is no room

	// Every commit has a number, which it stores as a setting.
	number int64
	stored int64 // of the newest commit that was acknowledged
	// doubts are those after it that failed: one of them may be on the disk nevertheless, until a
	// commit is acknowledged that takes its place.
	doubts []int64
	found  int64 // of these, the one that a power cut has decided for; 0 for none
	// dark says that power was lost and the server has not stopped yet.
	dark bool
}

// markName is the setting with the number of the newest commit.
const markName = "sim-commit"

// newDiskStore opens a store on a disk. Nothing fails yet.
func newDiskStore(disk Disk, w *world) *diskStore {
	d := &diskStore{disk: disk, rand: w.rand, log: w.log}
	var err error
	if d.Store, err = disk.Open(); err != nil {
		panic(err)
	}
	return d
}

// begin has the disk fail from now on.
func (d *diskStore) begin() { d.times = float64(d.rand.pick(0, 1, 1, 3)) }

// end has it work for good.
func (d *diskStore) end() {
	d.times, d.full = 0, 0
	d.disk.SetRoom(0)
}

// close closes the store and removes the disk.
func (d *diskStore) close() { _ = errors.Join(d.Store.Close(), d.disk.Close()) }

// Write makes a commit, in which the disk may fail. errBroken: it did, and nothing is stored.
func (d *diskStore) Write(ctx context.Context, f func(store.Tx) error) error {
	d.number++
	cut := d.arm()
	failures := d.disk.Failures()
	mark := strconv.FormatInt(d.number, 10)
	err := d.Store.Write(ctx, func(tx store.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		return tx.Apply(store.Changes{
			Settings: []store.Setting{{Name: markName, Value: []byte(mark)}},
		})
	})
	d.disk.FailAt(0)
	failed := d.disk.Failures() > failures
	switch {
	case err == nil:
		d.stored, d.doubts = d.number, nil
	case failed:
		d.doubts = append(d.doubts, d.number)
		d.log.report.DiskFaults++
		d.log.trace("a commit fails, because the disk does")
		err = errBroken
	}
	if cut && d.cut() == d.number {
		err = nil // it was on the disk, whatever was answered
	}
	return err
}

// arm draws what the disk does in the next commit, and reports whether power is lost at its end.
func (d *diskStore) arm() (cut bool) {
	if d.full > 0 {
		if d.full--; d.full == 0 {
			d.log.trace("the disk has room again")
			d.disk.SetRoom(0)
		}
		return false
	}
	at := func() int { return d.disk.Operations() + d.rand.between(1, 4) }
	switch {
	case d.rand.chance(d.times * powerChance):
		d.disk.DieAt(at())
		return true
	case d.rand.chance(d.times * failChance):
		d.disk.FailAt(at())
	case d.rand.chance(d.times * fullChance):
		d.full = d.rand.between(2, 12)
		d.log.trace("the disk is full")
		d.disk.SetRoom(d.disk.Used() + int64(d.rand.between(0, 20_000)))
	}
	return false
}

// cut loses power, and opens the store on what is left. It returns the number of the newest commit
// there. That is the one that was acknowledged last, or one in doubt after it (R-CON-25).
func (d *diskStore) cut() int64 {
	d.log.report.PowerCuts++
	d.log.trace("power is lost")
	d.dark = true
	before := d.Store
	var after store.Store
	err := d.disk.Cut(d.rand.source)
	if err == nil {
		after, err = d.disk.Open()
	}
	if err != nil {
		d.log.fail("R-DSK-1", "after a power cut the store cannot be opened: "+err.Error())
		return 0
	}
	d.Store = after
	_ = before.Close() // on the disk that is gone
	newest, err := d.newest()
	switch {
	case err != nil:
		d.log.fail("R-DSK-1", "after a power cut the store cannot be read: "+err.Error())
	case slices.Contains(d.doubts, newest):
		d.stored, d.doubts, d.found = newest, nil, newest
	case newest != d.stored:
		d.log.fail("R-CON-25", "after a power cut the newest commit is "+strconv.FormatInt(newest, 10)+
			", and "+strconv.FormatInt(d.stored, 10)+" was acknowledged")
	}
	return newest
}

// newest is the number of the newest commit in the store.
func (d *diskStore) newest() (n int64, err error) {
	err = d.Store.Read(context.Background(), func(r store.Reader) error {
		text, err := r.Setting(markName)
		if errors.Is(err, store.ErrNotFound) {
			return nil // not even the first one is there
		}
		if err != nil {
			return err
		}
		n, err = strconv.ParseInt(string(text), 10, 64)
		return err
	})
	return n, err
}

// risky calls f with a disk on which one of the next operations may fail, and reports whether one
// did.
func (d *diskStore) risky(f func() error) (failed bool, err error) {
	at := d.disk.Operations() + d.rand.between(1, 3)
	if d.rand.chance(0.5) {
		d.disk.FlipAt(at)
	} else {
		d.disk.FailAt(at)
	}
	failures := d.disk.Failures()
	err = f()
	d.disk.FailAt(0)
	d.disk.FlipAt(0)
	return d.disk.Failures() > failures, err
}
