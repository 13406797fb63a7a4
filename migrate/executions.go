package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// executions is what the source knows of the things of one job. The names of all of them are in
// memory once, for one job at a time.
type executions struct {
	// queued are the things whose only execution is QUEUED: they have not begun.
	queued map[string]struct{}
	// begun are all other things that have one, with what their execution is or was. They must not
	// be given the job.
	begun map[string]string
}

// lifeOrder are the statuses in the order in which an execution can have them. They are listed one
// after the other, so that an execution that moves on meanwhile is met in its new status, too.
var lifeOrder = []types.JobExecutionStatus{
	types.JobExecutionStatusQueued, types.JobExecutionStatusInProgress,
	types.JobExecutionStatusSucceeded, types.JobExecutionStatusFailed,
	types.JobExecutionStatusTimedOut, types.JobExecutionStatusRejected,
	types.JobExecutionStatusRemoved, types.JobExecutionStatusCanceled,
}

// again is what is said of a thing that has had more than one execution of a job.
const again = "QUEUED again"

// executions reads the executions of a job of the source.
func (c *copier) executions(ctx context.Context, job *types.Job) (executions, error) {
	e := executions{queued: map[string]struct{}{}, begun: map[string]string{}}
	for _, status := range lifeOrder {
		pages := iot.NewListJobExecutionsForJobPaginator(c.source,
			&iot.ListJobExecutionsForJobInput{
				JobId: job.JobId, Status: status, MaxResults: aws.Int32(page),
			})
		of := func(p *iot.ListJobExecutionsForJobOutput) []types.JobExecutionSummaryForJob {
			return p.ExecutionSummaries
		}
		for row, err := range items(ctx, pages, of) {
			if err != nil {
				return e, err
			}
			if thing, ok := named(aws.ToString(row.ThingArn), "thing"); ok {
				e.note(job, thing, status, row.JobExecutionSummary)
			}
		}
	}
	for thing := range e.begun {
		delete(e.queued, thing)
	}
	return e, nil
}

// note notes one execution. A second one of a thing says that the first has ended, however.
func (e executions) note(
	job *types.Job, thing string, status types.JobExecutionStatus, s *types.JobExecutionSummary,
) {
	first := s == nil || aws.ToInt64(s.ExecutionNumber) <= 1 && aws.ToInt32(s.RetryAttempt) == 0
	switch {
	case first && (status == types.JobExecutionStatusQueued || canceledWithJob(job, status, s)):
		e.queued[thing] = struct{}{}
	case status == types.JobExecutionStatusQueued:
		e.begun[thing] = again
	default:
		e.begun[thing] = string(status)
	}
}

// canceledWithJob reports whether an execution was QUEUED until the whole job was canceled. That is
// how an operator stops the source after an import, and the thing may still have the job then. An
// execution that was canceled by itself ended before the last change of the job, which is that it was
// canceled.
func canceledWithJob(
	job *types.Job, status types.JobExecutionStatus, s *types.JobExecutionSummary,
) bool {
	return status == types.JobExecutionStatusCanceled && job.Status == types.JobStatusCanceled &&
		s != nil && s.StartedAt == nil && job.LastUpdatedAt != nil && s.LastUpdatedAt != nil &&
		!s.LastUpdatedAt.Before(*job.LastUpdatedAt)
}

// counts says how many things have begun, by what has become of them: "3 FAILED, 120 SUCCEEDED".
func counts(begun map[string]string) string {
	n := map[string]int{}
	for _, status := range begun {
		n[status]++
	}
	var texts []string
	for status, count := range n {
		texts = append(texts, fmt.Sprintf("%d %s", count, status))
	}
	slices.SortFunc(texts, func(a, b string) int {
		_, left, _ := strings.Cut(a, " ")
		_, right, _ := strings.Cut(b, " ")
		return strings.Compare(left, right)
	})
	return strings.Join(texts, ", ")
}
