package records

import (
	"context"
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// Config is what the use cases of the audit log work with.
type Config struct {
	Store   store.Store
	Commits *commit.Committer
	Clock   clock.Clock
	// Kept is how long records are kept; 0 keeps none, and no new ones are made.
	Kept time.Duration
}

// Service is the use cases of the audit log. Its methods may be called concurrently.
type Service struct {
	Config

	mu     sync.Mutex
	looked time.Time // when Cut has last found nothing to do
}

// New returns the use cases over a configuration.
func New(c Config) *Service { return &Service{Config: c} }

// Filter says which records List returns, and in which order: forwards by number after After, or
// the newest first, before Before when that is not 0.
type Filter struct {
	// Resource is that of a record, or what it begins with: job/fw-2 also finds
	// job/fw-2/thing/pump-07. Operator is the name or the access key id of one. Empty is all.
	Resource, Operator string
	Forwards           bool
	After, Before      int64
	Limit              int
}

// matches reports whether a record is one of those that the filter is for.
func (f Filter) matches(r audit.Record) bool {
	return (!f.Forwards || r.Number > f.After) && (f.Forwards || f.Before == 0 || r.Number < f.Before) &&
		r.Matches(f.Resource, f.Operator)
}

// List lists records. more is the number to go on from, which is there also when the page is short
// because the search has stopped (R-WIRE-27); 0 at the end.
func (s *Service) List(
	ctx context.Context, f Filter,
) (found []audit.Record, more int64, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		looked, last := 0, int64(0)
		for page, err := range pages(r, f) {
			if err != nil {
				return err
			}
			if looked >= store.MaxLooked {
				more = last
				return nil
			}
			records := page.Records()
			if !f.Forwards {
				slices.Reverse(records)
			}
			for _, stored := range records {
				record, _ := stored.Record() // a damaged one is shown as far as it can be read
				looked, last = looked+1, record.Number
				if !f.matches(record) {
					continue
				}
				if len(found) == f.Limit {
					more = found[f.Limit-1].Number
					return nil
				}
				found = append(found, record)
			}
		}
		return nil
	})
	return found, more, err
}

// pages reads the pages of the log that the filter is for, one after the other.
func pages(r store.AuditReader, f Filter) iter.Seq2[audit.Page, error] {
	const some = 16
	return pagesOf(r, f, some)
}

// pagesOf is pages, of which some are read at a time.
func pagesOf(r store.AuditReader, f Filter, some int) iter.Seq2[audit.Page, error] {
	return func(yield func(audit.Page, error) bool) {
		q, seen := store.AuditQuery{After: f.After, Before: f.Before, Limit: some}, int64(0)
		if !f.Forwards && q.Before == 0 {
			q.Before = math.MaxInt64
		}
		for {
			read, err := r.AuditPages(q)
			if err != nil {
				yield(audit.Page{}, err)
				return
			}
			for _, page := range read {
				if page.First == seen {
					continue // its hashes are damaged: it seems to have fewer records
				}
				if !yield(page, nil) {
					return
				}
			}
			if len(read) < some {
				return
			}
			last := read[len(read)-1]
			if seen = last.First; f.Forwards {
				q.After = max(last.First, last.Last().Number)
			} else {
				q.Before = last.First
			}
		}
	}
}

// Record makes a record of what was changed beside the store, such as an artifact. The change was
// made before, so a server that is killed between the two leaves none.
func (s *Service) Record(ctx context.Context, e audit.Entry) error {
	if s.Kept == 0 {
		return nil
	}
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		tx.Record(e)
		return nil
	})
}

// Ends are the two ends of the log: its newest record, and the last one that was cut.
func (s *Service) Ends(ctx context.Context) (head, mark audit.Link, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) (err error) {
		if head, err = r.AuditHead(); err != nil {
			return err
		}
		mark, err = r.AuditMark()
		return err
	})
	return head, mark, err
}

// A Verified is how far a chain was verified.
type Verified struct {
	// From and To are the first link and the last one that was reached.
	From, To audit.Link
	// Misfit is the first record that does not fit; nil as long as all do.
	Misfit *audit.Misfit
	// Cut is audit.Walk.Cut at To.
	Cut int64
	// More says that the chain goes on after To.
	More bool
}

// A Place is where a verification goes on.
type Place struct {
	At  audit.Link
	Cut int64 // Verified.Cut
}

// verifyAtOnce is about how many records one request verifies.
const verifyAtOnce = 1000

// Verify verifies some of the chain from a place on; nil is the beginning of what is kept. noted is
// a head that was noted, the zero Link for none.
func (s *Service) Verify(
	ctx context.Context, from *Place, noted audit.Link,
) (v Verified, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		mark, err := r.AuditMark()
		if err != nil {
			return err
		}
		if from == nil {
			from = &Place{At: mark}
		}
		v, err = verify(r, *from, mark, noted)
		return err
	})
	return v, err
}

// verify verifies some of the chain from a place on.
func verify(
	r store.AuditReader, begin Place, mark, noted audit.Link,
) (v Verified, err error) {
	from := begin.At
	v.From, v.To = from, from
	if from.Number == noted.Number && from.Hash != noted.Hash {
		v.Misfit = &audit.Misfit{Number: from.Number, Reason: "it is not the one that was noted"}
		return v, nil
	}
	walk, steps := audit.Walk{At: from, Noted: noted, Cut: begin.Cut}, 0
	for page, err := range pages(r, Filter{Forwards: true, After: from.Number}) {
		if err != nil {
			return v, err
		}
		if v.More = steps >= verifyAtOnce; v.More {
			return v, nil
		}
		for _, next := range page.Records() {
			if next.Number <= from.Number {
				continue // the page begins before
			}
			steps++
			if v.Misfit = walk.Step(next); v.Misfit != nil {
				return v, nil
			}
			v.To, v.Cut = walk.At, walk.Cut
		}
	}
	v.Misfit = walk.End(mark)
	return v, nil
}
