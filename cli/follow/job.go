package follow

import (
	"context"
	"errors"
	"strings"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

// Job waits until a job has ended. It returns nil when every execution has succeeded, or, where
// canceled is what is wanted, when the job is canceled.
func (f *Follower) Job(ctx context.Context, id string, canceled bool) error {
	var history History
	total, counted, status := -1, false, iot.JobStatus("")
	var ended error
	err := f.until(ctx, "job "+id, func(ctx context.Context) (bool, error) {
		j, err := Describe(ctx, f.Client, id)
		if errors.Is(err, api.ResourceNotFound) && status != "" {
			ended = unsuccessful("job %s was deleted", id)
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if !counted && CountsOf(j).Releasing {
			counted = true
			if total, err = TargetCount(ctx, f.Client, j.Targets); err != nil {
				return false, err
			}
		}
		now := f.Now()
		history.Add(now, CountsOf(j))
		line, facts := history.Line(j, Paused(ctx, f.Client, j), total)
		over, outcome := Outcome(j, canceled)
		if !over && Endless(j) && !f.Endless {
			return false, errEndless
		}
		f.Progress.Show(line, facts, over || j.Status != status, now)
		status, ended = j.Status, outcome
		return over, nil
	})
	if err != nil {
		return err
	}
	return ended
}

// Describe describes a job.
func Describe(ctx context.Context, c *client.Client, id string) (*iot.Job, error) {
	got, err := client.Call(ctx, c, iot.DescribeJob, &iot.DescribeJobRequest{JobID: iot.JobID(id)})
	if err != nil {
		return nil, err
	}
	return &got.Job, nil
}

// Outcome says whether a job is over, and the error of one that has not ended as it was meant to:
// that is canceled, or with every execution SUCCEEDED. A job that is CANCELED is over when its
// executions have been canceled, too.
func Outcome(j *iot.Job, canceled bool) (over bool, err error) {
	c := CountsOf(j)
	switch j.Status {
	case "COMPLETED":
		if c.Unsuccessful() > 0 {
			return true, unsuccessful("job %s is COMPLETED, and %d of its %d executions have "+
				"not succeeded", j.JobID, c.Unsuccessful(), c.Released())
		}
		return true, nil
	case "CANCELED":
		switch {
		case j.IsConcurrent != nil && *j.IsConcurrent:
			return false, nil
		case canceled:
			return true, nil
		}
		return true, unsuccessful("job %s is CANCELED%s", j.JobID, reason(j))
	case "DELETION_IN_PROGRESS":
		return true, unsuccessful("job %s is being deleted", j.JobID)
	}
	return false, nil
}

// Endless reports whether a job never ends by itself (R-JOB-12).
func Endless(j *iot.Job) bool {
	return j.TargetSelection == "CONTINUOUS" &&
		(j.SchedulingConfig == nil || j.SchedulingConfig.EndTime == nil)
}

// reason is why a job was canceled, in brackets, if that is known.
func reason(j *iot.Job) string {
	var parts []string
	if j.ReasonCode != nil && *j.ReasonCode != "" {
		parts = append(parts, string(*j.ReasonCode))
	}
	if j.Comment != nil && *j.Comment != "" {
		parts = append(parts, string(*j.Comment))
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ": ") + ")"
}

const (
	// mostCounted is how many things of groups are counted, so that a job on a very large group is
	// followed at the same price.
	mostCounted = 2000
	// mostInPage is the largest page of a list of things.
	mostInPage = 250
)

// TargetCount is how many things are targets of a job, -1 when its groups have too many to count,
// or are gone.
func TargetCount(ctx context.Context, c *client.Client, targets []string) (int, error) {
	things := map[string]bool{}
	for _, arn := range targets {
		name := Resource(arn)
		if thing, one := strings.CutPrefix(name, "thing/"); one {
			things[thing] = true
			continue
		}
		request := &iot.ListThingsInThingGroupRequest{
			ThingGroupName: iot.ThingGroupName(strings.TrimPrefix(name, "thinggroup/")),
			Recursive:      new(true),
			MaxResults:     new(iot.MaxResults(mostInPage)),
		}
		for thing, err := range client.All(ctx, c, iot.ListThingsInThingGroup, request) {
			switch {
			case errors.Is(err, api.ResourceNotFound):
				return -1, nil
			case err != nil:
				return -1, err
			}
			if things[string(thing)] = true; len(things) > mostCounted {
				return -1, nil
			}
		}
	}
	return len(things), nil
}

// Resource is the last part of an ARN, kind and name: thing/pump-07. A name may have colons, so
// that of arn:aws:iot:us-east-1:000000000000:thing/a:b it is thing/a:b (R-CON-9).
func Resource(arn string) string {
	const parts = 6
	split := strings.SplitN(arn, ":", parts)
	return split[len(split)-1]
}
