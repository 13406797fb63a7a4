package answers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/failures"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// twoSites has 2,400 things in two groups below two others, and two jobs for the upper ones, of which
// the first has ended an hour before. Things of site-b fail more often in the second.
func twoSites(t *testing.T) *answers.Service {
	t.Helper()
	var c store.Changes
	for i, name := range []string{"site-a", "site-b", "hall-a", "hall-b"} {
		g := registry.Group{ID: registry.GroupID(i + 1), Name: name, UUID: name}
		if i >= 2 {
			g.Parent = registry.GroupID(i - 1)
		}
		c.Registry.CreatedGroups = append(c.Registry.CreatedGroups, g)
	}
	for i, id := range []string{"first", "second"} {
		j := job.Job{Key: job.Key(i + 1), ID: id}
		j.Status, j.CreatedAt = job.InProgress, noon.Add(time.Duration(i)*time.Hour)
		j.Targets = []job.Target{
			job.GroupTarget(registry.DefaultScope, "site-a"),
			job.GroupTarget(registry.DefaultScope, "site-b"),
		}
		j.TargetGroups = []registry.GroupID{1, 2}
		c.Job.CreatedJobs = append(c.Job.CreatedJobs, store.CreatedJob{Job: j, Document: "{}"})
	}
	for i := registry.ThingID(1); i <= 2400; i++ {
		name := fmt.Sprintf("t%04d", i)
		c.Registry.CreatedThings = append(c.Registry.CreatedThings, registry.Thing{
			ID: i, Name: name, UUID: name, Attributes: map[string]string{"color": fmt.Sprint(i % 3)},
		})
		c.Registry.AddedMemberships = append(c.Registry.AddedMemberships, registry.Membership{
			Group: 3 + registry.GroupID(i%2), Member: registry.Member{Thing: i, Name: name},
			Joined: int64(i),
		})
		c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, ended(1, i, i%100 == 0, "full"),
			ended(2, i, i%2 == 1 && i%40 == 1, fmt.Sprint("boom ", i%80)))
	}
	s := memory.Open()
	if err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) }); err != nil {
		t.Fatal(err)
	}
	return &answers.Service{Store: s, Clock: clock.NewVirtual(noon)}
}

// ended is an execution that was released a second after the one before it and ended a minute later.
func ended(key job.Key, thing registry.ThingID, failed bool, reason string) job.Execution {
	at := noon.Add(time.Duration(thing) * time.Second)
	x := job.NewExecution(job.ExecutionKey{Job: key, Thing: thing, Number: 1}, at)
	x.Sequence = int64(key)*10_000 + int64(thing)
	x.StartedAt, x.UpdatedAt, x.Status = at, at.Add(time.Minute), job.ExecutionSucceeded
	if failed {
		x.Status, x.Details = job.ExecutionFailed, map[string]string{"reason": reason}
	}
	return x
}

// The things of a target group that fail are found, over several pages, and reasons that no job
// before has had (R-FAIL-1).
func TestFailures(t *testing.T) {
	t.Parallel()
	s := twoSites(t)
	f, err := s.Failures(t.Context(), "second")
	if err != nil {
		t.Fatal(err)
	}
	first := f.Groups[0]
	want := failures.Trait{Kind: failures.ByTargetGroup, Value: "site-b"}
	if first.Trait != want || !first.Significant || first.Failed != 60 || first.Ended != 1200 {
		t.Errorf("the first group is %+v", first)
	}
	for _, g := range f.Groups[1:] {
		if g.Significant {
			t.Errorf("%+v is significant", g)
		}
	}
	reasons := []failures.Reason{
		{Text: "boom 1", Failed: 30, New: true}, {Text: "boom 41", Failed: 30, New: true},
	}
	if diff := cmp.Diff(reasons, f.Reasons); diff != "" || f.Compared != 1 || f.Failed != 60 {
		t.Errorf("%d failed, %d jobs compared (-want +got):\n%s", f.Failed, f.Compared, diff)
	}
	if f, err = s.Failures(t.Context(), "first"); err != nil || f.Reasons[0].New || f.Compared != 0 {
		t.Errorf("without a job before: %+v, %v", f.Reasons, err)
	}
}

// The targets without a group are those of the other one (R-FAIL-2).
func TestTargetThings(t *testing.T) {
	t.Parallel()
	s := twoSites(t)
	without := []failures.Trait{{Kind: failures.ByTargetGroup, Value: "site-b"}}
	var names []string
	at := answers.TargetsPlace{}
	for {
		page, next, err := s.Targets(t.Context(), "second", without, at, 250)
		if err != nil {
			t.Fatal(err)
		}
		for _, thing := range page {
			names = append(names, thing.Name)
		}
		if next == nil {
			break
		}
		at = *next
	}
	if len(names) != 1200 || names[0] != "t0002" || names[1199] != "t2400" {
		t.Errorf("%d things, %v", len(names), names[:min(3, len(names))])
	}
}

// What was recorded is played once more, in the order of the releases (R-WHAT-1).
func TestReplay(t *testing.T) {
	t.Parallel()
	tried := answers.Tried{
		Rollout: &job.RolloutConfig{MaximumPerMinute: 100},
		Abort: &job.AbortConfig{Criteria: []job.AbortCriterion{{
			FailureType: job.FailureFailed, ThresholdHundredths: 200, MinExecuted: 200,
		}}},
	}
	r, err := twoSites(t).Replay(t.Context(), "second", tried)
	if err != nil {
		t.Fatal(err)
	}
	if r.Recorded.Released != 2400 || len(r.Recorded.Stops) > 0 ||
		r.Recorded.Last.Sub(r.Recorded.First) != 2399*time.Second {
		t.Errorf("recorded: %+v", r.Recorded)
	}
	if took := r.Replayed.Last.Sub(r.Replayed.First); took != 23*time.Minute {
		t.Errorf("the rollout takes %v", took)
	}
	if len(r.Replayed.Stops) != 1 || r.Replayed.Stops[0].Reached != 200 {
		t.Errorf("it stops %+v", r.Replayed.Stops)
	}
	tried.Abort.Criteria[0].ThresholdHundredths = 1
	tried.Rollout.Exponential = &job.Exponential{BasePerMinute: 200}
	if _, err := twoSites(t).Replay(t.Context(), "second", tried); err == nil {
		t.Error("a rollout that UpdateJob refuses is not refused")
	}
}
