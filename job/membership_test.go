package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
)

// groups is a reach in short.
func groups(ids ...registry.GroupID) []registry.GroupID { return ids }

// member is a membership in short: the number with which the thing joined, and the groups that it
// is in by that.
func member(joined int64, ids ...registry.GroupID) ReachedThrough {
	return ReachedThrough{Joined: joined, Groups: ids}
}

// A job over thing 7 and groups 1 and 2, with group 3 below 2. Its rollout froze at membership 40.
func targeted() Job {
	return Job{
		Definition: Definition{
			Targets:          targetsNamed("thing/7", "thinggroup/a", "thinggroup/b"),
			TargetSelection:  Continuous,
			Sources:          []Source{{Target: 0, Thing: 7}, {Target: 1, Group: 1}, {Target: 2, Group: 2}},
			NewestMembership: 40,
		},
		State: State{Status: InProgress},
	}
}

// Who is a target (R-JOB-50, R-JOB-60), and who loses an execution by leaving (R-EXE-20 to
// R-EXE-22, R-EXE-25).
func TestTargetsAndLeavers(t *testing.T) {
	t.Parallel()
	j := targeted()
	for _, tt := range []struct {
		name   string
		thing  registry.ThingID
		reach  []registry.GroupID
		target bool
	}{
		{"R-JOB-50 named itself", 7, nil, true},
		{"R-EXE-25 named itself and in no group", 7, groups(9), true},
		{"R-JOB-50 in a target group", 8, groups(1), true},
		{"R-JOB-50 in a group below one", 8, groups(3, 2), true},
		{"R-JOB-60 in a group that is below now", 8, groups(5, 1), true},
		{"elsewhere", 8, groups(4, 5), false},
		{"nowhere", 8, nil, false},
		{"thing 0 is no thing", 0, nil, false},
		{"group 0 is no group", 8, groups(0), false},
	} {
		if got := j.IsTarget(tt.thing, tt.reach); got != tt.target {
			t.Errorf("%s: target %v", tt.name, got)
		}
		for _, status := range ExecutionStatuses() {
			x := Execution{ExecutionKey: ExecutionKey{Thing: tt.thing}, Status: status}
			want := !tt.target && status == ExecutionQueued // R-EXE-22
			if got := j.RemovesLeaver(x, tt.reach); got != want {
				t.Errorf("%s, %s: removed %v, want %v", tt.name, status, got, want)
			}
		}
	}
}

// What a continuous job does when the groups of a thing change: each row is a thing's reach before
// and after, its memberships after, and whether it ever had an execution.
func TestMembershipChange(t *testing.T) {
	t.Parallel()
	started := func(Job) Job { return targeted() }
	associated := func(j Job) Job {
		j.Sources = append(j.Sources, Source{Target: 3, Group: 4, NewestMembership: 60})
		return j
	}
	for _, tt := range []struct {
		name   string
		job    func(Job) Job
		thing  registry.ThingID
		before []registry.GroupID
		after  []registry.GroupID
		now    []ReachedThrough
		last   int64
		want   MembershipChange
	}{
		{"R-JOB-55 enters", started, 8, nil, groups(1), []ReachedThrough{member(41, 1)}, 0,
			MembershipEnter},
		{"R-JOB-55 enters below a target", started, 8, nil, groups(6, 1),
			[]ReachedThrough{member(41, 6, 1)}, 0, MembershipEnter},
		{"R-JOB-58 enters again", started, 8, groups(9), groups(9, 1),
			[]ReachedThrough{member(50, 1)}, 3, MembershipEnter},
		{"R-JOB-56 enters a job that waits", func(j Job) Job {
			j.Status = Scheduled
			return j
		}, 8, nil, groups(1), []ReachedThrough{member(41, 1)}, 0, MembershipEnterLater},
		{"R-JOB-52 not started: the rollout will take it", func(j Job) Job {
			j.Status, j.Sources = Scheduled, nil
			return j
		}, 8, nil, groups(1), []ReachedThrough{member(41, 1)}, 0, MembershipNone},
		{"R-SCH-22 ended", func(j Job) Job {
			j.RolloutEnded = true
			return j
		}, 8, nil, groups(1), []ReachedThrough{member(41, 1)}, 0, MembershipNone},
		{"leaves", started, 8, groups(1), groups(9), []ReachedThrough{member(41, 9)}, 1,
			MembershipLeave},
		{"leaves before its turn", started, 8, groups(1), nil, nil, 0, MembershipLeave},
		{"leaves while the job waits", func(j Job) Job {
			j.Status = Scheduled
			return j
		}, 8, groups(1), nil, nil, 0, MembershipLeave},
		{"neither before nor after", started, 8, groups(9), groups(10),
			[]ReachedThrough{member(41, 10)}, 0, MembershipNone},
		{"R-EXE-25 named itself", started, 7, groups(1), nil, nil, 1, MembershipNone},
		{"R-EXE-25 named itself, enters a group", started, 7, nil, groups(1),
			[]ReachedThrough{member(41, 1)}, 0, MembershipNone},
		{"R-JOB-60 moves and has an execution", started, 8, groups(1), groups(2),
			[]ReachedThrough{member(41, 2)}, 1, MembershipNone},
		{"R-ROLL-15 moves before its turn", started, 8, groups(1), groups(2),
			[]ReachedThrough{member(41, 2)}, 0, MembershipEnter},
		{"R-ROLL-15 moves before its turn, the job waits", func(j Job) Job {
			j.Status = Scheduled
			return j
		}, 8, groups(1), groups(2), []ReachedThrough{member(41, 2)}, 0, MembershipEnterLater},
		{"R-ROLL-12 stays in one below a target that is old enough", started, 8, groups(1, 3, 2),
			groups(3, 2), []ReachedThrough{member(40, 3, 2)}, 0, MembershipNone},
		{"R-ROLL-15 moves below a target before its turn", started, 8, groups(1), groups(3, 2),
			[]ReachedThrough{member(41, 3, 2)}, 0, MembershipEnter},
		{"R-ROLL-12 stays in one that is old enough", started, 8, groups(1, 2), groups(2),
			[]ReachedThrough{member(40, 2)}, 0, MembershipNone},
		{"R-ROLL-15 the old one is no target", started, 8, groups(1, 9), groups(2, 9),
			[]ReachedThrough{member(12, 9), member(41, 2)}, 0, MembershipEnter},
		{"R-EXE-28 leaves and comes back at once", started, 8, groups(1), groups(1),
			[]ReachedThrough{member(12, 1)}, 0, MembershipNone},
		{"joins a second target group", started, 8, groups(1), groups(1, 2),
			[]ReachedThrough{member(12, 1), member(41, 2)}, 0, MembershipNone},
		{"R-JOB-61 had joined when the rollout began", started, 8, nil, groups(1),
			[]ReachedThrough{member(40, 1)}, 0, MembershipNone},
		{"R-JOB-61 had joined when the rollout began, and has its execution", started, 8, nil,
			groups(3, 2), []ReachedThrough{member(40, 3, 2)}, 1, MembershipNone},
		{"R-JOB-61 had joined one and joins another", started, 8, nil, groups(1, 2),
			[]ReachedThrough{member(40, 1), member(41, 2)}, 0, MembershipEnter},
		{"R-JOB-61 had joined when the group was associated", associated, 8, nil, groups(4),
			[]ReachedThrough{member(60, 4)}, 0, MembershipNone},
		{"R-JOB-55 enters a group that was associated", associated, 8, nil, groups(4),
			[]ReachedThrough{member(61, 4)}, 0, MembershipEnter},
		{"R-JOB-55 enters below a target, and the group above is associated", associated, 8, nil,
			groups(1, 4), []ReachedThrough{member(41, 1, 4)}, 0, MembershipEnter},
	} {
		j := tt.job(targeted())
		reach := Reach{Before: tt.before, After: tt.after, Memberships: tt.now}
		if got := j.MembershipChange(tt.thing, reach, tt.last); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// A late joiner gets the next number and begins a chain of its own, unless an execution is pending
// (R-JOB-57, R-JOB-58, R-RTY-11).
func TestLateJoinerExecution(t *testing.T) {
	t.Parallel()
	j := Job{Key: 5}
	if _, ok := j.LateJoinerExecution(8, 1, true, start); ok {
		t.Error("R-JOB-57: a second one is created beside one that is pending")
	}
	for last, number := range map[int64]int64{0: 1, 1: 2, 7: 8} {
		x, ok := j.LateJoinerExecution(8, last, false, start)
		want := NewExecution(ExecutionKey{Job: 5, Thing: 8, Number: number}, start)
		if !ok || x.ExecutionKey != want.ExecutionKey || x.Status != ExecutionQueued ||
			x.Attempt != 0 ||
			x.RetriesUsed != (RetriesUsed{}) {
			t.Errorf("after number %d: %+v, %v (R-JOB-58, R-RTY-11)", last, x, ok)
		}
	}
}

// A thing that enters again while its execution is pending has its whole budget back (R-RTY-11).
func TestEnteredAgain(t *testing.T) {
	t.Parallel()
	used := RetriesUsed{Failed: 1, TimedOut: 2}
	x := Execution{Status: ExecutionInProgress, Version: 4, Attempt: 3, RetriesUsed: used}
	again, changed := x.EnteredAgain()
	x.RetriesUsed = RetriesUsed{}
	if diff := cmp.Diff(x, again); diff != "" || !changed {
		t.Errorf("IN_PROGRESS: changed %v (-want +got):\n%s", changed, diff)
	}
	if _, changed := again.EnteredAgain(); changed {
		t.Error("a second time")
	}
	for _, status := range ExecutionStatuses() {
		_, changed := Execution{Status: status, RetriesUsed: used}.EnteredAgain()
		if changed == status.Terminal() {
			t.Errorf("%s: changed %v", status, changed)
		}
	}
	j := Job{Definition: Definition{Retry: &RetryConfig{Criteria: []RetryCriterion{
		{FailureType: FailureAll, Retries: 3}}}}, State: State{Status: InProgress}}
	out, err := ApplyReport(j, again, Report{Event: ReportFailed}, start)
	if err != nil || out.Retry == nil || out.Retry.Attempt != 1 {
		t.Errorf("the next attempt: %+v, %v", out.Retry, err)
	}
}

// The rollout skips things that had an execution, also one that was deleted (R-ROLL-14). The
// back-fill of an associated group does too, unless the thing was no target any more (R-JOB-51,
// R-API-22); and while the rollout goes on, it leaves to the rollout who waits for it (R-ROLL-15).
func TestAcceptance(t *testing.T) {
	t.Parallel()
	if !AcceptsRelease(0) || AcceptsRelease(1) || AcceptsRelease(9) {
		t.Error("R-ROLL-14: only a thing without a number is released")
	}
	rolling := targeted()
	added := Source{Target: 3, Group: 4, NewestMembership: 60}
	rolling.Sources = append(rolling.Sources, added)
	count := len(rolling.Sources)
	over := rolling
	over.Progress.Finished = true
	for _, tt := range []struct {
		name  string
		job   Job
		thing registry.ThingID
		reach []registry.GroupID
		last  int64
		want  bool
	}{
		{"R-API-22 new to the job", rolling, 8, groups(4), 0, true},
		{"R-ROLL-15 waits for its turn in an older group", rolling, 8, groups(4, 1), 0, false},
		{"R-ROLL-15 waits for its turn, named itself", rolling, 7, groups(4), 0, false},
		{"R-API-22 missed by the rollout, which is over", over, 8, groups(4, 1), 0, true},
		{"R-JOB-51 has one through an older group", rolling, 8, groups(4, 1), 1, false},
		{"R-JOB-51 the same after the rollout", over, 8, groups(4, 1), 1, false},
		{"R-JOB-51 named itself", rolling, 7, groups(4), 1, false},
		{"R-JOB-58 had left", rolling, 8, groups(4), 1, true},
	} {
		if got := tt.job.AcceptsBackfill(added, tt.thing, tt.reach, tt.last); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if len(rolling.Sources) != count {
		t.Error("asking changed the job")
	}
}

// A late joiner adds one to what is QUEUED and nothing to the rollout (R-ROLL-15, R-JOB-49).
func TestQueuedLateJoiner(t *testing.T) {
	t.Parallel()
	j := targeted()
	j.Progress = Progress{Quota: 3, NextTick: start.Add(Tick), Ticked: true, Notified: 7}
	before := j.Progress
	for n := int64(1); n <= 2; n++ {
		if j.QueuedLateJoiner(start); j.Counts != (Counts{ExecutionQueued: n}) {
			t.Errorf("R-JOB-49: after %d late joiners %v are counted", n, j.Counts)
		}
	}
	if diff := cmp.Diff(before, j.Progress); diff != "" {
		t.Errorf("R-ROLL-15: the rollout changed (-before +after):\n%s", diff)
	}
}

// Late joiners that waited are taken page by page (R-JOB-56).
func TestTookLateJoiners(t *testing.T) {
	t.Parallel()
	j := targeted()
	j.Progress.Finished = true
	j.TookLateJoiners(true, start)
	if !j.LateJoinersWaiting || j.Next(start) != WorkLateJoiners || !j.Due.Equal(Immediately) {
		t.Errorf("more are waiting: %+v", j.State)
	}
	j.TookLateJoiners(false, start)
	if j.LateJoinersWaiting || j.Next(start) != WorkNone || !j.Due.IsZero() {
		t.Errorf("none is waiting: %+v", j.State)
	}
}
