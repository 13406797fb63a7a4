package engine

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// maxJoined is no bound on when a member joined.
const maxJoined = math.MaxInt64

// AddMember puts a thing into a group (R-ID-11). A thing that is in it already stays as it is.
func (e *Engine) AddMember(ctx context.Context, groupName, thingName string) error {
	return e.ChangeMemberships(ctx, thingName, MembershipChange{Add: []string{groupName}})
}

// RemoveMember takes a thing out of a group; one that is not in it is no error.
func (e *Engine) RemoveMember(ctx context.Context, groupName, thingName string) error {
	return e.ChangeMemberships(ctx, thingName, MembershipChange{Remove: []string{groupName}})
}

// MembershipChange names static groups that a thing leaves and others that it joins. With Override it may join where it
// is in ten groups already, if it leaves dynamic ones for that (R-ID-13).
type MembershipChange struct {
	Add, Remove []string
	Override    bool
}

// ChangeMemberships takes a thing out of some groups and puts it into others, as one change. What that causes in dynamic
// groups and in jobs is done when it returns (R-JOB-61).
func (e *Engine) ChangeMemberships(ctx context.Context, thingName string, change MembershipChange) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		thing, err := g.ThingByName(thingName)
		if err != nil {
			return out, either(err, noThing(thingName))
		}
		before, err := g.Memberships(thing.ID)
		if err != nil {
			return out, err
		}
		after, err := g.without(before, change.Remove)
		if err != nil {
			return out, err
		}
		for _, name := range change.Add {
			if after, err = g.with(after, name, thing, change.Override); err != nil {
				return out, err
			}
		}
		if after, err = g.classify(thing, after); err != nil {
			return out, err
		}
		return out, g.regroup(&out, thing.ID, before, after)
	})
}

// staticGroup finds a group whose members are added and removed by hand (R-ID-38).
func (g *group) staticGroup(name string) (registry.Group, error) {
	found, err := g.GroupByName(name)
	if err == nil && found.Dynamic() {
		return found, fault.New(fault.Invalid, "thing group %s is dynamic: its query makes its members", name)
	}
	if err == nil && found.Work == registry.Emptying {
		return found, beingDeleted(name)
	}
	return found, either(err, noGroup(name))
}

// regroup records that the memberships of a thing change, whoever changes them, and what follows from it in jobs: what
// it has QUEUED of jobs that it is no target of any more is removed (R-EXE-20, R-EXE-21), and continuous jobs that it
// enters get an execution for it (R-JOB-55). Moving between groups of one job is neither (R-JOB-60).
func (g *group) regroup(out *outcome, thing registry.ThingID, before, after []registry.Membership) error {
	left, joined := missingFrom(after, before), missingFrom(before, after)
	out.Registry.RemovedMemberships = append(out.Registry.RemovedMemberships, left...)
	out.Registry.AddedMemberships = append(out.Registry.AddedMemberships, joined...)
	was, err := g.reach(before)
	if err != nil {
		return err
	}
	is, err := g.reach(after)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		outside := func(j job.Job) bool { return !j.TargetsThing(thing) && !j.TargetsAnyGroup(is) }
		if err := g.remove(out, thing, job.LeaveTargets, outside); err != nil {
			return err
		}
	}
	return g.enter(out, thing, was, is, after)
}

// reach returns the groups of memberships and all groups above them: through each of them a thing is a target
// (R-JOB-50).
func (g *group) reach(memberships []registry.Membership) (groups []registry.GroupID, err error) {
	for _, m := range memberships {
		for at := m.Group; at != 0; {
			groups = append(groups, at)
			above, err := g.Group(at)
			if err != nil {
				return nil, err
			}
			at = above.Parent
		}
	}
	return groups, nil
}

// stillTarget reports whether a thing is a target of the job now.
func (g *group) stillTarget(j job.Job, thing registry.ThingID) (bool, error) {
	if j.TargetsThing(thing) {
		return true, nil
	}
	memberships, err := g.Memberships(thing)
	if err != nil {
		return false, err
	}
	groups, err := g.reach(memberships)
	return j.TargetsAnyGroup(groups), err
}

// enter lets a thing into the continuous jobs that it enters and out of those that it waited for. was and is are the
// groups that reach it before and after its memberships became those given.
func (g *group) enter(out *outcome, thing registry.ThingID, was, is []registry.GroupID, after []registry.Membership) error {
	looked := map[job.Key]bool{} // a job may name several of the groups
	for _, group := range slices.Concat(was, is) {
		keys, err := g.ContinuousJobs(group)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if looked[key] {
				continue
			}
			looked[key] = true
			if err := g.enterJob(out, key, thing, was, is, after); err != nil {
				return err
			}
		}
	}
	return nil
}

// enterJob is enter for one job.
func (g *group) enterJob(out *outcome, key job.Key, thing registry.ThingID, was, is []registry.GroupID, after []registry.Membership) error {
	j, err := g.keepCurrent(out, key)
	if err != nil || !j.RolloutStarted() || j.RolloutEnded || j.TargetsThing(thing) {
		return err
	}
	in := j.TargetsAnyGroup(is)
	crosses := in != j.TargetsAnyGroup(was)
	if in && !crosses {
		crosses, err = g.outruns(j, thing, after)
	}
	if err != nil || !crosses {
		return err
	}
	return g.cross(out, j, thing, in)
}

// outruns reports whether a thing that stays a target will not be reached by the rollout any more: it moved before its
// turn, and the rollout takes only who was in a group when it began (R-ROLL-15). It gets its execution as who enters does.
func (g *group) outruns(j job.Job, thing registry.ThingID, after []registry.Membership) (bool, error) {
	for _, m := range after {
		if m.Joined <= j.NewestMembership && j.TargetsAnyGroup([]registry.GroupID{m.Group}) {
			return false, nil
		}
	}
	return g.free(j, job.Source{}, thing)
}

// cross records that a thing enters or leaves a continuous job. While the job is SCHEDULED, what enters waits (R-JOB-56).
func (g *group) cross(out *outcome, j job.Job, thing registry.ThingID, in bool) error {
	late := store.LateJoiner{Job: j.Key, Thing: thing}
	switch {
	case !in:
		out.Job.LateJoinersDone = append(out.Job.LateJoinersDone, late)
	case j.Status == job.InProgress:
		return g.admit(out, j.Key, thing)
	default:
		out.Job.LateJoinersAdded = append(out.Job.LateJoinersAdded, late)
	}
	return nil
}

// without returns the memberships that stay when a thing leaves the named groups.
func (g *group) without(memberships []registry.Membership, names []string) ([]registry.Membership, error) {
	for _, name := range names {
		found, err := g.staticGroup(name)
		if err != nil {
			return nil, err
		}
		memberships = slices.DeleteFunc(slices.Clone(memberships), func(m registry.Membership) bool { return m.Group == found.ID })
	}
	return memberships, nil
}

// with returns the memberships after a thing joins the named group. A thing is in at most ten groups, and in one only of
// each tree (R-ID-11).
func (g *group) with(memberships []registry.Membership, name string, thing registry.Thing, override bool) ([]registry.Membership, error) {
	found, err := g.staticGroup(name)
	if err != nil {
		return nil, err
	}
	path, err := pathTo(g, found)
	if err != nil {
		return nil, err
	}
	taken := len(memberships)
	for _, m := range memberships {
		if m.Group == found.ID {
			return memberships, nil
		}
		other, err := g.Group(m.Group)
		if err != nil {
			return nil, err
		}
		if other.Dynamic() && override {
			taken--
		}
		otherPath, err := pathTo(g, other)
		if err != nil {
			return nil, err
		}
		if otherPath[0].ID == path[0].ID {
			return nil, fault.New(fault.Invalid, "thing %s is in group %s already, of the same hierarchy as %s", thing.Name, other.Name, name)
		}
	}
	if taken >= registry.MaxGroupsPerThing {
		return nil, fault.New(fault.Invalid, "thing %s is in %d groups already, at most %d are allowed",
			thing.Name, taken, registry.MaxGroupsPerThing)
	}
	return append(slices.Clone(memberships), registry.Membership{
		Group: found.ID, Member: registry.Member{Thing: thing.ID, Name: thing.Name}, Joined: g.keys.Joined(),
	}), nil
}

// missingFrom returns what is in all but not in some.
func missingFrom(some, all []registry.Membership) (missing []registry.Membership) {
	for _, m := range all {
		if !slices.ContainsFunc(some, func(s registry.Membership) bool { return s.Group == m.Group && s.Joined == m.Joined }) {
			missing = append(missing, m)
		}
	}
	return missing
}

// ListMembers lists the things of a group by name, with recursive those of its descendants too, each once.
func (e *Engine) ListMembers(ctx context.Context, groupName string, recursive bool, after string, limit int) (names []string, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		top, err := r.GroupByName(groupName)
		if err != nil {
			return either(err, noGroup(groupName))
		}
		tree := []registry.Group{top}
		if recursive {
			if tree, err = withDescendants(r, top); err != nil {
				return err
			}
		}
		for _, branch := range tree {
			members, err := r.Members(branch.ID, maxJoined, after, limit)
			if err != nil {
				return err
			}
			for _, m := range members {
				names = append(names, m.Name)
			}
		}
		slices.Sort(names)
		names = slices.Compact(names)
		names = names[:min(limit, len(names))]
		return nil
	})
	return names, err
}

// GroupsOfThing lists the groups that a thing is a direct member of, by name.
func (e *Engine) GroupsOfThing(ctx context.Context, thingName string) (groups []registry.Group, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		id, err := thingID(r, thingName)
		if err != nil {
			return err
		}
		memberships, err := r.Memberships(id)
		if err != nil {
			return err
		}
		for _, m := range memberships {
			g, err := r.Group(m.Group)
			if err != nil {
				return err
			}
			groups = append(groups, g)
		}
		slices.SortFunc(groups, func(a, b registry.Group) int { return strings.Compare(a.Name, b.Name) })
		return nil
	})
	return groups, err
}
