package engine

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// searchStep is how many things one search looks at; it goes on with a token.
const searchStep = 10_000

// Search finds things that a query matches, by name, strictly after a name: up to limit, and among a bounded number of
// things. Where it stopped before the last thing for that reason, more is the name to go on after.
func (e *Engine) Search(ctx context.Context, query, after string, limit int) (found []fleetquery.Subject, more string, err error) {
	q, err := fleetquery.Parse(query)
	if err != nil {
		return nil, "", err
	}
	err = e.Store.Read(ctx, func(r store.Reader) error {
		things, err := r.Things(store.ThingQuery{After: after, Limit: searchStep})
		if err != nil {
			return err
		}
		paths := map[registry.GroupID][]string{}
		for _, thing := range things {
			memberships, err := r.Memberships(thing.ID)
			if err != nil {
				return err
			}
			s, err := subject(r, paths, thing, memberships)
			if err != nil {
				return err
			}
			s.Connectivity = e.presences.of(thing.Name)
			if !q.Matches(&s) {
				continue
			}
			slices.Sort(s.Groups)
			if found = append(found, s); len(found) == limit {
				return nil
			}
		}
		if len(things) == searchStep {
			more = things[searchStep-1].Name
		}
		return nil
	})
	return found, more, err
}

// Indexing is the two indexing configurations as they were given, nil where none was. They are kept and shown, without
// effect (R-ID-39).
type Indexing struct{ Things, Groups []byte }

// The settings that hold them.
const (
	thingIndexing = "indexing.things"
	groupIndexing = "indexing.groups"
)

// UpdateIndexing stores indexing configurations; one that is nil stays as it is.
func (e *Engine) UpdateIndexing(ctx context.Context, given Indexing) error {
	return e.update(ctx, func(*group) (out outcome, err error) {
		if given.Things != nil {
			out.Settings = append(out.Settings, store.Setting{Name: thingIndexing, Value: given.Things})
		}
		if given.Groups != nil {
			out.Settings = append(out.Settings, store.Setting{Name: groupIndexing, Value: given.Groups})
		}
		return out, nil
	})
}

// Indexing returns the indexing configurations.
func (e *Engine) Indexing(ctx context.Context) (stored Indexing, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		if stored.Things, err = r.Setting(thingIndexing); err != nil && !missing(err) {
			return err
		}
		if stored.Groups, err = r.Setting(groupIndexing); err != nil && !missing(err) {
			return err
		}
		return nil
	})
	return stored, err
}
