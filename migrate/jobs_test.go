package migrate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

func continuous(in *iot.CreateJobInput) {
	in.TargetSelection = types.TargetSelectionContinuous
}

// fleet makes a group of things t1, t2, ….
func (w *world) fleet(group string, n int) {
	w.t.Helper()
	w.staticGroup(group)
	for i := range n {
		w.thing(fmt.Sprintf("t%d", i+1), group)
	}
}

// everyEnd has the things of a job, t1 to t8, end it in every way that there is, but t7 and t8,
// which stay QUEUED. t6 is IN_PROGRESS.
func (w *world) everyEnd(job string) {
	w.t.Helper()
	w.report("t4", job, "IN_PROGRESS")
	w.advance(3 * time.Minute) // the job times out after one
	w.report("t1", job, "SUCCEEDED")
	w.report("t2", job, "FAILED")
	w.report("t3", job, "REJECTED")
	must[*iot.CancelJobExecutionOutput](w.t)(w.CancelJobExecution(w.t.Context(),
		&iot.CancelJobExecutionInput{JobId: &job, ThingName: aws.String("t5")}))
	w.report("t6", job, "IN_PROGRESS")
}

// timed has executions time out after a minute.
func timed(in *iot.CreateJobInput) {
	in.TimeoutConfig = &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(1)}
}

// settle has all happen that is due within some minutes.
func (w *world) settle() {
	for range 5 {
		w.advance(time.Minute)
	}
}

// want compares the findings about jobs.
func wantJobs(t *testing.T, found []string, want ...string) {
	t.Helper()
	got := slices.DeleteFunc(found, func(line string) bool {
		return !strings.Contains(line, " jobs ")
	})
	if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
		t.Errorf("findings about jobs (-want +got):\n%s", diff)
	}
}

// wantExecutions compares the executions of a job.
func (w *world) wantExecutions(job string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.executionsOf(job)); diff != "" {
		w.t.Errorf("executions of %s (-want +got):\n%s", job, diff)
	}
}

const everyEnd = "1 CANCELED, 1 FAILED, 1 IN_PROGRESS, 1 REJECTED, 1 SUCCEEDED, 1 TIMED_OUT"

// A snapshot job arrives paused. It is given to none that has begun it at the source, neither before
// the import nor between it and another one, and to all others, also after the job was canceled
// there. R-MOV-5, R-MOV-7
func TestSnapshotJob(t *testing.T) {
	t.Parallel()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fleet("g", 8)
	source.newJob("fw", timed, "thinggroup/g")
	source.everyEnd("fw")

	found, _ := copied(t, source.Client, target.Client, Options{})
	wantJobs(t, found, "create jobs fw: for 2 things that have not begun; left out: "+everyEnd)
	target.settle()
	target.wantExecutions("fw")

	source.report("t7", "fw", "SUCCEEDED")
	const out = "change jobs fw: taken out, as they have begun it since: 1 SUCCEEDED"
	for _, plan := range []bool{true, false} {
		found, _ = copied(t, source.Client, target.Client, Options{Plan: plan})
		wantJobs(t, found, out)
	}
	source.advance(time.Minute)
	must[*iot.CancelJobOutput](t)(
		source.CancelJob(t.Context(), &iot.CancelJobInput{JobId: aws.String("fw")}))
	source.wantExecutions("fw", "t1 SUCCEEDED", "t2 FAILED", "t3 REJECTED", "t4 TIMED_OUT",
		"t5 CANCELED", "t6 TIMED_OUT", "t7 SUCCEEDED", "t8 CANCELED")
	found, _ = copied(t, source.Client, target.Client, Options{})
	wantJobs(t, found)

	target.resume("fw")
	target.settle()
	target.wantExecutions("fw", "t8 QUEUED")
}

// A continuous job goes on taking in what joins its groups, and is never given to what has begun it
// at the source: not when that leaves and comes back, and not when it comes with a later import,
// after the job was resumed. R-MOV-5, R-MOV-7
func TestContinuousJob(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fleet("g", 8)
	source.thing("alone")
	source.thing("done")
	source.newJob("fw", func(in *iot.CreateJobInput) { timed(in); continuous(in) },
		"thinggroup/g", "thing/alone", "thing/done")
	source.everyEnd("fw")
	source.report("done", "fw", "SUCCEEDED")

	found, _ := copied(t, source.Client, target.Client, Options{})
	wantJobs(t, found, "create jobs fw: for what is in its groups or joins them; left out: "+
		"1 CANCELED, 1 FAILED, 1 IN_PROGRESS, 1 REJECTED, 2 SUCCEEDED, 1 TIMED_OUT")
	target.settle()
	target.wantExecutions("fw")

	source.report("t7", "fw", "SUCCEEDED")
	source.thing("late-there", "g") // a late joiner at the source
	must[*iot.DeleteThingOutput](t)(
		target.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: aws.String("t2")}))
	target.resume("fw")
	target.settle()
	target.wantExecutions("fw", "alone QUEUED", "t7 QUEUED", "t8 QUEUED")

	// Not paused, so what has an execution keeps it until it leaves the groups: Drover takes it away
	// then. t2 comes anew, and is left out before it joins.
	found, _ = copied(t, source.Client, target.Client, Options{})
	wantJobs(t, found, "change jobs fw: taken out, as they have begun it since: 1 FAILED, 1 SUCCEEDED; "+
		"the job is not paused, and what has an execution of it already keeps that")
	target.settle()
	for _, name := range []string{"t1", "t2", "t6"} { // leave and come back
		in := &iot.RemoveThingFromThingGroupInput{
			ThingName: &name, ThingGroupName: aws.String("g"),
		}
		must[*iot.RemoveThingFromThingGroupOutput](t)(target.RemoveThingFromThingGroup(ctx, in))
		must[*iot.AddThingToThingGroupOutput](t)(target.AddThingToThingGroup(ctx,
			&iot.AddThingToThingGroupInput{ThingName: &name, ThingGroupName: in.ThingGroupName}))
	}
	target.thing("late-here", "g")
	target.settle()
	got := slices.DeleteFunc(target.executionsOf("fw"), func(row string) bool {
		return strings.HasPrefix(row, "t7 ")
	})
	want := []string{"alone QUEUED", "late-here QUEUED", "late-there QUEUED", "t8 QUEUED"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("executions (-want +got):\n%s", diff)
	}
	if again, _ := copied(t, source.Client, target.Client, Options{}); len(again) > 0 {
		t.Errorf("another import found\n%s", strings.Join(again, "\n"))
	}
}

// Things without an execution are left out, because their execution may have been deleted after it
// ended, unless they are asked for. R-MOV-6
func TestUnreleased(t *testing.T) {
	t.Parallel()
	for _, unreleased := range []bool{false, true} {
		for name, selection := range map[string]func(*iot.CreateJobInput){
			"snapshot": func(*iot.CreateJobInput) {}, "continuous": continuous,
		} {
			t.Run(fmt.Sprint(name, unreleased), func(t *testing.T) {
				t.Parallel()
				source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
				source.fleet("g", 5)
				source.newJob("slow", func(in *iot.CreateJobInput) {
					selection(in)
					in.JobExecutionsRolloutConfig =
						&types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(1)}
				}, "thinggroup/g")
				source.advance(time.Minute)
				source.wantExecutions("slow", "t1 QUEUED", "t2 QUEUED")
				copied(t, source.Client, target.Client, Options{Unreleased: unreleased})
				target.resume("slow")
				target.advance(5 * time.Minute)
				target.settle()
				want := []string{"t1 QUEUED", "t2 QUEUED"}
				if unreleased {
					want = append(want, "t3 QUEUED", "t4 QUEUED", "t5 QUEUED")
				}
				target.wantExecutions("slow", want...)
			})
		}
	}
}

// A job that ended in the target and was deleted there is not copied again: its things may have
// finished it there, and the source does not know that. R-MOV-5
func TestNotTwice(t *testing.T) {
	t.Parallel()
	for name, selection := range map[string]func(*iot.CreateJobInput){
		"snapshot": func(*iot.CreateJobInput) {}, "continuous": continuous,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
			source.fleet("g", 2)
			source.newJob("fw", selection, "thinggroup/g")
			copied(t, source.Client, target.Client, Options{})
			target.resume("fw")
			target.settle()
			target.report("t1", "fw", "SUCCEEDED")
			target.report("t2", "fw", "SUCCEEDED")
			must[*iot.DeleteJobOutput](t)(target.DeleteJob(t.Context(),
				&iot.DeleteJobInput{JobId: aws.String("fw"), Force: true}))
			found, _ := copied(t, source.Client, target.Client, Options{})
			if len(found) != 1 || !strings.HasPrefix(found[0],
				"cannot jobs fw: was copied before, and has been deleted in the target since") {
				t.Errorf("found\n%s", strings.Join(found, "\n"))
			}
		})
	}
}

// What cannot be carried over safely is not, and the report says why; what has ended is not looked
// at. R-MOV-5, R-MOV-8
func TestJobsThatCannotCome(t *testing.T) {
	t.Parallel()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fleet("g", 2)
	must[*iot.CreateDynamicThingGroupOutput](t)(source.CreateDynamicThingGroup(t.Context(),
		&iot.CreateDynamicThingGroupInput{
			ThingGroupName: aws.String("all"), QueryString: aws.String("thingName:t*"),
		}))
	source.staticGroup("twin")
	source.staticGroup("TWIN")
	source.newJob("dynamic", continuous, "thinggroup/all")
	source.newJob("twins", continuous, "thinggroup/twin")
	source.newJob("over", nil, "thinggroup/all")
	source.newJob("begun", nil, "thinggroup/g", "thing/t1")
	source.newJob("snapshot", nil, "thinggroup/all")
	for _, thing := range []string{"t1", "t2"} {
		source.report(thing, "over", "SUCCEEDED")
		source.report(thing, "begun", "IN_PROGRESS")
	}
	found, _ := copied(t, source.Client, target.Client, Options{})
	wantJobs(t, found,
		"cannot jobs dynamic: targets: all is a dynamic group, whose things would get the job again "+
			"when they are created",
		"cannot jobs twins: targets: there is a group whose name differs from twin only in case, and "+
			"queries do not tell them apart",
		"cannot jobs begun: no thing is left that may be given it: for 0 things that have not begun; "+
			"left out: 2 IN_PROGRESS",
		"create jobs snapshot: for 2 things that have not begun")
}

// A job whose start is still to come goes to what its groups have then. R-MOV-8
func TestScheduledJob(t *testing.T) {
	t.Parallel()
	source, target := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fleet("g", 2)
	now := must[time.Time](t)(source.now())
	start := now.Add(2 * time.Hour).UTC().Format("2006-01-02T15:04")
	source.newJob("night", func(in *iot.CreateJobInput) {
		in.SchedulingConfig = &types.SchedulingConfig{StartTime: &start}
	}, "thinggroup/g", "thing/t1")
	found, _ := copied(t, source.Client, target.Client, Options{Now: func() time.Time { return now }})
	wantJobs(t, found, "create jobs night: for what is in its groups or joins them")
	target.thing("t3", "g")
	target.resume("night")
	target.wantExecutions("night")
	target.advance(3 * time.Hour)
	target.settle()
	target.wantExecutions("night", "t1 QUEUED", "t2 QUEUED", "t3 QUEUED")
}

// An account knows no pause. Of jobs, only those are exported that are paused here, for the things
// that have not begun; nothing in the account is changed. R-MOV-9
func TestExport(t *testing.T) {
	t.Parallel()
	source, account := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fill()
	source.staticGroup("g")
	for _, name := range []string{"e1", "e2", "e3"} {
		source.thing(name, "g")
	}
	paused := func(in *iot.CreateJobInput) {
		in.Tags = []types.Tag{{Key: aws.String(pausedTag), Value: aws.String("moves")}}
	}
	source.newJob("fw-3", nil, "thinggroup/g")
	source.report("e1", "fw-3", "SUCCEEDED")
	must[*iot.TagResourceOutput](t)(source.TagResource(t.Context(), &iot.TagResourceInput{
		ResourceArn: aws.String(source.arn + "job/fw-3"),
		Tags:        []types.Tag{{Key: aws.String(pausedTag), Value: aws.String("moves")}},
	}))
	source.newJob("fw-4", paused, "thinggroup/g")
	found, _ := copied(t, source.Client, account.Client, Options{Export: true})
	wantJobs(t, found,
		"cannot jobs fw-2: an account knows no pause: pause the job here first, so that no thing begins "+
			"it at both ends",
		"create jobs fw-3: for 2 things that have not begun; left out: 1 SUCCEEDED",
		"cannot jobs fw-4: no thing is left that may be given it: for 0 things that have not begun; "+
			"left out: 3 without an execution, which nothing shows not to have begun (--unreleased takes "+
			"them along)")
	account.wantExecutions("fw-3", "e2 QUEUED", "e3 QUEUED")
	after := account.contents()
	if again, s := copied(t, source.Client, account.Client, Options{Export: true}); s.Count(Created) > 0 {
		t.Errorf("a second export found\n%s", strings.Join(again, "\n"))
	}
	if diff := cmp.Diff(after, account.contents()); diff != "" {
		t.Errorf("a second export has changed the account (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(source.withoutJobs(), account.withoutJobs()); diff != "" {
		t.Errorf("the ends differ (-source +account):\n%s", diff)
	}
}
