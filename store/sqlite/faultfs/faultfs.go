// Package faultfs is a disk that fails when a test wants it: the n-th operation is an error, there is
// no room any more, or the power is cut, and then what was not synced is there in part. The files
// lie below the folder of a test all the same, so a store on it is one of the real driver.
//
// Start with disk.go.
package faultfs

import (
	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// Open opens a file of a database.
func (d *Disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpen(d.VFS, name, flags)
	return d.follow(name, file, err), flags, err
}

// OpenFilename opens a file of a database.
func (d *Disk) OpenFilename(
	name *vfs.Filename, flags vfs.OpenFlag,
) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(d.VFS, name, flags)
	return d.follow(name.String(), file, err), flags, err
}

// Delete removes a file, for good at once.
func (d *Disk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	return d.VFS.Delete(name, syncDir)
}

// file is an open file.
type file struct {
	vfs.File
	disk  *Disk
	image *image
}

// SharedMemory is that of the real file: the index of a log is memory, and gone after a power cut.
func (f *file) SharedMemory() vfs.SharedMemory {
	if shared, ok := f.File.(vfs.FileSharedMemory); ok {
		return shared.SharedMemory()
	}
	return nil
}

// Unwrap is the real file.
func (f *file) Unwrap() vfs.File { return f.File }

// ReadAt reads, or fails.
func (f *file) ReadAt(p []byte, at int64) (int, error) {
	if f.disk.fails() {
		return 0, sqlite3.IOERR_READ
	}
	n, err := f.File.ReadAt(p, at)
	if err == nil && n >= sector && f.disk.flips() {
		p[n/2] ^= 0x10
	}
	return n, err
}

// WriteAt writes; or fails with a part of it written.
func (f *file) WriteAt(p []byte, at int64) (int, error) {
	fails := f.disk.fails()
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	failure := sqlite3.IOERR_WRITE
	size := max(f.image.size, at+int64(len(p)))
	if f.disk.room > 0 && f.disk.used()+size-f.image.size > f.disk.room {
		f.disk.Failed++
		fails, failure = true, sqlite3.ExtendedErrorCode(sqlite3.FULL)
	}
	written := p
	if fails {
		written = p[:len(p)/2/sector*sector]
	}
	if _, err := f.File.WriteAt(written, at); err != nil {
		return 0, err
	}
	f.image.write(written, at)
	if fails {
		return len(written), failure
	}
	return len(p), nil
}

// Truncate changes the size, or fails.
func (f *file) Truncate(size int64) error {
	if f.disk.fails() {
		return sqlite3.IOERR_TRUNCATE
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.image.truncate(size)
	return f.File.Truncate(size)
}

// Sync makes what was written durable; or fails, and then it is not.
func (f *file) Sync(flags vfs.SyncFlag) error {
	if f.disk.fails() {
		return sqlite3.IOERR_FSYNC
	}
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if !f.disk.Lies {
		f.image.sync()
	}
	if f.disk.Light {
		return nil
	}
	return f.File.Sync(flags)
}
