package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ncruces/go-sqlite3"
)

// Other programs that write the file of a store know nothing of its page checksums: the sqlite3
// command line, or Litestream, which restores it. What they have written is an error when it is read,
// although it is not damaged. RenewChecksums writes the checksums anew (R-BAK-9).

// RenewChecksums computes the checksum of every page of a file, and writes those that differ. It
// refuses a file whose tables or indexes are damaged, but damage within a value it cannot see: only
// who knows where the pages come from may call it. No other process may have the file open.
func RenewChecksums(ctx context.Context, path string) (renewed int, err error) {
	if err := inspectLog(path + "-wal"); err != nil {
		return 0, err
	}
	if has, err := hasChecksums(path); err != nil || !has {
		return 0, errors.Join(err, fmt.Errorf("%s has no page checksums", path))
	}
	if err := foldUnchecked(ctx, path); err != nil {
		return 0, err
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, err
	}
	renewed, err = renewPages(ctx, file)
	return renewed, errors.Join(err, file.Sync(), file.Close())
}

// foldUnchecked folds the log into the file and has SQLite look at all of it, without checksums.
func foldUnchecked(ctx context.Context, path string) (err error) {
	registerLogVFS()
	c, err := connectWith(logVFS, path, readerCache, "PRAGMA checksum_verification = OFF; ")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	c.db.SetInterrupt(ctx)
	if _, err := c.knownVersion(path); err != nil {
		return err
	}
	if _, _, err := c.db.WALCheckpoint("main", sqlite3.CHECKPOINT_TRUNCATE); err != nil {
		return err
	}
	s := c.stmt("PRAGMA integrity_check(1)")
	fault := "ok"
	if s.Row() {
		fault = s.Text()
	}
	if err := s.End(); err != nil {
		return err
	}
	if fault != "ok" {
		return fmt.Errorf("%s is damaged, so its checksums stay: %s", path, fault)
	}
	return nil
}

// renewPages writes the checksums that differ.
func renewPages(ctx context.Context, file *os.File) (renewed int, err error) {
	page := make([]byte, pageSize)
	for at := int64(0); ; at += pageSize {
		if err := ctx.Err(); err != nil {
			return renewed, err
		}
		if _, err := file.ReadAt(page, at); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return renewed, err
		}
		sum := pageChecksum(page)
		if sum == [8]byte(page[pageSize-checksumBytes:]) {
			continue
		}
		if _, err := file.WriteAt(sum[:], at+pageSize-checksumBytes); err != nil {
			return renewed, err
		}
		renewed++
	}
}
