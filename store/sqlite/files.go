package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// A database is three files while it is open: the file itself, its log and the log's index. SQLite
// makes them readable by everybody that the umask lets, and everything that the server knows is in
// them, so they are made private here.

const private fs.FileMode = 0o600

// createPrivate makes the file of a database when it is missing. An empty file is a new database.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, private)
	if err != nil {
		return err
	}
	return file.Close()
}

// makePrivate takes the files of an open database away from other users.
func makePrivate(path string) error {
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err == nil && info.Mode().Perm()&^private != 0 {
			err = os.Chmod(name, private)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// InPlace reports whether the file that Open opened still has its name. When it does not, somebody
// has removed or replaced it, and what is written is lost when the store is closed; see Rescue.
func (s *Store) InPlace() bool {
	info, err := os.Stat(s.path)
	return err == nil && os.SameFile(info, s.file)
}

// Rescue writes all that was committed to a new file.
func (s *Store) Rescue(ctx context.Context, path string) error {
	return s.calls.Write(ctx, func() error {
		if err := createPrivate(path); err != nil {
			return err
		}
		copied := s.writer.stmt("VACUUM INTO ?")
		copied.BindText(path)
		if err := copied.Run(); err != nil {
			return fmt.Errorf("copy the store to %s: %w", path, err)
		}
		return nil
	})
}
