package overview

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// The list of the executions of a job: which thing is how far.

// An ExecutionFilter says which executions are listed.
type ExecutionFilter struct {
	Job    string
	Status string // "" is any
	Limit  int    // how many at most
}

// A JobExecution is one of the list. Its JSON is for scripts.
type JobExecution struct {
	Thing     string     `json:"thingArn"`
	Number    int64      `json:"executionNumber"`
	Status    string     `json:"status"`
	QueuedAt  *time.Time `json:"queuedAt,omitempty"`
	ChangedAt *time.Time `json:"lastUpdatedAt,omitempty"`
}

// Executions finds the executions of a job, in the order in which the server lists them; more is
// whether there are more than the limit.
func Executions(
	ctx context.Context, c *client.Client, f ExecutionFilter,
) (all []JobExecution, more bool, err error) {
	all = []JobExecution{}
	request := &iot.ListJobExecutionsForJobRequest{JobID: iot.JobID(f.Job)}
	if f.Status != "" {
		request.Status = new(iot.ExecutionStatus(f.Status))
	}
	for x, err := range client.All(ctx, c, iot.ListJobExecutionsForJob, request) {
		switch {
		case err != nil:
			return nil, false, err
		case len(all) == f.Limit:
			return all, true, nil
		}
		s := x.JobExecutionSummary
		row := JobExecution{Thing: x.ThingArn, Number: s.ExecutionNumber, Status: string(s.Status)}
		if s.QueuedAt != nil {
			row.QueuedAt = new(s.QueuedAt.Time())
		}
		if s.LastUpdatedAt != nil {
			row.ChangedAt = new(s.LastUpdatedAt.Time())
		}
		all = append(all, row)
	}
	return all, false, nil
}

// ExecutionTable is the list of executions as a table at a time.
func ExecutionTable(all []JobExecution, now time.Time) Table {
	t := Table{Titles: []string{"THING", "EXECUTION", "STATUS", "QUEUED", "CHANGED"}, Shrinks: []int{0}}
	ago := func(at *time.Time) Cell {
		if at == nil {
			return Cell{}
		}
		return Cell{follow.Ago(*at, now), terminal.Dim}
	}
	for _, x := range all {
		t.Rows = append(t.Rows, []Cell{
			{Text: strings.TrimPrefix(follow.Resource(x.Thing), "thing/")},
			{Text: fmt.Sprint(x.Number)},
			{x.Status, styleOf(x.Status)},
			ago(x.QueuedAt),
			ago(x.ChangedAt),
		})
	}
	return t
}
