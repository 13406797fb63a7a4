package registry

import (
	"maps"

	"github.com/drover-iot/drover/internal/fault"
)

// There are two kinds of thing groups. Static ones form trees, and their members are added and
// removed by requests. Dynamic ones stand alone, and a query makes their members. Each kind has
// requests of its own, and what is meant for one kind is refused for the other.
//
// A group that is being deleted is still there until its last member has left, but nothing can be
// done with it any more (R-ID-12).

// SameAs reports whether a group is what a repeated request to create one asks for, which then
// changes nothing. wanted has the properties that were given: the parent of a static group, the
// query of a dynamic one (R-ID-49, R-ID-57). A group that is being deleted is never the same.
func (g Group) SameAs(wanted Group) bool {
	return g.Parent == wanted.Parent && g.Query == wanted.Query &&
		g.Description == wanted.Description && maps.Equal(g.Attributes, wanted.Attributes) &&
		g.Work != Emptying
}

// Taken is the fault of a request to create a group whose name this one has, and which does not ask
// for the same. One that is being deleted has its name until its last member has left it (R-ID-12).
func (g Group) Taken() error {
	if g.Work == Emptying {
		return taken(KindGroup, g.Name, g.UUID, "is being deleted; its name is free when its last "+
			"members have left it")
	}
	return Exists(KindGroup, g.Name, g.UUID)
}

// GroupUpdate is what a request to update a group asks for.
type GroupUpdate struct {
	// Description and Attributes are nil to leave what the group has. With Merge, attributes are
	// laid over those that it has.
	Description *string
	Attributes  map[string]string
	Merge       bool
	// ExpectedVersion is the version that the group must have; nil for any.
	ExpectedVersion *int64
}

// Update returns a static group after an update, one version further (R-ID-13).
func (g Group) Update(u GroupUpdate) (Group, error) {
	if g.Dynamic() {
		return g, fault.New(fault.Invalid,
			"thing group %s is dynamic; use UpdateDynamicThingGroup", g.Name)
	}
	return g.update(u)
}

// UpdateDynamic returns a dynamic group after an update, one version further. A query that is given
// and is another one makes all members anew; the same query again changes nothing about them
// (R-ID-38).
func (g Group) UpdateDynamic(u GroupUpdate, query *string) (Group, error) {
	if !g.Dynamic() {
		return g, fault.New(fault.Invalid, "thing group %s is static; use UpdateThingGroup", g.Name)
	}
	g, err := g.update(u)
	if query != nil && *query != g.Query {
		g.Query, g.Work, g.Scanned = *query, Rebuilding, ""
	}
	return g, err
}

// update changes the properties that both kinds have.
func (g Group) update(u GroupUpdate) (Group, error) {
	if err := g.checkThere(); err != nil {
		return g, err
	}
	if err := ExpectVersion(u.ExpectedVersion, g.Version); err != nil {
		return g, err
	}
	if u.Description != nil {
		g.Description = *u.Description
	}
	if u.Attributes != nil {
		g.Attributes = MergeAttributes(g.Attributes, u.Attributes, u.Merge)
	}
	g.Version++
	return g, CheckAttributes(g.Attributes, MaxGroupAttributes)
}

// checkThere refuses a group that is being deleted.
func (g Group) checkThere() error {
	if g.Work == Emptying {
		return fault.New(fault.Invalid, "thing group %s is being deleted", g.Name)
	}
	return nil
}

// CheckStatic refuses a group whose members are not added and removed by requests (R-ID-38).
// Policies are attached to such groups only (R-ID-22).
func (g Group) CheckStatic() error {
	if g.Dynamic() {
		return fault.New(fault.Invalid,
			"thing group %s is dynamic: its query makes its members", g.Name)
	}
	return g.checkThere()
}

// Delete returns a static group as it is once its deletion has begun. It is refused for one with
// child groups (R-ID-12). Terraform's provider knows this refusal by its message, and tries again.
func (g Group) Delete(hasChildren bool, expectedVersion *int64) (Group, error) {
	if g.Dynamic() {
		return g, fault.New(fault.Invalid,
			"thing group %s is dynamic; use DeleteDynamicThingGroup", g.Name)
	}
	if hasChildren {
		return g, fault.New(fault.Invalid,
			"thing group %s cannot be deleted: there are still child groups attached", g.Name)
	}
	return g.delete(expectedVersion)
}

// DeleteDynamic returns a dynamic group as it is once its deletion has begun.
func (g Group) DeleteDynamic(expectedVersion *int64) (Group, error) {
	if !g.Dynamic() {
		return g, fault.New(fault.Invalid, "thing group %s is static; use DeleteThingGroup", g.Name)
	}
	return g.delete(expectedVersion)
}

// delete begins the deletion: from now on the members leave.
func (g Group) delete(expectedVersion *int64) (Group, error) {
	if err := ExpectVersion(expectedVersion, g.Version); err != nil {
		return g, err
	}
	g.Work, g.Scanned = Emptying, ""
	return g, nil
}

// CanNest refuses a parent for a new group (R-ID-11). depth is how many groups there are from the
// root down to the parent, itself counted: a parent at depth 6 takes a child at depth 7, which
// takes none. children is how many direct children the parent has.
func CanNest(parent Group, depth, children int) error {
	if err := parent.checkThere(); err != nil {
		return err
	}
	switch {
	case parent.Dynamic(): // R-ID-38
		return fault.New(fault.Invalid,
			"parentGroupName: thing group %s is dynamic and has no children", parent.Name)
	case depth >= MaxGroupDepth:
		return fault.New(fault.Invalid,
			"parentGroupName: %s is %d groups deep, at most %d are allowed",
			parent.Name, depth, MaxGroupDepth)
	case children >= MaxGroupChildren:
		return fault.New(fault.Invalid,
			"parentGroupName: %s has %d children, the most that are allowed",
			parent.Name, children)
	}
	return nil
}

// Path is the groups from the root of a tree down to one group, with both.
type Path []Group

// root is the root of the tree.
func (p Path) root() GroupID { return p[0].ID }

// group is the group at the end.
func (p Path) group() Group { return p[len(p)-1] }

// CanJoin decides whether a thing may join a static group (R-ID-11). in are the paths to the groups
// that it is in. It may be in ten groups, and in one only of each tree. joins is false when it is
// in the group already, which is no error.
//
// With override, dynamic groups do not count: at the limit the thing leaves the newest of them for
// the static group (R-ID-13). So a thing in 9 static groups and 1 dynamic one may join with
// override only, and one in 10 static groups may not join at all.
func CanJoin(thing string, in []Path, target Path, override bool) (joins bool, err error) {
	taken := len(in)
	for _, path := range in {
		switch other := path.group(); {
		case other.ID == target.group().ID:
			return false, nil
		case path.root() == target.root():
			return false, fault.New(fault.Invalid,
				"thing %s is in group %s already, of the same hierarchy as %s",
				thing, other.Name, target.group().Name)
		case other.Dynamic() && override:
			taken--
		}
	}
	if taken >= MaxGroupsPerThing {
		return false, fault.New(fault.Invalid,
			"thing %s is in %d groups already, at most %d are allowed",
			thing, taken, MaxGroupsPerThing)
	}
	return true, nil
}

// CheckDynamicGroups refuses one more dynamic group where so many exist (R-ID-38).
func CheckDynamicGroups(existing int) error {
	if existing >= MaxDynamicGroups {
		return fault.New(fault.Limit,
			"there are %d dynamic thing groups, the most that are allowed", existing)
	}
	return nil
}
