package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

func text(s string) *string { return &s }

func retries(kind FailureType, n int) *RetryConfig {
	return &RetryConfig{Criteria: []RetryCriterion{{kind, n}}}
}

// The worked update cases of chapter 10 section E that the decision alone settles. Cases 1, 2 and
// 10 are scenarios.
func TestUpdate(t *testing.T) {
	t.Parallel()
	abort := &AbortConfig{Criteria: []AbortCriterion{{FailureFailed, 5000, 10}}}
	lower := &AbortConfig{Criteria: []AbortCriterion{{FailureFailed, 3000, 10}}}
	tests := []struct {
		name   string
		job    Job
		update Update
		code   fault.Code // empty: accepted
		after  Status
	}{
		{"3 R-UPD-4 COMPLETED", Job{State: State{Status: Completed}},
			Update{Description: text("x")}, fault.Invalid, Completed},
		{"R-UPD-4 CANCELED", Job{State: State{Status: Canceled}}, Update{Description: text("x")},
			fault.Invalid, Canceled},
		{"R-UPD-4 DELETION", Job{State: State{Status: DeletionInProgress}}, Update{}, fault.Invalid,
			DeletionInProgress},
		{"4 R-UPD-3 SCHEDULED", Job{State: State{Status: Scheduled}},
			Update{Description: text("x")}, "", Scheduled},
		{"5 R-UPD-15", Job{Definition: Definition{Retry: retries(FailureFailed, 3)}},
			Update{Retry: retries(FailureFailed, 5)}, fault.Invalid, InProgress},
		{"6 R-UPD-15", Job{Definition: Definition{Retry: retries(FailureFailed, 3)}},
			Update{Retry: retries(FailureFailed, 0)}, "", InProgress},
		{"7 R-UPD-16", Job{Definition: Definition{Retry: retries(FailureAll, 3)}},
			Update{Retry: retries(FailureFailed, 0)}, "", InProgress},
		{"8 R-UPD-15", Job{}, Update{Retry: retries(FailureFailed, 2)}, fault.Invalid, InProgress},
		{"R-UPD-16 none before", Job{}, Update{Retry: retries(FailureFailed, 0)}, "", InProgress},
		{"9 R-UPD-13", Job{Definition: Definition{Abort: abort},
			State: State{Counts: counts(7, 3, 0, 0)}}, Update{Abort: lower}, "", Canceled},
		{"9 not yet", Job{Definition: Definition{Abort: abort},
			State: State{Counts: counts(8, 2, 0, 0)}}, Update{Abort: lower}, "", InProgress},
		{"11 R-UPD-7", Job{}, Update{}, "", InProgress},
		{"12 R-VAL-19", Job{}, Update{Rollout: &RolloutConfig{MaximumPerMinute: 20,
			Exponential: exponential(50, 20, 1, 0).Exponential}}, fault.Invalid, InProgress},
		{"13 R-UPD-17", Job{Definition: Definition{NeedsRole: true}},
			Update{PresignedURL: &PresignedURLConfig{}}, fault.Invalid, InProgress},
		{"R-UPD-17 with a role", Job{Definition: Definition{NeedsRole: true}},
			Update{PresignedURL: &PresignedURLConfig{RoleARN: "r"}}, "", InProgress},
		{"R-UPD-17 not given", Job{Definition: Definition{NeedsRole: true}},
			Update{Description: text("x")}, "", InProgress},
		{"R-UPD-15 one of two types", Job{}, Update{Retry: &RetryConfig{Criteria: []RetryCriterion{
			{FailureFailed, 0}, {FailureTimedOut, 1}}}}, fault.Invalid, InProgress},
		{"R-UPD-17 no placeholder", Job{}, Update{PresignedURL: &PresignedURLConfig{}}, "",
			InProgress},
		{"R-UPD-6 one bad member", Job{},
			Update{Description: text("new"), Retry: retries(FailureAll, 1)}, fault.Invalid,
			InProgress},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := tt.job
			if j.Status == "" {
				j.Status = InProgress
			}
			j.UpdatedAt = start
			changed, err := j.ApplyUpdate(tt.update, start.Add(time.Hour))
			if j.Status != tt.after {
				t.Errorf("status %s, want %s", j.Status, tt.after)
			}
			if tt.code != "" {
				if !fault.Is(err, tt.code) || j.Description != "" || !j.UpdatedAt.Equal(start) {
					t.Errorf("error %v, job %+v: want %s and nothing changed", err, j, tt.code)
				}
				return
			}
			if err != nil || changed == tt.update.empty() || changed == j.UpdatedAt.Equal(start) {
				t.Errorf("changed %v at %v: %v (R-UPD-7, R-UPD-8)", changed, j.UpdatedAt, err)
			}
		})
	}
}

// A member replaces the stored one as a whole (R-UPD-1, R-UPD-10), and retries are off for all
// types after an all-zero update (R-UPD-16).
func TestUpdateReplaces(t *testing.T) {
	t.Parallel()
	j := Job{State: State{Status: InProgress}, Definition: Definition{
		Description: "old", Timeout: &TimeoutConfig{InProgressMinutes: 60},
		PresignedURL: &PresignedURLConfig{RoleARN: "r", ExpiresInSec: 60},
		Rollout:      &RolloutConfig{MaximumPerMinute: 5}, Retry: retries(FailureAll, 3),
	}}
	update := Update{Timeout: &TimeoutConfig{}, PresignedURL: &PresignedURLConfig{RoleARN: "s"},
		Rollout: &RolloutConfig{}, Retry: retries(FailureFailed, 0)}
	if _, err := j.ApplyUpdate(update, start); err != nil {
		t.Fatal(err)
	}
	if j.Description != "old" || j.Timeout.InProgressMinutes != 0 ||
		j.PresignedURL.ExpiresInSec != 0 || j.Rollout.Rate(0) != 1000 {
		t.Errorf("after the update: %+v", j.Definition)
	}
	if _, again := j.Retry.retries(ExecutionTimedOut, RetriesUsed{}); again {
		t.Error("a TIMED_OUT execution is retried after retries were switched off")
	}
}

// Each member of an update changes its own member of the job and no other one: what is not given
// stays, the ramp and the abort criteria too (R-UPD-1, R-UPD-8, R-UPD-11).
func TestUpdateChangesOneMember(t *testing.T) {
	t.Parallel()
	before := Job{Definition: Definition{
		Description:  "old",
		PresignedURL: &PresignedURLConfig{RoleARN: "r"},
		Rollout:      exponential(1, 20, 1, 0),
		Abort:        &AbortConfig{Criteria: []AbortCriterion{{FailureAll, 100, 1}}},
		Timeout:      &TimeoutConfig{InProgressMinutes: 60},
		Retry:        retries(FailureAll, 3),
	}, State: State{Status: InProgress, Progress: Progress{Step: 3, Ticked: true, Notified: 9}}}
	calm := &AbortConfig{Criteria: []AbortCriterion{{FailureAll, 10000, 1}}}
	constant := &RolloutConfig{MaximumPerMinute: 7}
	for _, tt := range []struct {
		name   string
		update Update
		want   func(*Job)
	}{
		{"description", Update{Description: text("new")}, func(j *Job) { j.Description = "new" }},
		{"presignedUrlConfig", Update{PresignedURL: &PresignedURLConfig{}},
			func(j *Job) { j.PresignedURL = &PresignedURLConfig{} }},
		{"timeoutConfig", Update{Timeout: &TimeoutConfig{}},
			func(j *Job) { j.Timeout = &TimeoutConfig{} }},
		{"jobExecutionsRetryConfig", Update{Retry: retries(FailureAll, 0)},
			func(j *Job) { j.Retry = retries(FailureAll, 0) }},
		{"abortConfig", Update{Abort: calm}, func(j *Job) { j.Abort = calm }},
		{"jobExecutionsRolloutConfig", Update{Rollout: constant}, func(j *Job) {
			j.Rollout, j.Progress = constant, Progress{Notified: 9, NotifiedBase: 9, SucceededBase: 8}
		}},
	} {
		j, want := before, before
		j.Counts = counts(8, 1, 0, 0)
		want.Counts, want.UpdatedAt = j.Counts, start
		tt.want(&want)
		if _, err := j.ApplyUpdate(tt.update, start); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(want, j); diff != "" {
			t.Errorf("R-UPD-1 %s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// Rules over several members of a new job.
func TestCheck(t *testing.T) {
	t.Parallel()
	both := func(a, b RetryCriterion) *RetryConfig { return &RetryConfig{Criteria: []RetryCriterion{a, b}} }
	tests := []struct {
		name string
		def  Definition
		ok   bool
	}{
		{"5 R-VAL-19", Definition{Rollout: &RolloutConfig{MaximumPerMinute: 100,
			Exponential: exponential(200, 20, 1, 0).Exponential}}, false},
		{"6 R-VAL-19 cap 1000", Definition{Rollout: exponential(200, 20, 1, 0)}, true},
		{"R-VAL-19 as much as the cap 1000", Definition{Rollout: exponential(1000, 20, 1, 0)}, true},
		{"R-VAL-19 one more than it", Definition{Rollout: exponential(1001, 20, 1, 0)}, false},
		{"R-VAL-19 as much as the least maximum", Definition{Rollout: &RolloutConfig{
			MaximumPerMinute: 1, Exponential: exponential(1, 20, 1, 0).Exponential}}, true},
		{"R-VAL-19 one more than it", Definition{Rollout: &RolloutConfig{
			MaximumPerMinute: 1, Exponential: exponential(2, 20, 1, 0).Exponential}}, false},
		{"15 R-VAL-18", Definition{Rollout: exponential(1, 20, 0, 0)}, false},
		{"R-VAL-18 notified alone", Definition{Rollout: exponential(1, 20, 1, 0)}, true},
		{"R-VAL-18 succeeded alone", Definition{Rollout: exponential(1, 20, 0, 1)}, true},
		{"R-VAL-18 both", Definition{Rollout: exponential(1, 20, 5, 5)}, true},
		{"11 R-VAL-28 sum 10", Definition{Retry: both(RetryCriterion{FailureFailed, 6},
			RetryCriterion{FailureTimedOut, 4})}, true},
		{"12 R-VAL-28 sum 11", Definition{Retry: both(RetryCriterion{FailureFailed, 6},
			RetryCriterion{FailureTimedOut, 5})}, false},
		{"13 R-VAL-27 ALL and another",
			Definition{Retry: both(RetryCriterion{FailureAll, 3},
				RetryCriterion{FailureFailed, 1})}, false},
		{"R-VAL-27 ALL second", Definition{Retry: both(RetryCriterion{FailureFailed, 3},
			RetryCriterion{FailureAll, 1})}, false},
		{"R-VAL-27 repeated", Definition{Retry: both(RetryCriterion{FailureFailed, 1},
			RetryCriterion{FailureFailed, 1})}, false},
		{"14 ALL 10", Definition{Retry: retries(FailureAll, 10)}, true},
		{"R-VAL-29 retries without timeoutConfig", Definition{Retry: retries(FailureTimedOut, 1)},
			true},
		{"R-VAL-24 16 criteria", Definition{Abort: &AbortConfig{Criteria: make([]AbortCriterion,
			16)}}, true},
		{"R-VAL-24 17 criteria", Definition{Abort: &AbortConfig{Criteria: make([]AbortCriterion,
			17)}}, false},
		{"R-VAL-14 no configuration", Definition{NeedsRole: true}, false},
		{"R-VAL-14 none needed", Definition{}, true},
		{"R-VAL-30 R-SCH-1 the schedule", Definition{
			Schedule: &ScheduleConfig{StartTime: "2026-03-01 12:29"}}, false},
		{"R-VAL-30 R-SCH-1 30 minutes ahead", Definition{
			Schedule: &ScheduleConfig{StartTime: "2026-03-01 12:30"}}, true},
		{"R-VAL-14", Definition{NeedsRole: true,
			PresignedURL: &PresignedURLConfig{ExpiresInSec: 60}}, false},
		{"R-VAL-14 role", Definition{NeedsRole: true,
			PresignedURL: &PresignedURLConfig{RoleARN: "arn"}}, true},
	}
	for _, tt := range tests {
		if err := tt.def.Check(DefaultRequestLimits, start); (err == nil) != tt.ok || err != nil &&
			!fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// CancelJob and DeleteJob by state (R-JOB-7, R-JOB-8, R-JOB-9, R-JOB-20, R-JOB-22, R-JOB-24,
// R-JOB-25, R-JOB-27, R-JOB-30, R-JOB-31, R-JOB-32, R-JOB-33, R-JOB-36).
func TestCancelAndDelete(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status         Status
		forced, force  bool
		sweep          Sweep
		refused        bool
		deleteRefused  bool
		deleteWithThis bool
	}{
		{status: InProgress, sweep: SweepQueued, deleteRefused: true},
		{status: InProgress, force: true, sweep: SweepPending},
		{status: Scheduled, sweep: SweepQueued, deleteRefused: true},
		{status: Completed, refused: true},
		{status: Completed, force: true, refused: true},
		{status: Canceled, refused: true},
		{status: Canceled, force: true, sweep: SweepPending},
		{status: Canceled, forced: true, force: true, refused: true},
		{status: DeletionInProgress, force: true, refused: true, deleteRefused: true},
	} {
		j := Job{State: State{Status: tt.status, ForceCanceled: tt.forced}}
		err := j.CancelJob(Cancellation{Force: tt.force, ReasonCode: "R", Comment: "c"}, start)
		if (err != nil) != tt.refused || err != nil && !fault.Is(err, fault.Invalid) {
			t.Errorf("cancel %s force %v: %v", tt.status, tt.force, err)
		}
		if err == nil && (j.Status != Canceled || j.Sweep != tt.sweep ||
			j.ForceCanceled != tt.force || j.ReasonCode != "R" || !j.Concurrent()) {
			t.Errorf("cancel %s force %v: %+v", tt.status, tt.force, j.State)
		}
		j = Job{State: State{Status: tt.status}}
		err = j.DeleteJob(tt.force, 0, start)
		if (err != nil) != tt.deleteRefused || err != nil && !fault.Is(err, fault.BadTransition) {
			t.Errorf("delete %s force %v: %v", tt.status, tt.force, err)
		}
		if err == nil && (j.Status != DeletionInProgress || j.Sweep != SweepAll ||
			!j.Due.Equal(Immediately) || j.Concurrent()) {
			t.Errorf("delete %s: %+v", tt.status, j.State)
		}
	}
	for _, status := range []Status{Completed, Canceled, InProgress, Scheduled} {
		j := Job{State: State{Status: status}}
		if err := j.DeleteJob(true, 10, start); !fault.Is(err, fault.Limit) || j.Status != status {
			t.Errorf("%s, an 11th deletion: %v (R-JOB-33, R-LIM-43)", status, err)
		}
		if err := j.DeleteJob(true, 9, start); err != nil {
			t.Errorf("%s, a tenth deletion: %v (R-JOB-33)", status, err)
		}
	}
}

// Completion of a snapshot job (R-JOB-11, R-JOB-15, R-JOB-17, R-JOB-19); a continuous one goes on
// (R-JOB-12).
func TestCompletion(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{TargetSelection: Snapshot, Targets: []Target{{Name: "g", ARN: "g"}}}}
	j.StartRollout(nil, 0, start)
	j.Tick(start)
	j.ReleasedExecutions(0, RolloutCursor{}, true, start)
	if j.Status != Completed || !j.CompletedAt.Equal(start) || j.Counts.Total() != 0 ||
		!j.Due.IsZero() {
		t.Errorf("no thing: %+v", j.State)
	}
	rolling := Job{Definition: Definition{TargetSelection: Snapshot},
		State: State{Status: InProgress, Counts: counts(5, 0, 0, 0)}}
	if rolling.Recompute(start); rolling.Status != InProgress {
		t.Error("completed before the last batch")
	}
	failed := Job{Definition: Definition{TargetSelection: Snapshot},
		State: State{Status: InProgress, Counts: counts(0, 5, 0, 0),
			Progress: Progress{Finished: true}}}
	if failed.Recompute(start); failed.Status != Completed {
		t.Error("all failed, but not COMPLETED")
	}
	endless := failed
	endless.Status, endless.TargetSelection, endless.CompletedAt = InProgress, Continuous,
		time.Time{}
	if endless.Recompute(start); endless.Status != InProgress {
		t.Error("a continuous job completed")
	}
}
