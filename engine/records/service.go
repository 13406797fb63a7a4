package records

import (
	"context"
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

// List lists records. more is the number to go on from, which is there also when the page is short
// because the search has stopped (R-WIRE-27); 0 at the end.
func (s *Service) List(
	ctx context.Context, f Filter,
) (found []audit.Record, more int64, err error) {
	q := store.AuditQuery{After: f.After, Before: f.Before}
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if !f.Forwards && q.Before == 0 {
			head, err := r.AuditHead()
			if err != nil {
				return err
			}
			q.Before = head.Number + 1
		}
		page := func(after *audit.Record, limit int) (page []audit.Record, err error) {
			if q.Limit = limit; after != nil && !f.Forwards {
				q.Before = after.Number
			} else if after != nil {
				q.After = after.Number
			}
			stored, err := r.AuditRecords(q)
			for _, one := range stored {
				record, _ := one.Record() // a damaged one is shown as far as it can be read
				page = append(page, record)
			}
			return page, err
		}
		var stopped *audit.Record
		found, stopped, err = store.Filter(ctx, f.Limit+1, page, f.keep())
		if stopped != nil {
			more = stopped.Number
		}
		return err
	})
	if len(found) > f.Limit {
		found = found[:f.Limit]
		more = found[f.Limit-1].Number
	}
	return found, more, err
}

// keep says which records the filter keeps; nil when it keeps all.
func (f Filter) keep() func(audit.Record) (bool, error) {
	if f.Resource == "" && f.Operator == "" {
		return nil
	}
	return func(r audit.Record) (bool, error) { return r.Matches(f.Resource, f.Operator), nil }
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
	// More says that the chain goes on after To.
	More bool
}

// verifyPage is how many records one request verifies.
const verifyPage = 1000

// Verify verifies a page of the chain from a link on; nil is the beginning of what is kept. noted is
// a head that was noted, the zero Link for none.
func (s *Service) Verify(
	ctx context.Context, from *audit.Link, noted audit.Link,
) (v Verified, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if from == nil {
			mark, err := r.AuditMark()
			if err != nil {
				return err
			}
			from = &mark
			if mark.Number == noted.Number && mark.Hash != noted.Hash {
				v.Misfit = &audit.Misfit{Number: mark.Number,
					Reason: "it was cut, and is not the one that was noted as the head of the log"}
			}
		}
		v.From, v.To = *from, *from
		if v.Misfit != nil {
			return nil
		}
		page, err := r.AuditRecords(store.AuditQuery{After: from.Number, Limit: verifyPage})
		if err != nil {
			return err
		}
		walk := audit.Walk{At: *from, Noted: noted}
		for _, next := range page {
			if v.Misfit = walk.Step(next); v.Misfit != nil {
				break
			}
		}
		v.To, v.More = walk.At, len(page) == verifyPage
		if v.Misfit == nil && !v.More {
			v.Misfit = walk.End()
		}
		return nil
	})
	return v, err
}
