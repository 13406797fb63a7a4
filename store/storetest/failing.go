package storetest

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A Disk is what a store is on, and can be made to fail.
type Disk interface {
	// Open opens the store on what the disk has.
	Open() (store.Store, error)
	// Operations is how many things the disk was asked for.
	Operations() int
	// FailAt has the operation of this number fail, and none after it.
	FailAt(operation int)
	// DieAt has the operation of this number fail, and all after it until the power is cut.
	DieAt(operation int)
	// Cut cuts the power: what was not synced may be gone. The store that was open is forgotten.
	Cut(random *rand.Rand)
}

// failingSteps is how many writes are made on a disk that fails once.
const failingSteps = 12

// RunFailing makes the same random writes again and again on disks whose first, second and so on
// operation fails: that one alone, or all from it on until the power is cut. A write that fails has
// changed nothing for readers, the next one is made as if nothing had happened, and what is there
// after a power cut is what was acknowledged: with the write that has failed, when that was the last
// one, or without it (R-DSK-1). A plain run takes some of
// the operations, DROVER_DISK=long all.
func RunFailing(t *testing.T, newDisk func(t *testing.T) Disk) {
	const seed = 7
	count := newDisk(t)
	f := newFailing(t, count, seed)
	f.run()
	all, each := count.Operations(), 1
	if os.Getenv("DROVER_DISK") == "" {
		each = max(all/24, 1)
	}
	failed := 0
	for n := 1; n <= all; n += each {
		disk := newDisk(t)
		f := newFailing(t, disk, seed)
		if f.dies = n/each%2 == 0; f.dies {
			disk.DieAt(n)
		} else {
			disk.FailAt(n)
		}
		f.at = fmt.Sprintf("operation %d of %d", n, all)
		f.run()
		failed += f.failures
		if t.Failed() {
			return
		}
	}
	t.Logf("%d operations of the disk, %d writes failed", all, failed)
	if failed == 0 {
		t.Error("no write failed: the disk does not fail where it is told to")
	}
}

// failing is a run on a disk that fails once.
type failing struct {
	world
	disk      Disk
	reference world
	random    *generator
	at        string
	dies      bool // the disk fails until the power is cut
	failures  int
}

func newFailing(t *testing.T, disk Disk, seed uint64) *failing {
	return &failing{
		world:     world{T: t},
		disk:      disk,
		reference: world{t, memory.Open()},
		random:    &generator{Rand: rand.New(rand.NewPCG(seed, 0))},
	}
}

// run makes the writes, cuts the power, and compares.
func (f *failing) run() {
	f.open()
	for range failingSteps {
		changes, giveUp := f.random.write(f.reference)
		got := outcome(f.world, changes, giveUp)
		if !isOutcome(got) {
			f.failures++
			got = f.again(changes, giveUp)
		}
		if want := outcome(f.reference, changes, giveUp); got != want {
			f.Fatalf("%s: got %s, want %s", f.at, got, want)
		}
		if f.Failed() {
			return
		}
	}
	f.want("at the end", dumpOf(f.reference))
	f.cut()
	f.want("after the power cut at the end", dumpOf(f.reference))
	closeStore(f.T, f.Store)
}

// isOutcome tells what a write comes to by itself from an error of the disk.
func isOutcome(text string) bool {
	return text == "committed" || text == "conflict" || text == "given up"
}

// again makes a write again that has failed: at once, or after a power cut. Then it may be there
// already.
func (f *failing) again(changes []store.Changes, giveUp bool) (got string) {
	without := dumpOf(f.reference)
	if !f.dies {
		f.want("after a write that failed", without)
	}
	if f.random.IntN(2) == 0 && !f.dies {
		return outcome(f.world, changes, giveUp)
	}
	f.cut()
	if got, err := f.readAll(); err != nil || !reflect.DeepEqual(got, without) {
		return "committed" // what is there is compared at the end
	}
	return outcome(f.world, changes, giveUp)
}

// open opens the store. When that fails, it must succeed the next time.
func (f *failing) open() {
	s, err := f.disk.Open()
	if err != nil {
		f.failures++
		if f.dies {
			f.disk.Cut(f.random.Rand)
		}
		s, err = f.disk.Open()
	}
	if err != nil {
		f.Fatalf("%s: open a second time: %v", f.at, err)
	}
	f.Store = s
}

// cut cuts the power and opens the store again.
func (f *failing) cut() {
	f.disk.Cut(f.random.Rand)
	_ = f.Close() // as good as it can: nothing of it is read again
	f.open()
}

// want compares everything that is read. A read may meet the error of the disk, and then not again.
func (f *failing) want(when string, want map[string]any) {
	f.Helper()
	got, err := f.readAll()
	if err != nil {
		f.failures++
		if f.dies {
			f.cut()
		}
		got, err = f.readAll()
	}
	if err != nil {
		f.Fatalf("%s: %s: read a second time: %v", f.at, when, err)
	}
	same(f.world, f.at+": "+when, got, want)
}

// readAll is what the store answers to every read, unless one fails.
func (f *failing) readAll() (got map[string]any, err error) {
	err = f.Read(f.Context(), func(r store.Reader) (err error) {
		got, err = tryDump(f.world, r)
		return err
	})
	return got, err
}

// dumpOf is what a store answers to every read.
func dumpOf(w world) (answers map[string]any) {
	w.view(func(r store.Reader) { answers = dump(w, r) })
	return answers
}
