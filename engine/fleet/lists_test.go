package fleet_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// listed is an engine on what is stored.
func listed(t *testing.T, c store.Changes) *fleet.Service {
	t.Helper()
	s := memory.Open()
	if err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) }); err != nil {
		t.Fatal(err)
	}
	return engine.New(engine.Config{
		Store:  s,
		Clock:  clock.NewVirtual(time.Unix(1e9, 0)),
		IDs:    &ids.Counting{},
		Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:    slog.New(slog.DiscardHandler),
	}).Fleet
}

// Lists of things by an attribute and searches look at a bounded number of things for each page
// (R-WIRE-27, R-ID-9, R-ID-41).
func TestThingListsAreBounded(t *testing.T) {
	t.Parallel()
	const things = 2*store.MaxLooked + 10
	var c store.Changes
	for i := registry.ThingID(1); i <= things; i++ {
		one := registry.Thing{ID: i, Name: fmt.Sprintf("t%06d", i), UUID: fmt.Sprint(i)}
		if i == store.MaxLooked || i == things {
			one.Attributes = map[string]string{"site": "north"}
		}
		c.Registry.CreatedThings = append(c.Registry.CreatedThings, one)
	}
	s := listed(t, c)
	for name, page := range map[string]func(after string) (int, string, error){
		"ListThings": func(after string) (int, string, error) {
			found, more, err := s.ListThings(t.Context(), store.ThingQuery{After: after, Limit: 100},
				registry.AttributeFilter{Name: "site", Value: "north"})
			return len(found), more, err
		},
		"SearchIndex": func(after string) (int, string, error) {
			found, more, err := s.Search(t.Context(), "attributes.site:north", after, 100)
			return len(found), more, err
		},
	} {
		var pages []int
		for after, more := "", true; more; more = after != "" {
			found, next, err := page(after)
			if err != nil || len(pages) > 9 {
				t.Fatalf("%s: %v after %v", name, err, pages)
			}
			pages, after = append(pages, found), next
		}
		if diff := cmp.Diff([]int{1, 0, 1}, pages); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A list of the things below a group comes by a bounded number of groups for each page, and a list
// of the groups below one by a bounded number of groups in all (R-ID-12, R-WIRE-27).
func TestGroupListsAreBounded(t *testing.T) {
	t.Parallel()
	const groups = 2500 // below "top", fifty at each of fifty; one of them has a thing
	var c store.Changes
	add := func(id, parent registry.GroupID, name string) {
		c.Registry.CreatedGroups = append(c.Registry.CreatedGroups,
			registry.Group{ID: id, Parent: parent, Name: name, UUID: name})
	}
	add(1, 0, "top")
	for i := registry.GroupID(1); i <= groups; i++ {
		parent := registry.GroupID(1)
		if i > 50 {
			parent = 2 + (i-51)%50
		}
		add(i+1, parent, fmt.Sprintf("g%06d", i))
	}
	add(groups+2, 0, "other")
	c.Registry.CreatedThings = []registry.Thing{{ID: 1, Name: "b"}, {ID: 2, Name: "a"}}
	c.Registry.AddedMemberships = []registry.Membership{
		{Group: 1, Member: registry.Member{Thing: 1}, Joined: 1},
		{Group: groups + 1, Member: registry.Member{Thing: 2}, Joined: 2},
	}
	s := listed(t, c)
	var names []string
	pages := 0
	for at, more := (fleet.GroupMember{}), true; more; pages++ {
		found, next, err := s.ListMembers(t.Context(), "top", true, at, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range found {
			names = append(names, m.Name)
		}
		if more = next != nil; more {
			at = *next
		}
	}
	if diff := cmp.Diff([]string{"b", "a"}, names); diff != "" || pages != 13 {
		t.Errorf("%d pages, want 13, things (-want +got):\n%s", pages, diff)
	}
	yes, top := true, "top"
	var below []int
	for after, more := "", true; more; more = after != "" {
		found, next, err := s.ListGroups(t.Context(),
			fleet.GroupFilter{Parent: &top, Recursive: &yes, After: after, Limit: groups + 1})
		if err != nil {
			t.Fatal(err)
		}
		below, after = append(below, len(found)), next
	}
	if diff := cmp.Diff([]int{store.MaxLooked, groups - store.MaxLooked}, below); diff != "" {
		t.Errorf("groups below (-want +got):\n%s", diff)
	}
}
