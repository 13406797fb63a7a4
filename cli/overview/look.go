package overview

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/client"
)

// Looking at a job for its view. A look costs the same however large the job is: one page of its
// executions, or a page of each status of interest where it has more than one, and the details of
// the executions that are shown.

// pageOfExecutions is the largest page of executions.
const pageOfExecutions = 250

// ofInterest are the statuses that are asked for where not all executions can be looked at.
var ofInterest = []iot.ExecutionStatus{"IN_PROGRESS", "FAILED", "TIMED_OUT", "REJECTED"}

// A looker looks at one job again and again.
type looker struct {
	client  *client.Client
	id      string
	history follow.History
	total   int
	counted bool
	details map[detailsKey]string // of executions as they were last seen
}

// detailsKey is an execution between two changes.
type detailsKey struct {
	thing   string
	number  int64
	changed int64
}

func newLooker(c *client.Client, id string) *looker {
	return &looker{client: c, id: id, total: -1, details: map[detailsKey]string{}}
}

// look makes a snapshot with at most so many executions.
func (l *looker) look(ctx context.Context, most int) (Snapshot, error) {
	j, err := follow.Describe(ctx, l.client, l.id)
	if err != nil {
		return Snapshot{}, err
	}
	if !l.counted {
		if l.total, err = follow.TargetCount(ctx, l.client, j.Targets); err != nil {
			return Snapshot{}, err
		}
		l.counted = true
	}
	s := Snapshot{
		Job:     j,
		Paused:  follow.Paused(ctx, l.client, j),
		Total:   l.total,
		History: &l.history,
		Now:     Now(ctx, l.client),
	}
	if s.Latest, s.Partly, err = l.latest(ctx, most); err != nil {
		return Snapshot{}, err
	}
	return s, nil
}

// latest are the executions that changed last, and whether there are more than were looked at.
func (l *looker) latest(ctx context.Context, most int) (shown []Execution, partly bool, err error) {
	if most == 0 {
		return nil, false, nil
	}
	found, partly, err := l.page(ctx, nil)
	if err != nil {
		return nil, false, err
	}
	for i := 0; partly && i < len(ofInterest); i++ {
		more, _, err := l.page(ctx, &ofInterest[i])
		if err != nil {
			return nil, false, err
		}
		found = append(found, more...)
	}
	slices.SortStableFunc(found, func(a, b iot.JobExecutionSummaryForJob) int {
		return cmp.Compare(changed(b), changed(a))
	})
	kept := map[detailsKey]string{}
	seen := map[detailsKey]bool{}
	for _, x := range found {
		thing := x.ThingArn[strings.LastIndex(x.ThingArn, "/")+1:]
		key := detailsKey{thing, x.JobExecutionSummary.ExecutionNumber, changed(x)}
		if seen[key] {
			continue // it was in two pages
		}
		seen[key] = true
		if kept[key], err = l.detailsOf(ctx, key); err != nil {
			return nil, false, err
		}
		e := Execution{Thing: thing, Status: x.JobExecutionSummary.Status, Details: kept[key]}
		if at := x.JobExecutionSummary.LastUpdatedAt; at != nil {
			e.Changed = at.Time()
		}
		if shown = append(shown, e); len(shown) == most {
			break
		}
	}
	l.details = kept
	return shown, partly, nil
}

// page is a page of executions, of one status or any, and whether there are more.
func (l *looker) page(
	ctx context.Context, status *iot.ExecutionStatus,
) (found []iot.JobExecutionSummaryForJob, more bool, err error) {
	page, err := client.Call(ctx, l.client, iot.ListJobExecutionsForJob,
		&iot.ListJobExecutionsForJobRequest{
			JobID:      iot.JobID(l.id),
			Status:     status,
			MaxResults: new(iot.MaxResults(pageOfExecutions)),
		})
	if err != nil {
		return nil, false, err
	}
	return page.ExecutionSummaries, page.NextToken != nil, nil
}

// changed is when an execution changed last, in milliseconds; 0 when that is not known.
func changed(x iot.JobExecutionSummaryForJob) int64 {
	if at := x.JobExecutionSummary.LastUpdatedAt; at != nil {
		return int64(*at)
	}
	return 0
}

// detailsOf are the status details of an execution, which is asked for only when it has changed.
func (l *looker) detailsOf(ctx context.Context, key detailsKey) (string, error) {
	if text, known := l.details[key]; known {
		return text, nil
	}
	got, err := client.Call(ctx, l.client, iot.DescribeJobExecution,
		&iot.DescribeJobExecutionRequest{
			JobID:           iot.JobID(l.id),
			ThingName:       iot.ThingName(key.thing),
			ExecutionNumber: &key.number,
		})
	if err != nil || got.Execution == nil {
		return "", ignoreGone(err)
	}
	return strings.TrimPrefix(follow.Details(got.Execution.StatusDetails), ": "), nil
}
