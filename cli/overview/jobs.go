package overview

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// The list of jobs.

// A JobFilter says which jobs are listed; "" is any.
type JobFilter struct {
	Status string
	Group  string // the name of one that is a target
	Thing  string // the name of one that has an execution; not together with Group
	Limit  int    // how many at most
}

// A Job is one of the list. Its JSON is for scripts.
type Job struct {
	JobID        string     `json:"jobId"`
	Status       string     `json:"status"`
	Paused       string     `json:"paused,omitempty"` // why it is paused
	Targets      []string   `json:"targets"`
	Executions   int        `json:"executions"`
	Ended        int        `json:"ended"`
	Unsuccessful int        `json:"unsuccessful"` // ended, and not SUCCEEDED
	Failed       int        `json:"failed"`       // FAILED, TIMED_OUT or REJECTED
	Releasing    bool       `json:"releasing"`    // more executions will come
	CreatedAt    *time.Time `json:"createdAt,omitempty"`
}

// Jobs finds jobs, newest first; more is whether there are more than the limit. One that is deleted
// meanwhile is left out.
func Jobs(ctx context.Context, c *client.Client, f JobFilter) (jobs []Job, more bool, err error) {
	jobs = []Job{}
	for id, err := range f.ids(ctx, c) {
		if err != nil {
			return nil, false, err
		}
		j, err := follow.Describe(ctx, c, id)
		switch {
		case errors.Is(err, api.ResourceNotFound):
			continue
		case err != nil:
			return nil, false, err
		case f.Status != "" && string(j.Status) != f.Status:
			continue
		case len(jobs) == f.Limit:
			return jobs, true, nil
		}
		row := jobOf(j)
		row.Paused = follow.Paused(ctx, c, j)
		jobs = append(jobs, row)
	}
	return jobs, false, nil
}

// ids are the ids of the jobs that the server finds. Of a thing, they are those of its executions,
// of which a job may have several.
func (f JobFilter) ids(ctx context.Context, c *client.Client) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		if f.Thing != "" {
			seen := map[string]bool{}
			request := &iot.ListJobExecutionsForThingRequest{ThingName: iot.ThingName(f.Thing)}
			for x, err := range client.All(ctx, c, iot.ListJobExecutionsForThing, request) {
				id := string(x.JobID)
				if err == nil && seen[id] {
					continue
				}
				if seen[id] = true; !yield(id, err) {
					return
				}
			}
			return
		}
		request := &iot.ListJobsRequest{}
		if f.Status != "" {
			request.Status = new(iot.JobStatus(f.Status))
		}
		if f.Group != "" {
			request.ThingGroupName = new(iot.ThingGroupName(f.Group))
		}
		for j, err := range client.All(ctx, c, iot.ListJobs, request) {
			if !yield(string(j.JobID), err) {
				return
			}
		}
	}
}

// jobOf is the row of a job.
func jobOf(j *iot.Job) Job {
	c := follow.CountsOf(j)
	row := Job{
		JobID:        string(j.JobID),
		Status:       string(j.Status),
		Targets:      j.Targets,
		Executions:   c.Released(),
		Ended:        c.Ended(),
		Unsuccessful: c.Unsuccessful(),
		Failed:       c.Failed + c.TimedOut + c.Rejected,
		Releasing:    c.Releasing && j.Status != "CANCELED" && j.Status != "COMPLETED",
	}
	if j.CreatedAt != nil {
		row.CreatedAt = new(j.CreatedAt.Time())
	}
	return row
}

// JobTable is the list of jobs as a table at a time.
func JobTable(jobs []Job, now time.Time) Table {
	t := Table{
		Titles:  []string{"JOB", "STATUS", "TARGETS", "DONE", "FAILED", "CREATED"},
		Shrinks: []int{0, 2},
	}
	for _, j := range jobs {
		created := ""
		if j.CreatedAt != nil {
			created = follow.Ago(*j.CreatedAt, now)
		}
		failed := Cell{fmt.Sprint(j.Failed), terminal.Plain}
		if j.Failed > 0 {
			failed.Style = terminal.Red
		}
		t.Rows = append(t.Rows, []Cell{
			{Text: j.JobID},
			j.status(),
			{Text: targets(j.Targets)},
			{Text: j.done()},
			failed,
			{created, terminal.Dim},
		})
	}
	return t
}

// status is the status as a cell. A job that is paused has the status that it would have otherwise,
// and does nothing: the list must not show it as one that goes on.
func (j Job) status() Cell {
	if j.Paused != "" {
		return Cell{j.Status + ", paused", terminal.Yellow}
	}
	return Cell{j.Status, styleOf(j.Status)}
}

// done is how many executions have ended of those there are: 24/40, and 24/40+ while the rollout
// goes on, which creates more.
func (j Job) done() string {
	text := fmt.Sprintf("%d/%d", j.Ended, j.Executions)
	if j.Releasing {
		text += "+"
	}
	return text
}

// targets are the targets of a job in short: thinggroup/site-1, and how many others there are.
func targets(arns []string) string {
	if len(arns) == 0 {
		return ""
	}
	text := follow.Resource(arns[0])
	if others := len(arns) - 1; others > 0 {
		text += fmt.Sprintf(" +%d", others)
	}
	return text
}

// Now is the time of a server, which may be virtual; that of this machine where it does not say.
func Now(ctx context.Context, c *client.Client) time.Time {
	reading, err := client.Clock(c).Read(ctx)
	if err != nil || reading.Now.IsZero() {
		return time.Now()
	}
	return reading.Now
}
