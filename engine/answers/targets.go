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

// maxExamples is how many things of each kind are named. maxLooked is how many things that are held,
// and how many that have left, are looked at to find those that are targets; lookPage is how many of
// them are in one read of the store.
const maxExamples, maxLooked, lookPage = 5, 500, 100

// countTargets counts the targets of a job into the input of its forecast. Each count is a read of
// its own, so that none of them is long.
func (s *Service) countTargets(
	ctx context.Context, p jobs.Planned, in *forecast.Input,
) (left []LeftOut, err error) {
	c := counting{j: p.Job, joined: p.Job.NewestMembership}
	c.j.Sources = p.Sources
	if c.j.Steering != nil {
		c.waves = make([]int64, len(c.j.Steering.Waves))
	}
	for _, source := range p.Sources[:c.j.FirstAssociatedSource()] {
		if source.Group != 0 {
			c.groups = append(c.groups, source.Group)
		} else {
			c.things = append(c.things, source.Thing)
		}
	}
	counts := []func(store.Reader) error{c.countSingle, c.countGroups}
	if len(c.groups) > 1 {
		for _, g := range c.groups {
			counts = append(counts, func(r store.Reader) error { return c.countCovered(r, g) })
		}
	}
	for i := range c.waves {
		counts = append(counts, func(r store.Reader) error { return c.countWave(r, i) })
	}
	for range maxLooked / lookPage {
		counts = append(counts, c.countHeld)
	}
	if c.j.RolloutStarted() && !c.j.Progress.Finished {
		for _, g := range c.groups[:min(maxLooked/lookPage, len(c.groups))] {
			counts = append(counts, func(r store.Reader) error { return c.countGone(r, g) })
		}
	}
	for _, count := range counts {
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
	looked              registry.ThingID // up to which things that are held were looked at
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

// countGroups counts the members of all groups together, each once.
func (c *counting) countGroups(r store.Reader) (err error) {
	c.members, err = r.CountMembers(store.MemberCount{Groups: c.groups, Joined: c.joined})
	c.covered.Count -= c.members * int64(min(1, max(0, len(c.groups)-1)))
	return err
}

// countCovered counts the members of one of several groups: what all of them have more than there
// are members is in several.
func (c *counting) countCovered(r store.Reader, g registry.GroupID) error {
	n, err := r.CountMembers(store.MemberCount{Groups: []registry.GroupID{g}, Joined: c.joined})
	c.covered.Count += n
	return err
}

// countWave counts the targets that are in the group of a wave, if it is one of a group.
func (c *counting) countWave(r store.Reader, wave int) error {
	name := c.j.Steering.Waves[wave].Group
	if name == "" {
		return nil
	}
	group, err := r.GroupByName(name)
	if err != nil {
		if commit.Missing(err) { // it has no members then
			return nil
		}
		return err
	}
	within := store.MemberCount{Groups: c.groups, Joined: c.joined, Within: []registry.GroupID{group.ID}}
	if c.waves[wave], err = r.CountMembers(within); err != nil {
		return err
	}
	for _, id := range c.things {
		through, err := reachOf(r, id)
		if err != nil {
			return err
		}
		if slices.Contains(through, group.ID) {
			c.waves[wave]++
		}
	}
	return nil
}

// countHeld counts the targets among the next things that are held.
func (c *counting) countHeld(r store.Reader) error {
	holds, err := r.Holds(c.looked, lookPage)
	if err != nil {
		return err
	}
	for _, hold := range holds {
		c.looked = hold.Thing
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

// countGone counts the things that were targets through a group when the rollout began and are none
// any more, as far as a page goes.
func (c *counting) countGone(r store.Reader, g registry.GroupID) error {
	left, err := r.LeftMembers(g, c.joined, "", lookPage)
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
		seen := time.Time{}
		if j.Schedule.Windowed() { // before the window opened devices did not see them
			seen = j.UpdatedAt
		}
		all = append(all, alike(page, j.Counts[status], seen, now)...)
	}
	return all, nil
}

// alike divides executions of one status into kinds of about the same age, and scales their numbers
// so that they are count together. What is QUEUED was seen by its device since then, or later.
func alike(
	page []job.Execution, count int64, seen, now time.Time,
) (all []forecast.Pending) {
	since := func(x job.Execution) time.Time {
		switch {
		case x.Status == job.ExecutionInProgress:
			return x.StartedAt
		case x.QueuedAt.Before(seen):
			return seen
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
