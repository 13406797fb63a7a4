package faultfs

import (
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/ncruces/go-sqlite3/vfs"
)

// sector is how many bytes a disk writes as one.
const sector = 512

// Disk is a disk with the files of databases on it. Its methods may be called concurrently.
type Disk struct {
	vfs.VFS // where the files really are

	// Failed is how many operations have failed.
	Failed int
	// Light has syncs count for Cut only and not reach the disk below, which is then as fast as it
	// can be.
	Light bool
	// Lies has syncs make nothing durable: of a disk that acknowledges too early.
	Lies bool

	mu         sync.Mutex
	files      map[string]*image
	operations int
	failing    int   // the operation that fails; 0 for none
	forGood    bool  // and all after it
	flipping   int   // the operation that reads a wrong bit; 0 for none
	room       int64 // for the bytes of all files; 0: without end
}

// New is a disk that does not fail.
func New() *Disk { return &Disk{VFS: vfs.Find("os"), files: map[string]*image{}} }

// Operations is how many times something was read, written, synced or truncated.
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.operations
}

// FailAt has the operation of this number fail, and none after it. The first one is 1.
func (d *Disk) FailAt(operation int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing = operation
}

// DieAt has the operation of this number fail, and all after it.
func (d *Disk) DieAt(operation int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.failing, d.forGood = operation, true
}

// FlipAt has a wrong bit in what one operation reads, counted as FailAt does, if it reads a page; 0
// has none.
func (d *Disk) FlipAt(operation int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flipping = operation
}

// flips reports whether the operation that was counted last reads a wrong bit.
func (d *Disk) flips() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.flipping == 0 || d.operations != d.flipping {
		return false
	}
	d.Failed++
	return true
}

// Failures is how many operations have failed.
func (d *Disk) Failures() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.Failed
}

// SetRoom says how many bytes all files together may have; 0 is without end.
func (d *Disk) SetRoom(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = bytes
}

// Used is how many bytes all files have.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used()
}

func (d *Disk) used() (n int64) {
	for _, i := range d.files {
		n += i.size
	}
	return n
}

// fails counts an operation and reports whether it fails.
func (d *Disk) fails() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.operations++
	if d.failing == 0 || d.operations < d.failing || d.operations > d.failing && !d.forGood {
		return false
	}
	d.Failed++
	return true
}

// follow follows what is written to a file that was opened.
func (d *Disk) follow(name string, opened vfs.File, err error) vfs.File {
	if err != nil || name == "" {
		return opened
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.files[name]
	if i == nil {
		i = newImage(name)
		d.files[name] = i
	}
	return &file{File: opened, disk: d, image: i}
}

// Cut writes what is left of the files after a power cut to another folder: all that was synced, and
// any sectors of what was written since.
func (d *Disk) Cut(random *rand.Rand, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	// In an order that does not change: what is left of each follows from the random of the others.
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		left := d.files[name].left(random)
		err := os.WriteFile(filepath.Join(to, filepath.Base(name)), left, 0o600)
		if err != nil {
			return err
		}
	}
	return nil
}

// image is what is known of a file.
type image struct {
	durable []byte   // as it was when it was synced last
	pending []change // since then, in order
	size    int64
}

// change is a write, or a new size when it has no bytes.
type change struct {
	bytes []byte
	at    int64
}

// newImage takes what a file has, if there is one, for durable.
func newImage(name string) *image {
	content, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		content = nil
	}
	return &image{durable: content, size: int64(len(content))}
}

func (i *image) write(p []byte, at int64) {
	if len(p) == 0 {
		return
	}
	i.pending = append(i.pending, change{append([]byte{}, p...), at})
	i.size = max(i.size, at+int64(len(p)))
}

func (i *image) truncate(size int64) {
	i.pending = append(i.pending, change{at: size})
	i.size = size
}

func (i *image) sync() {
	for _, c := range i.pending {
		i.durable = c.applyTo(i.durable)
	}
	i.pending = nil
}

// applyTo makes a change of a content.
func (c change) applyTo(content []byte) []byte {
	end := c.at + int64(len(c.bytes))
	if len(c.bytes) == 0 && end < int64(len(content)) {
		return content[:end]
	}
	if missing := end - int64(len(content)); missing > 0 {
		content = append(content, make([]byte, missing)...)
	}
	copy(content[c.at:], c.bytes)
	return content
}

// left is what a power cut leaves: each sector that was written and not synced is there or not, and
// each new size.
func (i *image) left(random *rand.Rand) []byte {
	content := append([]byte{}, i.durable...)
	for _, c := range i.pending {
		if len(c.bytes) == 0 {
			if random.IntN(2) == 0 {
				content = c.applyTo(content)
			}
			continue
		}
		for from := 0; from < len(c.bytes); from += sector {
			part := change{c.bytes[from:min(from+sector, len(c.bytes))], c.at + int64(from)}
			if random.IntN(2) == 0 {
				content = part.applyTo(content)
			}
		}
	}
	return content
}
