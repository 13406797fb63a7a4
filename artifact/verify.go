package artifact

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Verify reads every object of a store, as they are at one moment, and compares it with its size and
// the SHA-256 that its ETag is. It reports a fault for each that differs, and returns how many
// objects it has read. progress is called before each. A server may go on meanwhile.
func Verify(
	ctx context.Context, dir string, report func(fault string), progress func(done, total int64),
) (objects int64, err error) {
	s, err := TakeSnapshot(ctx, dir)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	index, err := openIndex(s.Index)
	if err != nil {
		return 0, err
	}
	defer func() { _ = index.Close() }() // nothing was written
	all, err := storedObjects(ctx, index)
	if err != nil {
		return 0, err
	}
	for i, o := range all {
		progress(int64(i), int64(len(all)))
		if err := ctx.Err(); err != nil {
			return int64(i), err
		}
		if fault := o.check(s.Objects); fault != "" {
			report(fmt.Sprintf("artifact %s: %s", o.key, fault))
		}
	}
	return int64(len(all)), nil
}

// storedObject is an object as the index has it.
type storedObject struct {
	key, etag string
	size      int64
	pieces    []piece
}

// storedObjects are all objects with their pieces, by key.
func storedObjects(ctx context.Context, index *sql.DB) (all []*storedObject, err error) {
	rows, err := index.QueryContext(ctx, `SELECT key, etag, object.size, file, start, piece.size
		FROM object LEFT JOIN piece ON object = id ORDER BY key, start`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var key []byte
		var o storedObject
		var file sql.NullString
		var start, size sql.NullInt64
		if err := rows.Scan(&key, &o.etag, &o.size, &file, &start, &size); err != nil {
			return nil, err
		}
		o.key = string(key)
		if len(all) == 0 || all[len(all)-1].key != o.key {
			all = append(all, &o)
		}
		if last := all[len(all)-1]; file.Valid {
			p := piece{file: file.String, start: start.Int64, size: size.Int64}
			last.pieces = append(last.pieces, p)
		}
	}
	return all, rows.Err()
}

// check reads the files of an object. It returns what is wrong, empty for nothing.
func (o *storedObject) check(dir string) (fault string) {
	var names []PartName
	var size int64
	for _, p := range o.pieces {
		n, sum, err := sumOf(filepath.Join(dir, p.file))
		switch {
		case errors.Is(err, os.ErrNotExist):
			return "its file " + p.file + " is missing"
		case err != nil:
			return err.Error()
		case n != p.size || p.start != size:
			return fmt.Sprintf("its file %s has %d bytes, and must have %d from byte %d on",
				p.file, n, p.size, p.start)
		}
		size += n
		names = append(names, PartName{Number: len(names) + 1, ETag: sum})
	}
	if size != o.size {
		return fmt.Sprintf("its files have %d bytes, and it has %d", size, o.size)
	}
	return o.checkSum(names)
}

// checkSum compares the SHA-256 of pieces with the ETag. Of an object of several parts some of which
// were empty the ETag does not say where those were, so it cannot be compared.
func (o *storedObject) checkSum(names []PartName) (fault string) {
	want, parts, several := strings.Cut(o.etag, "-")
	got := ""
	switch {
	case several && parts != fmt.Sprint(len(names)):
		return ""
	case several:
		combined, err := combine(names)
		if err != nil {
			return err.Error()
		}
		got, _, _ = strings.Cut(combined, "-")
	case len(names) == 1:
		got = names[0].ETag
	}
	if got != want {
		return fmt.Sprintf("its bytes have changed: their SHA-256 is %s, and it was %s", got, want)
	}
	return ""
}

// sumOf is the size and the SHA-256 of a file.
func sumOf(path string) (size int64, sum string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	return size, hex.EncodeToString(hash.Sum(nil)), err
}
