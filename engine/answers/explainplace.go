package answers

import (
	"math"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The place of a thing in a rollout: how many things the rollout comes to before it. The walk is
// that of the rollout, from where it stands; the members between are counted and not looked at, and
// no more of them than a bound.

const (
	// maxCounted is up to how many members a place is exact.
	maxCounted = 10_000
	// maxGroups is how many groups and single things are walked through.
	maxGroups = 50
)

// place finds the place of a thing that waits for its turn.
func (l *loader) place(f *explain.Facts, at reached) (err error) {
	j, t := f.Job, f.Target
	waits := f.LastNumber == 0 && t.InTime && j.RolloutStarted() && !j.Progress.Finished
	if !waits || !j.Status.Active() || t.Wave.Status == job.WaveToCome {
		return nil
	}
	w, state, number := j.CurrentWave()
	if number == 0 && len(j.WavesToCome()) > 0 || state.Released {
		return nil
	}
	walk := turnWalk{
		loader:  l,
		key:     j.Key,
		at:      j.Progress.Cursor,
		newest:  j.NewestMembership,
		sources: j.Sources[:j.FirstAssociatedSource()],
	}
	if w.Group != "" {
		walk.newest, walk.sources = math.MaxInt64, []job.Source{{Group: state.Group}}
	}
	ofGroup := func(s job.Source) bool { return s.Group != 0 }
	walk.About = number > 0 || len(walk.sources) > 1 && slices.ContainsFunc(walk.sources, ofGroup)
	found, err := walk.find(at.memberships)
	if err != nil || !found && !walk.AtLeast {
		return err
	}
	if number > 0 && w.Group == "" {
		walk.Before = int(float64(walk.Before) * j.ShareOfWave())
	}
	f.Place = &walk.Place
	return nil
}

// turnWalk goes the way of a rollout and counts.
type turnWalk struct {
	*loader
	explain.Place
	key     job.Key
	sources []job.Source
	at      job.RolloutCursor
	newest  int64 // the newest membership that the rollout takes
	looked  int
}

// find walks to the thing, and reports whether it is on the way. AtLeast is set when the walk has
// become too long.
func (w *turnWalk) find(of []registry.Membership) (found bool, err error) {
	for range maxGroups {
		if w.at.Returned || w.at.Source >= len(w.sources) {
			return false, nil
		}
		source := w.sources[w.at.Source]
		if source.Thing == w.thing.ID && w.at.After == "" {
			return true, nil
		}
		if source.Thing != 0 {
			if err := w.single(source.Thing); err != nil {
				return false, err
			}
			w.at = job.RolloutCursor{Source: w.at.Source + 1}
			continue
		}
		found, err = w.group(w.at.Path.Group(source.Group), of)
		if err != nil || found || w.AtLeast {
			return found, err
		}
		if err := w.next(source); err != nil {
			return false, err
		}
	}
	w.AtLeast = true
	return false, nil
}

// single counts a thing that is named by itself, unless it had its turn or never has one.
func (w *turnWalk) single(thing registry.ThingID) error {
	if w.at.After != "" {
		return nil
	}
	if _, err := w.Thing(thing); err != nil {
		return ignoreMissing(err)
	}
	number, err := w.LastNumber(w.key, thing)
	if number == 0 {
		w.Before++
	}
	return err
}

// group counts the members of one group that come before the thing, and reports whether the thing
// is one of them whose turn is still to come.
func (w *turnWalk) group(group registry.GroupID, of []registry.Membership) (found bool, err error) {
	q := store.MemberRange{
		Group:  group,
		After:  w.at.After,
		Joined: w.newest,
		Limit:  maxCounted - w.looked,
	}
	for _, m := range of {
		if m.Group == group && m.Joined <= w.newest && m.Name > w.at.After {
			found, q.Before = true, m.Name
		}
	}
	counted, looked, err := w.CountBetween(q)
	w.Before += counted
	if w.looked += looked; w.looked >= maxCounted {
		w.AtLeast = true
	}
	return found, err
}

// next goes to the next group below a source, after the last one to the next source.
func (w *turnWalk) next(source job.Source) error {
	path, ok, err := fleet.NextGroup(w, source.Group, w.at.Path)
	if ok {
		w.at = job.RolloutCursor{Source: w.at.Source, Path: path}
	} else {
		w.at = job.RolloutCursor{Source: w.at.Source + 1}
	}
	return err
}

// wasInTime reports whether the thing was a member of a target when the rollout of a snapshot job
// began, and has left since. In very large trees only the first groups are looked at.
func (l *loader) wasInTime(j job.Job) (bool, error) {
	number, goesOn := j.RolloutMembership()
	if !goesOn {
		return false, nil // nobody remembers
	}
	walk := turnWalk{loader: l, sources: j.Sources}
	for range maxGroups {
		if walk.at.Source >= len(walk.sources) {
			return false, nil
		}
		source := walk.sources[walk.at.Source]
		if source.Thing != 0 {
			walk.at = job.RolloutCursor{Source: walk.at.Source + 1}
			continue
		}
		left, err := l.LeftMembers(walk.at.Path.Group(source.Group), number, justBefore(l.name), 1)
		if err != nil || len(left) > 0 && left[0].Thing == l.thing.ID {
			return err == nil, err
		}
		if err := walk.next(source); err != nil {
			return false, err
		}
	}
	return false, nil
}

// ignoreMissing is an error, but that of what does not exist.
func ignoreMissing(err error) error {
	if commit.Missing(err) {
		return nil
	}
	return err
}

// justBefore is a text that comes before a name and after every name before it: lists go on after a
// name, and this one is to begin with one. No name has a character as large as the last one here,
// or as small as the one before its smallest.
func justBefore(name string) string {
	last := len(name) - 1
	return name[:last] + string(name[last]-1) + "\x7f"
}
