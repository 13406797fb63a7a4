package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/memory"
)

// followers is a group with many continuous jobs, on a store that outlives its engine.
type followers struct {
	registryWorld
	store *memory.Store
	clock *clock.Virtual
}

const followingJobs = 2*jobs.InlineStep + 50

func newFollowers(t *testing.T) *followers {
	t.Helper()
	f := &followers{store: memory.Open(), clock: clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))}
	f.restart(t)
	f.static("group", "")
	f.static("other", "")
	f.thing("a", "")
	for i := range followingJobs {
		_, err := f.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: fmt.Sprint("j", i), Document: "{}", Definition: job.Definition{
			Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "group")}, TargetSelection: job.Continuous,
		}})
		f.must(err)
	}
	return f
}

// restart drops the engine and opens another one on the store.
func (f *followers) restart(t *testing.T) {
	t.Helper()
	f.registryWorld = steppedOn(t, f.store, f.clock)
}

func (f *followers) join()  { f.Helper(); f.must(f.Fleet.AddMember(f.Context(), "group", "a")) }
func (f *followers) leave() { f.Helper(); f.must(f.Fleet.RemoveMember(f.Context(), "group", "a")) }

// want checks how many executions all the jobs have in each status.
func (f *followers) want(when string, want map[job.ExecutionStatus]int64) {
	f.Helper()
	got := map[job.ExecutionStatus]int64{}
	for i := range followingJobs {
		j, err := f.Jobs.DescribeJob(f.Context(), fmt.Sprint("j", i))
		f.must(err)
		for status, n := range j.Counts {
			if n > 0 {
				got[job.ExecutionStatus(status)] += n
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		f.Errorf("%s: executions by status (-want +got):\n%s", when, diff)
	}
}

type counts = map[job.ExecutionStatus]int64

// A change of a thing's groups deals with a hundred executions and continuous jobs before it is
// answered; the rest is stored with it and follows in bounded steps, also after a restart
// (R-JOB-61, R-JOB-55, R-EXE-20, R-EXE-23).
func TestMembershipsFollowInSteps(t *testing.T) {
	t.Parallel()
	f := newFollowers(t)
	const all, first = followingJobs, jobs.InlineStep
	f.join()
	f.want("entered", counts{job.ExecutionQueued: first})
	f.must(f.commits.Do(f.Context(), f.dueStep))
	f.want("after a step", counts{job.ExecutionQueued: 2 * first})
	f.must(f.commits.Do(f.Context(), f.dueStep))
	f.want("after another", counts{job.ExecutionQueued: all})
	f.leave()
	f.want("left", counts{job.ExecutionQueued: all - first, job.ExecutionRemoved: first})
	f.restart(t)
	f.must(f.RunDue(f.Context()))
	f.want("left and restarted", counts{job.ExecutionRemoved: all})
	f.join()
	f.must(f.RunDue(f.Context()))
	f.want("entered again", counts{job.ExecutionQueued: all, job.ExecutionRemoved: all})
	f.must(f.Fleet.DeleteThing(f.Context(), "a", nil))
	f.want("deleted", counts{job.ExecutionQueued: all - first, job.ExecutionRemoved: all + first})
	f.must(f.RunDue(f.Context()))
	f.want("deleted, and all is removed", counts{job.ExecutionRemoved: 2 * all})
	if next, err := f.NextDue(f.Context()); err != nil || !next.IsZero() {
		t.Errorf("nothing is left to do, and something is due at %v, %v", next, err)
	}
}

// Work that is left goes by what the thing is when its turn comes: one that has left and come back
// has not left, one that has entered and gone has not entered, and nobody gets two (R-EXE-28,
// R-JOB-57).
func TestMembershipsChangeBeforeTheirTurn(t *testing.T) {
	t.Parallel()
	const all, first = followingJobs, jobs.InlineStep
	for _, row := range []struct {
		name    string
		changes func(*followers)
		want    counts
	}{
		{"enters and leaves", func(f *followers) { f.join(); f.leave() },
			counts{job.ExecutionRemoved: first}},
		{"enters, leaves, enters", func(f *followers) { f.join(); f.leave(); f.join() },
			counts{job.ExecutionRemoved: first, job.ExecutionQueued: all}},
		{"leaves and enters", func(f *followers) {
			f.join()
			f.must(f.RunDue(f.Context()))
			f.leave()
			f.join()
		}, counts{job.ExecutionRemoved: first, job.ExecutionQueued: all}},
		{"goes elsewhere", func(f *followers) {
			f.join()
			f.must(f.Fleet.ChangeMemberships(f.Context(), "a", fleet.MembershipChange{Add: []string{"other"}, Remove: []string{"group"}}))
		}, counts{job.ExecutionRemoved: first}},
		{"enters and is deleted", func(f *followers) {
			f.join()
			f.must(f.Fleet.DeleteThing(f.Context(), "a", nil))
		}, counts{job.ExecutionRemoved: first}},
	} {
		f := newFollowers(t)
		row.changes(f)
		f.must(f.RunDue(f.Context()))
		f.want(row.name, row.want)
	}
}

// A job that starts while work on a thing that has joined waits takes the thing in its rollout: at
// the rate, and once (R-JOB-61, R-ROLL-15).
func TestJobStartsBeforeMembershipsFollow(t *testing.T) {
	t.Parallel()
	f := newFollowers(t)
	f.thing("0", "") // before a
	f.must(f.Fleet.AddMember(f.Context(), "group", "0"))
	f.must(f.RunDue(f.Context()))
	f.join()
	d := job.Definition{TargetSelection: job.Continuous}
	f.job("fast", d, []string{"group"}, nil)
	d.Rollout = &job.RolloutConfig{MaximumPerMinute: 1}
	f.job("slow", d, []string{"group"}, nil)
	_, err := f.Jobs.Report(f.Context(), "a", "fast", job.Report{Event: job.ReportSucceeded}, false)
	f.must(err)
	f.must(f.RunDue(f.Context()))
	for id, want := range map[string]job.Counts{
		"fast": {job.ExecutionQueued: 1, job.ExecutionSucceeded: 1},
		"slow": {job.ExecutionQueued: 1},
	} {
		j, err := f.Jobs.DescribeJob(f.Context(), id)
		if f.must(err); j.Counts != want {
			t.Errorf("%s: executions %v, want %v", id, j.Counts, want)
		}
	}
}

// The first thing that ever joins a group, after the group was associated, enters: the back-fill
// was over before (R-API-22, R-JOB-55).
func TestFirstMembershipOfAll(t *testing.T) {
	t.Parallel()
	w, _ := newStepped(t)
	ctx := t.Context()
	w.static("group", "")
	w.static("other", "")
	w.job("j", job.Definition{TargetSelection: job.Continuous}, []string{"group"}, nil)
	other := []job.Target{job.GroupTarget(registry.DefaultScope, "other")}
	_, err := w.Jobs.AssociateTargets(ctx, "j", nil, other, nil)
	w.must(err)
	w.must(w.RunDue(ctx))
	w.thing("a", "")
	w.must(w.Fleet.AddMember(ctx, "other", "a"))
	j, err := w.Jobs.DescribeJob(ctx, "j")
	if w.must(err); j.Counts != (job.Counts{1}) {
		t.Errorf("executions %v", j.Counts)
	}
}

// Many changes that share a commit have room for a bounded number of jobs together (R-CON-27).
func TestMembershipsShareTheRoomOfACommit(t *testing.T) {
	t.Parallel()
	f := newFollowers(t)
	const things = 20
	requests := make([]func(), things)
	for i := range requests {
		name := fmt.Sprint("t", i)
		f.thing(name, "")
		requests[i] = func() { f.must(f.Fleet.AddMember(f.Context(), "group", name)) }
	}
	f.Together(requests...)
	f.want("at once", counts{job.ExecutionQueued: things * jobs.InlineStep})
	f.must(f.RunDue(f.Context()))
	f.want("at last", counts{job.ExecutionQueued: things * followingJobs})
}

// The things that wait for a job's window go in bounded steps when the job is deleted, and the job
// with the last (R-JOB-34, R-JOB-62).
func TestWaitingThingsGoInSteps(t *testing.T) {
	t.Parallel()
	const inline = jobs.InlineStep
	for _, row := range []struct {
		things int
		gone   bool // when DeleteJob is answered: it and the review of its commit do a step each
	}{{inline, true}, {2*inline + 1, false}} {
		w, v := newStepped(t)
		ctx := t.Context()
		w.static("group", "")
		daily := job.Window{StartTime: "cron(0 13 * * ? *)", Minutes: 60}
		_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
			Targets:         []job.Target{job.GroupTarget(registry.DefaultScope, "group")},
			TargetSelection: job.Continuous,
			Schedule:        &job.ScheduleConfig{Windows: []job.Window{daily}},
		}})
		w.must(err)
		v.Set(v.Now().Add(time.Hour))
		w.must(w.RunDue(ctx)) // the rollout has begun, in the first window
		v.Set(v.Now().Add(time.Hour))
		w.must(w.RunDue(ctx)) // which is closed again
		for i := range row.things {
			w.thing(fmt.Sprint("t", i), "")
			w.must(w.Fleet.AddMember(ctx, "group", fmt.Sprint("t", i)))
		}
		w.must(w.Jobs.DeleteJob(ctx, "j", true, nil))
		if _, err := w.Jobs.DescribeJob(ctx, "j"); row.gone != fault.Is(err, fault.NotFound) {
			t.Errorf("%d waiting things: DescribeJob after DeleteJob: %v", row.things, err)
		}
		w.must(w.RunDue(ctx))
		w.refused(func() error { _, err := w.Jobs.DescribeJob(ctx, "j"); return err }(), fault.NotFound)
	}
}
