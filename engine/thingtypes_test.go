package engine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

func attributes(n int) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprint(i)] = "v"
	}
	return m
}

func TestThingTypes(t *testing.T) { // R-ID-5, R-ID-6, R-ID-8, R-ID-10, R-ID-48, R-ID-53
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	create := func(in fleet.NewThing) error { _, err := w.Fleet.CreateThing(ctx, in); return err }
	w.refused(create(fleet.NewThing{Name: "a", Type: "lamp"}), fault.NotFound)
	first, err := w.Fleet.CreateThingType(ctx, fleet.NewThingType{Name: "lamp", Properties: registry.TypeProperties{Searchable: []string{"a", "b"}}})
	w.must(err)
	again, err := w.Fleet.CreateThingType(ctx, fleet.NewThingType{Name: "lamp", Properties: registry.TypeProperties{Searchable: []string{"b", "a"}}})
	if err != nil || again.UUID != first.UUID {
		t.Errorf("equal properties: %v", err)
	}
	_, err = w.Fleet.CreateThingType(ctx, fleet.NewThingType{Name: "lamp"})
	w.refused(err, fault.Exists)

	w.refused(create(fleet.NewThing{Name: "a", Attributes: attributes(4)}), fault.Invalid)
	w.refused(create(fleet.NewThing{Name: "a", Type: "lamp", Attributes: attributes(51)}), fault.Invalid)
	w.must(create(fleet.NewThing{Name: "a", Type: "lamp", Attributes: attributes(50)}))
	w.must(create(fleet.NewThing{Name: "b", Attributes: attributes(3)}))
	w.refused(create(fleet.NewThing{Name: "b", Type: "lamp", Attributes: attributes(3)}), fault.Exists)
	w.refused(w.Fleet.UpdateThing(ctx, "a", registry.ThingUpdate{Type: new("")}), fault.Invalid) // 50 attributes need a type
	w.refused(w.Fleet.UpdateThing(ctx, "b", registry.ThingUpdate{Attributes: attributes(4)}), fault.Invalid)
	w.must(w.Fleet.UpdateThing(ctx, "b", registry.ThingUpdate{Type: new("lamp"), Attributes: attributes(4)}))
	w.refused(w.Fleet.UpdateThing(ctx, "b", registry.ThingUpdate{Type: new("none"), ExpectedVersion: new(int64(9))}), fault.NotFound)
	w.must(w.Fleet.UpdateThing(ctx, "b", registry.ThingUpdate{Type: new(""), Attributes: attributes(1)}))

	w.refused(w.Fleet.DeleteThingType(ctx, "lamp"), fault.Invalid) // not deprecated
	w.refused(w.Fleet.DeprecateThingType(ctx, "none", false), fault.NotFound)
	w.must(w.Fleet.DeprecateThingType(ctx, "lamp", true)) // it is not: no change
	for range 2 {
		w.must(w.Fleet.DeprecateThingType(ctx, "lamp", false))
	}
	deprecated, err := w.Fleet.DescribeThingType(ctx, "lamp")
	if err != nil || !deprecated.DeprecatedAt.Equal(w.Now()) || !deprecated.CreatedAt.Equal(first.CreatedAt) {
		t.Errorf("%+v, %v", deprecated, err)
	}
	w.must(create(fleet.NewThing{Name: "a", Type: "lamp", Attributes: attributes(50)})) // it is there already
	w.refused(create(fleet.NewThing{Name: "c", Type: "lamp"}), fault.Invalid)
	w.refused(w.Fleet.UpdateThing(ctx, "b", registry.ThingUpdate{Type: new("lamp"), ExpectedVersion: new(int64(9))}), fault.Invalid)
	w.must(w.Fleet.UpdateThing(ctx, "a", registry.ThingUpdate{Attributes: attributes(49)})) // it keeps its type
	w.refused(w.Fleet.DeleteThingType(ctx, "lamp"), fault.Invalid)                          // a has it
	w.must(w.Fleet.DeprecateThingType(ctx, "lamp", true))
	w.must(create(fleet.NewThing{Name: "c", Type: "lamp"}))
	w.must(w.Fleet.DeprecateThingType(ctx, "lamp", false))
	for _, name := range []string{"a", "c"} {
		w.must(w.Fleet.DeleteThing(ctx, name, nil))
	}
	w.must(w.Fleet.DeleteThingType(ctx, "lamp"))
	w.refused(w.Fleet.DeleteThingType(ctx, "lamp"), fault.NotFound)
	_, err = w.Fleet.DescribeThingType(ctx, "lamp")
	w.refused(err, fault.NotFound)
}

// Tags come with a resource, change, and go with it: a new one of the same name has none (R-API-36,
// R-API-37, R-ID-43, R-JOB-37).
func TestTagsLiveWithTheirResource(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	w.thing("a", "")
	const document = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	given := []registry.Tag{{Key: "team", Value: "north"}}
	for _, row := range []struct {
		kind, name     string
		create, remove func(name string, tags []registry.Tag) error
	}{
		{registry.KindJob, "j", func(name string, tags []registry.Tag) error {
			_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: name, Document: "{}", Tags: tags, Definition: job.Definition{
				TargetSelection: job.Snapshot, Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "a")},
			}})
			return err
		}, func(name string, _ []registry.Tag) error { return w.Jobs.DeleteJob(ctx, name, true, nil) }},
		{registry.KindTemplate, "m", func(name string, tags []registry.Tag) error {
			_, err := w.Jobs.CreateTemplate(ctx, jobs.NewTemplate{Template: job.Template{ID: name, Description: "d", Document: "{}"}, Tags: tags})
			return err
		}, func(name string, _ []registry.Tag) error { return w.Jobs.DeleteTemplate(ctx, name) }},
		{registry.KindGroup, "s", func(name string, tags []registry.Tag) error {
			_, err := w.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: name, Tags: tags})
			return err
		}, func(name string, _ []registry.Tag) error { return w.Fleet.DeleteGroup(ctx, name, nil) }},
		{registry.KindGroup, "d", func(name string, tags []registry.Tag) error {
			_, err := w.Fleet.CreateDynamicGroup(ctx, fleet.NewDynamicGroup{Name: name, Query: "*", Tags: tags})
			return err
		}, func(name string, _ []registry.Tag) error { return w.Fleet.DeleteDynamicGroup(ctx, name, nil) }},
		{registry.KindType, "t", func(name string, tags []registry.Tag) error {
			_, err := w.Fleet.CreateThingType(ctx, fleet.NewThingType{Name: name, Tags: tags})
			return err
		}, func(name string, _ []registry.Tag) error {
			w.must(w.Fleet.DeprecateThingType(ctx, name, false))
			return w.Fleet.DeleteThingType(ctx, name)
		}},
		{registry.KindPolicy, "p", func(name string, tags []registry.Tag) error {
			_, err := w.Identity.CreatePolicy(ctx, name, document, tags)
			return err
		}, func(name string, _ []registry.Tag) error { return w.Identity.DeletePolicy(ctx, name) }},
	} {
		has := func(want ...registry.Tag) {
			t.Helper()
			got, err := w.Tags.List(ctx, row.kind, row.name)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s %s: %v %s", row.kind, row.name, err, diff)
			}
		}
		w.refused(w.Engine.Tags.Tag(ctx, row.kind, row.name, given), fault.NotFound)
		w.refused(w.Engine.Tags.Untag(ctx, row.kind, row.name, nil), fault.NotFound)
		w.refused(row.create(row.name, []registry.Tag{{Key: "aws:x"}}), fault.Invalid)
		w.refused(w.Engine.Tags.Tag(ctx, row.kind, row.name, given), fault.NotFound) // nothing was made
		w.must(row.create(row.name, given))
		has(given...)
		w.must(w.Engine.Tags.Tag(ctx, row.kind, row.name, []registry.Tag{{Key: "team", Value: "south"}, {Key: "a", Value: ""}}))
		has(registry.Tag{Key: "a"}, registry.Tag{Key: "team", Value: "south"})
		w.must(w.Engine.Tags.Untag(ctx, row.kind, row.name, []string{"team", "none", "aws:x"}))
		has(registry.Tag{Key: "a"})
		var many []registry.Tag
		for i := range registry.DefaultLimits.Tags {
			many = append(many, registry.Tag{Key: fmt.Sprint(i)})
		}
		w.refused(w.Engine.Tags.Tag(ctx, row.kind, row.name, many), fault.Limit)
		has(registry.Tag{Key: "a"})
		w.must(row.remove(row.name, nil))
		_, err := w.Tags.List(ctx, row.kind, row.name)
		w.refused(err, fault.NotFound)
		w.must(row.create(row.name, nil))
		has()
	}
}
