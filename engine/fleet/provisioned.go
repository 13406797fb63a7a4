package fleet

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
)

// PutThing stages the thing that a provisioning template asks for: a new one, or what the template
// says about one that is there (R-ID-79). It is part of a use case that stages more. fault.NotFound:
// a type or a group that the template names does not exist.
func (s *Service) PutThing(
	tx *commit.Tx, wanted provisioning.Thing,
) (thing registry.Thing, err error) {
	thing, err = tx.ThingByName(wanted.Name)
	switch {
	case commit.Missing(err):
		return s.newThing(tx, wanted)
	case err != nil:
		return thing, err
	}
	return thing, s.updateThing(tx, wanted, &thing)
}

// newThing stages a thing with its groups.
func (s *Service) newThing(
	tx *commit.Tx, wanted provisioning.Thing,
) (thing registry.Thing, err error) {
	attributes := registry.MergeAttributes(nil, wanted.Attributes, false)
	if err := registry.CheckAttributes(
		attributes, s.Limits().OfType(wanted.Type),
	); err != nil {
		return thing, err
	}
	if err := typeFor(tx, wanted.Type); err != nil {
		return thing, err
	}
	group, err := billingGroupFor(tx, wanted.BillingGroup)
	if err != nil {
		return thing, err
	}
	thing = registry.Thing{
		ID:         tx.Keys.Thing(),
		Name:       wanted.Name,
		UUID:       s.IDs.UUID(),
		Type:       wanted.Type,
		Attributes: attributes,
		Version:    1,
		CreatedAt:  tx.Now,

		BillingGroup: group,
	}
	tx.Changes.Registry.CreatedThings = append(tx.Changes.Registry.CreatedThings, thing)
	return thing, s.moveThing(tx, thing, nil, nil, wanted.Groups)
}

// updateThing stages what is to change of a thing, and returns in thing what it is then. Its billing
// group changes only if it has none: there is no setting for that.
func (s *Service) updateThing(
	tx *commit.Tx, wanted provisioning.Thing, thing *registry.Thing,
) error {
	u, err := wanted.UpdateOf(*thing)
	if err != nil {
		return err
	}
	if u != nil {
		if u.Type != nil {
			if err := typeFor(tx, *u.Type); err != nil {
				return err
			}
		}
		if *thing, err = thing.Update(*u, s.Limits()); err != nil {
			return err
		}
		tx.Changes.Registry.UpdatedThings = append(tx.Changes.Registry.UpdatedThings, *thing)
	}
	if err := billProvisioned(tx, wanted, *thing); err != nil {
		return err
	}
	before, err := tx.Memberships(thing.ID)
	if err != nil {
		return err
	}
	names, err := staticNames(tx, before)
	if err != nil {
		return err
	}
	leaves, joins, err := wanted.GroupsOf(names)
	if err != nil || u == nil && len(leaves)+len(joins) == 0 {
		return err
	}
	return s.moveThing(tx, *thing, before, leaves, joins)
}

func billProvisioned(tx *commit.Tx, wanted provisioning.Thing, thing registry.Thing) error {
	group, err := billingGroupFor(tx, wanted.BillingGroup)
	if err != nil || group == 0 {
		return err
	}
	current, err := billingGroupOf(tx, thing)
	if err != nil || current != nil {
		return err
	}
	tx.Changes.Registry.BillingMemberships = append(tx.Changes.Registry.BillingMemberships,
		registry.BillingMembership{Thing: thing.ID, Group: group})
	return nil
}

// moveThing stages that a thing leaves static groups and joins others, and which dynamic ones it is
// in then.
func (s *Service) moveThing(
	tx *commit.Tx, thing registry.Thing, before []registry.Membership, leaves, joins []string,
) error {
	after, err := without(tx, before, leaves)
	if err != nil {
		return err
	}
	for _, name := range joins {
		if after, err = with(tx, after, name, thing, false); err != nil {
			return err
		}
	}
	if after, err = s.classifier.classify(tx, thing, after); err != nil {
		return err
	}
	if len(commit.OnlyIn(before, after))+len(commit.OnlyIn(after, before)) == 0 {
		return nil
	}
	return tx.ChangeMemberships(
		commit.Memberships{Thing: thing.ID, Before: before, After: after})
}

// staticNames are the names of the static groups among memberships.
func staticNames(tx *commit.Tx, memberships []registry.Membership) (names []string, err error) {
	for _, m := range memberships {
		g, err := tx.Group(m.Group)
		if err != nil {
			return nil, err
		}
		if !g.Dynamic() {
			names = append(names, g.Name)
		}
	}
	return names, nil
}
