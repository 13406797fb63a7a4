package sim

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// model is what the rules know of one job.
type model struct {
	id      string
	row     job.Job // as the store had it after the last commit
	windows []window
	started bool // its targets were read
	// targets are what the rollout goes through; roots and named are the groups and things that were named.
	targets []target
	roots   []registry.GroupID
	named   []registry.ThingID
	rows    map[job.ExecutionKey]job.Execution // its executions
	had     map[registry.ThingID]int64         // the highest number of each thing, deleted ones included
	spent   map[registry.ThingID]spent         // retries of the present chain of each thing
	ramp    ramp
	resumed bool // the rollout's clock runs since the last window opened

	// Of a continuous job: who is a target, who entered and must get an execution, and who entered and may.
	inside, owed, allowed map[registry.ThingID]bool

	// Of the commit that is looked at.
	abortedBy string             // the criterion that was met, "" for none
	noRetry   []job.ExecutionKey // what ended without the retry that was due
	ended     []job.Execution    // what became CANCELED, as it was before
	dropping  bool               // executions were deleted, and not one alone
}

// spent is how many retries a chain of attempts had, by what caused them.
type spent struct{ failed, timedOut int }

// counts counts executions by status.
type counts map[job.ExecutionStatus]int64

func (m *model) counts() counts {
	n := counts{}
	for _, x := range m.rows {
		n[x.Status]++
	}
	return n
}

func (n counts) pending() int64 { return n[job.ExecutionQueued] + n[job.ExecutionInProgress] }
func (n counts) executed() int64 {
	return n[job.ExecutionSucceeded] + n[job.ExecutionFailed] + n[job.ExecutionRejected] + n[job.ExecutionTimedOut]
}

func pending(x job.Execution) bool {
	return x.Status == job.ExecutionQueued || x.Status == job.ExecutionInProgress
}

// active says whether a job may still release executions.
func active(s job.Status) bool { return s == "SCHEDULED" || s == "IN_PROGRESS" }

// deadline is the earlier timer of an execution in progress, the zero time without one (R-TMO-6).
func deadline(x job.Execution) (at time.Time) {
	for _, d := range []time.Time{x.Deadline, x.StepDeadline} {
		if x.Status == job.ExecutionInProgress && !d.IsZero() && (at.IsZero() || d.Before(at)) {
			at = d
		}
	}
	return at
}

// sorted returns executions in the order of R-ORD-1 and R-ORD-2.
func sorted(set map[job.ExecutionKey]job.Execution) []job.Execution {
	rank := func(x job.Execution) int {
		if x.Status == job.ExecutionInProgress {
			return 0
		}
		return 1
	}
	return slices.SortedFunc(maps.Values(set), func(a, b job.Execution) int {
		return cmp.Or(rank(a)-rank(b), a.QueuedAt.Compare(b.QueuedAt), cmp.Compare(a.Sequence, b.Sequence))
	})
}

// target is one way by which a thing belongs to a job: directly, or through a membership that was there in time.
type target struct {
	thing  registry.ThingID
	group  registry.GroupID // 0: directly
	joined int64
}

// holds says whether a target is still one: the thing exists and has not left (R-JOB-54).
func (t target) holds(r store.Reader) bool {
	if _, err := r.Thing(t.thing); err != nil {
		return false
	}
	if t.group == 0 {
		return true
	}
	memberships, err := r.Memberships(t.thing)
	return err == nil && slices.ContainsFunc(memberships, func(m registry.Membership) bool {
		return m.Group == t.group && m.Joined == t.joined
	})
}

// waiting lists the things whose turn has not come, in rollout order.
func (m *model) waiting(r store.Reader) (things []registry.ThingID) {
	listed := map[registry.ThingID]bool{}
	for _, t := range m.targets {
		if m.had[t.thing] == 0 && !listed[t.thing] && t.holds(r) {
			listed[t.thing] = true
			things = append(things, t.thing)
		}
	}
	return things
}

// freezeGroup lists the members of a group and of its descendants, in rollout order: by name, a group before those below
// it, those by name (R-ROLL-12, R-JOB-50).
func freezeGroup(r store.Reader, g registry.Group) (found []target, err error) {
	things, err := r.Things(store.ThingQuery{Limit: 100_000}) // by name
	if err != nil {
		return nil, err
	}
	for _, thing := range things {
		memberships, err := r.Memberships(thing.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range memberships {
			if m.Group == g.ID {
				found = append(found, target{thing.ID, g.ID, m.Joined})
			}
		}
	}
	groups, err := r.Groups(store.GroupQuery{Limit: 100_000}) // by name
	if err != nil {
		return nil, err
	}
	for _, child := range groups {
		if child.Parent != g.ID {
			continue
		}
		more, err := freezeGroup(r, child)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}
