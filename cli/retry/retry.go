// Package retry creates a job for the things on which another one has failed, from the same
// definition: for a job that has ended and cannot try again by itself (R-STR-60). It does so by the
// operations of the vendor's API alone. Start with Create.
package retry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/client"
)

// An Order says what is tried again.
type Order struct {
	Job   iot.JobID
	NewID iot.JobID
	// Statuses are those of last attempts that are tried again.
	Statuses []iot.ExecutionStatus
	// Things are the only ones; empty for all things of the job.
	Things []string
}

// pausedTag is the tag that the new job does not get: the old one may be paused.
const pausedTag = "drover:paused"

// maxTargets is how many things a job can name.
var maxTargets = int(iot.JobTargets(nil).Constraint().Size.Max)

// Create creates the job. It is a snapshot of those things, with the document, the configurations
// and the tags of the old one, and without its schedule, whose times may have passed.
func Create(ctx context.Context, c *client.Client, o Order) error {
	described, err := client.Call(ctx, c, iot.DescribeJob, &iot.DescribeJobRequest{JobID: o.Job})
	if err != nil {
		return err
	}
	targets, err := o.targets(ctx, c)
	if err != nil {
		return err
	}
	document, err := client.Call(ctx, c, iot.GetJobDocument, &iot.GetJobDocumentRequest{JobID: o.Job})
	if err != nil {
		return err
	}
	old := &described.Job
	tags, err := tagsOf(ctx, c, old.JobArn)
	if err != nil {
		return err
	}
	_, err = client.Call(ctx, c, iot.CreateJob, &iot.CreateJobRequest{
		JobID:                      o.NewID,
		Targets:                    targets,
		Document:                   document.Document,
		Description:                old.Description,
		PresignedUrlConfig:         old.PresignedUrlConfig,
		TargetSelection:            new(iot.TargetSelection("SNAPSHOT")),
		JobExecutionsRolloutConfig: old.JobExecutionsRolloutConfig,
		AbortConfig:                old.AbortConfig,
		TimeoutConfig:              old.TimeoutConfig,
		Tags:                       tags,
		NamespaceID:                old.NamespaceID,
		JobExecutionsRetryConfig:   old.JobExecutionsRetryConfig,
		DestinationPackageVersions: old.DestinationPackageVersions,
	})
	return err
}

// targets are the ARNs of the things, by the order of their lists.
func (o Order) targets(ctx context.Context, c *client.Client) (targets iot.JobTargets, err error) {
	seen := map[string]bool{}
	for thing, err := range o.candidates(ctx, c) {
		if err != nil {
			return nil, err
		}
		if seen[thing] {
			continue
		}
		seen[thing] = true
		// An attempt that has failed may have been followed by one that has not.
		last, err := client.Call(ctx, c, iot.DescribeJobExecution,
			&iot.DescribeJobExecutionRequest{JobID: o.Job, ThingName: iot.ThingName(thing)})
		if err != nil {
			return nil, err
		}
		if x := last.Execution; x != nil && slices.Contains(o.Statuses, x.Status) {
			targets = append(targets, x.ThingArn)
		}
		if len(targets) > maxTargets {
			return nil, fmt.Errorf("more than %d things have failed so, and a job names at most %d: "+
				"take some of them with --thing, or create a job for a thing group", maxTargets, maxTargets)
		}
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("on no thing the last attempt of job %s is one of %v", o.Job, o.Statuses)
	}
	return targets, nil
}

// candidates are the names of the things that may have to be tried again, some more than once.
func (o Order) candidates(ctx context.Context, c *client.Client) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		for _, thing := range o.Things {
			if !yield(thing, nil) {
				return
			}
		}
		if len(o.Things) > 0 {
			return
		}
		for _, status := range o.Statuses {
			request := &iot.ListJobExecutionsForJobRequest{JobID: o.Job, Status: &status}
			for x, err := range client.All(ctx, c, iot.ListJobExecutionsForJob, request) {
				if !yield(strings.TrimPrefix(follow.Resource(x.ThingArn), "thing/"), err) {
					return
				}
			}
		}
	}
}

// tagsOf are the tags of the old job, without that which pauses it.
func tagsOf(ctx context.Context, c *client.Client, arn string) (tags iot.Tags, err error) {
	request := &iot.ListTagsForResourceRequest{ResourceArn: iot.TaggedArn(arn)}
	for tag, err := range client.All(ctx, c, iot.ListTagsForResource, request) {
		if err != nil {
			return nil, err
		}
		if tag.Key != pausedTag {
			tags = append(tags, tag)
		}
	}
	return tags, nil
}
