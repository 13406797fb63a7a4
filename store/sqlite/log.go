package sqlite

import (
	"errors"
	"sync"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// SQLite writes a commit to its log page by page, each as a short header and a page, which makes
// two thousand small writes of a group of reports. logFiles gathers them: the log is written in
// large pieces, at the latest when it is synced. Nothing else changes. A commit is made visible and
// acknowledged only after that sync, because the store runs with synchronous=FULL; before it nobody
// but the writer may look at what was written, and the writer reads through the same file.
type logFiles struct{ vfs.VFS }

// logVFS is the name that connections open their files under.
const logVFS = "drover-log"

var registerLogVFS = sync.OnceFunc(func() { vfs.Register(logVFS, logFiles{vfs.Find("os")}) })

// gathered is how much of the log is written at once.
const gathered = 1 << 20

// Open opens a file of the database.
func (l logFiles) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpen(l.VFS, name, flags)
	return gather(file, flags), flags, err
}

// OpenFilename opens a file of the database.
func (l logFiles) OpenFilename(
	name *vfs.Filename, flags vfs.OpenFlag,
) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(l.VFS, name, flags)
	return gather(file, flags), flags, err
}

func gather(file vfs.File, flags vfs.OpenFlag) vfs.File {
	if file == nil || flags&vfs.OPEN_WAL == 0 {
		return file
	}
	return &logFile{File: file}
}

// logFile is the log as one connection has it open.
type logFile struct {
	vfs.File
	waiting []byte // written by SQLite and not to the file yet
	at      int64  // where it goes
}

// WriteAt takes what continues what waits, and writes that out first when it does not.
func (f *logFile) WriteAt(p []byte, at int64) (int, error) {
	if at != f.at+int64(len(f.waiting)) || len(f.waiting)+len(p) > gathered {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	if len(f.waiting) == 0 {
		f.at = at
	}
	f.waiting = append(f.waiting, p...)
	return len(p), nil
}

// flush writes out what waits. After an error it still waits: what was taken must be in the file
// before anything else is, and the commit that it belongs to fails at its sync.
func (f *logFile) flush() error {
	if len(f.waiting) == 0 {
		return nil
	}
	if _, err := f.File.WriteAt(f.waiting, f.at); err != nil {
		return err
	}
	f.waiting = f.waiting[:0]
	return nil
}

func (f *logFile) ReadAt(p []byte, at int64) (int, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, at)
}

func (f *logFile) Sync(flags vfs.SyncFlag) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Sync(flags)
}

func (f *logFile) Truncate(size int64) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *logFile) Size() (int64, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.File.Size()
}

func (f *logFile) Close() error { return errors.Join(f.flush(), f.File.Close()) }
