package storetest

import (
	"errors"
	"fmt"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func billingGroup(id int64, name string) registry.BillingGroup {
	return registry.BillingGroup{
		ID: registry.BillingGroupID(id), Name: name, UUID: "uuid-" + name, Version: 1, CreatedAt: t0,
	}
}

func createBillingGroups(list ...registry.BillingGroup) (c store.Changes) {
	c.Registry.CreatedBillingGroups = list
	return c
}

func deleteBillingGroups(list ...registry.BillingGroupID) (c store.Changes) {
	c.Registry.DeletedBillingGroups = list
	return c
}

// bill puts things into a billing group.
func bill(group registry.BillingGroupID, things ...registry.ThingID) (c store.Changes) {
	for _, thing := range things {
		c.Registry.BillingMemberships = append(c.Registry.BillingMemberships, registry.BillingMembership{Thing: thing, Group: group})
	}
	return c
}

var billingGroups = []promise{
	{"a billing group comes back whole; an update rewrites its description and version", func(w world) {
		want := billingGroup(7, "a:b")
		want.Description = "d <ü>"
		w.apply(createBillingGroups(want))
		byKey := func(r store.Reader) (registry.BillingGroup, error) { return r.BillingGroup(7) }
		byName := func(r store.Reader) (registry.BillingGroup, error) { return r.BillingGroupByName("a:b") }
		same(w, "by key", read(w, byKey), want)
		same(w, "by name", read(w, byName), want)
		absent(w, "case", func(r store.Reader) (registry.BillingGroup, error) { return r.BillingGroupByName("A:b") })
		w.refused("the same key", createBillingGroups(billingGroup(7, "c")))
		w.refused("the same name", createBillingGroups(billingGroup(8, "a:b")))
		update := func(g registry.BillingGroup) (c store.Changes) {
			c.Registry.UpdatedBillingGroups = []registry.BillingGroup{g}
			return c
		}
		w.apply(update(registry.BillingGroup{ID: 7, Name: "other", UUID: "other", Version: 2, CreatedAt: at(9)}))
		want.Description, want.Version = "", 2
		same(w, "updated", read(w, byName), want)
		w.apply(deleteBillingGroups(7))
		absent(w, "deleted", byKey)
		absent(w, "deleted, by name", byName)
		w.refused("deleted again", deleteBillingGroups(7))
		w.refused("updated after that", update(want))
	}},
	{"billing groups are listed by name and prefix", func(w world) {
		for i, name := range []string{"b", "a-2", "A", "a", "a:1", "ab"} {
			w.apply(createBillingGroups(billingGroup(int64(i+1), name)))
		}
		for prefix, want := range map[string][]string{"": {"A", "a", "a-2", "a:1", "ab", "b"}, "a": {"a", "a-2", "a:1", "ab"}, "a:": {"a:1"}, "c": nil} {
			for limit := 1; limit <= 7; limit++ {
				got := collect(pages(w, limit, func(r store.Reader, after *registry.BillingGroup, limit int) ([]registry.BillingGroup, error) {
					if after == nil {
						after = &registry.BillingGroup{}
					}
					return r.BillingGroups(prefix, after.Name, limit)
				}), func(g registry.BillingGroup) string { return g.Name })
				same(w, fmt.Sprintf("prefix %q by %d", prefix, limit), got, want)
			}
		}
	}},
	{"the things of a billing group are listed by name; a thing is in one", func(w world) {
		inFirst := thing(5, "E")
		inFirst.BillingGroup = 1
		w.apply(createBillingGroups(billingGroup(1, "x"), billingGroup(2, "y")),
			createThings(thing(1, "b"), thing(2, "a"), thing(3, "B"), thing(4, "c"), inFirst), bill(1, 1, 2, 3), bill(2, 4))
		members := func(group registry.BillingGroupID, limit int) []string {
			return collect(pages(w, limit, func(r store.Reader, after *registry.Thing, limit int) ([]registry.Thing, error) {
				q := store.ThingQuery{BillingGroup: group, Limit: limit}
				if after != nil {
					q.After = after.Name
				}
				return r.Things(q)
			}), thingName)
		}
		for limit := 1; limit <= 5; limit++ {
			same(w, fmt.Sprint("pages of ", limit), members(1, limit), []string{"B", "E", "a", "b"})
		}
		w.apply(bill(2, 1), bill(0, 2))
		same(w, "after one has moved and one has left", members(1, 9), []string{"B", "E"})
		same(w, "where it is now", members(2, 9), []string{"b", "c"})
		changed := thing(1, "b")
		changed.Version = 2
		w.apply(store.Changes{Registry: store.RegistryChanges{UpdatedThings: []registry.Thing{changed}}})
		changed.BillingGroup = 2
		same(w, "an update of the thing", read(w, func(r store.Reader) (registry.Thing, error) { return r.Thing(1) }), changed)
		w.refused("no thing", bill(1, 9))
		w.apply(store.Changes{Registry: store.RegistryChanges{DeletedThings: []registry.ThingID{3}}})
		same(w, "after one was deleted", members(1, 9), []string{"E"})
	}},
	{"the things of a deleted billing group keep its key, and no other group gets it (R-ID-44)", func(w world) {
		w.apply(createBillingGroups(billingGroup(1, "x")), createThings(thing(1, "a")), bill(1, 1), deleteBillingGroups(1))
		got := read(w, func(r store.Reader) (registry.Thing, error) { return r.Thing(1) })
		same(w, "the thing", got.BillingGroup, 1)
		absent(w, "its group", func(r store.Reader) (registry.BillingGroup, error) { return r.BillingGroup(got.BillingGroup) })
		var keys []registry.BillingGroupID
		for range 2 {
			err := w.Write(w.Context(), func(tx store.Tx) error {
				keys = append(keys, tx.NextKeys().BillingGroup(), tx.NextKeys().BillingGroup())
				return errGiveUp
			})
			if !errors.Is(err, errGiveUp) {
				w.Fatal(err)
			}
		}
		for i := range keys[1:] {
			if keys[i+1] <= keys[i] {
				w.Errorf("keys: %v do not grow", keys)
			}
		}
	}},
}
