package fleet

import (
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Work on the members of groups. A new query must look at every thing, and a group that is deleted
// must lose every member; both are done in bounded steps. In a small fleet the first step is part
// of the request's own commit, so that a dynamic group is ready, and a deleted group gone, when the
// request is answered (R-ID-38).

const (
	// lookStep is how many things one step looks at, before a request is answered or in the
	// background.
	lookStep = 1000
	// memberStep is how much work one step does, in rows: a thing that enters or leaves a group is
	// one, and may gain or lose executions of many jobs besides.
	memberStep = 250
)

// step does one bounded piece of the work on members that is due: it takes members out of one group
// that is being deleted, and looks at things for all groups that are being built.
func (c *classifier) step(tx *commit.Tx, look, work int) error {
	working, err := tx.GroupsWithWork(registry.MaxDynamicGroups)
	if err != nil || len(working) == 0 {
		return err
	}
	state := stateOf(tx)
	defer func() { state.newWork = false }()
	var emptying, building []registry.Group
	for _, g := range working {
		if g.Work == registry.Emptying {
			emptying = append(emptying, g)
		} else {
			building = append(building, g)
		}
	}
	state.workLeft = false
	if len(emptying) > 0 {
		gone, err := c.emptyStep(tx, emptying[0], work)
		if err != nil {
			return err
		}
		if err := tx.Apply(); err != nil {
			return err
		}
		state.workLeft = len(emptying) > 1 || !gone
	}
	if len(building) > 0 {
		built, err := c.scanStep(tx, building, look, work)
		if err != nil {
			return err
		}
		if err := tx.Apply(); err != nil {
			return err
		}
		state.workLeft = state.workLeft || !built
	}
	return nil
}

// emptyStep takes members out of a group that is being deleted until it has done so much work; the
// group goes with the last.
func (c *classifier) emptyStep(tx *commit.Tx, g registry.Group, work int) (gone bool, err error) {
	end := tx.Work() + work
	members, err := tx.Members(g.ID, "", work+1)
	if err != nil {
		return false, err
	}
	for _, member := range members {
		if tx.Work() >= end {
			return false, nil
		}
		if err := c.leave(tx, g.ID, member.Thing); err != nil {
			return false, err
		}
		if err := tx.Apply(); err != nil { // so that its work counts
			return false, err
		}
	}
	tx.Changes.Registry.DeletedGroups = []registry.GroupID{g.ID}
	tx.SetTags(registry.KindGroup, g.Name, nil)
	return true, nil
}

// leave takes one member out of a group.
func (c *classifier) leave(
	tx *commit.Tx, group registry.GroupID, member registry.ThingID,
) error {
	before, err := tx.Memberships(member)
	if err != nil {
		return err
	}
	ofGroup := func(m registry.Membership) bool { return m.Group == group }
	after := slices.DeleteFunc(slices.Clone(before), ofGroup)
	thing, err := tx.Thing(member)
	if err != nil {
		return err
	}
	if after, err = c.classify(tx, thing, after); err != nil {
		return err
	}
	return tx.ChangeMemberships(
		commit.Memberships{Thing: member, Before: before, After: after})
}

// scanStep looks at the next things by name, for all groups that are being built at once. It stops
// early when it has done so much work. A thing that changes meanwhile is classified by that change,
// wherever the scan is.
func (c *classifier) scanStep(
	tx *commit.Tx, building []registry.Group, look, work int,
) (built bool, err error) {
	end := tx.Work() + work
	from := building[0].Scanned
	for _, g := range building {
		from = min(from, g.Scanned)
	}
	things, err := tx.Things(store.ThingQuery{After: from, Limit: look})
	if err != nil {
		return false, err
	}
	seen := 0
	for ; seen < len(things) && tx.Work() < end; seen++ {
		wrong, err := c.reclassify(tx, things[seen])
		if err != nil {
			return false, err
		}
		if wrong {
			if err := tx.Apply(); err != nil { // so that its work counts
				return false, err
			}
		}
	}
	built = seen == len(things) && len(things) < look
	for _, g := range building {
		if built {
			g.Work, g.Scanned = registry.NoGroupWork, ""
		} else if seen > 0 {
			g.Scanned = max(g.Scanned, things[seen-1].Name)
		}
		tx.Changes.Registry.UpdatedGroups = append(tx.Changes.Registry.UpdatedGroups, g)
	}
	return built, nil
}

func hasWork(groups []registry.Group) bool {
	return slices.ContainsFunc(groups, func(g registry.Group) bool { return g.Work != registry.NoGroupWork })
}
