package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

const (
	// inlineThings is how many things a request may look at, or take out of a dynamic group, before it is answered: in a
	// fleet of this size dynamic groups are ready at once (R-ID-38).
	inlineThings = 1000
	// scanStep is how many things one step of the due loop looks at; it stops earlier when it has changed the memberships
	// of backgroundStep of them.
	scanStep = 2000
)

// NewDynamicGroup is what CreateDynamicThingGroup asks for.
type NewDynamicGroup struct {
	Name, Description string
	Attributes        map[string]string
	Query             string
	Tags              []registry.Tag
}

// CreateDynamicGroup creates a dynamic thing group. In a small fleet it has its members when this returns, in a larger
// one they follow in the background. Creating an equal one again returns the one that exists (R-ID-57).
func (e *Engine) CreateDynamicGroup(ctx context.Context, in NewDynamicGroup) (created registry.Group, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(in.Attributes, registry.MaxAttributes); err != nil {
		return created, err
	}
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	if _, err := fleetquery.Parse(in.Query); err != nil {
		return created, err
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		created, err = g.GroupByName(in.Name)
		if err == nil {
			equal := created.Query == in.Query && created.Description == in.Description && maps.Equal(created.Attributes, in.Attributes)
			if equal && created.Work != registry.Emptying {
				return out, nil
			}
			return out, e.exists(registry.KindGroup, in.Name, created.UUID)
		}
		if !missing(err) {
			return out, err
		}
		others, err := g.DynamicGroups()
		if err != nil {
			return out, err
		}
		if len(others) >= registry.MaxDynamicGroups {
			return out, fault.New(fault.Limit, "there are %d dynamic thing groups, the most that are allowed", len(others))
		}
		created = registry.Group{
			ID: g.keys.Group(), Name: in.Name, UUID: e.IDs.UUID(), Description: in.Description, Attributes: in.Attributes,
			Query: in.Query, Version: 1, CreatedAt: g.now, Work: registry.Building,
		}
		out.Registry.CreatedGroups = []registry.Group{created}
		out.label(registry.KindGroup, in.Name, tags)
		return out, nil
	})
	return created, err
}

// UpdateDynamicGroup changes the properties of a dynamic group, or with a query its members, and returns its new version.
func (e *Engine) UpdateDynamicGroup(ctx context.Context, name string, u GroupUpdate, query *string) (version int64, err error) {
	if query != nil {
		if _, err := fleetquery.Parse(*query); err != nil {
			return 0, err
		}
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		found, err := g.GroupByName(name)
		if err != nil {
			return out, either(err, noGroup(name))
		}
		if !found.Dynamic() {
			return out, fault.New(fault.Invalid, "thing group %s is static; use UpdateThingGroup", name)
		}
		if found.Work == registry.Emptying {
			return out, beingDeleted(name)
		}
		if found, err = u.apply(found); err != nil {
			return out, err
		}
		if query != nil && *query != found.Query {
			found.Query, found.Work, found.Scanned = *query, registry.Rebuilding, ""
		}
		version = found.Version
		out.Registry.UpdatedGroups = []registry.Group{found}
		return out, nil
	})
	return version, err
}

// DeleteDynamicGroup deletes a dynamic group: a small one is gone when this returns, a larger one when its last member
// has left it in the background. One that does not exist is deleted already.
func (e *Engine) DeleteDynamicGroup(ctx context.Context, name string, expected *int64) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		found, err := g.GroupByName(name)
		if missing(err) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if !found.Dynamic() {
			return out, fault.New(fault.Invalid, "thing group %s is static; use DeleteThingGroup", name)
		}
		if err := expect(expected, found.Version); err != nil { // after the state, R-ERR-9
			return out, err
		}
		found.Work, found.Scanned = registry.Emptying, ""
		out.Registry.UpdatedGroups = []registry.Group{found}
		return out, nil
	})
}

// dynamicGroups returns the dynamic groups from the oldest to the newest, as they are at this point of the commit.
func (g *group) dynamicGroups() ([]fleetquery.DynamicGroup, error) {
	if g.dynamic.known {
		return g.dynamic.groups, nil
	}
	found, err := g.DynamicGroups()
	if err != nil {
		return nil, err
	}
	groups := make([]fleetquery.DynamicGroup, len(found))
	for i, d := range found {
		groups[i].Group = d
		if d.Work == registry.Emptying {
			continue
		}
		if groups[i].Query, err = g.queries.get(d.Query); err != nil {
			return nil, fmt.Errorf("thing group %s: %w", d.Name, err)
		}
	}
	g.dynamic.groups, g.dynamic.known = groups, true
	return groups, nil
}

// classify returns the memberships of a thing with the dynamic ones as the queries say; the static ones are taken as
// they are given. It must be asked whenever a thing, its type or its static groups change (R-ID-38).
func (g *group) classify(thing registry.Thing, memberships []registry.Membership) ([]registry.Membership, error) {
	dynamic, err := g.dynamicGroups()
	if err != nil || len(dynamic) == 0 {
		return memberships, err
	}
	static := slices.DeleteFunc(slices.Clone(memberships), func(m registry.Membership) bool {
		return slices.ContainsFunc(dynamic, func(d fleetquery.DynamicGroup) bool { return d.ID == m.Group })
	})
	seen, err := subject(g, g.pathNames, thing, static)
	if err != nil {
		return nil, err
	}
	seen.Connectivity = g.presences.of(thing.Name)
	if g.presences.mayReturn(thing.Name) {
		dynamic = asStored(dynamic, memberships)
	}
	in, full := fleetquery.Select(&seen, len(static), dynamic)
	for _, d := range full {
		g.crowded = append(g.crowded, crowded{thing.Name, d.Name})
	}
	for _, d := range in {
		stays := slices.IndexFunc(memberships, func(m registry.Membership) bool { return m.Group == d.ID })
		if stays >= 0 {
			static = append(static, memberships[stays])
			continue
		}
		static = append(static, registry.Membership{
			Group: d.ID, Member: registry.Member{Thing: thing.ID, Name: thing.Name}, Joined: g.keys.Joined(),
		})
	}
	return static, nil
}

// asStored answers for the groups whose members depend on connections by what is stored: a thing whose client is not known
// yet stays where it was.
func asStored(groups []fleetquery.DynamicGroup, memberships []registry.Membership) []fleetquery.DynamicGroup {
	stored := slices.Clone(groups)
	for i, d := range stored {
		if d.Query == nil || !d.Query.OfConnectivity() {
			continue
		}
		stored[i].Query = nil
		if slices.ContainsFunc(memberships, func(m registry.Membership) bool { return m.Group == d.ID }) {
			stored[i].Query = fleetquery.Everything
		}
	}
	return stored
}

// crowded is a thing that a dynamic group does not take, because it is in ten groups already (R-ID-42).
type crowded struct{ thing, group string }

// subject is what queries see of a thing. paths keeps what pathNames answered.
func subject(r store.GroupReader, paths map[registry.GroupID][]string, thing registry.Thing, memberships []registry.Membership) (s fleetquery.Subject, err error) {
	s.Thing = thing
	for _, m := range memberships {
		names, known := paths[m.Group]
		if !known {
			if names, err = pathNames(r, m.Group); err != nil {
				return s, err
			}
			paths[m.Group] = names
		}
		s.Groups = append(s.Groups, names...)
	}
	return s, nil
}

// pathNames returns the names of a static group and its ancestors; of a dynamic one nothing (R-ID-40).
func pathNames(r store.GroupReader, id registry.GroupID) (names []string, err error) {
	found, err := r.Group(id)
	if err != nil || found.Dynamic() {
		return nil, err
	}
	path, err := pathTo(r, found)
	for _, at := range path {
		names = append(names, at.Name)
	}
	return names, err
}

// membersStep does one bounded piece of the work on members that is due: it takes members out of a group that is being
// deleted, and looks at things for all groups that are being built.
func (g *group) membersStep(look, change int) error {
	busy, err := g.GroupsWithWork(registry.MaxDynamicGroups)
	if err != nil || len(busy) == 0 {
		return err
	}
	defer func() { g.fresh = false }()
	var emptying, building []registry.Group
	for _, found := range busy {
		if found.Work == registry.Emptying {
			emptying = append(emptying, found)
		} else {
			building = append(building, found)
		}
	}
	var out outcome
	g.busy = false
	if len(emptying) > 0 {
		gone := false
		if out, gone, err = g.emptyStep(emptying[0], change); err == nil {
			err = g.take(out)
		}
		g.busy = len(emptying) > 1 || !gone
	}
	if err == nil && len(building) > 0 {
		built := false
		if out, built, err = g.scanStep(building, look, change); err == nil {
			err = g.take(out)
		}
		g.busy = g.busy || !built
	}
	return err
}

// emptyStep takes up to limit members out of a group that is being deleted; the group goes with the last.
func (g *group) emptyStep(found registry.Group, limit int) (out outcome, gone bool, err error) {
	members, err := g.Members(found.ID, maxJoined, "", limit)
	if err != nil {
		return out, false, err
	}
	for _, member := range members {
		if err := g.leave(&out, found.ID, member); err != nil {
			return out, false, err
		}
	}
	if len(members) == limit {
		return out, false, nil
	}
	out.Registry.DeletedGroups = []registry.GroupID{found.ID}
	out.tag(registry.KindGroup, found.Name, nil)
	return out, true, nil
}

// scanStep looks at the next things by name, for all groups that are being built at once; it stops early when it has
// changed the memberships of so many. A thing that changes meanwhile is classified by that change, wherever the scan is.
func (g *group) scanStep(building []registry.Group, look, change int) (out outcome, built bool, err error) {
	from := building[0].Scanned
	for _, b := range building {
		from = min(from, b.Scanned)
	}
	things, err := g.Things(store.ThingQuery{After: from, Limit: look})
	if err != nil {
		return out, false, err
	}
	seen, changed := 0, 0
	for ; seen < len(things) && changed < change; seen++ {
		moved, err := g.reclassify(&out, things[seen])
		if err != nil {
			return out, false, err
		}
		if moved {
			changed++
		}
	}
	built = seen == len(things) && len(things) < look
	for _, b := range building {
		if built {
			b.Work, b.Scanned = registry.NoGroupWork, ""
		} else if seen > 0 {
			b.Scanned = max(b.Scanned, things[seen-1].Name)
		}
		out.Registry.UpdatedGroups = append(out.Registry.UpdatedGroups, b)
	}
	return out, built, nil
}

// reclassify puts the dynamic memberships of a thing right, and reports whether any was wrong.
func (g *group) reclassify(out *outcome, thing registry.Thing) (bool, error) {
	before, err := g.Memberships(thing.ID)
	if err != nil {
		return false, err
	}
	after, err := g.classify(thing, before)
	if err != nil || len(missingFrom(before, after))+len(missingFrom(after, before)) == 0 {
		return false, err
	}
	return true, g.regroup(out, thing.ID, before, after)
}

func hasWork(groups []registry.Group) bool {
	return slices.ContainsFunc(groups, func(g registry.Group) bool { return g.Work != registry.NoGroupWork })
}
