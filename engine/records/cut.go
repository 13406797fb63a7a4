package records

import (
	"context"
	"encoding/json"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// Records that are older than they are kept are cut, a page at a time, in the background. The last
// one that was cut leaves its number and its hash, and each cut leaves a record of its own, so that
// whoever removes the beginning of the log by hand is found out: nothing says that it was cut.

const (
	// cutPage is how many records one commit cuts.
	cutPage = 250
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
		last, err := s.outdated(r, now, 1)
		cut = last != 0
		return err
	})
	if err != nil || !cut {
		return false, err
	}
	s.lookAgain()
	return true, s.Commits.Do(ctx, func(tx *commit.Tx) error {
		last, err := s.outdated(tx, tx.Now, cutPage)
		if err != nil || last == 0 {
			return err
		}
		tx.Changes.Audit.Cut = last
		after, err := json.Marshal(cutAfter{UpTo: last})
		tx.Record(audit.Entry{
			Operator:  audit.Operator{Name: audit.Server},
			Operation: audit.CutLog,
			Resource:  "audit",
			After:     after,
		})
		return err
	})
}

// cutAfter is what the record of a cut says.
type cutAfter struct {
	UpTo int64 `json:"upTo"`
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

// outdated returns the number of the last of up to limit records at the beginning of the log that
// are older than they are kept; 0 for none.
func (s *Service) outdated(r store.AuditReader, now time.Time, limit int) (last int64, err error) {
	before := now.Add(-s.Kept)
	oldest, err := r.AuditRecords(store.AuditQuery{Limit: limit})
	if err != nil {
		return 0, err
	}
	for _, stored := range oldest {
		record, err := stored.Record()
		if err != nil || !record.At.Before(before) { // what cannot be read is not cut either
			return last, nil
		}
		last = record.Number
	}
	return last, nil
}
