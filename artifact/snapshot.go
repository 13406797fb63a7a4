package artifact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/internal/disk"
)

// Snapshot is what a store has at one moment: a copy of its index, and a link to each file, so that
// the files stay when the store removes the objects. A server may go on meanwhile.
type Snapshot struct {
	// Index is the path of the copy of the index.
	Index string
	// Objects is the folder of the links, and Files are their names.
	Objects string
	Files   []string
	// Missing are files that the index names and that are not there: they were lost.
	Missing []string

	dir string
}

// The names of folders with snapshots begin so. One that is a day old was left by a process that was
// killed.
const (
	snapshotPrefix = "snapshot-"
	snapshotAge    = 24 * time.Hour
)

// snapshotTries is how often at most a snapshot is begun anew because an object was removed between the copy
// of the index and the links, which takes milliseconds.
const snapshotTries = 20

// ErrNoIndex says that there is no store in a folder.
var ErrNoIndex = errors.New("there are no artifacts")

// TakeSnapshot takes a snapshot of the store in a folder. It is on the same disk and takes the place
// of the index; of objects, only while it is kept longer than the store does.
func TakeSnapshot(ctx context.Context, dir string) (s *Snapshot, err error) {
	removeOldSnapshots(dir)
	for try := 1; ; try++ {
		s, err = takeSnapshot(ctx, dir)
		if err != nil || len(s.Missing) == 0 || try == snapshotTries {
			return s, err
		}
		s.Close()
	}
}

func takeSnapshot(ctx context.Context, dir string) (s *Snapshot, err error) {
	folder, err := os.MkdirTemp(dir, snapshotPrefix)
	if err != nil {
		return nil, err
	}
	s = &Snapshot{
		Index:   filepath.Join(folder, indexName),
		Objects: filepath.Join(folder, objectsName),
		dir:     folder,
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if err := os.Mkdir(s.Objects, 0o700); err != nil {
		return nil, err
	}
	files, err := copyIndex(ctx, filepath.Join(dir, indexName), s.Index)
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		err := os.Link(filepath.Join(dir, objectsName, name), filepath.Join(s.Objects, name))
		switch {
		case err == nil:
			s.Files = append(s.Files, name)
		case errors.Is(err, fs.ErrNotExist):
			s.Missing = append(s.Missing, name)
		default:
			return nil, err
		}
	}
	return s, disk.SyncDir(folder)
}

// copyIndex copies the index and returns which files the copy names.
func copyIndex(ctx context.Context, from, to string) (files []string, err error) {
	if _, err := os.Stat(from); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrNoIndex, from)
	}
	index, err := openIndex(from)
	if err != nil {
		return nil, err
	}
	_, err = index.ExecContext(ctx, "VACUUM INTO ?", to)
	if err := errors.Join(err, index.Close()); err != nil {
		return nil, fmt.Errorf("copy %s: %w", from, err)
	}
	copied, err := openIndex(to)
	if err != nil {
		return nil, err
	}
	files, err = texts(ctx, copied, "SELECT file FROM piece UNION ALL SELECT file FROM part")
	return files, errors.Join(err, copied.Close(), os.Chmod(to, private))
}

// Close removes the snapshot.
func (s *Snapshot) Close() { _ = os.RemoveAll(s.dir) } // what is left is removed a day later

// removeOldSnapshots removes what processes have left that were killed.
func removeOldSnapshots(dir string) {
	old, _ := filepath.Glob(filepath.Join(dir, snapshotPrefix+"*"))
	for _, folder := range old {
		if info, err := os.Stat(folder); err == nil && time.Since(info.ModTime()) > snapshotAge {
			_ = os.RemoveAll(folder)
		}
	}
}
