package engine

import (
	"context"
	"maps"
	"math"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// NewThing is what CreateThing asks for. Type is empty without one.
type NewThing struct {
	Name, Type string
	Attributes map[string]string
}

// CreateThing creates a thing. Creating an equal one again returns the one that exists, also when its type is deprecated
// by now (R-ID-5).
func (e *Engine) CreateThing(ctx context.Context, in NewThing) (thing registry.Thing, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(in.Attributes, registry.AttributeLimit(in.Type)); err != nil {
		return thing, err
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		thing, err = g.ThingByName(in.Name)
		if err == nil && thing.Type == in.Type && maps.Equal(thing.Attributes, in.Attributes) {
			return out, nil
		}
		if err != nil && !missing(err) {
			return out, err
		}
		taken := err == nil
		if err := g.typeFor(in.Type); err != nil {
			return out, err
		}
		if taken {
			return out, e.exists(registry.KindThing, in.Name, thing.UUID)
		}
		thing = registry.Thing{
			ID: g.keys.Thing(), Name: in.Name, UUID: e.IDs.UUID(), Type: in.Type, Attributes: in.Attributes, Version: 1, CreatedAt: g.now,
		}
		out.Registry.CreatedThings = []registry.Thing{thing}
		memberships, err := g.classify(thing, nil)
		if err != nil || len(memberships) == 0 {
			return out, err
		}
		return out, g.regroup(&out, thing.ID, nil, memberships)
	})
	return thing, err
}

// exists is the fault of a name that is taken by something else (R-ERR-4).
func (e *Engine) exists(kind, name, id string) error {
	f := fault.New(fault.Exists, "%s %s exists already with other content", kind, name)
	f.ResourceID, f.ResourceARN = id, e.Scope.ARN(kind, name)
	return f
}

// ThingUpdate is what UpdateThing asks for. Attributes is nil when none were given, Type when it stays; the empty type is
// none.
type ThingUpdate struct {
	Type            *string
	Attributes      map[string]string
	Merge           bool
	ExpectedVersion *int64
}

// UpdateThing changes the attributes and the type of a thing (R-ID-6, R-ID-53).
func (e *Engine) UpdateThing(ctx context.Context, name string, u ThingUpdate) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		thing, err := g.ThingByName(name)
		if err != nil {
			return out, either(err, noThing(name))
		}
		if u.Type != nil {
			if err := g.typeFor(*u.Type); err != nil {
				return out, err
			}
			thing.Type = *u.Type
		}
		if err := expect(u.ExpectedVersion, thing.Version); err != nil { // after the state, R-ERR-9
			return out, err
		}
		if u.Attributes != nil {
			thing.Attributes = registry.MergeAttributes(thing.Attributes, u.Attributes, u.Merge)
		}
		if err := registry.CheckAttributes(thing.Attributes, registry.AttributeLimit(thing.Type)); err != nil {
			return out, err
		}
		thing.Version++
		out.Registry.UpdatedThings = []registry.Thing{thing}
		_, err = g.reclassify(&out, thing)
		return out, err
	})
}

// expect refuses a version that is not the stored one.
func expect(expected *int64, stored int64) error {
	if expected != nil && *expected != stored {
		return fault.New(fault.VersionDiffers, "expectedVersion %d does not match %d", *expected, stored)
	}
	return nil
}

func noThing(name string) *fault.Error {
	return fault.New(fault.NotFound, "thing %s does not exist", name)
}

// DescribeThing returns a thing.
func (e *Engine) DescribeThing(ctx context.Context, name string) (thing registry.Thing, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		thing, err = r.ThingByName(name)
		return either(err, noThing(name))
	})
	return thing, err
}

// ListThings lists things by name.
func (e *Engine) ListThings(ctx context.Context, q store.ThingQuery) (things []registry.Thing, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		things, err = r.Things(q)
		return err
	})
	return things, err
}

// DeleteThing deletes a thing: it leaves its groups, its pending executions become REMOVED, those that ended stay
// listed under their jobs (R-ID-7, R-EXE-23, R-EXE-24). A thing that does not exist is deleted already.
func (e *Engine) DeleteThing(ctx context.Context, name string, expected *int64) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		thing, err := g.ThingByName(name)
		if missing(err) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		attached, err := g.PrincipalsOfThing(thing.ID, "", 1)
		if err != nil {
			return out, err
		}
		if len(attached) > 0 {
			return out, fault.New(fault.Invalid, "thing %s has principals attached; detach them first", name)
		}
		if err := expect(expected, thing.Version); err != nil { // after the state, R-ERR-9
			return out, err
		}
		memberships, err := g.Memberships(thing.ID)
		if err != nil {
			return out, err
		}
		out.Registry.DeletedThings = []registry.ThingID{thing.ID}
		if err := g.remove(&out, thing.ID, job.ThingDeleted, func(job.Job) bool { return true }); err != nil {
			return out, err
		}
		out.Registry.RemovedMemberships = memberships
		was, err := g.reach(memberships)
		if err != nil {
			return out, err
		}
		return out, g.enter(&out, thing.ID, was, nil, nil)
	})
}

// remove applies an event to the pending executions of a thing whose job matches, as far as their status allows it.
func (g *group) remove(out *outcome, thing registry.ThingID, event job.Event, match func(job.Job) bool) error {
	pending, err := g.Pending(thing, math.MaxInt32) // all of them
	if err != nil {
		return err
	}
	for _, x := range pending {
		j, err := g.Job(x.Job)
		if err != nil {
			return err
		}
		if !match(j) || event == job.LeaveTargets && x.Status != job.ExecutionQueued { // R-EXE-22
			continue
		}
		if err := g.move(out, x, event); err != nil {
			return err
		}
	}
	return nil
}
