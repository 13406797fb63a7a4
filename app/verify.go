package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/artifact"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
)

// Verifying a data folder, beside a server that runs on it or not: every page and every row of the
// store, the audit log, and the bytes of artifacts. Nothing of it is changed (R-BAK-7).

// VerifyOptions says what is verified.
type VerifyOptions struct {
	Data             string // the data folder
	WithoutArtifacts bool
	// Report is told each fault, in a sentence.
	Report func(fault string)
	// Progress is told what is looked at, and how many of how many there are; 0 of 0 when that is not
	// known.
	Progress func(what string, done, total int64)
}

// Verified is what was looked at.
type Verified struct {
	Faults                          int
	Invariants, Records, Artifacts  int64
	Store, WithoutChecksums, IsLive bool
}

// faultsOfOne is how many faults of one kind are reported.
const faultsOfOne = 20

// Verify verifies a data folder. The error is for what kept it from looking; faults are reported.
func Verify(ctx context.Context, o VerifyOptions) (v Verified, err error) {
	if _, err := os.Stat(o.Data); err != nil {
		return v, fmt.Errorf("data folder: %w", err)
	}
	release, live, err := lockOrLive(o.Data)
	if err != nil {
		return v, err
	}
	defer release()
	v.IsLive = live
	w := &verifier{VerifyOptions: o, result: &v}
	if isThere(o.Data, storeFile) {
		v.Store = true
		if err := w.store(ctx); err != nil {
			return v, err
		}
	} else if !isThere(o.Data, serverCA+".pem") {
		return v, fmt.Errorf("%s is no data folder of a server", o.Data)
	}
	if o.WithoutArtifacts || !isThere(o.Data, artifactDir) {
		return v, nil
	}
	return v, w.artifacts(ctx)
}

// RenewChecksums writes the page checksums of the store of a data folder anew, after another program
// has written it. No server may run on the folder (R-BAK-9).
func RenewChecksums(ctx context.Context, dir string) (renewed int, err error) {
	file := filepath.Join(dir, storeFile)
	release, err := LockStore(file, false)
	if err != nil {
		return 0, err
	}
	defer release()
	return sqlite.RenewChecksums(ctx, file)
}

// VerifyBackup verifies a backup: it is restored into a new folder below one that has room for it,
// which is removed again.
func VerifyBackup(ctx context.Context, o VerifyOptions, from io.Reader, temporary string) (
	v Verified, err error,
) {
	folder, err := os.MkdirTemp(temporary, ".drover-verify-*")
	if err != nil {
		return v, err
	}
	defer os.RemoveAll(folder)
	o.Data = filepath.Join(folder, "data")
	o.Progress("reading the backup", 0, 0)
	if _, err := Restore(ctx, o.Data, from); err != nil {
		return v, err
	}
	return Verify(ctx, o)
}

// verifier is a verification that runs.
type verifier struct {
	VerifyOptions
	result *Verified
}

func (w *verifier) fault(format string, args ...any) {
	w.result.Faults++
	w.Report(fmt.Sprintf(format, args...))
}

// store verifies the store. A part of it that cannot be read is a fault, and what can be is verified
// all the same.
func (w *verifier) store(ctx context.Context) error {
	v, err := sqlite.OpenVerification(ctx, filepath.Join(w.Data, storeFile), w.result.IsLive)
	if err != nil {
		w.fault("%s", err)
		return ctx.Err()
	}
	w.Progress("pages and indexes of the store", 0, 0)
	err = v.Integrity(faultsOfOne, func(fault string) { w.fault("%s: %s", storeFile, fault) })
	w.unreadable(storeFile, err)
	all := sqlite.Invariants()
	for n, i := range all {
		w.Progress("rows of the store", int64(n), int64(len(all)))
		w.invariant(v, i)
		w.result.Invariants++
	}
	w.Progress("the audit log", 0, 0)
	w.unreadable("the audit log", w.audit(ctx, v.Reader()))
	has, err := v.HasChecksums()
	w.unreadable(storeFile, err)
	w.result.WithoutChecksums = !has
	return errors.Join(ctx.Err(), v.Close())
}

// unreadable reports what cannot be read.
func (w *verifier) unreadable(what string, err error) {
	if err != nil {
		w.fault("%s: %s", what, err)
	}
}

// invariant reports the rows that break an invariant, up to a number of them.
func (w *verifier) invariant(v *sqlite.Verification, i sqlite.Invariant) {
	n := 0
	err := v.Check(i, func(fault string) bool {
		if n++; n > faultsOfOne {
			w.fault("%s: and more", i.Name)
			return false
		}
		w.fault("%s: %s", i.Name, fault)
		return true
	})
	w.unreadable(i.Name, err)
}

// pagesAtOnce is how many pages of the audit log are read at once.
const pagesAtOnce = 100

// audit verifies the chain of the audit log, from the last record that was cut.
func (w *verifier) audit(ctx context.Context, r store.Reader) error {
	mark, err := r.AuditMark()
	if err != nil {
		return err
	}
	walk, last := audit.Walk{At: mark}, int64(-1)
	for {
		query := store.AuditQuery{After: walk.At.Number, Limit: pagesAtOnce}
		pages, err := r.AuditPages(query)
		if err != nil {
			return err
		}
		if len(pages) == 0 || walk.At.Number == last {
			break
		}
		last = walk.At.Number
		if misfit := w.pages(&walk, pages); misfit != nil {
			w.fault("the audit log: %s", misfit)
			return nil
		}
		w.Progress("the audit log", walk.At.Number, 0)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if misfit := walk.End(mark); misfit != nil {
		w.fault("the audit log: %s", misfit)
	}
	return nil
}

// pages goes on with pages.
func (w *verifier) pages(walk *audit.Walk, pages []audit.Page) *audit.Misfit {
	for _, page := range pages {
		for _, next := range page.Records() {
			if next.Number <= walk.At.Number {
				continue // the page begins before
			}
			if misfit := walk.Step(next); misfit != nil {
				return misfit
			}
			w.result.Records++
		}
	}
	return nil
}

// artifacts verifies the artifacts.
func (w *verifier) artifacts(ctx context.Context) error {
	report := func(fault string) { w.fault("%s", fault) }
	progress := func(done, total int64) { w.Progress("artifacts", done, total) }
	n, err := artifact.Verify(ctx, filepath.Join(w.Data, artifactDir), report, progress)
	w.result.Artifacts = n
	if errors.Is(err, artifact.ErrNoIndex) {
		return nil
	}
	if err != nil && ctx.Err() == nil {
		w.unreadable("artifacts", err)
		return nil
	}
	return err
}
