package engine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// TestUpdateMatrix updates every member that can be updated in every state of a job, and checks the
// answer and what becomes of the job afterwards (R-UPD-1, R-UPD-3, R-UPD-4, R-UPD-8, R-UPD-9,
// R-UPD-11 to R-UPD-13, R-UPD-15 to R-UPD-17, R-UPD-19), between maintenance windows too
// (R-UPD-20): for things that were notified, run, wait for a retry, or have not had their turn.
func TestUpdateMatrix(t *testing.T) {
	t.Parallel()
	for _, state := range updateStates {
		for _, member := range updateMembers {
			t.Run(state.name+"/"+member.name, func(t *testing.T) {
				t.Parallel()
				m := newMatrix(t, state)
				before := m.job()
				attempts := m.attempts()
				m.clock.Set(m.clock.Now().Add(time.Second))
				err := m.Jobs.UpdateJob(t.Context(), "j", nil, member.update)
				if !state.active { // R-UPD-3, R-UPD-4
					if !fault.Is(err, fault.Invalid) {
						t.Errorf("answered %v, want Invalid", err)
					}
					m.same("a refused update changed", before, m.job())
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := m.job(); !got.UpdatedAt.Equal(m.clock.Now()) { // R-UPD-8
					t.Errorf("lastUpdatedAt is %s, want now", m.at(got.UpdatedAt))
				}
				if !member.ends {
					m.same("the update changed executions (R-UPD-8)", attempts, m.attempts())
					if told := m.notices(); told != "" {
						t.Errorf("devices were told (R-UPD-19):\n%s", told)
					}
				}
				member.effect(m, before)
			})
		}
	}
}

// matrix is one job in one state. Unless it has not started: t01 has SUCCEEDED, t02 waits for its
// first retry, t03 runs since the start, and the others are QUEUED or, in a rollout that goes on,
// have not had their turn from t05 on.
type matrix struct {
	*scenario
	state updateState
}

type updateState struct {
	name    string
	active  bool
	started bool
	rolled  bool // the rollout has finished
	perTick int
	windows bool // open for a minute each noon; the job is between two of them
	start   string
	end     func(*matrix) // brings an ended state about
}

var updateStates = []updateState{
	{name: "SCHEDULED before its start", active: true, perTick: 4, start: "2026-03-01T13:00"},
	{name: "SCHEDULED between windows, rolling out", active: true, started: true, perTick: 4, windows: true},
	{name: "SCHEDULED between windows, rolled out", active: true, started: true, rolled: true, perTick: 1000, windows: true},
	{name: "IN_PROGRESS, rolling out", active: true, started: true, perTick: 4},
	{name: "IN_PROGRESS, rolled out", active: true, started: true, rolled: true, perTick: 1000},
	{name: "COMPLETED", started: true, rolled: true, perTick: 1000, end: (*matrix).complete},
	{name: "CANCELED, was rolling out", started: true, perTick: 4, end: (*matrix).cancel},
	{name: "CANCELED, was rolled out", started: true, rolled: true, perTick: 1000, end: (*matrix).cancel},
	{name: "CANCELED, was between windows", started: true, perTick: 4, windows: true, end: (*matrix).cancel},
	{name: "CANCELED, before its start", perTick: 4, start: "2026-03-01T13:00", end: (*matrix).cancel},
	{name: "DELETION_IN_PROGRESS", started: true, perTick: 4, end: (*matrix).delete},
}

const matrixThings = 12

func newMatrix(t *testing.T, state updateState) *matrix {
	m := &matrix{scenario: newScenario(t, memory.Open()), state: state}
	ctx := t.Context()
	if _, err := m.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "g"}); err != nil {
		t.Fatal(err)
	}
	if err := m.things(ctx, matrixThings, "g"); err != nil {
		t.Fatal(err)
	}
	d := job.Definition{
		Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "g")}, Description: "old",
		PresignedURL: &job.PresignedURLConfig{RoleARN: "arn:aws:iam::000000000000:role/old", ExpiresInSec: 60},
		Rollout:      &job.RolloutConfig{MaximumPerMinute: state.perTick},
		Abort:        &job.AbortConfig{Criteria: []job.AbortCriterion{{FailureType: job.FailureAll, ThresholdHundredths: 9000, MinExecuted: 100}}},
		Timeout:      &job.TimeoutConfig{InProgressMinutes: 60 * 24 * 7},
		Retry:        &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 3}}},
	}
	if state.start != "" || state.windows {
		d.Schedule = &job.ScheduleConfig{StartTime: state.start}
	}
	if state.windows {
		d.Schedule.Windows = []job.Window{{StartTime: "0 12 * * ? *", Minutes: 1}}
	}
	const document = `{"from":"${aws:iot:s3-presigned-url:https://s3.amazonaws.com/bucket/fw.bin}"}`
	if _, err := m.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: document, Definition: d}); err != nil {
		t.Fatal(err)
	}
	m.settle()
	if state.started {
		m.report("t01", job.ReportSucceeded)
		m.report("t02", job.ReportFailed)
		m.report("t03", job.ReportInProgress)
	}
	if state.windows {
		m.advance(time.Minute)
	}
	if state.end != nil {
		state.end(m)
	}
	m.settle()
	m.notices()
	return m
}

func (m *matrix) settle() {
	m.t.Helper()
	if err := m.WaitIdle(m.t.Context()); err != nil {
		m.t.Fatal(err)
	}
}

func (m *matrix) advance(by time.Duration) {
	m.t.Helper()
	if err := m.Advance(m.t.Context(), m.clock.Now().Add(by)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *matrix) report(thing string, event job.Event) {
	m.t.Helper()
	if _, err := m.Jobs.Report(m.t.Context(), thing, "j", job.Report{Event: event}, false); err != nil {
		m.t.Fatal(err)
	}
}

func (m *matrix) complete() {
	for i := range matrixThings {
		if thing := fmt.Sprintf("t%02d", i+1); thing != "t01" {
			m.report(thing, job.ReportSucceeded)
		}
	}
}

func (m *matrix) cancel() {
	if _, err := m.Jobs.CancelJob(m.t.Context(), "j", job.Cancellation{}); err != nil {
		m.t.Fatal(err)
	}
}

// delete leaves the job in DELETION_IN_PROGRESS without work to do, which only lasts this long for
// a large job.
func (m *matrix) delete() {
	j := m.job()
	j.Status, j.Sweep, j.Due = job.DeletionInProgress, job.SweepAll, time.Time{}
	err := m.config.Store.Write(m.t.Context(), func(tx store.Tx) error {
		return tx.Apply(store.Changes{Job: store.JobChanges{States: []job.Job{j}}})
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *matrix) job() job.Job {
	m.t.Helper()
	j, err := m.Jobs.DescribeJob(m.t.Context(), "j")
	if err != nil {
		m.t.Fatal(err)
	}
	return j
}

// attempts are the executions of the job by "thing#number".
func (m *matrix) attempts() map[string]job.Execution {
	m.t.Helper()
	found, _, err := m.Jobs.ExecutionsOfJob(m.t.Context(), "j", store.JobExecutionQuery{Limit: 1000})
	if err != nil {
		m.t.Fatal(err)
	}
	all := map[string]job.Execution{}
	for _, x := range found {
		all[fmt.Sprintf("%s#%d", x.ThingName, x.Number)] = x.Execution
	}
	return all
}

func (m *matrix) same(what string, want, got any) {
	m.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		m.t.Errorf("%s (-before +after):\n%s", what, diff)
	}
}

// resume lets the job go on: at its start, in its next window, or at the next tick of its rollout.
// It returns how many executions that created.
func (m *matrix) resume() (created int64) {
	m.t.Helper()
	before := m.job().Counts.Total()
	if j := m.job(); !j.Due.IsZero() {
		m.advance(j.Due.Sub(m.clock.Now()))
	}
	return m.job().Counts.Total() - before
}

type updateMember struct {
	name   string
	update job.Update
	ends   bool // it may end executions
	effect func(m *matrix, before job.Job)
}

var updateMembers = []updateMember{
	{name: "description", update: job.Update{Description: new("new")}, effect: (*matrix).checkDescription},
	{name: "presignedUrlConfig", update: job.Update{PresignedURL: &job.PresignedURLConfig{RoleARN: "arn:aws:iam::000000000000:role/new"}}, effect: (*matrix).checkPresign},
	{name: "jobExecutionsRolloutConfig", update: job.Update{Rollout: &job.RolloutConfig{MaximumPerMinute: 3}}, effect: (*matrix).checkRollout},
	{name: "abortConfig", ends: true, effect: (*matrix).checkAbort, update: job.Update{Abort: &job.AbortConfig{
		Criteria: []job.AbortCriterion{{FailureType: job.FailureFailed, ThresholdHundredths: 5000, MinExecuted: 1}}}}},
	{name: "timeoutConfig", update: job.Update{Timeout: &job.TimeoutConfig{InProgressMinutes: 5}}, effect: (*matrix).checkTimeout},
	{name: "jobExecutionsRetryConfig", effect: (*matrix).checkRetry, update: job.Update{Retry: &job.RetryConfig{
		Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed}}}}},
}

func (m *matrix) checkDescription(before job.Job) {
	before.Description, before.UpdatedAt = "new", m.clock.Now()
	m.same("beside the description", before, m.job())
}

// The whole object is replaced: the lifetime that was not given is gone (R-UPD-17). Without a role
// it is refused.
func (m *matrix) checkPresign(before job.Job) {
	before.PresignedURL, before.UpdatedAt = &job.PresignedURLConfig{RoleARN: "arn:aws:iam::000000000000:role/new"}, m.clock.Now()
	m.same("beside the presigned URLs", before, m.job())
	if m.state.started {
		x, err := m.Jobs.Describe(m.t.Context(), "t03", "j", nil, true)
		if err != nil || x.URLLifetime != time.Hour {
			m.t.Errorf("the URLs of the next delivery are valid for %v, %v", x, err)
		}
	}
	if err := m.Jobs.UpdateJob(m.t.Context(), "j", nil, job.Update{PresignedURL: &job.PresignedURLConfig{}}); !fault.Is(err, fault.Invalid) {
		m.t.Errorf("without a role: %v, want Invalid", err)
	}
	m.same("the refused one changed", before, m.job())
}

// The new rate counts from the next tick; what has been created stays (R-UPD-11, R-UPD-12).
func (m *matrix) checkRollout(before job.Job) {
	if got := m.job().Rollout.MaximumPerMinute; got != 3 {
		m.t.Errorf("shows %d a minute", got)
	}
	m.same("the update created or removed something", before.Counts, m.job().Counts)
	want := int64(3)
	if m.state.rolled {
		want = 0
	}
	if created := m.resume(); created != want {
		m.t.Errorf("the next tick created %d, want %d", created, want)
	}
}

// The criteria are judged at once against what has ended (R-UPD-13), in a job that waits for a
// window too (R-ABT-11).
func (m *matrix) checkAbort(before job.Job) {
	if !m.state.started {
		m.same("nothing had failed", before.Status, m.job().Status)
		m.resume()
		m.report("t01", job.ReportFailed)
	}
	j := m.job()
	if j.Status != job.Canceled || j.ReasonCode != job.ReasonAbort || j.ForceCanceled {
		m.t.Errorf("the job is %s, %s", j.Status, j.ReasonCode)
	}
	m.settle()
	for name, x := range m.attempts() {
		if x.Status == job.ExecutionQueued || m.state.started && name == "t03#1" && x.Status != job.ExecutionInProgress {
			m.t.Errorf("%s is %s: what is QUEUED ends, what runs goes on (R-ABT-12)", name, x.Status)
		}
	}
	m.advance(48 * time.Hour)
	if again := m.job(); again.Counts.Total() != j.Counts.Total() {
		m.t.Errorf("something was created after the abort: %v, then %v", j.Counts, again.Counts)
	}
}

// A timer that runs keeps its deadline; what starts later gets the new one (R-UPD-9).
func (m *matrix) checkTimeout(before job.Job) {
	week := m.start.Add(7 * 24 * time.Hour)
	if at := m.attempts()["t03#1"].Deadline; m.state.started && !at.Equal(week) {
		m.t.Errorf("what runs times out %s, want %s", m.at(at), m.at(week))
	}
	m.resume()
	m.report("t04", job.ReportInProgress)
	if at, want := m.attempts()["t04#1"].Deadline, m.clock.Now().Add(5*time.Minute); !at.Equal(want) {
		m.t.Errorf("what starts now times out %s, want %s", m.at(at), m.at(want))
	}
	if m.advance(5 * time.Minute); m.attempts()["t04#1"].Status != job.ExecutionTimedOut {
		m.t.Errorf("after five minutes t04 is %s", m.attempts()["t04#1"].Status)
	}
}

// Nothing is retried any more; a retry that waits already stays (R-UPD-16).
func (m *matrix) checkRetry(before job.Job) {
	if m.state.started && m.attempts()["t02#2"].Status != job.ExecutionQueued {
		m.t.Errorf("the retry that waited is %s", m.attempts()["t02#2"].Status)
	}
	m.resume()
	for _, thing := range []string{"t02", "t03", "t04"} {
		m.report(thing, job.ReportFailed)
	}
	for name, x := range m.attempts() {
		if x.Number > 2 || x.Number > 1 && (name != "t02#2" || !m.state.started) {
			m.t.Errorf("%s was retried", name)
		}
	}
	if err := m.Jobs.UpdateJob(context.Background(), "j", nil, job.Update{Retry: &job.RetryConfig{
		Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 1}}}}); !fault.Is(err, fault.Invalid) { // R-UPD-15
		m.t.Errorf("switched on again: %v, want Invalid", err)
	}
}
