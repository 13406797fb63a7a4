package engine

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// maxJoined is no bound on when a member joined.
const maxJoined = math.MaxInt64

// AddMember puts a thing into a group (R-ID-11). A thing that is in it already stays as it is.
func (e *Engine) AddMember(ctx context.Context, groupName, thingName string) error {
	return e.ChangeMemberships(ctx, thingName, MembershipChange{Add: []string{groupName}})
}

// RemoveMember takes a thing out of a group; one that is not in it is no error.
func (e *Engine) RemoveMember(ctx context.Context, groupName, thingName string) error {
	return e.ChangeMemberships(ctx, thingName, MembershipChange{Remove: []string{groupName}})
}

// MembershipChange names static groups that a thing leaves and others that it joins. With Override it may join where it
// is in ten groups already, if it leaves dynamic ones for that (R-ID-13).
type MembershipChange struct {
	Add, Remove []string
	Override    bool
}

// ChangeMemberships takes a thing out of some groups and puts it into others, as one change. What that causes in dynamic
// groups and in jobs is done when it returns (R-JOB-61).
func (e *Engine) ChangeMemberships(ctx context.Context, thingName string, change MembershipChange) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		thing, err := g.ThingByName(thingName)
		if err != nil {
			return out, either(err, noThing(thingName))
		}
		before, err := g.Memberships(thing.ID)
		if err != nil {
			return out, err
		}
		after, err := g.without(before, change.Remove)
		if err != nil {
			return out, err
		}
		for _, name := range change.Add {
			if after, err = g.with(after, name, thing, change.Override); err != nil {
				return out, err
			}
		}
		if after, err = g.classify(thing, after); err != nil {
			return out, err
		}
		return out, g.regroup(&out, thing.ID, before, after)
	})
}

// staticGroup finds a group whose members are added and removed by hand (R-ID-38).
func (g *group) staticGroup(name string) (registry.Group, error) {
	found, err := g.GroupByName(name)
	if err == nil && found.Dynamic() {
		return found, fault.New(fault.Invalid, "thing group %s is dynamic: its query makes its members", name)
	}
	return found, either(err, noGroup(name))
}

// regroup records that the memberships of a thing change, whoever changes them, and what follows from it in jobs: what
// it has QUEUED of jobs that reach it no more is removed (R-EXE-20, R-EXE-21).
func (g *group) regroup(out *outcome, thing registry.ThingID, before, after []registry.Membership) error {
	left := missingFrom(after, before)
	out.Registry.Left = append(out.Registry.Left, left...)
	out.Registry.Joined = append(out.Registry.Joined, missingFrom(before, after)...)
	if len(left) == 0 {
		return nil
	}
	return g.remove(out, thing, job.Leave, func(j job.Job) bool { return !j.Reaches(thing, after) })
}

// without returns the memberships that stay when a thing leaves the named groups.
func (g *group) without(memberships []registry.Membership, names []string) ([]registry.Membership, error) {
	for _, name := range names {
		found, err := g.staticGroup(name)
		if err != nil {
			return nil, err
		}
		memberships = slices.DeleteFunc(slices.Clone(memberships), func(m registry.Membership) bool { return m.Group == found.ID })
	}
	return memberships, nil
}

// with returns the memberships after a thing joins the named group. A thing is in at most ten groups, and in one only of
// each tree (R-ID-11).
func (g *group) with(memberships []registry.Membership, name string, thing registry.Thing, override bool) ([]registry.Membership, error) {
	found, err := g.staticGroup(name)
	if err != nil {
		return nil, err
	}
	path, err := pathTo(g, found)
	if err != nil {
		return nil, err
	}
	taken := len(memberships)
	for _, m := range memberships {
		if m.Group == found.ID {
			return memberships, nil
		}
		other, err := g.Group(m.Group)
		if err != nil {
			return nil, err
		}
		if other.Dynamic() && override {
			taken--
		}
		otherPath, err := pathTo(g, other)
		if err != nil {
			return nil, err
		}
		if otherPath[0].ID == path[0].ID {
			return nil, fault.New(fault.Invalid, "thing %s is in group %s already, of the same hierarchy as %s", thing.Name, other.Name, name)
		}
	}
	if taken >= registry.MaxGroupsPerThing {
		return nil, fault.New(fault.Invalid, "thing %s is in %d groups already, at most %d are allowed",
			thing.Name, taken, registry.MaxGroupsPerThing)
	}
	return append(slices.Clone(memberships), registry.Membership{
		Group: found.ID, Member: registry.Member{Thing: thing.ID, Name: thing.Name}, Joined: g.keys.Joined(),
	}), nil
}

// missingFrom returns what is in all but not in some.
func missingFrom(some, all []registry.Membership) (missing []registry.Membership) {
	for _, m := range all {
		if !slices.ContainsFunc(some, func(s registry.Membership) bool { return s.Group == m.Group && s.Joined == m.Joined }) {
			missing = append(missing, m)
		}
	}
	return missing
}

// ListMembers lists the things of a group by name, with recursive those of its descendants too, each once.
func (e *Engine) ListMembers(ctx context.Context, groupName string, recursive bool, after string, limit int) (names []string, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		top, err := r.GroupByName(groupName)
		if err != nil {
			return either(err, noGroup(groupName))
		}
		tree := []registry.Group{top}
		if recursive {
			if tree, err = withDescendants(r, top); err != nil {
				return err
			}
		}
		for _, branch := range tree {
			members, err := r.Members(branch.ID, maxJoined, after, limit)
			if err != nil {
				return err
			}
			for _, m := range members {
				names = append(names, m.Name)
			}
		}
		slices.Sort(names)
		names = slices.Compact(names)
		names = names[:min(limit, len(names))]
		return nil
	})
	return names, err
}

// GroupsOfThing lists the groups that a thing is a direct member of, by name.
func (e *Engine) GroupsOfThing(ctx context.Context, thingName string) (groups []registry.Group, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		id, err := thingID(r, thingName)
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
