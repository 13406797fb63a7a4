package migrate

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// Which executions say that a thing has begun a job, and which that it has not. R-MOV-5, R-MOV-7
func TestNote(t *testing.T) {
	t.Parallel()
	const queued = types.JobExecutionStatusQueued
	canceledAt := time.Unix(1_700_000_000, 0)
	running := &types.Job{Status: types.JobStatusInProgress, LastUpdatedAt: &canceledAt}
	canceled := &types.Job{Status: types.JobStatusCanceled, LastUpdatedAt: &canceledAt}
	at := func(d time.Duration) *types.JobExecutionSummary {
		return &types.JobExecutionSummary{LastUpdatedAt: aws.Time(canceledAt.Add(d))}
	}
	started := at(0)
	started.StartedAt = &canceledAt
	for name, row := range map[string]struct {
		job    *types.Job
		status types.JobExecutionStatus
		s      *types.JobExecutionSummary
		begun  string // "" for not begun
	}{
		"queued, first":            {running, queued, &types.JobExecutionSummary{ExecutionNumber: aws.Int64(1)}, ""},
		"queued, nothing is said":  {running, queued, nil, ""},
		"queued, second":           {running, queued, &types.JobExecutionSummary{ExecutionNumber: aws.Int64(2)}, again},
		"queued, a retry":          {running, queued, &types.JobExecutionSummary{RetryAttempt: aws.Int32(1)}, again},
		"in progress":              {running, types.JobExecutionStatusInProgress, nil, "IN_PROGRESS"},
		"succeeded":                {running, types.JobExecutionStatusSucceeded, nil, "SUCCEEDED"},
		"failed":                   {running, types.JobExecutionStatusFailed, nil, "FAILED"},
		"timed out":                {running, types.JobExecutionStatusTimedOut, nil, "TIMED_OUT"},
		"rejected":                 {running, types.JobExecutionStatusRejected, nil, "REJECTED"},
		"removed":                  {running, types.JobExecutionStatusRemoved, nil, "REMOVED"},
		"canceled by itself":       {running, types.JobExecutionStatusCanceled, at(0), "CANCELED"},
		"canceled before the job":  {canceled, types.JobExecutionStatusCanceled, at(-time.Millisecond), "CANCELED"},
		"canceled with the job":    {canceled, types.JobExecutionStatusCanceled, at(0), ""},
		"canceled after the job":   {canceled, types.JobExecutionStatusCanceled, at(time.Minute), ""},
		"canceled, but had begun":  {canceled, types.JobExecutionStatusCanceled, started, "CANCELED"},
		"canceled, nothing known":  {canceled, types.JobExecutionStatusCanceled, nil, "CANCELED"},
		"succeeded, job canceled":  {canceled, types.JobExecutionStatusSucceeded, at(time.Minute), "SUCCEEDED"},
		"a status of later years":  {running, "PENDING", nil, "PENDING"},
		"queued of a canceled job": {canceled, queued, at(0), ""},
	} {
		e := executions{queued: map[string]struct{}{}, begun: map[string]string{}}
		e.note(row.job, "t", row.status, row.s)
		_, isQueued := e.queued["t"]
		if e.begun["t"] != row.begun || isQueued != (row.begun == "") {
			t.Errorf("%s: begun %q, queued %t, want begun %q", name, e.begun["t"], isQueued, row.begun)
		}
	}
}

// A start that has passed is left out, and what is nearer than the API allows cannot come. R-MOV-8
func TestSchedule(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	window := []types.MaintenanceWindow{{StartTime: aws.String("cron(0 22 ? * * *)"), DurationInMinutes: aws.Int32(60)}}
	for name, row := range map[string]struct {
		start, end string
		windows    []types.MaintenanceWindow
		want       *types.SchedulingConfig
		why        string
	}{
		"nothing":               {},
		"start has passed":      {start: "2026-11-30T12:00"},
		"start in 30 minutes":   {start: "2026-11-30T12:30", why: `startTime: 2026-11-30T12:30 is less than 30 minutes ahead: try again when the job has started`},
		"start in 31 minutes":   {start: "2026-11-30T12:31", want: &types.SchedulingConfig{StartTime: aws.String("2026-11-30T12:31")}},
		"in another zone":       {start: "2026-11-30T12:31+01:00"},
		"as seconds":            {start: "1796040000"},
		"start is no time":      {start: "soon", why: `startTime: "soon" cannot be read`},
		"end in 30 minutes":     {end: "2026-11-30 12:30", why: `endTime: 2026-11-30 12:30 is not 30 minutes ahead`},
		"end in 31 minutes":     {start: "2026-11-29", end: "2026-11-30 12:31", want: &types.SchedulingConfig{EndTime: aws.String("2026-11-30 12:31")}},
		"windows stay":          {start: "2026-11-29", windows: window, want: &types.SchedulingConfig{MaintenanceWindows: window}},
		"end has passed, start": {start: "2026-12-01", end: "2026-11-30", why: `endTime: 2026-11-30 is not 30 minutes ahead`},
	} {
		config := &types.SchedulingConfig{MaintenanceWindows: row.windows}
		if row.start != "" {
			config.StartTime = &row.start
		}
		if row.end != "" {
			config.EndTime = &row.end
		}
		got, why := schedule(config, now)
		if why != row.why {
			t.Errorf("%s: why %q, want %q", name, why, row.why)
		}
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(types.SchedulingConfig{}, types.MaintenanceWindow{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
