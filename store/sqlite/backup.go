package sqlite

import (
	"context"
	"errors"
	"fmt"
)

// SchemaVersion is the version of the tables that this program knows and makes.
func SchemaVersion() int { return len(migrations) }

// Backup copies what a file has at one moment to an empty file of its own, which has page checksums
// whether the first has them or not. live says that a server may be writing meanwhile, in this
// process or another one: it goes on, and only its log cannot be folded before the copy is made. It
// returns the version of the schema of both.
func Backup(ctx context.Context, path string, live bool, to string, progress Progress) (
	schema int, err error,
) {
	if !live {
		if err := inspect(path); err != nil {
			return 0, err
		}
	}
	c, err := connect(path, readerCache)
	if err != nil {
		return 0, err
	}
	c.db.SetInterrupt(ctx)
	schema, err = c.backup(path, to, progress)
	c.db.SetInterrupt(context.Background())
	return schema, errors.Join(err, c.close())
}

func (c *conn) backup(path, to string, progress Progress) (schema int, err error) {
	if schema, err = c.knownVersion(path); err != nil {
		return 0, err
	}
	pages, err := c.number("PRAGMA page_count")
	if err != nil {
		return 0, err
	}
	if err := errors.Join(c.reserveChecksums(), createPrivate(to)); err != nil {
		return 0, err
	}
	defer watchSize(to, pages*pageSize, progress)()
	copied := c.stmt("VACUUM INTO ?")
	copied.BindText(to)
	if err := copied.Run(); err != nil {
		return 0, fmt.Errorf("copy %s: %w", path, err)
	}
	return schema, syncFile(to)
}
