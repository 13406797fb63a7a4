package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/drover-iot/drover/backup"
	"github.com/drover-iot/drover/internal/disk"
	"github.com/drover-iot/drover/store/sqlite"
)

// Restore makes a data folder of a backup. The folder must be empty, missing, or what an interrupted
// Restore has left. While it is not whole there is a file in it that no server starts beside, which
// is removed last, when everything was compared and is on stable storage (R-BAK-6). After an error
// the folder is as it was.
func Restore(ctx context.Context, dir string, from io.Reader) (m backup.Manifest, err error) {
	r, err := backup.NewReader(&stoppable{ctx, from})
	if err != nil {
		return m, err
	}
	defer r.Close()
	if known := sqlite.SchemaVersion(); r.About.Schema > known {
		return m, fmt.Errorf("the backup was written by a newer Drover, %s: its schema is at version %d, "+
			"this one knows %d", r.About.Version, r.About.Schema, known)
	}
	if err := beginRestore(dir); err != nil {
		return m, err
	}
	release, err := lock(dir)
	if err != nil {
		return m, err
	}
	defer release()
	var made []string
	m, err = r.Extract(dir, func(path string) { made = append(made, path) })
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return m, errors.Join(err, undoRestore(dir, made))
	}
	return m, endRestore(dir)
}

// beginRestore makes the folder and marks it. It refuses a folder that has something else in it.
func beginRestore(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	again := isThere(dir, restoreFile)
	if len(entries) > 0 && !again {
		return fmt.Errorf("%s is not empty: name a folder that is", dir)
	}
	if err := disk.Write(filepath.Join(dir, restoreFile), nil, 0o600); err != nil {
		return err
	}
	for _, e := range entries {
		if again && e.Name() != restoreFile {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return disk.SyncDir(filepath.Dir(dir))
}

// undoRestore removes what was made, the newest first.
func undoRestore(dir string, made []string) (err error) {
	slices.Reverse(made)
	for _, path := range append(made, filepath.Join(dir, restoreFile), filepath.Join(dir, lockFile)) {
		if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// endRestore lets servers start on the folder.
func endRestore(dir string) error {
	if err := disk.SyncDir(dir); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, restoreFile)); err != nil {
		return err
	}
	return disk.SyncDir(dir)
}
