package memory

import (
	"maps"

	"github.com/drover-iot/drover/registry"
)

func (s *state) createThing(t registry.Thing) error {
	if s.names.has(id(t.ID)) || s.thingNames.has(text(t.Name)) {
		return conflict("thing", t.Name)
	}
	s.things = s.things.put(id(t.ID), cloneThing(t))
	s.thingNames = s.thingNames.put(text(t.Name), id(t.ID))
	s.names = s.names.put(id(t.ID), t.Name)
	return nil
}

// updateThing rewrites what an update may change: a thing keeps its name, its UUID, its time of
// creation and its billing group.
func (s *state) updateThing(t registry.Thing) error {
	stored, ok := s.things.get(id(t.ID))
	if !ok {
		return conflict("thing", t.ID)
	}
	stored.Type, stored.Attributes, stored.Version = t.Type, t.Attributes, t.Version
	s.things = s.things.put(id(t.ID), cloneThing(stored))
	return nil
}

func (s *state) deleteThing(thing registry.ThingID) error {
	t, ok := s.things.get(id(thing))
	r := reader{state: s}
	principals, _ := r.PrincipalsOfThing(thing, "", 1)
	memberships, _ := r.Memberships(thing)
	if !ok || len(principals) > 0 || len(memberships) > 0 {
		return conflict("thing", thing)
	}
	s.things = s.things.remove(id(thing))
	s.thingNames = s.thingNames.remove(text(t.Name))
	s.unhold(thing)
	s.forgetName(thing)
	return nil
}

// forgetName drops the name of a thing that was deleted and has no executions.
func (s *state) forgetName(thing registry.ThingID) {
	for at := range s.ofThing.from(ofThing{thing: thing}) {
		if at.thing == thing {
			return
		}
		break
	}
	if !s.things.has(id(thing)) {
		s.names = s.names.remove(id(thing))
	}
}

func (s *state) createBillingGroup(g registry.BillingGroup) error {
	if s.billingGroups.has(id(g.ID)) || s.billingNames.has(text(g.Name)) {
		return conflict("billing group", g.Name)
	}
	s.billingGroups = s.billingGroups.put(id(g.ID), storedBillingGroup(g))
	s.billingNames = s.billingNames.put(text(g.Name), id(g.ID))
	return nil
}

// updateBillingGroup rewrites what an update may change.
func (s *state) updateBillingGroup(g registry.BillingGroup) error {
	stored, ok := s.billingGroups.get(id(g.ID))
	if !ok {
		return conflict("billing group", g.ID)
	}
	stored.Description, stored.Version = g.Description, g.Version
	s.billingGroups = s.billingGroups.put(id(g.ID), stored)
	return nil
}

func (s *state) deleteBillingGroup(group registry.BillingGroupID) error {
	g, ok := s.billingGroups.get(id(group))
	if !ok {
		return conflict("billing group", group)
	}
	s.billingGroups = s.billingGroups.remove(id(group))
	s.billingNames = s.billingNames.remove(text(g.Name))
	return nil
}

func (s *state) setBillingGroup(m registry.BillingMembership) error {
	t, ok := s.things.get(id(m.Thing))
	if !ok {
		return conflict("thing", m.Thing)
	}
	t.BillingGroup = m.Group
	s.things = s.things.put(id(m.Thing), t)
	return nil
}

func (s *state) createGroup(g registry.Group) error {
	if s.groups.has(id(g.ID)) || s.groupNames.has(text(g.Name)) {
		return conflict("thing group", g.Name)
	}
	s.groups = s.groups.put(id(g.ID), cloneGroup(g))
	s.groupNames = s.groupNames.put(text(g.Name), id(g.ID))
	return nil
}

// updateGroup rewrites what an update may change.
func (s *state) updateGroup(g registry.Group) error {
	stored, ok := s.groups.get(id(g.ID))
	if !ok {
		return conflict("thing group", g.ID)
	}
	stored.Description, stored.Attributes, stored.Version = g.Description, g.Attributes, g.Version
	stored.Query, stored.Work, stored.Scanned = g.Query, g.Work, g.Scanned
	s.groups = s.groups.put(id(g.ID), cloneGroup(stored))
	return nil
}

func (s *state) deleteGroup(group registry.GroupID) error {
	g, ok := s.groups.get(id(group))
	if !ok {
		return conflict("thing group", group)
	}
	s.groups = s.groups.remove(id(group))
	s.groupNames = s.groupNames.remove(text(g.Name))
	for at, m := range s.memberships.from(inGroup{group: group}) {
		if at.group != group {
			break
		}
		s.memberships = s.memberships.remove(at)
		s.groupsOf = s.groupsOf.remove(groupOf{m.Thing, group})
	}
	return nil
}

func (s *state) putThingType(t registry.ThingType) error {
	if stored, ok := s.thingTypes.get(text(t.Name)); ok {
		t.UUID, t.CreatedAt = stored.UUID, stored.CreatedAt
	}
	s.thingTypes = s.thingTypes.put(text(t.Name), cloneThingType(t))
	return nil
}

func (s *state) deleteThingType(name string) error {
	if !s.thingTypes.has(text(name)) {
		return conflict("thing type", name)
	}
	s.thingTypes = s.thingTypes.remove(text(name))
	return nil
}

func (s *state) setTags(t registry.Tagged) error {
	key := resource{t.Kind, t.Name}
	if len(t.Tags) == 0 {
		s.tagged = s.tagged.remove(key)
		return nil
	}
	s.tagged = s.tagged.put(key, maps.Clone(t.Tags))
	return nil
}

func (s *state) addMembership(m registry.Membership) error {
	if s.groupsOf.has(
		groupOf{m.Thing, m.Group},
	) || !s.groups.has(id(m.Group)) || !s.things.has(id(m.Thing)) {
		return conflict("membership", m)
	}
	m.Name, _ = s.names.get(id(m.Thing))
	s.memberships = s.memberships.put(inGroup{m.Group, m.Name}, m)
	s.groupsOf = s.groupsOf.put(groupOf{m.Thing, m.Group}, m.Name)
	return nil
}

func (s *state) rememberMembership(m registry.LeftMembership) error {
	s.left = s.left.put(leftGroup{inGroup{m.Group, m.Name}, m.Joined}, m)
	return nil
}

func (s *state) forgetMembership(m registry.LeftMembership) error {
	s.left = s.left.remove(leftGroup{inGroup{m.Group, m.Name}, m.Joined})
	return nil
}

func (s *state) removeMembership(m registry.Membership) error {
	name, ok := s.groupsOf.get(groupOf{m.Thing, m.Group})
	if !ok {
		return conflict("membership", m)
	}
	s.memberships = s.memberships.remove(inGroup{m.Group, name})
	s.groupsOf = s.groupsOf.remove(groupOf{m.Thing, m.Group})
	return nil
}
