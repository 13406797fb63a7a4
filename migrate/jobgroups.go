package migrate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"golang.org/x/sync/errgroup"
)

// jobGroups are the names of the groups that a copy makes for one job. The hash of the job's ARN is in
// them, because queries compare names without regard to case, and because jobs of two sources may
// have one name.
type jobGroups struct {
	take, done  string
	description string
}

// groupsFor are the groups of a job of the source.
func groupsFor(job *types.Job) jobGroups {
	const hashLength = 8
	sum := sha256.Sum256([]byte(aws.ToString(job.JobArn)))
	name := "import-" + aws.ToString(job.JobId) + "-" + hex.EncodeToString(sum[:])[:hashLength]
	return jobGroups{
		take:        name,
		done:        name + "-done",
		description: "Made by the copy of " + aws.ToString(job.JobArn),
	}
}

// behind is the dynamic group that stands for the nth group among the targets, from 0 on.
func (g jobGroups) behind(n int) string { return fmt.Sprintf("%s-%d", g.take, n+1) }

// markAttribute is the attribute of a group whose job has been created. With it, a job that has
// ended and was deleted in the target is told from one that a copy has not come to (R-MOV-5).
const markAttribute = "job-created"

// createTargets makes the groups that the job goes to, and returns their ARNs. why is the reason
// for which the job cannot come safely.
func (m *movedJob) createTargets(ctx context.Context) (arns []string, why string, err error) {
	if m.things.open {
		if arns, why, err = m.createOpen(ctx); why != "" || err != nil {
			return nil, why, err
		}
	}
	if len(m.things.take) > 0 {
		arn, why, err := m.createTake(ctx)
		if why != "" || err != nil {
			return nil, why, err
		}
		arns = slices.Insert(arns, 0, arn)
	}
	return arns, "", nil
}

// createTake makes the group of the things that get the job by name. What an interrupted copy has put
// into it, and has begun in the source since, is taken out. An account is not changed: the job
// cannot come there then.
func (m *movedJob) createTake(ctx context.Context) (arn, why string, err error) {
	arn, err = m.ensureGroup(ctx, m.groups.take)
	if err != nil {
		return "", "", err
	}
	missing := m.things.take
	var surplus []string
	for thing, err := range members(ctx, m.target, m.groups.take, false) {
		if err != nil {
			return "", "", err
		}
		if _, ok := missing[thing]; !ok {
			surplus = append(surplus, thing)
		}
		delete(missing, thing)
	}
	if len(surplus) > 0 && m.Export {
		return "", fmt.Sprintf("group %s has %d things that have begun the job since: delete it there",
			m.groups.take, len(surplus)), nil
	}
	if err := m.remove(ctx, m.groups.take, surplus); err != nil {
		return "", "", err
	}
	// A thing that cannot join does not get the job, which is reported.
	return arn, "", m.join(ctx, m.groups.take, missing, func(thing string, err error) error {
		return m.found(Jobs, m.id()+" for thing "+thing, Refused, explain(err))
	})
}

// createOpen makes the group of the things that must not get the job, and then a dynamic group for
// each group among its targets.
func (m *movedJob) createOpen(ctx context.Context) (arns []string, why string, err error) {
	if len(m.things.groups) == 0 {
		return nil, "", nil
	}
	if _, err := m.ensureGroup(ctx, m.groups.done); err != nil {
		return nil, "", err
	}
	var stays atomic.Value
	err = m.exclude(ctx, m.excluded(), func(thing string, err error) error {
		stays.Store(thing + ": " + explain(err))
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if thing, ok := stays.Load().(string); ok {
		return nil, "a thing that must not get it cannot be put into " + m.groups.done + ": " + thing, nil
	}
	for n, group := range m.things.groups {
		made, err := m.target.CreateDynamicThingGroup(ctx, &iot.CreateDynamicThingGroupInput{
			ThingGroupName: aws.String(m.groups.behind(n)),
			QueryString: aws.String(fmt.Sprintf("thingGroupNames:%q AND NOT thingGroupNames:%q",
				group, m.groups.done)),
			ThingGroupProperties: m.groups.properties(),
		})
		if err != nil {
			return nil, "", err
		}
		arns = append(arns, aws.ToString(made.ThingGroupArn))
	}
	return arns, "", nil
}

func (g jobGroups) properties() *types.ThingGroupProperties {
	return &types.ThingGroupProperties{ThingGroupDescription: &g.description}
}

// ensureGroup creates a static group for the job unless it is there, and returns its ARN. A group of
// that name that has another description is somebody else's.
func (m *movedJob) ensureGroup(ctx context.Context, name string) (arn string, err error) {
	there, err := m.target.DescribeThingGroup(ctx,
		&iot.DescribeThingGroupInput{ThingGroupName: &name})
	if missing(err) {
		made, err := m.target.CreateThingGroup(ctx, &iot.CreateThingGroupInput{
			ThingGroupName: &name, ThingGroupProperties: m.groups.properties(),
		})
		if err != nil {
			return "", err
		}
		return aws.ToString(made.ThingGroupArn), nil
	}
	if err != nil {
		return "", err
	}
	p := there.ThingGroupProperties
	if p == nil || aws.ToString(p.ThingGroupDescription) != m.groups.description {
		return "", fmt.Errorf("group %s is there, and was made by something else", name)
	}
	return aws.ToString(there.ThingGroupArn), nil
}

// exclude puts things into the group of those that must not get an open job. A thing that the target
// does not have cannot get it either. refused is called for others that cannot join.
func (m *movedJob) exclude(
	ctx context.Context, things map[string]struct{}, refused func(thing string, err error) error,
) error {
	for thing, err := range members(ctx, m.target, m.groups.done, false) {
		if err != nil {
			return err
		}
		delete(things, thing)
	}
	return m.join(ctx, m.groups.done, things, func(thing string, err error) error {
		if missing(err) {
			return nil
		}
		return refused(thing, err)
	})
}

// join puts things into a group. refused is called when one cannot join, by one goroutine for each
// thing; an error of it ends the copy.
func (c *copier) join(
	ctx context.Context, group string, things map[string]struct{},
	refused func(thing string, err error) error,
) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(workers)
	for thing := range things {
		work.Go(func() error {
			_, err := c.target.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
				ThingName: &thing, ThingGroupName: &group,
			})
			if err == nil || stops(err) {
				return err
			}
			return refused(thing, err)
		})
	}
	return work.Wait()
}

// remove takes things out of a group that a copy has made.
func (c *copier) remove(ctx context.Context, group string, things []string) error {
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(workers)
	for _, thing := range things {
		work.Go(func() error {
			_, err := c.target.RemoveThingFromThingGroup(ctx, &iot.RemoveThingFromThingGroupInput{
				ThingName: &thing, ThingGroupName: &group,
			})
			return err
		})
	}
	return work.Wait()
}

// mark marks the groups of a job that has been created.
func (m *movedJob) mark(ctx context.Context) error {
	if m.Plan {
		return nil
	}
	for _, name := range []string{m.groups.take, m.groups.done} {
		there, err := m.target.DescribeThingGroup(ctx,
			&iot.DescribeThingGroupInput{ThingGroupName: &name})
		if missing(err) || err == nil && marked(there) {
			continue
		}
		if err != nil {
			return err
		}
		p := m.groups.properties()
		p.AttributePayload = &types.AttributePayload{
			Attributes: map[string]string{markAttribute: "true"},
		}
		if _, err := m.target.UpdateThingGroup(ctx, &iot.UpdateThingGroupInput{
			ThingGroupName: &name, ThingGroupProperties: p,
		}); err != nil {
			return err
		}
	}
	return nil
}

// givenBefore says that the target had the job before and does not any more; "" when it had not. Its
// things may have finished it there, which the source does not know.
func (m *movedJob) givenBefore(ctx context.Context) (why string, err error) {
	for _, name := range []string{m.groups.take, m.groups.done} {
		there, err := m.target.DescribeThingGroup(ctx,
			&iot.DescribeThingGroupInput{ThingGroupName: &name})
		if missing(err) {
			continue
		}
		if err != nil {
			return "", err
		}
		if marked(there) {
			return "was copied before, and has been deleted in the target since: its things may " +
				"have finished it there (group " + name + ")", nil
		}
	}
	return "", nil
}

func marked(g *iot.DescribeThingGroupOutput) bool {
	return g.ThingGroupProperties != nil &&
		groupAttributes(g.ThingGroupProperties)[markAttribute] != ""
}
