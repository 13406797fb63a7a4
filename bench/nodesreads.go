package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/client"
)

// What must not cost more on a large job, asked of a node over HTTP: over MQTT a connection has a
// limit of messages a second.

// The bounds of the rows.
const (
	flatRatio   = 1.3 // of the median on the large job by that on the small one
	createBound = 100 * time.Millisecond
	noticeBound = 100 * time.Millisecond
)

// client is an operator at a node.
func (c *cluster) client(i int) *client.Client {
	e := c.nodes[i].endpoints
	credentials := client.Credentials{
		AccessKeyID:     e.AccessKeyID,
		SecretAccessKey: e.SecretAccessKey,
	}
	return client.New(e.HTTP, credentials, client.Region(e.Region))
}

// createJob creates a job for a group.
func (c *cluster) createJob(
	ctx context.Context, at *client.Client, id, group string, perMinute iot.MaximumPerMinute,
) error {
	target := "arn:aws:iot:" + c.nodes[0].endpoints.Region + ":000000000000:thinggroup/" + group
	_, err := client.Call(ctx, at, iot.CreateJob, &iot.CreateJobRequest{
		JobID:    iot.JobID(id),
		Targets:  iot.JobTargets{target},
		Document: new(iot.Document(plainDocument)),
		JobExecutionsRolloutConfig: &iot.JobExecutionsRolloutConfig{
			MaximumPerMinute: &perMinute,
		},
	})
	return err
}

// describe asks for a job.
func describe(ctx context.Context, at *client.Client, id string) (iot.Job, error) {
	answer, err := client.Call(ctx, at, iot.DescribeJob,
		&iot.DescribeJobRequest{JobID: iot.JobID(id)})
	if err != nil {
		return iot.Job{}, err
	}
	return answer.Job, nil
}

// readRows compares reads on the job of a thousand executions with reads on the large one, in turns.
func (c *cluster) readRows(ctx context.Context) error {
	operator := c.client(0)
	for _, read := range []struct {
		name string
		call func(job string, thing string) error
	}{
		{"DescribeJob", func(job, _ string) error {
			_, err := describe(ctx, operator, job)
			return err
		}},
		{"DescribeJobExecution $next", func(_, thing string) error {
			_, err := client.Call(ctx, operator, jobsdata.DescribeJobExecution,
				&jobsdata.DescribeJobExecutionRequest{
					ThingName: jobsdata.ThingName(thing),
					JobID:     "$next",
				})
			return err
		}},
	} {
		const turns, times = 20, 50
		var small, large []time.Duration
		for turn := range turns {
			a, errA := timed(times, func(i int) error {
				return read.call("small", thing(c.fleet+(turn*times+i)*7919%1000))
			})
			b, errB := timed(times, func(i int) error {
				return read.call("large", thing((turn*times+i)*7919%c.fleet))
			})
			if err := errors.Join(errA, errB); err != nil {
				return err
			}
			small, large = append(small, a...), append(large, b...)
		}
		a, b := quantile(small, 0.5), quantile(large, 0.5)
		ratio := float64(b) / float64(a)
		c.judge(fmt.Sprintf("%s, p50 at %d over p50 at 1000 (%s)", read.name, c.fleet,
			brief(a, 10*time.Microsecond)), fmt.Sprintf("%.2f", ratio), "<= 1.3", ratio <= flatRatio)
	}
	return nil
}

// createRow creates jobs on the whole fleet, each when the first tick of the one before is done.
func (c *cluster) createRow(ctx context.Context) error {
	const perMinute = 1000
	operator := c.client(0)
	var took []time.Duration
	for i := range 5 {
		id := fmt.Sprint("whole-", i)
		start := time.Now()
		if err := c.createJob(ctx, operator, id, "large", perMinute); err != nil {
			return err
		}
		took = append(took, time.Since(start))
		if err := c.until(ctx, operator, id, perMinute); err != nil {
			return err
		}
	}
	p50 := quantile(took, 0.5)
	c.judge(fmt.Sprintf("CreateJob on %d things, p50 of 5", c.fleet),
		brief(p50, 100*time.Microsecond), "< 100 ms", p50 < createBound)
	c.show("  longest", brief(slices.Max(took), 100*time.Microsecond))
	return nil
}

// noticeRow has devices report on one node, and measures how long it takes from the report until the
// notice of the next job is at the socket of the thing, which is connected to another node.
func (c *cluster) noticeRow(ctx context.Context) error {
	operator := c.client(0)
	for _, id := range []string{"first", "second"} {
		if err := c.createJob(ctx, operator, id, "noticed", 1000); err != nil {
			return err
		}
		err := c.until(ctx, operator, id, noticed)
		if err != nil {
			return err
		}
	}
	reporter, err := c.connect(0, "reporter")
	if err != nil {
		return err
	}
	defer reporter.conn.Close()
	took, err := timedEach(noticed, func(i int) (time.Duration, error) {
		return c.notice(reporter, thing(c.fleet+1000+i))
	})
	if err != nil {
		return err
	}
	p99 := quantile(took, 0.99)
	c.judge("from a report to the notice on another node, p50, p99",
		p50p99(took, 100*time.Microsecond), "p99 < 100 ms", p99 < noticeBound)
	return nil
}

// timedEach calls f, which measures itself, n times.
func timedEach(n int, f func(i int) (time.Duration, error)) (all []time.Duration, err error) {
	for i := range n {
		took, err := f(i)
		if err != nil {
			return nil, err
		}
		all = append(all, took)
	}
	return all, nil
}

// notice measures one: the job that a thing does first ends, and the other becomes the next one. Which
// is first is asked: executions that two nodes make at the same time have no order by their jobs, and
// after the jump of the clock in prepare the time stands still for some minutes.
func (c *cluster) notice(reporter *device, thing string) (time.Duration, error) {
	listener, err := c.connect(1, thing)
	if err != nil {
		return 0, err
	}
	defer listener.conn.Close()
	jobs := "$aws/things/" + thing + "/jobs/"
	if err := listener.subscribe(jobs + "notify-next"); err != nil {
		return 0, err
	}
	answer, body, err := reporter.ask(jobs+"start-next", "{}")
	if err != nil {
		return 0, err
	}
	var started struct{ Execution struct{ JobID string } }
	if err := json.Unmarshal(body, &started); err != nil || started.Execution.JobID == "" {
		return 0, fmt.Errorf("%s: %s", answer, body)
	}
	arrived := make(chan time.Time, 1)
	failed := make(chan error, 1)
	go func() {
		_, at, err := listener.receive(5 * time.Second)
		arrived <- at
		failed <- err
	}()
	start := time.Now()
	answer, body, err = reporter.ask(jobs+started.Execution.JobID+"/update", `{"status":"SUCCEEDED"}`)
	at := <-arrived
	if err := errors.Join(err, <-failed); err != nil {
		return 0, err
	}
	if !strings.HasSuffix(answer, "/accepted") {
		return 0, fmt.Errorf("%s: %s", answer, body)
	}
	return at.Sub(start), nil
}

// until waits until a job has so many executions.
func (c *cluster) until(ctx context.Context, at *client.Client, id string, executions int32) error {
	for range 1000 {
		j, err := describe(ctx, at, id)
		if err != nil || released(j) >= executions {
			return err
		}
		time.Sleep(20 * time.Millisecond) // polls another process
	}
	return fmt.Errorf("job %s has not the %d executions that it should have", id, executions)
}

// released is how many executions a job has that wait for their devices.
func released(j iot.Job) int32 {
	if j.JobProcessDetails == nil || j.JobProcessDetails.NumberOfQueuedThings == nil {
		return 0
	}
	return *j.JobProcessDetails.NumberOfQueuedThings
}
