package fleet

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A thing is the registry entry of a device. Whatever changes one also changes which dynamic groups
// it is in, so each use case here ends by classifying the thing in the same commit; what jobs do
// about that follows from the memberships.

// NewThing is what CreateThing asks for. Type and BillingGroup are names, empty without one.
type NewThing struct {
	Name, Type   string
	Attributes   map[string]string
	BillingGroup string
}

// CreateThing creates a thing. Creating an equal one again returns the one that exists, also when
// its type is deprecated by now (R-ID-5).
func (s *Service) CreateThing(ctx context.Context, in NewThing) (thing registry.Thing, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(
		in.Attributes, s.Limits().OfType(in.Type),
	); err != nil {
		return thing, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		thing, err = tx.ThingByName(in.Name)
		if err != nil && !commit.Missing(err) {
			return err
		}
		taken := err == nil
		group, err := billingGroupFor(tx, in.BillingGroup)
		if err != nil {
			return err
		}
		if taken && thing.SameAs(in.Type, in.Attributes, group) {
			return nil
		}
		if err := typeFor(tx, in.Type); err != nil {
			return err
		}
		if taken {
			return registry.Exists(registry.KindThing, in.Name, thing.UUID)
		}
		thing = registry.Thing{
			ID:         tx.Keys.Thing(),
			Name:       in.Name,
			UUID:       s.IDs.UUID(),
			Type:       in.Type,
			Attributes: in.Attributes,
			Version:    1,
			CreatedAt:  tx.Now,

			BillingGroup: group,
		}
		tx.Changes.Registry.CreatedThings = []registry.Thing{thing}
		memberships, err := s.classifier.classify(tx, thing, nil)
		if err != nil || len(memberships) == 0 {
			return err
		}
		return tx.ChangeMemberships(
			commit.Memberships{Thing: thing.ID, Before: nil, After: memberships})
	})
	return thing, err
}

// UpdateThing changes the attributes and the type of a thing (R-ID-6, R-ID-53).
func (s *Service) UpdateThing(ctx context.Context, name string, u registry.ThingUpdate) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		thing, err := tx.ThingByName(name)
		if err != nil {
			return commit.OrNotFound(err, NoThing(name))
		}
		if u.Type != nil {
			if err := typeFor(tx, *u.Type); err != nil {
				return err
			}
		}
		if thing, err = thing.Update(u, s.Limits()); err != nil {
			return err
		}
		tx.Changes.Registry.UpdatedThings = []registry.Thing{thing}
		_, err = s.classifier.reclassify(tx, thing)
		return err
	})
}

// ThingView is a thing with the name of its billing group, empty without one.
type ThingView struct {
	registry.Thing
	BillingGroup string
}

// DescribeThing returns a thing.
func (s *Service) DescribeThing(ctx context.Context, name string) (view ThingView, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if view.Thing, err = r.ThingByName(name); err != nil {
			return commit.OrNotFound(err, NoThing(name))
		}
		group, err := billingGroupOf(r, view.Thing)
		if group != nil {
			view.BillingGroup = group.Name
		}
		return err
	})
	return view, err
}

// ListThings lists things by name, those of a type or all, and of them those that a filter keeps.
// Where it stopped before the page was full, after so many things, more is the name to go on after
// (R-WIRE-27).
func (s *Service) ListThings(
	ctx context.Context, q store.ThingQuery, by registry.AttributeFilter,
) (things []registry.Thing, more string, err error) {
	var keep func(registry.Thing) (bool, error)
	if by.Name != "" {
		keep = func(t registry.Thing) (bool, error) { return by.Keeps(t.Attributes), nil }
	}
	err = s.Store.Read(ctx, func(r store.Reader) error {
		var stopped *registry.Thing
		things, stopped, err = store.Filter(ctx, q.Limit, pagesOfThings(r, q), keep)
		if stopped != nil {
			more = stopped.Name
		}
		return err
	})
	return things, more, err
}

// pagesOfThings reads a list of things page by page.
func pagesOfThings(
	r store.ThingReader, q store.ThingQuery,
) func(*registry.Thing, int) ([]registry.Thing, error) {
	return func(after *registry.Thing, limit int) ([]registry.Thing, error) {
		if q.Limit = limit; after != nil {
			q.After = after.Name
		}
		return r.Things(q)
	}
}

// DeleteThing deletes a thing: it leaves its groups, its pending executions become REMOVED, those
// that ended stay listed under their jobs (R-ID-7, R-EXE-23, R-EXE-24). A thing that does not exist
// is no error.
func (s *Service) DeleteThing(ctx context.Context, name string, expected *int64) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		thing, err := tx.ThingByName(name)
		if commit.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		attached, err := tx.PrincipalsOfThing(thing.ID, "", 1)
		if err != nil {
			return err
		}
		if err := thing.CheckDelete(len(attached) > 0, expected); err != nil {
			return err
		}
		memberships, err := tx.Memberships(thing.ID)
		if err != nil {
			return err
		}
		tx.Changes.Registry.DeletedThings = []registry.ThingID{thing.ID}
		tx.AfterCommit(func() { s.classifier.presences.forget([]string{name}) })
		return tx.ChangeMemberships(
			commit.Memberships{Thing: thing.ID, Before: memberships, Deleted: true})
	})
}
