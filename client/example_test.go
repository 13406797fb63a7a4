package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/client"
)

// connect starts a server with a virtual clock on an empty folder, and returns a client of it.
func connect() (c *client.Client, stop func()) {
	dir := must(os.MkdirTemp("", "drover-example-"))
	config := app.Default()
	config.Data, config.Virtual, config.Log = dir, true, slog.New(slog.DiscardHandler)
	config.HTTP, config.HTTPS, config.MQTT, config.MQTTS = "127.0.0.1:0", "", "", ""
	server := must(app.Open(context.Background(), config))
	ctx, cancel := context.WithCancel(context.Background())
	ready, stopped := make(chan struct{}), make(chan error)
	go func() { stopped <- server.Run(ctx, func() { close(ready) }) }()
	<-ready
	e := server.Endpoints
	key := client.Credentials{AccessKeyID: e.AccessKeyID, SecretAccessKey: e.SecretAccessKey}
	return client.New(e.HTTP, key), func() {
		cancel()
		if err := errors.Join(<-stopped, os.RemoveAll(dir)); err != nil {
			panic(err)
		}
	}
}

// must keeps the examples short: a program handles its errors.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// Call makes one request. What the server refuses is told apart with errors.Is.
func ExampleCall() {
	c, stop := connect()
	defer stop()
	ctx := context.Background()

	_, err := client.Call(ctx, c, iot.DescribeThing, &iot.DescribeThingRequest{ThingName: "pump-7"})
	fmt.Println(errors.Is(err, api.ResourceNotFound))

	must(client.Call(ctx, c, iot.CreateThing, &iot.CreateThingRequest{ThingName: "pump-7"}))
	thing := must(client.Call(ctx, c, iot.DescribeThing, &iot.DescribeThingRequest{ThingName: "pump-7"}))
	fmt.Println(thing.ThingArn)

	// Output:
	// true
	// arn:aws:iot:us-east-1:000000000000:thing/pump-7
}

// All goes through a list of any length, page by page.
func ExampleAll() {
	c, stop := connect()
	defer stop()
	ctx := context.Background()
	for i := range 5 {
		name := iot.ThingName(fmt.Sprintf("pump-%d", i))
		must(client.Call(ctx, c, iot.CreateThing, &iot.CreateThingRequest{ThingName: name}))
	}

	twoAPage := &iot.ListThingsRequest{MaxResults: new(iot.MaxResults(2))}
	for thing, err := range client.All(ctx, c, iot.ListThings, twoAPage) {
		if err != nil {
			panic(err)
		}
		fmt.Println(thing.ThingName)
	}

	// Output:
	// pump-0
	// pump-1
	// pump-2
	// pump-3
	// pump-4
}

// An Error says more than its exception. Here a job of that name exists, for another document.
func ExampleError() {
	c, stop := connect()
	defer stop()
	ctx := context.Background()
	must(client.Call(ctx, c, iot.CreateThing, &iot.CreateThingRequest{ThingName: "pump-7"}))
	job := iot.CreateJobRequest{
		JobID:    "fw-2",
		Targets:  iot.JobTargets{"arn:aws:iot:us-east-1:000000000000:thing/pump-7"},
		Document: new(iot.Document(`{"to":"2.0"}`)),
	}
	must(client.Call(ctx, c, iot.CreateJob, &job))

	job.Document = new(iot.Document(`{"to":"2.1"}`))
	_, err := client.Call(ctx, c, iot.CreateJob, &job)
	if refused, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(refused.Status, refused.Exception)
		fmt.Println(refused.ResourceARN)
	}

	// Output:
	// 409 ResourceAlreadyExistsException
	// arn:aws:iot:us-east-1:000000000000:job/fw-2
}

// A server with a virtual clock lets a test see what happens after an hour without waiting for it:
// an execution that a device began and never ended times out.
func ExampleClock() {
	c, stop := connect()
	defer stop()
	ctx := context.Background()
	must(client.Call(ctx, c, iot.CreateThing, &iot.CreateThingRequest{ThingName: "pump-7"}))
	must(client.Call(ctx, c, iot.CreateJob, &iot.CreateJobRequest{
		JobID:         "fw-2",
		Targets:       iot.JobTargets{"arn:aws:iot:us-east-1:000000000000:thing/pump-7"},
		Document:      new(iot.Document(`{"to":"2.0"}`)),
		TimeoutConfig: &iot.TimeoutConfig{InProgressTimeoutInMinutes: new(iot.TimeoutMinutes(60))},
	}))
	clock := client.Clock(c)
	show := func() {
		e := must(client.Call(ctx, c, iot.DescribeJobExecution, &iot.DescribeJobExecutionRequest{
			JobID: "fw-2", ThingName: "pump-7",
		}))
		fmt.Println(e.Execution.Status)
	}

	must(clock.Advance(ctx, time.Second)) // the rollout begins
	show()
	must(client.Call(ctx, c, jobsdata.StartNextPendingJobExecution, // what a device does
		&jobsdata.StartNextPendingJobExecutionRequest{ThingName: "pump-7"}))
	show()
	must(clock.Advance(ctx, time.Hour))
	show()

	// Output:
	// QUEUED
	// IN_PROGRESS
	// TIMED_OUT
}
