package answers

import (
	"context"
	"slices"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The targets of a job as numbers: how many there are, how many each wave takes, and who is left
// out.

// LeftOut is things that a job does not reach, or not as it seems, with a few of them.
type LeftOut struct {
	Reason   string
	Count    int64
	Examples []string
}

// Why things are left out (R-FCT-3).
const (
	LeftTargets   = "NO_TARGET_ANY_MORE" // they have left the targets, or are gone
	LeftHeld      = "HELD"               // an operator holds them
	LeftCovered   = "COVERED"            // they are targets in several ways, and count once
	LeftBeyondEnd = "BEYOND_END_TIME"    // their turn would come after the end time
)

// maxExamples is how many things of each kind are named, maxHeld how many of those that are held
// are looked at.
const maxExamples, maxHeld = 5, 1000

// countTargets counts the targets of a job into the input of its forecast.
func (s *Service) countTargets(
	ctx context.Context, p jobs.Planned, in *forecast.Input,
) (left []LeftOut, err error) {
	c := counting{j: p.Job, joined: p.Job.NewestMembership}
	c.j.Sources = p.Sources
	for _, source := range p.Sources[:c.j.FirstAssociatedSource()] {
		if source.Group != 0 {
			c.groups = append(c.groups, source.Group)
		} else {
			c.things = append(c.things, source.Thing)
		}
	}
	for _, count := range []func(store.Reader) error{
		c.countSingle, c.countGroups, c.countWaves, c.countHeld, c.countGone,
	} {
		if err := s.Store.Read(ctx, count); err != nil {
			return nil, err
		}
	}
	if !p.Job.Progress.Finished {
		in.Left = max(0, c.single+c.members-p.Job.Progress.Notified)
	}
	in.WaveThings, in.Held = c.waves, min(c.held.Count, in.Left)
	for _, of := range []LeftOut{c.gone, c.held, c.covered} {
		if of.Count > 0 {
			left = append(left, of)
		}
	}
	return left, nil
}

// counting counts the targets of one job.
type counting struct {
	j      job.Job
	joined int64
	groups []registry.GroupID
	things []registry.ThingID

	single, members     int64
	waves               []int64
	gone, held, covered LeftOut
}

// countSingle counts the things that are named themselves, without those that are in a group of the
// job, too.
func (c *counting) countSingle(r store.Reader) (err error) {
	c.gone.Reason, c.held.Reason, c.covered.Reason = LeftTargets, LeftHeld, LeftCovered
	if c.joined == 0 {
		if c.joined, err = r.LastJoined(); err != nil {
			return err
		}
	}
	for _, id := range c.things {
		thing, err := r.Thing(id)
		if commit.Missing(err) {
			c.gone.Count++
			continue
		}
		if err != nil {
			return err
		}
		through, err := reachOf(r, id)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(through, func(g registry.GroupID) bool { return slices.Contains(c.groups, g) }) {
			c.covered.add(1, thing.Name)
			continue
		}
		c.single++
	}
	return nil
}

// add counts things, and names one of them.
func (l *LeftOut) add(n int64, example string) {
	l.Count += n
	if example != "" && len(l.Examples) < maxExamples {
		l.Examples = append(l.Examples, example)
	}
}

// reachOf is the groups of a thing and all groups above them.
func reachOf(r store.Reader, thing registry.ThingID) ([]registry.GroupID, error) {
	memberships, err := r.Memberships(thing)
	if err != nil {
		return nil, err
	}
	return fleet.Reach(r, memberships)
}

// countGroups counts the members of groups, and how many of them are in several.
func (c *counting) countGroups(r store.Reader) (err error) {
	if len(c.groups) == 0 {
		return nil
	}
	c.members, err = r.CountMembers(store.MemberCount{Groups: c.groups, Joined: c.joined})
	if err != nil || len(c.groups) == 1 {
		return err
	}
	each := int64(0)
	for _, g := range c.groups {
		n, err := r.CountMembers(store.MemberCount{Groups: []registry.GroupID{g}, Joined: c.joined})
		if err != nil {
			return err
		}
		each += n
	}
	c.covered.add(each-c.members, "")
	return nil
}

// countWaves counts the targets that are in the groups of waves.
func (c *counting) countWaves(r store.Reader) error {
	if c.j.Steering == nil {
		return nil
	}
	c.waves = make([]int64, len(c.j.Steering.Waves))
	for i, w := range c.j.Steering.Waves {
		if w.Group == "" {
			continue
		}
		group, err := r.GroupByName(w.Group)
		if commit.Missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		within := []registry.GroupID{group.ID}
		c.waves[i], err = r.CountMembers(store.MemberCount{Groups: c.groups, Joined: c.joined, Within: within})
		if err != nil {
			return err
		}
		for _, id := range c.things {
			through, err := reachOf(r, id)
			if err != nil {
				return err
			}
			if slices.Contains(through, group.ID) {
				c.waves[i]++
			}
		}
	}
	return nil
}

// countHeld counts the targets that are held.
func (c *counting) countHeld(r store.Reader) error {
	holds, err := r.Holds(0, maxHeld)
	if err != nil {
		return err
	}
	for _, hold := range holds {
		through, err := reachOf(r, hold.Thing)
		if err != nil {
			return err
		}
		if !c.j.IsTarget(hold.Thing, through) {
			continue
		}
		name, err := r.ThingName(hold.Thing)
		if err != nil {
			return err
		}
		c.held.add(1, name)
	}
	return nil
}

// countGone counts the things that were targets when the rollout began and have left since, as far
// as a page of each group goes, and the targets that do not exist any more.
func (c *counting) countGone(r store.Reader) error {
	if !c.j.RolloutStarted() || c.j.Progress.Finished {
		return nil
	}
	for _, g := range c.groups {
		left, err := r.LeftMembers(g, c.joined, "", samplePage)
		if err != nil {
			return err
		}
		for _, m := range left {
			through, err := reachOf(r, m.Thing)
			if err != nil {
				return err
			}
			if !c.j.IsTarget(m.Thing, through) {
				c.gone.add(1, m.Name)
			}
		}
	}
	return nil
}

// beyondEnd is the things whose turn does not come before the end time.
func beyondEnd(f Forecast) []LeftOut {
	if f.Missed == 0 || f.Job.Schedule == nil || f.Job.Schedule.EndAt.IsZero() {
		return nil
	}
	return []LeftOut{{Reason: LeftBeyondEnd, Count: f.Missed}}
}

// maxPending is how many executions of each status are looked at to see how old they are, and
// ageClasses into how many kinds of the same age they are divided.
const maxPending, ageClasses = 1000, 16

// pending is what has not ended of a job.
func (s *Service) pending(
	ctx context.Context, j job.Job, now time.Time,
) (all []forecast.Pending, err error) {
	if j.Key == 0 || j.Counts.Pending() == 0 {
		return nil, nil
	}
	for _, status := range []job.ExecutionStatus{job.ExecutionQueued, job.ExecutionInProgress} {
		var page []job.Execution
		err := s.Store.Read(ctx, func(r store.Reader) error {
			page, err = r.PendingOfJob(j.Key, status, job.ExecutionCursor{}, maxPending)
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, alike(page, j.Counts[status], now)...)
	}
	return all, nil
}

// alike divides executions of one status into kinds of about the same age, and scales their numbers
// so that they are count together.
func alike(page []job.Execution, count int64, now time.Time) (all []forecast.Pending) {
	since := func(x job.Execution) time.Time {
		if x.Status == job.ExecutionInProgress {
			return x.StartedAt
		}
		return x.QueuedAt
	}
	slices.SortStableFunc(page, func(a, b job.Execution) int { return since(a).Compare(since(b)) })
	size := max(1, (len(page)+ageClasses-1)/ageClasses)
	left, of := count, int64(len(page))
	for _, x := range page {
		n := left / of
		left, of = left-n, of-1
		kind := forecast.Pending{
			Count:   n,
			Started: x.Status == job.ExecutionInProgress,
			Age:     max(0, now.Sub(since(x))),
			Used:    x.RetriesUsed,
			Wave:    int(x.Wave),
			Hidden:  x.Held,
		}
		last := len(all) - 1
		same := last >= 0 && all[last].Used == kind.Used && all[last].Wave == kind.Wave &&
			all[last].Hidden == kind.Hidden && all[last].Count < int64(size)*max(1, count/int64(len(page)))
		if same {
			all[last].Count += n
			continue
		}
		all = append(all, kind)
	}
	return all
}
