package records

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// Records that are older than they are kept are cut, a page at a time, in the background. The last
// one that was cut leaves its number and its hash, and each cut leaves a record of its own, so that
// whoever removes the beginning of the log by hand is found out: nothing says that it was cut.

const (
	// cutPages is how many pages one commit cuts.
	cutPages = 100
	// cutEvery is how often Cut looks whether there is something to cut.
	cutEvery = time.Minute
)

// Cut cuts a page of records that are older than they are kept, and reports whether there were any.
// It looks once a minute: nothing waits for it.
func (s *Service) Cut(ctx context.Context) (cut bool, err error) {
	now := s.Clock.Now()
	if s.Kept == 0 || !s.looks(now) {
		return false, nil
	}
	err = s.Store.Read(ctx, func(r store.Reader) error {
		_, cut, err = s.outdated(r, now, 1)
		return err
	})
	if err != nil || !cut {
		return false, err
	}
	s.lookAgain()
	return true, s.Commits.Do(ctx, func(tx *commit.Tx) error {
		last, any, err := s.outdated(tx, tx.Now, cutPages)
		if err != nil || !any {
			return err
		}
		tx.Changes.Audit.Cut = last.First
		tx.Record(audit.Cut(last.Last().Number))
		return nil
	})
}

// looks reports whether it is time to look, and takes note that somebody does. The clock may have
// gone back.
func (s *Service) looks(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.looked).Abs() < cutEvery {
		return false
	}
	s.looked = now
	return true
}

// lookAgain has the next Cut look at once.
func (s *Service) lookAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = time.Time{}
}

// outdated returns the last of up to limit pages at the beginning of the log whose records are all
// older than they are kept.
func (s *Service) outdated(
	r store.AuditReader, now time.Time, limit int,
) (last audit.Page, any bool, err error) {
	before := now.Add(-s.Kept)
	oldest, err := r.AuditPages(store.AuditQuery{Limit: limit})
	if err != nil {
		return last, false, err
	}
	for _, page := range oldest {
		for _, stored := range page.Records() { // those of a page have one time
			record, err := stored.Record()
			if err != nil || !record.At.Before(before) { // what cannot be read is not cut either
				return last, any, nil
			}
			break
		}
		last, any = page, true
	}
	return last, any, nil
}
