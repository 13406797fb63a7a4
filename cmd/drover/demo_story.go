package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/client"
)

const (
	// demoStep is how far the clock goes with each look at the job, and demoPause how long that takes in real time.
	demoStep  = 10 * time.Second
	demoPause = 300 * time.Millisecond
)

// change is something the operator does at a minute of the fleet's time.
type change struct {
	minute  int
	says    string // the options, as they are typed
	request iot.UpdateJobRequest
	done    bool
}

// story creates the job, changes it while it runs, and shows the counts until it has ended.
func (d *demo) story(ctx context.Context) error {
	few, some, many := iot.MaximumPerMinute(max(1, d.things/20)), iot.MaximumPerMinute(max(1, d.things/8)), iot.MaximumPerMinute(max(1, d.things/4))
	create := &iot.CreateJobRequest{
		JobID: demoJob, Targets: iot.JobTargets{"arn:aws:iot:" + d.server.Endpoints.Region + ":" + d.server.Endpoints.Account + ":thinggroup/demo"},
		Document:                   new(iot.Document(`{"operation":"upgrade","to":"2.4.1"}`)),
		JobExecutionsRolloutConfig: &iot.JobExecutionsRolloutConfig{MaximumPerMinute: &few},
		AbortConfig:                demoAbort("10"),
	}
	fmt.Fprintf(d.out, "\n$ aws iot create-job --job-id %s --targets %s --document '%s' \\\n    --job-executions-rollout-config maximumPerMinute=%d \\\n    --abort-config %s\n",
		demoJob, create.Targets[0], *create.Document, few, demoAbortText("10"))
	if _, err := client.Call(ctx, d.client, iot.CreateJob, create); err != nil {
		return err
	}
	d.start = d.server.Now()
	return d.watch(ctx, []*change{
		{minute: 2, says: fmt.Sprintf("--job-executions-rollout-config maximumPerMinute=%d", some),
			request: iot.UpdateJobRequest{JobExecutionsRolloutConfig: &iot.JobExecutionsRolloutConfig{MaximumPerMinute: &some}}},
		{minute: 4, says: "--abort-config " + demoAbortText("40"),
			request: iot.UpdateJobRequest{AbortConfig: demoAbort("40")}},
		{minute: 5, says: fmt.Sprintf("--job-executions-rollout-config maximumPerMinute=%d", many),
			request: iot.UpdateJobRequest{JobExecutionsRolloutConfig: &iot.JobExecutionsRolloutConfig{MaximumPerMinute: &many}}},
	})
}

// demoMinimum is how many executions must have ended before the abort criterion is judged: enough for the chance failures
// of the devices not to end the demonstration.
const demoMinimum = 100

func demoAbort(percent iot.ThresholdPercentage) *iot.AbortConfig {
	return &iot.AbortConfig{CriteriaList: iot.AbortCriteriaList{{
		FailureType: "FAILED", Action: "CANCEL", ThresholdPercentage: percent, MinNumberOfExecutedThings: demoMinimum,
	}}}
}

// demoAbortText is demoAbort as it is typed.
func demoAbortText(percent iot.ThresholdPercentage) string {
	return fmt.Sprintf("'criteriaList=[{failureType=FAILED,action=CANCEL,thresholdPercentage=%s,minNumberOfExecutedThings=%d}]'", percent, demoMinimum)
}

// watch moves the clock, makes the changes when their minute has come, and shows the job until it has ended.
func (d *demo) watch(ctx context.Context, changes []*change) error {
	fmt.Fprintf(d.out, "\n%8s  %-12s %8s %12s %10s %7s  %s\n", "minute", "status", "queued", "in progress", "succeeded", "failed", "")
	for {
		job, err := client.Call(ctx, d.client, iot.DescribeJob, &iot.DescribeJobRequest{JobID: demoJob})
		if err != nil {
			return err
		}
		minutes := d.server.Now().Sub(d.start).Minutes()
		d.show(minutes, &job.Job)
		if job.Job.Status != "IN_PROGRESS" {
			fmt.Fprintf(d.out, "\nThe job is %s after %.0f minutes of the fleet's time.\n", job.Job.Status, minutes)
			return nil
		}
		for _, c := range changes {
			if err := d.change(ctx, c, minutes); err != nil {
				return err
			}
		}
		select {
		case <-time.After(demoPause): // real time: somebody watches
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := client.Clock(d.client).Advance(ctx, demoStep); err != nil {
			return err
		}
	}
}

func (d *demo) change(ctx context.Context, c *change, minutes float64) error {
	if c.done || minutes < float64(c.minute) {
		return nil
	}
	c.done, c.request.JobID = true, demoJob
	fmt.Fprintf(d.out, "\n$ aws iot update-job --job-id %s \\\n    %s\n\n", demoJob, c.says)
	_, err := client.Call(ctx, d.client, iot.UpdateJob, &c.request)
	return err
}

// show prints the job's line when its counts have changed.
func (d *demo) show(minutes float64, job *iot.Job) {
	n := job.JobProcessDetails
	succeeded := int(*n.NumberOfSucceededThings)
	const width = 30
	bar := strings.Repeat("#", succeeded*width/d.things) + strings.Repeat("-", int(*n.NumberOfFailedThings)*width/d.things)
	line := fmt.Sprintf("%-12s %8d %12d %10d %7d  %s", job.Status, *n.NumberOfQueuedThings, *n.NumberOfInProgressThings, succeeded, *n.NumberOfFailedThings, bar)
	if line != d.shown {
		d.shown = line
		fmt.Fprintf(d.out, "%8.1f  %s\n", minutes, line)
	}
}
