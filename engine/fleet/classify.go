package fleet

import (
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/parsed"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// Dynamic groups have ordinary memberships. Whatever changes a thing, its type, its static groups
// or its connection asks classify in the same commit, and the answer is stored: so a group is read
// like a static one, and jobs follow it like one.

// classifier keeps the members of dynamic groups right.
type classifier struct {
	// queries are the compiled queries of dynamic groups, by their text.
	queries *parsed.Cache[fleetquery.Query]
	// presences say which clients are connected, for queries on connectivity; when other nodes are on
	// the store, that says so (connectivity.go).
	presences presences
	shared    bool
	grace     time.Duration // Config.PresenceGrace
}

// commitState is what the classifier remembers for the length of one commit.
type commitState struct {
	dynamic   []fleetquery.DynamicGroup // until one changes
	known     bool                      // dynamic was read
	pathNames map[registry.GroupID][]string
	newWork   bool // a request made work on members
	workLeft  bool // there is work on members when the commit ends
	skipped   []skippedMember
}

// skippedMember is a thing that a dynamic group leaves out because it is in ten groups already
// (R-ID-42).
type skippedMember struct{ thing, group string }

// stateOf returns what the classifier remembers in this commit, empty at its start.
func stateOf(tx *commit.Tx) *commitState {
	state := commit.Local[commitState](tx)
	if state.pathNames == nil {
		state.pathNames = map[registry.GroupID][]string{}
	}
	return state
}

// dynamicGroups returns the dynamic groups from the oldest to the newest, as they are at this point
// of the commit.
func (c *classifier) dynamicGroups(tx *commit.Tx) ([]fleetquery.DynamicGroup, error) {
	state := stateOf(tx)
	if state.known {
		return state.dynamic, nil
	}
	found, err := tx.DynamicGroups()
	if err != nil {
		return nil, err
	}
	groups := make([]fleetquery.DynamicGroup, len(found))
	for i, d := range found {
		groups[i].Group = d
		if d.Work == registry.Emptying {
			continue
		}
		if groups[i].Query, err = c.queries.Get(d.Query); err != nil {
			return nil, fmt.Errorf("thing group %s: %w", d.Name, err)
		}
	}
	state.dynamic, state.known = groups, true
	return groups, nil
}

// classify returns the memberships of a thing with the dynamic ones as the queries say; the static
// ones are taken as they are given. It must be asked whenever a thing, its type or its static
// groups change (R-ID-38).
func (c *classifier) classify(
	tx *commit.Tx, thing registry.Thing, memberships []registry.Membership,
) ([]registry.Membership, error) {
	dynamic, err := c.dynamicGroups(tx)
	if err != nil || len(dynamic) == 0 {
		return memberships, err
	}
	isDynamic := func(m registry.Membership) bool {
		return slices.ContainsFunc(dynamic, func(d fleetquery.DynamicGroup) bool { return d.ID == m.Group })
	}
	after := slices.DeleteFunc(slices.Clone(memberships), isDynamic)
	state := stateOf(tx)
	seen, err := subject(tx, state.pathNames, thing, after)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(dynamic, ofConnectivity) {
		mayReturn := false
		if seen.Connectivity, mayReturn, err = c.connectivity(tx, thing.Name, tx.StoreTime()); err != nil {
			return nil, err
		}
		if mayReturn {
			dynamic = connectivityAsStored(dynamic, memberships)
		}
	}
	in, full := fleetquery.Select(&seen, len(after), dynamic)
	for _, d := range full {
		state.skipped = append(state.skipped, skippedMember{thing.Name, d.Name})
	}
	for _, d := range in {
		after = append(after, membershipIn(tx, d.ID, thing, memberships))
	}
	return after, nil
}

// membershipIn is the membership of a thing in a group: the one it has, or a new one.
func membershipIn(
	tx *commit.Tx, group registry.GroupID, thing registry.Thing, has []registry.Membership,
) registry.Membership {
	at := slices.IndexFunc(has, func(m registry.Membership) bool { return m.Group == group })
	if at >= 0 {
		return has[at]
	}
	return registry.Membership{
		Group:  group,
		Member: registry.Member{Thing: thing.ID, Name: thing.Name},
		Joined: tx.Keys.Joined(),
	}
}

// ofConnectivity reports whether the members of a group depend on connections.
func ofConnectivity(d fleetquery.DynamicGroup) bool {
	return d.Query != nil && d.Query.OfConnectivity()
}

// connectivityAsStored answers for the groups whose members depend on connections by what is
// stored: a thing whose client is not known yet stays where it was (R-ID-61).
func connectivityAsStored(
	groups []fleetquery.DynamicGroup, has []registry.Membership,
) []fleetquery.DynamicGroup {
	stored := slices.Clone(groups)
	for i, d := range stored {
		if !ofConnectivity(d) {
			continue
		}
		stored[i].Query = nil
		if slices.ContainsFunc(has, func(m registry.Membership) bool { return m.Group == d.ID }) {
			stored[i].Query = fleetquery.Everything
		}
	}
	return stored
}

// reclassify puts the dynamic memberships of a thing right, and reports whether any was wrong.
func (c *classifier) reclassify(tx *commit.Tx, thing registry.Thing) (bool, error) {
	before, err := tx.Memberships(thing.ID)
	if err != nil {
		return false, err
	}
	after, err := c.classify(tx, thing, before)
	if err != nil || len(commit.OnlyIn(before, after))+len(commit.OnlyIn(after, before)) == 0 {
		return false, err
	}
	return true, tx.ChangeMemberships(commit.Memberships{Thing: thing.ID, Before: before, After: after})
}

// subject is what queries see of a thing. names caches what pathNames answered.
func subject(
	r store.GroupReader, cache map[registry.GroupID][]string,
	thing registry.Thing, memberships []registry.Membership,
) (s fleetquery.Subject, err error) {
	s.Thing = thing
	for _, m := range memberships {
		names, known := cache[m.Group]
		if !known {
			if names, err = pathNames(r, m.Group); err != nil {
				return s, err
			}
			cache[m.Group] = names
		}
		s.Groups = append(s.Groups, names...)
	}
	return s, nil
}

// pathNames returns the names of a static group and of its ancestors, nothing for a dynamic one
// (R-ID-40).
func pathNames(r store.GroupReader, id registry.GroupID) (names []string, err error) {
	found, err := r.Group(id)
	if err != nil || found.Dynamic() {
		return nil, err
	}
	path, err := PathTo(r, found)
	for _, at := range path {
		names = append(names, at.Name)
	}
	return names, err
}
