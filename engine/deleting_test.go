package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A job in DELETION_IN_PROGRESS, which lasts while a large one is deleted: it is still described
// and listed (R-API-15), its id is taken (R-API-2), it can be neither cancelled nor deleted again
// (R-JOB-32) nor updated (R-UPD-4) nor copied (R-TPL-9), and its executions are gone for operators
// and devices (R-EXE-39, R-JOB-35).
func TestWhileDeleting(t *testing.T) {
	t.Parallel()
	m := newMatrix(t, updateState{started: true, perTick: 4, end: (*matrix).delete})
	ctx := t.Context()
	if j := m.job(); j.Status != job.DeletionInProgress {
		t.Fatalf("the job is %s", j.Status)
	}
	listed, err := m.Jobs.ListJobs(ctx, jobs.Filter{Status: job.DeletionInProgress, Limit: 10})
	if err != nil || len(listed.Jobs) != 1 || listed.Jobs[0].ID != "j" {
		t.Errorf("R-API-15: listed %v, %v", listed, err)
	}
	thing := job.ThingTarget(registry.DefaultScope, "t01")
	try := func(_ any, err error) error { return err }
	for _, tt := range []struct {
		rule string
		err  error
		code fault.Code
	}{
		{"R-JOB-35 describe", try(m.Jobs.Describe(ctx, "t04", "j", nil, true)), fault.NotFound}, // first: what writes drops it
		{"R-EXE-39 DescribeJobExecution", try(m.Jobs.DescribeExecution(ctx, "t04", "j", nil)), fault.NotFound},
		{"R-API-2 CreateJob", try(m.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{Targets: []job.Target{thing}}})), fault.Exists},
		{"R-JOB-32 CancelJob", try(m.Jobs.CancelJob(ctx, "j", job.Cancellation{Force: true})), fault.Invalid},
		{"R-JOB-32 DeleteJob", m.Jobs.DeleteJob(ctx, "j", true, nil), fault.BadTransition},
		{"R-UPD-4 UpdateJob", m.Jobs.UpdateJob(ctx, "j", nil, job.Update{Description: new("x")}), fault.Invalid},
		{"R-TPL-9 CreateJobTemplate", try(m.Jobs.CreateTemplate(ctx, jobs.NewTemplate{Template: job.Template{ID: "t"}, FromJob: "j"})), fault.Invalid},
		{"R-EXE-39 CancelJobExecution", m.Jobs.CancelExecution(ctx, "t04", "j", true, nil, nil), fault.NotFound},
		{"R-EXE-39 DeleteJobExecution", m.Jobs.DeleteExecution(ctx, "t04", "j", 1, true, nil), fault.NotFound},
		{"R-JOB-35 report", try(m.Jobs.Report(ctx, "t04", "j", job.Report{Event: job.ReportSucceeded}, false)), fault.NotFound},
	} {
		if !fault.Is(tt.err, tt.code) {
			t.Errorf("%s: %v, want %s", tt.rule, tt.err, tt.code)
		}
	}
	for _, thing := range []string{"t03", "t04"} { // IN_PROGRESS and QUEUED
		pending, err := m.Jobs.Pending(ctx, thing, 10)
		task, startErr := m.Jobs.StartNext(ctx, thing, nil, nil)
		if err != nil || startErr != nil || len(pending) > 0 || task != nil {
			t.Errorf("R-JOB-35: %s still sees %v, starts %v; %v, %v", thing, pending, task, err, startErr)
		}
	}
}

// Two failures that are decided in one commit abort a job once (R-ABT-16): one transition, one pair
// of events, whose ids differ (R-EVT-27).
func TestSimultaneousFailuresAbortOnce(t *testing.T) {
	t.Parallel()
	e, g, _ := newGated(t)
	var published []store.Event
	e.config.PublishEvents = func(events []store.Event) { published = append(published, events...) }
	ctx := t.Context()
	if err := e.Jobs.UpdateEventConfigurations(ctx, map[string]bool{"JOB": true}); err != nil {
		t.Fatal(err)
	}
	var targets []job.Target
	for i := range 6 {
		name := fmt.Sprintf("t%d", i)
		if _, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: name}); err != nil {
			t.Fatal(err)
		}
		targets = append(targets, job.ThingTarget(registry.DefaultScope, name))
	}
	_, err := e.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		TargetSelection: job.Snapshot, Targets: targets, Abort: &job.AbortConfig{Criteria: []job.AbortCriterion{{FailureType: job.FailureFailed, MinExecuted: 1}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 { // in progress, so that the abort leaves them to end
		if _, err := e.Jobs.StartNext(ctx, fmt.Sprintf("t%d", i), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, err := range g.together(t, e, 4, func(i int) error {
		_, err := e.Jobs.Report(ctx, fmt.Sprintf("t%d", i), "j", job.Report{Event: job.ReportFailed}, false)
		return err
	}) {
		if err != nil {
			t.Errorf("t%d: %v", i, err)
		}
	}
	if err := e.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	j, err := e.Jobs.DescribeJob(ctx, "j")
	if err != nil || j.Status != job.Canceled || j.Counts[job.ExecutionFailed] != 4 || j.Counts[job.ExecutionCanceled] != 2 || !strings.Contains(j.Comment, "1 of 1") {
		t.Errorf("the job is %s with %v: %s, %v", j.Status, j.Counts, j.Comment, err)
	}
	var got, ids []string
	for _, event := range published {
		var body struct{ EventID string }
		if err := json.Unmarshal(event.Payload, &body); err != nil {
			t.Error(err)
		}
		got, ids = append(got, event.Topic), append(ids, body.EventID)
	}
	if want := []string{"$aws/events/job/j/cancellation_in_progress", "$aws/events/job/j/canceled"}; !slices.Equal(got, want) || ids[0] == ids[1] {
		t.Errorf("events %v with ids %v, want %v", got, ids, want)
	}
}

// An event that could not be published is published again after a restart, under the same id
// (R-EVT-27, R-CON-23).
func TestEventAgain(t *testing.T) {
	t.Parallel()
	e, g, stop := newGated(t)
	ctx := t.Context()
	refused, first := make(chan struct{}, 100), []store.Event(nil)
	e.config.PublishEvents = func(events []store.Event) { first = append(first, events...) }
	e.config.Notify = func(context.Context, []store.Notice) error {
		refused <- struct{}{}
		return fmt.Errorf("nobody hears")
	}
	if err := e.Jobs.UpdateEventConfigurations(ctx, map[string]bool{"JOB": true, "JOB_EXECUTION": true}); err != nil {
		t.Fatal(err)
	}
	if err := e.fill(t, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Jobs.Report(ctx, "t0", "j0", job.Report{Event: job.ReportSucceeded}, false); err != nil {
		t.Fatal(err)
	}
	select {
	case <-refused:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was announced")
	}
	stop()
	again := newScenario(t, memory.Open())
	again.stop()
	again.events = nil
	again.run(g.Store)
	if err := again.WaitIdle(ctx); err != nil {
		t.Fatal(err)
	}
	again.mu.Lock()
	defer again.mu.Unlock()
	if len(again.events) != 2 {
		t.Fatalf("%d events after the restart, want 2: %v", len(again.events), again.events)
	}
	for _, event := range first {
		if !slices.ContainsFunc(again.events, func(e store.Event) bool { return string(e.Payload) == string(event.Payload) }) {
			t.Errorf("%s came again as %s", event.Payload, again.events)
		}
	}
}
