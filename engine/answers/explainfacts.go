package answers

import (
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// What the store knows of a thing and a job.

// maxWaiting is how many things that wait for a job to go on are looked through for one.
const maxWaiting = 1000

// facts gathers what is known of the thing and a job, but of its client and policies.
func (l *loader) facts(j job.Job) (*explain.Facts, error) {
	f := &explain.Facts{Now: l.now, Thing: l.name, Job: j}
	if j.Sweep == job.SweepAll { // its executions are not shown any more (R-EXE-39)
		return f, nil
	}
	at, err := l.reached()
	if err != nil {
		return nil, err
	}
	for _, load := range []func(*explain.Facts, reached) error{
		l.target, l.execution, l.waits, l.holdOf, l.place,
	} {
		if err := load(f, at); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// reached is the groups of a thing: its memberships, each with the group and all groups above it,
// and all of these groups in this order.
type reached struct {
	memberships []registry.Membership
	through     []job.ReachedThrough
	groups      []registry.Group
}

// reached loads the groups of the thing.
func (l *loader) reached() (all reached, err error) {
	if all.memberships, err = l.Memberships(l.thing.ID); err != nil {
		return all, err
	}
	for _, m := range all.memberships {
		groups, err := fleet.Reach(l, []registry.Membership{m})
		if err != nil {
			return all, err
		}
		all.through = append(all.through, job.ReachedThrough{Joined: m.Joined, Groups: groups})
		for _, key := range groups {
			g, err := l.Group(key)
			if err != nil {
				return all, err
			}
			all.groups = append(all.groups, g)
		}
	}
	return all, nil
}

// has reports whether the thing is in a group, or in one below it, by its name.
func (r reached) has(group string) bool {
	return slices.ContainsFunc(r.groups, func(g registry.Group) bool { return g.Name == group })
}

// target finds out how the thing is a target. Before the rollout begins its targets are names only.
func (l *loader) target(f *explain.Facts, at reached) (err error) {
	j, t := f.Job, &f.Target
	if !j.RolloutStarted() {
		for _, target := range j.Targets {
			switch {
			case target.Kind == registry.KindThing:
				t.Named = t.Named || target.Name == l.name
			case target.Kind == registry.KindGroup && t.Group == "" && at.has(target.Name):
				t.Group = target.Name
			}
		}
		t.InTime, t.Wave = t.Is(), j.WaveOf(l.name, at.has)
		return nil
	}
	t.Named = j.TargetsThing(l.thing.ID)
	for _, g := range at.groups {
		if t.Group == "" && j.TargetsAnyGroup([]registry.GroupID{g.ID}) {
			t.Group = g.Name
		}
	}
	t.InTime, t.Wave = j.TakesInGroupWave(l.thing.ID, at.through), j.WaveOf(l.name, at.has)
	if !t.InTime && j.TargetSelection != job.Continuous {
		t.WasInTime, err = l.wasInTime(j)
	}
	return err
}

// execution loads the last execution, and what the thing sees before it.
func (l *loader) execution(f *explain.Facts, _ reached) (err error) {
	if f.LastNumber, err = l.LastNumber(f.Job.Key, l.thing.ID); err != nil || f.LastNumber == 0 {
		return err
	}
	latest, err := l.Latest(f.Job.Key, l.thing.ID)
	if commit.Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Latest = &latest
	switch latest.Status {
	case job.ExecutionQueued:
		f.Front, err = l.front(latest)
	case job.ExecutionSucceeded:
		f.Confirmation, err = l.confirmation(latest)
	}
	return err
}

// front finds the first execution that the thing sees before one of its own; nil when there is
// none.
func (l *loader) front(x job.Execution) (front *explain.Front, err error) {
	pending, err := l.Pending(l.thing.ID, explainedPending)
	if err != nil {
		return nil, err
	}
	for _, other := range pending {
		if other.ExecutionKey == x.ExecutionKey {
			break
		}
		j, err := l.jobAt(other.Job)
		switch {
		case err != nil:
			return nil, err
		case j.HiddenFromDevice(other):
		case front == nil:
			front = &explain.Front{JobID: j.ID, Execution: other}
		default:
			front.More++
		}
	}
	return front, nil
}

// confirmation finds what a success waits for, nil for nothing.
func (l *loader) confirmation(x job.Execution) (*job.Confirmation, error) {
	waiting, err := l.ConfirmationsOf(l.thing.ID, explainedPending)
	for _, c := range waiting {
		if c.ExecutionKey == x.ExecutionKey {
			return &c, err
		}
	}
	return nil, err
}

// waits finds out whether the thing waits for an execution or a retry.
func (l *loader) waits(f *explain.Facts, _ reached) error {
	j, x := f.Job, f.Latest
	if !j.Status.Active() || j.RolloutEnded || x != nil && !x.Status.Terminal() {
		return nil
	}
	if j.TargetSelection == job.Continuous {
		joiners, err := l.LateJoiners(j.Key, maxWaiting)
		if f.LateJoiner = slices.Contains(joiners, l.thing.ID); err != nil || f.LateJoiner {
			return err
		}
	}
	if x == nil || j.Steered == nil || !f.Target.Is() {
		return nil
	}
	if j.Steered.RetriesWaiting > 0 {
		retries, err := l.WaitingRetries(j.Key, maxWaiting)
		if err != nil {
			return err
		}
		_, again := j.WaitingRetry(*x, f.LastNumber, l.now)
		waits := slices.Contains(retries, store.WaitingRetry{Job: j.Key, Thing: l.thing.ID})
		many := len(retries) == maxWaiting && !x.UpdatedAt.Before(j.PausedAt)
		f.RetryWaits = again && (waits || many)
	}
	if pass := j.Steered.Retry; pass != nil {
		_, asked := j.AskedRetry(*x, f.LastNumber, l.now)
		f.RetryAskedFor = asked && pass.HasYetToCome(l.name, l.thing.ID)
	}
	return nil
}

// holdOf loads the hold of the thing. One whose time has passed has ended, though it is stored.
func (l *loader) holdOf(f *explain.Facts, _ reached) error {
	hold, err := l.HoldOf(l.thing.ID)
	if commit.Missing(err) {
		return nil
	}
	f.Hold = &hold
	return err
}
