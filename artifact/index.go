package artifact

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
)

// The index is an SQLite database. Keys are stored as bytes, so that their order is the one that
// lists of S3 have. An object has its bytes in pieces, each of them a file: one for an object that
// came in one request, one for each part of a multipart upload. Completing an upload moves rows and
// copies nothing.

// schema makes the tables. The id of an object is that of its content and is never given again: a
// reader knows by it what it reads when the key has another content already. start is where a piece
// begins in the object; last_id is the id that was given last. Times are milliseconds
// since 1970, headers are a JSON object.
const schema = `
CREATE TABLE object (
	key      BLOB PRIMARY KEY,
	id       INTEGER NOT NULL UNIQUE,
	size     INTEGER NOT NULL,
	etag     TEXT NOT NULL,
	headers  TEXT NOT NULL,
	modified INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE piece (
	object INTEGER NOT NULL,
	start  INTEGER NOT NULL,
	size   INTEGER NOT NULL,
	file   TEXT NOT NULL UNIQUE,
	PRIMARY KEY (object, start)
) WITHOUT ROWID;
CREATE TABLE upload (
	id      TEXT PRIMARY KEY,
	key     BLOB NOT NULL,
	headers TEXT NOT NULL,
	started INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX upload_by_key ON upload (key, id);
CREATE INDEX upload_by_age ON upload (started);
CREATE TABLE part (
	upload   TEXT NOT NULL,
	number   INTEGER NOT NULL,
	size     INTEGER NOT NULL,
	etag     TEXT NOT NULL,
	modified INTEGER NOT NULL,
	file     TEXT NOT NULL UNIQUE,
	PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE TABLE last_id (id INTEGER NOT NULL);
INSERT INTO last_id VALUES (0);
`

// schemaVersion is stored in the file, so that a later Drover can tell what it has found.
const schemaVersion = 1

// connections is how many statements run at once. A write has one of them; what reads meanwhile
// sees the last commit.
const connections = 4

// openIndex opens or makes the index.
func openIndex(path string) (*sql.DB, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, private)
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	name := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}
	settings := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)", "temp_store(memory)",
	}}
	name.RawQuery = settings.Encode()
	db, err := driver.Open(name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := prepare(db); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
	}
	return db, nil
}

// prepare makes the tables in a new file, and refuses one of another version.
func prepare(db *sql.DB) error {
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
		_, err := db.Exec(fmt.Sprintf(
			"BEGIN; %s PRAGMA user_version = %d; COMMIT", schema, schemaVersion))
		return err
	}
	return fmt.Errorf("it has version %d, this drover reads version %d", version, schemaVersion)
}

// write runs f in a transaction and commits it, unless f fails. Only one runs at a time. It is
// short and goes on when the client that asked for it is gone: the end of ctx in the middle of a
// commit would leave open whether it was made.
func (s *Store) write(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	ctx = context.WithoutCancel(ctx)
	s.writing.Lock()
	defer s.writing.Unlock()
	tx, err := s.index.BeginTx(ctx, nil)
	if err != nil {
		return full(err)
	}
	if err := f(ctx, tx); err != nil {
		_ = tx.Rollback() // the error that counts is err
		return full(err)
	}
	return full(tx.Commit())
}

// full makes ErrFull of an error that says that the disk is.
func full(err error) error {
	if errors.Is(err, sqlite3.FULL) || isDiskFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

// headersText and readHeaders are how headers stand in the index.
func headersText(headers map[string]string) (string, error) {
	text, err := json.Marshal(headers)
	return string(text), err
}

func readHeaders(text string) (headers map[string]string, err error) {
	return headers, json.Unmarshal([]byte(text), &headers)
}

// texts runs a query of one column.
func texts(ctx context.Context, q querier, query string, args ...any) (found []string, err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	return found, rows.Err()
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// private is the mode of all files.
const private fs.FileMode = 0o600
