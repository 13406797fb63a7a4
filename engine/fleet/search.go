package fleet

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// searchStep is how many things one search looks at; it goes on with a token. A search reads things
// one after the other, because nothing is indexed by what a query may ask for. A query over a large
// fleet is therefore answered in several pages.
const searchStep = 10_000

// Search finds things that a query matches, by name, strictly after a name: up to limit, and among
// a bounded number of things. Where it stopped before the last thing for that reason, more is the
// name to go on after.
func (s *Service) Search(
	ctx context.Context, query, after string, limit int,
) (found []fleetquery.Subject, more string, err error) {
	q, err := fleetquery.Parse(query)
	if err != nil {
		return nil, "", err
	}
	err = s.Store.Read(ctx, func(r store.Reader) error {
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
			seen, err := subject(r, paths, thing, memberships)
			if err != nil {
				return err
			}
			seen.Connectivity = s.classifier.presences.of(thing.Name)
			if !q.Matches(&seen) {
				continue
			}
			slices.Sort(seen.Groups)
			if found = append(found, seen); len(found) == limit {
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

// Indexing is the two indexing configurations as they were given, nil where none was. They are kept
// and shown, without effect (R-ID-39).
type Indexing struct{ Things, Groups []byte }

// The settings that hold them.
const (
	thingIndexing = "indexing.things"
	groupIndexing = "indexing.groups"
)

// UpdateIndexing stores indexing configurations; one that is nil stays as it is.
func (s *Service) UpdateIndexing(ctx context.Context, given Indexing) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if given.Things != nil {
			tx.Changes.Settings = append(
				tx.Changes.Settings, store.Setting{Name: thingIndexing, Value: given.Things})
		}
		if given.Groups != nil {
			tx.Changes.Settings = append(
				tx.Changes.Settings, store.Setting{Name: groupIndexing, Value: given.Groups})
		}
		return nil
	})
}

// Indexing returns the indexing configurations.
func (s *Service) Indexing(ctx context.Context) (stored Indexing, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if stored.Things, err = r.Setting(thingIndexing); err != nil && !commit.Missing(err) {
			return err
		}
		if stored.Groups, err = r.Setting(groupIndexing); err != nil && !commit.Missing(err) {
			return err
		}
		return nil
	})
	return stored, err
}
