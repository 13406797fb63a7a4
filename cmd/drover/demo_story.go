package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/progress"
	"github.com/drover-iot/drover/cli/ship"
	"github.com/drover-iot/drover/cli/transfer"
	"github.com/drover-iot/drover/client"
)

// The story that the demonstration shows: a file is shipped by a cautious rollout that the operator
// speeds up while it runs, and whose abort criterion is relaxed on the way. It is told in commands
// of the aws command line; the same changes are made by package client.

// The pace of the demonstration: 10 s of the fleet in 0.3 s.
const (
	// demoStep is how far the clock goes with each look at the job, and demoPause how long that
	// takes in real time.
	demoStep  = 10 * time.Second
	demoPause = 300 * time.Millisecond

	// demoMinimum is how many executions must have ended before the abort criterion counts: enough
	// for the chance failures of the devices not to end the demonstration.
	demoMinimum = 100
)

// change is something the operator does at a minute of the fleet's time.
type change struct {
	minute  int    // after the job began
	options string // of update-job, as they are typed
	request iot.UpdateJobRequest
	done    bool
}

// story creates the job, changes it while it runs, and shows the counts until it has ended.
func (d *demo) story(ctx context.Context) error {
	// A twentieth of the fleet a minute is cautious: the rollout would take 20 minutes.
	if err := d.create(ctx, d.share(20), "10"); err != nil {
		return err
	}
	d.start = d.server.Now()
	return d.watch(ctx, []*change{
		rateChange(2, d.share(8)),
		{
			minute:  4,
			options: "--abort-config " + demoAbortText("40"),
			request: iot.UpdateJobRequest{AbortConfig: demoAbort("40")},
		},
		rateChange(5, d.share(4)),
	})
}

// share is a rate a minute: a part of the fleet, at least one thing.
func (d *demo) share(parts int) iot.MaximumPerMinute {
	return iot.MaximumPerMinute(max(1, d.things/parts))
}

// create creates the job with a rate and a percentage of failures at which it is aborted.
func (d *demo) create(
	ctx context.Context, rate iot.MaximumPerMinute, percent iot.ThresholdPercentage,
) error {
	e := d.server.Endpoints
	target := "arn:aws:iot:" + e.Region + ":" + e.Account + ":thinggroup/demo"
	stored, err := d.store(ctx)
	if err != nil {
		return err
	}
	document, err := ship.Document(stored, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, `
$ drover artifact put %s
$ aws iot create-job --job-id %s --targets %s --document '%s' \
    --job-executions-rollout-config maximumPerMinute=%d \
    --abort-config %s
`, demoFile, demoJob, target, document, rate, demoAbortText(percent))
	_, err = client.Call(ctx, d.client, iot.CreateJob, &iot.CreateJobRequest{
		JobID:                      demoJob,
		Targets:                    iot.JobTargets{target},
		Document:                   &document,
		JobExecutionsRolloutConfig: &iot.JobExecutionsRolloutConfig{MaximumPerMinute: &rate},
		AbortConfig:                demoAbort(percent),
	})
	return err
}

// demoFile is the name of the file that is shipped. Its size makes a real download, and does not
// slow the demonstration down.
const (
	demoFile     = "fw-2.4.1.bin"
	demoFileSize = 256 << 10
)

// store stores a firmware image, of random bytes, as an artifact of the server.
func (d *demo) store(ctx context.Context) (transfer.Object, error) {
	image := make([]byte, demoFileSize)
	_, _ = rand.Read(image) // it never fails
	path := filepath.Join(filepath.Dir(d.server.Data), demoFile)
	if err := os.WriteFile(path, image, 0o600); err != nil {
		return transfer.Object{}, err
	}
	e := d.server.Endpoints
	artifacts := transfer.Open(transfer.Config{
		Endpoint: e.HTTP,
		Region:   e.Region,
		Bucket:   defaultBucket,
		Credentials: client.Credentials{
			AccessKeyID:     e.AccessKeyID,
			SecretAccessKey: e.SecretAccessKey,
		},
	})
	return artifacts.Put(ctx, path, demoFile, progress.None)
}

// rateChange sets another rate at a minute.
func rateChange(minute int, rate iot.MaximumPerMinute) *change {
	return &change{
		minute:  minute,
		options: fmt.Sprintf("--job-executions-rollout-config maximumPerMinute=%d", rate),
		request: iot.UpdateJobRequest{
			JobExecutionsRolloutConfig: &iot.JobExecutionsRolloutConfig{MaximumPerMinute: &rate},
		},
	}
}

// demoAbort aborts the job when a percentage of its executions has failed.
func demoAbort(percent iot.ThresholdPercentage) *iot.AbortConfig {
	return &iot.AbortConfig{CriteriaList: iot.AbortCriteriaList{{
		FailureType:               "FAILED",
		Action:                    "CANCEL",
		ThresholdPercentage:       percent,
		MinNumberOfExecutedThings: demoMinimum,
	}}}
}

// demoAbortText is demoAbort as it is typed.
func demoAbortText(percent iot.ThresholdPercentage) string {
	return fmt.Sprintf("'criteriaList=[{failureType=FAILED,action=CANCEL,"+
		"thresholdPercentage=%s,minNumberOfExecutedThings=%d}]'", percent, demoMinimum)
}

// watch moves the clock, makes the changes when their minute has come, and shows the job until it
// has ended.
func (d *demo) watch(ctx context.Context, changes []*change) error {
	fmt.Fprintf(d.out, "\n%8s  %-12s %8s %12s %10s %7s  %s\n",
		"minute", "status", "queued", "in progress", "succeeded", "failed", "")
	for {
		described := &iot.DescribeJobRequest{JobID: demoJob}
		job, err := client.Call(ctx, d.client, iot.DescribeJob, described)
		if err != nil {
			return err
		}
		minutes := d.server.Now().Sub(d.start).Minutes()
		d.show(minutes, &job.Job)
		if job.Job.Status != "IN_PROGRESS" {
			fmt.Fprintf(d.out, "\nThe job is %s after %.0f minutes of the fleet's time.\n",
				job.Job.Status, minutes)
			return nil
		}
		for _, c := range changes {
			if err := d.change(ctx, c, minutes); err != nil {
				return err
			}
		}
		if err := client.Sleep(ctx, demoPause); err != nil { // real time: somebody watches
			return err
		}
		if _, err := client.Clock(d.client).Advance(ctx, demoStep); err != nil {
			return err
		}
	}
}

// change makes a change once, when its minute has come.
func (d *demo) change(ctx context.Context, c *change, minutes float64) error {
	if c.done || minutes < float64(c.minute) {
		return nil
	}
	c.done, c.request.JobID = true, demoJob
	fmt.Fprintf(d.out, "\n$ aws iot update-job --job-id %s \\\n    %s\n\n", demoJob, c.options)
	_, err := client.Call(ctx, d.client, iot.UpdateJob, &c.request)
	return err
}

// show prints the job's line when its counts have changed. The bar is a part of the fleet: # for
// things that succeeded, - for those that failed.
func (d *demo) show(minutes float64, job *iot.Job) {
	const width = 30
	n := job.JobProcessDetails
	succeeded, failed := int(*n.NumberOfSucceededThings), int(*n.NumberOfFailedThings)
	bar := strings.Repeat("#", succeeded*width/d.things) +
		strings.Repeat("-", failed*width/d.things)
	line := fmt.Sprintf("%-12s %8d %12d %10d %7d  %s",
		job.Status, *n.NumberOfQueuedThings, *n.NumberOfInProgressThings, succeeded, failed, bar)
	if line != d.shown {
		d.shown = line
		fmt.Fprintf(d.out, "%8.1f  %s\n", minutes, line)
	}
}
