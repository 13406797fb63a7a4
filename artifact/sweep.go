package artifact

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"os"
)

// sweep removes uploads that are too old, and the files that no row names: of uploads that were
// torn, and of objects that were removed while they were read.
func (s *Store) sweep(ctx context.Context) error {
	for found := true; found; {
		err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
			_, found, err = dropOldUpload(ctx, tx)
			return err
		})
		if err != nil {
			return err
		}
	}
	folder, err := os.Open(s.objects)
	if err != nil {
		return err
	}
	defer folder.Close()
	for {
		names, err := folder.Readdirnames(1000)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.removeUnnamed(ctx, names); err != nil {
			return err
		}
	}
}

// removeUnnamed removes those of these files that no row names.
func (s *Store) removeUnnamed(ctx context.Context, names []string) error {
	named, err := s.index.PrepareContext(ctx, "SELECT EXISTS (SELECT 1 FROM piece WHERE file = ?1) "+
		"OR EXISTS (SELECT 1 FROM part WHERE file = ?1)")
	if err != nil {
		return err
	}
	defer named.Close()
	for _, name := range names {
		var found bool
		if err := named.QueryRowContext(ctx, name).Scan(&found); err != nil {
			return err
		}
		if !found {
			s.log.Info("file of a torn upload removed", "file", name)
			s.removeFiles(name)
		}
	}
	return nil
}
