package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/drover-iot/drover/internal/disk"
)

// Each page of the file ends with a checksum of 8 bytes, which the driver writes with the page and
// compares whenever it reads one (R-BAK-1). The header of the file says how many bytes of a page
// are kept free for that. They are kept free from the beginning; a file of an earlier Drover, which
// has none, is copied to one that has.

// checksumBytes is what a page with a checksum keeps free.
const checksumBytes = 8

// The places in the header of a database file, as its format fixes them, and the size of our pages.
const (
	applicationIDAt = 68
	reservedAt      = 20
	pageSize        = 4096
)

// reserveChecksums has pages of a database without any end with checksums.
func (c *conn) reserveChecksums() error {
	_, err := c.db.FileControl("main", sqlite3.FCNTL_RESERVE_BYTES, checksumBytes)
	return err
}

// keepsChecksums reports whether pages of an open database end with checksums, by its log too: the
// header of a file is older as long as its first page is in the log only.
func (c *conn) keepsChecksums() (bool, error) {
	kept, err := c.db.FileControl("main", sqlite3.FCNTL_RESERVE_BYTES)
	return kept == checksumBytes, err
}

// damaged says what an error of SQLite means when it is about the disk, and what to do (R-DSK-2).
// Other errors it returns as they are.
func damaged(path string, err error) error {
	switch {
	case errors.Is(err, sqlite3.IOERR_DATA):
		return fmt.Errorf("%s is damaged: the checksum of a page is wrong, so something has changed the "+
			"page on the disk; stop the server, look at the disk, and restore a backup: %w", path, err)
	case errors.Is(err, sqlite3.CORRUPT):
		return fmt.Errorf("%s is damaged; stop the server, look at the disk, and restore a backup: %w",
			path, err)
	case errors.Is(err, sqlite3.FULL):
		return fmt.Errorf("%s cannot be written, so nothing was stored: the disk is full: %w", path, err)
	case errors.Is(err, sqlite3.IOERR_WRITE), errors.Is(err, sqlite3.IOERR_FSYNC),
		errors.Is(err, sqlite3.IOERR_TRUNCATE):
		return fmt.Errorf("%s cannot be written, so nothing was stored: %w", path, err)
	case errors.Is(err, sqlite3.IOERR):
		return fmt.Errorf("%s cannot be read or written: %w", path, err)
	}
	return err
}

// inspect refuses a file whose damage SQLite itself would take for something else: a header that
// says that there are no checksums where there are, and a log that ends too early. No other process
// may have the file open.
func inspect(path string) error {
	if _, err := hasChecksums(path); err != nil {
		return err
	}
	return inspectLog(path + "-wal")
}

// hasChecksums reports whether the pages of a file end with checksums. A file that is not there yet
// or belongs to another program has none. The byte that says so may itself be damaged: then the
// checksum of the first page, where it stands, shows that there was one.
func hasChecksums(path string) (bool, error) {
	page := make([]byte, pageSize)
	switch n, err := readStart(path, page); {
	case err != nil:
		return false, err
	case n < pageSize || binary.BigEndian.Uint32(page[applicationIDAt:]) != applicationID:
		return false, nil
	}
	if page[reservedAt] == checksumBytes {
		return true, nil
	}
	given := page[reservedAt]
	page[reservedAt] = checksumBytes
	if given != 0 || pageChecksum(page) == [8]byte(page[pageSize-checksumBytes:]) {
		return false, fmt.Errorf("%s is damaged: its header says that %d bytes of each page are kept "+
			"for a checksum, and it must be %d; restore a backup", path, given, checksumBytes)
	}
	return false, nil
}

// readStart reads the beginning of a file, and how much of it there is; 0 when there is no file.
func readStart(path string, into []byte) (n int, err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer file.Close()
	n, err = io.ReadFull(file, into)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return n, err
}

// pageChecksum is the checksum of a page, as https://sqlite.org/cksumvfs.html defines it.
func pageChecksum(page []byte) (sum [8]byte) {
	s1, s2 := addChecksum(binary.LittleEndian, 0, 0, page[:len(page)-checksumBytes])
	binary.LittleEndian.PutUint32(sum[:4], s1)
	binary.LittleEndian.PutUint32(sum[4:], s2)
	return sum
}

// addChecksum adds bytes, a multiple of 8, to a checksum of SQLite.
func addChecksum(order binary.ByteOrder, s1, s2 uint32, b []byte) (uint32, uint32) {
	for ; len(b) >= 8; b = b[8:] {
		s1 += order.Uint32(b) + s2
		s2 += order.Uint32(b[4:]) + s1
	}
	return s1, s2
}

// checksumsSuffix is what the name of a file has behind it that is made with checksums.
const checksumsSuffix = ".checksums"

// Progress is how long work is followed. The zero Progress is none.
type Progress struct {
	Ticks <-chan time.Time        // at each of them
	Tell  func(done, total int64) // how many bytes of how many are done
}

// AddChecksums has the pages of a file end with checksums, unless they do. The file is copied beside
// itself and replaced by the copy in one step, so it needs as much room again; whenever that ends
// before, however it ends, the file is as it was. No other process may have the file open.
func AddChecksums(ctx context.Context, path string, progress Progress) (added bool, err error) {
	if err := inspect(path); err != nil {
		return false, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if has, err := HasChecksums(path); has || err != nil {
		return false, err
	}
	part := path + checksumsSuffix
	if err := errors.Join(removePart(part), createPrivate(part)); err != nil {
		return false, err
	}
	done := watchSize(part, info.Size(), progress)
	err = copyWithChecksums(ctx, path, part)
	done()
	if err == nil {
		err = syncFile(part)
	}
	if err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return false, errors.Join(err, removePart(part))
	}
	return true, disk.SyncDir(filepath.Dir(path))
}

// HasChecksums reports whether pages of a file end with checksums. No other process may have the
// file open. A file that is not there has none.
func HasChecksums(path string) (bool, error) {
	if has, err := hasChecksums(path); has || err != nil {
		return has, err
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return false, nil
	}
	c, err := connect(path, readerCache)
	if err != nil {
		return false, err
	}
	_, err = c.knownVersion(path) // which reads the header
	has, err2 := c.keepsChecksums()
	return has, errors.Join(err, err2, c.close())
}

// copyWithChecksums copies a database to an empty file. It folds the log of the database into it
// first: the copy, when it has the name of the database, must not find that log.
func copyWithChecksums(ctx context.Context, path, part string) error {
	c, err := connect(path, readerCache)
	if err != nil {
		return err
	}
	c.db.SetInterrupt(ctx)
	_, err = c.knownVersion(path)
	if err == nil {
		_, _, err = c.db.WALCheckpoint("main", sqlite3.CHECKPOINT_TRUNCATE)
	}
	if err == nil {
		err = c.reserveChecksums()
	}
	if err == nil {
		copied := c.stmt("VACUUM INTO ?")
		copied.BindText(part)
		err = copied.Run()
	}
	c.db.SetInterrupt(context.Background())
	return errors.Join(err, c.close()) // the last connection removes the log
}

// watchSize tells of the growth of a file until the function that it returns is called.
func watchSize(path string, total int64, p Progress) (done func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-p.Ticks:
				if info, err := os.Stat(path); err == nil {
					p.Tell(min(info.Size(), total), total)
				}
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}
