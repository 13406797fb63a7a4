package control

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// counters are the counts of a job of which nothing is counted, as answers have them (R-JOB-45).
const counters = `"numberOfCanceledThings":0,"numberOfSucceededThings":0,` +
	`"numberOfFailedThings":0,"numberOfRejectedThings":0,"numberOfQueuedThings":0,` +
	`"numberOfInProgressThings":0,"numberOfRemovedThings":0,"numberOfTimedOutThings":0`

// Configurations that were never given show as {} or not at all (R-WIRE-13, R-WIRE-14), and what
// was given comes back without defaults filled in (R-API-40).
func TestDescribed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		given job.Definition
		want  []string // the answer, in parts
	}{
		{
			"nothing", job.Definition{
				TargetSelection: job.Snapshot,
				Targets:         []job.Target{{Kind: registry.KindThing, Name: "t", ARN: "t"}},
			},
			[]string{
				`{"jobArn":"arn:aws:iot:us-east-1:000000000000:job/j","jobId":"j",`,
				`"targetSelection":"SNAPSHOT","status":"IN_PROGRESS","targets":["t"],`,
				`"presignedUrlConfig":{},"jobExecutionsRolloutConfig":{},`,
				`"jobProcessDetails":{"processingTargets":["t"],`, counters,
				`},"timeoutConfig":{},"isConcurrent":true}`,
			},
		},
		{
			"some members of two configurations", job.Definition{
				TargetSelection: job.Snapshot,
				Targets:         []job.Target{{Kind: registry.KindThing, Name: "t", ARN: "t"}},
				Rollout:         &job.RolloutConfig{MaximumPerMinute: 7},
				PresignedURL:    &job.PresignedURLConfig{RoleARN: "r"},
			},
			[]string{
				`{"jobArn":"arn:aws:iot:us-east-1:000000000000:job/j","jobId":"j",`,
				`"targetSelection":"SNAPSHOT","status":"IN_PROGRESS","targets":["t"],`,
				`"presignedUrlConfig":{"roleArn":"r"},`,
				`"jobExecutionsRolloutConfig":{"maximumPerMinute":7},`,
				`"jobProcessDetails":{"processingTargets":["t"],`, counters,
				`},"timeoutConfig":{},"isConcurrent":true}`,
			},
		},
	} {
		p := &Plane{Scope: registry.DefaultScope}
		got := p.describe(t.Context(), job.Job{
			ID:         "j",
			Definition: tt.given,
			State:      job.State{Status: job.InProgress},
		})
		shown := string(schema.Append(nil, got))
		if diff := cmp.Diff(strings.Join(tt.want, ""), shown); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// Each count stands under its own name.
func TestProcessDetails(t *testing.T) {
	t.Parallel()
	for status, name := range map[job.ExecutionStatus]string{
		job.ExecutionCanceled:   "numberOfCanceledThings",
		job.ExecutionSucceeded:  "numberOfSucceededThings",
		job.ExecutionFailed:     "numberOfFailedThings",
		job.ExecutionRejected:   "numberOfRejectedThings",
		job.ExecutionQueued:     "numberOfQueuedThings",
		job.ExecutionInProgress: "numberOfInProgressThings",
		job.ExecutionRemoved:    "numberOfRemovedThings",
		job.ExecutionTimedOut:   "numberOfTimedOutThings",
	} {
		var j job.Job
		j.Counts[status] = 3
		got := string(schema.Append(nil, processDetails(j)))
		want := "{" + strings.Replace(counters, `"`+name+`":0`, `"`+name+`":3`, 1) + "}"
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", status, diff)
		}
	}
}

// The summary of a job has the id of the group only where the list is filtered by one (R-API-13).
func TestJobSummary(t *testing.T) {
	t.Parallel()
	p := &Plane{Scope: registry.DefaultScope}
	j := job.Job{ID: "j"}
	j.TargetSelection, j.Status = job.Continuous, job.Canceled
	j.CreatedAt, j.UpdatedAt, j.CompletedAt = time.Unix(1, 0), time.Unix(2, 0), time.Unix(3, 0)
	for _, tt := range []struct {
		name  string
		group *registry.Group
		want  string
	}{
		{"without", nil, ""},
		{"with", &registry.Group{Name: "g", UUID: "u"}, `"thingGroupId":"u",`},
	} {
		got := string(schema.Append(nil, p.jobSummary(t.Context(), j, tt.group)))
		want := `{"jobArn":"arn:aws:iot:us-east-1:000000000000:job/j","jobId":"j",` + tt.want +
			`"targetSelection":"CONTINUOUS","status":"CANCELED",` +
			`"createdAt":1,"lastUpdatedAt":2,"completedAt":3,"isConcurrent":false}`
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s a group (-want +got):\n%s", tt.name, diff)
		}
	}
}
