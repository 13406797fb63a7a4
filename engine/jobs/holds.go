package jobs

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Operators hold single things: a device whose line is busy, or that somebody is looking into, gets
// no work until it is released (R-STR-14). A hold is one row, whatever the thing has to do, and
// every execution that is read says whether there is one.

// NamedHold is a hold with the name of its thing.
type NamedHold struct {
	job.Hold
	ThingName string
}

// Hold holds a thing, until a time if one is given. A thing that is held already gets the new
// reason and the new end.
func (s *Service) Hold(
	ctx context.Context, thing, reason string, until *time.Time,
) (hold job.Hold, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		id, err := thingID(tx, thing)
		if err != nil {
			return err
		}
		hold = job.Hold{Thing: id, Reason: reason, Since: tx.Now}
		if until != nil {
			hold.Until = *until
		}
		if err := hold.Check(tx.Now); err != nil {
			return err
		}
		held, err := tx.HoldOf(id)
		switch {
		case err == nil:
			hold.Since = held.Since
		case commit.Missing(err):
			err = notifyOfHold(tx, id)
		}
		tx.Changes.Job.Holds = []job.Hold{hold}
		return err
	})
	return hold, err
}

// Release ends the hold of a thing. One that is not held is fault.NotFound.
func (s *Service) Release(ctx context.Context, thing string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		hold, err := holdOf(tx, thing)
		if err != nil {
			return err
		}
		return release(tx, hold.Thing)
	})
}

// HoldOf returns the hold of a thing. One that is not held is fault.NotFound.
func (s *Service) HoldOf(ctx context.Context, thing string) (hold job.Hold, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		hold, err = holdOf(r, thing)
		return err
	})
	return hold, err
}

// Holds lists the things that are held, in the order in which they were created, after one.
func (s *Service) Holds(
	ctx context.Context, after registry.ThingID, limit int,
) (found []NamedHold, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		holds, err := r.Holds(after, limit)
		if err != nil {
			return err
		}
		things := make([]registry.ThingID, len(holds))
		for i, h := range holds {
			things[i] = h.Thing
		}
		names, err := r.ThingNames(things)
		for _, h := range holds {
			found = append(found, NamedHold{Hold: h, ThingName: names[h.Thing]})
		}
		return err
	})
	return found, err
}

// holdFinder finds the hold of a thing: a read of the store or a commit in progress.
type holdFinder interface {
	thingFinder
	HoldOf(registry.ThingID) (job.Hold, error)
}

func holdOf(r holdFinder, thing string) (job.Hold, error) {
	id, err := thingID(r, thing)
	if err != nil {
		return job.Hold{}, err
	}
	hold, err := r.HoldOf(id)
	return hold, commit.OrNotFound(err, fault.New(fault.NotFound, "thing %s is not held", thing))
}

// release stages that a thing is not held any more.
func release(tx *commit.Tx, thing registry.ThingID) error {
	tx.Changes.Job.Released = append(tx.Changes.Job.Released, thing)
	return notifyOfHold(tx, thing)
}

// notifyOfHold stages what a thing is notified of that is held from now on, or not any more.
func notifyOfHold(tx *commit.Tx, thing registry.ThingID) error {
	var head, queued *job.Execution
	err := eachPending(tx, thing, func(x job.Execution) (more bool, err error) {
		j, err := tx.AppliedJob(x.Job)
		if err != nil || x.Status == job.ExecutionQueued && !j.SeenWithoutHold(x) {
			return true, err
		}
		if head == nil {
			head = &x
		}
		if x.Status == job.ExecutionQueued {
			queued = &x
		}
		return queued == nil, nil
	})
	notify(tx, thing, job.NoticeOfHold(head, queued))
	return err
}

// endHolds ends up to limit holds whose time has passed, and returns how many.
func endHolds(tx *commit.Tx, limit int) (ended int, err error) {
	due, err := tx.DueHolds(tx.Now, limit)
	if err != nil {
		return 0, err
	}
	for _, h := range due {
		if err := release(tx, h.Thing); err != nil {
			return 0, err
		}
	}
	return len(due), nil
}
