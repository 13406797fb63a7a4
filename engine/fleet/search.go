package fleet

import (
	"context"
	"slices"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// Search finds things that a query matches, by name, strictly after a name: up to limit, and among
// a bounded number of things, because nothing but names is indexed by what a query may ask for.
// Where it stopped before the last thing for that reason, more is the name to go on after
// (R-WIRE-27).
func (s *Service) Search(
	ctx context.Context, query, after string, limit int,
) (found []fleetquery.Subject, more string, err error) {
	q, err := fleetquery.Parse(query)
	if err != nil {
		return nil, "", err
	}
	err = s.Store.Read(ctx, func(r store.Reader) error {
		paths := map[registry.GroupID][]string{}
		keep := func(thing registry.Thing) (bool, error) {
			memberships, err := r.Memberships(thing.ID)
			if err != nil {
				return false, err
			}
			seen, err := subject(r, paths, thing, memberships)
			if err != nil {
				return false, err
			}
			seen.Connectivity, _, err = s.classifier.connectivity(r, thing.Name, time.Time{})
			if err != nil {
				return false, err
			}
			if !q.Matches(&seen) {
				return false, nil
			}
			slices.Sort(seen.Groups)
			found = append(found, seen)
			return true, nil
		}
		pages := func(last *registry.Thing, limit int) ([]registry.Thing, error) {
			if last != nil {
				after = last.Name
			}
			from, ok := q.NextName(after)
			if !ok {
				return nil, nil
			}
			return r.Things(store.ThingQuery{From: from, Limit: limit})
		}
		_, stopped, err := store.Filter(ctx, limit, pages, keep)
		if stopped != nil {
			more = stopped.Name
		}
		return err
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
