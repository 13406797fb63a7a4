package follow

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// What can be waited for beside the end of a job.

// JobGone waits until a job is deleted with all its executions.
func (f *Follower) JobGone(ctx context.Context, id string) error {
	return f.until(ctx, "job "+id, func(ctx context.Context) (bool, error) {
		j, err := Describe(ctx, f.Client, id)
		if errors.Is(err, api.ResourceNotFound) {
			f.show("job %s is deleted", id)
			return true, nil
		}
		if err != nil {
			return false, err
		}
		f.show("job %s %s: executions left %d", id, j.Status, CountsOf(j).Released())
		return false, nil
	})
}

// endings are the statuses that an execution ends with.
var endings = []iot.ExecutionStatus{
	"SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED",
}

// An Execution names one: the latest of a thing in a job, or one with a number.
type Execution struct {
	Job, Thing string
	Number     *int64
}

// describe describes an execution.
func (f *Follower) describe(ctx context.Context, e Execution) (*iot.JobExecution, error) {
	got, err := client.Call(ctx, f.Client, iot.DescribeJobExecution,
		&iot.DescribeJobExecutionRequest{
			JobID:           iot.JobID(e.Job),
			ThingName:       iot.ThingName(e.Thing),
			ExecutionNumber: e.Number,
		})
	if err != nil {
		return nil, err
	}
	return got.Execution, nil
}

// Execution waits until an execution has ended, which must be with the wanted status.
func (f *Follower) Execution(ctx context.Context, e Execution, wanted string) error {
	var ended error
	err := f.until(ctx, "job "+e.Job, func(ctx context.Context) (bool, error) {
		x, err := f.describe(ctx, e)
		if err != nil {
			return false, err
		}
		f.show("%s on %s %s%s", e.Job, e.Thing, x.Status, Details(x.StatusDetails))
		if !slices.Contains(endings, x.Status) {
			return false, nil
		}
		if string(x.Status) != wanted {
			ended = unsuccessful("job %s on %s is %s", e.Job, e.Thing, x.Status)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return ended
}

// Details are the status details of an execution in one line, by name, behind a colon.
func Details(d *iot.ExecutionDetails) string {
	if d == nil || len(d.DetailsMap) == 0 {
		return ""
	}
	var parts []string
	for name, text := range d.DetailsMap {
		parts = append(parts, name+"="+text)
	}
	slices.Sort(parts)
	return ": " + strings.Join(parts, ", ")
}

// ExecutionGone waits until an execution is deleted.
func (f *Follower) ExecutionGone(ctx context.Context, e Execution) error {
	return f.until(ctx, "job "+e.Job, func(ctx context.Context) (bool, error) {
		x, err := f.describe(ctx, e)
		if errors.Is(err, api.ResourceNotFound) {
			f.show("%s on %s is deleted", e.Job, e.Thing)
			return true, nil
		}
		if err == nil {
			f.show("%s on %s %s", e.Job, e.Thing, x.Status)
		}
		return false, err
	})
}

// GroupActive waits until a dynamic group has all things that its query finds.
func (f *Follower) GroupActive(ctx context.Context, name string) error {
	return f.until(ctx, "thing group "+name, func(ctx context.Context) (bool, error) {
		g, err := client.Call(ctx, f.Client, iot.DescribeThingGroup,
			&iot.DescribeThingGroupRequest{ThingGroupName: iot.ThingGroupName(name)})
		if err != nil {
			return false, err
		}
		// A static group has no status, and nothing to wait for.
		if g.Status == nil {
			return true, nil
		}
		f.show("thing group %s %s", name, *g.Status)
		return *g.Status == "ACTIVE", nil
	})
}
