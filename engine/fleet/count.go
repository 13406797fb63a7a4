package fleet

import (
	"context"
	"time"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
)

// How many things a query matches is asked again with each letter that somebody types. Nothing is
// indexed by what a query may ask for, so things are looked at one by one, a bounded number of them.

const (
	// MaxCounted is up to how many things are counted, and maxLookedAt how many are looked at.
	MaxCounted, maxLookedAt = 10_000, 50_000
	// maxTurns is how many are looked at when each costs a question of its own: whether a client is
	// connected to one of several nodes.
	maxTurns = 2000
	// countPage is how many things are read at a time: a read of some milliseconds.
	countPage = 1000
)

// Count is how many things a query matches.
type Count struct {
	Matched int
	// Looked is how many things were looked at, in the order of their names. More is whether there
	// may be others: then there are at least as many as Matched that match.
	Looked int
	More   bool
}

// Count counts the things that a query matches (R-WEB-34). Things that change meanwhile are counted
// as they were or as they are.
func (s *Service) Count(ctx context.Context, query string) (c Count, err error) {
	q, err := fleetquery.Parse(query)
	if err != nil {
		return c, err
	}
	most := maxLookedAt
	if q.OfConnectivity() && s.Shared {
		most = maxTurns
	}
	paths := map[registry.GroupID][]string{}
	for after := ""; ; {
		from, ok := q.NextName(after)
		if !ok {
			return c, nil
		}
		var page []fleetquery.Subject
		err := s.Store.Read(ctx, func(r store.Reader) (err error) {
			page, err = s.subjects(r, paths, q, store.ThingQuery{From: from, Limit: countPage})
			return err
		})
		if err != nil {
			return c, err
		}
		for i := range page {
			if c.Looked == most || c.Matched == MaxCounted {
				c.More = true
				return c, nil
			}
			if c.Looked++; q.Matches(&page[i]) {
				c.Matched++
			}
		}
		if len(page) < countPage {
			return c, nil
		}
		after = page[len(page)-1].Name
	}
}

// subjects reads a page of things, with what the query may ask of them. paths caches what pathNames
// answered.
func (s *Service) subjects(
	r store.Reader, paths map[registry.GroupID][]string, query *fleetquery.Query, q store.ThingQuery,
) ([]fleetquery.Subject, error) {
	things, err := r.Things(q)
	if err != nil || len(things) == 0 {
		return nil, err
	}
	groups := map[registry.ThingID][]registry.Membership{}
	if query.OfGroups() {
		found, err := r.GroupsOfThings(things[0].Name, things[len(things)-1].Name)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			groups[f.Thing] = append(groups[f.Thing], registry.Membership{Group: f.Group})
		}
	}
	page := make([]fleetquery.Subject, 0, len(things))
	for _, thing := range things {
		seen, err := subject(r, paths, thing, groups[thing.ID])
		if err == nil && query.OfConnectivity() {
			seen.Connectivity, _, err = s.classifier.connectivity(r, thing.Name, time.Time{})
		}
		if err != nil {
			return nil, err
		}
		page = append(page, seen)
	}
	return page, nil
}
