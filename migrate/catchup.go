package migrate

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// Between an import and the moment when its jobs are resumed, things go on with the jobs of the
// source. Another import looks at each job that an earlier one has brought and that can still run:
// what has begun in the source since is taken out of the group that it goes to, or put into the one that
// is left out (R-MOV-7). The rollout of the job asks who is in the group when the turn of a thing comes
// (R-JOB-54), so as long as the job is paused nothing has happened yet.

// catchUp brings the jobs of earlier imports up to date. It comes before memberships are made: a thing
// that could not come earlier must be left out of a job before it joins a group of it. Jobs are
// exported only while they are paused, so nothing has to be caught up with there.
func (c *copier) catchUp(ctx context.Context) error {
	if c.Export {
		return nil
	}
	for _, status := range []types.JobStatus{types.JobStatusInProgress, types.JobStatusScheduled} {
		pages := iot.NewListJobsPaginator(c.target,
			&iot.ListJobsInput{Status: status, MaxResults: aws.Int32(page)})
		of := func(p *iot.ListJobsOutput) []types.JobSummary { return p.Jobs }
		for listed, err := range items(ctx, pages, of) {
			if err != nil {
				return c.refuse(Jobs, "*", err)
			}
			id := aws.ToString(listed.JobId)
			if err := c.refuse(Jobs, id, c.catchUpJob(ctx, id, listed.JobArn)); err != nil {
				return err
			}
		}
	}
	return nil
}

// catchUpJob brings one job up to date, if it was copied from this source.
func (c *copier) catchUpJob(ctx context.Context, id string, arn *string) error {
	tags, err := tagsOf(ctx, c.target, arn)
	if err != nil {
		return err
	}
	origin := tagMap(tags)[originTag]
	if origin == "" {
		return nil
	}
	described, err := c.source.DescribeJob(ctx, &iot.DescribeJobInput{JobId: &id})
	if missing(err) || err == nil && aws.ToString(described.Job.JobArn) != origin {
		return nil // it was deleted there, or comes from elsewhere
	}
	if err != nil {
		return err
	}
	m := &movedJob{copier: c, job: described.Job, groups: groupsFor(described.Job)}
	if err := m.mark(ctx); err != nil {
		return err
	}
	_, paused := tagMap(tags)[pausedTag]
	return m.catchUp(ctx, paused)
}

// catchUp takes out of the job what has begun in the source.
func (m *movedJob) catchUp(ctx context.Context, paused bool) error {
	e, err := m.executions(ctx, m.job)
	if err != nil {
		return err
	}
	out := map[string]string{} // what is taken out now, by why
	open, err := m.there(ctx, m.groups.done)
	if err != nil {
		return err
	}
	if err := m.takeOut(ctx, e, open, out); err != nil {
		return err
	}
	if open {
		if err := m.noteWithout(ctx, e); err != nil {
			return err
		}
		if err := m.leaveOut(ctx, e, out); err != nil {
			return err
		}
	}
	if len(out) == 0 {
		return nil
	}
	why := "taken out, as they have begun it since: " + counts(out)
	if !paused {
		why += "; the job is not paused, and what has an execution of it already keeps that"
	}
	return m.found(Jobs, m.id(), Changed, why)
}

// there reports whether the target has a group.
func (m *movedJob) there(ctx context.Context, name string) (bool, error) {
	_, err := m.target.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: &name})
	if missing(err) {
		return false, nil
	}
	return err == nil, err
}

// takeOut takes things out of the group to which the job goes. Of a snapshot job only those stay that
// are still QUEUED in the source; with Unreleased also those without an execution.
func (m *movedJob) takeOut(
	ctx context.Context, e executions, open bool, out map[string]string,
) error {
	var things []string
	for thing, err := range members(ctx, m.target, m.groups.take, false) {
		if missing(err) {
			break
		}
		if err != nil {
			return err
		}
		status, begun := e.begun[thing]
		_, queued := e.queued[thing]
		if !begun && !queued && !open && !m.Unreleased {
			status, begun = withoutExecution, true
		}
		if begun {
			out[thing] = status
			things = append(things, thing)
		}
	}
	if m.Plan {
		return nil
	}
	return m.remove(ctx, m.groups.take, things)
}

// noteWithout counts among those that have begun also the things of the job's groups that have no
// execution while the job can still run: what joins them gets one at once, so theirs was deleted. Once
// the job has ended, what joins its groups gets none.
func (m *movedJob) noteWithout(ctx context.Context, e executions) error {
	if m.Unreleased || slices.Contains(ended, m.job.Status) || startsLater(m.job, m.Now()) {
		return nil
	}
	direct, groups, _ := m.readTargets()
	groups, _, err := m.usable(ctx, groups, false)
	if err != nil {
		return err
	}
	r := recipients{open: true, without: map[string]struct{}{}}
	if err := m.findWithout(ctx, r, e, direct, groups); err != nil {
		return err
	}
	for thing := range r.without {
		e.begun[thing] = withoutExecution
	}
	return nil
}

// withoutExecution is what is said of a thing whose execution is not there any more.
const withoutExecution = "without an execution"

// leaveOut puts things that have begun into the group that an open job leaves out.
func (m *movedJob) leaveOut(ctx context.Context, e executions, out map[string]string) error {
	things := make(map[string]struct{}, len(e.begun))
	for thing := range e.begun {
		things[thing] = struct{}{}
	}
	for thing, err := range members(ctx, m.target, m.groups.done, false) {
		if err != nil {
			return err
		}
		delete(things, thing)
	}
	for thing := range things {
		// What the target does not have cannot get the job.
		if there, err := m.hasThing(ctx, thing); err != nil {
			return err
		} else if there {
			out[thing] = e.begun[thing]
		} else {
			delete(things, thing)
		}
	}
	if m.Plan {
		return nil
	}
	return m.exclude(ctx, things, func(thing string, err error) error {
		return m.found(Jobs, m.id()+" for thing "+thing, Refused,
			"has begun it and cannot be taken out: "+explain(err))
	})
}

// hasThing reports whether the target has a thing.
func (c *copier) hasThing(ctx context.Context, name string) (bool, error) {
	_, err := c.target.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: &name})
	if missing(err) {
		return false, nil
	}
	return err == nil, err
}
