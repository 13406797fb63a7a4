package artifact

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/disk"
)

// The errors of the store, beside those of the body that is read and of the disk.
var (
	ErrNotFound = errors.New("no such object")
	// ErrNoUpload is for an upload that was completed, ended or never begun, or of another key.
	ErrNoUpload = errors.New("no such upload")
	// ErrPart is for a part that was not uploaded, or not with that ETag.
	ErrPart = errors.New("no such part")
	// ErrPartOrder is for parts whose numbers do not ascend.
	ErrPartOrder = errors.New("the parts are not in ascending order")
	// ErrFull says that there is no room on the disk. Nothing of the request is left.
	ErrFull = errors.New("no room on the disk")
)

// Info is what is known of an object.
type Info struct {
	Key  string
	Size int64
	// ETag is the SHA-256 of the bytes, in hexadecimal. For an object of a multipart upload it is
	// the SHA-256 of those of its parts, one after the other, with the number of parts behind it,
	// as in "6b86…-3": nothing has to be read again when an upload is completed.
	ETag string
	// Headers are those that go with the object, such as Content-Type, by their canonical names.
	Headers  map[string]string
	Modified time.Time
}

// Store is an open store. Its methods may be called concurrently. The caller makes sure that no
// second process opens the same folder.
type Store struct {
	objects string // the folder of the files
	index   *sql.DB
	log     *slog.Logger
	writing sync.Mutex // held by the one transaction that writes

	// mu is held from the look-up of an object to the entry here that protects its files. Who
	// removes an object looks here after the commit, so either the reader sees the object as it is
	// then, or its files stay until it is done.
	mu   sync.Mutex
	open map[int64]*content // the objects that are being read, by id
}

// content is the bytes of one object while they are read. All readers share it.
type content struct {
	id      int64
	pieces  []piece
	readers int
	removed bool // the files are to be removed with the last reader
}

// piece is one file of an object.
type piece struct {
	file        string
	start, size int64 // in the object
}

// The names in the folder of a store: the folder of the files, and the index.
const objectsName, indexName = "objects", "index.db"

// Open opens the store in a folder, which is made when it is missing. It removes what torn uploads
// have left, and uploads that were begun a week ago.
func Open(ctx context.Context, dir string, log *slog.Logger) (*Store, error) {
	s := &Store{objects: filepath.Join(dir, objectsName), log: log, open: map[int64]*content{}}
	if err := os.MkdirAll(s.objects, 0o700); err != nil {
		return nil, err
	}
	if err := disk.SyncDir(dir); err != nil {
		return nil, err
	}
	var err error
	if s.index, err = openIndex(filepath.Join(dir, indexName)); err != nil {
		return nil, err
	}
	if err := s.sweep(ctx); err != nil {
		return nil, errors.Join(err, s.index.Close())
	}
	return s, nil
}

// Close closes the store. Calls that are under way fail.
func (s *Store) Close() error { return s.index.Close() }

// Put stores an object, in place of one with the same key. It exists when Put returns, and for
// readers at once as a whole; those of the old one go on reading that. After an error, one from the
// body included, nothing has changed.
func (s *Store) Put(
	ctx context.Context, key string, headers map[string]string, body io.Reader,
) (Info, error) {
	in, err := s.receive(body)
	if err != nil {
		return Info{}, err
	}
	info := Info{Key: key, Size: in.size, ETag: in.etag(), Headers: headers, Modified: now()}
	err = s.publish(ctx, func(context.Context, *sql.Tx) (Info, []piece, error) {
		return info, []piece{{file: in.file, size: in.size}}, nil
	})
	if err != nil {
		s.removeFiles(in.file)
	}
	return info, err
}

// publish commits the object that make returns, whose pieces are on stable storage, with whatever
// make writes. Then the files of the object that it replaces are removed.
func (s *Store) publish(
	ctx context.Context, make func(context.Context, *sql.Tx) (Info, []piece, error),
) error {
	var old *content
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		info, pieces, err := make(ctx, tx)
		if err != nil {
			return err
		}
		if old, err = dropRow(ctx, tx, info.Key); err != nil {
			return err
		}
		return addObject(ctx, tx, info, pieces)
	})
	if err == nil {
		s.retire(old)
	}
	return err
}

// addObject writes the rows of an object.
func addObject(ctx context.Context, tx *sql.Tx, info Info, pieces []piece) error {
	headers, err := headersText(info.Headers)
	if err != nil {
		return err
	}
	var id int64
	err = tx.QueryRowContext(ctx, "UPDATE last_id SET id = id + 1 RETURNING id").Scan(&id)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO object VALUES (?, ?, ?, ?, ?, ?)",
		[]byte(info.Key), id, info.Size, info.ETag, headers, info.Modified.UnixMilli())
	if err != nil {
		return err
	}
	return addPieces(ctx, tx, id, pieces)
}

// addPieces writes the rows of the pieces of an object. There is at least one, and only one that is
// alone may be empty.
func addPieces(ctx context.Context, tx *sql.Tx, id int64, pieces []piece) error {
	insert, err := tx.PrepareContext(ctx, "INSERT INTO piece VALUES (?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, p := range pieces {
		if _, err := insert.ExecContext(ctx, id, p.start, p.size, p.file); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes an object. That there is none is no error.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.Remove(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Remove removes an object and returns what was known of it. The error is ErrNotFound when there is
// none.
func (s *Store) Remove(ctx context.Context, key string) (info Info, err error) {
	var old *content
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if info, _, err = find(ctx, tx, key); err != nil {
			return err
		}
		old, err = dropRow(ctx, tx, key)
		return err
	})
	if err == nil {
		s.retire(old)
	}
	return info, err
}

// dropRow removes the rows of an object and returns its content; nil when there is none.
func dropRow(ctx context.Context, tx *sql.Tx, key string) (*content, error) {
	old := &content{}
	err := tx.QueryRowContext(ctx,
		"DELETE FROM object WHERE key = ? RETURNING id", []byte(key)).Scan(&old.id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if old.pieces, err = pieces(ctx, tx, old.id); err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM piece WHERE object = ?", old.id)
	return old, err
}

// pieces are those of an object, in order.
func pieces(ctx context.Context, q querier, id int64) (found []piece, err error) {
	rows, err := q.QueryContext(ctx,
		"SELECT file, start, size FROM piece WHERE object = ? ORDER BY start", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p piece
		if err := rows.Scan(&p.file, &p.start, &p.size); err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, rows.Err()
}

// retire removes the files of an object whose rows are gone, once nobody reads it.
func (s *Store) retire(old *content) {
	if old == nil {
		return
	}
	s.mu.Lock()
	reading := s.open[old.id]
	if reading != nil {
		reading.removed = true
	}
	s.mu.Unlock()
	if reading == nil {
		s.removePieces(old.pieces)
	}
}

// removePieces removes the files of pieces.
func (s *Store) removePieces(pieces []piece) {
	for _, p := range pieces {
		s.removeFiles(p.file)
	}
}

// removeFiles removes files that no row names any more. One that stays is removed by the next Open.
func (s *Store) removeFiles(names ...string) {
	for _, name := range names {
		if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			s.log.Warn("remove artifact file", "err", err)
		}
	}
}

// path is where a file is. Its name comes from receive, never from a key.
func (s *Store) path(file string) string { return filepath.Join(s.objects, file) }

// now is the time that rows get: the real one, as lists and Last-Modified show it.
func now() time.Time { return clock.Now().Truncate(time.Millisecond).UTC() }

// Find returns what is known of an object. The error is ErrNotFound when there is none.
func (s *Store) Find(ctx context.Context, key string) (Info, error) {
	info, _, err := find(ctx, s.index, key)
	return info, err
}

// find is Find, with the id of the content.
func find(ctx context.Context, q querier, key string) (info Info, id int64, err error) {
	info.Key = key
	var headers string
	var modified int64
	err = q.QueryRowContext(ctx,
		"SELECT id, size, etag, headers, modified FROM object WHERE key = ?", []byte(key),
	).Scan(&id, &info.Size, &info.ETag, &headers, &modified)
	if errors.Is(err, sql.ErrNoRows) {
		return info, 0, ErrNotFound
	}
	if err != nil {
		return info, 0, fmt.Errorf("find artifact: %w", err)
	}
	info.Modified = time.UnixMilli(modified).UTC()
	info.Headers, err = readHeaders(headers)
	return info, id, err
}
