package ship

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// lookInterval is how often the job is looked at.
const lookInterval = time.Second

// ErrLeft is a job that is not watched any more, because the context has ended. The job goes on.
var ErrLeft = errors.New("not watched any more; the job goes on")

// Watch shows the counts of a job on out whenever they change, until the job has ended. A job that
// was canceled, or of which not all executions have succeeded, is an error.
func Watch(ctx context.Context, c *client.Client, jobID string, out io.Writer) error {
	shown := ""
	for {
		got, err := client.Call(ctx, c, iot.DescribeJob,
			&iot.DescribeJobRequest{JobID: iot.JobID(jobID)})
		if ctx.Err() != nil {
			return fmt.Errorf("job %s: %w", jobID, ErrLeft)
		}
		if err != nil {
			return fmt.Errorf("job %s: %w", jobID, err)
		}
		if line := counts(&got.Job); line != shown {
			fmt.Fprintln(out, line)
			shown = line
		}
		if over, err := outcome(&got.Job); over {
			return err
		}
		if err := client.Sleep(ctx, lookInterval); err != nil {
			return fmt.Errorf("job %s: %w", jobID, ErrLeft)
		}
	}
}

// number reads a count, which a job that has just begun may lack.
func number(n *int32) int32 {
	if n == nil {
		return 0
	}
	return *n
}

// unsuccessful is how many executions have ended in another way than SUCCEEDED.
func unsuccessful(d *iot.JobProcessDetails) int32 {
	return number(d.NumberOfFailedThings) + number(d.NumberOfRejectedThings) +
		number(d.NumberOfTimedOutThings) + number(d.NumberOfCanceledThings) +
		number(d.NumberOfRemovedThings)
}

// counts is a job as one line.
func counts(j *iot.Job) string {
	d := j.JobProcessDetails
	if d == nil {
		return string(j.Status)
	}
	return fmt.Sprintf("%-12s queued %d, in progress %d, succeeded %d, not succeeded %d",
		j.Status, number(d.NumberOfQueuedThings), number(d.NumberOfInProgressThings),
		number(d.NumberOfSucceededThings), unsuccessful(d))
}

// outcome says whether a job is over, and the error of one that has not gone well.
func outcome(j *iot.Job) (over bool, err error) {
	switch {
	case j.Status == "CANCELED" || j.Status == "DELETION_IN_PROGRESS":
		return true, fmt.Errorf("job %s is %s", j.JobID, j.Status)
	case j.Status != "COMPLETED":
		return false, nil
	case j.JobProcessDetails != nil && unsuccessful(j.JobProcessDetails) > 0:
		return true, fmt.Errorf("job %s is COMPLETED, and %d executions have not succeeded",
			j.JobID, unsuccessful(j.JobProcessDetails))
	}
	return true, nil
}
