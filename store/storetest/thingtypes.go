package storetest

import (
	"fmt"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

func thingType(name string) registry.ThingType {
	return registry.ThingType{Name: name, UUID: "uuid-" + name, CreatedAt: t0, Properties: registry.TypeProperties{
		Description: "what \"it\" is <&>", Searchable: []string{"b", "a"}, Propagating: []registry.Propagated{{UserPropertyKey: "k", ThingAttribute: "a"}},
	}}
}

func saveTypes(list ...registry.ThingType) (c store.Changes) {
	c.Registry.ThingTypes = list
	return c
}

func deleteTypes(names ...string) (c store.Changes) {
	c.Registry.DeletedThingTypes = names
	return c
}

func tag(kind, name string, tags map[string]string) (c store.Changes) {
	c.Registry.Tagged = []registry.Tagged{{Kind: kind, Name: name, Tags: tags}}
	return c
}

var thingTypes = []promise{
	{"a thing type comes back whole; a rewrite keeps its UUID and creation", func(w world) {
		want := thingType("a:b")
		w.apply(saveTypes(want))
		get := func(r store.Reader) (registry.ThingType, error) { return r.ThingType("a:b") }
		same(w, "created", read(w, get), want)
		changed := registry.ThingType{Name: "a:b", UUID: "other", CreatedAt: at(9), DeprecatedAt: at(3)}
		w.apply(saveTypes(changed))
		changed.UUID, changed.CreatedAt = want.UUID, want.CreatedAt
		same(w, "rewritten", read(w, get), changed)
		absent(w, "case", func(r store.Reader) (registry.ThingType, error) { return r.ThingType("A:b") })
		w.apply(deleteTypes("a:b"))
		absent(w, "deleted", get)
		w.refused("deleted again", deleteTypes("a:b"))
	}},
	{"thing types are listed by name and prefix", func(w world) {
		for _, name := range []string{"b", "a-2", "A", "a", "a:1", "ab"} {
			w.apply(saveTypes(thingType(name)))
		}
		for prefix, want := range map[string][]string{"": {"A", "a", "a-2", "a:1", "ab", "b"}, "a": {"a", "a-2", "a:1", "ab"}, "a:": {"a:1"}, "c": nil} {
			for limit := 1; limit <= 7; limit++ {
				got := collect(pages(w, limit, func(r store.Reader, after *registry.ThingType, limit int) ([]registry.ThingType, error) {
					if after == nil {
						after = &registry.ThingType{}
					}
					return r.ThingTypes(prefix, after.Name, limit)
				}), func(t registry.ThingType) string { return t.Name })
				same(w, fmt.Sprintf("prefix %q by %d", prefix, limit), got, want)
			}
		}
	}},
	{"tags are set as a whole, by kind and name; none removes them (R-ID-43)", func(w world) {
		tags := func(kind, name string) map[string]string {
			return read(w, func(r store.Reader) (map[string]string, error) { return r.Tags(kind, name) })
		}
		same(w, "none", tags(registry.KindJob, "a"), nil)
		one, other := map[string]string{"Key <ü>": "v \"1\"", "empty": ""}, map[string]string{"k": "v"}
		w.apply(tag(registry.KindJob, "a", one), tag(registry.KindGroup, "a", other))
		same(w, "job", tags(registry.KindJob, "a"), one)
		same(w, "group", tags(registry.KindGroup, "a"), other)
		same(w, "case", tags(registry.KindJob, "A"), nil)
		w.apply(tag(registry.KindJob, "a", other), tag(registry.KindGroup, "a", nil), tag(registry.KindGroup, "a", nil))
		same(w, "rewritten", tags(registry.KindJob, "a"), other)
		same(w, "removed", tags(registry.KindGroup, "a"), nil)
	}},
	{"dynamic and busy groups are found by key; an update rewrites query and work (R-ID-38)", func(w world) {
		static, first, second := group(1, "s"), group(3, "a"), group(2, "z")
		first.Query, second.Query = "thingName:\"x\"", "*"
		second.Work, second.Scanned = registry.Building, "t7"
		w.apply(createGroups(static, first, second))
		dynamic := func(r store.Reader) ([]registry.Group, error) { return r.DynamicGroups() }
		busy := func(limit int) []registry.Group {
			return read(w, func(r store.Reader) ([]registry.Group, error) { return r.GroupsWithWork(limit) })
		}
		same(w, "dynamic", read(w, dynamic), []registry.Group{second, first})
		same(w, "busy", busy(9), []registry.Group{second})
		second.Work, second.Scanned, second.Query = registry.NoGroupWork, "", "a"
		first.Work = registry.Emptying
		static.Work = registry.Emptying
		w.apply(store.Changes{Registry: store.RegistryChanges{UpdatedGroups: []registry.Group{second, first, static}}})
		same(w, "dynamic", read(w, dynamic), []registry.Group{second, first})
		same(w, "busy", busy(9), []registry.Group{static, first})
		same(w, "one busy", busy(1), []registry.Group{static})
		same(w, "by name", read(w, func(r store.Reader) (registry.Group, error) { return r.GroupByName("z") }), second)
	}},
}
