package fleet_test

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Counting finds what searching finds, whatever the query asks about (R-WEB-33).
func TestCountIsSearch(t *testing.T) {
	t.Parallel()
	var c store.Changes
	c.Registry.CreatedGroups = []registry.Group{
		{ID: 1, Name: "site", UUID: "1"}, {ID: 2, Name: "hall", UUID: "2", Parent: 1},
		{ID: 3, Name: "found", UUID: "3", Query: "thingName:*"},
	}
	for i := registry.ThingID(1); i <= 1500; i++ { // more than a page
		one := registry.Thing{
			ID:         i,
			Name:       fmt.Sprintf("t%04d", i),
			UUID:       fmt.Sprint(i),
			Attributes: map[string]string{"n": fmt.Sprint(i % 7)},
		}
		if i%3 == 0 {
			one.Type = "pump"
		}
		c.Registry.CreatedThings = append(c.Registry.CreatedThings, one)
		for group, of := range map[registry.GroupID]registry.ThingID{1: 5, 2: 11, 3: 1} {
			if i%of == 0 {
				m := registry.Membership{Group: group, Joined: int64(i)}
				m.Thing, m.Name = i, one.Name
				c.Registry.AddedMemberships = append(c.Registry.AddedMemberships, m)
			}
		}
	}
	s := listed(t, c)
	s.SetPresence(fleet.Presence{Client: "t0001", Session: "1"})
	for query, want := range map[string]int{
		"*":                                     1500,
		"thingName:t0001":                       1,
		"thingTypeName:pump AND attributes.n:3": 72,
		"thingGroupNames:hall":                  136,
		"thingGroupNames:site":                  409, // those of hall are below it
		"thingGroupNames:found":                 0,   // it is dynamic
		"hall AND NOT thingTypeName:pump":       91,
		"connectivity.connected:*":              1,
	} {
		got, err := s.Count(t.Context(), query)
		looked := 1500
		if query == "thingName:t0001" {
			looked = 1000 // a page from there on
		}
		if err != nil || got != (fleet.Count{Matched: want, Looked: looked}) {
			t.Errorf("%s: %+v, %v, want %d", query, got, err, want)
		}
		searched, after := 0, ""
		for more := true; more; more = after != "" {
			found, next, err := s.Search(t.Context(), query, after, 2000)
			if err != nil {
				t.Fatal(err)
			}
			searched, after = searched+len(found), next
		}
		if searched != want {
			t.Errorf("%s: a search finds %d", query, searched)
		}
	}
	if _, err := s.Count(t.Context(), "thingName:("); !fault.Is(err, fault.InvalidQuery) {
		t.Errorf("no query: %v", err)
	}
}

// Counting ends at 10,000 things that match, and at 50,000 that were looked at (R-WEB-34).
func TestCountIsBounded(t *testing.T) {
	t.Parallel()
	stores := map[int]*fleet.Service{}
	for _, row := range []struct {
		things int
		query  string
		want   fleet.Count
	}{
		{10_000, "*", fleet.Count{Matched: 10_000, Looked: 10_000}},
		{50_000, "attributes.none:x", fleet.Count{Looked: 50_000}},
		{50_000, "*", fleet.Count{Matched: 10_000, Looked: 10_000, More: true}},
		{50_001, "attributes.none:x", fleet.Count{Looked: 50_000, More: true}},
		{50_001, "thingName:T000*", fleet.Count{Matched: 1000, Looked: 2000}}, // and a page behind them
		{50_001, "thingName:t05* AND attributes.none:x", fleet.Count{Looked: 1001}},
		{50_001, "thingName:none", fleet.Count{Looked: 1000}},
		{0, "*", fleet.Count{}},
	} {
		if stores[row.things] == nil {
			stores[row.things] = listed(t, someThings(row.things))
		}
		got, err := stores[row.things].Count(t.Context(), row.query)
		if err != nil || got != row.want {
			t.Errorf("%d things, %s: %+v, %v, want %+v", row.things, row.query, got, err, row.want)
		}
	}
}

// someThings makes so many things.
func someThings(n int) (c store.Changes) {
	for i := range n {
		c.Registry.CreatedThings = append(c.Registry.CreatedThings, registry.Thing{
			ID:   registry.ThingID(i + 1),
			Name: fmt.Sprintf("t%06d", i),
			UUID: fmt.Sprint(i),
		})
	}
	return c
}
