package fleet

import (
	"context"
	"slices"
	"strings"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Who is in a static group. A request names groups to leave and groups to join; both are decided
// before anything is written, so that a thing never is in too many groups in between.

// AddMember puts a thing into a group (R-ID-11). A thing that is in it already stays as it is.
func (s *Service) AddMember(ctx context.Context, groupName, thingName string) error {
	return s.ChangeMemberships(ctx, thingName, MembershipChange{Add: []string{groupName}})
}

// RemoveMember takes a thing out of a group; one that is not in it is no error.
func (s *Service) RemoveMember(ctx context.Context, groupName, thingName string) error {
	return s.ChangeMemberships(ctx, thingName, MembershipChange{Remove: []string{groupName}})
}

// MembershipChange names static groups that a thing leaves and others that it joins. With Override
// it may join where it is in ten groups already, if it leaves dynamic ones for that (R-ID-13).
type MembershipChange struct {
	Add, Remove []string
	Override    bool
}

// ChangeMemberships takes a thing out of some groups and puts it into others, as one change. What
// that causes in dynamic groups and in jobs is done when it returns (R-JOB-61).
func (s *Service) ChangeMemberships(
	ctx context.Context, thingName string, change MembershipChange,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		thing, err := tx.ThingByName(thingName)
		if err != nil {
			return commit.OrNotFound(err, NoThing(thingName))
		}
		before, err := tx.Memberships(thing.ID)
		if err != nil {
			return err
		}
		after, err := without(tx, before, change.Remove)
		if err != nil {
			return err
		}
		for _, name := range change.Add {
			if after, err = with(tx, after, name, thing, change.Override); err != nil {
				return err
			}
		}
		if after, err = s.classifier.classify(tx, thing, after); err != nil {
			return err
		}
		return tx.ChangeMemberships(
			commit.Memberships{Thing: thing.ID, Before: before, After: after})
	})
}

// StaticGroup finds a group whose members are added and removed by hand (R-ID-38).
func StaticGroup(tx *commit.Tx, name string) (registry.Group, error) {
	found, err := tx.GroupByName(name)
	if err != nil {
		return found, commit.OrNotFound(err, NoGroup(name))
	}
	return found, found.CheckStatic()
}

// without returns the memberships that stay when a thing leaves the named groups.
func without(
	tx *commit.Tx, memberships []registry.Membership, names []string,
) ([]registry.Membership, error) {
	stay := slices.Clone(memberships)
	for _, name := range names {
		found, err := StaticGroup(tx, name)
		if err != nil {
			return nil, err
		}
		stay = slices.DeleteFunc(stay, func(m registry.Membership) bool { return m.Group == found.ID })
	}
	return stay, nil
}

// with returns the memberships after a thing joins the named group, if it may.
func with(
	tx *commit.Tx, memberships []registry.Membership, name string, thing registry.Thing, override bool,
) ([]registry.Membership, error) {
	found, err := StaticGroup(tx, name)
	if err != nil {
		return nil, err
	}
	target, err := PathTo(tx, found)
	if err != nil {
		return nil, err
	}
	in := make([]registry.Path, len(memberships))
	for i, m := range memberships {
		other, err := tx.Group(m.Group)
		if err != nil {
			return nil, err
		}
		if in[i], err = PathTo(tx, other); err != nil {
			return nil, err
		}
	}
	joins, err := registry.CanJoin(thing.Name, in, target, override)
	if err != nil || !joins {
		return memberships, err
	}
	return append(slices.Clone(memberships), registry.Membership{
		Group:  found.ID,
		Member: registry.Member{Thing: thing.ID, Name: thing.Name},
		Joined: tx.Keys.Joined(),
	}), nil
}

// GroupMember is a member of a group or of one below it, and its place in the list of them.
type GroupMember struct {
	Path registry.GroupPath // from the group that is listed to the one that the thing is in
	Name string
}

// membersLookedPerGroup is how many members one request could look at in the time that it takes to
// come to another group.
const membersLookedPerGroup = 10

// ListMembers lists the things of a group by name. With recursive those of the groups below it
// follow, group by group in the order of NextGroup; a thing is in one group of a tree only, so each
// is listed once. Where it stopped before the page was full, after so many groups, more is where to
// go on (R-WIRE-27).
func (s *Service) ListMembers(
	ctx context.Context, groupName string, recursive bool, after GroupMember, limit int,
) (found []GroupMember, more *GroupMember, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		top, err := r.GroupByName(groupName)
		if err != nil {
			return commit.OrNotFound(err, NoGroup(groupName))
		}
		at := after
		for looked := 0; looked < store.MaxLooked; looked += membersLookedPerGroup {
			if err := ctx.Err(); err != nil {
				return err
			}
			members, err := r.Members(at.Path.Group(top.ID), at.Name, limit-len(found))
			if err != nil {
				return err
			}
			for _, m := range members {
				found = append(found, GroupMember{Path: at.Path, Name: m.Name})
			}
			if len(found) == limit || !recursive {
				return nil
			}
			path, ok, err := NextGroup(r, top.ID, at.Path)
			if err != nil || !ok {
				return err
			}
			at = GroupMember{Path: path}
		}
		more = &at
		return nil
	})
	return found, more, err
}

// GroupsOfThing lists the groups that a thing is a direct member of, by name.
func (s *Service) GroupsOfThing(
	ctx context.Context, thingName string,
) (groups []registry.Group, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		id, err := FindThing(r, thingName)
		if err != nil {
			return err
		}
		memberships, err := r.Memberships(id)
		if err != nil {
			return err
		}
		for _, m := range memberships {
			g, err := r.Group(m.Group)
			if err != nil {
				return err
			}
			groups = append(groups, g)
		}
		slices.SortFunc(groups, func(a, b registry.Group) int { return strings.Compare(a.Name, b.Name) })
		return nil
	})
	return groups, err
}
