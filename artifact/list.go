package artifact

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"
)

// Query says which objects List returns.
type Query struct {
	// Prefix is what keys begin with.
	Prefix string
	// Delimiter divides keys as / does paths: those that have it behind the prefix are returned as
	// one common prefix, up to and with the delimiter. Empty: none.
	Delimiter string
	// From is where the list begins: no key before it is returned. Page.Next is where it goes on.
	From string
	// Limit is how many objects and common prefixes are returned together.
	Limit int
}

// Page is a part of a list. Objects and prefixes are in the order of the bytes of their keys.
type Page struct {
	Objects  []Info
	Prefixes []string
	// Next is where the list goes on; empty on the last page.
	Next string
}

// List returns a page of objects, by key. What is below a common prefix is skipped and not read,
// so a page costs as much as it is long.
func (s *Store) List(ctx context.Context, q Query) (page Page, err error) {
	at := max(q.From, q.Prefix)
	for n := 0; ; n++ {
		info, ok, err := s.next(ctx, at)
		if err != nil || !ok || !strings.HasPrefix(info.Key, q.Prefix) {
			return page, err
		}
		if n >= q.Limit {
			page.Next = info.Key
			return page, nil
		}
		common, ok := q.commonPrefix(info.Key)
		if !ok {
			page.Objects = append(page.Objects, info)
			at = After(info.Key)
			continue
		}
		page.Prefixes = append(page.Prefixes, common)
		if at = afterPrefix(common); at == "" {
			return page, nil
		}
	}
}

// commonPrefix is the prefix that a key is listed under; ok is false when it is listed itself.
func (q Query) commonPrefix(key string) (common string, ok bool) {
	if q.Delimiter == "" {
		return "", false
	}
	rest := key[len(q.Prefix):]
	before, _, found := strings.Cut(rest, q.Delimiter)
	return q.Prefix + before + q.Delimiter, found
}

// next returns the first object whose key is not before this one.
func (s *Store) next(ctx context.Context, from string) (info Info, ok bool, err error) {
	var key []byte
	var modified int64
	err = s.index.QueryRowContext(ctx,
		"SELECT key, size, etag, modified FROM object WHERE key >= ? ORDER BY key LIMIT 1",
		[]byte(from)).Scan(&key, &info.Size, &info.ETag, &modified)
	if errors.Is(err, sql.ErrNoRows) {
		return info, false, nil
	}
	info.Key, info.Modified = string(key), time.UnixMilli(modified).UTC()
	return info, err == nil, err
}

// After is the first key after this one in the order of bytes.
func After(key string) string { return key + "\x00" }

// afterPrefix is the first key after all that begin with this prefix; empty when there can be none.
// After "a/" it is "a0".
func afterPrefix(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}

// Totals is how many objects there are and how many bytes they have. It reads the whole index.
func (s *Store) Totals(ctx context.Context) (objects, bytes int64, err error) {
	err = s.index.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(size), 0) FROM object").
		Scan(&objects, &bytes)
	return objects, bytes, err
}
