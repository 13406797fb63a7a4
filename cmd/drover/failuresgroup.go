package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// drover jobs failures --create-group makes a static group of the targets of a job, without those
// that fail (R-FAIL-2). It does so by operations of the API, so it may be stopped, and goes on when
// it is asked again.

const (
	// addedAtOnce is how many things are added at the same time. The server writes those together.
	addedAtOnce = 16
	// groupPage is how many things are listed at a time.
	groupPage = 250
)

// createGroup makes the group and prints its ARN.
func (c *caller) createGroup(
	ctx context.Context, job iot.JobID, name iot.ThingGroupName, without drover.TraitTexts,
) error {
	server := c.client(c.Attempts)
	request := &drover.ListJobTargetThingsRequest{
		JobID:      job,
		Without:    without,
		MaxResults: new(iot.MaxResults(groupPage)),
	}
	// A job that is not there, or a trait that is none, leaves no group behind.
	page, err := client.Call(ctx, server, drover.ListJobTargetThings, request)
	if err != nil {
		return err
	}
	made, err := client.Call(ctx, server, iot.CreateThingGroup,
		&iot.CreateThingGroupRequest{ThingGroupName: name})
	if err != nil {
		return err
	}
	added := map[iot.ThingName]bool{} // a thing may come with each of several targets
	line := terminal.NewProgress(os.Stderr, os.Getenv)
	defer line.End()
	for {
		if err := addAll(ctx, server, name, page.ThingNames); err != nil {
			return fmt.Errorf("%w\n%d things are in group %s so far", err, len(added), name)
		}
		for _, thing := range page.ThingNames {
			added[thing] = true
		}
		text := fmt.Sprintf("%d things are in group %s", len(added), name)
		line.Show(text, text, page.NextToken == nil, time.Now())
		if request.NextToken = page.NextToken; request.NextToken == nil {
			break
		}
		if page, err = client.Call(ctx, server, drover.ListJobTargetThings, request); err != nil {
			return err
		}
	}
	fmt.Println(made.ThingGroupArn)
	return nil
}

// addAll adds things to a group.
func addAll(
	ctx context.Context, server *client.Client, group iot.ThingGroupName, things []iot.ThingName,
) error {
	adding, ctx := errgroup.WithContext(ctx)
	adding.SetLimit(addedAtOnce)
	for _, thing := range things {
		adding.Go(func() error {
			_, err := client.Call(ctx, server, iot.AddThingToThingGroup,
				&iot.AddThingToThingGroupRequest{ThingGroupName: &group, ThingName: &thing})
			return err
		})
	}
	return adding.Wait()
}
