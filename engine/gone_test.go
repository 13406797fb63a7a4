package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// A thing that was deleted is a target of nothing. If it were given an execution, the store would
// refuse the step of the due loop each time, and no due work of any job would be done again.

// job makes a job with targets that are groups or things.
func (w registryWorld) job(id string, d job.Definition, groups []string, things []string) {
	w.Helper()
	for _, name := range groups {
		d.Targets = append(d.Targets, job.GroupTarget(registry.DefaultScope, name))
	}
	for _, name := range things {
		d.Targets = append(d.Targets, job.ThingTarget(registry.DefaultScope, name))
	}
	_, err := w.Jobs.CreateJob(w.Context(), jobs.NewJob{ID: id, Document: "{}", Definition: d})
	w.must(err)
}

// A thing that had left its group before it was deleted has no turn among those that come back,
// though the job names it as well (R-JOB-54).
func TestDeletedThingDoesNotComeBack(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx, v := t.Context(), w.config.Clock.(*clock.Virtual)
	w.static("group", "")
	for _, name := range []string{"a", "b", "z"} {
		w.thing(name, "")
		w.must(w.Fleet.AddMember(ctx, "group", name))
	}
	slow := job.Definition{Rollout: &job.RolloutConfig{MaximumPerMinute: 1}}
	w.job("j", slow, []string{"group"}, []string{"z"})
	w.must(w.Fleet.RemoveMember(ctx, "group", "z"))
	w.must(w.Fleet.DeleteThing(ctx, "z", nil))
	w.must(w.Advance(ctx, v.Now().Add(5*time.Minute)))
	described, err := w.Jobs.DescribeJob(ctx, "j")
	w.must(err)
	if described.Counts != (job.Counts{2}) || !described.Progress.Finished {
		t.Errorf("executions %v, finished %v", described.Counts, described.Progress.Finished)
	}
}

// A thing that waits for the window of a job gets no execution when it leaves or is deleted and the
// window opens before the work that follows from that has come to the job (R-JOB-56, R-JOB-61).
func TestWaitingThingIsGoneWhenTheWindowOpens(t *testing.T) {
	t.Parallel()
	for name, goes := range map[string]func(registryWorld) error{
		"deleted": func(w registryWorld) error { return w.Fleet.DeleteThing(w.Context(), "a", nil) },
		"left": func(w registryWorld) error {
			return w.Fleet.RemoveMember(w.Context(), "group", "a")
		},
	} {
		w, v := newStepped(t)
		ctx := t.Context()
		w.static("group", "")
		continuous := job.Definition{TargetSelection: job.Continuous}
		for i := range jobs.InlineStep + jobs.BackgroundStep + 10 {
			w.job(fmt.Sprint("j", i), continuous, []string{"group"}, nil)
		}
		daily := job.Window{StartTime: "cron(0 13 * * ? *)", Minutes: 60}
		continuous.Schedule = &job.ScheduleConfig{Windows: []job.Window{daily}}
		w.job("late", continuous, []string{"group"}, nil)
		for range 2 { // the rollout begins in the first window, which closes again
			v.Set(v.Now().Add(time.Hour))
			w.must(w.RunDue(ctx))
		}
		w.thing("a", "")
		w.must(w.Fleet.AddMember(ctx, "group", "a"))
		w.must(w.RunDue(ctx))
		v.Set(v.Now().Add(23 * time.Hour)) // the next window is open, as soon as anybody looks
		w.must(goes(w))
		w.must(w.RunDue(ctx))
		described, err := w.Jobs.DescribeJob(ctx, "late")
		w.must(err)
		if described.Status != job.InProgress || described.Counts != (job.Counts{}) {
			t.Errorf("%s: the job is %s with %v", name, described.Status, described.Counts)
		}
	}
}

// What a deleted thing works on is not tried again when it times out before the work that follows
// from the deletion has come to it (R-RTY-9, R-JOB-61).
func TestDeletedThingTriesNothingAgain(t *testing.T) {
	t.Parallel()
	w, v := newStepped(t)
	ctx := t.Context()
	d := job.Definition{
		Timeout: &job.TimeoutConfig{InProgressMinutes: 1},
		Retry: &job.RetryConfig{
			Criteria: []job.RetryCriterion{{FailureType: job.FailureAll, Retries: 1}},
		},
	}
	var deletes []func()
	const perJob, all = 100, jobs.InlineRoom + 100
	for first := 0; first < all; first += perJob {
		var names []string
		for i := range perJob {
			name := fmt.Sprint("t", first+i)
			names = append(names, name)
			w.thing(name, "")
			deletes = append(deletes, func() { w.must(w.Fleet.DeleteThing(ctx, name, nil)) })
		}
		w.job(fmt.Sprint("j", first), d, nil, names)
		for _, name := range names {
			_, err := w.Jobs.StartNext(ctx, name, nil, nil)
			w.must(err)
		}
	}
	w.Together(deletes...)
	v.Set(v.Now().Add(time.Hour))
	w.must(w.RunDue(ctx))
	for first := 0; first < all; first += perJob {
		described, err := w.Jobs.DescribeJob(ctx, fmt.Sprint("j", first))
		w.must(err)
		if described.Status != job.Completed {
			t.Errorf("job %s is %s with %v", described.ID, described.Status, described.Counts)
		}
	}
}
