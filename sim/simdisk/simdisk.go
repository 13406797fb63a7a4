// Package simdisk has the simulator keep its state in SQLite, on a disk that fails. The files are in
// a temporary folder; syncs do not reach the real disk, because the power is lost here only.
package simdisk

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/sim"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/store/sqlite/faultfs"
)

// Disk is a sim.Disk.
type Disk struct {
	*faultfs.Disk
	root string // everything is below it
	dir  string // of the disk that there is now
	cuts int
	lies bool // see faultfs.Disk.Lies
}

// New makes an empty disk.
func New() (sim.Disk, error) {
	return newDisk(false)
}

func newDisk(lies bool) (*Disk, error) {
	root, err := os.MkdirTemp("", "drover-sim-")
	d := &Disk{root: root, dir: root, lies: lies}
	d.Disk = d.next()
	return d, err
}

// next is a disk that is as fast as it can be.
func (d *Disk) next() *faultfs.Disk {
	disk := faultfs.New()
	disk.Light, disk.Lies = true, d.lies
	return disk
}

// Open opens the store.
func (d *Disk) Open() (store.Store, error) {
	s, err := sqlite.OpenOn(filepath.Join(d.dir, "drover.db"), d.Disk)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Cut loses power. What is left is in another folder.
func (d *Disk) Cut(random *rand.Rand) error {
	d.cuts++
	to := filepath.Join(d.root, fmt.Sprint("cut-", d.cuts))
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	if err := d.Disk.Cut(random, to); err != nil {
		return err
	}
	d.Disk, d.dir = d.next(), to
	return nil
}

// Close removes the folder.
func (d *Disk) Close() error { return os.RemoveAll(d.root) }
