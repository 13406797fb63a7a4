package fleet

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Billing groups. Each thing names the one that it is in, so that every use case here reads and
// writes a few rows, however many things a group has. That includes deleting one: its things then
// name a group that does not exist, which counts as none (R-ID-44).

// NewBillingGroup is what CreateBillingGroup asks for.
type NewBillingGroup struct {
	Name, Description string
	Tags              []registry.Tag
}

// CreateBillingGroup creates a billing group. Creating an equal one again returns the one that
// exists.
func (s *Service) CreateBillingGroup(
	ctx context.Context, in NewBillingGroup,
) (created registry.BillingGroup, err error) {
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		created, err = tx.BillingGroupByName(in.Name)
		if err == nil {
			if created.SameAs(in.Description) {
				return nil
			}
			return registry.Exists(registry.KindBillingGroup, in.Name, created.UUID)
		}
		if !commit.Missing(err) {
			return err
		}
		created = registry.BillingGroup{
			ID:          tx.Keys.BillingGroup(),
			Name:        in.Name,
			UUID:        s.IDs.UUID(),
			Description: in.Description,
			Version:     1,
			CreatedAt:   tx.Now,
		}
		tx.Changes.Registry.CreatedBillingGroups = []registry.BillingGroup{created}
		tx.TagNew(registry.KindBillingGroup, in.Name, tags)
		return nil
	})
	return created, err
}

// DescribeBillingGroup returns a billing group.
func (s *Service) DescribeBillingGroup(
	ctx context.Context, name string,
) (found registry.BillingGroup, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = findBillingGroup(r, name)
		return err
	})
	return found, err
}

// findBillingGroup returns a billing group. fault.NotFound: there is none.
func findBillingGroup(r store.ThingReader, name string) (registry.BillingGroup, error) {
	found, err := r.BillingGroupByName(name)
	return found, commit.OrNotFound(err, NoBillingGroup(name))
}

// billingGroupFor returns the key of the billing group that a new thing is to be in; the empty name
// is none, and the key 0. fault.NotFound: there is no such group.
func billingGroupFor(r store.ThingReader, name string) (registry.BillingGroupID, error) {
	if name == "" {
		return 0, nil
	}
	found, err := findBillingGroup(r, name)
	return found.ID, err
}

// billingGroupOf returns the billing group that a thing is in, nil for none. The group that it
// names may have been deleted.
func billingGroupOf(r store.ThingReader, thing registry.Thing) (*registry.BillingGroup, error) {
	if thing.BillingGroup == 0 {
		return nil, nil
	}
	found, err := r.BillingGroup(thing.BillingGroup)
	if commit.Missing(err) {
		return nil, nil
	}
	return &found, err
}

// UpdateBillingGroup changes the description of a billing group, nil to leave it, and returns its
// new version.
func (s *Service) UpdateBillingGroup(
	ctx context.Context, name string, description *string, expected *int64,
) (version int64, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := findBillingGroup(tx, name)
		if err != nil {
			return err
		}
		if found, err = found.Update(description, expected); err != nil {
			return err
		}
		version = found.Version
		tx.Changes.Registry.UpdatedBillingGroups = []registry.BillingGroup{found}
		return nil
	})
	return version, err
}

// DeleteBillingGroup deletes a billing group; the things that are in it are in none then. A group
// that does not exist is no error.
func (s *Service) DeleteBillingGroup(ctx context.Context, name string, expected *int64) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.BillingGroupByName(name)
		if commit.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := found.CheckDelete(expected); err != nil {
			return err
		}
		tx.Changes.Registry.DeletedBillingGroups = []registry.BillingGroupID{found.ID}
		tx.SetTags(registry.KindBillingGroup, name, nil)
		return nil
	})
}

// ListBillingGroups lists billing groups by name.
func (s *Service) ListBillingGroups(
	ctx context.Context, prefix, after string, limit int,
) (found []registry.BillingGroup, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.BillingGroups(prefix, after, limit)
		return err
	})
	return found, err
}

// ListBilledThings lists the things of a billing group by name.
func (s *Service) ListBilledThings(
	ctx context.Context, group, after string, limit int,
) (found []registry.Thing, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		of, err := findBillingGroup(r, group)
		if err != nil {
			return err
		}
		found, err = r.Things(store.ThingQuery{BillingGroup: of.ID, After: after, Limit: limit})
		return err
	})
	return found, err
}

// BillThing puts a thing into a billing group, unless it is in another one.
func (s *Service) BillThing(ctx context.Context, group, thing string) error {
	return s.changeBilling(ctx, group, thing,
		func(current *registry.BillingGroup, target registry.BillingGroup) (
			registry.BillingGroupID, bool, error,
		) {
			enters, err := registry.CanBill(thing, current, target)
			return target.ID, enters, err
		})
}

// UnbillThing takes a thing out of a billing group; one that is not in it stays where it is.
func (s *Service) UnbillThing(ctx context.Context, group, thing string) error {
	return s.changeBilling(ctx, group, thing,
		func(current *registry.BillingGroup, target registry.BillingGroup) (
			registry.BillingGroupID, bool, error,
		) {
			return 0, current != nil && current.ID == target.ID, nil
		})
}

// changeBilling loads a billing group and a thing and stores in which group the thing is after a
// decision, if that changes. current is the group that it is in, nil for none.
func (s *Service) changeBilling(
	ctx context.Context, group, thing string,
	decide func(current *registry.BillingGroup, target registry.BillingGroup) (
		after registry.BillingGroupID, changes bool, err error),
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		target, err := findBillingGroup(tx, group)
		if err != nil {
			return err
		}
		found, err := tx.ThingByName(thing)
		if err != nil {
			return commit.OrNotFound(err, NoThing(thing))
		}
		current, err := billingGroupOf(tx, found)
		if err != nil {
			return err
		}
		after, changes, err := decide(current, target)
		if err != nil || !changes {
			return err
		}
		tx.Changes.Registry.BillingMemberships = []registry.BillingMembership{
			{Thing: found.ID, Group: after},
		}
		return nil
	})
}
