package engine

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// What requests cause at once has room in their commit for a bounded number of executions, however
// many requests share it; the rest follows in the background (R-ROLL-21, R-JOB-62, R-CON-26).
func TestInlineWorkOfACommitIsBounded(t *testing.T) {
	t.Parallel()
	const jobsTogether, things = 20, 90
	w, _ := newStepped(t)
	ctx := t.Context()
	w.static("group", "")
	for i := range things {
		name := fmt.Sprint("t", i)
		w.thing(name, "")
		w.must(w.Fleet.AddMember(ctx, "group", name))
	}
	together := func(request func(id string) error) {
		t.Helper()
		requests, errs := make([]func(), jobsTogether), make([]error, jobsTogether)
		for i := range requests {
			requests[i] = func() { errs[i] = request(fmt.Sprint("j", i)) }
		}
		w.Together(requests...)
		for _, err := range errs {
			w.must(err)
		}
	}
	count := func(status job.ExecutionStatus) (n int64) {
		for i := range jobsTogether {
			j, err := w.Jobs.DescribeJob(ctx, fmt.Sprint("j", i))
			w.must(err)
			n += j.Counts[status]
		}
		return n
	}
	inline := func(what string, got int64) {
		t.Helper()
		if got < jobs.InlineRoom-things || got > jobs.InlineRoom {
			t.Errorf("%s: %d executions in the commit of the requests, room for %d", what, got, jobs.InlineRoom)
		}
	}
	together(func(id string) error {
		_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: id, Document: "{}", Definition: job.Definition{
			Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "group")},
		}})
		return err
	})
	inline("R-ROLL-21", count(job.ExecutionQueued))
	w.must(w.RunDue(ctx))
	if n := count(job.ExecutionQueued); n != jobsTogether*things {
		t.Errorf("R-ROLL-21: %d executions after the due work", n)
	}
	together(func(id string) error {
		_, err := w.Jobs.CancelJob(ctx, id, job.Cancellation{})
		return err
	})
	inline("R-JOB-62", count(job.ExecutionCanceled))
	w.must(w.RunDue(ctx))
	if n := count(job.ExecutionCanceled); n != jobsTogether*things {
		t.Errorf("R-JOB-62: %d executions canceled after the due work", n)
	}
}
