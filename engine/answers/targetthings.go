package answers

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/failures"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Who the targets of a job are, without those that fail: for another job that leaves them out
// (R-FAIL-2). The walk is that of a rollout, through the targets in their order and through the
// groups below each.

// TargetsPlace is a place in the walk: how far it is in the targets, and in what lies below the one.
type TargetsPlace struct {
	Target int
	Path   registry.GroupPath
	After  string // the name of the last thing
}

// TargetThing is a thing in the walk, and the place after it.
type TargetThing struct {
	Name string
	At   TargetsPlace
}

// groupsLooked is how many groups one request looks at.
const groupsLooked = 200

// Targets returns up to limit things that are targets of a job now and have none of the traits, by
// name. Things in several targets come with each of them. next is where the walk goes on, nil at its
// end; a page may be short of the limit before it.
func (s *Service) Targets(
	ctx context.Context, id string, without []failures.Trait, from TargetsPlace, limit int,
) (found []TargetThing, next *TargetsPlace, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		j, err := r.JobByID(id)
		if err != nil {
			return commit.OrNotFound(err, commit.NoJob(id))
		}
		w := targetsWalk{Reader: r, job: j, without: without, at: from}
		if err := w.findGroups(); err != nil {
			return err
		}
		for range groupsLooked {
			if w.at.Target >= len(j.Targets) || limit == 0 {
				break
			}
			looked, err := w.step(limit)
			if err != nil {
				return err
			}
			limit -= looked
		}
		found = w.found
		if w.at.Target < len(j.Targets) {
			next = &w.at
		}
		return nil
	})
	return found, next, err
}

// targetsWalk is one page of it.
type targetsWalk struct {
	store.Reader
	job     job.Job
	without []failures.Trait
	groups  []registry.GroupID // those among without
	at      TargetsPlace
	found   []TargetThing
}

// findGroups finds the groups whose things are left out. One that does not exist has none.
func (w *targetsWalk) findGroups() error {
	for _, t := range w.without {
		if t.Kind != failures.ByTargetGroup {
			continue
		}
		group, err := w.GroupByName(t.Value)
		if commit.Missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		w.groups = append(w.groups, group.ID)
	}
	return nil
}

// step looks at up to limit things in one place, and goes to the next one when there are no more.
func (w *targetsWalk) step(limit int) (looked int, err error) {
	target := w.job.Targets[w.at.Target]
	if target.Kind == registry.KindThing {
		thing, err := w.ThingByName(target.Name)
		w.at = TargetsPlace{Target: w.at.Target + 1}
		if commit.Missing(err) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return 1, w.add(thing)
	}
	group, err := w.GroupByName(target.Name)
	if commit.Missing(err) {
		w.at = TargetsPlace{Target: w.at.Target + 1}
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	members, err := w.Members(w.at.Path.Group(group.ID), w.at.After, limit)
	if err != nil {
		return 0, err
	}
	for _, m := range members {
		thing, err := w.Thing(m.Thing)
		if err != nil {
			return 0, err
		}
		w.at.After = m.Name
		if err := w.add(thing); err != nil {
			return 0, err
		}
	}
	if len(members) < limit {
		err = w.nextGroup(group.ID)
	}
	return len(members), err
}

// nextGroup goes to the next group below the target, or to the next target.
func (w *targetsWalk) nextGroup(top registry.GroupID) error {
	path, ok, err := fleet.NextGroup(w, top, w.at.Path)
	switch {
	case err != nil:
		return err
	case ok:
		w.at = TargetsPlace{Target: w.at.Target, Path: path}
	default:
		w.at = TargetsPlace{Target: w.at.Target + 1}
	}
	return nil
}

// add adds a thing that has none of the traits.
func (w *targetsWalk) add(thing registry.Thing) error {
	has := func(t failures.Trait) bool {
		switch t.Kind {
		case failures.ByThingType:
			return thing.Type == t.Value
		case failures.ByAttribute:
			value, given := thing.Attributes[t.Name]
			return given && value == t.Value
		}
		return false
	}
	if slices.ContainsFunc(w.without, has) {
		return nil
	}
	if len(w.groups) > 0 {
		in, err := w.isInGroup(thing.ID)
		if err != nil || in {
			return err
		}
	}
	w.found = append(w.found, TargetThing{Name: thing.Name, At: w.at})
	return nil
}

// isInGroup reports whether a thing is in one of the groups that are left out, or in one below it.
func (w *targetsWalk) isInGroup(thing registry.ThingID) (bool, error) {
	memberships, err := w.Memberships(thing)
	if err != nil {
		return false, err
	}
	for _, m := range memberships {
		for at := m.Group; at != 0; {
			if slices.Contains(w.groups, at) {
				return true, nil
			}
			group, err := w.Group(at)
			if err != nil {
				return false, err
			}
			at = group.Parent
		}
	}
	return false, nil
}
