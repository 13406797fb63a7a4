package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/relational"
)

// A Verification is a file that is open for being verified, as it was at one moment.
type Verification struct {
	c    *conn
	keys keys
}

// OpenVerification opens a file. live says that a server may be writing it meanwhile. ctx bounds all
// that is read.
func OpenVerification(ctx context.Context, path string, live bool) (*Verification, error) {
	if !live {
		if err := inspect(path); err != nil {
			return nil, err
		}
	}
	c, err := connect(path, writerCache)
	if err != nil {
		return nil, err
	}
	v := &Verification{c: c}
	if err := v.begin(ctx, path); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// begin checks the version and begins the read.
func (v *Verification) begin(ctx context.Context, path string) error {
	version, err := v.c.knownVersion(path)
	if err != nil {
		return err
	}
	if version < len(migrations) {
		return fmt.Errorf("%s is at version %d of the schema, and this drover knows %d: verify it with the "+
			"drover that wrote it, or start this one on it once", path, version, len(migrations))
	}
	v.c.db.SetInterrupt(ctx)
	return errors.Join(v.c.exec("PRAGMA query_only = ON"), v.c.exec("BEGIN"))
}

// Integrity has SQLite look at every page and every index. It reports at most so many faults.
func (v *Verification) Integrity(most int, report func(fault string)) error {
	return v.texts(fmt.Sprintf("PRAGMA integrity_check(%d)", most), func(text string) bool {
		if text != "ok" {
			report(text)
		}
		return true
	})
}

// Check looks whether an invariant is true. It reports the rows that break it, as long as report
// answers true.
func (v *Verification) Check(i Invariant, report func(fault string) bool) error {
	return v.texts(i.sql, report)
}

// texts runs a query of one text.
func (v *Verification) texts(sql string, f func(string) bool) error {
	s := v.c.stmt(sql)
	for s.Row() {
		if !f(s.Text()) {
			break
		}
	}
	return s.End()
}

// Reader reads what the store has at that moment.
func (v *Verification) Reader() store.Reader { return relational.NewReader(db{v.c, &v.keys}) }

// HasChecksums reports whether pages have checksums.
func (v *Verification) HasChecksums() (bool, error) { return v.c.keepsChecksums() }

// Close closes the file.
func (v *Verification) Close() error {
	v.c.db.SetInterrupt(context.Background())
	if !v.c.db.GetAutocommit() {
		_ = v.c.exec("ROLLBACK") // nothing was written
	}
	return v.c.close()
}
