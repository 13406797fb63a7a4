package artifact

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// A multipart upload brings an object in parts, in any order and many at a time. A part is a file
// and a row of its own. To complete the upload makes the parts the pieces of an object, in one
// commit.

// uploadLife is how long an upload may take. Then its parts are removed.
const uploadLife = 7 * 24 * time.Hour

// Upload is a multipart upload that was begun.
type Upload struct {
	ID, Key string
	Started time.Time
}

// Part is a part that was uploaded.
type Part struct {
	Number   int
	Size     int64
	ETag     string
	Modified time.Time
}

// PartName names a part of an upload that is completed, as the client has it.
type PartName struct {
	Number int
	ETag   string
}

// CreateUpload begins an upload, and removes one that is too old, if there is any.
func (s *Store) CreateUpload(
	ctx context.Context, key string, headers map[string]string,
) (id string, err error) {
	text, err := headersText(headers)
	if err != nil {
		return "", err
	}
	id = rand.Text()
	var files []string
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if files, _, err = dropOldUpload(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO upload VALUES (?, ?, ?, ?)",
			id, []byte(key), text, now().UnixMilli())
		return err
	})
	if err == nil {
		s.removeFiles(files...)
	}
	return id, err
}

// PutPart stores a part, in place of one with the same number. The error is ErrNoUpload when the
// upload has ended, also while the body arrived.
func (s *Store) PutPart(
	ctx context.Context, key, upload string, number int, body io.Reader,
) (etag string, err error) {
	if _, err := findUpload(ctx, s.index, key, upload); err != nil {
		return "", err
	}
	in, err := s.receive(body)
	if err != nil {
		return "", err
	}
	var old []string
	err = s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := findUpload(ctx, tx, key, upload); err != nil {
			return err
		}
		old, err = texts(ctx, tx,
			"DELETE FROM part WHERE upload = ? AND number = ? RETURNING file", upload, number)
		if err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)",
			upload, number, in.size, in.etag(), now().UnixMilli(), in.file)
		return err
	})
	if err != nil {
		s.removeFiles(in.file)
		return "", err
	}
	s.removeFiles(old...)
	return in.etag(), nil
}

// findUpload returns the headers of an upload, as they stand in the index.
func findUpload(ctx context.Context, q querier, key, upload string) (headers string, err error) {
	err = q.QueryRowContext(ctx,
		"SELECT headers FROM upload WHERE id = ? AND key = ?", upload, []byte(key)).Scan(&headers)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoUpload
	}
	return headers, err
}

// Complete makes an object of the named parts, in place of one with the same key. Parts that are
// not named are removed. Errors: ErrNoUpload, ErrPart, ErrPartOrder; then the upload goes on.
func (s *Store) Complete(
	ctx context.Context, key, upload string, names []PartName,
) (info Info, err error) {
	var unused []string
	err = s.publish(ctx, func(ctx context.Context, tx *sql.Tx) (Info, []piece, error) {
		var chosen []piece
		if info, err = uploaded(ctx, tx, key, upload); err != nil {
			return info, nil, err
		}
		all, err := partFiles(ctx, tx, upload)
		if err != nil {
			return info, nil, err
		}
		if chosen, unused, err = choose(all, names); err != nil {
			return info, nil, err
		}
		last := chosen[len(chosen)-1]
		info.Size = last.start + last.size
		if info.ETag, err = combine(names); err != nil {
			return info, nil, err
		}
		_, err = dropUpload(ctx, tx, key, upload)
		return info, chosen, err
	})
	if err == nil {
		s.removeFiles(unused...)
	}
	return info, err
}

// uploaded is what an upload says of its object.
func uploaded(ctx context.Context, tx *sql.Tx, key, upload string) (info Info, err error) {
	info = Info{Key: key, Modified: now()}
	headers, err := findUpload(ctx, tx, key, upload)
	if err == nil {
		info.Headers, err = readHeaders(headers)
	}
	return info, err
}

// storedPart is a part and its file.
type storedPart struct {
	PartName
	size int64
	file string
}

// partFiles are the parts of an upload, by number.
func partFiles(ctx context.Context, q querier, upload string) (map[int]storedPart, error) {
	rows, err := q.QueryContext(ctx,
		"SELECT number, etag, size, file FROM part WHERE upload = ?", upload)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[int]storedPart{}
	for rows.Next() {
		var p storedPart
		if err := rows.Scan(&p.Number, &p.ETag, &p.size, &p.file); err != nil {
			return nil, err
		}
		found[p.Number] = p
	}
	return found, rows.Err()
}

// choose returns the pieces of an object with the named parts, and the files that it does not need:
// those of parts that are not named, and of empty ones. An object without any byte has one empty
// piece.
func choose(
	all map[int]storedPart, names []PartName,
) (chosen []piece, unused []string, err error) {
	last, start := 0, int64(0)
	var empty []piece
	for _, name := range names {
		if name.Number <= last {
			return nil, nil, fmt.Errorf("%w: part %d comes after part %d",
				ErrPartOrder, name.Number, last)
		}
		last = name.Number
		p, ok := all[name.Number]
		if !ok || p.ETag != name.ETag {
			return nil, nil, fmt.Errorf("%w: part %d with ETag %s",
				ErrPart, name.Number, name.ETag)
		}
		delete(all, name.Number)
		if p.size == 0 {
			empty = append(empty, piece{file: p.file})
			continue
		}
		chosen = append(chosen, piece{file: p.file, start: start, size: p.size})
		start += p.size
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("%w: the list of parts is empty", ErrPart)
	}
	if len(chosen) == 0 {
		chosen, empty = empty[:1], empty[1:]
	}
	for _, p := range empty {
		unused = append(unused, p.file)
	}
	for _, p := range all {
		unused = append(unused, p.file)
	}
	return chosen, unused, nil
}

// combine is the ETag of an object of these parts; see Info.
func combine(names []PartName) (string, error) {
	sum := sha256.New()
	for _, name := range names {
		part, err := hex.DecodeString(name.ETag)
		if err != nil {
			return "", err
		}
		sum.Write(part)
	}
	return fmt.Sprintf("%x-%d", sum.Sum(nil), len(names)), nil
}

// Abort ends an upload and removes its parts. The error is ErrNoUpload when there is none.
func (s *Store) Abort(ctx context.Context, key, upload string) error {
	var files []string
	err := s.write(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		files, err = dropUpload(ctx, tx, key, upload)
		return err
	})
	if err == nil {
		s.removeFiles(files...)
	}
	return err
}

// dropUpload removes the rows of an upload and returns the files of its parts.
func dropUpload(
	ctx context.Context, tx *sql.Tx, key, upload string,
) (files []string, err error) {
	if _, err := findUpload(ctx, tx, key, upload); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM upload WHERE id = ?", upload); err != nil {
		return nil, err
	}
	return texts(ctx, tx, "DELETE FROM part WHERE upload = ? RETURNING file", upload)
}

// dropOldUpload removes the rows of one upload that was begun too long ago, and returns the files
// of its parts. found is false when there is none.
func dropOldUpload(
	ctx context.Context, tx *sql.Tx,
) (files []string, found bool, err error) {
	old, err := texts(ctx, tx,
		"DELETE FROM upload WHERE id = (SELECT id FROM upload WHERE started < ? LIMIT 1) "+
			"RETURNING id", now().Add(-uploadLife).UnixMilli())
	if err != nil || len(old) == 0 {
		return nil, false, err
	}
	files, err = texts(ctx, tx, "DELETE FROM part WHERE upload = ? RETURNING file", old[0])
	return files, true, err
}

// Parts returns up to limit parts of an upload with numbers above after, in order.
func (s *Store) Parts(
	ctx context.Context, key, upload string, after, limit int,
) (found []Part, err error) {
	if _, err := findUpload(ctx, s.index, key, upload); err != nil {
		return nil, err
	}
	rows, err := s.index.QueryContext(ctx, "SELECT number, size, etag, modified FROM part "+
		"WHERE upload = ? AND number > ? ORDER BY number LIMIT ?", upload, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p Part
		var modified int64
		if err := rows.Scan(&p.Number, &p.Size, &p.ETag, &modified); err != nil {
			return nil, err
		}
		p.Modified = time.UnixMilli(modified).UTC()
		found = append(found, p)
	}
	return found, rows.Err()
}

// Uploads returns up to limit uploads that were begun and not ended, by key and id, after these.
func (s *Store) Uploads(
	ctx context.Context, afterKey, afterID string, limit int,
) (found []Upload, err error) {
	rows, err := s.index.QueryContext(ctx, "SELECT key, id, started FROM upload "+
		"WHERE (key, id) > (?, ?) ORDER BY key, id LIMIT ?", []byte(afterKey), afterID, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u Upload
		var key []byte
		var started int64
		if err := rows.Scan(&key, &u.ID, &started); err != nil {
			return nil, err
		}
		u.Key, u.Started = string(key), time.UnixMilli(started).UTC()
		found = append(found, u)
	}
	return found, rows.Err()
}
